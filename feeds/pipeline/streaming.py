"""Refreshes without an end, as a daemon makes them: sources are added as they fall due."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from feeds.clock import Clock
from feeds.errors import FeedmillError
from feeds.logs import log
from feeds.pipeline.claiming import claim
from feeds.pipeline.listing import complete
from feeds.pipeline.preparing import prepare
from feeds.pipeline.pushing.inbox import Inbox
from feeds.pipeline.refreshing import Refreshing
from feeds.records import Refresh
from feeds.settings import Settings
from storage import Store

DRAIN = 30.0  # seconds that sources at work have to end under the old settings
LONGEST_PAUSE = 120.0  # seconds after a fault of ours, before anything is fetched again


class Stream:
    """One stream of refreshes in a thread of its own, begun anew under new settings, and after a fault.

    Each refresh is handed to `observe`. All methods may be called by any thread. What hubs send is put in its `inbox`;
    one that `is_told` by them asks their sources rarely.
    """

    def __init__(self, store: Store, settings: Settings, *, clock: Clock, observe: Callable[[Refresh], None]) -> None:
        self.is_told = False
        self.inbox = Inbox(lambda: self._refreshing.nudge())
        self._store = store
        self._settings = settings
        self._clock = clock
        self._observe = observe
        self._prepared: Settings | None = None
        self._problem = ""
        self._stopping = threading.Event()
        self._changing = threading.Lock()  # of the settings, and of the refreshes that follow them
        self._closed_at = 0.0
        self._refreshing = self._begin()
        self._thread = threading.Thread(target=self._run, name="feedmill-refreshing", daemon=True)

    @property
    def settings(self) -> Settings | None:
        """The settings, with what lists of sources name, that the store follows; None before the first tick."""
        return self._prepared

    @property
    def problem(self) -> str:
        """What keeps refreshes from being stored right now, in words."""
        return self._problem or self._refreshing.trouble

    @property
    def last_sign_at(self) -> float:
        """Its last sign of life, by the monotonic clock."""
        return self._refreshing.last_sign_at

    def start(self) -> None:
        self._thread.start()

    def add_due(self, *, now: datetime, limit: Callable[[int], int | None]) -> None:
        """Begin with the sources that are due; with at most `limit(number of all)` of them.

        Raises StoreError.
        """
        refreshing = self._refreshing
        if refreshing.is_closed:  # its last ones end under the old settings
            return
        settings = self._followed()
        at_work, most = refreshing.at_work, limit(len(settings.sources))
        ours = claim(
            self._store, settings, settings.sources, now=now, limit=most, at_work=at_work, is_told=self.is_told
        )
        with self._changing:  # not longer: a store that is locked must keep nobody from stopping
            if not refreshing.is_closed:  # else they stay ours, and the next tick claims them anew
                refreshing.add(ours.claimed)

    def adopt(self, settings: Settings) -> None:
        """Follow new settings. Those at work end as they began, unless that takes them too long."""
        with self._changing:
            self._settings = settings
            self.inbox.shut()
            if not self._refreshing.is_closed:
                self._refreshing.close()
                self._closed_at = self._clock.monotonic()

    def hurry(self) -> None:
        """Called now and then: breaks off what still goes on under old settings."""
        refreshing = self._refreshing
        if not refreshing.is_closed or refreshing.trouble:  # which holds what was answered until the store can be used
            return
        if self._clock.monotonic() - self._closed_at > DRAIN:
            refreshing.stop()

    def stop(self) -> None:
        """Ask and wait for nothing more, store what has been answered, and end."""
        with self._changing:
            self._stopping.set()
            self._refreshing.stop()
        if self._thread.ident is not None:
            self._thread.join()

    def _begin(self) -> Refreshing:
        return Refreshing(self._store, self._settings, clock=self._clock, is_patient=True, inbox=self.inbox)

    def _followed(self) -> Settings:
        """The settings with what lists of sources name; the store follows them."""
        ours = self._settings
        settings = complete(self._store, ours)
        if settings != self._prepared:
            prepare(self._store, settings)
            self._prepared = settings
        with self._changing:
            if self._settings is ours:  # else others came meanwhile, which the store does not follow yet
                self.inbox.follow(settings.sources)
        return settings

    def _run(self) -> None:
        pause = 1.0
        while not self._stopping.is_set():
            began_at = self._clock.monotonic()
            self._problem = self._follow_one()
            if self._problem:
                has_lasted = self._clock.monotonic() - began_at > LONGEST_PAUSE
                pause = 1.0 if has_lasted else min(2 * pause, LONGEST_PAUSE)
                self._stopping.wait(pause)
            with self._changing:
                if not self._stopping.is_set():
                    self._refreshing = self._begin()

    def _follow_one(self) -> str:
        """One stream to its end; in words what broke it off, or nothing."""
        try:
            for refresh in self._refreshing.refreshes():
                self._problem = ""
                self._observe(refresh)
        except FeedmillError as error:
            log.error("refreshes broke off", problem=str(error))
            return str(error)
        except Exception as error:
            log.exception("refreshes broke off")
            return f"{error!r}; please report it"
        return ""
