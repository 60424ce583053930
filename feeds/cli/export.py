"""feedmill export: the sources, for another program."""

from __future__ import annotations

import click

from feeds.cli import Context, showing
from feeds.publishing import opml


@click.command("export")
@click.pass_obj
def command(context: Context) -> None:
    """Write the config's sources on the web as OPML 2.0 to standard output. Left out, and told, are addresses that
    hold a secret, and lists of sources: what these name stands in the published subscriptions.opml."""
    settings = context.settings
    listed, left_out = opml.sources(settings.sources)
    for reason in left_out:
        showing.tell(f"{reason}")
    click.echo(opml.write(settings.site.title, listed).decode(), nl=False)
