"""feedmill replay: kept documents read again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import click

from feeds import pipeline
from feeds.cli import Context, showing
from feeds.clock import SystemClock
from feeds.pipeline.replaying import Difference, Outlook
from feeds.records import Source

MOST_LINES = 40  # of one article's difference


@click.command("replay")
@click.argument("names", metavar="[SOURCE]...", nargs=-1)
@click.option("--all", "is_for_all", is_flag=True, help="Every source.")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.pass_obj
def command(context: Context, names: tuple[str, ...], is_for_all: bool, dry_run: bool) -> None:
    """Read the kept documents of these sources again, oldest first, without a request: for encodings and rules that
    were repaired since. Articles keep their dates and ids; where readers would see another text they are revised. Then
    the touched feeds are written. Look with --dry-run first."""
    if bool(names) == is_for_all:
        raise click.UsageError(
            "name the sources to replay, or write --all for every one; `feedmill sources` lists them"
        )
    store, settings = context.store, context.complete
    sources = context.sources(names)
    pipeline.prepare(store, settings)
    if dry_run:
        _show(pipeline.foresee(store, settings, sources))
        return
    replayed = _replayed(context, sources)
    pipeline.publish(store, settings)
    if context.verbosity >= 0:
        click.echo(replayed, err=True)


def _replayed(context: Context, sources: Sequence[Source]) -> str:
    documents = new = held = revised = mended = 0
    by_name = {source.name: source for source in sources}
    for one in pipeline.replay(context.store, context.complete, sources, now=SystemClock().now()):
        documents, new, held = documents + 1, new + one.saved.new, held + one.saved.held
        revised, mended = revised + one.saved.revised, mended + one.mended
        for problem in one.problems:
            told = by_name[one.document.source].redact(problem)
            showing.tell(f"{one.document.source}: {told}")
    more = f", {held} held" if held else ""
    return f"{showing.count(documents, 'document')} replayed: {new} new{more}, {revised} revised, {mended} mended"


def _show(outlook: Outlook) -> None:
    for each in outlook.differences:
        _show_one(each)
    for problem in outlook.problems:
        showing.tell(f"{problem}")
    numbers = Counter(each.kind for each in outlook.differences)
    more = f", {numbers['held']} held" if numbers["held"] else ""
    click.echo(
        f"{showing.count(outlook.documents, 'document')}, {showing.count(outlook.articles, 'article')}: "
        f"{numbers['new']} would be new{more}, {numbers['revised']} revised, {numbers['mended']} mended",
        err=True,
    )


def _show_one(each: Difference) -> None:
    click.echo(showing.printable(f"{each.kind}  {each.source}  {each.guid}  {each.title}"))
    for line in each.lines[:MOST_LINES]:
        click.echo(f"    {showing.printable(line)}")
    if len(each.lines) > MOST_LINES:
        click.echo(f"    … and {showing.count(len(each.lines) - MOST_LINES, 'line')} more")
