"""Guids under which entries of stored articles came back, and which articles those may be."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Connection, Select, bindparam, delete, literal_column, select, union

from feeds.records import Alias, Article, Known
from storage.among import among
from storage.batches import SIZE, batches
from storage.rows import NAMED_SOURCE, article_of, id_of_source, select_articles
from storage.tables import aliases, articles, tombstones
from storage.upserts import upsert

MOST = 20  # aliases of one article, the newest: sources with other guids at every visit would fill the store
RECENT = 500  # of a source's articles, the newest, that an entry is compared with at most
GONE = 2_000  # of its articles that are gone


def like(db: Connection, source: str, entries: Sequence[Article]) -> tuple[Article, ...]:
    """The articles of a source that share their address, their title or their date with one of `entries`, as far as a
    key of an index says so; and its newest one that is not held. In the order they were stored."""
    found: dict[str, Article] = {}
    for start in range(0, len(entries), SIZE):
        some = entries[start : start + SIZE]
        keys = {
            "name": source,
            "links": [each.link_key for each in some if each.link_key],
            "titles": [each.title_key for each in some if each.title_key],
            "dates": [each.published for each in some],
        }
        found |= {one.guid: one for one in _read(db, _like(), keys)}
    return tuple(found.values())


def recent(db: Connection, source: str) -> tuple[Article, ...]:
    """The newest articles of a source, in the order they were stored."""
    query = select_articles().where(articles.c.source_id == id_of_source(db, source))
    return _read(db, query.order_by(articles.c.published.desc()).limit(RECENT))


def gone(db: Connection, source: str) -> tuple[Known, ...]:
    """What is left of the articles of a source that went last: an address, a title, a date."""
    columns = (tombstones.c.guid, tombstones.c.url, tombstones.c.title, tombstones.c.path, tombstones.c.said)
    query = select(*columns).where(tombstones.c.source_id == id_of_source(db, source))
    rows = db.execute(query.order_by(tombstones.c.deleted_at.desc(), tombstones.c.guid).limit(GONE))
    return tuple(Known(**row._asdict(), raw_digest="", is_gone=True) for row in rows)


def bind(db: Connection, source: str, found: Sequence[Alias], *, now: datetime) -> None:
    """From now on entries under these guids are the articles that they name; each keeps its `MOST` newest ones. One
    of an article that is not stored any more is left out."""
    if not found:
        return
    source_id = id_of_source(db, source)
    named = db.execute(_IDS, {"source_id": source_id, "guids": [each.of for each in found]})
    ids = {row.guid: row.id for row in named}
    rows = [
        {"source_id": source_id, "guid": one.guid, "article_id": ids[one.of], "reason": one.reason, "since": now}
        for one in found
        if one.of in ids
    ]
    if rows:
        upsert(db, aliases, rows)
        _forget_oldest(db, source_id, {row["article_id"] for row in rows})


def bury(db: Connection, source: str, found: Sequence[Alias]) -> None:
    """Entries under these guids stay away, as those of the tombstones that they name do."""
    if not found:
        return
    of_source = tombstones.c.source_id == id_of_source(db, source)
    rows = {
        row.guid: row._asdict()
        for some in batches(each.of for each in found)
        for row in db.execute(select(tombstones).where(of_source, tombstones.c.guid.in_(some)))
    }
    copies = [rows[one.of] | {"guid": one.guid} for one in found if one.of in rows]
    if copies:
        upsert(db, tombstones, copies)
        _forget_copies(db, of_source, {row["guid"]: row["atom_id"] for row in copies})


def bound(db: Connection, source: str) -> frozenset[str]:
    """The guids of the articles of a source that are known by another one, too."""
    query = select(articles.c.guid).join(aliases, aliases.c.article_id == articles.c.id)
    return frozenset(db.scalars(query.where(articles.c.source_id == id_of_source(db, source))))


def _forget_oldest(db: Connection, source_id: int, article_ids: Iterable[int]) -> None:
    by_article: dict[int, list[str]] = defaultdict(list)
    columns = (aliases.c.article_id, aliases.c.guid)
    for some in batches(article_ids):
        query = select(*columns).where(aliases.c.article_id.in_(some))
        for row in db.execute(query.order_by(aliases.c.since.desc(), aliases.c.guid)):
            by_article[row.article_id].append(row.guid)
    for surplus in batches(guid for guids in by_article.values() for guid in guids[MOST:]):
        db.execute(delete(aliases).where(aliases.c.source_id == source_id, aliases.c.guid.in_(surplus)))


def _forget_copies(db: Connection, of_source: Any, kept: Mapping[str, str]) -> None:
    """Each tombstone has `MOST` copies at most; those of the guids `kept`, with their atom ids, are among them."""
    numbers: Counter[str] = Counter()
    surplus: list[str] = []
    query = select(tombstones.c.atom_id, tombstones.c.guid).where(of_source)
    for some in batches(kept.values()):
        for row in db.execute(query.where(tombstones.c.atom_id.in_(some))):
            numbers[row.atom_id] += 1
            if numbers[row.atom_id] > MOST and row.guid not in kept:
                surplus.append(row.guid)
    for some in batches(surplus):
        db.execute(delete(tombstones).where(of_source, tombstones.c.guid.in_(some)))


def _read(db: Connection, query: Select[Any], values: Mapping[str, Any] | None = None) -> tuple[Article, ...]:
    rows = sorted(db.execute(query, values), key=lambda row: row.id)
    return tuple(article_of(row) for row in rows)


_IDS = select(articles.c.guid, articles.c.id).where(
    articles.c.source_id == bindparam("source_id"), among(articles.c.guid, "guids")
)


@cache
def _like() -> Select[Any]:
    """Made once, as it is run for every source that has something new."""
    of_source = articles.c.source_id == NAMED_SOURCE
    newest = (
        select(articles.c.id)
        .where(of_source, articles.c.held_at.is_(None))
        .order_by(articles.c.published.desc())
        .limit(1)
        .subquery()
    )
    shared = (
        # The conditions are those of the partial indexes, which are else not used; nor would they be for `among`, of
        # which SQLite does not know how few values it holds.
        articles.c.link_key.in_(bindparam("links", expanding=True)) & (articles.c.link_key != literal_column("0")),
        articles.c.title_key.in_(bindparam("titles", expanding=True)) & (articles.c.title_key != literal_column("0")),
        articles.c.published.in_(bindparam("dates", expanding=True)),
    )
    found = union(*(select(articles.c.id).where(of_source, each) for each in shared), select(newest.c.id)).subquery()
    query = select_articles().where(articles.c.id.in_(select(found.c.id)))
    return query.order_by(articles.c.id.desc()).limit(RECENT)
