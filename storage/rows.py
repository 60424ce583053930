"""Articles as rows of their table: written from records, and read back as such."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import CompoundSelect, Connection, Row, Select, bindparam, select

from feeds.records import Article, Enclosure, Extension, Link, Origin, Person, Tag
from storage import categories
from storage.batches import batches
from storage.tables import articles, sources

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
AnyQuery: TypeAlias = Select[Any] | CompoundSelect[Any]

# Columns that hold JSON, and the record each is read back as.
_JSON: dict[str, Any] = {
    "authors": tuple[Person, ...],
    "tags": tuple[Tag, ...],
    "own_categories": tuple[str, ...],
    "links": tuple[Link, ...],
    "enclosures": tuple[Enclosure, ...],
    "extensions": tuple[Extension, ...],
    "origin": Origin,
}
_DECODERS = {name: msgspec.json.Decoder(type_) for name, type_ in _JSON.items()}
_PLAIN = (
    "url", "title", "summary_html", "content_html", "updated", "language", "image", "rights", "fingerprint",
    "raw_digest", "path", "link_key", "title_key", "decoded",
)  # fmt: skip
_FROZEN = ("guid", "atom_id", "published", "date_from", "held_at", "date_note")  # stored once, never revised
_READ = (*_FROZEN, "revised_at", *_PLAIN)


def values_of(article: Article) -> dict[str, Any]:
    """The values that a revision writes, too."""
    return {name: getattr(article, name) for name in _PLAIN} | {
        name: msgspec.json.encode(getattr(article, name)).decode() for name in _JSON
    }


def new_values_of(article: Article) -> dict[str, Any]:
    """The values of a new row, but for what only the store knows."""
    return values_of(article) | {name: getattr(article, name) for name in _FROZEN}


@cache
def select_articles() -> Select[Any]:
    """What `article_of` makes an article of; the last value is its row."""
    names = (*_READ, *_JSON, "id")
    source = sources.c.name.label("source")
    return select(source, *(articles.c[name] for name in names)).join(sources, sources.c.id == articles.c.source_id)


def read_articles(db: Connection, query: Select[Any], values: Mapping[str, Any] | None = None) -> tuple[Article, ...]:
    """The articles of a query of `select_articles`, with their categories."""
    rows = db.execute(query, values).all()
    standing = categories.of_articles(db, (row[-1] for row in rows))
    return tuple(article_of(row, standing.get(row[-1], ())) for row in rows)


def article_of(row: AnyRow, names: tuple[str, ...] = ()) -> Article:
    """The article of a row of `select_articles`, in the categories of these names."""
    source, *values = row[:-1]
    plain = dict(zip(_READ, values, strict=False))
    decoded = zip(_DECODERS.items(), values[len(plain) :], strict=True)
    return Article(source=source, categories=names, **plain, **{name: d.decode(value) for (name, d), value in decoded})


def labels_of(row: AnyRow) -> tuple[tuple[str, ...], tuple[Tag, ...]]:
    """An article's own categories and its tags, of a row that has these columns."""
    own, tags = (_DECODERS[name].decode(row._mapping[name]) for name in ("own_categories", "tags"))
    return own, tags


def id_of_source(db: Connection, name: str) -> int:
    """The row of a source."""
    found: int = db.execute(_SOURCE_ID, {"name": name}).scalar_one()
    return found


def rows_of_guids(db: Connection, query: AnyQuery, source_id: int, guids: Iterable[str]) -> Iterator[AnyRow]:
    """The rows of a query that is restricted by `OF_GUIDS`: those of these guids of a source."""
    for some in batches(guids):
        yield from db.execute(query, {"source_id": source_id, "guids": some})


# Asked for every source that has news. Made once: to put them together takes as long as to run them.
_SOURCE_ID = select(sources.c.id).where(sources.c.name == bindparam("name"))
OF_GUIDS = (
    articles.c.source_id == bindparam("source_id"),
    articles.c.guid.in_(bindparam("guids", expanding=True)),
)
IDS = select(articles.c.guid, articles.c.id).where(*OF_GUIDS)
