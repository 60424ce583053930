"""Shelves as the store knows them: their folders, which articles stand on them, and what waits to be written.

There is one for everything, one for each category, and one for each source.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Container, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import (
    Connection,
    Row,
    ScalarSelect,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    null,
    select,
    union_all,
    update,
)

from storage import archiving, covering
from storage.batches import batches
from storage.tables import archives, covered, shelves, sources
from storage.tables import categories as table

# Folder names for a category's name, the best first: the first that is free is taken, and kept for good.
Slugs: TypeAlias = Callable[[str], Sequence[str]]

SOURCES = "sources"  # the folder that those of sources lie in

# What stands behind the digests of a private shelf: that it is one, and that its slug is a secret.
PRIVATE, SECRET = "/private", "/private-path"
STRAYS = "+"  # and behind that: articles came to it from public shelves, whose files may show them still


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
    latest_archive: int  # the number of its newest archive document that holds something; 0: none
    has_archives: bool  # also such as hold nothing any more

    @property
    def was_private(self) -> bool:
        """Files of it may lie where it was published as a private one."""
        return PRIVATE in self.settings_digest

    @property
    def has_strays(self) -> bool:
        return self.settings_digest.endswith(STRAYS)


class Moves(NamedTuple):
    """What a change of places came to."""

    touched: dict[Key, int]  # the shelves that an article entered or left: their rows, by key
    left: frozenset[tuple[int, int]]  # from which shelf which article went, by their rows
    entered: frozenset[tuple[int, int]] = frozenset()


def settle(
    db: Connection,
    keys: Iterable[Key],
    *,
    chosen: Mapping[Key, str],
    slugs: Slugs,
    secret: Container[Key] | None = None,
) -> None:
    """Give each of these, and everything, a row and a slug: the `chosen` one, or the first free of `slugs`.

    A slug once given stays, for it is part of an address that readers subscribed to; only a chosen one moves it, and
    one that was a secret goes with it. No two differ only in capitals or in how Unicode composes them: to some file
    systems those are one folder. Those in `secret` are noted as such; None: nobody knows now.
    """
    shelves_held = standing(db)
    held = {shelf.key: shelf.slug for shelf in shelves_held.values()}
    were_secret = {shelf.key for shelf in shelves_held.values() if SECRET in shelf.settings_digest}
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
        is_kept = key in held and (secret is None or key not in were_secret) and _folded(held[key]) not in claimed
        settled[key] = held[key] if is_kept else free(key)
    digests = {shelf.key: PRIVATE for shelf in shelves_held.values() if shelf.was_private}
    digests |= {key: SECRET for key in settled if key in (were_secret if secret is None else secret)}
    _record_slugs(db, {key: slug for key, slug in settled.items() if held.get(key) != slug}, held, digests)


def shelve(
    db: Connection,
    source_id: int,
    placed: Sequence[Placed],
    *,
    slugs: Slugs,
    private: Set[str] = frozenset(),
    rank: covering.Rank = covering.by_date,
) -> Moves:
    """Make these articles of a source stand on the shelves of their categories, of their source and of everything, and
    on no others; one in a `private` category in such categories alone. What left a shelf leaves its archive document
    there as well, which is to be written again.

    A copy stays one where it belongs. The best copy, by `rank`, of what left takes its place.
    """
    placed = [article._replace(categories=_private_ones(article.categories, private)) for article in placed]
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
        for key in (*(own if private.isdisjoint(article.categories) else ()), *article.categories)
    }
    standing, hidden = _places(db, published)
    left, entered, gone = standing.keys() - wanted, wanted - standing.keys() - hidden, hidden - wanted
    covering.forget(db, gone)
    if left:
        archiving.write_these_again(db, ((place[0], number) for place in left if (number := standing[place])))
        is_it = (shelves.c.category_id == bindparam("category"), shelves.c.article_id == bindparam("article"))
        db.execute(delete(shelves).where(*is_it), [{"category": shelf, "article": id_} for shelf, id_ in left])
        covering.succeed(db, {place: standing[place] for place in left}, rank=rank)
    if entered:
        db.execute(
            insert(shelves),
            [{"category_id": shelf, "article_id": id_, "published": published[id_]} for shelf, id_ in sorted(entered)],
        )
    if private:
        _note_strays(db, {article for shelf, article in left | gone if shelf == ids[None]}, placed)
    moved = {shelf for shelf, _article in left | entered | gone}
    return Moves({key: id_ for key, id_ in ids.items() if id_ in moved}, frozenset(left), frozenset(entered))


def _private_ones(names: tuple[str, ...] | None, private: Set[str]) -> tuple[str, ...] | None:
    """The private ones alone, where there are any."""
    return tuple(name for name in names or () if name in private) or names


def _note_strays(db: Connection, article_ids: Set[int], placed: Iterable[Placed]) -> None:
    """These articles left the public; the shelves where they are now remember it until nothing shows them there."""
    names = {name for article in placed if article.article_id in article_ids for name in article.categories or ()}
    for some in batches(names):
        those = table.c.name.in_(some) & ~table.c.settings_digest.endswith(STRAYS)
        db.execute(update(table).where(those).values(settings_digest=table.c.settings_digest + STRAYS))


def forget_privacy(db: Connection, shelf_ids: Iterable[int]) -> None:
    """Nothing is left of when these shelves were private."""
    for some in batches(shelf_ids):
        db.execute(update(table).where(table.c.id.in_(some)).values(settings_digest=""))


def touch(db: Connection, shelf_ids: Iterable[int]) -> None:
    """These shelves hold something new: their files are to be written."""
    for some in batches(shelf_ids):
        db.execute(update(table).where(table.c.id.in_(some)).values(touched=table.c.touched + 1))


def _places(db: Connection, article_ids: Iterable[int]) -> tuple[dict[covering.Place, int | None], set[covering.Place]]:
    """Where these articles stand, with the archive document that holds each there; and where they are copies."""
    standing: dict[covering.Place, int | None] = {}
    hidden: set[covering.Place] = set()
    for some in batches(article_ids):
        for row in db.execute(_PLACES, {"articles": some}):
            place = (row.category_id, row.article_id)
            if row.is_copy:
                hidden.add(place)
            else:
                standing[place] = row.archive
    return standing, hidden


def touch_those_of(db: Connection, article_ids: Iterable[int]) -> set[int]:
    """Every shelf that one of these articles stands on, or is named on as a copy, is to be written; their rows."""
    standing, hidden = _places(db, article_ids)
    found = {shelf for shelf, _article in (*standing, *hidden)}
    touch(db, found)
    return found


def of_articles(db: Connection, article_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The categories that each of these articles belongs in, by name, be it as a copy; an article that belongs in none
    is left out."""
    found: dict[int, list[str]] = {}
    for some in batches(article_ids):
        for row in db.execute(_NAMES, {"articles": some}):
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


