"""The daemon among thousands of sources and all their faults, killed again and again: nothing is lost, nothing comes
twice, nobody is forgotten or asked too often, and memory stays what it was.

Its days pass in minutes. `FEEDMILL_SOAK_MINUTES=30 pytest -n0 tests/acceptance/test_soak.py` soaks for longer, and
`FEEDMILL_SOAK_SEED` repeats what chance brought.
"""

from __future__ import annotations

import json
import os
import random
import sqlite3
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import pytest
from soak_answers import MAX_SIZE
from soak_stations import HOUR, MINUTE, Station
from soaking import Farm, FastClock, Visit

from feeds import pipeline, settings
from feeds.fetching.http import MAX_TRANSFERS
from feeds.fetching.mailbox import MAX_UNREAD
from feeds.pipeline import unchanged
from feeds.pipeline.apart import AHEAD, TOGETHER
from storage import open_store, sources

MINUTES = float(os.environ.get("FEEDMILL_SOAK_MINUTES", "1"))
SEED = int(os.environ.get("FEEDMILL_SOAK_SEED", "4287"))
SOURCES = int(os.environ.get("FEEDMILL_SOAK_SOURCES", "2000"))
SPEED = 240  # times as fast as real time
SLACK = 5 * SPEED  # seconds by the fast clock
SHELVES = 3
LONGEST_LIFE = 10.0  # seconds between two kills
PATIENCE = 120  # seconds without any progress, in the last round
LONGEST = 600  # seconds that a busy machine may take for that round, and to start and end
DAY_OFF = 26 * HOUR  # by which the clock is put forward in the end: every source is due then
DAEMON = Path(__file__).parent / "soak_daemon.py"
ATOM = "{http://www.w3.org/2005/Atom}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """When the daemon ended, by its own clock, and how."""

    at: float
    is_kill: bool


@dataclass
class Soak:
    """A farm, and the daemon that is killed and started again."""

    folder: Path
    clock: FastClock
    farm: Farm
    chance: random.Random
    stops: list[Stop] = field(default_factory=list)
    orphans: set[int] = field(default_factory=set)  # workers whose daemon was killed
    memory: list[int] = field(default_factory=list)  # in kB, of the daemon and its workers
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.folder / "daemon.log"

    def configure(self) -> None:
        listed = [
            {"name": each.name, "url": self.farm.url(each), "categories": [f"Shelf {each.index % SHELVES}"]}
            | ({"interval": "50m"} if each.names == "none" else {})
            for each in self.farm.stations
        ]
        fetch = {
            "allow_private_addresses": True,
            "per_host": {"spacing": "0s"},
            "timeout": "4s",
            "max_size": f"{MAX_SIZE // 1000}kB",
        }
        config = {"fetch": fetch, "sources": listed}
        (self.folder / "config.yaml").write_text(json.dumps(config), encoding="utf-8")

    def start(self) -> None:
        times = (self.clock.base, self.clock.speed, self.clock.offset)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, DAEMON, self.folder / "config.yaml", *map(repr, times)],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stderr=log,
                env={"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "TZ": "UTC"},
            )

    def kill(self) -> None:
        assert self.process
        self.orphans |= set(children(self.process.pid))
        self.process.kill()
        self.process.wait()
        self.stops.append(Stop(at=self.clock.seconds(), is_kill=True))

    def end(self) -> int:
        """As a service manager does; the exit code."""
        assert self.process
        self.process.terminate()
        code = self.process.wait(timeout=90)
        self.stops.append(Stop(at=self.clock.seconds(), is_kill=False))
        return code

    def troubled(self, seconds: float) -> list[int]:
        """Killed at random moments, or asked to end, and started again at once; the exit codes of those asked."""
        codes = []
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.start()
            assert self.process
            life = self.chance.uniform(0.5, LONGEST_LIFE)
            try:
                self.process.wait(timeout=life)
            except subprocess.TimeoutExpired:
                pass
            else:
                raise AssertionError(f"the daemon ended by itself:\n{self.log.read_text()[-3000:]}")
            if self.chance.random() < 0.25 and life > 5:
                codes.append(self.end())
            else:
                self.kill()
        return codes

    def left_alone(self, seconds: float) -> int:
        """One life without a kill, in which its memory is measured; the exit code."""
        self.start()
        assert self.process
        until = time.monotonic() + seconds
        while time.monotonic() < until and self.process.poll() is None:
            self.memory.append(sum(map(resident, (self.process.pid, *children(self.process.pid)))))
            time.sleep(0.5)
        return self.end()

    def last_round(self) -> int:
        """Nothing changes or goes wrong any more, and the daemon sees every source once; the exit code."""
        self.farm.freeze()
        self.clock = self.farm.clock = FastClock(self.clock.base, self.clock.speed, self.clock.offset + DAY_OFF)
        began_at = self.clock.now()
        self.start()
        store = open_store(f"sqlite:///{self.folder}/feedmill.db")
        names = {each.name for each in self.live}
        until = time.monotonic() + PATIENCE
        while names and time.monotonic() < until:
            time.sleep(0.5)
            with store.read() as db:
                states = sources.states(db)
            if read := {name for name in names if (states[name].last_success_at or began_at) > began_at}:
                names -= read
                until = time.monotonic() + PATIENCE
        store.close()
        code = self.end()
        assert not names, f"{len(names)} sources were not read, such as {sorted(names)[:5]}"
        return code

    @property
    def live(self) -> list[Station]:
        return [each for each in self.farm.stations if not each.goes and not each.is_lost]

    def visits(self, station: Station) -> list[Visit]:
        return self.farm.ledger.visits[station.index]

    def close(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.farm.close()


def children(pid: int) -> list[int]:
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += map(int, path.read_text().split())
        except OSError:
            continue
    return found


def resident(pid: int) -> int:
    return next((int(words[1]) for words in status(pid) if words[0] == "VmRSS:"), 0)


def status(pid: int) -> list[list[str]]:
    try:
        return [line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines()]
    except OSError:
        return []


@dataclass(frozen=True)
class Stored:
    """What is in the store in the end: by source, the titles by guid."""

    titles: dict[str, dict[str, str]]
    atom_ids: list[str]
    standing: dict[str, str]


def stored(folder: Path) -> Stored:
    with sqlite3.connect(folder / "feedmill.db") as db:
        rows = db.execute("SELECT name, guid, title, atom_id FROM articles JOIN sources ON sources.id = source_id")
        titles: dict[str, dict[str, str]] = {}
        atom_ids = []
        for name, guid, title, atom_id in rows:
            titles.setdefault(name, {})[guid] = title
            atom_ids.append(atom_id)
        standing = dict(db.execute("SELECT name, standing FROM sources"))
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM sources WHERE claimed_by IS NOT NULL").fetchone() == (0,)
        assert db.execute("SELECT count(*) FROM leases").fetchone() == (0,)
    db.close()
    return Stored(titles=titles, atom_ids=atom_ids, standing=standing)


@pytest.mark.timeout(MINUTES * 60 + LONGEST)
def test_after_days_of_faults_and_kills_the_store_is_what_the_sources_served(tmp_path: Path) -> None:
    print(f"FEEDMILL_SOAK_SEED={SEED}")  # shown where it fails
    began_at = time.monotonic()
    clock = FastClock(began_at, SPEED)
    soak = Soak(tmp_path, clock, Farm(SOURCES, clock=clock, seed=SEED), random.Random(SEED))
    try:
        soak.configure()
        codes = soak.troubled(MINUTES * 60 * 2 / 3)
        codes.append(soak.left_alone(MINUTES * 60 / 3))
        codes.append(soak.last_round())
    finally:
        soak.close()
    print(told(soak, time.monotonic() - began_at))
    assert set(codes) == {0}
    assert wrong_in_the_log(soak) == []
    assert [pid for pid in soak.orphans if is_at_work(pid)] == []
    assert soak.farm.ledger.complaints == []
    assert_everything_is_there_once(soak)
    assert_published_whole(soak)
    assert_polite(soak)
    assert_nobody_starved(soak)
    assert_memory_is_flat(soak)


def told(soak: Soak, seconds: float) -> str:
    with sqlite3.connect(soak.folder / "feedmill.db") as db:
        (articles,) = db.execute("SELECT count(*) FROM articles").fetchone()
    db.close()
    early = Counter(each.stop for each in asked_early(soak))
    visits = [len(soak.visits(each)) for each in soak.live]
    late = lateness(soak)
    warnings = soak.log.read_text(encoding="utf-8").splitlines()
    return "\n".join(
        [
            f"{seconds:.0f} s, which were {seconds * SPEED / HOUR:.0f} hours",
            f"kills {sum(stop.is_kill for stop in soak.stops)}, ends {sum(not stop.is_kill for stop in soak.stops)}",
            f"requests {sum(soak.farm.ledger.counts().values())}: {dict(soak.farm.ledger.counts().most_common())}",
            f"visits of a source: {min(visits)} to {max(visits)}, median {statistics.median(visits)}",
            f"asked again after a stop: {sorted(early.values(), reverse=True)[:10]}",
            f"late by minutes: {[round(each / MINUTE) for each in (*statistics.quantiles(late, n=20), max(late))]}",
            f"articles {articles}, lines in the log {len(warnings)}",
            f"memory in MB: {[kb // 1024 for kb in soak.memory][:: max(1, len(soak.memory) // 30)]}",
        ]
    )


def wrong_in_the_log(soak: Soak) -> list[str]:
    """Errors, and tracebacks through our own code: Python's own tell of a worker whose daemon was killed at its birth."""
    lines = soak.log.read_text(encoding="utf-8").splitlines()
    errors = [line for line in lines if line.startswith("{") and json.loads(line)["level"] != "warning"]
    ours = ("/feeds/", "/storage/", "scheduler.py")
    return errors + [line for line in lines if line not in errors and any(each in line for each in ours)]


