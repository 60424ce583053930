"""A round of feedmill beside the same round of other programs, and of the same work done by hand: one command.

    python benchmarks/compared.py                   the tables of docs/performance.md; half an hour
    python benchmarks/compared.py --quick           a tenth of the sources; a few minutes
    python benchmarks/compared.py --growth 10000    and how feedmill grows; an hour more

All ask the same farm, one after the other within each lap. The peers are installed when first needed, see
`contenders`. README.md in this folder says how to read the numbers.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from contenders import BY_HAND, FEEDMILL, FEEDS_ALONE, NEWSBOAT, READER, Contender, environment, install_newsboat
from farm import RunningFarm, running
from rounds import ENTRY_SIZE, NEW, Cost

ENTRIES = 40
ROUNDS = ("first", "unchanged", "changed")
LOOK = 0.2  # seconds between two looks at how much memory is in use
# feedmill's share of a peer's CPU seconds, at most
AIMS = {
    "reader": {"first": 1 / 6, "unchanged": 1 / 4, "changed": 1 / 10},
    "newsboat": {"first": 1.0, "changed": 1 / 4},
}


def measure(command: Sequence[str], folder: Path, more: Mapping[str, str] | None = None) -> Cost:
    """The cost of a command run in a folder, with all processes it starts and with `more` in its environment; ends the
    benchmark if it fails."""
    started = time.perf_counter()
    with (folder / "output").open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env={**environment(folder), **(more or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        with _watched(process.pid) as peaks:
            _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        words = (folder / "output").read_text(errors="replace")[-4000:]
        raise SystemExit(f"{command[0]} ended with {process.returncode}:\n{words}")
    return Cost(
        cpu=usage.ru_utime + usage.ru_stime,
        wall=time.perf_counter() - started,
        peak=max(usage.ru_maxrss * 1024, *peaks),
    )


@contextmanager
def _watched(pid: int) -> Iterator[list[int]]:
    """Bytes that the process and its descendants held at each look, what they share counted once."""
    seen, is_over = [0], threading.Event()

    def watch() -> None:
        while not is_over.wait(LOOK):
            seen.append(sum(_held(each) for each in (pid, *_descendants(pid))))

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield seen
    finally:
        is_over.set()
        watcher.join()


def _descendants(pid: int) -> Iterator[int]:
    with suppress(OSError):
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (thread / "children").read_text().split()):
                yield child
                yield from _descendants(child)


def _held(pid: int) -> int:
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one contender's rounds of one kind cost, over as many sources."""

    sources: int
    contender: str
    round: str
    costs: tuple[Cost, ...]

    @property
    def cpu(self) -> float:
        return median(cost.cpu for cost in self.costs)

    @property
    def wall(self) -> float:
        return median(cost.wall for cost in self.costs)

    @property
    def peak(self) -> float:
        return max(cost.peak for cost in self.costs)

    def as_json(self) -> str:
        rounded = {"cpu_s": round(self.cpu, 3), "wall_s": round(self.wall, 3), "peak_mb": round(self.peak / 1e6, 1)}
        return json.dumps({"sources": self.sources, "contender": self.contender, "round": self.round, **rounded})


def compare(contenders: Sequence[Contender], *, sources: int, repeat: int) -> list[Measured]:
    """Laps in which each contender makes one round of each kind, from a folder of its own that is empty at first."""
    laps = []
    with running(sources=sources, entries=ENTRIES, size=ENTRIES * ENTRY_SIZE) as farm:
        for _ in range(repeat):
            laps.append([_rounds(farm, contender) for contender in contenders])
    found = []
    for number, contender in enumerate(contenders):
        for kind in ROUNDS:
            costs = tuple(lap[number][kind] for lap in laps)
            found.append(Measured(sources=sources, contender=contender.name, round=kind, costs=costs))
            print(found[-1].as_json(), file=sys.stderr)
    return found


def _rounds(farm: RunningFarm, contender: Contender) -> dict[str, Cost]:
    with tempfile.TemporaryDirectory(prefix="feedmill-benchmark-") as name:
        folder = Path(name)
        contender.prepare(folder, farm.urls())
        first = _checked(farm, contender, folder, status=200, new=ENTRIES)
        if contender.settles:
            _checked(farm, contender, folder, status=200, new=0)
        unchanged = _checked(farm, contender, folder, status=304, new=0)
        farm.advance(new=NEW)
        return {
            "first": first,
            "unchanged": unchanged,
            "changed": _checked(farm, contender, folder, status=200, new=NEW),
        }


