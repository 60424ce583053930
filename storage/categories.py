"""Shelves as the store knows them: their folders, which articles stand on them, and what waits to be written.

There is one for everything, one for each category, and one for each source.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence, Set
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
from storage.among import among
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


class Placement(NamedTuple):
    """Articles of a source, by its row; what stands in a `private` category stands in such categories alone."""

    source_id: int
    placed: Sequence[Placed]
    private: Set[str] = frozenset()


class Moves(NamedTuple):
    """What a change of places came to."""

    keys: dict[int, Key]  # of the shelves that an article entered or left, by their rows
    left: frozenset[covering.Place]
    entered: frozenset[covering.Place]
    all: frozenset[covering.Place]  # also where copies do not belong any more


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
    placements: Sequence[Placement],
    *,
    slugs: Slugs,
    rank: covering.Rank = covering.by_date,
    are_old: bool = False,
) -> Moves:
    """Make these articles stand on the shelves of their categories, of their source and of everything, and on no
    others. What left a shelf leaves its archive document there as well, which is to be written again.

    A copy stays one where it belongs. The best copy, by `rank`, of what left takes its place. Those that `are_old` may
    have been public once, though they stand nowhere now.
    """
    placements = [_in_private(each) for each in placements]
    placed = [article for each in placements for article in each.placed]
    rows = _settled(db, placements, slugs)
    published = {article.article_id: article.published for article in placed}
    wanted = {place for each in placements for place in rows.wanted(each)}
    standing, hidden = _places(db, published)
    left, entered, gone = standing.keys() - wanted, wanted - standing.keys() - hidden, hidden - wanted
    covering.forget(db, gone)
    if left:
        archiving.write_these_again(db, ((place[0], number) for place in left if (number := standing[place])))
        db.execute(_TAKE_OFF, [{"category": shelf, "article": id_} for shelf, id_ in left])
        covering.succeed(db, {place: standing[place] for place in left}, rank=rank)
    if entered:
        db.execute(
            insert(shelves),
            [{"category_id": shelf, "article_id": id_, "published": published[id_]} for shelf, id_ in sorted(entered)],
        )
    if any(each.private for each in placements):
        strays = {article for shelf, article in left | gone if shelf == rows.of_names[None]}
        _note_strays(db, strays | ({article for _shelf, article in entered} if are_old else set()), placements)
    moved = frozenset(left | entered | gone)
    return Moves({shelf: rows.keys[shelf] for shelf, _article in moved}, frozenset(left), frozenset(entered), moved)


def _in_private(placement: Placement) -> Placement:
    """With the private categories alone, where there are any."""
    if not placement.private:
        return placement
    return placement._replace(
        placed=[
            article._replace(categories=_private_ones(article.categories, placement.private))
            for article in placement.placed
        ]
    )


def _private_ones(names: tuple[str, ...] | None, private: Set[str]) -> tuple[str, ...] | None:
    """The private ones alone, where there are any."""
    return tuple(name for name in names or () if name in private) or names


def _note_strays(db: Connection, article_ids: Set[int], placements: Iterable[Placement]) -> None:
    """These articles left the public; the private shelves where they are now remember it until nothing shows them
    there."""
    names = {
        name
        for each in placements
        for article in each.placed
        if article.article_id in article_ids
        for name in each.private & set(article.categories or ())
    }
    for some in batches(names):
        those = table.c.name.in_(some) & ~table.c.settings_digest.endswith(STRAYS)
        db.execute(update(table).where(those).values(settings_digest=table.c.settings_digest + STRAYS))


def forget_privacy(db: Connection, shelf_ids: Iterable[int]) -> None:
    """Nothing is left of when these shelves were private."""
    for some in batches(shelf_ids):
        db.execute(update(table).where(table.c.id.in_(some)).values(settings_digest=""))


def touch(db: Connection, shelf_ids: Iterable[int]) -> None:
    """These shelves hold something new: their files are to be written."""
    touched = set(shelf_ids)
    if touched:
        db.execute(_TOUCH, {"shelves": touched})


def _places(db: Connection, article_ids: Iterable[int]) -> tuple[dict[covering.Place, int | None], set[covering.Place]]:
    """Where these articles stand, with the archive document that holds each there; and where they are copies."""
    standing: dict[covering.Place, int | None] = {}
    hidden: set[covering.Place] = set()
    asked = set(article_ids)
    for shelf_id, article_id, archive, is_copy in db.execute(_PLACES, {"articles": asked}) if asked else ():
        if is_copy:
            hidden.add((shelf_id, article_id))
        else:
            standing[shelf_id, article_id] = archive
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
    asked = set(article_ids)
    for article_id, name in db.execute(_NAMES, {"articles": asked}) if asked else ():
        found.setdefault(article_id, []).append(name)
    return {article_id: tuple(sorted(names)) for article_id, names in found.items()}


def standing(db: Connection) -> dict[Key, Shelf]:
    """Every shelf that there ever was."""
    return {shelf.key: shelf for shelf in map(_shelf, db.execute(_SHELVES))}


def shelf_of(db: Connection, shelf_id: int) -> Shelf:
    """One shelf's standing, by its row."""
    return _shelf(db.execute(_SHELF, {"id": shelf_id}).one())


