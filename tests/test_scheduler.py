"""The daemon's decisions, in this process: what a tick begins, what is overdue, what the service manager is told."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from builders import MONDAY, config
from clocks import Clock
from feeds import settings
from feeds.daemon.jobs import STUCK, Job
from feeds.daemon.service import ServiceManager
from feeds.daemon.signals import Signals
from feeds.daemon.work import AT_ONCE, SPREAD
from feeds.errors import BusyError, StoreUnavailableError
from scheduler import TICK, Daemon
from storage import Store, claims, leases, open_store

PATIENCE = 30
ELSEWHERE = "elsewhere.example/1/1"  # of a process on another machine nothing is known: it may live


@dataclass
class Looks:
    """Stands for the kernel, which the main thread waits at: `happens` before each of its looks, then SIGTERM."""

    happens: list[Callable[[], None]]
    taken: int = field(default=0)

    def wait(self, _seconds: float) -> frozenset[int]:
        if not self.happens:
            return frozenset({int(Signals.END)})
        self.taken += 1
        self.happens.pop(0)()
        return frozenset()


@pytest.fixture
def clock() -> Clock:
    return Clock(MONDAY + timedelta(microseconds=700_000))


@pytest.fixture
def daemon(tmp_path: Path, clock: Clock) -> Iterator[Daemon]:
    store = open_store(f"sqlite:///{tmp_path}/feedmill.db")
    one = daemon_of(store, tmp_path, clock)
    yield one
    if one.scheduler.running:
        one.scheduler.shutdown()
    one.work.stream.stop()
    store.close()


def daemon_of(store: Store, folder: Path, clock: Clock, manager: ServiceManager | None = None) -> Daemon:
    (folder / "desk").mkdir(exist_ok=True)
    (folder / "desk" / "a.md").write_text("---\ntitle: Rye\n---\nText")
    written = settings.load(config(folder, "sources: [{name: desk, path: desk/}]"), environ={})
    return Daemon(store, written, clock=clock, manager=manager)


def until(is_so: Callable[[], object]) -> None:
    end_at = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end_at
        time.sleep(0.01)


def runs(daemon: Daemon, job: str) -> int:
    wanted = f'feedmill_job_seconds_count{{job="{job}"}} '
    found = [line for line in daemon.shown.exposition().decode().splitlines() if line.startswith(wanted)]
    return int(float(found[0].removeprefix(wanted))) if found else 0


# How many sources a tick begins


def test_after_a_start_the_due_sources_are_spread_and_later_none_waits(daemon: Daemon, clock: Clock) -> None:
    at_first = daemon.work.limit(clock.now().replace(microsecond=0), 9_000)  # a tick begins at a whole second
    assert at_first == 9_000 * (TICK / SPREAD)
    assert daemon.work.limit(MONDAY + SPREAD - TICK, 9_000) == at_first
    assert daemon.work.limit(MONDAY + SPREAD, 9_000) is None


def test_a_few_sources_are_begun_at_once_though_it_just_started(daemon: Daemon, clock: Clock) -> None:
    assert daemon.work.limit(clock.now(), 10) == daemon.work.limit(clock.now(), 1_000) == AT_ONCE


def test_after_a_long_sleep_they_are_spread_again(daemon: Daemon, clock: Clock) -> None:
    clock.pass_time(3_600)
    daemon.work.refresh()
    assert daemon.work.limit(clock.now() + TICK, 9_000) is None
    clock.pass_time(8 * 3_600)
    assert daemon.work.limit(clock.now(), 9_000) == 600
    for _tick in range(SPREAD // TICK):
        daemon.work.refresh()
        clock.pass_time(TICK.total_seconds())
    assert daemon.work.limit(clock.now(), 9_000) is None


def test_a_clock_set_back_by_a_year_spreads_nothing_for_a_year(daemon: Daemon) -> None:
    assert daemon.work.limit(MONDAY - timedelta(days=365), 9_000) is None


# Jobs


def test_what_goes_wrong_in_a_job_is_told_until_it_goes_well(daemon: Daemon) -> None:
    ends: list[Exception] = [StoreUnavailableError("feedmill.db: database is locked; let it finish"), KeyError("bug")]

    def fails() -> None:
        if ends:
            raise ends.pop(0)

    job = Job("publish", fails, ticks=1, deadline=900)
    daemon.jobs.run(job)
    assert daemon.shown.health().problems == ("publish: feedmill.db: database is locked; let it finish",)
    assert not daemon.shown.health().is_ready
    daemon.jobs.run(job)
    assert daemon.shown.health().problems == ("publish: KeyError('bug'); please report it",)
    daemon.jobs.run(job)
    assert daemon.shown.health().problems == ()
    assert runs(daemon, "publish") == 3


def test_a_publishing_that_fails_is_told_until_one_succeeds(daemon: Daemon, clock: Clock, tmp_path: Path) -> None:
    publishing = next(job for job in daemon.jobs if job.name == "publish")
    in_the_way = tmp_path / "public" / "atom.xml"
    in_the_way.mkdir(parents=True)
    daemon.work.refresh()
    for _run in range(3):
        daemon.jobs.run(publishing)
        assert not daemon.shown.health().is_ready
        assert "atom.xml" in daemon.shown.health().problems[0]
        clock.pass_time(5)
    in_the_way.rmdir()
    clock.pass_time(TICK.total_seconds())
    daemon.jobs.run(publishing)
    assert daemon.shown.health().problems == ()
    assert daemon.shown.health().is_ready


def test_its_health_names_nothing_private(daemon: Daemon, tmp_path: Path) -> None:
    private = "categories: [{name: Staff, private: {user: mill, password: stone-and-water}}]"
    daemon.config.settings = settings.load(config(tmp_path, private), environ={})
    daemon.jobs.note("publish", f"{tmp_path}/public.private/staff/atom.xml: Is a directory")
    assert daemon.shown.health().problems == ("publish: ***: Is a directory",)


def test_it_is_ready_after_its_first_tick_and_its_first_publishing_and_not_before(daemon: Daemon) -> None:
    assert (daemon.shown.health().is_ready, daemon.shown.health().last_tick_at) == (False, None)
    daemon.work.refresh()
    assert (daemon.shown.health().is_ready, daemon.shown.health().last_tick_at) == (False, MONDAY)
    daemon.work.publish()
    assert daemon.shown.health().is_ready


@pytest.fixture
def blocked(daemon: Daemon) -> Iterator[threading.Event]:
    """A publish job that began now and ends when the event is set."""
    has_begun, may_end = threading.Event(), threading.Event()

    def blocks() -> None:
        has_begun.set()
        may_end.wait(PATIENCE)

    thread = threading.Thread(target=daemon.jobs.run, args=(Job("publish", blocks, ticks=1, deadline=900),))
    thread.start()
    assert has_begun.wait(PATIENCE)
    yield may_end
    may_end.set()
    thread.join()


def test_a_job_beyond_its_deadline_makes_the_daemon_unwell(
    daemon: Daemon, clock: Clock, blocked: threading.Event
) -> None:
    clock.pass_time(899)
    assert "publish" not in daemon.jobs.overdue()
    clock.pass_time(2)
    assert "publish" in daemon.jobs.overdue()
    assert "publish" not in daemon.jobs.overdue(times=2)
    assert not daemon.shown.health().is_alive
    assert "publish: takes longer than it should" in daemon.shown.health().problems
    clock.pass_time(900)
    assert "publish" in daemon.jobs.overdue(times=2)
    blocked.set()
    until(lambda: "publish" not in daemon.jobs.overdue())


# The main thread


@pytest.fixture
def ended(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The codes it would have ended with at once."""
    codes: list[int] = []
    monkeypatch.setattr(os, "_exit", codes.append)
    return codes


