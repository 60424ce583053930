"""feedmill remove: a source out of the config."""

from __future__ import annotations

import click

from feeds import pipeline
from feeds import settings as config
from feeds.cli import Context, known
from feeds.settings import editing


@click.command("remove")
@click.argument("name", metavar="SOURCE")
@click.pass_obj
def command(context: Context, name: str) -> None:
    """Take a source out of the config, whose comments and order stay. It is not asked any more, and its articles leave
    the published feeds and their pages go; the store keeps them, and they return if it is added again at the same
    address, whatever its name is then."""
    settings = context.settings
    numbers = {source.name: number for number, source in enumerate(settings.sources)}
    (name,) = known((name,), numbers, "source", "sources")
    context.change_config(editing.without_source(config.read_text(context.file), numbers[name]))
    click.echo(f"{name}: taken out of {context.file}", err=True)
    settings = context.complete
    pipeline.prepare(context.store, settings)
    pipeline.publish(context.store, settings)
