"""What a daemon does: a method for each job."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from feeds import pipeline
from feeds.clock import Clock
from feeds.daemon.config import Config
from feeds.daemon.freshness import fresh_until
from feeds.daemon.metrics import Metrics
from feeds.records import Refresh
from storage import Store, housekeeping, journal

SPREAD = timedelta(minutes=15)  # over which the sources are spread that fell due while nobody was there
AT_ONCE = 100  # sources that a tick may begin even so
LAST_PUBLISHING = 12.0  # seconds at the end, in which another shelf may be published
TOGETHER = 20.0  # seconds that what is published together waits for each other before a hub is told


class Work:
    """Refreshes, publishes, pushes, prunes and tidies. Each method is run by one thread at a time.

    `hasten` has a job run soon, by its name.
    """

    def __init__(
        self,
        store: Store,
        config: Config,
        *,
        clock: Clock,
        tick: timedelta,
        metrics: Metrics,
        hasten: Callable[[str], None],
    ) -> None:
        self.started_at = clock.now().replace(microsecond=0)  # as the ticks that are compared with it
        self.last_tick_at: datetime | None = None
        self.published_at = -math.inf
        self.fresh_until: datetime | None = None  # before then, nothing that is published moves by itself
        self.has_moved = threading.Event()  # something is to be published
        self.stream = pipeline.Stream(store, config.settings, clock=clock, observe=self.observe)
        self.pushing = pipeline.Pushing(
            store,
            self.stream.inbox,
            clock=clock,
            settings=lambda: self.stream.settings,
            wake=lambda: hasten("subscribe"),
        )
        self._store = store
        self._config = config
        self._clock = clock
        self._tick = tick
        self._metrics = metrics
        self._hasten = hasten
        self._spread_until = self.started_at + SPREAD
        self._publishes_until = math.inf
        self._publisher = pipeline.Publisher(store)
        self._looked_at = -math.inf  # when everything was last looked at, to publish what is missing
        self._written_at = -math.inf  # the `published_at` of the last publishing that came to its end

    def refresh(self) -> None:
        """Begin with the sources that are due."""
        now = self._clock.now().replace(microsecond=0)
        housekeeping.require_room(self._store, self._config.settings.output)
        former = self.stream.settings
        self.stream.add_due(now=now, limit=lambda sources: self.limit(now, sources))
        self.last_tick_at = now
        if self.stream.settings is not former:  # what is published follows them, too
            self.has_moved.set()

    def observe(self, refresh: Refresh) -> None:
        self._metrics.observe(refresh)
        if refresh.status == "fetched":
            self.has_moved.set()

    def limit(self, now: datetime, sources: int) -> int | None:
        """How many sources a tick may begin: after a stop, or a long sleep, not all that fell due meanwhile."""
        has_slept = self.last_tick_at is not None and now - self.last_tick_at > 10 * self._tick
        if has_slept:
            self._spread_until = now + SPREAD
        if not now < self._spread_until <= now + SPREAD:
            return None
        return max(AT_ONCE, math.ceil(sources * (self._tick / SPREAD)))

    def publish(self) -> bool:
        """Write what moved; and once a tick whatever else is missing. Whether anything was looked at."""
        began_at = self._clock.monotonic()
        is_all = began_at - self._looked_at >= self._tick.total_seconds()
        if not self.has_moved.is_set() and not is_all:
            return False
        settings = self.stream.settings
        if settings is None:  # the store does not follow the config yet
            return False
        self.has_moved.clear()
        self.published_at = began_at  # whatever comes of it: what fails now is tried again with the next tick
        self._looked_at = began_at if is_all else self._looked_at
        pipeline.let_out(self._store, settings, now=self._clock.now())
        pipeline.prune(self._store, settings, now=self._clock.now())  # what is to go is not published first
        written = self._publisher.publish(
            settings, is_all=is_all, is_stopping=lambda: self._clock.monotonic() > self._publishes_until
        )
        self._metrics.published(self._clock.monotonic() - began_at, sum(each.changed for each in written))
        self._written_at = self.published_at
        if written:
            self._hasten("push")
        self.fresh_until = fresh_until(self._store, settings.sources, now=self._clock.now(), tick=self._tick)
        return True

    def push(self) -> None:
        """Tell whoever wants to hear of it what was published."""
        is_amid = self._written_at != self.published_at and self._clock.monotonic() - self.published_at < TOGETHER
        self.pushing.tell_out(is_amid=is_amid)

    def subscribe(self) -> None:
        """Ask those who want to hear from us, and those whom we want to hear from. Their answers reach our server."""
        if self.stream.is_told:
            self.pushing.ask()

    def prune(self) -> None:
        settings = self.stream.settings
        if settings and pipeline.prune(self._store, settings, now=self._clock.now()).articles:
            self.has_moved.set()

    def tidy(self) -> None:
        journal.forget(self._store, today=self._clock.now().date())
        housekeeping.tidy(self._store)

    def report(self) -> None:
        if settings := self.stream.settings:
            pipeline.report(self._store, settings, now=self._clock.now())

    def end(self) -> None:
        """Begin nothing more. What has been answered is stored; a publishing that is under way ends soon."""
        self.pushing.stop()
        self._publishes_until = self._clock.monotonic() + LAST_PUBLISHING
        self.stream.stop()

    def publish_last(self) -> None:
        """What was stored at the end, too."""
        self.has_moved.set()
        self.publish()
