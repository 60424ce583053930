"""What a mill is doing, as its store tells: what runs, what is next, what fails."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from msgspec import Struct

from feeds.records import Inventory, Source, SourceState
from feeds.settings import Settings
from storage import Store, attention, claims, leases, sources
from storage.inventory import inventory
from storage.leases import Lease

NEXT = 10  # sources that are shown as next


class Pulse(Struct, frozen=True, kw_only=True):
    """One moment of a mill."""

    now: datetime
    daemon: Lease | None
    at_work: dict[str, str]  # sources that are read now, and the name of the process that does it
    coming: tuple[tuple[Source, SourceState], ...]
    failing: tuple[tuple[Source, SourceState], ...]
    inventory: Inventory
    unread: int  # sources of the config that the store does not know yet


def pulse(store: Store, settings: Settings, *, now: datetime, failing: int | None = None) -> Pulse:
    """What the store tells of the sources in `settings`, which are complete; of `failing` ones at most so many.

    A handful of queries, however many sources there are.
    """
    by_name = {source.name: source for source in settings.sources}
    folders = sum(source.kind == "folder" for source in settings.sources)
    with store.read() as db:
        at_work = sources.at_work(db, now=now, is_alive=claims.is_alive)
        passed_over = at_work.keys() | {source.name for source in settings.sources if source.kind == "folder"}
        coming = attention.coming(db, limit=NEXT + len(at_work) + folders)
        counted = inventory(db, names=by_name, now=now)
        return Pulse(
            now=now,
            daemon=leases.held(db, leases.DAEMON, now=now, is_alive=claims.is_alive),
            at_work=at_work,
            coming=tuple(islice((one for one in _known(coming, by_name) if one[0].name not in passed_over), NEXT)),
            failing=tuple(_known(attention.failing(db, limit=failing), by_name)),
            inventory=counted,
            unread=len(by_name) - sum(counted.sources.values()),
        )


def nothing(settings: Settings, *, now: datetime) -> Pulse:
    """The pulse of a mill that never stored anything."""
    empty = Inventory(sources={}, due=0, lag=timedelta(), articles=0, tombstones=0)
    return Pulse(now=now, daemon=None, at_work={}, coming=(), failing=(), inventory=empty, unread=len(settings.sources))


def _known(states: Iterable[SourceState], by_name: dict[str, Source]) -> Iterator[tuple[Source, SourceState]]:
    """A source that was just taken out of the config is still in the store."""
    return ((by_name[state.name], state) for state in states if state.name in by_name)