def _record_slugs(
    db: Connection, moved: Mapping[Key, str], held: Mapping[Key, str], digests: Mapping[Key, str]
) -> None:
    ids = {shelf.key: shelf.id for shelf in standing(db).values()} if moved.keys() & held.keys() else {}
    # Two categories may change places: each leaves its old slug before one takes a new one.
    for key in moved.keys() & held.keys():
        db.execute(update(table).where(table.c.id == ids[key]).values(slug=f"/{ids[key]}"))
    for key, slug in moved.items():
        if key in held:
            digest = digests.get(key, "")
            db.execute(update(table).where(table.c.id == ids[key]).values(slug=slug, settings_digest=digest))
        elif isinstance(key, OfSource):
            own = select(sources.c.id).where(sources.c.name == key.name).scalar_subquery()
            db.execute(insert(table).values(source_id=own, slug=slug))
        else:
            db.execute(insert(table).values(name=key, slug=slug, settings_digest=digests.get(key, "")))


def _folded(slug: str) -> str:
    """Equal for slugs that a file system without capitals, or one that composes Unicode anew, takes for one."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", slug).casefold())


_SOME: Any = bindparam("articles", expanding=True)
_PLACES = union_all(
    select(shelves.c.category_id, shelves.c.article_id, shelves.c.archive, literal(0).label("is_copy")).where(
        shelves.c.article_id.in_(_SOME)
    ),
    select(covered.c.category_id, covered.c.article_id, null(), literal(1)).where(covered.c.article_id.in_(_SOME)),
)

_NAMES = union_all(
    *(
        select(each.c.article_id, table.c.name)
        .join(table, table.c.id == each.c.category_id)
        .where(each.c.article_id.in_(_SOME), table.c.name.is_not(None))
        for each in (shelves, covered)
    )
)

_SHELVES = select(
    table.c.id,
    table.c.name,
    table.c.slug,
    table.c.touched,
    table.c.written,
    table.c.settings_digest,
    sources.c.name.label("source"),
    select(func.max(shelves.c.archive))
    .where(shelves.c.category_id == table.c.id, shelves.c.archive.is_not(None))
    .correlate(table)
    .scalar_subquery()
    .label("latest_archive"),
    exists().where(archives.c.category_id == table.c.id).label("has_archives"),
).outerjoin(sources, sources.c.id == table.c.source_id)


def _shelf(row: Row[*tuple[Any, ...]]) -> Shelf:
    return Shelf(
        id=row.id,
        key=row.name if row.source is None else OfSource(row.source),
        slug=row.slug,
        touched=row.touched,
        written=row.written,
        settings_digest=row.settings_digest,
        latest_archive=row.latest_archive or 0,
        has_archives=bool(row.has_archives),
    )
