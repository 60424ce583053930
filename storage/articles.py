"""Articles: stored once, revised when a reader would want to know, found newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypeVar

import msgspec
from sqlalchemy import Connection, Row, Select, bindparam, func, insert, select, union_all, update

from feeds.records import Article, Enclosure, Extension, Known, Link, Origin, Person, Tag
from storage import archiving, categories, tombstones
from storage.batches import batches
from storage.tables import articles, shelves, sources
from storage.tables import categories as table

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
T = TypeVar("T")

# The categories of an article with these categories of its own and these tags.
Assign: TypeAlias = Callable[[tuple[str, ...], tuple[Tag, ...]], tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a save did: how many articles are new, how many were revised, and the categories it touched."""

    new: int = 0
    revised: int = 0
    categories: tuple[str, ...] = ()


def known(db: Connection, source: str, guids: Iterable[str]) -> dict[str, Known]:
    """What the store holds of these guids of a source, or held: of those that are gone, that they are."""
    source_id = _source_id(db, source)
    guids = tuple(guids)
    columns = [articles.c[name] for name in ("guid", "url", "title", "raw_digest", "path")]
    return tombstones.known(db, source_id, guids) | {
        row.guid: Known(**row._asdict())
        for some in batches(guids)
        for row in db.execute(select(*columns).where(articles.c.source_id == source_id, articles.c.guid.in_(some)))
    }


def save(db: Connection, source: str, batch: Sequence[Article], *, now: datetime, slugs: categories.Slugs) -> Saved:
    """Store what is new in `batch` and what was revised, put it on its shelves, and mark these as touched.

    An article's `published`, and where that came from, stay as first stored. Its `updated` moves when its
    fingerprint does, and never backwards. One whose fingerprint did not move changes at most its shelves. One that is
    gone stays gone, also if that happened while `batch` was made.
    """
    source_id = _source_id(db, source)
    stored = {
        row.guid: row
        for some in batches(article.guid for article in batch)
        for row in db.execute(
            select(
                articles.c.id, articles.c.guid, articles.c.fingerprint, articles.c.published, articles.c.updated
            ).where(articles.c.source_id == source_id, articles.c.guid.in_(some))
        )
    }
    unknown = [article for article in batch if article.guid not in stored]
    gone = tombstones.known(db, source_id, (article.guid for article in unknown)).keys() | tombstones.copies(
        db, unknown
    )
    batch = [article for article in batch if article.guid not in gone]
    new = _with_ids_of_their_own(db, [article for article in batch if article.guid not in stored])
    revised = [a for a in batch if a.guid in stored and a.fingerprint != stored[a.guid].fingerprint]
    others = [a for a in batch if a.guid in stored and a.fingerprint == stored[a.guid].fingerprint]

    placed = _insert(db, source_id, new, now=now)
    _update(db, [_revision(stored[article.guid], article, now=now) for article in revised])
    _update(db, [{"_id": stored[article.guid].id} | _unseen(article) for article in others])
    placed += [
        categories.Placed(stored[a.guid].id, stored[a.guid].published, a.categories) for a in (*revised, *others)
    ]
    touched = categories.shelve(db, source_id, placed, slugs=slugs)
    renewed = {stored[article.guid].id for article in revised}
    archiving.take_out(db, renewed)
    also = categories.touch_those_of(db, renewed)
    categories.touch(db, set(touched.values()) - also)
    names = {name for article in revised for name in article.categories}
    names |= {key for key in touched if isinstance(key, str)}
    return Saved(new=len(new), revised=len(revised), categories=tuple(sorted(names)))


def archived(db: Connection, shelf_id: int, number: int | None, *, limit: int | None = None) -> tuple[Article, ...]:
    """What an archive document of a shelf holds (None: what is in none of them), newest first; equal dates in the order
    they came. At most `limit` of them."""
    return _read(
        db,
        _select()
        .join(shelves, shelves.c.article_id == articles.c.id)
        .where(
            shelves.c.category_id == shelf_id,
            shelves.c.archive.is_(None) if number is None else shelves.c.archive == number,
        )
        .order_by(shelves.c.published.desc(), shelves.c.article_id)
        .limit(limit),
    )


def stored(
    db: Connection, *, category: str | None = None, source: str | None = None, limit: int | None = None
) -> tuple[Article, ...]:
    """What the store holds, newest first: of one category, of one source, of both at once, or all of it."""
    query = _select().order_by(articles.c.published.desc(), articles.c.id).limit(limit)
    if category is not None:
        on_shelf = shelves.c.category_id == categories.id_of(category)
        query = query.join(shelves, shelves.c.article_id == articles.c.id).where(on_shelf)
    if source is not None:
        query = query.where(sources.c.name == source)
    return _read(db, query)


def named(db: Connection, word: str) -> list[int]:
    """The rows of the articles of this address, guid or id, whatever source they came from."""
    by_guid = articles.c.guid == word
    return list(
        db.scalars(select(articles.c.id).where(by_guid | (articles.c.atom_id == word) | (articles.c.url == word)))
    )