def is_at_work(pid: int) -> bool:
    """Whether a process is still there, and no mere entry in the list of processes that nobody has taken off."""
    return any(words[0] == "State:" and words[1] != "Z" for words in status(pid))


def assert_everything_is_there_once(soak: Soak) -> None:
    """All that was in an answer whose validators came back, and all that stands in the documents in the end."""
    found = stored(soak.folder)
    assert len(found.atom_ids) == len(set(found.atom_ids))
    end = soak.farm.moment()
    for station in soak.farm.stations:
        titles = found.titles.get(station.name, {})
        visits = soak.visits(station)
        served = {visit.served for visit in visits if visit.served is not None}
        held = {visit.held for visit in visits if visit.held is not None}
        assert held <= served, f"{station.name} was told of a document that it had not given away whole"
        if station in soak.live:
            held.add(station.changed_at(end))
        oldest = versions(station, held)
        latest = versions(station, served)
        missing = {station.guid(number) for number in oldest} - titles.keys()
        assert not missing, f"{station.name} lost {missing}"
        foreign = titles.keys() - {station.guid(number) for number in latest}
        assert not foreign, f"{station.name} has {foreign}, which it never served whole"
        for number, version in oldest.items():
            possible = [station.title(number, later) for later in range(version, latest[number] + 1)]
            assert titles[station.guid(number)] in possible, station.name


