"""Who covers whom on which shelf: of the articles that tell one story, one stands there, and the others are its copies.

A copy stands in no document of the shelf, and points to the one that does. What an archive document holds stays there,
so nothing that is in one is ever covered; who takes the place of one that went stands where that one stood.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple, TypeAlias

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from feeds.records import Origin
from storage.batches import batches
from storage.tables import articles, covered, shelved, sources

# What puts an article of this source, at this address, from this origin, before others that tell the same: the least
# comes first. Where it says nothing, the earliest does.
Rank: TypeAlias = Callable[[str, str, Origin], Any]
Place: TypeAlias = tuple[int, int]  # a shelf and an article, by their rows

ORIGIN = msgspec.json.Decoder(Origin)


class Teller(NamedTuple):
    """An article of a story, on one shelf."""

    order: tuple[Any, ...]  # the least is the one to show
    article_id: int
    archive: int | None  # the archive document that holds it; None: it is a copy, or in the subscription document


def by_date(_source: str, _url: str, _origin: Origin) -> tuple[()]:
    """The rank of articles of which nothing is known but their dates."""
    return ()


def places(db: Connection, article_ids: Iterable[int]) -> dict[Place, int]:
    """Where these articles are covered, and by which."""
    columns = (covered.c.category_id, covered.c.article_id, covered.c.by_article_id)
    return {
        (row.category_id, row.article_id): row.by_article_id
        for some in batches(article_ids)
        for row in db.execute(select(*columns).where(covered.c.article_id.in_(some)))
    }


def of(db: Connection, shelf_id: int, article_id: int) -> list[int]:
    """The copies of an article on a shelf."""
    return list(db.scalars(select(covered.c.article_id).where(_covered_by(shelf_id, article_id))))


def cover(db: Connection, shelf_id: int, article_id: int, *, by: int, reason: str) -> None:
    """An article leaves a shelf for one that tells the same, which gets its copies as well."""
    db.execute(delete(shelved).where(shelved.c.category_id == shelf_id, shelved.c.article_id == article_id))
    db.execute(update(covered).where(_covered_by(shelf_id, article_id)).values(by_article_id=by))
    db.execute(insert(covered).values(category_id=shelf_id, article_id=article_id, by_article_id=by, reason=reason))


def exchange(db: Connection, shelf_id: int, article_id: int, *, by: int) -> None:
    """An article leaves a shelf for one of its copies."""
    is_it = (covered.c.category_id == shelf_id) & (covered.c.article_id == by)
    reason = db.scalar(select(covered.c.reason).where(is_it)) or ""
    _show(db, shelf_id, by, archive=None)
    cover(db, shelf_id, article_id, by=by, reason=reason)


def forget(db: Connection, gone: Iterable[Place]) -> None:
    """These do not belong on the shelf any more."""
    is_it = (covered.c.category_id == bindparam("shelf"), covered.c.article_id == bindparam("article"))
    values = [{"shelf": shelf_id, "article": article_id} for shelf_id, article_id in gone]
    if values:
        db.execute(delete(covered).where(*is_it), values)


def succeed(db: Connection, left: Mapping[Place, int | None], *, rank: Rank, without: Iterable[int] = ()) -> int:
    """The best copy of each article that left its place takes it, in the same document and under its own date. How many
    did.

    `left` tells which archive document the place is in. Those `without` which the store will be take none.
    """
    going = set(without)
    leaving = {article_id for _shelf_id, article_id in left}
    columns = (covered.c.category_id, covered.c.article_id, covered.c.by_article_id)
    heirs: dict[Place, list[int]] = {}
    for some in batches(leaving):
        for row in db.execute(select(*columns).where(covered.c.by_article_id.in_(some))):
            if row.article_id not in going:
                heirs.setdefault((row.category_id, row.by_article_id), []).append(row.article_id)
    heirs = {place: found for place, found in heirs.items() if place in left}
    for (shelf_id, article_id), found in heirs.items():
        best = min(tellers(db, shelf_id, found, rank=rank))
        _show(db, shelf_id, best.article_id, archive=left[shelf_id, article_id])
        db.execute(update(covered).where(_covered_by(shelf_id, article_id)).values(by_article_id=best.article_id))
    return len(heirs)


def scatter(db: Connection, shelf_id: int) -> None:
    """All copies stand on the shelf again."""
    here = covered.c.category_id == shelf_id
    columns = (covered.c.category_id, covered.c.article_id, articles.c.published)
    found = select(*columns).join(articles, articles.c.id == covered.c.article_id).where(here)
    db.execute(insert(shelved).from_select(["category_id", "article_id", "published"], found))
    db.execute(delete(covered).where(here))


def tellers(db: Connection, shelf_id: int, article_ids: Iterable[int], *, rank: Rank) -> list[Teller]:
    """Articles of a story, with what says which of them is to be shown."""
    columns = (
        articles.c.id, articles.c.url, articles.c.origin, articles.c.published, articles.c.first_seen_at,
        sources.c.name, shelved.c.archive,
    )  # fmt: skip
    here = (shelved.c.article_id == articles.c.id) & (shelved.c.category_id == shelf_id)
    joined = articles.join(sources, sources.c.id == articles.c.source_id).outerjoin(shelved, here)
    return [
        Teller(
            (rank(row.name, row.url, ORIGIN.decode(row.origin)), row.published, row.first_seen_at, row.id),
            row.id,
            row.archive,
        )
        for some in batches(article_ids)
        for row in db.execute(select(*columns).select_from(joined).where(articles.c.id.in_(some)))
    ]


def _covered_by(shelf_id: int, article_id: int) -> Any:
    return (covered.c.category_id == shelf_id) & (covered.c.by_article_id == article_id)


def _show(db: Connection, shelf_id: int, article_id: int, *, archive: int | None) -> None:
    """A copy stands on the shelf itself."""
    forget(db, [(shelf_id, article_id)])
    published = select(articles.c.published).where(articles.c.id == article_id).scalar_subquery()
    db.execute(
        insert(shelved).values(category_id=shelf_id, article_id=article_id, published=published, archive=archive)
    )
