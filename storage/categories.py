"""Categories as the store knows them: their folders, which articles stand on them, and what waits to be written."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, TypeAlias

from sqlalchemy import Connection, ScalarSelect, bindparam, delete, insert, select, update

from storage.batches import batches
from storage.tables import categories as table
from storage.tables import shelves

# Folder names for a category's name, the best first: the first that is free is taken, and kept for good.
Slugs: TypeAlias = Callable[[str], Sequence[str]]


class Placed(NamedTuple):
    """An article by its row, and the categories it belongs in; None: on no shelf, not even that of everything."""

    article_id: int
    published: datetime
    categories: tuple[str, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """A category's standing: `touched` moves with its articles, `written` follows when its files are."""

    name: str | None  # None: everything
    slug: str
    touched: int
    written: int
    settings_digest: str


def settle(db: Connection, names: Iterable[str], *, chosen: Mapping[str, str], slugs: Slugs) -> None:
    """Give each named category, and everything, a row and a slug: the `chosen` one, or the first free of `slugs`.

    A slug once given stays, for it is part of an address that readers subscribed to; only a chosen one moves it.
    No two differ only in capitals or in how Unicode composes them: to some file systems those are one folder.
    """
    held: dict[str | None, str] = {row.name: row.slug for row in db.execute(select(table.c.name, table.c.slug))}
    claimed = {_folded(slug) for slug in chosen.values()}
    taken = claimed | {_folded(slug) for slug in held.values()}

    def free(name: str) -> str:
        slug = next(slug for slug in slugs(name) if _folded(slug) not in taken)
        taken.add(_folded(slug))
        return slug

    settled: dict[str | None, str] = {None: ""}
    settled.update(chosen)
    for name in sorted({*names, *(name for name in held if name is not None)} - chosen.keys()):
        # A slug that the config now gives to another is lost: the config's word counts.
        is_kept = name in held and _folded(held[name]) not in claimed
        settled[name] = held[name] if is_kept else free(name)
    _record_slugs(db, {name: slug for name, slug in settled.items() if held.get(name) != slug}, held)


def shelve(db: Connection, placed: Sequence[Placed], *, slugs: Slugs) -> set[str | None]:
    """Make these articles stand on the shelves of their categories and of everything, and on no others.

    Returns the categories that an article entered or left.
    """
    names = {name for article in placed for name in article.categories or ()}
    ids = _ids(db)
    if not names | {None} <= ids.keys():
        settle(db, names, chosen={}, slugs=slugs)
        ids = _ids(db)
    published = {article.article_id: article.published for article in placed}
    wanted = {
        (ids[name], article.article_id)
        for article in placed
        if article.categories is not None
        for name in (None, *article.categories)
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
    return {name for name, id_ in ids.items() if id_ in moved}


def touch(db: Connection, names: Iterable[str | None]) -> None:
    """These shelves hold something new: their files are to be written."""
    ids = _ids(db)
    for some in batches(ids[name] for name in names):
        db.execute(update(table).where(table.c.id.in_(some)).values(touched=table.c.touched + 1))


def of_articles(db: Connection, article_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The categories that each of these articles stands in, by name; an article that stands nowhere is left out."""
    found: dict[int, list[str]] = {}
    for some in batches(article_ids):
        of_some = select(shelves.c.article_id, table.c.name).join(table, table.c.id == shelves.c.category_id)
        for row in db.execute(of_some.where(shelves.c.article_id.in_(some), table.c.name.is_not(None))):
            found.setdefault(row.article_id, []).append(row.name)
    return {article_id: tuple(sorted(names)) for article_id, names in found.items()}


def standing(db: Connection) -> dict[str | None, Shelf]:
    """Every category we ever saw, by name; None is everything."""
    return {
        row.name: Shelf(**row._asdict())
        for row in db.execute(
            select(table.c.name, table.c.slug, table.c.touched, table.c.written, table.c.settings_digest)
        )
    }


def record_written(db: Connection, shelf: Shelf, *, settings_digest: str) -> None:
    """The files of a shelf show what it held when `shelf` was read, or more."""
    db.execute(
        update(table)
        .where(table.c.id == id_of(shelf.name), table.c.slug == shelf.slug)
        .values(written=shelf.touched, settings_digest=settings_digest)
    )


def id_of(name: str | None) -> ScalarSelect[int]:
    return select(table.c.id).where(table.c.name.is_(None) if name is None else table.c.name == name).scalar_subquery()


def _ids(db: Connection) -> dict[str | None, int]:
    return {row.name: row.id for row in db.execute(select(table.c.id, table.c.name))}


def _record_slugs(db: Connection, moved: Mapping[str | None, str], held: Mapping[str | None, str]) -> None:
    # Two categories may change places: each leaves its old slug before one takes a new one.
    for number, name in enumerate(moved.keys() & held.keys()):
        db.execute(update(table).where(table.c.id == id_of(name)).values(slug=f"/{number}"))
    for name, slug in moved.items():
        if name in held:
            db.execute(update(table).where(table.c.id == id_of(name)).values(slug=slug, settings_digest=""))
        else:
            db.execute(insert(table).values(name=name, slug=slug))


def _folded(slug: str) -> str:
    """Equal for slugs that a file system without capitals, or one that composes Unicode anew, takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", slug).casefold())
