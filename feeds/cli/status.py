"""feedmill status: what runs, what is next, what fails."""

from __future__ import annotations

import os
import select
import signal
import sys
import termios
import threading
import tty
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import timedelta
from typing import Any

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from feeds import pipeline
from feeds.cli import Context, showing
from feeds.clock import SystemClock
from feeds.pipeline import telling, watching
from feeds.pipeline.watching import Pulse
from feeds.records import Source, SourceState
from feeds.settings import Settings
from storage import Store, look

EVERY = 2.0  # seconds between two looks of the live view
MOST_NAMES = 10  # of the sources at work, in a line for people

NEXT = ("next", "when")
FAILING = ("fails", "failures", "last success", "problem")


@click.command("status")
@click.option("--once", is_flag=True, help="Show it once, and do not follow it on a terminal.")
@click.option("--json", "as_json", is_flag=True, help="Show it once, one JSON object a line.")
@click.pass_obj
def command(context: Context, once: bool, as_json: bool) -> None:
    """Show what runs, what is next and what fails; on a terminal every two seconds, until q is pressed. It only looks,
    beside a daemon or without one."""
    store = look(context.settings.database)
    if store is None:
        showing.tell("nothing is stored yet; `feedmill fetch` or `feedmill run` begins")
        if as_json:
            showing.show_json(_objects(watching.nothing(context.settings, now=SystemClock().now())))
        return
    with closing(store):
        settings = pipeline.complete(store, context.settings)
        if as_json:
            showing.show_json(_objects(watching.pulse(store, settings, now=SystemClock().now())))
        elif once or not sys.stdout.isatty():
            _show(watching.pulse(store, settings, now=SystemClock().now()))
        else:
            _follow(store, settings)


def _show(pulse: Pulse) -> None:
    click.echo("\n".join(_lines(pulse)))
    for columns, rows in ((NEXT, _next_rows(pulse)), (FAILING, _failing_rows(pulse))):
        if rows:
            click.echo()
            showing.show_table(columns, rows)


def _follow(store: Store, settings: Settings) -> None:
    clock, console = SystemClock(), Console(highlight=False)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # the terminal is given back as it was
    with _single_keys(), Live(console=console, auto_refresh=False) as live:
        while True:
            rows = max(console.height - watching.NEXT - 10, 3)  # what the rest of the view leaves
            pulse = watching.pulse(store, settings, now=clock.now(), failing=rows)
            live.update(_view(pulse, console), refresh=True)
            if _is_enough():
                return


def _view(pulse: Pulse, console: Console) -> Group:
    """All of it for a terminal; what a source wrote is never taken for markup."""
    parts: list[Any] = [Text(line, no_wrap=True, overflow="ellipsis") for line in _lines(pulse)]
    for columns, rows in ((NEXT, _next_rows(pulse)), (FAILING, _failing_rows(pulse))):
        if rows:
            parts += [Text(), _table(columns, rows, console)]
    return Group(*parts, Text(), Text("q ends"))


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]], console: Console) -> Table:
    table = Table(box=None, pad_edge=False, header_style="" if console.no_color else "bold")
    for title in columns:
        table.add_column(title, no_wrap=True, overflow="ellipsis")
    for row in rows:
        table.add_row(*(Text(showing.printable(cell)) for cell in row))
    return table


@contextmanager
def _single_keys() -> Iterator[None]:
    """A key counts when it is pressed, without Enter, and is not shown."""
    if not sys.stdin.isatty():
        yield
        return
    before = termios.tcgetattr(sys.stdin)
    try:
        tty.setcbreak(sys.stdin)
        yield
    finally:
        termios.tcsetattr(sys.stdin, termios.TCSADRAIN, before)


def _is_enough() -> bool:
    """Whether q was pressed, or there is nobody left to press it, before it is time for another look."""
    if not sys.stdin.isatty():
        return threading.Event().wait(EVERY)
    pressed = select.select([sys.stdin], [], [], EVERY)[0]
    return bool(pressed) and os.read(sys.stdin.fileno(), 1) in {b"q", b"Q", b"\x04", b""}


