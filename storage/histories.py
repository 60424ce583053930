"""All that the store knows of an article, beside what it says."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Struct
from sqlalchemy import Column, Connection, func, select

from feeds.records import DateFrom, Tag
from storage import articles as stored
from storage.batches import batches
from storage.shelves import Key, OfSource
from storage.tables import (
    aliases,
    articles,
    covered,
    documents,
    revisions,
    shelved,
    shelves,
    sources,
    tombstones,
)


class Place(Struct, frozen=True, kw_only=True):
    """A shelf that an article stands on."""

    key: Key
    archive: int | None  # the number of the archive document that holds it
    newer: int  # articles before it among those that no archive document holds
    is_written: bool  # the shelf's files show what it holds


class Alias(Struct, frozen=True, kw_only=True):
    """Another guid under which the article came."""

    guid: str
    reason: str
    since: datetime


class Double(Struct, frozen=True, kw_only=True):
    """An article of another source that tells the same story on one shelf."""

    key: Key  # of the shelf
    source: str
    atom_id: str
    reason: str  # what told that it is the same story


class History(Struct, frozen=True, kw_only=True):
    """An article that is stored."""

    source: str
    is_read: bool  # the source is in the config
    guid: str
    atom_id: str
    url: str
    title: str
    published: datetime
    updated: datetime
    date_from: DateFrom
    date_note: str
    language: str
    path: str
    fingerprint: str
    raw_digest: str
    decoded: str
    own_categories: tuple[str, ...]
    tags: tuple[Tag, ...]
    first_seen_at: datetime
    revised_at: datetime | None
    held_at: datetime | None
    document_at: datetime | None  # when the document that it was made of was fetched; None: that is not kept
    was_kept: bool  # that document, once
    revisions: int
    aliases: tuple[Alias, ...]
    places: tuple[Place, ...]
    covered_by: tuple[Double, ...]  # who stands on a shelf in its place
    covers: tuple[Double, ...]  # in whose place it stands


class Gone(Struct, frozen=True, kw_only=True):
    """An article that was stored."""

    source: str
    guid: str
    atom_id: str
    url: str
    title: str
    categories: tuple[str, ...]
    reason: str  # "purged" or "withdrawn"
    deleted_at: datetime


def rows_of(db: Connection, words: Iterable[str]) -> list[int]:
    """The rows of the articles of one of these addresses, guids or ids; also of guids that are other names of them."""
    wanted = tuple(dict.fromkeys(filter(None, words)))
    others = select(aliases.c.article_id).where(aliases.c.guid.in_(wanted))
    return list(dict.fromkeys((*stored.named(db, *wanted), *db.scalars(others))))


def named(db: Connection, words: Iterable[str]) -> tuple[History, ...]:
    """The articles of one of these addresses, guids or ids; also of guids that are other names of them."""
    columns = [articles.c[name] for name in _COLUMNS]
    query = (
        select(
            sources.c.name,
            sources.c.shelving_digest,
            documents.c.fetched_at,
            articles.c.document_id,
            articles.c.id,
            *columns,
        )
        .join(sources, sources.c.id == articles.c.source_id)
        .outerjoin(documents, documents.c.id == articles.c.document_id)
    )
    rows = [row for some in batches(rows_of(db, words)) for row in db.execute(query.where(articles.c.id.in_(some)))]
    return tuple(_history(db, row) for row in sorted(rows, key=lambda row: int(row.id)))


def gone(db: Connection, words: Iterable[str]) -> tuple[Gone, ...]:
    """The articles of these addresses, guids or ids that are gone."""
    t = tombstones.c
    found: dict[tuple[str, str], Any] = {}
    for word in words:
        rows = db.execute(
            select(sources.c.name, t.guid, t.atom_id, t.url, t.title, t.categories, t.reason, t.deleted_at)
            .join(sources, sources.c.id == t.source_id)
            .where((t.guid == word) | (t.atom_id == word) | (t.url == word))
        )
        for row in rows:  # one that came under several guids has a tombstone for each: the id tells the first
            if (row.name, row.atom_id) not in found or row.guid == row.atom_id:
                found[row.name, row.atom_id] = row
    return tuple(
        Gone(
            source=row.name,
            **{name: row._mapping[name] for name in ("guid", "atom_id", "url", "title", "reason", "deleted_at")},
            categories=msgspec.json.decode(row.categories, type=tuple[str, ...]),
        )
        for _key, row in sorted(found.items())
    )


_COLUMNS = (
    "guid", "atom_id", "url", "title", "published", "updated", "date_from", "date_note", "language", "path",
    "fingerprint", "raw_digest", "decoded", "own_categories", "tags", "first_seen_at", "revised_at", "held_at",
)  # fmt: skip
_JSON: dict[str, Any] = {"own_categories": tuple[str, ...], "tags": tuple[Tag, ...]}


def _history(db: Connection, row: Any) -> History:
    plain = {name: row._mapping[name] for name in _COLUMNS}
    decoded = {name: msgspec.json.decode(plain[name], type=type_) for name, type_ in _JSON.items()}
    of_article = revisions.c.article_id == row.id
    return History(
        source=row.name,
        is_read=row.shelving_digest is not None,
        **(plain | decoded),
        document_at=row.fetched_at,
        was_kept=row.document_id is not None,
        revisions=db.scalar(select(func.count()).select_from(revisions).where(of_article)) or 0,
        aliases=_aliases(db, row.id),
        places=_places(db, row.id),
        covered_by=_doubles(db, covered.c.article_id, row.id, other=covered.c.by_article_id),
        covers=_doubles(db, covered.c.by_article_id, row.id, other=covered.c.article_id),
    )


def _aliases(db: Connection, article_id: int) -> tuple[Alias, ...]:
    columns = (aliases.c.guid, aliases.c.reason, aliases.c.since)
    rows = db.execute(
        select(*columns).where(aliases.c.article_id == article_id).order_by(aliases.c.since, aliases.c.guid)
    )
    return tuple(Alias(**row._asdict()) for row in rows)


def _places(db: Connection, article_id: int) -> tuple[Place, ...]:
    other = shelved.alias()
    is_before = (other.c.published > shelved.c.published) | (
        (other.c.published == shelved.c.published) & (other.c.article_id < shelved.c.article_id)
    )
    newer = (
        select(func.count())
        .where(other.c.category_id == shelved.c.category_id, other.c.archive.is_(None), is_before)
        .correlate(shelved)
        .scalar_subquery()
    )
    own = sources.c.name.label("source")
    columns = (shelves.c.name, own, shelves.c.touched, shelves.c.written, shelved.c.archive)
    rows: Sequence[Any] = db.execute(
        select(*columns, newer.label("newer"))
        .select_from(shelved)
        .join(shelves, shelves.c.id == shelved.c.category_id)
        .outerjoin(sources, sources.c.id == shelves.c.source_id)
        .where(shelved.c.article_id == article_id)
        .order_by(shelves.c.id)
    ).all()
    return tuple(
        Place(
            key=OfSource(row.source) if row.source is not None else row.name,
            archive=row.archive,
            newer=row.newer,
            is_written=row.written == row.touched,
        )
        for row in rows
    )


def _doubles(db: Connection, mine: Column[Any], article_id: int, *, other: Column[Any]) -> tuple[Double, ...]:
    query = (
        select(shelves.c.name.label("key"), sources.c.name.label("source"), articles.c.atom_id, covered.c.reason)
        .join(shelves, shelves.c.id == covered.c.category_id)
        .join(articles, articles.c.id == other)
        .join(sources, sources.c.id == articles.c.source_id)
    )
    rows = db.execute(query.where(mine == article_id).order_by(shelves.c.id, articles.c.id))
    return tuple(Double(**row._asdict()) for row in rows)
