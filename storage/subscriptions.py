"""Our subscriptions at the hubs that sources name, one for each source.

wanted: not asked for yet. asked: the hub has not confirmed it yet. active: it has. denied: it said that there will be
none. leaving: its source is gone, and the hub is asked to end it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, insert, or_, select, update

from feeds.records import Discreet
from storage.among import among
from storage.subscribers import AT_ONCE
from storage.tables import sources, subscriptions


class Subscribed(Discreet, frozen=True, kw_only=True):
    """A subscription of ours. Whoever knows `token` and `secret` could make us believe what he likes."""

    hidden = ("token", "secret")

    source: str
    hub: str
    topic: str
    token: str  # of the address that the hub delivers to
    secret: str  # that its deliveries are signed with
    standing: str = "wanted"
    until: datetime | None = None  # the lease that the hub granted
    last_push_at: datetime | None = None
    failures: int = 0  # attempts that came to nothing, in a row
    next_attempt_at: datetime | None = AT_ONCE


def note(db: Connection, named: Mapping[str, tuple[str, str]], *, draw: Callable[[], str]) -> None:
    """Documents of these sources name these hubs and topics, or none ("").

    What changed is subscribed to anew, under a new token: what the old hub still sends leads nowhere.
    """
    known = {row.source: (row.hub, row.topic) for row in db.execute(_OF_SOURCES, {"names": named})} if named else {}
    for source, (hub, topic) in named.items():
        if source in known and known[source] != (hub, topic):
            db.execute(delete(subscriptions).where(_is_of(source)))
        if hub and known.get(source) != (hub, topic):
            _insert(db, Subscribed(source=source, hub=hub, topic=topic, token=draw(), secret=draw()))


def of_source(db: Connection, source: str) -> Subscribed | None:
    return _one(db, _ALL.where(sources.c.name == source))


def of_token(db: Connection, token: str) -> Subscribed | None:
    return _one(db, _ALL.where(subscriptions.c.token == token))


def everyone(db: Connection) -> tuple[Subscribed, ...]:
    """All there are, by source."""
    return tuple(map(_subscribed, db.execute(_ALL.order_by(sources.c.name))))


def due(db: Connection, *, now: datetime, limit: int) -> tuple[Subscribed, ...]:
    """Those whose hub is to be asked now."""
    order = (subscriptions.c.next_attempt_at, subscriptions.c.source_id)
    is_due = subscriptions.c.next_attempt_at <= now
    return tuple(map(_subscribed, db.execute(_ALL.where(is_due).order_by(*order).limit(limit))))


def working(db: Connection, *, now: datetime) -> frozenset[str]:
    """The sources whose hub has promised to tell us what is new."""
    is_good = or_(subscriptions.c.standing == "active", subscriptions.c.standing == "leaving")
    return frozenset(each.source for each in map(_subscribed, db.execute(_ALL.where(is_good))) if _is_leased(each, now))


def record(db: Connection, one: Subscribed) -> None:
    """As it stands now; nothing, where it was given up meanwhile."""
    names = ("standing", "until", "failures", "next_attempt_at")
    values = {name: getattr(one, name) for name in names}
    db.execute(update(subscriptions).where(subscriptions.c.token == one.token).values(values))


def record_push(db: Connection, one: Subscribed, *, now: datetime) -> None:
    """The hub delivered something."""
    db.execute(update(subscriptions).where(subscriptions.c.token == one.token).values(last_push_at=now))


def remove(db: Connection, one: Subscribed) -> None:
    db.execute(delete(subscriptions).where(subscriptions.c.token == one.token))


def _is_leased(one: Subscribed, now: datetime) -> bool:
    return one.until is not None and now < one.until


def _insert(db: Connection, one: Subscribed) -> None:
    source_id = db.scalar(select(sources.c.id).where(sources.c.name == one.source))
    values = {name: getattr(one, name) for name in Subscribed.__struct_fields__ if name != "source"}
    db.execute(insert(subscriptions).values(source_id=source_id, **values))


def _is_of(source: str) -> Any:
    return subscriptions.c.source_id == select(sources.c.id).where(sources.c.name == source).scalar_subquery()


def _one(db: Connection, query: Select[*tuple[Any, ...]]) -> Subscribed | None:
    row = db.execute(query).one_or_none()
    return _subscribed(row) if row else None


_FIELDS = ("hub", "topic", "token", "secret", "standing", "until", "last_push_at", "failures", "next_attempt_at")
_ALL: Select[*tuple[Any, ...]] = select(
    sources.c.name.label("source"), *(subscriptions.c[name] for name in _FIELDS)
).join(sources, sources.c.id == subscriptions.c.source_id)
_OF_SOURCES = _ALL.where(among(sources.c.name, "names"))


def _subscribed(row: Row[*tuple[Any, ...]]) -> Subscribed:
    return Subscribed(**row._asdict())
