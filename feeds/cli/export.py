"""feedmill export: the sources, for another program."""

from __future__ import annotations

import click

from feeds.cli import Context
from feeds.publishing import opml
from feeds.records import Subscription


@click.command("export")
@click.pass_obj
def command(context: Context) -> None:
    """Write the sources on the web as OPML 2.0 to standard output. An address that holds a secret is left out."""
    settings = context.settings
    shown = []
    for source in settings.sources:
        if not source.url:
            click.echo(f"feedmill: {source.name}: left out, for it is no address on the web", err=True)
        elif source.location != source.url:
            click.echo(f"feedmill: {source.name}: left out, for its address holds a secret", err=True)
        else:
            shown.append(Subscription(url=source.url, title=source.name, categories=source.categories))
    click.echo(opml.write(settings.site.title, shown).decode(), nl=False)