def _lines(pulse: Pulse) -> Iterator[str]:
    counts = pulse.inventory
    yield f"daemon    {_daemon(pulse)}"
    sources = ", ".join(f"{number:,} {state}" for state, number in counts.sources.items())
    yield f"sources   {sources}" + (f", {pulse.unread:,} never read" if pulse.unread else "")
    lag = f", the first for {_ago(counts.lag)}" if counts.lag else ""
    yield f"due now   {counts.due + pulse.unread:,}{lag}"
    yield f"articles  {counts.articles:,}"
    names, more = list(pulse.at_work)[:MOST_NAMES], len(pulse.at_work) - MOST_NAMES
    shown = ", ".join(map(showing.printable, names)) + (f" and {more:,} more" if more > 0 else "")
    yield f"at work   {len(pulse.at_work):,}" + (f": {shown}" if names else "")


def _daemon(pulse: Pulse) -> str:
    if pulse.daemon is None:
        return "not running"
    host, process = _holder(pulse.daemon.held_by)
    sign = _ago(pulse.now - pulse.daemon.renewed_at)
    return f"on {host}, process {process}, since {showing.short(pulse.daemon.since)}; last sign of life {sign} ago"


def _next_rows(pulse: Pulse) -> list[tuple[str, str]]:
    return [(source.name, _when(state, pulse)) for source, state in pulse.coming]


def _when(state: SourceState, pulse: Pulse) -> str:
    due = state.next_fetch_at
    return "now" if due is None or due <= pulse.now else f"{showing.short(due)}, in {_ago(due - pulse.now)}"


def _failing_rows(pulse: Pulse) -> list[tuple[str, str, str, str]]:
    return [
        (source.name, str(state.failures), showing.short(state.last_success_at), telling.problem(source, state))
        for source, state in pulse.failing
    ]


def _ago(span: timedelta) -> str:
    """A span of time, roughly: `35 s`, `12 min`, `3 h`, `2 d`."""
    seconds = max(int(span.total_seconds()), 0)
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _objects(pulse: Pulse) -> Iterator[dict[str, Any]]:
    yield _daemon_json(pulse)
    yield {
        "what": "store",
        **{state: pulse.inventory.sources.get(state, 0) for state in ("active", "failing", "parked", "gone")},
        "never_read": pulse.unread,
        "due": pulse.inventory.due + pulse.unread,
        "lag": round(pulse.inventory.lag.total_seconds()),
        "articles": pulse.inventory.articles,
    }
    for name, owner in pulse.at_work.items():
        host, process = _holder(owner)
        yield {"what": "at work", "source": name, "host": host, "process": process}
    for source, state in pulse.coming:
        yield {"what": "next", "source": source.name, "next_fetch": showing.moment(state.next_fetch_at)}
    for source, state in pulse.failing:
        yield {"what": "failing", "source": source.name, **_failing_json(source, state)}


def _daemon_json(pulse: Pulse) -> dict[str, Any]:
    host, process = _holder(pulse.daemon.held_by) if pulse.daemon else (None, None)
    return {
        "what": "daemon",
        "running": pulse.daemon is not None,
        "host": host,
        "process": process,
        "since": showing.moment(pulse.daemon.since if pulse.daemon else None),
        "last_sign_of_life": showing.moment(pulse.daemon.renewed_at if pulse.daemon else None),
    }


def _failing_json(source: Source, state: SourceState) -> dict[str, Any]:
    return {
        "standing": state.standing,
        "failures": state.failures,
        "problem": telling.problem(source, state),
        "last_success": showing.moment(state.last_success_at),
        "next_fetch": showing.moment(state.next_fetch_at) if state.standing == "active" else None,
    }


def _holder(name: str) -> tuple[str, int]:
    """Host and process id of a process's name."""
    host, process, _started = name.rsplit("/", 2)
    return host, int(process)