def versions(station: Station, documents: set[int]) -> dict[int, int]:
    """The latest version of each entry of some documents of a source."""
    found: dict[int, int] = {}
    for at in sorted(documents):
        found |= station.shown(at)
    return found


def assert_published_whole(soak: Soak) -> None:
    public = soak.folder / "public"
    # A daemon that is stopped publishes for a few seconds more, and leaves the rest to the next one.
    store = open_store(f"sqlite:///{soak.folder}/feedmill.db")
    pipeline.publish(store, settings.load(soak.folder / "config.yaml", environ=os.environ))
    store.close()
    for slug in ("", *(f"shelf-{number}" for number in range(SHELVES))):
        feed = ElementTree.parse(public / slug / "atom.xml").getroot()
        ids = [entry.findtext(f"{ATOM}id") for entry in feed.findall(f"{ATOM}entry")]
        assert 75 < len(ids) == len(set(ids)) <= 100
    assert list(public.rglob(".feedmill-*")) == []
    with sqlite3.connect(soak.folder / "feedmill.db") as db:
        assert db.execute("SELECT count(*) FROM categories WHERE written != touched").fetchone() == (0,)
    db.close()


def assert_polite(soak: Soak) -> None:
    """Nobody is asked before its time, unless the daemon ended before it had noted the answer: then few are."""
    early = list(asked_early(soak))
    for_no_reason = [each for each in early if each.stop is None]
    assert for_no_reason == []
    assert [each for each in early if each.stop and not each.stop.is_kill and each.is_known] == []
    again = Counter(each.stop for each in early)
    # Under way, not looked at, not written, being read.
    most = MAX_TRANSFERS + MAX_UNREAD + unchanged.TOGETHER + TOGETHER + AHEAD
    # Twice: where the machine is busy two kills can be so near that one is taken for the other.
    assert max(again.values(), default=0) <= 2 * most


