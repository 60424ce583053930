"""feedmill status: it looks, beside a daemon or without one, and changes nothing."""

from __future__ import annotations

import os
import pty
import select
import signal
import sqlite3
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from command import FEEDMILL, PATIENCE, Feedmill

from feeds import settings
from feeds.pipeline import watching
from feeds.settings import Settings
from storage import claims, leases, open_store, sources

CONFIG = """
sources:
  - {name: desk, path: desk/}
  - {name: dead, url: "http://127.0.0.1:9/feed?token=open-sesame"}
  - {name: planned, url: "http://127.0.0.1:9/planned", schedule: "CRON_TZ=Asia/Tokyo 0 7 1 1 *"}
"""


@pytest.fixture
def mill(feedmill: Feedmill) -> Feedmill:
    """After its first round: a folder that was read, and two sources that nobody answers for."""
    (feedmill.folder / "desk").mkdir()
    (feedmill.folder / "desk" / "a.md").write_text("---\ntitle: Rye\ncategories: [Bread]\n---\nText")
    feedmill.config(CONFIG)
    feedmill("fetch")
    return feedmill


def what(mill: Feedmill, kind: str) -> list[dict[str, object]]:
    return [told for told in mill("status", "--json").objects if told["what"] == kind]


@dataclass
class Terminal:
    """A person's terminal, of 30 lines of 120 characters."""

    process: subprocess.Popen[bytes]
    leader: int
    before: list[Any]  # its settings
    seen: str = ""

    def until(self, wanted: str, times: int = 1) -> None:
        """Wait until the terminal showed this so often."""
        while self.seen.count(wanted) < times:
            assert select.select([self.leader], [], [], PATIENCE)[0], self.seen
            self.seen += os.read(self.leader, 65536).decode()

    def end(self) -> int:
        try:
            while chunk := os.read(self.leader, 65536):
                self.seen += chunk.decode()
        except OSError:  # how Linux says that nobody has the terminal open any more
            pass
        return self.process.wait(timeout=PATIENCE)