def _checked(farm: RunningFarm, contender: Contender, folder: Path, *, status: int, new: int) -> Cost:
    """A round in which each source gave this `status` and `new` articles; else its cost would mean nothing."""
    held = contender.articles(folder) if (folder / contender.database).exists() else 0
    before = farm.counts()
    cost = measure(contender.command(folder), folder)
    after = farm.counts()
    answered, gained = after[str(status)] - before[str(status)], contender.articles(folder) - held
    if (answered, gained) != (farm.sources, farm.sources * new):
        raise SystemExit(
            f"{contender.name}: expected {farm.sources} answers of {status} and {farm.sources * new} new articles; "
            f"saw {answered} and {gained}"
        )
    return cost


def table(found: Sequence[Measured], peer: str) -> Iterator[str]:
    """The rounds of feedmill, of a peer and by hand, as Markdown."""
    cost = {(each.contender, each.round): each for each in found}
    sources = found[0].sources
    names = ("by hand", "feedmill", "feedmill without pages", peer)
    yield f"| {sources:,} sources: CPU seconds | {' | '.join(names)} | feedmill of {peer} | aim | of by hand |"
    yield "|---|--:|--:|--:|--:|--:|--:|--:|"
    for kind in ROUNDS:
        least, ours, without, theirs = (cost[name, kind].cpu for name in names)
        aim = AIMS[peer].get(kind)
        cells = (f"{least:.2f}", f"**{ours:.2f}**", f"{without:.2f}", f"{theirs:.2f}", _share(ours / theirs))
        yield f"| {kind} round | {' | '.join(cells)} | {_share(aim, 0) if aim else ''} | {ours / least:.1f} × |"
    peaks = (f"{max(cost[name, kind].peak for kind in ROUNDS) / 1e6:.0f} MB" for name in names)
    yield f"| peak memory, all processes | {' | '.join(peaks)} | | | |"


def _share(of_it: float, digits: int = 1) -> str:
    return f"1/{1 / of_it:.{digits}f}" if of_it < 1 else f"{of_it:.{digits}f} times"


def growth(*, small: int, large: int) -> Iterator[str]:
    """What a source costs feedmill among few and among many, as Markdown."""
    few, many = (compare([FEEDMILL], sources=number, repeat=1) for number in (small, large))
    yield f"| CPU for a source | among {small:,} | among {large:,} | grown by | peak among {large:,} |"
    yield "|---|--:|--:|--:|--:|"
    for one, other in zip(few, many, strict=True):
        each, later = one.cpu / small * 1e3, other.cpu / large * 1e3
        peak = f"{other.peak / 1e6:.0f} MB"
        yield f"| {one.round} round | {each:.2f} ms | {later:.2f} ms | {later / each - 1:+.0%} | {peak} |"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure rounds of feedmill beside those of other programs.")
    parser.add_argument("--sources", type=int, default=1000, help="beside reader")
    parser.add_argument("--few", type=int, default=100, help="beside newsboat, which grows worse than linearly")
    parser.add_argument("--repeat", type=int, default=3, help="laps, to take the median of")
    parser.add_argument("--quick", action="store_true", help="100 and 30 sources, one lap")
    parser.add_argument("--growth", type=int, metavar="SOURCES", help="measure feedmill alone among so many, too")
    options = parser.parse_args()
    sources, few, repeat = (100, 30, 1) if options.quick else (options.sources, options.few, options.repeat)
    beside_reader = compare([BY_HAND, FEEDMILL, FEEDS_ALONE, READER], sources=sources, repeat=repeat)
    print(*table(beside_reader, "reader"), sep="\n")
    if install_newsboat():
        beside_newsboat = compare([BY_HAND, FEEDMILL, FEEDS_ALONE, NEWSBOAT], sources=few, repeat=repeat)
        print("", *table(beside_newsboat, "newsboat"), sep="\n")
    if options.growth:
        print("", *growth(small=sources, large=options.growth), sep="\n")


if __name__ == "__main__":
    main()
