"""feedmill release: publish what the flood guard held."""

from __future__ import annotations

import click

from feeds import pipeline
from feeds.cli import Context, showing


@click.command("release")
@click.argument("words", metavar="SOURCE|URL-or-ID...", nargs=-1, required=True)
@click.pass_obj
def command(context: Context, words: tuple[str, ...]) -> None:
    """Publish articles that are held: all of a source, or those of an address or id. They take their places by their
    own dates."""
    store, settings = context.store, context.complete
    pipeline.prepare(store, settings)
    count = pipeline.release(store, settings, words)
    if context.verbosity >= 0:
        click.echo(f"{showing.count(count, 'article')} released", err=True)
