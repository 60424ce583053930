"""What a refresh came to, stored: each source's articles and its new state in one transaction, or neither."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from msgspec import Struct

from feeds import fetching
from feeds.clock import token
from feeds.errors import ParseError
from feeds.fetching import timing
from feeds.logs import log
from feeds.normalizing import categories as shelving
from feeds.normalizing import noise
from feeds.pipeline import telling
from feeds.pipeline.listing import MAX_LISTED, read_list
from feeds.records import (
    Body,
    Fetched,
    FetchFailed,
    FetchResult,
    NotModified,
    Postponed,
    Refresh,
    RefreshStatus,
    Seen,
    Source,
    SourceState,
    replace,
)
from storage import (
    Connection,
    Store,
    aliases,
    covering,
    documents,
    journal,
    lists,
    saving,
    sources,
    stories,
    subscriptions,
)

if TYPE_CHECKING:
    from feeds.pipeline.reading import Read

T = TypeVar("T")


class Anew(Struct, frozen=True, kw_only=True):
    """Guids of stored articles that were made anew, and what that came to: `revised` for readers, `mended` where none
    would notice, or `unmoved`, whatever their fingerprints say; and when."""

    revised: frozenset[str]
    mended: frozenset[str]
    unmoved: frozenset[str]
    at: datetime


class Visit(Struct, frozen=True, kw_only=True):
    """One source, as it was when it was claimed, and what it answered."""

    source: Source
    state: SourceState
    result: FetchResult

    @property
    def is_unchanged(self) -> bool:
        if isinstance(self.result, Fetched):
            return digest(self.source, self.result.bodies) == self.state.body_digest != ""
        return isinstance(self.result, NotModified)


def unchanged(visit: Visit, *, now: datetime) -> SourceState:
    """The new state of a source without news; it waits for others, since a transaction for each would cost more than
    the request did."""
    assert not isinstance(visit.result, Postponed)
    return timing.after(visit.source, visit.state, visit.result, now=now)


def store_unread(store: Store, visit: Visit, read: Read, *, now: datetime) -> Refresh | None:
    """The failed refresh of a visit whose answer could not be read at all; None, and nothing stored, of any other."""
    state, result = visit.state, visit.result
    assert isinstance(result, Fetched)
    if not read.unread or read.bodies or _has_other_files(state, result):
        return None
    return store_failure(store, visit, FetchFailed(problem=summed_up(read.unread), pacing=result.pacing), now=now)


def store_read(store: Store, visit: Visit, read: Read, *, judge: stories.Judge, now: datetime) -> Refresh:
    """What was read, with the new state, in one transaction: a 304 must never hide what was not stored."""
    (refresh,) = store_reads(store, [(visit, read)], judge=judge, now=now)
    return refresh


def store_reads(
    store: Store, arrived: Sequence[tuple[Visit, Read]], *, judge: stories.Judge, now: datetime
) -> list[Refresh]:
    """The same for what arrived together: all of it in one transaction, or none."""
    with store.begin() as db:
        ids = documents.keep(db, [(visit.source, read.document) for visit, read in arrived if read.document])
        off = sources.off_shelves(db, [visit.source.name for visit, _read in arrived])
        brought = [
            _brought(visit.source, read, ids.get(visit.source.name), now, is_off_shelves=visit.source.name in off)
            for visit, read in arrived
        ]
        saved = saving.save_all(db, brought, slugs=shelving.slugs, rank=judge.rank)
        for (visit, read), batch, its in zip(arrived, brought, saved, strict=True):
            _bind(db, visit.source, read, batch, its)
        stories.settle(db, _all(each.arrived for each in saved), judge, returned=_all(each.returned for each in saved))
        learned = [_learned(visit, read, its, now) for (visit, read), its in zip(arrived, saved, strict=True)]
        refreshes = [_refresh(*each) for each in zip(arrived, saved, learned, strict=True)]
        sources.record_all(db, learned)
        for visit, read in arrived:
            sources.record_stamps(db, visit.source.name, read.bodies)
        sources.record_datings(db, {visit.source.name: read.dating for visit, read in arrived if read.dating})
        subscriptions.note(db, _hubs(arrived), draw=token)
        journal.record(db, refreshes, day=now.date())
    return refreshes


def _all(some: Iterable[frozenset[T]]) -> frozenset[T]:
    return frozenset().union(*some)


def _hubs(arrived: Sequence[tuple[Visit, Read]]) -> dict[str, tuple[str, str]]:
    """The hub and the topic that each document names. What a hub sent need not name it."""
    return {
        visit.source.name: (read.hub, read.topic)
        for visit, read in arrived
        if visit.source.kind == "http" and not (isinstance(visit.result, Fetched) and visit.result.is_pushed)
    }


def _learned(visit: Visit, read: Read, saved: saving.Saved, now: datetime) -> SourceState:
    source, result = visit.source, visit.result
    assert isinstance(result, Fetched)
    problems = (*read.unread, *read.flaws)
    for each in problems if len(problems) > 1 else ():
        log.info("could not be read", source=source.name, problem=source.redact(each))
    seen = Seen(
        rhythm=read.rhythm,
        site_url=read.site_url,
        body_digest=digest(source, result.bodies),
        is_same=read.is_same,
        has_new=saved.new > 0,
        problem=source.redact(summed_up(problems)),
    )
    return timing.after(source, visit.state, result, seen=seen, now=now)


def _refresh(arrived: tuple[Visit, Read], saved: saving.Saved, learned: SourceState) -> Refresh:
    (visit, read), source = arrived, arrived[0].source
    assert isinstance(visit.result, Fetched)
    if saved.waiting:
        log.info("articles wait for their date", source=source.name, articles=saved.waiting)
    told_now = (
        telling.dates(source, read.dating) if read.is_doubted and read.dating else "",
        telling.held(saved.held) if saved.held else "",
    )
    refresh = told(learned, "fetched", visit.result.seconds)
    refresh = replace(refresh, problem="; ".join(filter(None, (refresh.problem, *told_now))))
    return replace(refresh, new=saved.new, revised=saved.revised, categories=saved.categories)


def save(
    db: Connection,
    source: Source,
    read: Read,
    *,
    document_id: int | None,
    rank: covering.Rank,
    now: datetime,
    anew: Anew | None = None,
) -> saving.Saved:
    """What was read, stored as far as articles go: the same for a replay of what a refresh brought, which makes some of
    it `anew`."""
    batch = _brought(source, read, document_id, now, anew)
    saved = saving.save(db, batch, slugs=shelving.slugs, rank=rank)
    _bind(db, source, read, batch, saved)
    return saved


def _brought(
    source: Source,
    read: Read,
    document_id: int | None,
    now: datetime,
    anew: Anew | None = None,
    *,
    is_off_shelves: bool = False,
) -> saving.Batch:
    seen_at = read.read_at or now
    readdressed = {alias.of for alias in read.aliases if alias.is_readdressed}
    return saving.Batch(
        source=source.name,
        articles=read.articles,
        now=seen_at,
        private=read.private,
        unmoved=readdressed | anew.unmoved if anew else readdressed,
        revised=anew.revised if anew else (),
        mended=anew.mended if anew else (),
        has_other_links=None if anew else noise.has_other_links,
        revised_at=anew.at if anew else seen_at,
        document_id=document_id,
        is_off_shelves=is_off_shelves,
    )


def _bind(db: Connection, source: Source, read: Read, batch: saving.Batch, saved: saving.Saved) -> None:
    """What is known of a source's articles beside themselves: their other guids; and what must not be kept is not."""
    aliases.bind(db, source.name, read.aliases, now=batch.now)
    aliases.bury(db, source.name, read.gone)
    if read.aliases or read.gone:
        log.info("entries came back under new ids", source=source.name, articles=len(read.aliases) + len(read.gone))
    if saved.has_withdrawn and batch.document_id is not None:
        documents.drop(db, batch.document_id)


