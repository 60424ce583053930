"""Sources that the config names no more: their articles have left the feeds, and here their pages leave the folder."""

from __future__ import annotations

from feeds.pipeline.site import Site
from feeds.publishing import leftovers, output
from feeds.publishing.pages import path_of
from storage import Store, articles, shelves
from storage.shelves import OfSource, Shelf


def retire(store: Store, site: Site) -> None:
    """Take away the pages of such sources, and of their articles. Whoever calls it is `writing`. Raises OutputError."""
    names = {source.name for source in site.settings.sources}
    for key, shelf in site.standing.items():
        # What is hidden has been taken away as such.
        if isinstance(key, OfSource) and key.name not in names and shelf.settings_digest:
            _remove(store, site, key.name, shelf)


def _remove(store: Store, site: Site, source: str, shelf: Shelf) -> None:
    with store.read() as db:
        gone = articles.ids_of(db, source)
    leftovers.remove_feed(site.settings.output, shelf.slug)
    for atom_id in gone:
        output.remove(site.settings.output, path_of(atom_id))
    with store.begin() as db:
        shelves.forget(db, [shelf.id])
