"""What a round of `feedmill fetch` costs, measured on the real command and a farm of local feeds.

    python benchmarks/rounds.py --sources 200 --repeat 3

Prints CPU, wall time and peak memory of each kind of round, and what one source or article takes of it, beside a
bare pycurl loop that makes the same unchanged requests. README.md in this folder says how to read the numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import IO, TypeAlias

import bare
from farm import RunningFarm, running

PROJECT = Path(__file__).resolve().parent.parent
NEW = 2  # entries that each source gains before a changed round
CATEGORIES = 10
ENTRY_SIZE = 4_125  # bytes: 40 entries make 165 KB
BARE = "bare pycurl, unchanged"

CONFIG = """\
site: {title: Benchmark, url: "http://localhost:8080/", language: en}
database: sqlite:///feedmill.db
output: public
fetch:
  allow_private_addresses: true
  per_host: {connections: 2, spacing: 0s}
sources:
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one run of the command took."""

    cpu: float  # seconds, user and system, with all its children
    wall: float  # seconds
    peak: float  # bytes of its largest process


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """What one source or article took, in seconds."""

    cpu: float
    wall: float


def command() -> list[str]:
    """`feedmill` as installed beside this Python, or else from the working tree."""
    installed = Path(sys.executable).with_name("feedmill")
    if installed.exists():
        return [str(installed)]
    return [sys.executable, "-c", "import sys; from feeds.cli import main; sys.exit(main())"]


def environment() -> dict[str, str]:
    """Ours, without what could lead the requests elsewhere, or keep Python from keeping what it compiled: an installed
    package is compiled once, and so is the working tree by a first run."""
    kept = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {**kept, "PYTHONPATH": str(PROJECT)}


def measure(arguments: Sequence[str], *, output: IO[bytes], errors: IO[bytes]) -> Cost:
    """The cost of one feedmill command; ends the benchmark if it fails."""
    started = time.perf_counter()
    process = subprocess.Popen([*command(), *arguments], stdout=output, stderr=errors, env=environment())
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        errors.seek(0)
        raise SystemExit(f"feedmill ended with {process.returncode}:\n{errors.read().decode()[-4000:]}")
    return Cost(cpu=usage.ru_utime + usage.ru_stime, wall=wall, peak=usage.ru_maxrss * 1024)


class Mill:
    """A feedmill of its own in a temporary folder."""

    def __init__(self, folder: Path, urls: Sequence[str]) -> None:
        self.config = folder / "config.yaml"
        sources = (
            f"  - {{name: source-{index}, url: {url}, categories: [shelf-{index % CATEGORIES}]}}\n"
            for index, url in enumerate(urls)
        )
        self.config.write_text(CONFIG + ("".join(sources) or "  []\n"))

    def fetch(self) -> tuple[Cost, int]:
        """One round over all sources: its cost, and how many articles were new."""
        arguments = ["--config", str(self.config), "-q", "fetch", "--force", "--json"]
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
            cost = measure(arguments, output=output, errors=errors)
            output.seek(0)
            return cost, sum(json.loads(line).get("new", 0) for line in output)


@contextmanager
def mill(urls: Sequence[str]) -> Iterator[Mill]:
    folder = Path(tempfile.mkdtemp(prefix="feedmill-benchmark-"))
    try:
        yield Mill(folder, urls)
    finally:
        shutil.rmtree(folder)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lap:
    """One round of each kind, run one right after the other, so that a busy minute of the machine is felt by all."""

    startup: Cost
    first: Cost
    unchanged: Cost
    changed: Cost
    bare: bare.Cost


def run_laps(*, sources: int, entries: int, repeat: int) -> list[Lap]:
    with (
        running(sources=sources, entries=entries, size=entries * ENTRY_SIZE) as farm,
        mill([]) as empty,
        mill(farm.urls()) as grown,
    ):
        empty.fetch()  # makes the database, and lets Python compile its files
        grown.fetch()
        return [_run_lap(farm, empty, grown, entries) for _ in range(repeat)]


def _run_lap(farm: RunningFarm, empty: Mill, grown: Mill, entries: int) -> Lap:
    return Lap(
        startup=empty.fetch()[0],
        first=_first_round(farm, entries),
        unchanged=_checked(farm, grown, status=304, new=0),
        changed=_changed_round(farm, grown),
        bare=bare.unchanged_rounds(farm, repeat=1)[0],
    )


def _first_round(farm: RunningFarm, entries: int) -> Cost:
    with mill(farm.urls()) as fresh:
        return _checked(farm, fresh, status=200, new=entries)


def _changed_round(farm: RunningFarm, grown: Mill) -> Cost:
    farm.advance(new=NEW)
    return _checked(farm, grown, status=200, new=NEW)


def _checked(farm: RunningFarm, grown: Mill, *, status: int, new: int) -> Cost:
    """A round in which each source must give this `status` and `new` articles; else its cost would mean nothing."""
    before = farm.counts()
    cost, articles = grown.fetch()
    after = farm.counts()
    asked, answered = (after[key] - before[key] for key in ("requests", str(status)))
    if (asked, answered, articles) != (farm.sources, farm.sources, farm.sources * new):
        raise SystemExit(
            f"expected {farm.sources} answers of {status} and {farm.sources * new} new articles; "
            f"saw {asked} requests, {answered} of them {status}, and {articles} new articles"
        )
    return cost


def shares(laps: Sequence[Lap], *, sources: int, entries: int) -> dict[str, Share]:
    """What one of each thing takes, start-up taken off; medians of the laps."""

    def per(cost: Callable[[Lap], Cost], number: int) -> Share:
        return Share(
            cpu=median((cost(lap).cpu - lap.startup.cpu) / number for lap in laps),
            wall=median((cost(lap).wall - lap.startup.wall) / number for lap in laps),
        )

    return {
        "unchanged source": per(lambda lap: lap.unchanged, sources),
        f"changed source ({NEW} new of {entries})": per(lambda lap: lap.changed, sources),
        "new article (first round)": per(lambda lap: lap.first, sources * entries),
        BARE: Share(cpu=median(lap.bare.cpu for lap in laps), wall=median(lap.bare.wall for lap in laps)),
    }


Row: TypeAlias = dict[str, str | float]


def round_row(kind: str, costs: Sequence[Cost]) -> Row:
    seconds = [cost.cpu for cost in costs]
    return {
        "round": kind,
        "cpu_s": median(seconds),
        "cpu_spread_s": max(seconds) - min(seconds),
        "wall_s": median(cost.wall for cost in costs),
        "peak_mb": median(cost.peak for cost in costs) / 1e6,
    }


def rows(laps: Sequence[Lap], *, sources: int, entries: int) -> Iterator[Row]:
    """The results as flat records, the same for the tables and for --json."""
    for kind in ("startup", "first", "unchanged", "changed"):
        yield round_row(kind, [getattr(lap, kind) for lap in laps])
    by_thing = shares(laps, sources=sources, entries=entries)
    for thing, share in by_thing.items():
        ratio = share.cpu / by_thing[BARE].cpu
        yield {"per": thing, "cpu_ms": share.cpu * 1e3, "wall_ms": share.wall * 1e3, "times_bare": ratio}


def print_json(rows: Iterable[Row], setting: dict[str, int]) -> None:
    for row in rows:
        rounded = {key: round(value, 4) if isinstance(value, float) else value for key, value in row.items()}
        print(json.dumps({**setting, **rounded}))


def print_tables(rows: Iterable[Row], setting: dict[str, int]) -> None:
    print(", ".join(f"{name}: {value}" for name, value in setting.items()))
    previous: tuple[str, ...] = ()
    for row in rows:
        titles = tuple(row)
        if titles != previous:
            print("\n" + "".join(_cells(titles)))
        print("".join(_cells(tuple(row.values()))))
        previous = titles


def _cells(values: Sequence[str | float]) -> Iterator[str]:
    name, *numbers = values
    yield f"{name:<34}"
    for number in numbers:
        yield f"{number:>14}" if isinstance(number, str) else f"{number:>14.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure rounds of `feedmill fetch` on a farm of local feeds.")
    parser.add_argument("--sources", type=int, default=200)
    parser.add_argument("--entries", type=int, default=40, help="in each document, at about 4 KB each")
    parser.add_argument("--repeat", type=int, default=3, help="rounds of each kind, to take the median of")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args()
    setting = {"sources": options.sources, "entries": options.entries, "repeat": options.repeat}
    laps = run_laps(**setting)
    results = rows(laps, sources=options.sources, entries=options.entries)
    (print_json if options.json else print_tables)(results, setting)


if __name__ == "__main__":
    main()