@dataclass(frozen=True)
class Early:
    """A source asked before its time, and the stop of the daemon that explains it."""

    name: str
    one: Visit
    other: Visit
    stop: Stop | None
    is_known: bool  # a document that it gave before was noted: it was left alone afterwards


def asked_early(soak: Soak) -> Iterator[Early]:
    for station in soak.farm.stations:
        is_known = False
        for one, other in pairwise(soak.visits(station)):
            is_early = other.at - one.at < max(station.floor, one.stay_away) - 2
            if is_early or one.outcome == "410":
                # What was sent before a kill may be answered after it, where the machine is busy.
                between = [stop for stop in soak.stops if one.at <= stop.at <= other.at]
                before = [stop for stop in soak.stops if one.at - SLACK <= stop.at < one.at]
                stop = between[0] if between else before[-1] if before else None
                yield Early(station.name, one, other, stop, is_known)
            is_known = is_known or (one.served is not None and not is_early)


def assert_nobody_starved(soak: Soak) -> None:
    """Whoever is asked late is asked late with all the others, when the machine has other things to do."""
    median = statistics.median(len(soak.visits(each)) for each in soak.live)
    seldom = [each.name for each in soak.live if len(soak.visits(each)) < median / 4]
    assert seldom == []
    late = lateness(soak)
    usual = statistics.quantiles(late, n=20)[-1]
    assert max(late) < max(usual, 0) + 3 * HOUR, f"{max(late) / HOUR:.1f} h late, and usually {usual / HOUR:.1f}"


def lateness(soak: Soak) -> list[float]:
    """How many seconds after the latest moment that could have been meant each visit came."""
    late = []
    for station in soak.live:
        failures = 0
        for one, other in pairwise(soak.visits(station)):
            failures = failures + 1 if one.is_failure else 0
            wait = max(HOUR << max(failures - 1, 0), one.stay_away)
            if not station.is_strict and other.at < soak.farm.moment():  # strict ones stop all others of their host
                late.append(other.at - one.at - min(wait, 24 * HOUR) * 1.05)
    return late


def assert_memory_is_flat(soak: Soak) -> None:
    third = len(soak.memory) // 3
    before, after = statistics.median(soak.memory[third : 2 * third]), statistics.median(soak.memory[2 * third :])
    assert after < 1.1 * before + 10_000, f"{before:,.0f} kB, then {after:,.0f}"
