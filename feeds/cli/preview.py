"""feedmill preview: look before you add."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from feeds import pipeline
from feeds.cli import Context, addressing, showing
from feeds.clock import SystemClock
from feeds.records import Source, Subscription, replace
from feeds.settings import addresses

if TYPE_CHECKING:
    from feeds.settings import Settings

_ADDRESS = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)  # also one that is misspelt may hold a password


@click.command("preview")
@click.argument("locations", metavar="PATH-or-URL...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per article.")
@click.pass_obj
def command(context: Context, locations: tuple[str, ...], as_json: bool) -> int:
    """Fetch, parse and normalize each file, folder or address, and show its articles. Nothing is stored."""
    failures = 0
    for source, preview in _previews(context.settings_or_defaults, locations):
        for problem in preview.problems:
            showing.tell(f"{source.name}: {problem}")
        failures += not preview.was_read
        if preview.listed and not as_json:
            rows = [(one.called, ", ".join(one.categories), _shown(one)) for one in preview.listed]
            showing.show_table(("title", "categories", "url"), rows)
        if as_json:
            showing.show_json(showing.article_json(article) for article in preview.articles)
        elif preview.articles:
            showing.show_table(
                ("published", "from", "title", "url"),
                [(showing.moment(a.published), a.date_from, a.title, a.url) for a in preview.articles],
            )
    return 1 if failures == len(locations) else 0


def _shown(one: Subscription) -> str:
    """The address of a listed source, without its tokens."""
    secrets = addresses.worth_hiding(addresses.url_secrets(one.url))
    return Source(name="", kind="http", url=one.url, secrets=secrets).location


def _previews(settings: Settings, locations: Sequence[str]) -> Iterator[tuple[Source, pipeline.Preview]]:
    clock = SystemClock()
    wanted = []
    for location in locations:
        if source := _configured(settings, location):
            wanted.append(source)
        elif _ADDRESS.match(location):
            wanted.append(addressing.source_at(location, settings.defaults))
        elif preview := pipeline.preview_file(settings, location, clock=clock):
            yield preview
        else:
            wanted.append(_at(settings, location))
    yield from pipeline.preview(settings, wanted, clock=clock)


def _configured(settings: Settings, location: str) -> Source | None:
    """The source of that name or place."""
    path = str(Path(location).absolute())
    meant = (each for each in settings.sources if location and (location in (each.name, each.url) or each.path == path))
    return next(meant, None)


def _at(settings: Settings, location: str) -> Source:
    """A source for the occasion, with what is said of the configured folder that is nearest around it."""
    path = Path(location).absolute()
    around = (source for source in settings.sources if source.path and Path(source.path) in path.parents)
    nearest = max(around, key=lambda source: len(source.path), default=settings.defaults)
    return replace(nearest, name=location, kind="folder", path=str(path))
