"""The journal: what refreshes came to, by source and day. Kept for ninety days."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable, bindparam, delete, func, select, tuple_

from feeds.records import Refresh, Tally
from storage import Store
from storage.batches import batches
from storage.tables import journal, sources
from storage.upserts import into

KEPT = timedelta(days=90)
FORGOTTEN_AT_ONCE = 5_000  # rows of one transaction: some 20 ms
STEPS = 10  # transactions of one call

_COUNTED = ("fetched", "unchanged", "failed", "new", "seconds")


def record(db: Connection, refreshes: Iterable[Refresh], *, day: date) -> None:
    """Count what ended on a day, in UTC. What waits was no refresh, and a failure has no time that tells anything.

    Belongs in the transaction that stores the state: a day then counts what is stored, and nothing twice.
    """
    rows = [_row(refresh, day) for refresh in refreshes if refresh.status != "waiting"]
    if rows:
        db.execute(_adding(db.dialect.name), rows)


def totals(db: Connection, *, since: date, names: Collection[str] | None = None) -> dict[date, Tally]:
    """By day: what the refreshes of all sources came to, or of those called `names`. A day without any is left out."""
    if names is None:
        return _added_up(db, since)
    found: dict[date, Tally] = {}
    for some in batches(names):
        for day, tally in _added_up(db, since, some).items():
            found[day] = found[day] + tally if day in found else tally
    return found


def of_sources(db: Connection, names: Collection[str], *, since: date) -> dict[str, dict[date, Tally]]:
    """The same for each of the sources called `names`."""
    columns = (sources.c.name, journal.c.day, *(journal.c[name] for name in _COUNTED))
    query = select(*columns).join(sources, sources.c.id == journal.c.source_id).where(journal.c.day >= since)
    found: dict[str, dict[date, Tally]] = {name: {} for name in names}
    for some in batches(names):
        for name, day, *counted in db.execute(query.where(sources.c.name.in_(some))):
            found[name][day] = _tally(day, counted)
    return found


def forget(store: Store, *, today: date, at_once: int = FORGOTTEN_AT_ONCE) -> int:
    """Take out what is older than is kept, in a few short transactions; the number of rows. What is left is for the
    next time."""
    is_old = journal.c.day < today - KEPT
    key = tuple_(journal.c.source_id, journal.c.day)
    some = select(journal.c.source_id, journal.c.day).where(is_old).limit(at_once)
    gone = 0
    for _step in range(STEPS):
        with store.read() as db:  # mostly there is nothing to do, and then nobody has to wait for us
            if db.scalar(select(journal.c.day).where(is_old).limit(1)) is None:
                break
        with store.begin() as db:
            gone += db.execute(delete(journal).where(key.in_(some))).rowcount
    return gone


def _row(refresh: Refresh, day: date) -> dict[str, Any]:
    status = refresh.status
    return {
        "_name": refresh.source,
        "_day": day,
        "_fetched": status == "fetched",
        "_unchanged": status == "unchanged",
        "_failed": status == "failed",
        "_new": refresh.new,
        "_seconds": 0.0 if status == "failed" else refresh.fetch_seconds,
    }


@cache
def _adding(dialect: str) -> Executable:
    """Adds to the counts of a day. A source that the store does not know adds nothing."""
    given = [bindparam(f"_{name}", type_=journal.c[name].type) for name in ("day", *_COUNTED)]
    rows = select(sources.c.id, *given).where(sources.c.name == bindparam("_name"))
    insert = into(journal, dialect).from_select(["source_id", "day", *_COUNTED], rows)
    sums = {name: journal.c[name] + insert.excluded[name] for name in _COUNTED}
    adding: Executable = insert.on_conflict_do_update(index_elements=["source_id", "day"], set_=sums)
    return adding


def _added_up(db: Connection, since: date, names: Collection[str] | None = None) -> dict[date, Tally]:
    sums = (func.sum(journal.c[name]) for name in _COUNTED)
    query = select(journal.c.day, *sums).where(journal.c.day >= since).group_by(journal.c.day)
    if names is not None:
        query = query.where(journal.c.source_id.in_(select(sources.c.id).where(sources.c.name.in_(names))))
    return {day: _tally(day, counted) for day, *counted in db.execute(query)}


def _tally(day: date, counted: list[Any]) -> Tally:
    return Tally(day, *counted)