def record_written(db: Connection, shelf: Shelf, *, settings_digest: str) -> None:
    """The files of a shelf show what it held when `shelf` was read, or more."""
    stands = {"_id": shelf.id, "_slug": shelf.slug}
    db.execute(_RECORD_WRITTEN, stands | {"written": shelf.touched, "settings_digest": settings_digest})


def id_of(category: str | None) -> ScalarSelect[int]:
    """The row of a category, or of everything."""
    is_it = table.c.name.is_(None) & table.c.source_id.is_(None) if category is None else table.c.name == category
    return select(table.c.id).where(is_it).scalar_subquery()


def in_public(db: Connection, article_ids: Iterable[int]) -> set[int]:
    """Those of these articles that belong on everything's shelf, be it as a copy."""
    asked = set(article_ids)
    return set(db.scalars(_IN_PUBLIC, {"articles": asked})) if asked else set()


class _Rows(NamedTuple):
    """The rows of everything, of all categories, and of some sources' own shelves, where they have one."""

    keys: dict[int, Key]
    of_names: dict[str | None, int]
    of_sources: dict[int, int]  # by the sources' rows

    def wanted(self, placement: Placement) -> Iterator[covering.Place]:
        """Where articles are to stand."""
        own = self.of_sources.get(placement.source_id)
        public = [self.of_names[None], *([] if own is None else [own])]
        for article in placement.placed:
            if article.categories is not None:
                is_public = placement.private.isdisjoint(article.categories)
                shelf_ids = (*(public if is_public else ()), *(self.of_names[name] for name in article.categories))
                yield from ((shelf_id, article.article_id) for shelf_id in shelf_ids)


def _settled(db: Connection, placements: Sequence[Placement], slugs: Slugs) -> _Rows:
    """With all categories that articles are to stand in."""
    names = {name for each in placements for article in each.placed for name in article.categories or ()}
    source_ids = {each.source_id for each in placements}
    rows = _rows(db, source_ids)
    if {*names, None} <= rows.of_names.keys():
        return rows
    settle(db, names, chosen={}, slugs=slugs)
    return _rows(db, source_ids)


def _rows(db: Connection, source_ids: Set[int]) -> _Rows:
    rows = _Rows({}, {}, {})
    for row, name, source_id, source in db.execute(_ROWS, {"sources": source_ids}):
        if source_id is None:
            rows.of_names[name] = row
        else:
            rows.of_sources[source_id] = row
        rows.keys[row] = name if source_id is None else OfSource(source)
    return rows


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


# Asked for every source that has news, or every document. Made once: to put them together takes as long as to run them.
_PLACES = union_all(
    select(shelves.c.category_id, shelves.c.article_id, shelves.c.archive, literal(0)).where(
        among(shelves.c.article_id, "articles")
    ),
    select(covered.c.category_id, covered.c.article_id, null(), literal(1)).where(
        among(covered.c.article_id, "articles")
    ),
)
_NAMES = union_all(
    *(
        select(each.c.article_id, table.c.name)
        .join(table, table.c.id == each.c.category_id)
        .where(among(each.c.article_id, "articles"), table.c.name.is_not(None))
        for each in (shelves, covered)
    )
)
_IN_PUBLIC = union_all(
    *(
        select(each.c.article_id).where(each.c.category_id == id_of(None), among(each.c.article_id, "articles"))
        for each in (shelves, covered)
    )
)
_ROWS = (
    select(table.c.id, table.c.name, table.c.source_id, sources.c.name.label("source"))
    .outerjoin(sources, sources.c.id == table.c.source_id)
    .where(table.c.source_id.is_(None) | among(table.c.source_id, "sources"))
)
_TAKE_OFF = delete(shelves).where(
    shelves.c.category_id == bindparam("category"), shelves.c.article_id == bindparam("article")
)
_TOUCH = update(table).where(among(table.c.id, "shelves")).values(touched=table.c.touched + 1)
_RECORD_WRITTEN = (
    update(table)
    .where(table.c.id == bindparam("_id"), table.c.slug == bindparam("_slug"))
    .values(written=bindparam("written"), settings_digest=bindparam("settings_digest"))
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
_SHELF = _SHELVES.where(table.c.id == bindparam("id"))


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
