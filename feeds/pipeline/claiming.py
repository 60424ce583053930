"""Which sources are due, and ours to refresh."""

from __future__ import annotations

from collections.abc import Callable, Container, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from feeds import fetching
from feeds.fetching import timing
from feeds.pipeline import telling
from feeds.records import Refresh, Source, SourceState, replace
from feeds.settings import Settings
from storage import Store, claims, sources, subscriptions

if TYPE_CHECKING:
    from feeds.pipeline.pushing.inbox import Pushed


class Claim(Struct, frozen=True, kw_only=True):
    """What is ours to refresh now, and what waits for its time."""

    claimed: tuple[tuple[Source, SourceState], ...]
    waiting: tuple[Refresh, ...]


def claim(
    store: Store,
    settings: Settings,
    wanted: Sequence[Source],
    *,
    now: datetime,
    force: bool = False,
    revive: bool = False,
    limit: int | None = None,
    at_work: Container[str] = (),
    is_told: bool = False,
) -> Claim:
    """Claim those of `wanted` that are due; of more than `limit` those that have been due for longest.

    What this process is `at_work` on already is left alone. `force` overrules their due times, never another process
    at work; `revive` asks even those that are parked or gone. Who `is_told` by hubs what is new asks their
    sources rarely.
    """
    with store.begin() as db:
        states = sources.states(db)
        hosts = sources.held_hosts(db)
        is_time = _due(settings, states, hosts, now, force=force, revive=revive)
        claimed = sources.claim(
            db,
            _with_companions(settings, states, wanted),
            now=now,
            owner=claims.owner(),
            is_alive=claims.is_alive,
            is_due=lambda source, state: source.name not in at_work and is_time(source, state),
            limit=limit,
            known=states,
        )
        pushed = subscriptions.working(db, now=now) if is_told else frozenset()
    due = {source.name for source, _state in claimed}
    waiting = (_waiting(source, states[source.name], hosts, now) for source in wanted if source.name not in due)
    ours = ((source, replace(state, is_pushed=True) if source.name in pushed else state) for source, state in claimed)
    return Claim(claimed=tuple(ours), waiting=tuple(waiting))


def claim_pushed(store: Store, pushed: Sequence[Pushed], *, now: datetime) -> list[tuple[Pushed, SourceState]]:
    """Claim the sources of what hubs sent; those that another process is at work on are left out."""
    wanted = [source for source, _sent in pushed]
    with store.begin() as db:
        claimed = sources.claim(
            db,
            wanted,
            now=now,
            owner=claims.owner(),
            is_alive=claims.is_alive,
            is_due=lambda _source, _state: True,
        )
    states = {source.name: state for source, state in claimed}
    return [((source, sent), states[source.name]) for source, sent in pushed if source.name in states]


def _waiting(source: Source, state: SourceState, hosts: telling.HeldHosts, now: datetime) -> Refresh:
    if state.standing != "active":
        return Refresh(source=state.name, status="waiting", problem=state.problem)
    spared = telling.spared(hosts, source, state, now)
    problem = "" if spared is state else telling.SPARED
    return Refresh(source=state.name, status="waiting", problem=problem, next_fetch_at=spared.next_fetch_at)


def _with_companions(settings: Settings, states: dict[str, SourceState], wanted: Sequence[Source]) -> list[Source]:
    """Those wanted, and those that share an address with one: asked alone, each would cost it a whole document."""
    names = {source.name for source in wanted}
    asked = {fetching.address(source, states[source.name]) for source in wanted}
    others = (source for source in settings.sources if source.name not in names)
    return [*wanted, *(source for source in others if fetching.address(source, states[source.name]) in asked)]


def _due(
    settings: Settings,
    states: dict[str, SourceState],
    held: telling.HeldHosts,
    now: datetime,
    *,
    force: bool,
    revive: bool,
) -> Callable[[Source, SourceState], bool]:
    """Whether a source may be asked now. Sources of one address share its clock, those of one host its patience."""
    by_address: dict[object, list[Source]] = {}
    for source in settings.sources:
        by_address.setdefault(fetching.address(source, states[source.name]), []).append(source)

    def is_due(source: Source, state: SourceState) -> bool:
        if force:
            return revive or state.standing == "active"
        _strikes, until = held.get(fetching.host(source, state), (0, now))
        if timing.is_held(until, now):
            return False
        shared = by_address.get(fetching.address(source, state), [])
        asked = (each for each in shared if _is_asked(states[each.name]))
        return all(timing.is_due(each, states[each.name], now) for each in (source, *asked))

    return is_due


def _is_asked(state: SourceState) -> bool:
    return state.standing == "active" or state.last_fetch_at is None
