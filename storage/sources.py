"""What we learned of each source: its state, when it is due, and who is at work on it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, ScalarSelect, delete, insert, select, update

from feeds.records import Body, Source, SourceState, Validators
from storage.batches import batches
from storage.tables import files, sources
from storage.upserts import upsert

AnyRow: TypeAlias = Row[*tuple[Any, ...]]

# A worker that died without a trace is waited for this long. On one machine it is noticed at once, see `is_alive`.
LEASE = timedelta(minutes=30)
CLOCK_SLIP = timedelta(hours=1)  # by which a clock may be set back before its due times count for nothing


def enroll(db: Connection, configured: Iterable[Source]) -> None:
    """Give every configured source a row, and forget what was learned of an address that changed.

    `configured` is all there are: a new name at the address of one that is gone is that source, renamed.
    """
    digests = {source.name: _location_digest(source) for source in configured}
    stored = {row.name: row.location_digest for row in db.execute(select(sources.c.name, sources.c.location_digest))}
    gone = {digest: name for name, digest in stored.items() if name not in digests}
    for name, digest in digests.items():
        if name not in stored and digest in gone:  # else readers would get all of its articles again, under new ids
            former = gone.pop(digest)
            db.execute(update(sources).where(sources.c.name == former).values(name=name))
            stored[name] = stored.pop(former)
    missing = [{"name": name, "location_digest": digest} for name, digest in digests.items() if name not in stored]
    if missing:
        db.execute(insert(sources), missing)
    for name, digest in digests.items():
        if stored.get(name, digest) != digest:
            db.execute(
                update(sources)
                .where(sources.c.name == name)
                .values(
                    location_digest=digest, etag="", last_modified="", body_digest="", failures=0, problem="",
                    next_fetch_at=None,
                )
            )  # fmt: skip
            db.execute(delete(files).where(files.c.source_id == _id_of(name)))


def states(db: Connection) -> dict[str, SourceState]:
    """Every source we ever enrolled, by name; without the stamps of files."""
    return {row.name: _state(row) for row in db.execute(select(sources).order_by(sources.c.name))}


def claim(
    db: Connection,
    wanted: Sequence[Source],
    *,
    now: datetime,
    owner: str,
    is_alive: Callable[[str], bool],
    force: bool = False,
) -> list[tuple[Source, SourceState]]:
    """Those of `wanted` that are due and that nobody else is at work on; they are `owner`'s until released.

    `force` overrules the due time, never another worker. A claim ends with `record`, with `release`, with the
    worker's life (`is_alive` of its name is false), or after `LEASE`.
    """
    by_name = {source.name: source for source in wanted}
    rows = db.execute(select(sources).with_for_update(skip_locked=True))  # on SQLite the transaction is the lock
    alive: dict[str, bool] = {}

    def is_free(row: AnyRow) -> bool:
        if row.claimed_by is None or row.claimed_by == owner:
            return True
        if not now < row.claimed_until <= now + 2 * LEASE:  # over, or of a clock that was wrong
            return True
        if row.claimed_by not in alive:
            alive[row.claimed_by] = is_alive(row.claimed_by)
        return not alive[row.claimed_by]

    claimed = {
        row.name: row
        for row in rows
        if row.name in by_name and (force or is_due(by_name[row.name], _state(row), now)) and is_free(row)
    }
    for some in batches(row.id for row in claimed.values()):
        db.execute(update(sources).where(sources.c.id.in_(some)).values(claimed_by=owner, claimed_until=now + LEASE))
    return [
        (source, _state(claimed[source.name], _stamps(db, source, claimed[source.name].id)))
        for source in wanted
        if source.name in claimed
    ]


def is_due(source: Source, state: SourceState, now: datetime) -> bool:
    """Whether a source may be read now. Our own disk needs no manners: files are looked at in every round."""
    if source.kind == "folder" or state.next_fetch_at is None or state.next_fetch_at <= now:
        return True
    # A clock that was wrong and was set back must not silence the source until the time it had shown comes round.
    return state.last_fetch_at is not None and state.last_fetch_at - now > CLOCK_SLIP


def release(db: Connection, *, owner: str) -> None:
    """Give back whatever `owner` claimed and did not finish: it is due as before."""
    db.execute(update(sources).where(sources.c.claimed_by == owner).values(claimed_by=None, claimed_until=None))


def record_success(
    db: Connection,
    name: str,
    *,
    now: datetime,
    next_fetch_at: datetime,
    validators: Validators,
    body_digest: str,
    bodies: Iterable[Body] = (),
    problem: str = "",
) -> None:
    """What one good refresh taught us, files' stamps included. Belongs in the transaction that saves its articles."""
    db.execute(
        update(sources)
        .where(sources.c.name == name)
        .values(
            etag=validators.etag,
            last_modified=validators.last_modified,
            body_digest=body_digest,
            failures=0,
            problem=problem,
            last_fetch_at=now,
            last_success_at=now,
            next_fetch_at=next_fetch_at,
            claimed_by=None,
            claimed_until=None,
        )
    )
    stamps = [{"path": body.path, "stamp": body.stamp} for body in bodies if body.stamp]
    if stamps:
        source_id = db.scalar(select(sources.c.id).where(sources.c.name == name))
        upsert(db, files, [{"source_id": source_id} | stamp for stamp in stamps])


def record_failure(db: Connection, name: str, *, now: datetime, next_fetch_at: datetime, problem: str) -> None:
    """One more failed refresh. Validators and articles stay as they were."""
    db.execute(
        update(sources)
        .where(sources.c.name == name)
        .values(
            failures=sources.c.failures + 1,
            problem=problem,
            last_fetch_at=now,
            next_fetch_at=next_fetch_at,
            claimed_by=None,
            claimed_until=None,
        )
    )


def shelving_digests(db: Connection) -> dict[str, str | None]:
    """By source: a digest of the rules its stored articles were shelved by, None where they stand on no shelf."""
    return {row.name: row.shelving_digest for row in db.execute(select(sources.c.name, sources.c.shelving_digest))}


def set_shelving_digest(db: Connection, names: Collection[str], digest: str | None) -> None:
    db.execute(update(sources).where(sources.c.name.in_(names)).values(shelving_digest=digest))


def _stamps(db: Connection, source: Source, source_id: int) -> dict[str, str]:
    if source.kind != "folder":
        return {}
    rows = db.execute(select(files.c.path, files.c.stamp).where(files.c.source_id == source_id))
    return {row.path: row.stamp for row in rows}


def _state(row: AnyRow, stamps: dict[str, str] | None = None) -> SourceState:
    return SourceState(
        name=row.name,
        validators=Validators(etag=row.etag, last_modified=row.last_modified),
        body_digest=row.body_digest,
        stamps=stamps or {},
        failures=row.failures,
        problem=row.problem,
        last_fetch_at=row.last_fetch_at,
        last_success_at=row.last_success_at,
        next_fetch_at=row.next_fetch_at,
    )


def _id_of(name: str) -> ScalarSelect[int]:
    return select(sources.c.id).where(sources.c.name == name).scalar_subquery()


def _location_digest(source: Source) -> str:
    # Only a digest is stored: an address may hold a secret.
    return hashlib.sha256(f"{source.url}\0{source.path}".encode()).hexdigest()