def store_list(store: Store, visit: Visit, *, now: datetime) -> Refresh:
    """A list of sources, kept in sync: what it no longer names is not asked any more. One that is broken, or empty,
    takes nothing away."""
    source, result = visit.source, visit.result
    assert isinstance(result, Fetched)
    try:
        listed = read_list(result.bodies[0])
    except ParseError as error:
        return store_failure(store, visit, FetchFailed(problem=str(error), pacing=result.pacing), now=now)
    problems = listed.problems
    if listed.flaw:
        problems = (f"{listed.flaw}; what it named before stays", *problems)
    seen = Seen(body_digest=digest(source, result.bodies), problem=source.redact(summed_up(problems)))
    learned = timing.after(source, visit.state, result, seen=seen, now=now)
    with store.begin() as db:
        if listed.flaw:
            added, dropped = lists.add_to_list(db, source.name, listed.found, limit=MAX_LISTED), 0
        else:
            added, dropped = lists.replace_list(db, source.name, listed.found)
        sources.record(db, learned)
        refresh = told(learned, "fetched", result.seconds)
        journal.record(db, [refresh], day=now.date())
    has_moved = added or dropped
    return replace(refresh, note=f"names {added} more, {dropped} fewer" if has_moved else "names what it did before")


def store_failure(store: Store, visit: Visit, failure: FetchFailed, *, now: datetime) -> Refresh:
    source, state = visit.source, visit.state
    if isinstance(visit.result, Fetched) and visit.result.is_pushed:
        return _ignored(store, visit, failure)
    learned = timing.after(source, state, replace(failure, problem=source.redact(failure.problem)), now=now)
    refresh = told(learned, "failed", failure.seconds)
    with store.begin() as db:
        sources.record(db, learned)
        journal.record(db, [refresh], day=now.date())
        if failure.kind == "throttled":
            host = failure.host or fetching.host(source, state)
            last_strikes, last_until = sources.held_hosts(db).get(host, (0, now))
            strikes, until = timing.host_hold(failure, last_strikes, last_until, now=now)
            sources.hold_host(db, host, until=until, strikes=strikes)
    return refresh


