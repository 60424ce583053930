"""feedmill fetch: one round."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import FrameType
from typing import Any

import click

from feeds import pipeline
from feeds.cli import Context, showing
from feeds.clock import SystemClock
from feeds.records import Publication, Refresh, Source
from storage import housekeeping


@click.command("fetch")
@click.argument("names", metavar="[SOURCE]...", nargs=-1)
@click.option("--force", is_flag=True, help="Fetch even what is not due yet.")
@click.option("--strict", is_flag=True, help="Exit with 1 if any source failed.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per source instead of a table.")
@click.pass_obj
def command(context: Context, names: tuple[str, ...], force: bool, strict: bool, as_json: bool) -> int:
    """One round: fetch every source that is due (or those named), store what is new, write each touched feed."""
    signal.signal(signal.SIGTERM, _end_as_on_ctrl_c)
    store = context.store
    housekeeping.require_room(store, context.settings.output)
    refreshes: list[Refresh] = []
    waiting: list[Refresh] = []
    # Asked for by name and with force, even a source that was given up is asked once more.
    revive = force and bool(names)
    try:
        for wanted in _wanted(context, names):
            round_ = pipeline.start_round(
                store, context.complete, wanted, clock=SystemClock(), force=force, revive=revive
            )
            waiting += round_.waiting
            with closing(round_.refreshes) as running:
                for refresh in _with_progress(running, round_.total, is_quiet=context.verbosity != 0 or as_json):
                    refreshes.append(refresh)
                    if as_json:
                        showing.show_json([_json(refresh)])
    except KeyboardInterrupt:  # what was finished is kept, and is published
        _publish(context)
        raise
    if as_json:
        showing.show_json(map(_json, waiting))
    elif context.verbosity >= 0:
        _show([refresh for refresh in (*refreshes, *waiting) if names or refresh.status != "waiting"])
        _tell_when(waiting, is_forced=force)
    output = context.settings.output
    is_first = not (output / "atom.xml").is_file()
    publications = _publish(context)  # behind the table, which an output that fails must not hide
    if context.verbosity >= 0 and not as_json:
        click.echo(showing.written(publications, output), err=True)
        if is_first:
            _tell_what_next(output)
    failed = [refresh for refresh in refreshes if refresh.status == "failed"]
    for refresh in failed:
        showing.tell(f"{refresh.source}: {refresh.problem}")
    return 1 if failed and (strict or len(failed) == len(refreshes)) else 0


def _wanted(context: Context, names: tuple[str, ...]) -> Iterator[tuple[Source, ...]]:
    """Lists of sources first: what they name by then is part of the round."""
    lists = tuple(source for source in context.sources(names) if source.kind == "opml")
    if lists:
        yield lists
    yield tuple(source for source in context.sources(names) if source.kind != "opml")


def _publish(context: Context) -> tuple[Publication, ...]:
    """Write what was touched, without what is no longer to be kept: cron's users have no other housekeeper."""
    settings, now = context.complete, SystemClock().now()
    pipeline.let_out(context.store, settings, now=now)
    pipeline.prune(context.store, settings, now=now)
    publications = pipeline.publish(context.store, settings, is_thorough=True)
    pipeline.report(context.store, settings, now=now)
    pipeline.ping(context.store, settings, clock=SystemClock())
    return publications


def _with_progress(refreshes: Iterable[Refresh], total: int, *, is_quiet: bool) -> Iterator[Refresh]:
    """A bar on a terminal, a plain line per source elsewhere; on standard error. With -v the log shows it all."""
    if is_quiet or not total:
        yield from refreshes
        return
    if not sys.stderr.isatty():
        for number, refresh in enumerate(refreshes, 1):
            print(f"[{number}/{total}] {refresh.source}: {_in_words(refresh)}", file=sys.stderr)
            yield refresh
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("fetching"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        for refresh in progress.track(refreshes, total=total):
            if refresh.note:
                progress.console.print(f"{refresh.source}: {_in_words(refresh)}", markup=False, highlight=False)
            yield refresh


def _in_words(refresh: Refresh) -> str:
    if refresh.status == "fetched":
        return f"fetched, {refresh.note or f'{refresh.new} new, {refresh.revised} revised'}"
    return refresh.status


def _show(refreshes: Sequence[Refresh]) -> None:
    if refreshes:
        showing.show_table(
            ("source", "status", "new", "revised", "time", "problem"),
            [(r.source, r.status, r.new, r.revised, r.seconds, r.problem) for r in refreshes],
        )


def _tell_when(waiting: Sequence[Refresh], *, is_forced: bool) -> None:
    if waiting and is_forced:
        why = "another feedmill is at work on them, or they are not to be asked any more"
        named = ", ".join([*(refresh.source for refresh in waiting[:3]), *(["…"] if len(waiting) > 3 else [])])
        click.echo(
            f"{showing.count(len(waiting), 'source')} left alone ({named}): {why}; `feedmill sources` tells", err=True
        )
    elif waiting:
        from feeds.pipeline import telling  # with which all that fetches comes

        times = [refresh.next_fetch_at for refresh in waiting if refresh.next_fetch_at]
        when = f", the next at {showing.short(min(times))}" if times else ""
        number = sum(refresh.problem == telling.SPARED for refresh in waiting)
        but = f" ({number} because a host said that we ask too often)" if number else ""
        click.echo(f"{len(waiting)} not due yet{but}{when}; --force fetches them now", err=True)


def _tell_what_next(output: Path) -> None:
    page = output / "index.html"
    seen = f"{page} in a browser, or the feeds beside it" if page.is_file() else f"{output / 'atom.xml'}"
    click.echo(
        f"Next: open {seen} in a feed reader, or let a web server serve the folder, as `feedmill serve` does; "
        "`feedmill categories` lists the feeds",
        err=True,
    )


def _json(refresh: Refresh) -> dict[str, Any]:
    return {
        "source": refresh.source,
        "status": refresh.status,
        "new": refresh.new,
        "revised": refresh.revised,
        "time": round(refresh.seconds, 3),
        "problem": refresh.problem,
        "next_fetch_at": showing.moment(refresh.next_fetch_at),
        "note": refresh.note,
    }


def _end_as_on_ctrl_c(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