def test_refreshes_without_a_sign_of_life_end_it(daemon: Daemon, clock: Clock, ended: list[int]) -> None:
    looks = int(2 * STUCK) // 5
    daemon.watch.keep(Looks([lambda: clock.pass_time(5)] * looks))  # type: ignore[arg-type]
    assert ended == []
    daemon.watch.keep(Looks([lambda: clock.pass_time(5)]))  # type: ignore[arg-type]
    assert ended == [1]


def test_to_have_been_stopped_for_long_is_no_sign_of_death(daemon: Daemon, clock: Clock, ended: list[int]) -> None:
    daemon.watch.keep(Looks([lambda: clock.pass_time(10 * STUCK), lambda: clock.pass_time(1)]))  # type: ignore[arg-type]
    assert ended == []
    daemon.watch.keep(Looks([lambda: clock.pass_time(5)] * (int(STUCK) // 5 + 2)))  # type: ignore[arg-type]
    assert ended  # but nobody took up his work again


def test_the_manager_has_signs_of_life_while_it_is_well_and_none_once_a_job_is_overdue(
    tmp_path: Path, clock: Clock
) -> None:
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(f"{folder}/notify")
        listening.setblocking(False)
        manager = ServiceManager({"NOTIFY_SOCKET": f"{folder}/notify", "WATCHDOG_USEC": "60000000"}, pid=os.getpid())
        store = open_store(f"sqlite:///{tmp_path}/feedmill.db")
        daemon = daemon_of(store, tmp_path, clock, manager)
        interval = manager.watchdog_interval()
        assert interval is not None

        def well() -> None:
            clock.pass_time(interval / 4)

        daemon.watch.keep(Looks([well] * 9))  # type: ignore[arg-type]
        assert heard(listening) == ["WATCHDOG=1"] * 3
        daemon.jobs.running["publish"] = clock.monotonic() - 901
        daemon.watch.keep(Looks([well] * 9))  # type: ignore[arg-type]
        assert heard(listening) == []
        daemon.jobs.running.clear()
        daemon.watch.keep(Looks([well]))  # type: ignore[arg-type]
        assert heard(listening) == ["WATCHDOG=1"]
        store.close()


def heard(listening: socket.socket) -> list[str]:
    messages = []
    while True:
        try:
            messages.append(listening.recv(4096).decode())
        except BlockingIOError:
            return messages


# Ticks


def test_ticks_that_are_late_by_an_hour_run_once(daemon: Daemon) -> None:
    daemon.schedule()
    until(lambda: runs(daemon, "refresh") == 1)
    daemon.scheduler.pause()
    daemon.scheduler.get_job("refresh").modify(next_run_time=real_now() - timedelta(hours=1))
    daemon.scheduler.resume()
    until(lambda: runs(daemon, "refresh") == 2)
    assert real_now() < daemon.scheduler.get_job("refresh").next_run_time <= real_now() + TICK


def test_a_clock_set_back_by_hours_does_not_stop_the_ticks(daemon: Daemon) -> None:
    daemon.schedule()
    until(lambda: runs(daemon, "refresh") == 1)
    for name in ("refresh", "renew"):  # as they stand once the clock was set back
        daemon.scheduler.get_job(name).modify(next_run_time=real_now() + timedelta(hours=5))
    daemon.look_after_ticks()
    until(lambda: runs(daemon, "refresh") == 2)
    until(lambda: runs(daemon, "renew") == 1)


def test_ticks_that_are_only_in_the_future_are_left_alone(daemon: Daemon) -> None:
    daemon.schedule()
    until(lambda: runs(daemon, "refresh") == 1)
    planned = {job.id: job.next_run_time for job in daemon.scheduler.get_jobs() if job.id != "publish"}
    daemon.look_after_ticks()
    assert {job.id: job.next_run_time for job in daemon.scheduler.get_jobs() if job.id != "publish"} == planned


def real_now() -> datetime:
    """APScheduler's."""
    return datetime.fromtimestamp(time.time(), UTC)


# The lease


def test_whoever_lost_the_store_to_another_daemon_ends(daemon: Daemon, clock: Clock) -> None:
    daemon.lease.take()
    with Signals() as signals:
        daemon.lease.renew()
        assert signals.wait(0) == frozenset()
        take_over(daemon, clock)
        daemon.lease.renew()
        assert Signals.END in signals.wait(PATIENCE)


def test_a_lease_that_nobody_holds_any_more_is_taken_again(daemon: Daemon) -> None:
    daemon.lease.take()
    daemon.lease.release()
    daemon.lease.renew()
    with daemon.lease.store.read() as db:
        held = leases.held(db, leases.DAEMON, now=MONDAY, is_alive=claims.is_alive)
    assert held is not None
    assert held.held_by == daemon.lease.owner


def test_a_second_daemon_names_the_first(daemon: Daemon, clock: Clock) -> None:
    take_over(daemon, clock)
    with pytest.raises(
        BusyError, match=r"at work on this store already, as process 1 on elsewhere.example since 2026-"
    ):
        daemon.lease.take()


def take_over(daemon: Daemon, clock: Clock) -> None:
    with daemon.lease.store.begin() as db:
        leases.take(db, leases.DAEMON, owner=ELSEWHERE, now=clock.now(), is_alive=lambda _owner: False)


# The config's file


def watched(daemon: Daemon, *steps: Callable[[], object]) -> None:
    """The main thread's looks at the file, one after each step."""
    for step in steps:
        step()
        daemon.watch.look_after_config(is_told=False)


def test_a_config_is_reloaded_once_it_no_longer_changes(daemon: Daemon, tmp_path: Path) -> None:
    daemon.config.load = lambda: settings.load(tmp_path / "config.yaml", environ={})
    daemon.schedule()
    half = lambda: (tmp_path / "config.yaml").write_text("sources: []")  # noqa: E731
    whole = lambda: (tmp_path / "config.yaml").write_text("sources: [{name: desk, path: desk/, categories: [Loaf]}]")  # noqa: E731
    watched(daemon, half, whole)
    assert daemon.config.settings.sources[0].categories == ()
    watched(daemon, lambda: None)
    assert daemon.config.settings.sources[0].categories == ("Loaf",)


def test_a_config_that_names_no_source_any_more_is_adopted_only_on_sighup(daemon: Daemon, tmp_path: Path) -> None:
    daemon.config.load = lambda: settings.load(tmp_path / "config.yaml", environ={})
    daemon.schedule()
    watched(daemon, lambda: (tmp_path / "config.yaml").write_text(""), lambda: None, lambda: None)
    assert len(daemon.config.settings.sources) == 1
    assert "names no source any more; SIGHUP adopts it" in daemon.jobs.problems["config"]
    daemon.watch.look_after_config(is_told=True)
    assert daemon.config.settings.sources == ()
    assert "config" not in daemon.jobs.problems


def test_a_database_file_that_was_deleted_is_noticed(daemon: Daemon, tmp_path: Path) -> None:
    daemon.work.refresh()
    (tmp_path / "feedmill.db").rename(tmp_path / "away.db")
    with pytest.raises(StoreUnavailableError, match="its file is gone, or another one stands there; put it back"):
        daemon.work.refresh()
    (tmp_path / "away.db").rename(tmp_path / "feedmill.db")
    daemon.work.refresh()
