"""The shelves themselves: which there are, the folder of each, and whether its files show what it holds.

There is one for everything, one for each category, and one for each source.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from msgspec import Struct
from sqlalchemy import (
    Connection,
    Row,
    ScalarSelect,
    bindparam,
    case,
    exists,
    func,
    insert,
    select,
    update,
)

from storage.among import among
from storage.batches import batches
from storage.tables import archives, shelved, sources
from storage.tables import shelves as table

# Folder names for a category's name, the best first: the first that is free is taken, and kept for good.
Slugs: TypeAlias = Callable[[str], Sequence[str]]

SOURCES = "sources"  # the folder that those of sources lie in

# What stands behind the digests of a private shelf: that it is one, and that its slug is a secret.
PRIVATE, SECRET = "/private", "/private-path"
GONE = "/gone-"  # in place of a digest, and behind it how often the shelf had been touched when its files were removed
STRAYS = "+"  # and behind that: articles came to it from public shelves, whose files may show them still


class OfSource(NamedTuple):
    """The shelf of the source of that name."""

    name: str


Key: TypeAlias = str | OfSource | None  # a category by its name, a source's own shelf, or everything


class Shelf(Struct, frozen=True, kw_only=True):
    """A shelf's standing: `touched` moves with its articles, `written` follows when its files are."""

    id: int
    key: Key
    slug: str
    touched: int
    written: int
    settings_digest: str
    latest_archive: int  # the number of its newest archive document that holds something; 0: none
    has_archives: bool  # also such as hold nothing any more
    is_empty: bool  # no article stands there now

    @property
    def was_private(self) -> bool:
        """Files of it may lie where it was published as a private one."""
        return PRIVATE in self.settings_digest

    @property
    def is_gone(self) -> bool:
        """Nothing that was published of it is left."""
        return self.settings_digest == f"{GONE}{self.touched}"

    @property
    def has_strays(self) -> bool:
        return self.settings_digest.endswith(STRAYS)


def settle(
    db: Connection,
    keys: Iterable[Key],
    *,
    chosen: Mapping[Key, str],
    slugs: Slugs,
    secret: Container[Key] | None = None,
    listed: Container[Key] | None = None,
) -> None:
    """Give each of these, and everything, a row and a slug: the `chosen` one, or the first free of `slugs`.

    A slug once given stays, for it is part of an address that readers subscribed to; only a chosen one moves it, and
    one that was a secret goes with it. No two differ only in capitals or in how Unicode composes them: to some file
    systems those are one folder. Those in `secret` are noted as such; None: nobody knows now.

    Where only the categories in `listed` have feeds, one that lost its folder to another has it back once that other is
    listed no more.
    """
    wanted = set(keys)
    rows = [(_key(name, source), slug, digest) for name, source, slug, digest in db.execute(_HELD)]
    held = {key: slug for key, slug, _digest in rows}
    were_private = [key for key, _slug, digest in rows if PRIVATE in digest]
    were_secret = {key for key, _slug, digest in rows if SECRET in digest}
    chosen_ones = {_folded(slug) for slug in chosen.values()}
    folded = {key: _folded(slug) for key, slug in held.items()}

    def free(key: Key) -> str:
        slug = next(slug for slug in _candidates(key, slugs) if _folded(slug) not in taken)
        taken.add(_folded(slug))
        return slug

    lost = set() if secret is None else were_secret
    # A slug that the config now gives to another is lost: the config's word counts.
    kept = {key: slug for key, slug in held.items() if key not in lost and folded[key] not in chosen_ones}
    unpublished = wanted & kept.keys() & {key for key, _slug, digest in rows if not digest}
    moving = _given_back(unpublished, kept, slugs, listed) if listed is not None else set()
    settled: dict[Key, str] = {**{key: slug for key, slug in kept.items() if key not in moving}, None: "", **chosen}
    taken = chosen_ones.union(slug for key, slug in folded.items() if key not in moving)
    for key in sorted({*wanted, *held} - settled.keys(), key=lambda key: (key not in wanted, *_order(key))):
        settled[key] = free(key)
    digests = dict.fromkeys(were_private, PRIVATE)
    digests |= {key: SECRET for key in settled if key in (were_secret if secret is None else secret)}
    _record_slugs(db, {key: slug for key, slug in settled.items() if held.get(key) != slug}, held, digests)


def record_gone(db: Connection, shelf: Shelf) -> None:
    """No file of a shelf is left, nor any page of its articles, unless it was touched since `shelf` was read."""
    is_it = (table.c.id == shelf.id) & (table.c.touched == shelf.touched)
    db.execute(update(table).where(is_it).values(settings_digest=f"{GONE}{shelf.touched}"))


