"""Articles as rows of their table: written from records, and read back as such."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import Connection, Row, Select, bindparam, select

from feeds.errors import RenamedError
from feeds.records import Article, Enclosure, Extension, Link, Origin, Person, Tag
from storage import placing
from storage.among import among
from storage.tables import articles, sources

AnyRow: TypeAlias = Row[*tuple[Any, ...]]

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
_READ = (*_FROZEN, "revised_at", *_PLAIN, *_JSON)
_SELECTED = ("source", *_READ)  # of which an article is made; behind them comes its row


def values_of(article: Article) -> dict[str, Any]:
    """The values that a revision writes, too."""
    return {name: getattr(article, name) for name in _PLAIN} | {
        name: msgspec.json.encode(getattr(article, name)).decode() for name in _JSON
    }


def new_values_of(article: Article) -> dict[str, Any]:
    """The values of a new row, but for what only the store knows."""
    return values_of(article) | {name: getattr(article, name) for name in _FROZEN}


@cache
def _select_rows() -> Select[Any]:
    return select_articles().where(among(articles.c.id, "ids"))


@cache
def select_articles() -> Select[Any]:
    """What `article_of` makes an article of; the last value is its row."""
    names = (*_READ, "id")
    source = sources.c.name.label("source")
    return select(source, *(articles.c[name] for name in names)).join(sources, sources.c.id == articles.c.source_id)


def read_articles(db: Connection, query: Select[Any], values: Mapping[str, Any] | None = None) -> tuple[Article, ...]:
    """The articles of a query of `select_articles`, with their categories."""
    rows = db.execute(query, values).all()
    standing = placing.of_articles(db, (row[-1] for row in rows))
    return tuple(article_of(row, standing.get(row[-1], ())) for row in rows)


def article_of(row: AnyRow, names: tuple[str, ...] = ()) -> Article:
    """The article of a row of `select_articles`, in the categories of these names."""
    values = dict(zip(_SELECTED, row, strict=False))
    for name, decoder in _DECODERS.items():
        values[name] = decoder.decode(values[name])
    return Article(categories=names, **values)


def articles_of_rows(db: Connection, ids: Iterable[int]) -> dict[int, Article]:
    """These articles by their rows, without their categories."""
    wanted = list(ids)
    found = db.execute(_select_rows(), {"ids": wanted}) if wanted else ()
    return {row[-1]: article_of(row) for row in found}


def labels_of(row: AnyRow) -> tuple[tuple[str, ...], tuple[Tag, ...]]:
    """An article's own categories and its tags, of a row that has these columns."""
    own, tags = (_DECODERS[name].decode(row._mapping[name]) for name in ("own_categories", "tags"))
    return own, tags


def id_of_source(db: Connection, name: str) -> int:
    """The row of a source."""
    return ids_of_sources(db, [name])[name]


def ids_of_sources(db: Connection, names: Collection[str]) -> dict[str, int]:
    """The rows of these sources. Raises RenamedError where there is none of that name."""
    found: dict[str, int] = {name: row for name, row in db.execute(_SOURCES, {"names": names})}  # noqa: C416
    if missing := set(names) - found.keys():
        raise RenamedError(min(missing))
    return found


NAMED_SOURCE = select(sources.c.id).where(sources.c.name == bindparam("name")).scalar_subquery()
_SOURCES = select(sources.c.name, sources.c.id).where(among(sources.c.name, "names"))
