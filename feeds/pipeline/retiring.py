"""Sources that the config names no more: their articles have left the feeds, and here their pages leave the folder."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice

from feeds.errors import OutputError
from feeds.pipeline.edition import StoppedError, lines
from feeds.pipeline.site import Site
from feeds.publishing import leftovers, output
from feeds.publishing.pages import ARTICLES, path_of
from storage import Store, articles, shelves, sources
from storage.shelves import OfSource, Shelf

AT_ONCE = 1_000  # pages that are removed between two looks at whether to stop


def retire(store: Store, site: Site, *, is_stopping: Callable[[], bool]) -> None:
    """Take away the pages of such sources, and of their articles. A source, or the page of an article, that cannot be
    keeps no other.

    Whoever calls it is `writing`. Raises OutputError that tells of all that are left, StoppedError amid them.
    """
    problems = [str(error) for shelf in _left(store, site) for error in _remove(store, site, shelf, is_stopping)]
    if problems:
        raise OutputError(lines(problems))


def _left(store: Store, site: Site) -> list[Shelf]:
    """The shelves of those that are off all shelves: `site` may be older than what another process made the store
    follow. Whether files of theirs were ever written is not known for sure, as a process may have died over it."""
    found = {
        key.name: shelf
        for key, shelf in site.standing.items()
        if isinstance(key, OfSource) and key.name not in site.names and shelf.touched and not shelf.is_gone
    }
    if not found:
        return []
    with store.read() as db:
        off = sources.off_shelves(db, found)
    return [shelf for name, shelf in found.items() if name in off]


def _remove(store: Store, site: Site, shelf: Shelf, is_stopping: Callable[[], bool]) -> list[OutputError]:
    """What went wrong."""
    assert isinstance(shelf.key, OfSource)
    tree = site.settings.output
    problems: list[OutputError] = []
    try:
        leftovers.remove_feed(tree, shelf.slug)
    except OutputError as error:
        problems.append(error)
    if (tree / ARTICLES).is_dir():
        with store.read() as db:
            pages = ((tree, path_of(atom_id)) for atom_id in articles.ids_of(db, shelf.key.name))
        while some := list(islice(pages, AT_ONCE)):
            if is_stopping():
                raise StoppedError
            try:
                output.remove_all(some)
            except OutputError as error:
                problems.append(error)
    if not problems:
        with store.begin() as db:
            shelves.record_gone(db, shelf)
    return problems
