"""The main thread's part: signals, the config's file, deadlines, signs of life."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from datetime import timedelta

from feeds.clock import Clock
from feeds.daemon.config import Config
from feeds.daemon.jobs import STUCK, Jobs
from feeds.daemon.service import ServiceManager
from feeds.daemon.signals import Signals
from feeds.errors import SettingsError
from feeds.logs import log
from feeds.pipeline import Stream
from feeds.settings import Settings

LOOK = 1.0  # seconds between two looks
SOON = timedelta(seconds=2)
INTERRUPTED = 130  # as shells have it: 128, and the number of SIGINT


class Watch:
    """Looks after a daemon, once a second.

    `hasten` has a job run after a while, by its name; `look_after_ticks` is done with each look.
    """

    def __init__(
        self,
        config: Config,
        jobs: Jobs,
        stream: Stream,
        manager: ServiceManager,
        *,
        clock: Clock,
        hasten: Callable[[str, timedelta], None],
        look_after_ticks: Callable[[], None],
    ) -> None:
        self._config = config
        self._jobs = jobs
        self._stream = stream
        self._manager = manager
        self._clock = clock
        self._hasten = hasten
        self._look_after_ticks = look_after_ticks

    def keep(self, signals: Signals) -> int:
        """Until SIGTERM or Ctrl-C; the exit code that says which of them it was."""
        alive_at = awake_at = -math.inf
        looked_at = self._clock.monotonic()
        interval = self._manager.watchdog_interval()
        while True:
            received = signals.wait(LOOK)
            if Signals.END in received:
                return 0
            if Signals.INTERRUPT in received:
                return INTERRUPTED
            self.look_after_config(is_told=Signals.RELOAD in received)
            self._stream.hurry()
            self._look_after_ticks()
            now = self._clock.monotonic()
            if now - looked_at > 10 * LOOK:  # we were stopped, or the machine was: nobody gave a sign of life
                awake_at = now
            looked_at = now
            if now - awake_at > STUCK and (stuck := self._jobs.overdue(times=2)):
                log.critical("stuck, ending so that a new start can mend it", jobs=stuck)
                give_up()
            if interval and now - alive_at >= interval and not self._jobs.overdue():
                alive_at = now
                self._manager.alive()

    def look_after_config(self, *, is_told: bool) -> None:
        """Take the config as it is now. One that cannot be used leaves everything as it was, and says why."""
        if not self._config.is_to_be_read(is_told=is_told):
            return
        self._manager.reloading(monotonic=self._clock.monotonic())
        try:
            settings = self._config.read(is_told=is_told)
        except SettingsError as error:
            self._jobs.note("config", str(error))
            log.error("config cannot be used, the old settings stay", problem=str(error))
        else:
            self._jobs.note("config", "")
            self._adopt(settings)
            log.info("config reloaded", sources=len(settings.sources))
        self._manager.ready()

    def _adopt(self, settings: Settings) -> None:
        former, self._config.settings = self._config.settings, settings
        for name in ("database", "server"):
            if getattr(settings, name) != getattr(former, name):
                log.warning("takes a restart of feedmill run", setting=name)
        self._stream.adopt(settings)
        self._hasten("refresh", SOON)


def give_up() -> None:
    """End at once. Whatever was under way is a transaction that did not happen, or a file that was not replaced."""
    log.critical("ended before everything was done")
    os._exit(1)
