"""Topics that changed and that somebody else's hub is to hear of, until it has."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select, update

from storage import subscribers
from storage.subscribers import AT_ONCE
from storage.tables import announcements

_A_MOMENT = timedelta(microseconds=1)


class Announcement(Struct, frozen=True, kw_only=True):
    """A topic, how often the hub could not be told of it in a row, and when it is told next."""

    topic: str
    failures: int
    next_attempt_at: datetime


def note(db: Connection, topics: Iterable[str], *, hub: str) -> None:
    """These changed. Belongs in the transaction that calls their files written, so that a kill in between loses none.

    `hub` is the one that they name: "own", the address of another, or "".
    """
    if hub == "own":
        subscribers.announce(db, topics)
    elif hub:
        add(db, topics)


def add(db: Connection, topics: Iterable[str]) -> None:
    """These changed. One that waits for another attempt goes on waiting."""
    for topic in dict.fromkeys(topics):
        next_at = db.scalar(select(announcements.c.next_attempt_at).where(announcements.c.topic == topic))
        if next_at is None:
            db.execute(insert(announcements).values(topic=topic, failures=0, next_attempt_at=AT_ONCE))
        else:  # moved ever so little: whoever tells the hub right now may have told it of what stood there before
            moved = announcements.c.topic == topic
            db.execute(update(announcements).where(moved).values(next_attempt_at=next_at + _A_MOMENT))


def due(db: Connection, *, now: datetime) -> tuple[Announcement, ...]:
    """Those that the hub is to be told of now, the longest due first."""
    query = select(announcements).where(announcements.c.next_attempt_at <= now)
    rows = db.execute(query.order_by(announcements.c.next_attempt_at, announcements.c.topic))
    return tuple(Announcement(**row._asdict()) for row in rows)


def record(db: Connection, told: Sequence[Announcement]) -> None:
    """As they stand now."""
    for one in told:
        values = {"failures": one.failures, "next_attempt_at": one.next_attempt_at}
        db.execute(update(announcements).where(announcements.c.topic == one.topic).values(values))


def remove(db: Connection, told: Iterable[Announcement]) -> None:
    """The hub has heard of these, or never will; one that changed since it was recorded so stays."""
    for one in told:
        is_same = announcements.c.next_attempt_at == one.next_attempt_at
        db.execute(delete(announcements).where(announcements.c.topic == one.topic, is_same))


def forget(db: Connection) -> None:
    """All of them: there is no hub to be told any more."""
    if db.scalar(select(func.count()).select_from(announcements)):
        db.execute(delete(announcements))
