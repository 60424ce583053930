"""What is held: articles on no shelf, until a person releases or drops them, or until the date that they wait for."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, func, select, update

from feeds.records import Article
from storage import retention
from storage.batches import batches
from storage.rows import read_articles, select_articles
from storage.tables import articles, sources


class Number(NamedTuple):
    """How many articles of a source are held, and since when the first of them."""

    articles: int
    since: datetime


def numbers(db: Connection) -> dict[str, Number]:
    """By source, without what waits for its date; those of which nothing is held are left out."""
    query = (
        select(sources.c.name, func.count().label("number"), func.min(articles.c.held_at).label("since"))
        .join(articles, articles.c.source_id == sources.c.id)
        .where(_IS_HELD, ~_IS_WAITING)
        .group_by(sources.c.name)
    )
    return {row.name: Number(row.number, row.since) for row in db.execute(query)}


def held(db: Connection, source: str | None = None) -> tuple[Article, ...]:
    """The articles that are held, of a source or of all, the newest first."""
    query = select_articles().where(_IS_HELD).order_by(articles.c.published.desc(), articles.c.id)
    return read_articles(db, query if source is None else query.where(sources.c.name == source))


def named(db: Connection, word: str) -> dict[str, list[int]]:
    """The rows of the articles held that have this address, guid or id, or this source; by source. Who names a source
    decides on what waits for him, and never on what waits for its date."""
    is_named = (articles.c.guid == word) | (articles.c.atom_id == word) | (articles.c.url == word)
    query = select(sources.c.name, articles.c.id).join(articles, articles.c.source_id == sources.c.id).where(_IS_HELD)
    conditions = ((sources.c.name == word, ~_IS_WAITING), (is_named,))
    rows = next(filter(None, (db.execute(query.where(*each)).all() for each in conditions)), [])
    found: dict[str, list[int]] = {}
    for row in rows:
        found.setdefault(row.name, []).append(row.id)
    return found


def release(db: Connection, ids: Collection[int]) -> int:
    """These articles are held no longer; how many of them were. On which shelves they stand is the caller's to say."""
    count = 0
    for some in batches(ids):
        is_it = articles.c.id.in_(some) & _IS_HELD
        # Nothing stands above its first sight: who does not wait for its date has another one.
        clamped = {"published": articles.c.first_seen_at, "updated": articles.c.first_seen_at}
        said = {"date_from": "first-seen", "date_note": "it was released before the date that its source says"}
        db.execute(update(articles).where(is_it, _IS_WAITING).values(**clamped, **said))
        count += db.execute(update(articles).where(is_it).values(held_at=None)).rowcount
    return count


def next_at(db: Connection) -> datetime | None:
    """When the first of those that wait for their date is to be let out; None where none waits."""
    found: datetime | None = db.scalar(select(func.min(articles.c.published)).where(_IS_HELD, _IS_WAITING))
    return found


def due(db: Connection, *, now: datetime) -> dict[str, list[int]]:
    """The rows of those whose date has come, by source."""
    query = select(sources.c.name, articles.c.id).join(articles, articles.c.source_id == sources.c.id)
    found: dict[str, list[int]] = {}
    # Asked for in their order, SQLite would look at every article there is, rather than at those that are held.
    rows = db.execute(query.where(_IS_HELD, _IS_WAITING, articles.c.published <= now)).all()
    for row in sorted(rows, key=lambda row: row.id):
        found.setdefault(row.name, []).append(row.id)
    return found


def let_out(db: Connection, ids: Collection[int], *, now: datetime) -> None:
    """These articles, whose date has come, are held no longer: as if they had been seen only now. On which shelves they
    stand is the caller's to say."""
    for some in batches(ids):
        seen = {"held_at": None, "first_seen_at": now, "updated": articles.c.published}
        db.execute(update(articles).where(articles.c.id.in_(some), _IS_HELD).values(**seen))


def drop(db: Connection, ids: Collection[int], *, now: datetime) -> int:
    """Take those of these articles that are held out of the store; a tombstone keeps each away. How many there were."""
    still = [
        id_
        for some in batches(ids)
        for id_ in db.scalars(select(articles.c.id).where(articles.c.id.in_(some), _IS_HELD))
    ]
    # As nobody has seen them, no feed tells that they are gone.
    return retention.purge(db, still, now=now, reason="purged").articles


_IS_HELD: ColumnElement[bool] = articles.c.held_at.is_not(None)
_IS_WAITING: ColumnElement[bool] = articles.c.published > articles.c.held_at  # the condition of the index goes with it