def _ignored(store: Store, visit: Visit, failure: FetchFailed) -> Refresh:
    """What a hub sent and cannot be read says nothing of the source, which is asked when it is due."""
    with store.begin() as db:
        sources.record(db, visit.state)
    problem = f"what its hub sent was left out: {visit.source.redact(failure.problem)}"
    return Refresh(source=visit.source.name, status="waiting", problem=problem)


def postpone(store: Store, visit: Visit, result: Postponed, *, owner: str, now: datetime) -> Refresh:
    """Due as before; but an origin that we know, and have just asked, is not asked again at once."""
    source, state = visit.source, visit.state
    with store.begin() as db:
        if result.was_asked and state.last_success_at is not None:
            sources.record(db, replace(state, next_fetch_at=max(now + source.interval, state.next_fetch_at or now)))
        else:
            sources.release(db, owner=owner, name=source.name)
    problem = "the answer was not waited for" if result.was_asked else "its host is to be asked later"
    return Refresh(source=source.name, status="waiting", problem=problem)


def told(state: SourceState, status: RefreshStatus, seconds: float) -> Refresh:
    """The refresh that led to a state, with the time until the answer was complete."""
    return Refresh(
        source=state.name,
        status=status,
        fetch_seconds=seconds,
        problem=state.problem,
        next_fetch_at=state.next_fetch_at,
    )


def digest(source: Source, bodies: Sequence[Body]) -> str:
    """Of the one body of an HTTP source; files have stamps instead."""
    return "" if source.kind == "folder" else hashlib.sha256(bodies[0].content).hexdigest()


def summed_up(problems: Sequence[str]) -> str:
    """One line for all of them."""
    more = f" (and {len(problems) - 1} more; -v tells them)" if len(problems) > 1 else ""
    return problems[0] + more if problems else ""


def _has_other_files(state: SourceState, result: Fetched) -> bool:
    """Whether a folder holds files that were read before and did not change: a broken one beside them costs itself."""
    looked_at = {body.path for body in result.bodies}
    return any(
        path not in looked_at and not any(problem.startswith(f"{path}: ") for problem in result.problems)
        for path in state.stamps
    )
