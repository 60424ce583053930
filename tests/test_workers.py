"""What ends a process ends one that was made for it, and is told in words."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

import deadly
from builders import source
from feeds.cli import logs as cli_logs
from feeds.errors import ParseError, SourceError
from feeds.logs import log
from feeds.workers import Worker, Workers, forked


def run_apart(function, *arguments, **limits):
    worker = Worker(**limits)
    try:
        return worker.call(function, *arguments)
    finally:
        worker.end()


def test_what_the_function_returns_comes_back():
    assert run_apart(deadly.doubled, 21) == 42


def test_our_own_errors_come_back_as_they_are():
    with pytest.raises(ParseError, match="text/html and no <rss>"):
        run_apart(deadly.raises_ours)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (deadly.exits, "ends the process"),
        (deadly.is_killed, "ends the process"),
        (deadly.answers_what_cannot_be_sent, "please report it"),
        (deadly.eats_memory, "MemoryError"),
        (deadly.raises_theirs, "a bug"),
    ],
)
def test_an_end_of_any_other_kind_is_told_in_words(function, words):
    with pytest.raises(SourceError, match=words):
        run_apart(function, "an argument")


def test_what_never_ends_is_ended():
    began = time.monotonic()
    with pytest.raises(SourceError, match=r"took more than 2\.5 s, and was ended"):
        run_apart(deadly.never_ends, seconds=2.5)
    assert time.monotonic() - began < 5
    assert multiprocessing.active_children() == []


def test_its_log_stays_out_of_standard_output(capfd: pytest.CaptureFixture[str]):
    assert run_apart(deadly.prints) == "done"
    out, err = capfd.readouterr()
    assert out == ""
    assert "read apart" in err


SECRET = "correct-horse"


@pytest.mark.parametrize("verbosity", [None, 0])
def test_it_tells_of_a_fault_as_its_parent_would_and_no_secrets(
    capfd: pytest.CaptureFixture[str], verbosity: int | None
) -> None:
    one = source(
        auth=f"Bearer {SECRET}", headers=(("X-Key", SECRET),), proxy=f"http://me:{SECRET}@x/", secrets=(SECRET,)
    )
    before = log.telling
    try:
        if verbosity is not None:
            cli_logs.configure(verbosity)
        run_apart(deadly.fails_with_secrets, one)
        run_apart(deadly.prints)
    finally:
        log.configure(before)
    told = capfd.readouterr().err
    assert "ZeroDivisionError: a fault of ours" in told
    assert ("read apart" in told) == (verbosity is None)  # which is no warning
    assert SECRET not in told
    assert SECRET not in repr(one)


def test_a_worker_does_one_thing_after_another_and_outlives_none_that_ended_it():
    worker = Worker()
    first = worker.call(os.getpid)
    assert worker.call(os.getpid) == first != os.getpid()
    with pytest.raises(SourceError):
        worker.call(deadly.is_killed)
    assert worker.call(os.getpid) not in (first, os.getpid())
    worker.end()
    assert multiprocessing.active_children() == []


def test_a_worker_that_was_ended_while_it_had_nothing_to_do_is_replaced():
    worker = Worker()
    os.kill(worker.call(os.getpid), signal.SIGKILL)
    for child in multiprocessing.active_children():
        child.join()
    assert worker.call(deadly.doubled, 21) == 42
    worker.end()


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="nothing tells what a process holds")
def test_a_worker_in_which_much_is_hoarded_is_replaced():
    worker = Worker()
    first = [worker.call(deadly.hoards, megabytes) for megabytes in (1, 1, 200)]
    assert len(set(first)) == 1
    assert worker.call(os.getpid) not in first
    worker.end()
    assert multiprocessing.active_children() == []


def test_what_a_worker_imports_for_the_first_piece_of_work_is_not_hoarded():
    worker = Worker()
    first = worker.call(deadly.hoards, 200)
    assert worker.call(deadly.hoards, 1) == worker.call(os.getpid) == first
    worker.end()


def test_workers_share_the_work_and_a_death_costs_one_piece():
    workers = Workers(2)
    futures = [workers.submit(deadly.doubled, n) for n in range(9)]
    dead = workers.submit(deadly.exits)
    later = workers.submit(deadly.doubled, 9)
    assert [future.result(30) for future in (*futures, later)] == [2 * n for n in range(10)]
    with pytest.raises(SourceError, match="ends the process"):
        dead.result(30)
    workers.close()
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_to_the_whole_group_ends_no_worker(number: signal.Signals):
    worker = Worker()
    pid = worker.call(os.getpid)
    os.kill(pid, number)
    assert worker.call(os.getpid) == pid
    worker.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_nor_does_one_that_comes_while_it_starts(number: signal.Signals):
    workers = Workers(1)
    future = workers.submit(deadly.doubled, 21)
    while not future.done():
        for child in multiprocessing.active_children():
            os.kill(child.pid, number)
        time.sleep(0.001)
    assert future.result() == 42
    workers.close()


def test_closing_ends_even_what_never_ends():
    workers = Workers(1)
    future = workers.submit(deadly.never_ends)
    waiting = workers.submit(deadly.doubled, 1)
    while not future.running():
        time.sleep(0.01)
    began = time.monotonic()
    workers.close()
    assert waiting.cancelled()
    with pytest.raises(SourceError):
        future.result(10)
    assert time.monotonic() - began < 10


FORKS = """
import multiprocessing, os, signal, sys
sys.path.insert(0, sys.argv[1])
import deadly
from feeds.workers import forked

deadly.MARK = "as changed before the fork"
workers = forked(2)
assert len(multiprocessing.active_children()) == 2
print(sum(each.result(30)[1] == deadly.MARK for each in [workers.submit(deadly.mark) for _ in range(8)]))
try:
    workers.submit(deadly.is_killed).result(30)
except Exception as error:
    print(type(error).__name__)
print(*(child.pid for child in multiprocessing.active_children()), flush=True)
if sys.argv[2] == "dies":
    os.kill(os.getpid(), signal.SIGKILL)
workers.close()
print(multiprocessing.active_children())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="forks on Linux alone")
@pytest.mark.parametrize("end", ["closes", "dies"])
def test_forked_workers_have_what_was_imported_and_do_not_outlive_us(end: str):
    command = [sys.executable, "-c", FORKS, str(Path(__file__).parent), end]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    words = done.stdout.splitlines()
    assert words[:2] == ["8", "SourceError"], done.stderr
    pids = words[2].split()
    until = time.monotonic() + 20
    while any(Path(f"/proc/{pid}").exists() for pid in pids) and time.monotonic() < until:
        time.sleep(0.05)
    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    assert words[3:] == (["[]"] if end == "closes" else [])


def test_nothing_is_forked_beside_a_thread():
    is_over = threading.Event()
    thread = threading.Thread(target=is_over.wait)
    thread.start()
    try:
        assert forked(1) is None
    finally:
        is_over.set()
        thread.join()
