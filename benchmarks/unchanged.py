"""What an unchanged source costs: `feedmill fetch` over a farm that answers every request with 304, on one core.

    python benchmarks/unchanged.py --sources 1000 10000 --repeat 5

Each lap runs three things one right after the other: a round in which every source is due, the same command again
with nothing due (the start-up: Python, the config, the database), and a bare pycurl loop that makes the same
requests. Round less start-up, shared out among the sources, beside the bare loop's request, is the price of a source.
"""

from __future__ import annotations

import argparse
import os
import sqlite3
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from statistics import median

import bare
from farm import RunningFarm, running
from rounds import Cost, Mill, Row, measure, mill, print_json, print_tables

ENTRIES, ENTRY_SIZE = 1, 1_000  # what an unchanged document holds is never looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Lap:
    due: Cost
    startup: Cost
    bare: bare.Cost  # of one request


def run_laps(*, sources: int, repeat: int) -> list[Lap]:
    farm_core, our_core = _cores()
    os.sched_setaffinity(0, {farm_core})
    with running(sources=sources, entries=ENTRIES, size=ENTRY_SIZE) as farm, mill(farm.urls()) as ours:
        os.sched_setaffinity(0, {our_core})
        ours.fetch()  # all new
        _run_lap(farm, ours)  # lets Python compile its files, and the machine warm up
        return [_run_lap(farm, ours) for _ in range(repeat)]


def _cores() -> tuple[int, int]:
    """One for the farm, another one for us, so that neither waits for the other."""
    cores = sorted(os.sched_getaffinity(0))
    return cores[0], cores[-1]


def _run_lap(farm: RunningFarm, ours: Mill) -> Lap:
    _make_due(ours)
    due = _checked(farm, ours, requests=farm.sources)
    return Lap(due=due, startup=_checked(farm, ours, requests=0), bare=bare.unchanged_rounds(farm, repeat=1)[0])


def _make_due(ours: Mill) -> None:
    """As if every source's time had come. `--force` would spare the command the look at who is due."""
    with closing(sqlite3.connect(ours.config.with_name("feedmill.db"))) as db, db:
        db.execute("UPDATE sources SET next_fetch_at = last_fetch_at")


def _checked(farm: RunningFarm, ours: Mill, *, requests: int) -> Cost:
    """The cost of a round as a person or cron would run it; each of the `requests` must have been answered by 304."""
    before = farm.counts()
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        cost = measure(["--config", str(ours.config), "fetch"], output=output, errors=errors)
    after = farm.counts()
    asked, unchanged = (after[key] - before[key] for key in ("requests", "304"))
    if (asked, unchanged) != (requests, requests):
        raise SystemExit(f"expected {requests} answers of 304; saw {asked} requests, {unchanged} of them 304")
    return cost


def row(laps: Sequence[Lap], *, sources: int) -> Row:
    """Medians of the laps; the shares of a source with the start-up taken off."""
    cpu = [(lap.due.cpu - lap.startup.cpu) / sources for lap in laps]
    return {
        "sources": str(sources),
        "cpu_us": median(cpu) * 1e6,
        "cpu_spread_us": (max(cpu) - min(cpu)) * 1e6,
        "bare_cpu_us": median(lap.bare.cpu for lap in laps) * 1e6,
        "times_bare": median(each / lap.bare.cpu for each, lap in zip(cpu, laps, strict=True)),
        "wall_us": median((lap.due.wall - lap.startup.wall) / sources for lap in laps) * 1e6,
        "bare_wall_us": median(lap.bare.wall for lap in laps) * 1e6,
        "startup_cpu_s": median(lap.startup.cpu for lap in laps),
        "round_cpu_s": median(lap.due.cpu for lap in laps),
        "round_wall_s": median(lap.due.wall for lap in laps),
        "startup_peak_mb": median(lap.startup.peak for lap in laps) / 1e6,
        "peak_mb": median(lap.due.peak for lap in laps) / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what an unchanged source costs `feedmill fetch`.")
    parser.add_argument("--sources", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--repeat", type=int, default=5, help="laps, to take the median of")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    options = parser.parse_args()
    results = (row(run_laps(sources=number, repeat=options.repeat), sources=number) for number in options.sources)
    (print_json if options.json else print_tables)(results, {"repeat": options.repeat})


if __name__ == "__main__":
    main()
