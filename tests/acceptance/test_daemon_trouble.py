"""The daemon in trouble: it keeps the rest going, says what helps, loses nothing, and recovers by itself."""

from __future__ import annotations

import itertools
import os
import resource
import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from command import FEEDMILL, Feedmill
from pulse import DEADLINE, Daemon, until
from test_daemon import config, rss, titles, write
from webserver import Origin

SLOW = 0.02  # seconds between two bytes


@pytest.fixture
def mill(feedmill: Feedmill) -> Feedmill:
    """With one article on disk."""
    write(feedmill, "Rye")
    config(feedmill)
    return feedmill


def slowly(origin: Origin, path: str, title: str) -> str:
    """An address whose answer takes minutes, unless it is hurried."""
    return f"timeout: 10m, url: '{origin.serve(path, rss(title) + ' ' * 10_000, drip=SLOW)}'"


def hurry(origin: Origin, path: str) -> None:
    origin.pages[path].drip = 0.0


@contextmanager
def locked(feedmill: Feedmill) -> Iterator[None]:
    """The store while another process writes, and does not end."""
    with closing(sqlite3.connect(feedmill.database, timeout=30, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        yield
        db.execute("ROLLBACK")


@contextmanager
def full_disk(daemon: Daemon) -> Iterator[None]:
    """No file can be written any more; what is told goes through a pipe."""
    _soft, hard = resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (0, hard))
    yield
    resource.prlimit(daemon.process.pid, resource.RLIMIT_FSIZE, (hard, hard))


def test_a_source_that_hangs_keeps_no_other_waiting(mill: Feedmill, origin: Origin) -> None:
    hanging = f"hanging, interval: 1m, timeout: 5m, url: '{origin.serve('/hanging.xml', stalls=True)}'"
    quick = f"quick, interval: 1m, url: '{origin.serve('/quick.xml', rss('One'))}'"
    config(mill, hanging, quick)
    daemon = Daemon(mill, "60", tick=1)  # a minute of its clock is a second of ours
    origin.wait_for("/hanging.xml")
    daemon.wait_for("source refreshed", source="quick", times=2)
    assert not daemon.told("source refreshed", source="hanging")
    daemon.until_healthy()
    assert daemon.stop() == 0


def test_a_source_that_hangs_fails_after_its_timeout(mill: Feedmill, origin: Origin) -> None:
    config(mill, f"hanging, interval: 1m, timeout: 3s, url: '{origin.serve('/hanging.xml', stalls=True)}'")
    daemon = Daemon(mill, tick=1)
    failed = daemon.wait_for("source refreshed", source="hanging")
    assert failed["status"] == "failed"
    assert "3 s" in failed["problem"]
    daemon.until_healthy()  # a source that fails is no trouble of ours
    assert daemon.stop() == 0


def test_a_store_that_another_process_has_locked_costs_nothing_but_time(mill: Feedmill, origin: Origin) -> None:
    slow = f"slow, {slowly(origin, '/slow.xml', 'Late')}"
    config(mill, slow, more="database: 'sqlite:///feedmill.db?timeout=1'")
    daemon = Daemon(mill, tick=1)
    origin.wait_for("/slow.xml")
    until((mill.public / "bread" / "atom.xml").exists, lambda: daemon.log)
    with locked(mill):
        hurry(origin, "/slow.xml")
        daemon.wait_for("store cannot be used, trying again")
        told = daemon.until_unwell("feedmill.db", "locked", "let it finish")
        assert told["alive"]
        assert daemon.get("bread/atom.xml")[0] == daemon.get("metrics")[0] == 200
        write(mill, "Oat")
        assert not daemon.told("source refreshed", source="slow")
    daemon.wait_for("store can be used again")
    daemon.wait_for("source refreshed", source="slow", status="fetched", new=1)
    daemon.wait_for("source refreshed", source="desk", new=1, times=2)
    daemon.until_healthy()
    assert daemon.stop() == 0
    assert titles(mill) == {"Rye", "Oat", "Late"}
    assert len(origin.asked_for("/slow.xml")) == 1


def test_it_ends_in_time_though_the_store_is_locked_and_asks_again_what_it_could_not_store(
    mill: Feedmill, origin: Origin
) -> None:
    web = f"web, {slowly(origin, '/web.xml', 'One')}"
    config(mill, web, more="database: 'sqlite:///feedmill.db?timeout=1'")
    daemon = Daemon(mill, tick=1)
    origin.wait_for("/web.xml")
    with locked(mill):
        hurry(origin, "/web.xml")
        daemon.wait_for("store cannot be used, trying again")
        began_at = time.monotonic()
        assert daemon.stop() == 0
        assert time.monotonic() - began_at < DEADLINE
        assert "Traceback" not in daemon.log
        assert daemon.told("not done before the end", job="release")
    assert mill("fetch", "--strict").code == 0
    assert titles(mill) == {"Rye", "One"}


def test_a_disk_that_is_full_stops_writes_loses_nothing_and_mends_itself(mill: Feedmill, origin: Origin) -> None:
    config(mill, f"slow, {slowly(origin, '/slow.xml', 'Late')}")
    daemon = Daemon(mill, tick=1)
    origin.wait_for("/slow.xml")
    until((mill.public / "bread" / "atom.xml").exists, lambda: daemon.log)
    with full_disk(daemon):
        hurry(origin, "/slow.xml")
        daemon.wait_for("store cannot be used, trying again")
        daemon.until_unwell("feedmill.db", "free space")
        write(mill, "Oat")
        assert daemon.get("bread/atom.xml")[0] == 200
    daemon.wait_for("source refreshed", source="slow", status="fetched", new=1)
    daemon.wait_for("source refreshed", source="desk", new=1, times=2)
    until(lambda: b"Oat" in daemon.get("bread/atom.xml")[1], lambda: daemon.log)
    daemon.until_healthy()
    assert daemon.stop() == 0
    assert titles(mill) == {"Rye", "Oat", "Late"}
    assert len(origin.asked_for("/slow.xml")) == 1
    with closing(sqlite3.connect(mill.database)) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_a_damaged_store_is_said_to_need_a_backup_before_anything_begins(mill: Feedmill) -> None:
    assert mill("fetch").code == 0
    damage(mill.database)
    daemon = Daemon(mill)
    assert daemon.end() == 1
    assert "restore a backup" in daemon.log
    assert "Traceback" not in daemon.log


def test_a_store_damaged_under_its_hands_is_told_and_what_is_published_is_served_on(mill: Feedmill) -> None:
    assert mill("fetch").code == 0
    assert mill("backup", "good.db").code == 0
    daemon = Daemon(mill, tick=1)
    daemon.until_healthy()
    damage(mill.database)
    write(mill, "Oat")
    told = daemon.until_unwell("restore a backup")
    assert told["alive"]
    assert daemon.get("bread/atom.xml")[0] == daemon.get("metrics")[0] == 200
    daemon.stop()
    assert "Traceback" not in daemon.log
    for leftover in mill.folder.glob("feedmill.db*"):
        leftover.unlink()
    (mill.folder / "good.db").rename(mill.database)
    second = Daemon(mill, tick=1)
    second.wait_for("source refreshed", source="desk", new=1)
    second.until_healthy()
    assert second.stop() == 0
    assert titles(mill) == {"Rye", "Oat"}


def damage(database: Path) -> None:
    """Everything behind the first page, as a disk that fails leaves it."""
    with database.open("r+b") as file:
        pages = file.seek(0, os.SEEK_END) // 4096
        assert pages > 5
        file.seek(4096)
        file.write(b"\xa5" * 4096 * (pages - 1))


def test_a_published_folder_that_vanished_is_written_again(mill: Feedmill) -> None:
    daemon = Daemon(mill, tick=1)
    until(lambda: (mill.public / "status" / "atom.xml").exists(), lambda: daemon.log)
    daemon.until_healthy()
    before = {path: content for path, (content, _written) in mill.published().items()}
    mill.public.rename(mill.folder / "away")  # at once: to remove file after file would race with who writes them
    until(lambda: {p for p in before if not p.startswith("status/")} <= mill.published().keys(), lambda: daemon.log)
    daemon.until_healthy()
    after = {path: content for path, (content, _written) in mill.published().items()}
    assert after.items() <= before.items()
    assert daemon.stop() == 0


def test_a_published_folder_that_cannot_be_written_is_told_and_written_once_it_can(mill: Feedmill) -> None:
    daemon = Daemon(mill, tick=1)
    daemon.until_healthy()
    until((mill.public / "bread" / "atom.xml").exists, lambda: daemon.log)
    put_a_file_in_its_place(mill.public)
    daemon.until_unwell("publish", "a file stands where a folder should be; move it away")
    write(mill, "Oat")
    daemon.wait_for("source refreshed", source="desk", new=1, times=2)  # fetching goes on
    mill.public.unlink()
    until(lambda: b"Oat" in daemon.get("bread/atom.xml")[1], lambda: daemon.log)
    daemon.until_healthy()
    assert "Traceback" not in daemon.log
    assert daemon.stop() == 0


def put_a_file_in_its_place(folder: Path) -> None:
    for number in itertools.count():
        folder.rename(folder.with_name(f"away-{number}"))
        try:
            with folder.open("x") as file:
                file.write("in the way")
        except FileExistsError:  # it has been written again already
            continue
        return


def test_a_log_that_cannot_be_written_keeps_nothing_from_being_done(mill: Feedmill) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        process = subprocess.Popen(
            [str(FEEDMILL), "run", "--no-server"],
            cwd=mill.folder,
            env=mill.environment(),
            stdout=subprocess.DEVNULL,
            stderr=full,
        )
    mill.at_end(lambda: (process.kill(), process.wait()))
    until(lambda: (mill.public / "bread" / "atom.xml").exists() or process.poll() is not None)
    assert process.poll() is None
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    assert titles(mill) == {"Rye"}


def test_ticks_that_fell_due_while_it_was_stopped_run_once(mill: Feedmill) -> None:
    daemon = Daemon(mill, tick=1)
    daemon.wait_for("source refreshed", source="desk")
    daemon.send(signal.SIGSTOP)
    until(lambda: state_of(daemon) == "T")
    stopped = len(daemon.told("source refreshed", source="desk"))
    threading.Event().wait(4)  # some ticks
    daemon.send(signal.SIGCONT)
    daemon.wait_for("source refreshed", source="desk", times=stopped + 3)
    told = daemon.told("source refreshed", source="desk")[stopped:]
    began, _next, third = (datetime.fromisoformat(one["timestamp"]) for one in told[:3])
    assert third - began > timedelta(seconds=1)  # those that were missed would follow each other at once
    assert daemon.stop() == 0


def state_of(daemon: Daemon) -> str:
    return Path(f"/proc/{daemon.process.pid}/stat").read_text().rpartition(")")[2].split()[0]
