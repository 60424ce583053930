"""Rounds of refreshes: claim what is due, fetch it, and store what each source brought."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog

from feeds import fetching, normalizing
from feeds.clock import Clock
from feeds.errors import FeedmillError, ParseError, SourceError
from feeds.fetching import timing
from feeds.normalizing import categories as shelving
from feeds.normalizing import identity
from feeds.pipeline.listing import read_list
from feeds.pipeline.preparing import manners, prepare
from feeds.pipeline.reading import Reader, reader, summed_up
from feeds.records import (
    Answered,
    Body,
    Document,
    Fetched,
    FetchFailed,
    FetchResult,
    NotModified,
    Postponed,
    Refresh,
    RefreshStatus,
    Rhythm,
    Seen,
    Source,
    SourceState,
)
from feeds.settings import Settings
from storage import Store, articles, claims, lists, sources

log = structlog.get_logger()

UNCHANGED = 100  # refreshes without news whose states are written together


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
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
    """Claim those of `wanted` that are due.

    `force` overrules their due times, never another process at work; `revive` asks even those that are parked or gone.
    """
    now = _whole_seconds(clock.now())
    prepare(store, settings)
    owner = claims.owner()
    with store.begin() as db:
        states = sources.states(db)
        is_due = _due(settings, states, sources.held_hosts(db), now, force=force, revive=revive)
        everyone = _with_companions(settings, states, wanted)
        claimed = sources.claim(db, everyone, now=now, owner=owner, is_alive=claims.is_alive, is_due=is_due)
    due = {source.name for source, _state in claimed}
    waiting = tuple(
        Refresh(
            source=source.name,
            status="waiting",
            problem=state.problem if state.standing != "active" else "",
            next_fetch_at=state.next_fetch_at if state.standing == "active" else None,
        )
        for source in wanted
        if source.name not in due
        for state in [states[source.name]]
    )
    return Round(
        waiting=waiting,
        total=len(claimed),
        refreshes=_Worker(store, settings, clock, owner).refreshes(claimed),
    )


def take_in(store: Store, settings: Settings, source: Source, answer: Fetched, *, clock: Clock) -> Refresh:
    """A first answer that is at hand already, stored as if it had just been fetched."""
    prepare(store, settings)
    with store.read() as db:
        state = sources.states(db)[source.name]
    return _Worker(store, settings, clock, claims.owner()).refresh(source, state, answer)


def _with_companions(settings: Settings, states: dict[str, SourceState], wanted: Sequence[Source]) -> list[Source]:
    """Those wanted, and those that share an address with one: asked alone, each would cost it a whole document."""
    names = {source.name for source in wanted}
    asked = {fetching.address(source, states[source.name]) for source in wanted}
    others = (source for source in settings.sources if source.name not in names)
    return [*wanted, *(source for source in others if fetching.address(source, states[source.name]) in asked)]


def _due(
    settings: Settings,
    states: dict[str, SourceState],
    held: dict[str, tuple[int, datetime]],
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


class _Worker:
    """The stages of one process's refreshes. `owner` is the name its claims are held under."""

    def __init__(self, store: Store, settings: Settings, clock: Clock, owner: str) -> None:
        self.store = store
        self.settings = settings
        self.clock = clock
        self.owner = owner
        self.unchanged: list[SourceState] = []

    def refreshes(self, claimed: list[tuple[Source, SourceState]]) -> Generator[Refresh]:
        states = {source.name: state for source, state in claimed}
        stopping = threading.Event()
        fetched = fetching.fetch(claimed, clock=self.clock, manners=manners(self.settings), stopping=stopping)
        told = log.bind()  # once: what is below the level that is logged then costs next to nothing
        try:
            for source, result in fetched:
                began_at = self.clock.monotonic()
                refresh = self.refresh(source, states[source.name], result)
                if isinstance(result, Postponed) and result.is_over:
                    continue
                refresh = replace(refresh, seconds=result.seconds + self.clock.monotonic() - began_at)
                _tell(told, refresh)
                yield refresh
        except GeneratorExit:  # nobody waits any longer; what origins have answered is kept all the same
            stopping.set()
            for source, result in fetched:
                self.refresh(source, states[source.name], result)
            raise
        finally:
            fetched.close()
            with self.store.begin() as db:
                sources.record_all(db, self.unchanged)
                sources.release(db, owner=self.owner)

    def refresh(self, source: Source, state: SourceState, result: FetchResult) -> Refresh:
        """One source's result, stored. A fault of ours costs this source, not the round, nor every minute from now."""
        now = _whole_seconds(self.clock.now())
        if isinstance(result, Postponed):
            return self.postpone(source, state, result, now)
        try:
            return self.absorb(source, state, result, now)
        except SourceError as error:
            return self.fail(source, replace(state, attempts=max(state.attempts, 1)), str(error), result, now)
        except FeedmillError:
            raise
        except Exception as error:
            log.exception("source could not be refreshed", source=source.name)
            return self.fail(source, state, f"could not be read ({error!r}); please report it", result, now)

    def postpone(self, source: Source, state: SourceState, result: Postponed, now: datetime) -> Refresh:
        """Due as before; but an origin that we know, and have just asked, is not asked again at once."""
        with self.store.begin() as db:
            if result.was_asked and state.last_success_at is not None:
                sources.record(db, replace(state, next_fetch_at=max(now + source.interval, state.next_fetch_at or now)))
            else:
                sources.release(db, owner=self.owner, name=source.name)
        problem = "the answer was not waited for" if result.was_asked else "its host is to be asked later"
        return Refresh(source=source.name, status="waiting", problem=problem)

    def absorb(self, source: Source, state: SourceState, result: Answered, now: datetime) -> Refresh:
        if isinstance(result, FetchFailed):
            return self.failed(source, state, result, now)
        if isinstance(result, NotModified) or _digest(source, result.bodies) == state.body_digest != "":
            learned = timing.after(source, state, result, now=now)
            self.keep_unchanged(learned)
            return _refresh(learned, "unchanged")
        if source.kind == "opml":
            return self.store_list(source, state, result, now)
        is_suspect = state.attempts > 0
        with self.store.begin() as db:
            sources.begin_reading(db, source.name, again_at=now + source.interval if is_suspect else None)
        one = reader(self.settings, source, now, is_suspect=is_suspect)
        read, unread = one.parse(result.bodies)
        problems = (*result.problems, *unread)
        if problems and not read and not _has_other_files(state, result):
            return self.failed(source, state, FetchFailed(problem=summed_up(problems), pacing=result.pacing), now)
        return self.store_read(one, state, result, read, problems)

    def store_read(
        self,
        one: Reader,
        state: SourceState,
        result: Fetched,
        read: Sequence[tuple[Body, Document]],
        problems: Sequence[str],
    ) -> Refresh:
        """What was read, with the new state, in one transaction: a 304 must never hide what was not stored."""
        source, documents = one.source, [document for _body, document in read]
        found = identity.candidates(entry for document in documents for entry in document.entries)
        with self.store.read() as db:
            known = articles.known(db, source.name, (guid for c in found for guid in (c.guid, c.told_apart)))
        batch, left_out = one.normalize(normalizing.changes(found, known, files=result.files))
        problems = (*problems, *left_out, *(each for document in documents for each in document.problems))
        for each in problems if len(problems) > 1 else ():
            log.info("could not be read", source=source.name, problem=source.redact(each))
        with self.store.begin() as db:
            saved = articles.save(db, source.name, batch, now=one.now, slugs=shelving.slugs)
            seen = Seen(
                rhythm=_rhythm(documents),
                body_digest=_digest(source, result.bodies),
                is_same=bool(known),
                has_new=saved.new > 0,
                problem=source.redact(summed_up(problems)),
            )
            learned = timing.after(source, state, result, seen=seen, now=one.now)
            sources.record(db, learned, bodies=[body for body, _document in read])
        return replace(_refresh(learned, "fetched"), new=saved.new, revised=saved.revised, categories=saved.categories)

    def store_list(self, source: Source, state: SourceState, result: Fetched, now: datetime) -> Refresh:
        """A list of sources, kept in sync: what it no longer names is not asked any more."""
        try:
            subscriptions, problems = read_list(result.bodies[0])
        except ParseError as error:
            return self.failed(source, state, FetchFailed(problem=str(error), pacing=result.pacing), now)
        seen = Seen(body_digest=_digest(source, result.bodies), problem=source.redact(summed_up(problems)))
        learned = timing.after(source, state, result, seen=seen, now=now)
        with self.store.begin() as db:
            added, dropped = lists.replace_list(db, source.name, subscriptions)
            sources.record(db, learned)
        problem = learned.problem or f"{added} sources more, {dropped} fewer"
        return replace(_refresh(learned, "fetched"), problem=problem)

    def failed(self, source: Source, state: SourceState, failure: FetchFailed, now: datetime) -> Refresh:
        learned = timing.after(source, state, replace(failure, problem=source.redact(failure.problem)), now=now)
        with self.store.begin() as db:
            sources.record(db, learned)
            if failure.kind == "throttled":
                host = failure.host or fetching.host(source, state)
                last_strikes, last_until = sources.held_hosts(db).get(host, (0, now))
                strikes, until = timing.host_hold(failure, last_strikes, last_until, now=now)
                sources.hold_host(db, host, until=until, strikes=strikes)
        return _refresh(learned, "failed")

    def fail(self, source: Source, state: SourceState, problem: str, result: Answered, now: datetime) -> Refresh:
        return self.failed(source, state, FetchFailed(problem=problem, pacing=result.pacing), now)

    def keep_unchanged(self, learned: SourceState) -> None:
        """States without news wait for each other: a transaction for each would cost more than the request did."""
        self.unchanged.append(learned)
        if len(self.unchanged) >= UNCHANGED:
            with self.store.begin() as db:
                sources.record_all(db, self.unchanged)
            self.unchanged.clear()


