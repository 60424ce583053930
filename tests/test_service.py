from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from feeds.daemon.service import ServiceManager


@dataclass(frozen=True)
class Listening:
    """The far end: a manager's socket, and the name that a service finds in $NOTIFY_SOCKET."""

    named: str
    socket: socket.socket

    def heard(self) -> list[str]:
        """The lines of the message that came first."""
        return self.socket.recv(4096).decode().split("\n")

    def is_silent(self) -> bool:
        self.socket.setblocking(False)
        try:
            self.socket.recv(4096)
        except BlockingIOError:
            return True
        return False


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest) -> Iterator[Listening]:
    if request.param == "abstract" and sys.platform != "linux":
        pytest.skip("abstract sockets are Linux's")
    # A socket's path takes some hundred characters at most: pytest's own folders may be deeper.
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.settimeout(10)
        path = f"{folder}/notify"
        abstract = f"feedmill-test-{os.getpid()}-{id(listening)}"
        listening.bind(path if request.param == "path" else f"\0{abstract}")
        yield Listening(path if request.param == "path" else f"@{abstract}", listening)


def service(manager: Listening) -> ServiceManager:
    return ServiceManager({"NOTIFY_SOCKET": manager.named}, pid=1)


def test_each_message_is_one_datagram_in_the_words_of_sd_notify(manager: Listening):
    ours = service(manager)
    ours.ready("3 sources")
    assert manager.heard() == ["READY=1", "STATUS=3 sources"]
    ours.ready()
    assert manager.heard() == ["READY=1"]
    ours.status("fetching")
    assert manager.heard() == ["STATUS=fetching"]
    ours.alive()
    assert manager.heard() == ["WATCHDOG=1"]
    ours.stopping("finishing 2 sources")
    assert manager.heard() == ["STOPPING=1", "STATUS=finishing 2 sources"]


def test_a_reload_tells_its_moment_in_the_same_message(manager: Listening):
    service(manager).reloading(monotonic=1234.5)
    assert manager.heard() == ["RELOADING=1", "MONOTONIC_USEC=1234500000"]


def test_a_status_cannot_smuggle_in_a_message_of_its_own(manager: Listening):
    service(manager).status("fetching\nMAINPID=1\r\nSTOPPING=1 金融")
    assert manager.heard() == ["STATUS=fetching MAINPID=1 STOPPING=1 金融"]


def test_an_empty_status_is_not_sent(manager: Listening):
    service(manager).status(" \n ")
    assert manager.is_silent()


@pytest.mark.parametrize("named", [None, "", "vsock:2:1234", "notify.sock", "/nowhere/at/all", "/" + "x" * 500, "@"])
def test_without_a_manager_that_listens_nothing_happens(named: str | None):
    ours = ServiceManager({} if named is None else {"NOTIFY_SOCKET": named}, pid=1)
    ours.ready("text")
    ours.reloading(monotonic=1)
    ours.status("a lone surrogate \udc80")
    ours.alive()
    ours.stopping()


def test_a_manager_that_comes_back_is_heard_by_again(tmp_path: Path):
    with TemporaryDirectory() as folder:
        path = Path(folder, "notify")
        ours = ServiceManager({"NOTIFY_SOCKET": str(path)}, pid=1)
        for _ in range(2):
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
                listening.settimeout(10)
                listening.bind(str(path))
                ours.alive()
                assert listening.recv(100) == b"WATCHDOG=1"
            path.unlink()
            ours.alive()


def test_a_manager_that_does_not_read_holds_nobody_up(manager: Listening):
    ours = service(manager)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as flood:
        flood.setblocking(False)
        with contextlib.suppress(BlockingIOError):  # until nothing fits in any more
            while True:
                flood.sendto(b"x", manager.socket.getsockname())
    ours.alive()  # returns


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_nothing_is_left_open_that_a_child_could_inherit(manager: Listening):
    ours = service(manager)
    before = set(Path("/proc/self/fd").iterdir())
    ours.ready()
    assert set(Path("/proc/self/fd").iterdir()) == before


@pytest.mark.parametrize(
    ("environ", "interval"),
    [
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "42"}, 60),
        ({"WATCHDOG_USEC": "5000000"}, 2.5),
        ({"WATCHDOG_USEC": "120000000", "WATCHDOG_PID": "41"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "-1"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "me"}, None),
        ({"WATCHDOG_USEC": ""}, None),
        ({}, None),
    ],
)
def test_signs_of_life_come_twice_as_often_as_the_manager_waits(environ: dict[str, str], interval: float | None):
    assert ServiceManager(environ, pid=42).watchdog_interval() == interval


@pytest.mark.skipif(not shutil.which("systemd-notify"), reason="needs systemd-notify")
def test_systemds_own_tool_says_the_same(manager: Listening):
    command = ["systemd-notify", "--no-block", "--ready", "--status=3 sources"]
    subprocess.run(command, env={"NOTIFY_SOCKET": manager.named}, check=True, timeout=30)
    theirs = manager.heard()
    service(manager).ready("3 sources")
    assert manager.heard() == theirs
