"""What must not be named as a copy any more: where articles are, or were, that a person withdrew or hid."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Set
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import Connection, Row, Select, literal_column, select

from feeds.records import Unnamed
from storage import articles as stored
from storage import covering, tombstones
from storage.batches import batches
from storage.tables import articles, covered, revisions, shelved, sources
from storage.tables import tombstones as gone_ones
from storage.tombstones import Hidden

_Gone: TypeAlias = Iterable[tuple[str, str]]  # source and address


def of_hidden(db: Connection, shelf_ids: Collection[int], hidden: Hidden) -> Unnamed:
    """The articles that belong on these shelves, and those gone that are hidden."""
    rows = {
        row_id
        for some in batches(shelf_ids)
        for each in (shelved, covered)
        for row_id in db.scalars(select(each.c.article_id).where(each.c.category_id.in_(some)))
    }
    gone = (
        (row.name, row.url)
        for row in db.execute(_GONE)
        if hidden.hides(row.name, msgspec.json.decode(row.categories, type=tuple[str, ...]))
    )
    return _unnamed(db, rows, gone, hidden.sources)


def of_words(db: Connection, *words: str) -> Unnamed:
    """The articles of these addresses, guids or ids, those stored and those gone."""
    columns = ("source_id", "url")
    found = tombstones.rows(db, *words, names=columns)
    names = {row.id: row.name for row in db.execute(select(sources.c.id, sources.c.name))} if found else {}
    return _unnamed(db, set(stored.named(db, *words)), ((names[row.source_id], row.url) for row in found), frozenset())


def _unnamed(db: Connection, rows: Set[int], gone: _Gone, sources_hidden: Set[str]) -> Unnamed:
    addresses: dict[str, set[str]] = {}
    titles: set[str] = set()
    keys: set[int] = set()  # of those addresses that others are quickly found by
    others_at: set[str] = set()
    for some in batches(rows):
        for row in db.execute(_ABOUT.where(articles.c.id.in_(some))):
            titles |= set() if row.url else {row.name, _title(row)}
            keys |= {row.link_key} if row.link_key else set()
            others_at |= {row.url} if not row.link_key else set()
            addresses[row.url] = set()
        former = select(revisions.c.url).where(revisions.c.article_id.in_(some))
        others_at |= set(db.scalars(former)) - addresses.keys()
    for source, url in gone:
        titles |= set() if url else {source}
        others_at |= {url} - addresses.keys()
    addresses |= {url: set() for url in others_at}
    addresses.pop("", None)
    for row in _at(db, keys, others_at - {""}):
        if row.id not in rows and row.name not in sources_hidden and row.url in addresses:
            addresses[row.url].add(_title(row))
    if titles:
        nameless = (row for row in db.execute(_ABOUT.where(articles.c.url == "")) if row.id not in rows)
        titles -= {_title(row) for row in nameless if row.name not in sources_hidden}
    return Unnamed(addresses=addresses, titles=titles)


def _at(db: Connection, keys: Set[int], addresses: Set[str]) -> Iterable[Row[*tuple[Any, ...]]]:
    """The articles of these keys or at these addresses. Only the keys have an index."""
    for some in batches(keys):
        yield from db.execute(_ABOUT.where(articles.c.link_key.in_(some), articles.c.link_key != literal_column("0")))
    for urls in batches(addresses):
        yield from db.execute(_ABOUT.where(articles.c.url.in_(urls)))


def _title(row: Row[*tuple[Any, ...]]) -> str:
    """What a copy's source is called where it is named."""
    return covering.ORIGIN.decode(row.origin).title or str(row.name)


_ABOUT: Select[Any] = select(sources.c.name, *(articles.c[name] for name in ("id", "url", "origin", "link_key"))).join(
    sources, sources.c.id == articles.c.source_id
)
_GONE = select(sources.c.name, gone_ones.c.url, gone_ones.c.categories).join(
    sources, sources.c.id == gone_ones.c.source_id
)
