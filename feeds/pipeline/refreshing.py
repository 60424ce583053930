"""Refreshes: what claimed sources answer, read and stored as it arrives.

Fetching, reading and storing overlap: transfers go on in a thread of their own, documents are read in a few processes,
and whoever iterates over the refreshes is the one writer, in short transactions.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Generator, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from feeds import fetching
from feeds.clock import Clock, whole_seconds
from feeds.logs import log
from feeds.pipeline import storing
from feeds.pipeline.apart import Apart, Stored
from feeds.pipeline.claiming import claim_pushed
from feeds.pipeline.faults import guarded
from feeds.pipeline.judging import judge
from feeds.pipeline.patience import Patience
from feeds.pipeline.preparing import manners
from feeds.pipeline.storing import Visit
from feeds.pipeline.unchanged import Unchanged
from feeds.records import Fetched, FetchFailed, FetchResult, Postponed, Refresh, Source, SourceState, replace, size_of
from feeds.settings import Settings
from storage import Store, claims, sources

if TYPE_CHECKING:
    from feeds.pipeline.pushing.inbox import Inbox

FEW = 30  # documents of one round that are read in this process: to start another one would cost more
LAST_READS = 8.0  # seconds that documents at workers have to be read in, once everything is to end
LOOK = 1.0  # seconds between two looks at what else there is to do
RENEWAL = timedelta(minutes=5)


class Refreshing:
    """The refreshes of one process, for as long as sources are added.

    Where many sources are `expected`, the processes that read their documents are made at once. A `patient` one, as a
    daemon is, waits for a store that cannot be written now, and reads every document in another process; what its
    `inbox` holds is read as if it had been fetched. `add`, `nudge`, `close` and `stop` may be called by any thread.
    """

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        clock: Clock,
        expected: int = 0,
        is_patient: bool = False,
        inbox: Inbox | None = None,
    ) -> None:
        self._store = store
        self._settings = settings
        self._judge = judge(settings)
        self._clock = clock
        self._is_patient = is_patient
        self._inbox = inbox
        self._owner = claims.owner()
        self._fetching = fetching.Fetching(clock=clock, manners=manners(settings))
        self._patience = Patience(clock, is_patient=is_patient)
        self._ends_at = math.inf
        self._claimed: dict[str, SourceState] = {}
        self._pushed: set[str] = set()  # sources that are to be claimed, for their hubs sent something
        self._choosing = threading.Lock()  # which sources are whose
        self._unchanged = Unchanged()
        self._renewed_at = clock.now()
        self._read_here = 0
        self._apart = Apart(store, clock=clock, judge=self._judge, patience=self._patience, nudge=self._fetching.nudge)
        if expected > FEW:
            self._apart.fork()
        self.is_closed = False

    @property
    def trouble(self) -> str:
        """That the store has right now, in words; "" where it has none."""
        return self._patience.trouble

    @property
    def last_sign_at(self) -> float:
        """When there was a sign of life, in seconds of the monotonic clock."""
        return self._patience.last_sign_at

    @property
    def at_work(self) -> frozenset[str]:
        """The sources that were added and whose refresh is not stored yet."""
        return frozenset(self._claimed.copy())

    def add(self, claimed: Sequence[tuple[Source, SourceState]]) -> None:
        """These, too; but none that was begun since they were claimed, for its hub sent something."""
        with self._choosing:
            taken = self._pushed | self._claimed.keys()
            free = [(source, state) for source, state in claimed if source.name not in taken]
            self._claimed |= {source.name: state for source, state in free}
        self._fetching.add(free)

    def nudge(self) -> None:
        """There is something in the inbox."""
        self._fetching.nudge()

    def close(self) -> None:
        """Nothing more is added: `refreshes` ends with the last one."""
        self.is_closed = True
        self._fetching.close()

    def stop(self) -> None:
        """Nothing more is asked or waited for; what has been answered is still stored."""
        self.is_closed = True
        self._begin_to_end()
        self._patience.stop()
        self._fetching.stop()

    def refreshes(self) -> Generator[Refresh]:
        """Each refresh as it is stored. When nobody takes more, what origins have answered is stored all the same."""
        results = self._fetching.results()
        try:
            yield from self._follow(results)
        except GeneratorExit:
            self.stop()
            for _refresh in self._follow(results):
                pass
            raise
        finally:
            self.is_closed = True
            results.close()
            self._apart.close()
            self._give_back()

    def take_in(self, visit: Visit) -> Iterator[Refresh]:
        """The refresh that a visit leads to; none yet if a worker reads it first, none if it was broken off."""
        began_at = self._clock.monotonic()
        refresh = self._patience.write(partial(guarded, self._store, self._clock, visit, self._absorb))
        if refresh is not None:
            yield from self._finished(refresh, visit, began_at)

    def _follow(self, results: Iterator[tuple[Source, FetchResult] | None]) -> Iterator[Refresh]:
        interruption: KeyboardInterrupt | None = None
        try:
            yield from self._take_in_all(results)
        except KeyboardInterrupt as error:  # what has been answered, and what workers have, is stored all the same
            interruption = error
            self.stop()
            yield from self._take_in_all(results)
        while self._apart.is_busy and self._has_time():
            yield from self._wait_for_workers()
        yield from self._told(self._apart.store())
        for visit in self._apart.give_up():  # not read in time: asked, and the answer not waited for
            yield from self.take_in(replace(visit, result=Postponed(was_asked=True, is_over=True)))
        if interruption:
            raise interruption

    def _take_in_all(self, results: Iterator[tuple[Source, FetchResult] | None]) -> Iterator[Refresh]:
        for arrived in results:
            yield from self._told(self._apart.take_back())
            if arrived is not None:
                source, result = arrived
                yield from self.take_in(Visit(source=source, state=self._claimed[source.name], result=result))
            yield from self._take_pushed()
            while self._apart.is_full and self._has_time():
                yield from self._wait_for_workers()
            self._keep_up()

    def _take_pushed(self) -> Iterator[Refresh]:
        """What hubs sent meanwhile, to sources that nobody is at work on."""
        if self._inbox is None or self.is_closed:
            return
        with self._choosing:
            pushed = self._inbox.waiting(self._claimed)
            self._pushed = {source.name for source, _sent in pushed}
        if not pushed:
            return
        claim_ours = partial(claim_pushed, self._store, pushed, now=whole_seconds(self._clock.now()))
        claimed = self._patience.write(claim_ours)
        with self._choosing:
            self._claimed |= {source.name: state for (source, _sent), state in claimed}
            self._pushed = set()
        for one, state in claimed:
            self._inbox.remove(one)
            yield from self.take_in(Visit(source=one[0], state=state, result=one[1]))

    def _wait_for_workers(self) -> Iterator[Refresh]:
        self._apart.wait(LOOK)
        yield from self._told(self._apart.take_back())
        self._keep_up()

    def _begin_to_end(self) -> None:
        self._ends_at = min(self._ends_at, self._clock.monotonic() + LAST_READS)

    def _has_time(self) -> bool:
        return self._clock.monotonic() < self._ends_at

    def _absorb(self, visit: Visit, now: datetime) -> Refresh | None:
        match visit.result:
            case Postponed() as postponed:
                return storing.postpone(self._store, visit, postponed, owner=self._owner, now=now)
            case FetchFailed() as failure:
                return storing.store_failure(self._store, visit, failure, now=now)
            case _ if visit.is_unchanged:
                learned = storing.unchanged(visit, now=now)
                return self._unchanged.keep(visit, learned, monotonic=self._clock.monotonic())
            case Fetched() if visit.source.kind == "opml":
                return storing.store_list(self._store, visit, now=now)
            case Fetched() as answer:
                return self._read(visit, answer, now)
        return None

    def _read(self, visit: Visit, answer: Fetched, now: datetime) -> Refresh | None:
        from feeds.pipeline.reading import read, reader

        one = reader(self._settings, visit.source, now, visit.state)
        is_suspect = visit.state.attempts > 0
        is_many = self._read_here >= FEW or self._apart.is_begun
        is_apart = self._apart.is_possible and (is_suspect or self._is_patient or is_many)
        if is_suspect or not is_apart:  # noted before the work: if it ends our process, the next one knows
            again_at = now + visit.source.interval if is_suspect else None
            with self._store.begin() as db:
                sources.begin_reading(db, visit.source.name, again_at=again_at)
        if is_apart:
            self._apart.hand_over(visit, one, answer)
            return None
        self._read_here += 1
        found = read(self._store, one, answer)
        return storing.store_unread(self._store, visit, found, now=now) or storing.store_read(
            self._store, visit, found, judge=self._judge, now=now
        )

    def _told(self, stored: Iterator[Stored]) -> Iterator[Refresh]:
        for each in stored:
            yield from self._finished(*each)

    def _finished(self, refresh: Refresh, visit: Visit, began_at: float) -> Iterator[Refresh]:
        if refresh.status != "unchanged":
            self._claimed.pop(refresh.source, None)
        result = visit.result
        if isinstance(result, Postponed) and result.is_over:
            return
        refresh = replace(
            refresh,
            seconds=result.seconds + self._clock.monotonic() - began_at,
            fetch_seconds=result.seconds,
            size=size_of(result),
        )
        self._tell(refresh)
        yield refresh

    def _keep_up(self) -> None:
        """What is to be done now and then, whatever arrives."""
        if self._unchanged.is_due(monotonic=self._patience.give_sign()):
            self._patience.write(self.flush)
        now = self._clock.now()
        if not timedelta(0) <= now - self._renewed_at < RENEWAL:
            self._patience.write(partial(self._renew, now))

    def flush(self) -> None:
        """Store the states of the sources without news."""
        for name in self._unchanged.store(self._store, day=self._clock.now().date()):
            self._claimed.pop(name, None)

    def _renew(self, now: datetime) -> None:
        with self._store.begin() as db:
            sources.renew(db, owner=self._owner, now=now)
        self._renewed_at = now

    def _give_back(self) -> None:
        self._patience.write(self.flush)
        self._patience.write(self._release)

    def _release(self) -> None:
        with self._store.begin() as db:
            sources.release(db, owner=self._owner)

    def _tell(self, refresh: Refresh) -> None:
        log.info(
            "source refreshed",
            source=refresh.source,
            status=refresh.status,
            new=refresh.new,
            revised=refresh.revised,
            seconds=round(refresh.seconds, 3),
            problem=refresh.problem,
            **({"note": refresh.note} if refresh.note else {}),
        )
