"""The daemon's heart: APScheduler ticks, the database knows what is due.

A handful of jobs, never one for each source: due times live in the store, so that a restart, a one-off command and
this process agree on them, and nothing is lost with the scheduler. Sources that a tick found due are added to one
stream of refreshes, so that a slow one keeps no other waiting. The main thread watches over it all.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from apscheduler.jobstores.base import JobLookupError
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from feeds import pipeline
from feeds.borrowed_logs import borrowed
from feeds.clock import Clock, SystemClock
from feeds.errors import BusyError, FeedmillError, SettingsError, StoreError
from feeds.logs import log
from feeds.metrics import Metrics
from feeds.pipeline import overview
from feeds.pipeline.privacy import for_strangers
from feeds.publishing import status_page
from feeds.records import Health, Refresh, Source
from feeds.service import ServiceManager
from feeds.serving import Links, Privacy, Server, application, doors, privacy, push
from feeds.serving.status import StatusPage
from feeds.settings import Settings
from feeds.signals import Signals
from storage import Store, claims, held, housekeeping, journal, leases, subscriptions
from storage.inventory import inventory, next_due

TICK = timedelta(seconds=60)
SPREAD = timedelta(minutes=15)  # over which the sources are spread that fell due while nobody was there
AT_ONCE = 100  # sources that a tick may begin even so
STUCK = 300.0  # seconds without a sign of life from the refreshes
STOP = 20.0  # seconds that everything has to end
LAST_PUBLISHING = 12.0  # of these, in which another shelf may be published
SOON = timedelta(seconds=2)
TOGETHER = 20.0  # seconds that what is published together waits for each other before a hub is told
MAX_PUSHED = 20_000_000  # bytes of what a hub delivers; below that its source's max_size holds
PUSHED = timedelta(minutes=5)  # for which a cache may answer where a hub may have news at any time
LOOK = 1.0  # seconds between two looks of the main thread


@dataclass(frozen=True, slots=True)
class Job:
    """What is done every so many ticks. One that runs beyond `deadline` (seconds) makes the daemon unwell, one that
    runs twice as long ends it: APScheduler would skip it for ever, and a service manager starts us anew."""

    name: str
    run: Callable[[Daemon], bool | None]  # False: there was nothing to do, and what went wrong last is as it was
    ticks: float
    deadline: float


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
    ) -> None:
        self.store = store
        self.settings = settings
        self.clock = clock
        self.tick = tick
        self.load = load
        self.manager = manager or ServiceManager({}, pid=os.getpid())
        self.metrics = Metrics()
        self.server: Server | None = None
        self.owner = claims.owner()
        self.seen = self.marked = self.file_mark()
        self.started_at = clock.now().replace(microsecond=0)  # as the ticks that are compared with it
        self.last_tick_at: datetime | None = None
        self.spread_until = self.started_at + SPREAD
        self.problems: dict[str, str] = {}  # by what they keep from being done
        self.running: dict[str, float] = {}  # jobs at work, and since when
        self.has_moved = threading.Event()  # something is to be published
        self.published_at = -math.inf
        self.publishes_until = math.inf
        self.written_at = -math.inf  # the `published_at` of the last publishing that came to its end
        self._privacy: tuple[Settings, Settings, Privacy] | None = None
        self.fresh_until: datetime | None = None  # before then, nothing that is published moves by itself
        self.stream = pipeline.Stream(store, settings, clock=clock, observe=self.observe)
        self.pushing = pipeline.Pushing(
            store,
            self.stream.inbox,
            clock=clock,
            settings=lambda: self.stream.settings,
            wake=lambda: self.hasten("subscribe"),
        )
        self.scheduler = BackgroundScheduler(
            timezone=UTC,
            # The default grace of one second drops a tick that comes late; here it runs once, however late.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
            # It warns of each tick that finds its job at work; `overdue` tells when that matters.
            logger=borrowed("feedmill.apscheduler", event="scheduler"),
        )

    # Jobs

    def refresh(self) -> None:
        """Begin with the sources that are due."""
        now = self.clock.now().replace(microsecond=0)
        housekeeping.require_room(self.store, self.settings.output)
        former = self.stream.settings
        self.stream.add_due(now=now, limit=lambda sources: self.limit(now, sources))
        self.last_tick_at = now
        if self.stream.settings is not former:  # what is published follows them, too
            self.has_moved.set()

    def observe(self, refresh: Refresh) -> None:
        self.metrics.observe(refresh)
        if refresh.status == "fetched":
            self.has_moved.set()

    def limit(self, now: datetime, sources: int) -> int | None:
        """How many sources a tick may begin: after a stop, or a long sleep, not all that fell due meanwhile."""
        has_slept = self.last_tick_at is not None and now - self.last_tick_at > 10 * self.tick
        if has_slept:
            self.spread_until = now + SPREAD
        if not now < self.spread_until <= now + SPREAD:
            return None
        return max(AT_ONCE, math.ceil(sources * (self.tick / SPREAD)))

    def publish(self) -> bool:
        """Write what moved; and once a tick whatever else is missing. Whether anything was looked at."""
        began_at = self.clock.monotonic()
        if not self.has_moved.is_set() and began_at - self.published_at < self.tick.total_seconds():
            return False
        settings = self.stream.settings
        if settings is None:  # the store does not follow the config yet
            return False
        self.has_moved.clear()
        self.published_at = began_at  # whatever comes of it: what fails now is tried again with the next tick
        pipeline.let_out(self.store, settings, now=self.clock.now())
        pipeline.prune(self.store, settings, now=self.clock.now())  # what is to go is not published first
        written = pipeline.publish(
            self.store, settings, is_stopping=lambda: self.clock.monotonic() > self.publishes_until
        )
        self.metrics.published(self.clock.monotonic() - began_at, sum(each.changed for each in written))
        self.written_at = self.published_at
        if written:
            self.hasten("push")
        self.fresh_until = fresh_until(self.store, settings.sources, now=self.clock.now(), tick=self.tick)
        return True

    def prune(self) -> None:
        settings = self.stream.settings
        if settings and pipeline.prune(self.store, settings, now=self.clock.now()).articles:
            self.has_moved.set()

    def tidy(self) -> None:
        journal.forget(self.store, today=self.clock.now().date())
        housekeeping.tidy(self.store)

    def report(self) -> None:
        if settings := self.stream.settings:
            pipeline.report(self.store, settings, now=self.clock.now())

    def push(self) -> None:
        """Tell whoever wants to hear of it what was published."""
        is_amid = self.written_at != self.published_at and self.clock.monotonic() - self.published_at < TOGETHER
        self.pushing.tell_out(is_amid=is_amid)

    def subscribe(self) -> None:
        """Ask those who want to hear from us, and those whom we want to hear from. Their answers reach our server."""
        if self.server:
            self.pushing.ask()

    def hasten(self, name: str) -> None:
        """Run a job now, rather than with its next tick; one at work looks again then."""
        if self.scheduler.running and (job := self.scheduler.get_job(name)):
            with suppress(JobLookupError):
                job.modify(next_run_time=SystemClock().now())

    def renew(self) -> None:
        """A sign of life to whoever else would be the daemon of this store."""
        now = self.clock.now()
        with self.store.begin() as db:
            if not leases.renew(db, leases.DAEMON, owner=self.owner, now=now):
                lease = leases.take(db, leases.DAEMON, owner=self.owner, now=now, is_alive=claims.is_alive)
                if lease.held_by != self.owner:
                    log.critical("another daemon has taken over this store", daemon=lease.held_by)
                    os.kill(os.getpid(), Signals.END)

    def work(self, job: Job) -> None:
        """Run a job. What goes wrong is logged; its next run tries again."""
        began_at = self.running[job.name] = self.clock.monotonic()
        problem, has_run = "", True
        try:
            has_run = job.run(self) is not False
        except FeedmillError as error:
            problem = str(error)
            log.error("job failed", job=job.name, problem=problem)
        except Exception as error:
            problem = f"{error!r}; please report it"
            log.exception("job failed", job=job.name)
        finally:
            self.running.pop(job.name, None)
            if has_run:
                self.note(job.name, problem)
            seconds = self.clock.monotonic() - began_at
            self.metrics.ticked(job.name, seconds, not problem, now=self.clock.now())

    def reload(self, *, is_told: bool) -> None:
        """Take the config as it is now. One that cannot be used leaves everything as it was, and says why."""
        assert self.load is not None
        self.manager.reloading(monotonic=self.clock.monotonic())
        try:
            settings = self.load()
            if self.settings.sources and not settings.sources and not is_told:  # more likely an accident than a wish
                raise SettingsError(f"{settings.file}: names no source any more; SIGHUP adopts it all the same")
        except SettingsError as error:
            self.note("config", str(error))
            log.error("config cannot be used, the old settings stay", problem=str(error))
        else:
            self.note("config", "")
            self.adopt(settings)
            log.info("config reloaded", sources=len(settings.sources))
        self.manager.ready()

    def adopt(self, settings: Settings) -> None:
        old = self.settings
        for name in ("database", "server"):
            if getattr(settings, name) != getattr(old, name):
                log.warning("takes a restart of feedmill run", setting=name)
        self.settings = settings
        self.stream.adopt(settings)
        self.scheduler.modify_job("refresh", next_run_time=SystemClock().now() + SOON)

    # What others see

    def note(self, what: str, problem: str) -> None:
        if problem:
            self.problems[what] = problem
        else:
            self.problems.pop(what, None)

    def health(self) -> Health:
        """From memory alone: it is told even where the store is locked."""
        problems = [f"{what}: {problem}" for what, problem in self.problems.copy().items()]
        if trouble := self.stream.problem:
            problems.append(trouble)
        problems += [f"{name}: takes longer than it should" for name in self.overdue()]
        is_working = not trouble and not {"refresh", "publish", "renew"} & self.problems.keys()
        return Health(
            started_at=self.started_at,
            last_tick_at=self.last_tick_at,
            is_ready=self.last_tick_at is not None and self.published_at > -math.inf and is_working,
            is_alive=not self.overdue(),
            problems=tuple(self.for_strangers(problem) for problem in problems),
        )

    def for_strangers(self, problem: str) -> str:
        """What is private by the settings that are followed, or by those that come, is named to nobody."""
        for settings in (self.stream.settings, self.settings):
            problem = for_strangers(settings, problem) if settings else problem
        return problem

    @property
    def output(self) -> Path:
        """The folder that is served: another one, once it is to be written."""
        return (self.stream.settings or self.settings).output

    @property
    def links(self) -> Links:
        """What the feeds' answers name in their headers."""
        settings = self.stream.settings or self.settings
        return Links(settings.site.url, settings.hub_url)

    @property
    def privacy(self) -> Privacy:
        """What not everybody gets: by the settings that come as well as by those that what is written still follows."""
        written, coming = self.stream.settings or self.settings, self.settings
        known = self._privacy
        if known is None or known[0] is not written or known[1] is not coming:  # asked for with each request
            known = self._privacy = written, coming, privacy(written, coming)
        return known[2]

    def exposition(self) -> bytes:
        """The metrics; without the store's numbers where it cannot be read."""
        settings = self.stream.settings or self.settings
        try:
            with self.store.read() as db:
                names = [source.name for source in settings.sources]
                return self.metrics.exposition(inventory(db, names=names, now=self.clock.now()))
        except StoreError:
            return self.metrics.exposition()

    def status(self, asked: Mapping[str, str]) -> bytes:
        """The page of all sources."""
        return overview.page(self.store, self.stream.settings or self.settings, asked, now=self.clock.now())

    def overdue(self, times: int = 1) -> list[str]:
        """What has been running for so many times its deadline."""
        now = self.clock.monotonic()
        since = self.running.copy()
        late = [job.name for job in JOBS if now - since.get(job.name, now) > times * job.deadline]
        if now - self.stream.last_sign_at > times * STUCK:
            late.append("refreshes")
        return late

    # Life

    def run(self, signals: Signals) -> int:
        """Until SIGTERM or Ctrl-C; the exit code."""
        self.take_lease()
        try:
            if self.server:
                self.server.start()
                log.info("serving", address=self.server.address)
            self.stream.start()
            self.schedule()
            log.info("running", tick=self.tick.total_seconds(), sources=len(self.settings.sources))
            self.manager.ready()
            self.watch(signals)
        finally:
            self.stop()
        return 0

    def take_lease(self) -> None:
        now = self.clock.now()
        with self.store.begin() as db:
            lease = leases.take(db, leases.DAEMON, owner=self.owner, now=now, is_alive=claims.is_alive)
        if lease.held_by != self.owner:
            host, pid, _started = lease.held_by.rsplit("/", 2)
            raise BusyError(
                f"{self.store.address}: feedmill run is at work on this store already, as process {pid} on {host} "
                f"since {lease.since:%Y-%m-%d %H:%M} UTC; stop that one, or give this one a database of its own"
            )

    def schedule(self) -> None:
        now = SystemClock().now()  # APScheduler's own
        for number, job in enumerate(JOBS):
            every = self.tick * job.ticks
            self.scheduler.add_job(
                self.work,
                IntervalTrigger(seconds=every.total_seconds(), timezone=UTC),
                args=(job,),
                # Not all at once; and what is done by the hour first after two ticks.
                next_run_time=now + (min(every, 2 * self.tick) if number else timedelta(0)),
                id=job.name,
            )
        self.scheduler.start()

    def watch(self, signals: Signals) -> None:
        """The main thread's part: signals, the config's file, deadlines, signs of life."""
        alive_at = awake_at = -math.inf
        looked_at = self.clock.monotonic()
        interval = self.manager.watchdog_interval()
        while True:
            received = signals.wait(LOOK)
            if Signals.END in received:
                return
            self.look_after_config(is_told=Signals.RELOAD in received)
            self.stream.hurry()
            self.look_after_ticks()
            now = self.clock.monotonic()
            if now - looked_at > 10 * LOOK:  # we were stopped, or the machine was: nobody gave a sign of life
                awake_at = now
            looked_at = now
            if now - awake_at > STUCK and (stuck := self.overdue(times=2)):
                log.critical("stuck, ending so that a new start can mend it", jobs=stuck)
                give_up()
            if interval and now - alive_at >= interval and not self.overdue():
                alive_at = now
                self.manager.alive()

    def look_after_config(self, *, is_told: bool) -> None:
        """Reload when told to, or when the file has changed and is the same at two looks: not while it is written."""
        former, self.marked = self.marked, self.file_mark()
        if self.load and (is_told or former == self.marked != self.seen):
            self.seen = self.marked
            self.reload(is_told=is_told)

    def file_mark(self) -> object:
        """Moves with the config's file; None where there is none."""
        try:
            status = self.settings.file.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino

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
        self.pushing.stop()
        self.publishes_until = self.clock.monotonic() + LAST_PUBLISHING
        self.stream.stop()
        if self.scheduler.running:
            self.scheduler.shutdown(wait=True)
        self.has_moved.set()
        for name in ("publish", "release"):
            try:
                getattr(self, name)()
            except FeedmillError as error:
                log.error("not done before the end", job=name, problem=str(error))
        if self.server:
            self.server.stop()
        final.cancel()
        log.info("stopped")

    def release(self) -> None:
        with self.store.begin() as db:
            leases.release(db, leases.DAEMON, owner=self.owner)


