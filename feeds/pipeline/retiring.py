"""Sources that the config names no more: their articles have left the feeds, and here their pages leave the folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    """Take away the pages of such sources, and of their articles; one that cannot be keeps no other.

    Whoever calls it is `writing`. Raises OutputError that tells of all that are left, StoppedError amid them.
    """
    problems = [str(error) for shelf in list(_left(store, site)) for error in _remove(store, site, shelf, is_stopping)]
    if problems:
        raise OutputError(lines(problems))


def _left(store: Store, site: Site) -> Iterator[Shelf]:
    """The shelves of those that are off all shelves: `site` may be older than what another process made the store
    follow. Whether files of theirs were ever written is not known for sure, as a process may have died over it."""
    names = {source.name for source in site.settings.sources}
    found = {
        key.name: shelf
        for key, shelf in site.standing.items()
        if isinstance(key, OfSource) and key.name not in names and shelf.touched and not shelf.is_gone
    }
    if found:
        with store.read() as db:
            off = sources.off_shelves(db, found)
        yield from (shelf for name, shelf in found.items() if name in off)


def _remove(store: Store, site: Site, shelf: Shelf, is_stopping: Callable[[], bool]) -> Iterator[OutputError]:
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
    yield from problems