def reshelve(db: Connection, source: str, assign: Assign | None, *, slugs: categories.Slugs) -> None:
    """Put a source's stored articles on the shelves that `assign` names; None takes them off every shelf.

    The categories that an article left or entered are touched, no others.
    """
    source_id = _source_id(db, source)
    columns = (articles.c.id, articles.c.published, articles.c.own_categories, articles.c.tags)
    placed = []
    for row in db.execute(select(*columns).where(articles.c.source_id == source_id)):
        own, tags = (_DECODERS[name].decode(row._mapping[name]) for name in ("own_categories", "tags"))
        placed.append(categories.Placed(row.id, row.published, assign(own, tags) if assign else None))
    categories.touch(db, categories.shelve(db, source_id, placed, slugs=slugs).values())


def count(db: Connection) -> dict[str | None, int]:
    """How many articles stand on each shelf, by category; None for everything."""
    rows = db.execute(
        select(table.c.name, func.count())
        .join(shelves, shelves.c.category_id == table.c.id)
        .where(table.c.source_id.is_(None))
        .group_by(table.c.name)
    )
    return {name: number for name, number in rows}  # noqa: C416 - a Result is no mapping's argument


def _with_ids_of_their_own(db: Connection, new: list[Article]) -> list[Article]:
    """Two sources may give one guid: the second article is published under the id we mint.

    An id that we minted ourselves and that comes back is our own article, read from a feed of ours or from a mill
    that reads us: it is left out, or two mills that read each other would mint new ids for ever. The id of an article
    that is gone stays its own: readers know it.
    """
    held = (articles.c.atom_id, tombstones.atom_id)
    taken = {
        atom_id
        for some in batches(article.atom_id for article in new)
        for atom_id in db.scalars(union_all(*(select(column).where(column.in_(some)) for column in held)))
    }
    result = []
    for article in new:
        ours = article.minted_id[: article.minted_id.find(":", len("tag:")) + 1]  # tag:mill.example,2026:
        is_ours = article.atom_id != article.minted_id and bool(ours) and article.atom_id.startswith(ours)
        if is_ours and article.atom_id in taken:
            continue
        own = replace(article, atom_id=article.minted_id) if is_ours or article.atom_id in taken else article
        taken.add(own.atom_id)
        result.append(own)
    return result


def _insert(db: Connection, source_id: int, new: list[Article], *, now: datetime) -> list[categories.Placed]:
    if not new:
        return []
    rows = [
        _columns(article)
        | {
            "source_id": source_id,
            "guid": article.guid,
            "atom_id": article.atom_id,
            "published": article.published,
            "date_from": article.date_from,
            "first_seen_at": now,
        }
        for article in new
    ]
    db.execute(insert(articles), rows)
    # Asked for afterwards: with RETURNING in the order of the rows, SQLite takes a statement for each.
    ids = {
        row.guid: row.id
        for some in batches(article.guid for article in new)
        for row in db.execute(
            select(articles.c.id, articles.c.guid).where(articles.c.source_id == source_id, articles.c.guid.in_(some))
        )
    }
    return [categories.Placed(ids[article.guid], article.published, article.categories) for article in new]


def _update(db: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        db.execute(update(articles).where(articles.c.id == bindparam("_id")), rows)


def _revision(old: AnyRow, article: Article, *, now: datetime) -> dict[str, Any]:
    # A second revision within one second, or after the clock was set back, is an update all the same.
    updated = article.updated if article.updated > old.updated else max(now, old.updated + timedelta(seconds=1))
    return _columns(article) | {"_id": old.id, "updated": updated, "revised_at": now}


def _unseen(article: Article) -> dict[str, Any]:
    """What is noted where no reader would notice a change: not to normalize it again, to shelve by its new tags, and to
    name its new transcript, or how often it was seen, when its feeds are written next."""
    columns = _columns(article)
    return {name: columns[name] for name in ("raw_digest", "path", "own_categories", "tags", "extensions")}


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
    "raw_digest", "path",
)  # fmt: skip
_FROZEN = ("guid", "atom_id", "published", "date_from")  # stored once, never revised


def _columns(article: Article) -> dict[str, Any]:
    """The columns that a revision writes, too."""
    return {name: getattr(article, name) for name in _PLAIN} | {
        name: msgspec.json.encode(getattr(article, name)).decode() for name in _JSON
    }


def _select() -> Select[Any]:
    columns = [articles.c[name] for name in (*_FROZEN, *_PLAIN, *_JSON)]
    return select(sources.c.name.label("source"), *columns).join(sources, sources.c.id == articles.c.source_id)


def _read(db: Connection, query: Select[Any]) -> tuple[Article, ...]:
    rows = db.execute(query.add_columns(articles.c.id.label("_id"))).all()
    standing = categories.of_articles(db, (row._mapping["_id"] for row in rows))
    return tuple(_article(row, standing.get(row._mapping["_id"], ())) for row in rows)


def _article(row: AnyRow, names: tuple[str, ...]) -> Article:
    values = row._mapping
    return Article(
        source=values["source"],
        categories=names,
        **{name: values[name] for name in (*_FROZEN, *_PLAIN)},
        **{name: decoder.decode(values[name]) for name, decoder in _DECODERS.items()},
    )


def _source_id(db: Connection, name: str) -> int:
    source_id: int = db.execute(select(sources.c.id).where(sources.c.name == name)).scalar_one()
    return source_id
