"""What is left of articles that are gone: enough to know their entries by, and to keep their ids from others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

import msgspec
from sqlalchemy import ColumnElement, Connection, Row, literal_column, or_, select, update

from feeds.records import Deleted
from storage.batches import batches
from storage.tables import aliases, sources, tombstones
from storage.upserts import upsert

Reason: TypeAlias = Literal["purged", "withdrawn"]  # by retention, by a person

KEPT = ("source_id", "guid", "atom_id", "url", "title", "path")  # of an article, beside its date

# Begins the categories of what the public is told nothing of: when it went it stood in private ones, whatever these are
# now, or on no shelf (it was held, its source was out of the config); or it was hidden later. JSON ignores the space.
_SECLUDED = "[ "


def ids(db: Connection, *words: str) -> list[str]:
    """The ids of the articles of these addresses, guids or ids that are gone."""
    return list(
        dict.fromkeys(
            found
            for some in batches(filter(None, words))
            for found in db.scalars(select(tombstones.c.atom_id).where(_is_named(some)))
        )
    )


def rows(db: Connection, *words: str, names: Sequence[str]) -> list[Row[*tuple[Any, ...]]]:
    """These columns of the articles of these addresses, guids or ids that are gone."""
    query = select(*(tombstones.c[name] for name in names))
    return [row for some in batches(filter(None, words)) for row in db.execute(query.where(_is_named(some)))]


def withdraw(db: Connection, *words: str, now: datetime) -> frozenset[str]:
    """What retention let go of and has one of these addresses, guids or ids is withdrawn, too.

    Returns the categories that those articles stood in.
    """
    found: list[str] = []
    for some in batches(filter(None, words)):
        purged = _is_named(some) & (tombstones.c.reason != "withdrawn")
        found += db.scalars(select(tombstones.c.categories).where(purged))
        db.execute(update(tombstones).where(purged).values(reason="withdrawn", deleted_at=now))
    return frozenset(name for names in found for name in msgspec.json.decode(names, type=tuple[str, ...]))


def _is_named(words: Sequence[str]) -> ColumnElement[bool]:
    return or_(*(column.in_(words) for column in (tombstones.c.guid, tombstones.c.atom_id, tombstones.c.url)))


class Hidden(NamedTuple):
    """What the public is told nothing of: private categories, and sources that stand in one."""

    categories: Set[str] = frozenset()
    sources: Set[str] = frozenset()

    def hides(self, source: str, names: Iterable[str]) -> bool:
        """Whether an article of that source, in the categories of these names, is none of the public's business."""
        return source in self.sources or not self.categories.isdisjoint(names)


NOTHING = Hidden()


def withdrawn(db: Connection, *, category: str | None, limit: int, hidden: Hidden = NOTHING) -> tuple[Deleted, ...]:
    """The latest articles that were withdrawn from a category (None: from everything), the latest first; for the
    public without those that are `hidden`, and those it was told nothing of when they went."""
    columns = (tombstones.c.atom_id, tombstones.c.categories, tombstones.c.deleted_at, sources.c.name.label("source"))
    rows = db.execute(
        select(*columns)
        .join(sources, sources.c.id == tombstones.c.source_id)
        .where(tombstones.c.reason == literal_column("'withdrawn'"))  # as the index has it
        .order_by(tombstones.c.deleted_at.desc(), tombstones.c.atom_id)
    )

    def is_told(row: Row[*tuple[Any, ...]]) -> bool:
        names = msgspec.json.decode(row.categories, type=tuple[str, ...])
        if category in hidden.categories:
            return category in names
        if row.categories.startswith(_SECLUDED):
            return False
        return (category is None or category in names) and not hidden.hides(row.source, names)

    seen: dict[str, datetime] = {}  # an article that came under several guids has a tombstone for each
    for row in filter(is_told, rows):
        if len(seen) == limit:
            break
        seen.setdefault(row.atom_id, row.deleted_at)
    return tuple(Deleted(atom_id=atom_id, when=when) for atom_id, when in seen.items())


def ids_of(db: Connection, hidden: Hidden) -> set[str]:
    """The ids of those articles that are hidden and gone."""
    columns = (tombstones.c.atom_id, tombstones.c.categories, sources.c.name.label("source"))
    rows = db.execute(select(*columns).join(sources, sources.c.id == tombstones.c.source_id))
    return {row.atom_id for row in rows if hidden.hides(row.source, msgspec.json.decode(row.categories))}


def seclude(db: Connection, hidden: Hidden) -> None:
    """The public is told nothing of those that are hidden, also when they are hidden no more."""
    columns = (tombstones.c.categories, sources.c.name.label("source"))
    rows = db.execute(
        select(*columns)
        .join(sources, sources.c.id == tombstones.c.source_id)
        .where(~tombstones.c.categories.startswith(_SECLUDED))
        .distinct()
    ).all()
    for row in rows:
        names = msgspec.json.decode(row.categories, type=tuple[str, ...])
        if hidden.hides(row.source, names):
            own = select(sources.c.id).where(sources.c.name == row.source).scalar_subquery()
            those = (tombstones.c.source_id == own) & (tombstones.c.categories == row.categories)
            db.execute(update(tombstones).where(those).values(categories=_told(names, is_public=False)))


def bury(
    db: Connection,
    gone: Sequence[Row[*tuple[Any, ...]]],
    *,
    standing: Mapping[int, tuple[str, ...]],
    public: Set[int],
    reason: Reason,
    now: datetime,
) -> None:
    """Leave a tombstone for each article (its row), and for each of its aliases; it stood in the categories that
    `standing` names by its id, and was `public` or not."""
    if gone:
        stored: dict[int, Mapping[Any, Any]] = {row._mapping["id"]: row._mapping for row in gone}
        rows = [*stored.values(), *_under_aliases(db, stored)]
        upsert(
            db,
            tombstones,
            [
                {name: row[name] for name in KEPT}
                | {
                    "said": row["published"] if row["date_from"] != "first-seen" else None,
                    "categories": _told(standing.get(row["id"], ()), is_public=row["id"] in public),
                    "reason": reason,
                    "deleted_at": now,
                }
                for row in rows
            ],
        )


def _told(names: Sequence[str], *, is_public: bool) -> str:
    """Categories as a tombstone holds them."""
    told = msgspec.json.encode(names).decode()
    return told if is_public else _SECLUDED + told.removeprefix("[")


def _under_aliases(db: Connection, rows: Mapping[int, Mapping[Any, Any]]) -> list[dict[Any, Any]]:
    """The same rows under each other guid that an entry of theirs came by."""
    columns = (aliases.c.article_id, aliases.c.guid)
    return [
        dict(rows[row.article_id]) | {"guid": row.guid}
        for some in batches(rows)
        for row in db.execute(select(*columns).where(aliases.c.article_id.in_(some)))
        if row.guid != rows[row.article_id]["guid"]
    ]
