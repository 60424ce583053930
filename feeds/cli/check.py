"""feedmill check: the config, before it is used."""

from __future__ import annotations

from collections.abc import Iterator

import click

from feeds import settings as config
from feeds.cli import Context, showing
from feeds.errors import SettingsError, StoreError
from feeds.settings import Settings


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
    warnings = (*config.warnings(settings), *_broken_templates(settings))
    for warning in warnings:
        showing.tell(f"warning: {warning}")
    listed = settings.categories
    categories = "every category found" if listed is None else showing.count(len(listed), "category", "categories")
    but = f", but for {showing.count(len(warnings), 'warning')}" if warnings else ""
    click.echo(f"{settings.file}: good{but}; {showing.count(len(settings.sources), 'source')}, {categories}")


def _broken_templates(settings: Settings) -> Iterator[str]:
    if settings.pages and settings.pages.theme:
        from feeds.publishing.templates import faults  # jinja takes its time

        for fault in faults(settings.pages.theme):
            yield f"{settings.place('pages', 'theme')}: {fault}"
