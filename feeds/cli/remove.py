"""feedmill remove: a source out of the config."""

from __future__ import annotations

import click

from feeds import pipeline
from feeds import settings as config
from feeds.cli import Context, known, showing
from feeds.errors import NotFoundError
from feeds.settings import editing


@click.command("remove")
@click.argument("name", metavar="SOURCE")
@click.pass_obj
def command(context: Context, name: str) -> None:
    """Take a source out of the config, whose comments and order stay. It is not asked any more, and its articles leave
    the published feeds and their pages go; the store keeps them, and they return if it is added again at the same
    address, whatever its name is then."""
    settings = context.settings
    every = {source.name: source for source in context.complete.sources}
    (name,) = known((name,), every, "source", "sources")
    if parent := every[name].listed_by:
        raise NotFoundError(
            f"{name} is not in the config, but in the list {parent}: take it out there, "
            f"or remove {parent} with all that it names"
        )
    numbers = {source.name: number for number, source in enumerate(settings.sources)}
    context.change_config(editing.without_source(config.read_text(context.file), numbers[name]))
    click.echo(f"{name}: taken out of {context.file}", err=True)
    settings = context.complete
    pipeline.prepare(context.store, settings)
    publications = pipeline.publish(context.store, settings)
    if context.verbosity >= 0:
        click.echo(showing.written(publications, settings.output), err=True)