def _refresh(state: SourceState, status: RefreshStatus) -> Refresh:
    return Refresh(source=state.name, status=status, problem=state.problem, next_fetch_at=state.next_fetch_at)


def _rhythm(documents: Sequence[Document]) -> Rhythm | None:
    if not documents:
        return None
    moments = [entry.published or entry.updated for document in documents for entry in document.entries]
    gap = timing.usual_gap(moment for moment in moments if moment)
    return replace(documents[0].rhythm, gap=gap)


def _has_other_files(state: SourceState, result: Fetched) -> bool:
    """Whether a folder holds files that were read before and did not change: a broken one beside them costs itself."""
    looked_at = {body.path for body in result.bodies}
    return any(
        path not in looked_at and not any(problem.startswith(f"{path}: ") for problem in result.problems)
        for path in state.stamps
    )


def _digest(source: Source, bodies: Sequence[Body]) -> str:
    """Of the one body of an HTTP source; files have stamps instead."""
    return "" if source.kind == "folder" else hashlib.sha256(bodies[0].content).hexdigest()


def _tell(told: Any, refresh: Refresh) -> None:
    told.info(
        "source refreshed",
        source=refresh.source,
        status=refresh.status,
        new=refresh.new,
        revised=refresh.revised,
        seconds=round(refresh.seconds, 3),
        problem=refresh.problem,
    )


def _whole_seconds(moment: datetime) -> datetime:
    """Dates of ours are published, and a feed's dates have no use for fractions."""
    return moment.replace(microsecond=0)
