"""feedmill check: the config, before it is used."""

from __future__ import annotations

import click

from feeds import settings as config
from feeds.cli import Context, showing
from feeds.errors import SettingsError, StoreError


@click.command("check")
@click.pass_obj
def command(context: Context) -> None:
    """Read the config and tell what is wrong with it, with file, line and what would help. What is only doubtful is
    told as well, and is no error."""
    from storage import check_address

    settings = context.settings
    try:
        check_address(settings.database)
    except StoreError as error:
        raise SettingsError(f"{settings.place('database')}: {error}") from None
    for warning in config.warnings(settings):
        click.echo(f"feedmill: {warning}", err=True)
    listed = settings.categories
    categories = "every category found" if listed is None else showing.count(len(listed), "category", "categories")
    click.echo(f"{settings.file}: good; {showing.count(len(settings.sources), 'source')}, {categories}")
