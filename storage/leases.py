"""What only one process may be at a time, such as the daemon of a store: a lease, renewed while it lives."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, delete, select, update

from storage.claims import LEASE, is_over
from storage.tables import leases
from storage.upserts import upsert

DAEMON = "daemon"


class Lease(Struct, frozen=True, kw_only=True):
    """Who holds it, since when, and when it last gave a sign of life."""

    name: str
    held_by: str
    since: datetime
    renewed_at: datetime
    until: datetime


def take(db: Connection, name: str, *, owner: str, now: datetime, is_alive: Callable[[str], bool]) -> Lease:
    """The lease as it stands afterwards: `owner`'s, unless another living process holds it."""
    current = _lease(db, name)
    if current and current.held_by != owner and not is_over(current.held_by, current.until, now=now, is_alive=is_alive):
        return current
    taken = Lease(name=name, held_by=owner, since=now, renewed_at=now, until=now + LEASE)
    upsert(db, leases, [{field: getattr(taken, field) for field in Lease.__struct_fields__}])
    return taken


def renew(db: Connection, name: str, *, owner: str, now: datetime) -> bool:
    """A sign of life. False where the lease is no longer `owner`'s."""
    mine = (leases.c.name == name) & (leases.c.held_by == owner)
    return db.execute(update(leases).where(mine).values(renewed_at=now, until=now + LEASE)).rowcount == 1


def release(db: Connection, name: str, *, owner: str) -> None:
    db.execute(delete(leases).where(leases.c.name == name, leases.c.held_by == owner))


def held(db: Connection, name: str, *, now: datetime, is_alive: Callable[[str], bool]) -> Lease | None:
    """The lease, if a living process holds it."""
    current = _lease(db, name)
    if current is None or is_over(current.held_by, current.until, now=now, is_alive=is_alive):
        return None
    return current


def _lease(db: Connection, name: str) -> Lease | None:
    row = db.execute(select(leases).where(leases.c.name == name)).one_or_none()
    return Lease(**row._asdict()) if row else None