JOBS = (
    Job("refresh", Daemon.refresh, ticks=1, deadline=180),
    Job("publish", Daemon.publish, ticks=1 / 12, deadline=900),
    Job("push", Daemon.push, ticks=1 / 12, deadline=180),
    Job("subscribe", Daemon.subscribe, ticks=1 / 12, deadline=180),
    Job("renew", Daemon.renew, ticks=1, deadline=180),
    Job("prune", Daemon.prune, ticks=60, deadline=900),
    Job("tidy", Daemon.tidy, ticks=60, deadline=300),
    Job("report", Daemon.report, ticks=60, deadline=300),
)


def fresh_until(store: Store, sources: Sequence[Source], *, now: datetime, tick: timedelta) -> datetime | None:
    """Until when nothing that is published moves by itself; None where that is not known."""
    with store.read() as db:
        expected = [next_due(db, names=[source.name for source in sources], now=now), held.next_at(db)]
        is_pushed = bool(subscriptions.working(db, now=now))
    if any(source.kind == "folder" for source in sources):  # which is looked at with every tick
        expected.append(now + tick)
    if is_pushed:
        expected.append(now + PUSHED)
    return min((each for each in expected if each), default=None)


def give_up() -> None:
    """End at once. Whatever was under way is a transaction that did not happen, or a file that was not replaced."""
    log.critical("ended before everything was done")
    os._exit(1)


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
        daemon = Daemon(store, settings, clock=clock, tick=tick, load=load, manager=manager)
        if serves:
            status = StatusPage(daemon.status, status_page.assets, clock=clock)
            served = application(
                lambda: daemon.output,
                health=daemon.health,
                metrics=daemon.exposition,
                links=lambda: daemon.links,
                fresh_until=lambda: daemon.fresh_until,
                privacy=lambda: daemon.privacy,
                doors=doors(settings),
                clock=clock,
                services=(
                    *push.services(daemon.pushing, clock=clock, max_size=MAX_PUSHED),
                    *status.services,
                ),
            )
            daemon.stream.is_told = True
            daemon.server = Server(served, settings.server.host, settings.server.port)
        return daemon.run(signals)
