"""feedmill add: a source, found and written into the config."""

from __future__ import annotations

import click

from feeds import pipeline
from feeds import settings as config
from feeds.cli import Context, addressing, showing
from feeds.clock import SystemClock
from feeds.errors import NotFoundError, SourceError
from feeds.records import Source
from feeds.settings import Settings, editing, names
from storage import overview


@click.command("add")
@click.argument("address", metavar="URL")
@click.option("--category", "categories", metavar="C", multiple=True, help="Its category; may be given again.")
@click.option("--name", metavar="N", help="Its name; made from the address if left out.")
@click.pass_obj
def command(context: Context, address: str, categories: tuple[str, ...], name: str | None) -> None:
    """Find the feed at URL, or the one that the page there leads to, and write it into the config, whose comments and
    order stay. Each address is asked once; what it answered is stored and published at once."""
    settings, clock = context.settings, SystemClock()
    wanted = addressing.source_at(address, settings.defaults)
    _refuse_known(wanted, settings)  # before it is asked once more
    try:
        found = pipeline.discover(settings, wanted, clock=clock)
    except SourceError as error:
        raise SourceError(f"{wanted.location}: {error}") from error
    _refuse_known(found.source, settings)
    taken = {source.name for source in settings.sources}
    if name in taken:
        raise NotFoundError(f"a source is called {name!r} already; choose another --name")
    chosen = name or names.unique(names.from_url(found.source.url, found.source.secrets), taken)
    # What was typed, its password included, if it is the feed's own address; then nothing else would do.
    url = address if addressing.is_same(address, found.source) else found.source.url
    text = editing.with_sources(config.read_text(context.file), {"name": chosen, "url": url, "categories": categories})
    settings = context.with_config(text)
    (source,) = [one for one in settings.sources if one.name == chosen]
    # Before the config names it: a daemon that follows the config would ask it once more.
    pipeline.take_in(context.store, settings, source, found.answer, clock=clock)
    context.change_config(text)
    pipeline.prune(context.store, settings, now=clock.now())
    pipeline.publish(context.store, settings)
    with context.store.read() as db:
        number = overview.numbers_of_articles(db, [chosen]).get(chosen, 0)  # also those from when it was here before
    click.echo(f"{chosen}: {source.location}, {showing.count(number, 'article')}")
    for warning in config.unlisted(settings, source.categories).values():
        showing.tell(f"{warning}")
    for other in found.others:
        titled = f" ({other.title})" if other.title else ""
        showing.tell(f"the page leads to {other.href}{titled} as well")


def _refuse_known(source: Source, settings: Settings) -> None:
    name = next((known.name for known in settings.sources if known.url == source.url), None)
    if name is not None:
        raise NotFoundError(f"{source.location} is there already, as {name!r}; nothing to add")
