"""Shelves as the store knows them: their folders, which articles stand on them, and what waits to be written.

There is one for everything, one for each category, and one for each source.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import Connection, Row, ScalarSelect, bindparam, delete, func, insert, select, update

from storage.batches import batches
from storage.tables import archives, shelves, sources
from storage.tables import categories as table

# Folder names for a category's name, the best first: the first that is free is taken, and kept for good.
Slugs: TypeAlias = Callable[[str], Sequence[str]]

SOURCES = "sources"  # the folder that those of sources lie in


class OfSource(NamedTuple):
    """The shelf of the source of that name."""

    name: str


Key: TypeAlias = str | OfSource | None  # a category by its name, a source's own shelf, or everything


class Placed(NamedTuple):
    """An article by its row, and the categories it belongs in; None: on no shelf, not even that of everything."""

    article_id: int
    published: datetime
    categories: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A shelf's standing: `touched` moves with its articles, `written` follows when its files are."""

    id: int
    key: Key
    slug: str
    touched: int
    written: int
    settings_digest: str
    latest_archive: int  # the number of its newest archive document that was written; 0: none


def settle(db: Connection, keys: Iterable[Key], *, chosen: Mapping[Key, str], slugs: Slugs) -> None:
    """Give each of these, and everything, a row and a slug: the `chosen` one, or the first free of `slugs`.

    A slug once given stays, for it is part of an address that readers subscribed to; only a chosen one moves it.
    No two differ only in capitals or in how Unicode composes them: to some file systems those are one folder.
    """
    held = {shelf.key: shelf.slug for shelf in standing(db).values()}
    claimed = {_folded(slug) for slug in chosen.values()}
    taken = claimed | {_folded(slug) for slug in held.values()}

    def free(key: Key) -> str:
        slug = next(slug for slug in _candidates(key, slugs) if _folded(slug) not in taken)
        taken.add(_folded(slug))
        return slug

    settled: dict[Key, str] = {None: ""}
    settled.update(chosen)
    for key in sorted({*keys, *held} - {None} - chosen.keys(), key=lambda key: (isinstance(key, OfSource), str(key))):
        # A slug that the config now gives to another is lost: the config's word counts.
        is_kept = key in held and _folded(held[key]) not in claimed
        settled[key] = held[key] if is_kept else free(key)
    _record_slugs(db, {key: slug for key, slug in settled.items() if held.get(key) != slug}, held)


def shelve(db: Connection, source_id: int, placed: Sequence[Placed], *, slugs: Slugs) -> dict[Key, int]:
    """Make these articles of a source stand on the shelves of their categories, of their source and of everything, and
    on no others.

    Returns the shelves that an article entered or left: their rows, by key.
    """
    names = {name for article in placed for name in article.categories or ()}
    ids = _ids(db, source_id)
    if not {*names, None} <= ids.keys():
        settle(db, names, chosen={}, slugs=slugs)
        ids = _ids(db, source_id)
    own = [key for key in ids if key is None or isinstance(key, OfSource)]
    published = {article.article_id: article.published for article in placed}
    wanted = {
        (ids[key], article.article_id)
        for article in placed
        if article.categories is not None
        for key in (*own, *article.categories)
    }
    standing = {
        (row.category_id, row.article_id)
        for some in batches(published)
        for row in db.execute(select(shelves.c.category_id, shelves.c.article_id).where(shelves.c.article_id.in_(some)))
    }
    left, entered = standing - wanted, wanted - standing
    if left:
        is_it = (shelves.c.category_id == bindparam("category"), shelves.c.article_id == bindparam("article"))
        db.execute(delete(shelves).where(*is_it), [{"category": shelf, "article": id_} for shelf, id_ in left])
    if entered:
        db.execute(
            insert(shelves),
            [{"category_id": shelf, "article_id": id_, "published": published[id_]} for shelf, id_ in sorted(entered)],
        )
    moved = {shelf for shelf, _article in left | entered}
    return {key: id_ for key, id_ in ids.items() if id_ in moved}


def touch(db: Connection, shelf_ids: Iterable[int]) -> None:
    """These shelves hold something new: their files are to be written."""
    for some in batches(shelf_ids):
        db.execute(update(table).where(table.c.id.in_(some)).values(touched=table.c.touched + 1))


