"""What we learned of each source: its state, when it is due, and who is at work on it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import Connection, Row, ScalarSelect, Update, bindparam, delete, insert, select, update

from feeds.errors import RenamedError
from feeds.records import Body, Dating, Rhythm, Source, SourceState, Validators, replace
from storage.batches import batches
from storage.claims import LEASE, is_over
from storage.tables import files, hosts, sources, subscriptions
from storage.upserts import upsert

AnyRow: TypeAlias = Row[*tuple[Any, ...]]

FEW = 100  # sources that are asked for by name, rather than with all others

RHYTHM = msgspec.json.Decoder(Rhythm)
_DATING = msgspec.json.Decoder(Dating)


_PLAIN = (
    "standing", "body_digest", "site_url", "failures", "problem", "slowed", "slowed_at", "moved_to", "moved_since",
    "move_is_proven", "attempts", "last_fetch_at", "last_success_at", "last_new_at", "next_fetch_at",
)  # fmt: skip
STATE = tuple(sources.c[name] for name in ("name", "etag", "last_modified", "rhythm", *_PLAIN))


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
                .values(_columns(SourceState(name=name)) | {"location_digest": digest, "dating": "{}"})
            )
            for learned in (files, subscriptions):  # what its former hub still sends is another source's
                db.execute(delete(learned).where(learned.c.source_id == _id_of(name)))


def states(db: Connection, names: Collection[str] | None = None) -> dict[str, SourceState]:
    """Every source we ever enrolled, by name, or those of these names; without the stamps of files."""
    query = select(*STATE).order_by(sources.c.name)
    queries = [query] if names is None else [query.where(sources.c.name.in_(some)) for some in batches(names)]
    return {state.name: state for each in queries for state in map(state_of, db.execute(each))}


def claim(
    db: Connection,
    wanted: Sequence[Source],
    *,
    now: datetime,
    owner: str,
    is_alive: Callable[[str], bool],
    is_due: Callable[[Source, SourceState], bool],
    limit: int | None = None,
    known: Mapping[str, SourceState] | None = None,
) -> list[tuple[Source, SourceState]]:
    """Those of `wanted` that are due and that nobody else is at work on; they are `owner`'s until released. `known` is
    what `states` gave in this transaction, where somebody has asked already.

    Of more than `limit` those that have been due for longest are taken, and what was never asked before all others.
    A claim ends with `record`, with `release`, with the worker's life (`is_alive` of its name is false), or after
    `LEASE`.
    """
    by_name = {source.name: source for source in wanted}
    is_few = len(by_name) <= FEW
    known = states(db, by_name if is_few else None) if known is None else known
    rows = db.execute(_CLAIMS.where(sources.c.name.in_(by_name)) if is_few else _CLAIMS)
    is_alive = cache(is_alive)  # it reads /proc, and one worker holds hundreds of claims

    def is_free(row: AnyRow) -> bool:
        if row.claimed_by is None or row.claimed_by == owner:
            return True
        return is_over(row.claimed_by, row.claimed_until, now=now, is_alive=is_alive)

    due = [
        (row.id, known[row.name])
        for row in rows
        if row.name in by_name and is_due(by_name[row.name], known[row.name]) and is_free(row)
    ]
    if limit is not None and len(due) > limit:
        due = sorted(due, key=lambda one: (one[1].next_fetch_at is not None, one[1].next_fetch_at or now))[:limit]
    claimed = {state.name: (row_id, state) for row_id, state in due}
    for some in batches(row_id for row_id, _known in claimed.values()):
        db.execute(update(sources).where(sources.c.id.in_(some)).values(claimed_by=owner, claimed_until=now + LEASE))
    return [(source, _with_stamps(db, source, *claimed[source.name])) for source in wanted if source.name in claimed]


def release(db: Connection, *, owner: str, name: str | None = None) -> None:
    """Give back what `owner` claimed and did not finish, all of it or one source: it is due as before."""
    mine = sources.c.claimed_by == owner
    db.execute(
        update(sources)
        .where(mine if name is None else mine & (sources.c.name == name))
        .values(claimed_by=None, claimed_until=None)
    )


def renew(db: Connection, *, owner: str, now: datetime) -> None:
    """`owner` is still at work on all that it claimed."""
    db.execute(update(sources).where(sources.c.claimed_by == owner).values(claimed_until=now + LEASE))


def at_work(db: Connection, *, now: datetime, is_alive: Callable[[str], bool]) -> dict[str, str]:
    """The sources that a living process is at work on, and its name."""
    is_alive = cache(is_alive)
    columns = (sources.c.name, sources.c.claimed_by, sources.c.claimed_until)
    rows = db.execute(select(*columns).where(sources.c.claimed_by.is_not(None)).order_by(sources.c.name))
    return {
        row.name: row.claimed_by
        for row in rows
        if not is_over(row.claimed_by, row.claimed_until, now=now, is_alive=is_alive)
    }


def begin_reading(db: Connection, name: str, *, again_at: datetime | None = None) -> None:
    """Note, before the work, that a document is about to be read: if that ends our process, the next one knows.

    With `again_at`, the next one leaves it alone until then.
    """
    due = {} if again_at is None else {"next_fetch_at": again_at}
    db.execute(update(sources).where(sources.c.name == name).values(attempts=sources.c.attempts + 1, **due))


def record(db: Connection, state: SourceState, bodies: Iterable[Body] = ()) -> None:
    """What a refresh taught us, with the stamps of the files that were read; the claim ends.

    Belongs in the transaction that saves the articles: validators must never vouch for what was not stored.
    """
    record_all(db, [state])
    record_stamps(db, state.name, bodies)


def record_stamps(db: Connection, name: str, bodies: Iterable[Body]) -> None:
    """The stamps of the files of a source that were read."""
    stamps = [{"path": body.path, "stamp": body.stamp} for body in bodies if body.stamp]
    if stamps:
        source_id = db.scalar(select(sources.c.id).where(sources.c.name == name))
        upsert(db, files, [{"source_id": source_id} | stamp for stamp in stamps])


def record_all(db: Connection, states: Sequence[SourceState]) -> None:
    """What refreshes taught us, in one statement; their claims end."""
    if states:
        db.execute(_RECORD, [_columns(state) | {"_name": state.name} for state in states])


def record_visits(db: Connection, visits: Iterable[tuple[SourceState, SourceState]]) -> None:
    """The states before and after visits without news, see `record_all`. Mostly nothing moves but its times, and those
    alone are written."""
    quiet, rest = [], []
    for before, after in visits:
        times = {name: getattr(after, name) for name in _TIMES}
        if replace(before, **times) == after:
            quiet.append(times | {"_name": after.name})
        else:
            rest.append(after)
    if quiet:
        db.execute(_RECORD_TIMES, quiet)
    record_all(db, rest)


def dating(db: Connection, name: str) -> Dating:
    """How far the dates of a source can be believed. Raises RenamedError where there is none of that name."""
    found = db.scalar(_OF_NAME, {"_name": name})
    if found is None:
        raise RenamedError(name)
    return _DATING.decode(found)


def site_urls(db: Connection) -> dict[str, str]:
    """Where the sites of the sources are, by name, as far as their documents said."""
    rows = db.execute(select(sources.c.name, sources.c.site_url).where(sources.c.site_url != ""))
    return {row.name: row.site_url for row in rows}


def doubted(db: Connection, names: Collection[str] | None = None) -> dict[str, Dating]:
    """The sources whose dates are not believed, of these or of all."""
    query = select(sources.c.name, sources.c.dating).where(sources.c.dating.contains('"verdict":"'))
    some = [query] if names is None else [query.where(sources.c.name.in_(each)) for each in batches(names)]
    return {row.name: _DATING.decode(row.dating) for each in some for row in db.execute(each)}


def record_datings(db: Connection, learned: Mapping[str, Dating]) -> None:
    """How far the dates of these sources can be believed, by name."""
    if learned:
        rows = [{"_name": name, "dating": msgspec.json.encode(one).decode()} for name, one in learned.items()]
        db.execute(_RECORD_DATING, rows)


def hold_host(db: Connection, host: str, *, until: datetime, strikes: int) -> None:
    """No source of a host is asked before `until`; `strikes` counts how often it had to tell us."""
    upsert(db, hosts, [{"host": host, "until": until, "strikes": strikes}])


def held_hosts(db: Connection) -> dict[str, tuple[int, datetime]]:
    """Hosts that were held, now or earlier: their strikes, and until when."""
    return {row.host: (row.strikes, row.until) for row in db.execute(select(hosts))}


def shelving_digests(db: Connection) -> dict[str, str | None]:
    """By source: a digest of the rules its stored articles were shelved by, None where they stand on no shelf."""
    return {row.name: row.shelving_digest for row in db.execute(select(sources.c.name, sources.c.shelving_digest))}


def off_shelves(db: Connection, names: Collection[str]) -> set[str]:
    """Those of these sources whose articles stand on no shelf, as the config that was followed last does not name
    them."""
    query = select(sources.c.name).where(sources.c.shelving_digest.is_(None))
    return {name for some in batches(names) for name in db.scalars(query.where(sources.c.name.in_(some)))}


def set_shelving_digest(db: Connection, names: Collection[str], digest: str | None) -> None:
    db.execute(update(sources).where(sources.c.name.in_(names)).values(shelving_digest=digest))


def _with_stamps(db: Connection, source: Source, source_id: int, state: SourceState) -> SourceState:
    if source.kind != "folder":
        return state
    rows = db.execute(select(files.c.path, files.c.stamp).where(files.c.source_id == source_id))
    return replace(state, stamps={row.path: row.stamp for row in rows})


# On SQLite the transaction is the lock.
_CLAIMS = select(sources.c.id, sources.c.name, sources.c.claimed_by, sources.c.claimed_until).with_for_update(
    skip_locked=True
)
_TIMES = ("last_fetch_at", "last_success_at", "next_fetch_at", "attempts")  # the last is counted while one is read


def _recording(names: Iterable[str]) -> Update:
    values: dict[str, Any] = {name: bindparam(name) for name in names} | {"claimed_by": None, "claimed_until": None}
    return update(sources).where(sources.c.name == bindparam("_name")).values(values)


_RECORD = _recording((*_PLAIN, "etag", "last_modified", "rhythm"))
_RECORD_TIMES = _recording(_TIMES)


_OF_NAME = select(sources.c.dating).where(sources.c.name == bindparam("_name"))
_RECORD_DATING = update(sources).where(sources.c.name == bindparam("_name")).values(dating=bindparam("dating"))


def _columns(state: SourceState) -> dict[str, Any]:
    return {name: getattr(state, name) for name in _PLAIN} | {
        "etag": state.validators.etag,
        "last_modified": state.validators.last_modified,
        "rhythm": msgspec.json.encode(state.rhythm).decode(),
    }


def state_of(row: AnyRow) -> SourceState:
    """The state in a row of `STATE`."""
    name, etag, last_modified, rhythm, *plain = row
    return SourceState(
        name=name,
        validators=Validators(etag=etag, last_modified=last_modified),
        rhythm=RHYTHM.decode(rhythm),
        **dict(zip(_PLAIN, plain, strict=True)),
    )


def _id_of(name: str) -> ScalarSelect[int]:
    return select(sources.c.id).where(sources.c.name == name).scalar_subquery()


def _location_digest(source: Source) -> str:
    # Only a digest is stored: an address may hold a secret.
    return hashlib.sha256(f"{source.url}\0{source.path}".encode()).hexdigest()
