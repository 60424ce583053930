"""feedmill publish: the feeds again from the store."""

from __future__ import annotations

import click

from feeds import pipeline
from feeds.cli import Context, by_word, known
from feeds.clock import SystemClock


@click.command("publish")
@click.argument("names", metavar="[CATEGORY]...", nargs=-1)
@click.pass_obj
def command(context: Context, names: tuple[str, ...]) -> None:
    """Write the feeds and pages of the named categories, or all there are, again from the store. A file whose bytes
    would be the same is not touched."""
    store, settings = context.store, context.complete
    pipeline.prepare(store, settings)
    categories = None
    if names:
        by_name = by_word(pipeline.published(store, settings))
        categories = tuple(by_name[name] for name in known(names, by_name, "category", "categories"))
    publications = pipeline.publish(store, settings, categories, force=True)
    if not names:
        pipeline.report(store, settings, now=SystemClock().now(), force=True)
    pipeline.ping(store, settings, clock=SystemClock())
    changed = sum(publication.changed for publication in publications)
    if context.verbosity >= 0:
        click.echo(f"{changed} of {len(publications)} published files moved, below {settings.output}", err=True)
