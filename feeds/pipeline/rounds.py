"""One round of refreshes, as a command makes it."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from msgspec import Struct

from feeds.clock import Clock, whole_seconds
from feeds.pipeline.claiming import claim
from feeds.pipeline.preparing import prepare
from feeds.pipeline.refreshing import Refreshing
from feeds.pipeline.storing import Visit
from feeds.records import Fetched, Refresh, Source, replace
from feeds.settings import Settings
from storage import Store, journal, sources


class Round(Struct, frozen=True, kw_only=True):
    """One round of refreshes: those that wait for their time, and those that run while they are iterated over."""

    waiting: tuple[Refresh, ...]
    total: int  # how many `refreshes` gives
    refreshes: Generator[Refresh]


def start_round(
    store: Store,
    settings: Settings,
    wanted: Sequence[Source],
    *,
    clock: Clock,
    force: bool = False,
    revive: bool = False,
) -> Round:
    """Claim those of `wanted` that are due, see `claim`; they are refreshed while `refreshes` is iterated over."""
    prepare(store, settings)
    journal.forget(store, today=clock.now().date())  # as a daemon does now and then
    ours = claim(store, settings, wanted, now=whole_seconds(clock.now()), force=force, revive=revive)
    running = Refreshing(store, settings, clock=clock, expected=len(ours.claimed))
    running.add(ours.claimed)
    running.close()
    return Round(waiting=ours.waiting, total=len(ours.claimed), refreshes=running.refreshes())


def take_in(store: Store, settings: Settings, source: Source, answer: Fetched, *, clock: Clock) -> Refresh:
    """A first answer that is at hand already, stored as if it had just been fetched."""
    prepare(store, settings)
    with store.read() as db:
        known = sources.states(db, [source.name])[source.name]
    state = replace(known, attempts=0)  # it was read just now, and that did not end us
    running = Refreshing(store, settings, clock=clock)
    (refresh,) = running.take_in(Visit(source=source, state=state, result=answer))
    running.flush()
    return refresh
