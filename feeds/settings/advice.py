"""What `feedmill check` should tell although the config works."""

from __future__ import annotations

import glob
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

from feeds.settings.addresses import is_private
from feeds.settings.building import Settings
from feeds.settings.complaints import nearest
from feeds.settings.names import folded
from feeds.settings.values import shown


def warnings(settings: Settings) -> tuple[str, ...]:
    """One line for each thing that is allowed and probably not meant, with its place in the file."""
    return tuple(text for look in LOOKS for text in look(settings))


def _no_sources(settings: Settings) -> Iterator[str]:
    if not settings.sources:
        yield f"{settings.place('sources')}: nothing to read; add a source"


def _forgetful(settings: Settings) -> Iterator[str]:
    if re.fullmatch(r"sqlite(\+\w+)?://(/?|/:memory:)", settings.database):
        yield f"{settings.place('database')}: is in memory alone, and forgotten when feedmill ends; name a file"


def _missing_files(settings: Settings) -> Iterator[str]:
    for index, source in enumerate(settings.sources):
        found = source.path and (Path(source.path).exists() or glob.glob(source.path, recursive=True))  # noqa: PTH207
        if source.path and not found:
            yield f"{settings.place('sources', index, 'path')}: nothing is at {source.location}; check the path"


def _private_hosts(settings: Settings) -> Iterator[str]:
    for index, source in enumerate(settings.sources):
        if source.url and not source.allow_private_addresses and is_private(source.url):
            where = settings.place("sources", index, "url")
            allowed = urlsplit(source.url).hostname
            yield (
                f"{where}: a host of your own network is not asked; to have it asked, name it in "
                f"fetch: {{allow_private_addresses: [{shown(allowed)}]}}"
            )


def _uncategorized(settings: Settings) -> Iterator[str]:
    if any(category.aliases for category in settings.categories or ()):  # by which its labels may sort them
        return
    for index, source in enumerate(settings.sources):
        # A list may name categories of its own.
        if settings.categories and source.url and not source.categories and source.kind != "opml":
            where = settings.place("sources", index)
            yield f"{where}: has no categories; its articles stand only in the feed of everything"


def _unlisted(settings: Settings) -> Iterator[str]:
    named = dict.fromkeys(name for source in settings.sources for name in source.categories)
    wrong = unlisted(settings, named)
    for index, source in enumerate(settings.sources):
        for name in source.categories:
            if name in wrong:
                yield f"{settings.place('sources', index, 'categories')}: {wrong[name]}"


def unlisted(settings: Settings, names: Iterable[str]) -> dict[str, str]:
    """Those of these categories that have no feed, as `categories:` does not list them; with a line for each."""
    listed = _listed(settings)
    wrong = {}
    for name in names if settings.categories is not None else ():
        if folded(name) not in listed:
            close = listed.get(nearest(folded(name), listed), "")
            help = f"did you mean {shown(close)}?" if close else "list it, or it has no feed"
            wrong[name] = f"{shown(name)} is not under categories; {help}"
    return wrong


def _unfed(settings: Settings) -> Iterator[str]:
    if any(source.kind == "opml" or source.path for source in settings.sources):  # which may name categories, too
        return
    fed = {folded(name) for source in settings.sources for name in source.categories}
    for index, category in enumerate(settings.categories or ()):
        if not category.aliases and not fed & {folded(category.name), folded(category.title)}:
            where = settings.place("categories", index)
            help = "list the labels of sources that mean it under aliases"
            yield f"{where}: no source names {shown(category.name)}; {help}"


def _listed(settings: Settings) -> dict[str, str]:
    names = [
        name for category in settings.categories or () for name in (category.name, category.title, *category.aliases)
    ]
    return {folded(name): name for name in names if name}


LOOKS: tuple[Callable[[Settings], Iterator[str]], ...] = (
    _no_sources,
    _forgetful,
    _missing_files,
    _private_hosts,
    _uncategorized,
    _unlisted,
    _unfed,
)
