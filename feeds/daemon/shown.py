"""What others see of a daemon: its health, its metrics, the folder that it serves and what is private there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from feeds.clock import Clock
from feeds.daemon.config import Config
from feeds.daemon.jobs import Jobs
from feeds.daemon.metrics import Metrics
from feeds.daemon.work import Work
from feeds.errors import StoreError
from feeds.pipeline import overview
from feeds.pipeline.privacy import for_strangers
from feeds.records import Health
from feeds.serving import Links, Privacy, privacy
from feeds.settings import Settings
from storage import Store
from storage.inventory import inventory

_NEEDED = {"refresh", "publish", "renew"}  # jobs without which a daemon is not what it is for


class Shown:
    """Answers about a daemon, as of now. Any thread may ask."""

    def __init__(self, store: Store, config: Config, work: Work, jobs: Jobs, metrics: Metrics, *, clock: Clock) -> None:
        self._store = store
        self._config = config
        self._work = work
        self._jobs = jobs
        self._metrics = metrics
        self._clock = clock
        self._privacy: tuple[Settings, Settings, Privacy] | None = None

    def health(self) -> Health:
        """From memory alone: it is told even where the store is locked."""
        problems = [f"{what}: {problem}" for what, problem in self._jobs.problems.copy().items()]
        if trouble := self._work.stream.problem:
            problems.append(trouble)
        problems += [f"{name}: takes longer than it should" for name in self._jobs.overdue()]
        is_working = not trouble and not _NEEDED & self._jobs.problems.keys()
        last_tick_at, has_published = self._work.last_tick_at, self._work.published_at > -math.inf
        return Health(
            started_at=self._work.started_at,
            last_tick_at=last_tick_at,
            is_ready=last_tick_at is not None and has_published and is_working,
            is_alive=not self._jobs.overdue(),
            problems=tuple(self._for_strangers(problem) for problem in problems),
        )

    def exposition(self) -> bytes:
        """The metrics; without the store's numbers where it cannot be read."""
        try:
            with self._store.read() as db:
                names = [source.name for source in self._settings.sources]
                return self._metrics.exposition(inventory(db, names=names, now=self._clock.now()))
        except StoreError:
            return self._metrics.exposition()

    def status(self, asked: Mapping[str, str]) -> bytes:
        """The page of all sources."""
        return overview.page(self._store, self._settings, asked, now=self._clock.now())

    def output(self) -> Path:
        """The folder that is served: another one, once it is to be written."""
        return self._settings.output

    def links(self) -> Links:
        """What the feeds' answers name in their headers."""
        settings = self._settings
        return Links(settings.site.url, settings.hub_url)

    def fresh_until(self) -> datetime | None:
        """Before then, nothing that is published moves by itself; None where that is not known."""
        return self._work.fresh_until

    def privacy(self) -> Privacy:
        """What not everybody gets: by the settings that come as well as by those that what is written still follows."""
        written, coming = self._settings, self._config.settings
        known = self._privacy
        if known is None or known[0] is not written or known[1] is not coming:  # asked for with each request
            known = self._privacy = written, coming, privacy(written, coming)
        return known[2]

    @property
    def _settings(self) -> Settings:
        """Those that what is published follows."""
        return self._work.stream.settings or self._config.settings

    def _for_strangers(self, problem: str) -> str:
        """What is private by the settings that are followed, or by those that come, is named to nobody."""
        for settings in (self._work.stream.settings, self._config.settings):
            problem = for_strangers(settings, problem) if settings else problem
        return problem
