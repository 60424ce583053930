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

# The categories of what was held until it went: nobody has seen it, so nobody is told that it is withdrawn. It is none,
# but not as we write it where an article stood in none, and was seen with everything.
_UNSEEN = "[ ]"


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
    public without those that are `hidden`."""
    columns = (tombstones.c.atom_id, tombstones.c.categories, tombstones.c.deleted_at, sources.c.name.label("source"))
    rows = db.execute(
        select(*columns)
        .join(sources, sources.c.id == tombstones.c.source_id)
        .where(tombstones.c.reason == literal_column("'withdrawn'"))  # as the index has it
        .where(tombstones.c.categories != _UNSEEN)
        .order_by(tombstones.c.deleted_at.desc(), tombstones.c.atom_id)
    )

    def is_told(row: Row[*tuple[Any, ...]]) -> bool:
        if category is None and not any(hidden):  # as ever, and quick
            return True
        names = msgspec.json.decode(row.categories, type=tuple[str, ...])
        if category in hidden.categories:
            return category in names
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


def bury(
    db: Connection,
    gone: Sequence[Row[*tuple[Any, ...]]],
    *,
    standing: Mapping[int, tuple[str, ...]],
    reason: Reason,
    now: datetime,
) -> None:
    """Leave a tombstone for each article (its row), and for each of its aliases; it stood in the categories that
    `standing` names by its id."""
    if gone:
        stored: dict[int, Mapping[Any, Any]] = {row._mapping["id"]: row._mapping for row in gone}
        rows = [*stored.values(), *_under_aliases(db, stored)]
        upsert(
            db,
            tombstones,
            [
                {name: row[name] for name in ("source_id", "guid", "atom_id", "url", "title", "path")}
                | {
                    "categories": _UNSEEN
                    if row["held_at"] is not None
                    else msgspec.json.encode(standing.get(row["id"], ())).decode(),
                    "reason": reason,
                    "deleted_at": now,
                }
                for row in rows
            ],
        )


def _under_aliases(db: Connection, rows: Mapping[int, Mapping[Any, Any]]) -> list[dict[Any, Any]]:
    """The same rows under each other guid that an entry of theirs came by."""
    columns = (aliases.c.article_id, aliases.c.guid)
    return [
        dict(rows[row.article_id]) | {"guid": row.guid}
        for some in batches(rows)
        for row in db.execute(select(*columns).where(aliases.c.article_id.in_(some)))
        if row.guid != rows[row.article_id]["guid"]
    ]
