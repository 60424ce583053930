"""The daemon's heart: APScheduler ticks, the database knows what is due.

A handful of jobs, never one for each source: due times live in the store, so that a restart, a one-off command and
this process agree on them, and nothing is lost with the scheduler. Sources that a tick found due are added to one
stream of refreshes, so that a slow one keeps no other waiting. The main thread watches over it all. What the jobs do,
and what others see of them, is in `feeds/daemon/`.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, timedelta

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from feeds.borrowed_logs import borrowed
from feeds.clock import Clock, SystemClock
from feeds.daemon.config import Config
from feeds.daemon.jobs import Job, Jobs
from feeds.daemon.lease import DaemonLease
from feeds.daemon.metrics import Metrics
from feeds.daemon.server import server
from feeds.daemon.service import ServiceManager
from feeds.daemon.shown import Shown
from feeds.daemon.signals import Signals
from feeds.daemon.watching import Watch, give_up
from feeds.daemon.work import Work
from feeds.errors import FeedmillError
from feeds.logs import log
from feeds.serving import Server
from feeds.settings import Settings
from storage import Store

TICK = timedelta(seconds=60)
STOP = 20.0  # seconds that everything has to end
NOW = timedelta(0)


class Daemon:
    """One process that fetches when sources are due, publishes what moved, serves, prunes and tidies."""

    def __init__(
        self,
        store: Store,
        settings: Settings,
        *,
        clock: Clock,
        tick: timedelta = TICK,
        load: Callable[[], Settings] | None = None,
        manager: ServiceManager | None = None,
        serves: bool = False,
    ) -> None:
        self.tick = tick
        self.manager = manager or ServiceManager({}, pid=os.getpid())
        self.config = Config(settings, load=load)
        self.lease = DaemonLease(store, clock=clock)
        metrics = Metrics()
        self.work = work = Work(store, self.config, clock=clock, tick=tick, metrics=metrics, hasten=self.hasten)
        self.jobs = Jobs(
            Job("refresh", work.refresh, ticks=1, deadline=180),
            Job("publish", work.publish, ticks=1 / 12, deadline=900),
            Job("push", work.push, ticks=1 / 12, deadline=180),
            Job("subscribe", work.subscribe, ticks=1 / 12, deadline=180),
            Job("renew", self.lease.renew, ticks=1, deadline=180),
            Job("prune", work.prune, ticks=60, deadline=900),
            Job("tidy", work.tidy, ticks=60, deadline=300),
            Job("report", work.report, ticks=60, deadline=300),
            clock=clock,
            metrics=metrics,
            last_sign_at=lambda: work.stream.last_sign_at,
        )
        self.shown = Shown(store, self.config, work, self.jobs, metrics, clock=clock)
        self.watch = Watch(
            self.config,
            self.jobs,
            work.stream,
            self.manager,
            clock=clock,
            hasten=self.hasten,
            look_after_ticks=self.look_after_ticks,
        )
        self.server: Server | None = None
        if serves:
            work.stream.is_told = True
            self.server = server(settings, self.shown, work.pushing, clock=clock)
        self.scheduler = BackgroundScheduler(
            timezone=UTC,
            # The default grace of one second drops a tick that comes late; here it runs once, however late.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            # It warns of each tick that finds its job at work; `overdue` tells when that matters.
            logger=borrowed("feedmill.apscheduler", event="scheduler"),
        )

    def run(self, signals: Signals) -> int:
        """Until SIGTERM or Ctrl-C; the exit code, 0 or 130."""
        self.lease.take()
        try:
            if self.server:
                self.server.start()
                log.info("serving", address=self.server.address)
            self.work.stream.start()
            self.schedule()
            log.info("running", tick=self.tick.total_seconds(), sources=len(self.config.settings.sources))
            self.manager.ready()
            return self.watch.keep(signals)
        finally:
            self.stop()

    def schedule(self) -> None:
        now = SystemClock().now()  # APScheduler's own
        for number, job in enumerate(self.jobs):
            every = self.tick * job.ticks
            self.scheduler.add_job(
                self.jobs.run,
                IntervalTrigger(seconds=every.total_seconds(), timezone=UTC),
                args=(job,),
                # Not all at once; and what is done by the hour first after two ticks.
                next_run_time=now + (min(every, 2 * self.tick) if number else NOW),
                id=job.name,
            )
        self.scheduler.start()

    def hasten(self, name: str, after: timedelta = NOW) -> None:
        """Run a job now or in a while, rather than with its next tick; one at work looks again then."""
        if self.scheduler.running and (job := self.scheduler.get_job(name)):
            with suppress(JobLookupError):
                job.modify(next_run_time=SystemClock().now() + after)

    def look_after_ticks(self) -> None:
        """A clock that was set back would keep APScheduler waiting until it has caught up."""
        now = SystemClock().now()
        for job in self.scheduler.get_jobs():
            if job.next_run_time and job.next_run_time > now + 2 * job.trigger.interval + TICK:
                log.warning("clock was set back", job=job.id)
                job.modify(next_run_time=now)

    def stop(self) -> None:
        """End cleanly: what has been answered is stored and published, the rest is given back."""
        log.info("stopping")
        self.manager.stopping()
        final = threading.Timer(STOP, give_up)
        final.daemon = True
        final.start()
        if self.scheduler.running:
            self.scheduler.pause()
        self.work.end()
        if self.scheduler.running:
            self.scheduler.shutdown(wait=True)
        for name, last in (("publish", self.work.publish_last), ("release", self.lease.release)):
            try:
                last()
            except FeedmillError as error:
                log.error("not done before the end", job=name, problem=str(error))
        if self.server:
            self.server.stop()
        final.cancel()
        log.info("stopped")


def run(
    store: Store,
    settings: Settings,
    *,
    clock: Clock,
    tick: timedelta = TICK,
    load: Callable[[], Settings] | None = None,
    manager: ServiceManager | None = None,
    serves: bool = False,
) -> int:
    """Be the daemon of a store until SIGTERM or Ctrl-C; the exit code.

    `load` reads the config anew, on SIGHUP and when its file changes. Raises BusyError where the store has a daemon.
    """
    with Signals() as signals:
        return Daemon(store, settings, clock=clock, tick=tick, load=load, manager=manager, serves=serves).run(signals)