def touch_those_of(db: Connection, article_ids: Iterable[int]) -> set[int]:
    """Every shelf that one of these articles stands on is to be written; their rows."""
    found = {
        shelf
        for some in batches(article_ids)
        for shelf in db.scalars(select(shelves.c.category_id).where(shelves.c.article_id.in_(some)).distinct())
    }
    touch(db, found)
    return found


def of_articles(db: Connection, article_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The categories that each of these articles stands in, by name; an article that stands in none is left out."""
    found: dict[int, list[str]] = {}
    for some in batches(article_ids):
        of_some = select(shelves.c.article_id, table.c.name).join(table, table.c.id == shelves.c.category_id)
        for row in db.execute(of_some.where(shelves.c.article_id.in_(some), table.c.name.is_not(None))):
            found.setdefault(row.article_id, []).append(row.name)
    return {article_id: tuple(sorted(names)) for article_id, names in found.items()}


def standing(db: Connection) -> dict[Key, Shelf]:
    """Every shelf that there ever was."""
    return {shelf.key: shelf for shelf in map(_shelf, db.execute(_SHELVES))}


def shelf_of(db: Connection, shelf_id: int) -> Shelf:
    """One shelf's standing, by its row."""
    return _shelf(db.execute(_SHELVES.where(table.c.id == shelf_id)).one())


def record_written(db: Connection, shelf: Shelf, *, settings_digest: str) -> None:
    """The files of a shelf show what it held when `shelf` was read, or more."""
    db.execute(
        update(table)
        .where(table.c.id == shelf.id, table.c.slug == shelf.slug)
        .values(written=shelf.touched, settings_digest=settings_digest)
    )


def id_of(category: str | None) -> ScalarSelect[int]:
    """The row of a category, or of everything."""
    is_it = table.c.name.is_(None) & table.c.source_id.is_(None) if category is None else table.c.name == category
    return select(table.c.id).where(is_it).scalar_subquery()


def _ids(db: Connection, source_id: int) -> dict[Key, int]:
    """The rows of everything, of all categories, and of this source's own shelf, where it has one."""
    columns = (table.c.id, table.c.name, sources.c.name.label("source"))
    rows = db.execute(
        select(*columns)
        .outerjoin(sources, sources.c.id == table.c.source_id)
        .where(table.c.source_id.is_(None) | (table.c.source_id == source_id))
    )
    return {row.name if row.source is None else OfSource(row.source): row.id for row in rows}


def _candidates(key: Key, slugs: Slugs) -> Iterable[str]:
    if isinstance(key, OfSource):
        return (f"{SOURCES}/{slug}" for slug in slugs(key.name))
    return slugs(str(key))


def _record_slugs(db: Connection, moved: Mapping[Key, str], held: Mapping[Key, str]) -> None:
    ids = {shelf.key: shelf.id for shelf in standing(db).values()} if moved.keys() & held.keys() else {}
    # Two categories may change places: each leaves its old slug before one takes a new one.
    for key in moved.keys() & held.keys():
        db.execute(update(table).where(table.c.id == ids[key]).values(slug=f"/{ids[key]}"))
    for key, slug in moved.items():
        if key in held:
            db.execute(update(table).where(table.c.id == ids[key]).values(slug=slug, settings_digest=""))
        elif isinstance(key, OfSource):
            own = select(sources.c.id).where(sources.c.name == key.name).scalar_subquery()
            db.execute(insert(table).values(source_id=own, slug=slug))
        else:
            db.execute(insert(table).values(name=key, slug=slug))


def _folded(slug: str) -> str:
    """Equal for slugs that a file system without capitals, or one that composes Unicode anew, takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", slug).casefold())


_SHELVES = select(
    table.c.id,
    table.c.name,
    table.c.slug,
    table.c.touched,
    table.c.written,
    table.c.settings_digest,
    sources.c.name.label("source"),
    select(func.coalesce(func.max(archives.c.number), 0))
    .where(archives.c.category_id == table.c.id, archives.c.is_written)
    .correlate(table)
    .scalar_subquery()
    .label("latest_archive"),
).outerjoin(sources, sources.c.id == table.c.source_id)


def _shelf(row: Row[*tuple[Any, ...]]) -> Shelf:
    return Shelf(
        id=row.id,
        key=row.name if row.source is None else OfSource(row.source),
        slug=row.slug,
        touched=row.touched,
        written=row.written,
        settings_digest=row.settings_digest,
        latest_archive=row.latest_archive,
    )
