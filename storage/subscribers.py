"""Who our own hub tells of a topic, one of our feeds: callbacks, their leases, and what is still to be delivered."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import Connection, Row, case, delete, func, insert, literal, select, update

from feeds.records import Discreet
from storage.batches import batches
from storage.tables import subscribers

AT_ONCE = datetime(1970, 1, 1, tzinfo=UTC)  # due, whatever the clock says


class Subscriber(Discreet, frozen=True, kw_only=True):
    """A callback that a topic's documents are delivered to."""

    hidden = ("callback", "secret")

    id: int
    topic: str
    callback: str  # its path may be all that protects it
    secret: str
    until: datetime  # its lease
    delivered: str  # digest of the document it has
    failures: int  # deliveries in a row
    next_attempt_at: datetime | None  # None: nothing is to be delivered


def put(db: Connection, *, topic: str, callback: str, secret: str, until: datetime) -> None:
    """Subscribe a callback, or renew its lease: what it has already is not delivered again, and what it could not be
    reached for is due at once."""
    values = {"secret": secret, "until": until}
    next_at = subscribers.c.next_attempt_at
    at_once = case((next_at.is_not(None), literal(AT_ONCE, next_at.type)))
    renewed = values | {"failures": 0, "next_attempt_at": at_once}
    if not db.execute(update(subscribers).where(_is(topic, callback)).values(renewed)).rowcount:
        db.execute(insert(subscribers).values(topic=topic, callback=callback, **values))


def remove(db: Connection, *, topic: str, callback: str) -> None:
    db.execute(delete(subscribers).where(_is(topic, callback)))


def of(db: Connection, *, topic: str, callback: str) -> Subscriber | None:
    row = db.execute(select(subscribers).where(_is(topic, callback))).one_or_none()
    return _subscriber(row) if row else None


def count(db: Connection) -> int:
    return db.scalar(select(func.count()).select_from(subscribers)) or 0


def count_at(db: Connection, host: str) -> int:
    """How many of the callbacks lie at a host."""
    like = subscribers.c.callback.icontains(host, autoescape=True)
    return sum(urlsplit(each).hostname == host for each in db.scalars(select(subscribers.c.callback).where(like)))


def announce(db: Connection, topics: Iterable[str]) -> None:
    """These changed: their subscribers are to have them. One that waits for another attempt goes on waiting."""
    for some in batches(topics):
        is_idle = subscribers.c.next_attempt_at.is_(None)
        db.execute(
            update(subscribers)
            .where(subscribers.c.topic.in_(some), is_idle)
            .values(failures=0, next_attempt_at=AT_ONCE)
        )


def due(db: Connection, *, now: datetime, limit: int) -> tuple[Subscriber, ...]:
    """Whom something is to be delivered to now; first those who took the last one."""
    is_due = (subscribers.c.next_attempt_at <= now) & (subscribers.c.until > now)
    order = (subscribers.c.failures, subscribers.c.next_attempt_at, subscribers.c.id)
    return tuple(map(_subscriber, db.execute(select(subscribers).where(is_due).order_by(*order).limit(limit))))


def has_expired(db: Connection, *, now: datetime) -> bool:
    """Whether there is one whose lease is over."""
    return db.scalar(select(subscribers.c.id).where(subscribers.c.until <= now).limit(1)) is not None


def expire(db: Connection, *, now: datetime) -> None:
    """Those whose lease is over are subscribers no more."""
    db.execute(delete(subscribers).where(subscribers.c.until <= now))


def record(
    db: Connection, one: Subscriber, *, delivered: str, failures: int = 0, next_attempt_at: datetime | None = None
) -> None:
    """What an attempt came to."""
    values = {"delivered": delivered, "failures": failures, "next_attempt_at": next_attempt_at}
    db.execute(update(subscribers).where(subscribers.c.id == one.id).values(values))


def _is(topic: str, callback: str) -> Any:
    return (subscribers.c.topic == topic) & (subscribers.c.callback == callback)


def _subscriber(row: Row[*tuple[Any, ...]]) -> Subscriber:
    return Subscriber(**row._asdict())
