"""Articles: stored once, revised when a reader would want to know, found newest first."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Set
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import Connection, Select, bindparam, func, literal, or_, select, union_all

from feeds.records import Article, Known, Tag
from storage import archiving, covering, placing, shelves
from storage.among import among
from storage.batches import batches
from storage.rows import NAMED_SOURCE, AnyRow, id_of_source, labels_of, read_articles, select_articles
from storage.tables import aliases, articles, covered, shelved, sources, tombstones
from storage.tables import shelves as table

# The categories of an article with these categories of its own and these tags.
Assign: TypeAlias = Callable[[tuple[str, ...], tuple[Tag, ...]], tuple[str, ...]]


def known(db: Connection, source: str, guids: Iterable[str]) -> dict[str, Known]:
    """What the store holds of these guids of a source, or held: of those that are gone, that they are. Where one is an
    alias, what it holds under another guid."""
    found: tuple[dict[str, Known], ...] = ({}, {}, {})
    for kind, word, reason, *has in db.execute(_KNOWN, {"name": source, "guids": list(guids)}):
        values = dict(zip(_AS_KNOWN, has, strict=True))
        found[kind][word] = Known(**values, is_gone=kind == _GONE, is_withdrawn=reason == "withdrawn")
    return found[_ALIAS] | found[_GONE] | found[_STORED]


def archived(db: Connection, shelf_id: int, number: int | None, *, limit: int | None = None) -> tuple[Article, ...]:
    """What an archive document of a shelf holds (None: what is in none of them), newest first; equal dates by source,
    and those of one source in the order they came. At most `limit` of them."""
    values: dict[str, Any] = {"shelf_id": shelf_id, "number": number, "limit": limit}
    query = _archived(is_archive=number is not None, is_limited=limit is not None)
    found = read_articles(db, query, {name: value for name, value in values.items() if value is not None})
    # Which source answered first is chance, and the same articles are to give the same bytes.
    by_source = sorted(found, key=lambda article: article.source)
    return tuple(sorted(by_source, key=lambda article: article.published, reverse=True))


def stored(
    db: Connection, *, category: str | None = None, source: str | None = None, limit: int | None = None
) -> tuple[Article, ...]:
    """What the store holds, newest first: of one category, of one source, of both at once, or all of it."""
    query = select_articles().order_by(articles.c.published.desc(), articles.c.id).limit(limit)
    if category is not None:
        on_shelf = shelved.c.category_id == shelves.id_of(category)
        query = query.join(shelved, shelved.c.article_id == articles.c.id).where(on_shelf)
    if source is not None:
        query = query.where(sources.c.name == source)
    return read_articles(db, query)


def of_guids(db: Connection, source: str, guids: Iterable[str]) -> tuple[Article, ...]:
    """The articles of a source that are stored under these guids."""
    query = select_articles().where(sources.c.name == source)
    return tuple(one for some in batches(guids) for one in read_articles(db, query.where(articles.c.guid.in_(some))))


def ids_on(db: Connection, shelf_ids: Iterable[int]) -> set[str]:
    """The ids in feeds of all that stands on these shelves, or is covered there."""
    wanted = set(shelf_ids)
    queries = (
        select(articles.c.atom_id).join(each, each.c.article_id == articles.c.id).where(each.c.category_id.in_(some))
        for some in batches(wanted)
        for each in (shelved, covered)
    )
    return {atom_id for query in queries for atom_id in db.scalars(query)}


def ids_of(db: Connection, source: str) -> set[str]:
    """The ids in feeds of all that is stored of a source."""
    return set(db.scalars(select(articles.c.atom_id).join(sources).where(sources.c.name == source)))


def named(db: Connection, *words: str) -> list[int]:
    """The rows of the articles of these addresses, guids or ids, whatever source they came from. "" names none."""
    columns = (articles.c.guid, articles.c.atom_id, articles.c.url)
    return list(
        dict.fromkeys(
            row_id
            for some in batches(filter(None, words))
            for row_id in db.scalars(select(articles.c.id).where(or_(*(column.in_(some) for column in columns))))
        )
    )


def atom_ids(db: Connection, rows: Iterable[int]) -> tuple[str, ...]:
    """The ids that these articles, by their rows, have in feeds."""
    return tuple(
        atom_id
        for some in batches(rows)
        for atom_id in db.scalars(select(articles.c.atom_id).where(articles.c.id.in_(some)))
    )


def reshelve(
    db: Connection,
    source: str,
    assign: Assign | None,
    *,
    slugs: shelves.Slugs,
    private: Set[str] = frozenset(),
    rank: covering.Rank = covering.by_date,
) -> None:
    """Put a source's stored articles on the shelves that `assign` names; None takes them off every shelf. Those that
    are held stand on none.

    The categories that an article left or entered are touched, no others. Which of them tell one story is settled
    afterwards.
    """
    source_id = id_of_source(db, source)
    placed, renewed = [], set()
    for row in db.execute(select(*_TO_SHELVE).where(articles.c.source_id == source_id)):
        placed.append(_placed(row, assign if row.held_at is None else None))
        if row.revised_at:
            renewed.add(row.id)
    placement = placing.Placement(source_id, placed, private)
    # A page of what was off all shelves, its source out of the config, may lie in public still: `are_old`.
    moves = placing.shelve(db, [placement], slugs=slugs, rank=rank, are_old=True)
    # Any archive document may show what a revised article was before, which is to leave as well.
    for shelf_id in {shelf_id for shelf_id, article_id in moves.left if article_id in renewed}:
        archiving.write_again(db, shelf_id)
    shelves.touch(db, moves.keys)


def shelve_released(
    db: Connection,
    source: str,
    ids: Sequence[int],
    assign: Assign | None,
    *,
    slugs: shelves.Slugs,
    private: Set[str] = frozenset(),
) -> None:
    """Put these articles of a source, held until now, on the shelves that `assign` names; None: on none. Which of them
    tell one story is settled afterwards."""
    rows = [
        row for some in batches(ids) for row in db.execute(select(*_TO_SHELVE).where(articles.c.id.in_(some))).all()
    ]
    placed = [_placed(row, assign) for row in rows]
    placement = placing.Placement(id_of_source(db, source), placed, private)
    moves = placing.shelve(db, [placement], slugs=slugs)
    shelves.touch(db, moves.keys)


def count(db: Connection) -> dict[str | None, int]:
    """How many articles stand on each shelf, by category; None for everything."""
    rows = db.execute(
        select(table.c.name, func.count())
        .join(shelved, shelved.c.category_id == table.c.id)
        .where(table.c.source_id.is_(None))
        .group_by(table.c.name)
    )
    return {name: number for name, number in rows}  # noqa: C416 - a Result is no mapping's argument


def _placed(row: AnyRow, assign: Assign | None) -> placing.Placed:
    """The place of an article, a row of `_TO_SHELVE`."""
    return placing.Placed(row.id, row.published, assign(*labels_of(row)) if assign else None)


@cache
def _archived(*, is_archive: bool, is_limited: bool) -> Select[Any]:
    """Made once, as it is run for every document that is written."""
    query = (
        select_articles()
        .join(shelved, shelved.c.article_id == articles.c.id)
        .where(
            shelved.c.category_id == bindparam("shelf_id"),
            shelved.c.archive == bindparam("number") if is_archive else shelved.c.archive.is_(None),
        )
    )
    # Of an archive document all is read, so it is put in order by the articles' own dates, which are the same: by those
    # of the shelf SQLite would walk through the whole shelf, in the order of an index, to find the hundred.
    order = articles if is_archive else shelved
    query = query.order_by(order.c.published.desc(), shelved.c.article_id)
    return query.limit(bindparam("limit")) if is_limited else query


_AS_KNOWN = ("guid", "url", "title", "raw_digest", "path")
_TO_SHELVE = tuple(articles.c[name] for name in ("id", "published", "own_categories", "tags", "revised_at", "held_at"))

# Asked for every source that has news. Made once: to put it together takes as long as to run it.
_ALIAS, _GONE, _STORED = range(3)
_OF_ARTICLE, _OF_TOMBSTONE = (
    tuple(each.c[name] if name in each.c else literal("") for name in ("reason", *_AS_KNOWN))
    for each in (articles, tombstones)
)
_KNOWN = union_all(
    select(literal(_STORED), articles.c.guid, *_OF_ARTICLE).where(
        articles.c.source_id == NAMED_SOURCE, among(articles.c.guid, "guids")
    ),
    select(literal(_ALIAS), aliases.c.guid, *_OF_ARTICLE)
    .join(articles, articles.c.id == aliases.c.article_id)
    .where(aliases.c.source_id == NAMED_SOURCE, among(aliases.c.guid, "guids")),
    select(literal(_GONE), tombstones.c.guid, *_OF_TOMBSTONE).where(
        tombstones.c.source_id == NAMED_SOURCE, among(tombstones.c.guid, "guids")
    ),
)
