"""Which of the many sources to look at: those that come next, and those that are in trouble."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import Connection, Select, and_, or_, select

from feeds.records import SourceState
from storage.sources import STATE, AnyRow, state_of
from storage.tables import sources

# In the config, as the store knows it: one that is taken out loses its place on the shelves.
_IS_CONFIGURED = sources.c.shelving_digest.is_not(None)


def coming(db: Connection, *, limit: int) -> tuple[SourceState, ...]:
    """The sources that are asked next, first those that never were."""
    is_asked = and_(_IS_CONFIGURED, sources.c.standing == "active")
    order = (sources.c.next_fetch_at.asc().nulls_first(), sources.c.name)
    return _states(db, select(*STATE).where(is_asked).order_by(*order).limit(limit))


def failing(db: Connection, *, limit: int | None = None) -> tuple[SourceState, ...]:
    """The sources that failed when they were last asked, or are not asked any more; the worst first."""
    is_failing = and_(_IS_CONFIGURED, or_(sources.c.standing != "active", sources.c.failures > 0))
    order = (sources.c.standing == "active", sources.c.failures.desc(), sources.c.name)
    return _states(db, select(*STATE).where(is_failing).order_by(*order).limit(limit))


def silent(db: Connection, *, since: datetime) -> tuple[SourceState, ...]:
    """The sources that answer, and have had nothing new since then or longer."""
    is_silent = and_(_IS_CONFIGURED, sources.c.standing == "active", sources.c.last_new_at < since)
    return _states(db, select(*STATE).where(is_silent).order_by(sources.c.name))


def _states(db: Connection, query: Select[tuple[object, ...]]) -> tuple[SourceState, ...]:
    rows: Iterable[AnyRow] = db.execute(query)
    return tuple(map(state_of, rows))
