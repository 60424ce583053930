"""All sources at a glance: light enough to be sorted by the ten thousand, whole for the few that are shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from typing import Any, Literal, TypeAlias

from msgspec import Struct
from sqlalchemy import Connection, func, select

from storage.batches import batches
from storage.sources import RHYTHM, AnyRow
from storage.tables import articles, shelves, sources

By: TypeAlias = Literal["name", "state", "last_success_at", "next_fetch_at", "failures", "problem", "gap", "articles"]

_COLUMNS = {
    "last_success_at": sources.c.last_success_at,
    "next_fetch_at": sources.c.next_fetch_at,
    "problem": sources.c.problem,
    "gap": sources.c.rhythm,
}


class Brief(Struct, frozen=True):
    """A source, and what it is sorted by."""

    name: str
    state: str  # active, failing, parked or gone
    key: Any  # None or "" where there is nothing to sort by


def briefs(db: Connection, by: By) -> list[Brief]:
    """Every source that the store knows, configured or not."""
    key = _COLUMNS.get(by, sources.c.name)
    rows: Iterable[AnyRow] = db.execute(select(sources.c.name, sources.c.standing, sources.c.failures, key))
    read = _reader(db, by)
    return [
        Brief(name, "failing" if failures and standing == "active" else standing, read(name, failures, key))
        for name, standing, failures, key in rows
    ]


def _reader(db: Connection, by: By) -> Callable[[str, int, Any], Any]:
    """What a source is sorted by, of its name, its failures and the column."""
    match by:
        case "articles":
            counts = numbers_of_articles(db)
            return lambda name, _failures, _column: counts.get(name, 0)
        case "gap":
            return lambda _name, _failures, rhythm: RHYTHM.decode(rhythm).gap
        case "name" | "state":
            return lambda name, _failures, _column: name
        case "failures":
            return lambda _name, failures, _column: failures
        case _:
            return lambda _name, _failures, column: column


def numbers_of_articles(db: Connection, names: Collection[str] | None = None) -> dict[str, int]:
    """How many articles each source has, those that have any; of all, or of those called `names`."""
    counted = select(articles.c.source_id, func.count().label("number")).group_by(articles.c.source_id)
    if names is None:
        return _named(db, counted)
    found: dict[str, int] = {}
    for some in batches(names):
        ids = select(sources.c.id).where(sources.c.name.in_(some))
        found |= _named(db, counted.where(articles.c.source_id.in_(ids)))
    return found


def number_of_articles(db: Connection) -> int:
    return db.scalar(select(func.count()).select_from(articles)) or 0


def published_slugs(db: Connection, names: Collection[str]) -> dict[str, str]:
    """The folders of the sources called `names`, those that something was ever written to."""
    query = select(sources.c.name, shelves.c.slug).join(sources, sources.c.id == shelves.c.source_id)
    found: dict[str, str] = {}
    for some in batches(names):
        rows = db.execute(query.where(shelves.c.written > 0, sources.c.name.in_(some)))
        found |= {row.name: row.slug for row in rows}
    return found


def last_fetch_at(db: Connection) -> datetime | None:
    """When any source was last asked."""
    latest: datetime | None = db.scalar(select(func.max(sources.c.last_fetch_at)))
    return latest


def _named(db: Connection, counted: Any) -> dict[str, int]:
    number = counted.subquery()
    query = select(sources.c.name, number.c.number).join(number, number.c.source_id == sources.c.id)
    return {row.name: row.number for row in db.execute(query)}
