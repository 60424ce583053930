"""feedmill import: the sources of another program."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from feeds import settings as config
from feeds.cli import Context, showing
from feeds.errors import NotFoundError, ParseError
from feeds.parsing import subscriptions
from feeds.parsing.encoding import decode
from feeds.settings import addresses, editing, names

MOST_TOLD = 5  # categories without a feed


@click.command("import")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, allow_dash=True))
@click.pass_obj
def command(context: Context, file: str) -> None:
    """Add the sources listed in FILE to the config: OPML (nested outlines become categories), the config.ini of a
    Planet, or newsboat's urls. Those that are there already are left as they are. Nothing is asked for yet."""
    listed = _read(file)
    settings = context.settings
    here = {source.url for source in settings.sources}
    taken = {source.name for source in settings.sources}
    added = []
    for one in listed.found:
        try:
            url = addresses.split(addresses.web_address(one.url)).url
        except ValueError as error:
            showing.tell(f"{one.called}: {error}; left out")
            continue
        if url in here:
            continue
        secrets = addresses.worth_hiding(addresses.url_secrets(one.url))
        title = "" if one.is_titled_by_address else _label(one.title)
        name = names.unique(title or names.from_url(url, secrets), taken)
        here.add(url)
        taken.add(name)
        added.append({"name": name, "url": one.url, "categories": [_label(category) for category in one.categories]})
    for problem in listed.problems:
        showing.tell(f"{problem}")
    if listed.flaw:
        showing.tell(f"{file}: {listed.flaw}, and sources may be missing; export it anew")
    if not listed.found:
        raise NotFoundError(f"{file} lists no source that could be added")
    if added:
        context.change_config(editing.with_sources(config.read_text(context.file), *added))
    named = (category for one in added for category in one["categories"])
    warnings = list(config.unlisted(settings, named).values())
    for warning in warnings[:MOST_TOLD]:
        showing.tell(f"{warning}")
    if len(warnings) > MOST_TOLD:
        showing.tell(f"and {len(warnings) - MOST_TOLD} more such; `feedmill check` tells them")
    sources = "source" if len(added) == 1 else "sources"
    click.echo(f"{len(added)} {sources} added to {context.file}; `feedmill fetch` reads them", err=True)


def _read(file: str) -> subscriptions.Subscriptions:
    content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    try:
        return subscriptions.read(decode(content).text)
    except ParseError as error:
        raise ParseError(f"{file}: {error}") from error


def _label(text: str) -> str:
    """A name as a config can hold it: on one line, and not endless."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())[:100]
