"""feedmill drop: throw away what the flood guard held."""

from __future__ import annotations

import click

from feeds import pipeline
from feeds.cli import Context, showing
from feeds.clock import SystemClock


@click.command("drop")
@click.argument("words", metavar="SOURCE|URL-or-ID...", nargs=-1, required=True)
@click.pass_obj
def command(context: Context, words: tuple[str, ...]) -> None:
    """Throw away articles that are held, for good: all of a source, or those of an address or id. They stay away,
    though their source still lists them."""
    store, settings = context.store, context.complete
    pipeline.prepare(store, settings)
    count = pipeline.drop(store, words, now=SystemClock().now())
    if context.verbosity >= 0:
        click.echo(f"{showing.count(count, 'article')} dropped", err=True)
