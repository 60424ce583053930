"""Which articles stand on which shelves, and how they come there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    Connection,
    bindparam,
    delete,
    insert,
    literal,
    null,
    select,
    union_all,
    update,
)

from storage import archiving, covering, shelves
from storage.among import among
from storage.batches import batches
from storage.shelves import STRAYS, Key, OfSource, Slugs
from storage.tables import covered, shelved, sources
from storage.tables import shelves as table


class Placed(NamedTuple):
    """An article by its row, and the categories it belongs in; None: on no shelf, not even that of everything."""

    article_id: int
    published: datetime
    categories: tuple[str, ...] | None


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
    standing, copied = _places(db, published)
    left, entered, gone = standing.keys() - wanted, wanted - standing.keys() - copied, copied - wanted
    covering.forget(db, gone)
    if left:
        archiving.write_these_again(db, ((place[0], number) for place in left if (number := standing[place])))
        db.execute(_TAKE_OFF, [{"category": shelf, "article": id_} for shelf, id_ in left])
        covering.succeed(db, {place: standing[place] for place in left}, rank=rank)
    if entered:
        db.execute(
            insert(shelved),
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


def _places(db: Connection, article_ids: Iterable[int]) -> tuple[dict[covering.Place, int | None], set[covering.Place]]:
    """Where these articles stand, with the archive document that holds each there; and where they are copies."""
    standing: dict[covering.Place, int | None] = {}
    copied: set[covering.Place] = set()
    asked = set(article_ids)
    for shelf_id, article_id, archive, is_copy in db.execute(_PLACES, {"articles": asked}) if asked else ():
        if is_copy:
            copied.add((shelf_id, article_id))
        else:
            standing[shelf_id, article_id] = archive
    return standing, copied


def touch_those_of(db: Connection, article_ids: Iterable[int]) -> set[int]:
    """Every shelf that one of these articles stands on, or is named on as a copy, is to be written; their rows."""
    standing, copied = _places(db, article_ids)
    found = {shelf for shelf, _article in (*standing, *copied)}
    shelves.touch(db, found)
    return found


def of_articles(db: Connection, article_ids: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """The categories that each of these articles belongs in, by name, be it as a copy; an article that belongs in none
    is left out."""
    found: dict[int, list[str]] = {}
    asked = set(article_ids)
    for article_id, name in db.execute(_NAMES, {"articles": asked}) if asked else ():
        found.setdefault(article_id, []).append(name)
    return {article_id: tuple(sorted(names)) for article_id, names in found.items()}


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
    shelves.settle(db, names, chosen={}, slugs=slugs)
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


# Asked for every source that has news, or every document. Made once: to put them together takes as long as to run them.
_PLACES = union_all(
    select(shelved.c.category_id, shelved.c.article_id, shelved.c.archive, literal(0)).where(
        among(shelved.c.article_id, "articles")
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
        for each in (shelved, covered)
    )
)
_IN_PUBLIC = union_all(
    *(
        select(each.c.article_id).where(each.c.category_id == shelves.id_of(None), among(each.c.article_id, "articles"))
        for each in (shelved, covered)
    )
)
_ROWS = (
    select(table.c.id, table.c.name, table.c.source_id, sources.c.name.label("source"))
    .outerjoin(sources, sources.c.id == table.c.source_id)
    .where(table.c.source_id.is_(None) | among(table.c.source_id, "sources"))
)
_TAKE_OFF = delete(shelved).where(
    shelved.c.category_id == bindparam("category"), shelved.c.article_id == bindparam("article")
)