@contextmanager
def on_a_terminal(mill: Feedmill, *arguments: str) -> Iterator[Terminal]:
    leader, follower = pty.openpty()
    before = termios.tcgetattr(leader)
    process = subprocess.Popen(
        [str(FEEDMILL), *arguments],
        cwd=mill.folder,
        env=mill.environment({"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "30"}),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        start_new_session=True,
    )
    os.close(follower)
    try:
        yield Terminal(process, leader, before)
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        os.close(leader)


def test_before_anything_was_stored_it_says_so_and_creates_nothing(feedmill: Feedmill) -> None:
    feedmill.config(CONFIG)
    before = sorted(feedmill.folder.iterdir())
    result = feedmill("status")
    assert (result.code, result.stdout) == (0, "")
    assert "nothing is stored yet; `feedmill fetch` or `feedmill run` begins" in result.stderr
    assert what(feedmill, "daemon")[0]["running"] is False
    assert what(feedmill, "store")[0]["never_read"] == 3
    assert sorted(feedmill.folder.iterdir()) == before


def test_it_shows_what_is_next_and_what_fails(mill: Feedmill) -> None:
    shown = mill("status").stdout
    assert "daemon    not running" in shown
    assert "1 active, 2 failing, 0 parked, 0 gone" in shown
    assert "articles  1\n" in shown
    lines = shown.splitlines()
    following = lines[lines.index(next(line for line in lines if line.startswith("next "))) + 1 :]
    assert following[0].startswith("dead ")
    assert following[1].startswith("planned ")
    assert "-12-31 22:00, in " in following[1]  # seven o'clock on New Year's Day in Tokyo
    assert "its server refused the connection" in shown
    assert "desk" not in shown  # a folder is looked at in every round, and all is well with it


def test_its_json_is_one_object_a_line_and_shows_no_secret(mill: Feedmill) -> None:
    result = mill("status", "--json")
    assert (result.code, result.stderr) == (0, "")
    assert [list(told) for told in result.objects if told["what"] != "next"][:3] == [
        ["what", "running", "host", "process", "since", "last_sign_of_life"],
        ["what", "active", "failing", "parked", "gone", "never_read", "due", "lag", "articles"],
        ["what", "source", "standing", "failures", "problem", "last_success", "next_fetch"],
    ]
    assert [told["source"] for told in result.objects if told["what"] == "failing"] == ["dead", "planned"]
    assert "open-sesame" not in result.said + mill("status").said


def test_a_look_changes_no_byte_of_the_store(mill: Feedmill) -> None:
    before = mill.database.read_bytes()
    mill.config(CONFIG + '  - {name: later, url: "http://127.0.0.1:9/later", categories: [New]}\n')
    assert what(mill, "store")[0]["never_read"] == 1
    mill("status")
    assert mill.database.read_bytes() == before
    with sqlite3.connect(mill.database) as db:
        assert db.execute("SELECT count(*) FROM sources").fetchone() == (3,)
    db.close()


def test_it_shows_a_daemon_and_what_is_read_now(mill: Feedmill) -> None:
    now = datetime.now(UTC)
    opened = open_store(f"sqlite:///{mill.database}")
    with opened.begin() as db:  # as a process that lives does: this one
        me = claims.owner()
        leases.take(db, leases.DAEMON, owner=me, now=now - timedelta(hours=3), is_alive=claims.is_alive)
        leases.renew(db, leases.DAEMON, owner=me, now=now)
        wanted = [source for source in loaded(mill).sources if source.name == "dead"]
        sources.claim(db, wanted, now=now, owner=me, is_alive=claims.is_alive, is_due=lambda *_: True)
    opened.close()
    (daemon,) = what(mill, "daemon")
    assert (daemon["running"], daemon["process"]) == (True, os.getpid())
    assert what(mill, "at work") == [
        {"what": "at work", "source": "dead", "host": daemon["host"], "process": os.getpid()}
    ]
    assert [told["source"] for told in what(mill, "next")] == ["planned"]
    shown = mill("status").stdout
    assert f"daemon    on {daemon['host']}, process {os.getpid()}, since " in shown
    assert "at work   1: dead\n" in shown


def loaded(mill: Feedmill) -> Settings:
    return settings.load(mill.folder / "config.yaml", environ={})


def test_on_a_terminal_it_follows_what_happens_until_q(mill: Feedmill) -> None:
    with on_a_terminal(mill, "status") as terminal:
        terminal.until("q ends")
        assert "articles  1" in terminal.seen
        (mill.folder / "desk" / "b.md").write_text("---\ntitle: Wheat\n---\nText")
        mill("fetch")
        terminal.until("articles  2")
        os.write(terminal.leader, b"q")
        assert terminal.end() == 0


def test_ctrl_c_ends_it_as_every_command(mill: Feedmill) -> None:
    with on_a_terminal(mill, "status") as terminal:
        terminal.until("q ends")
        terminal.process.send_signal(signal.SIGINT)
        assert terminal.end() == 130


def test_when_it_is_ended_from_outside_the_terminal_is_as_before(mill: Feedmill) -> None:
    with on_a_terminal(mill, "status") as terminal:
        terminal.until("q ends")
        assert termios.tcgetattr(terminal.leader) != terminal.before
        terminal.process.send_signal(signal.SIGTERM)
        assert terminal.process.wait(timeout=PATIENCE) == 0
        assert termios.tcgetattr(terminal.leader) == terminal.before


def test_once_ends_by_itself_also_on_a_terminal(mill: Feedmill) -> None:
    result = mill.on_a_terminal("status", "--once")
    assert result.code == 0
    assert "q ends" not in result.stdout
    assert "2 failing" in result.stdout


def test_ten_thousand_sources_are_looked_at_quickly(feedmill: Feedmill) -> None:
    listed = "\n".join(f"  - {{name: s{n}, url: 'http://127.0.0.1:9/{n}'}}" for n in range(10_000))
    feedmill.config(f"sources:\n{listed}\n")
    opened = open_store(f"sqlite:///{feedmill.database}")
    wanted = loaded(feedmill).sources
    with opened.begin() as db:
        sources.enroll(db, wanted)
        for start in range(0, len(wanted), 500):
            sources.set_shelving_digest(db, [source.name for source in wanted[start : start + 500]], "x")
    config = loaded(feedmill)
    began = time.process_time()
    pulse = watching.pulse(opened, config, now=datetime.now(UTC), failing=20)
    assert time.process_time() - began < 0.5  # a tenth of it here
    assert len(pulse.coming) == 10
    assert (pulse.inventory.due, pulse.unread) == (10_000, 0)
    opened.close()