def forget_privacy(db: Connection, shelf_ids: Iterable[int]) -> None:
    """Nothing is left of when these shelves were private."""
    for some in batches(shelf_ids):
        db.execute(update(table).where(table.c.id.in_(some)).values(settings_digest=""))


def touch(db: Connection, shelf_ids: Iterable[int]) -> None:
    """These shelves hold something new: their files are to be written."""
    touched = set(shelf_ids)
    if touched:
        db.execute(_TOUCH, {"shelves": touched})


def standing(db: Connection) -> dict[Key, Shelf]:
    """Every shelf that there ever was."""
    return {shelf.key: shelf for shelf in map(_shelf, db.execute(_SHELVES))}


def touched(db: Connection, *, of_sources: bool = True) -> tuple[Shelf, ...]:
    """Those whose files do not show all they hold; with or without those of sources."""
    return tuple(map(_shelf, db.execute(_TOUCHED if of_sources else _TOUCHED.where(table.c.source_id.is_(None)))))


def shelf_of(db: Connection, shelf_id: int) -> Shelf:
    """One shelf's standing, by its row."""
    return _shelf(db.execute(_SHELF, {"id": shelf_id}).one())


def record_written(db: Connection, shelf: Shelf, *, settings_digest: str, swept: int = -1) -> None:
    """The files of a shelf show what it held when `shelf` was read, or more; and what came to it from public shelves is
    shown there no more, if it had been touched `swept` times when that was looked for."""
    stands = {"_id": shelf.id, "_slug": shelf.slug, "swept": swept}
    db.execute(_RECORD_WRITTEN, stands | {"written": shelf.touched, "digest": settings_digest})


def id_of(category: str | None) -> ScalarSelect[int]:
    """The row of a category, or of everything."""
    is_it = table.c.name.is_(None) & table.c.source_id.is_(None) if category is None else table.c.name == category
    return select(table.c.id).where(is_it).scalar_subquery()


def _given_back(keys: Iterable[Key], kept: Mapping[Key, str], slugs: Slugs, listed: Container[Key]) -> set[Key]:
    """The categories among `keys` whose own name for a folder one has that is not listed, and those others."""
    holders = {_folded(slug): key for key, slug in kept.items()}
    found: set[Key] = set()
    for key in keys:
        if isinstance(key, str):
            holder = holders.get(_folded(slugs(key)[0]))
            if holder is not None and holder not in listed:
                found |= {key, holder}
    return found


def _order(key: Key) -> tuple[bool, str]:
    return isinstance(key, OfSource), str(key)


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


# Asked for often. Made once: to put them together takes as long as to run them.
_TOUCH = update(table).where(among(table.c.id, "shelves")).values(touched=table.c.touched + 1)
_DIGEST = bindparam("digest", type_=table.c.settings_digest.type)
_RECORD_WRITTEN = (
    update(table)
    .where(table.c.id == bindparam("_id"), table.c.slug == bindparam("_slug"))
    .values(
        written=bindparam("written"),
        settings_digest=case(
            (table.c.settings_digest.endswith(STRAYS) & (table.c.touched != bindparam("swept")), _DIGEST + STRAYS),
            else_=_DIGEST,
        ),
    )
)
_SHELVES = select(
    table.c.id,
    table.c.name,
    sources.c.name.label("source"),
    table.c.slug,
    table.c.touched,
    table.c.written,
    table.c.settings_digest,
    select(func.max(shelved.c.archive))
    .where(shelved.c.category_id == table.c.id, shelved.c.archive.is_not(None))
    .correlate(table)
    .scalar_subquery()
    .label("latest_archive"),
    exists().where(archives.c.category_id == table.c.id).label("has_archives"),
    (~exists().where(shelved.c.category_id == table.c.id)).label("is_empty"),
).outerjoin(sources, sources.c.id == table.c.source_id)
_SHELF = _SHELVES.where(table.c.id == bindparam("id"))
_TOUCHED = _SHELVES.where(table.c.touched != table.c.written)


_HELD = select(table.c.name, sources.c.name.label("source"), table.c.slug, table.c.settings_digest).outerjoin(
    sources, sources.c.id == table.c.source_id
)


def _key(name: str | None, source: str | None) -> Key:
    return name if source is None else OfSource(source)


def _shelf(row: Row[*tuple[Any, ...]]) -> Shelf:
    row_id, name, source, slug, touched, written, settings_digest, latest_archive, has_archives, is_empty = row
    return Shelf(
        id=row_id,
        key=_key(name, source),
        slug=slug,
        touched=touched,
        written=written,
        settings_digest=settings_digest,
        latest_archive=latest_archive or 0,
        has_archives=bool(has_archives),
        is_empty=bool(is_empty),
    )
