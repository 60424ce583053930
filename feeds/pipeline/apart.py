"""Documents with news that processes of their own read; what these found is stored together."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from msgspec import Struct

from feeds.clock import Clock, whole_seconds
from feeds.errors import RenamedError, StoreUnavailableError
from feeds.logs import log
from feeds.pipeline import storing
from feeds.pipeline.faults import guarded
from feeds.pipeline.patience import Patience
from feeds.pipeline.storing import Visit
from feeds.records import Fetched, Refresh, size_of
from feeds.workers import NoWorkerError, Workers, affordable, forked
from storage import Store
from storage.stories import Judge

if TYPE_CHECKING:  # imported where there is something to read: parsers take their time, and mostly nothing is new
    from feeds.pipeline.reading import Read, Reader

T = TypeVar("T")

TOGETHER = 20  # documents with news that are stored in one transaction
TOGETHER_ARTICLES = 400  # and articles, of which first documents bring many: they are held until then
TOGETHER_SIZE = 5_000_000  # and bytes
SOON = 2.0  # seconds that these wait for each other at most
AHEAD = 4  # documents on their way to or from each worker


class Stored(NamedTuple):
    """A refresh, and what led to it."""

    refresh: Refresh
    visit: Visit
    began_at: float  # to be read, in seconds of the monotonic clock


class _Reading(Struct, kw_only=True):
    """A document at a worker."""

    visit: Visit
    reader: Reader
    began_at: float


class Apart:
    """What workers have at hand, and what they have read until it is stored.

    Workers are started when they are first needed, or by `fork`. `nudge` is called, by any thread, whenever one of
    them has read something; all else is for one thread.
    """

    def __init__(
        self, store: Store, *, clock: Clock, judge: Judge, patience: Patience, nudge: Callable[[], None]
    ) -> None:
        self._store = store
        self._clock = clock
        self._judge = judge
        self._patience = patience
        self._nudge = nudge
        self._workers: Workers | None = None
        self._reading: dict[Future[Read], _Reading] = {}
        self._arrived: list[tuple[_Reading, Read]] = []

    @property
    def is_possible(self) -> bool:
        """A database in memory is nobody else's."""
        return bool(self._store.location)

    @property
    def is_begun(self) -> bool:
        """Whether there are workers."""
        return self._workers is not None

    @property
    def is_busy(self) -> bool:
        """Whether workers have anything at hand."""
        return bool(self._reading)

    @property
    def is_full(self) -> bool:
        """Whether they have as much at hand as is good."""
        return self._workers is not None and len(self._reading) >= AHEAD * self._workers.number

    def fork(self) -> None:
        """Make all workers at once: cheap only while nothing else goes on in this process."""
        if self.is_possible:
            self._store.close()  # it opens again when it is needed: no connection may outlive a fork
            self._workers = forked(affordable())

    def close(self) -> None:
        """No worker does anything any more."""
        if self._workers is not None:
            self._workers.close()

    def hand_over(self, visit: Visit, reader: Reader, answer: Fetched) -> None:
        """The document is read by a worker; what comes of it is given by `take_back`, or later."""
        from feeds.pipeline.reading import read_apart

        if self._workers is None:
            self._workers = Workers(affordable())
        future = self._workers.submit(read_apart, self._store.location, reader, answer)
        self._reading[future] = _Reading(visit=visit, reader=reader, began_at=self._clock.monotonic())
        future.add_done_callback(lambda _future: self._nudge())

    def wait(self, seconds: float) -> None:
        """Until a worker has read something, but not longer."""
        wait(self._reading, timeout=seconds, return_when=FIRST_COMPLETED)

    def take_back(self) -> Iterator[Stored]:
        """What workers have read meanwhile, stored; many together, as a transaction costs more than what is new."""
        for future in [each for each in self._reading if each.done()]:
            one = self._reading.pop(future)
            found = self._guarded(one.visit, partial(self._found, future, one.reader))
            if isinstance(found, Refresh):
                yield Stored(found, one.visit, one.began_at)
            else:
                self._arrived.append((one, found))
        if self._arrived and (not self._reading or self._is_time_to_store()):
            yield from self.store()

    def store(self) -> Iterator[Stored]:
        """All that was read and is not stored yet."""
        if not self._arrived:
            return
        stored = self._patience.write(self._stored_together) or [
            self._guarded(one.visit, partial(self._stored_alone, found)) for one, found in self._arrived
        ]
        arrived, self._arrived = self._arrived, []
        for (one, _found), refresh in zip(arrived, stored, strict=True):
            yield Stored(refresh, one.visit, one.began_at)

    def give_up(self) -> list[Visit]:
        """What workers have at hand, and need not read any more."""
        late = [one.visit for one in self._reading.values()]
        self._reading.clear()
        return late

    def _guarded(self, visit: Visit, stage: Callable[[Visit, datetime], T]) -> T | Refresh:
        return self._patience.write(partial(guarded, self._store, self._clock, visit, stage))

    def _found(self, future: Future[Read], reader: Reader, visit: Visit, now: datetime) -> Read | Refresh:
        """What a worker read, to be stored; of what could not be read at all that is told at once."""
        assert isinstance(visit.result, Fetched)
        try:
            found = future.result()
        except (StoreUnavailableError, NoWorkerError):  # its own look at the store; or none could be started
            from feeds.pipeline.reading import read

            found = read(self._store, reader, visit.result)
        return storing.store_unread(self._store, visit, found, now=now) or found

    def _is_time_to_store(self) -> bool:
        is_late = self._clock.monotonic() - self._arrived[0][0].began_at >= SOON
        is_much = (
            len(self._arrived) >= TOGETHER
            or sum(len(found.articles) for _one, found in self._arrived) >= TOGETHER_ARTICLES
            or sum(size_of(one.visit.result) for one, _found in self._arrived) >= TOGETHER_SIZE
        )
        return is_late or is_much

    def _stored_together(self) -> list[Refresh] | None:
        """None where it could not be: each is stored by itself then, and what is wrong with one costs that one."""
        try:
            now = whole_seconds(self._clock.now())
            found = [(one.visit, found) for one, found in self._arrived]
            return storing.store_reads(self._store, found, judge=self._judge, now=now)
        except StoreUnavailableError:
            raise
        except RenamedError:
            return None
        except Exception:
            log.exception("documents could not be stored together")
            return None

    def _stored_alone(self, found: Read, visit: Visit, now: datetime) -> Refresh:
        return storing.store_read(self._store, visit, found, judge=self._judge, now=now)
