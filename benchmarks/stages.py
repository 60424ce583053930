"""Where a changed round spends its CPU, stage by stage, beside the same stage by hand.

    python benchmarks/stages.py --sources 300                       the table of docs/performance.md
    python benchmarks/stages.py --sources 300 --flame round.svg     and the same as a flame graph

A sampler within the command (sampling/sitecustomize.py) tells what share of the CPU each stage takes; what is shared
out is the CPU of a round before it, which nobody looked at. The flame graph is drawn by py-spy, which looks from
outside and takes some waiting for work.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from compared import ENTRIES, measure
from contenders import BY_HAND, FEEDMILL, Contender, environment_with
from farm import RunningFarm, running
from rounds import ENTRY_SIZE, NEW, PROJECT

RATE = 250  # samples a second, for the flame graph
SAMPLER = Path(__file__).resolve().parent / "sampling"
Stack: TypeAlias = str  # of frames, the outermost first: function (file:line);function (file:line)

# The first that matches anywhere in a stack names its stage.
_STAGES: dict[str, tuple[tuple[str, str], ...]] = {
    "feedmill": (
        ("start: Python, imports, config", r"^start$|importlib\._bootstrap|feeds/settings/"),
        ("asking", r"feeds/fetching/"),
        ("reading documents", r"feeds/parsing/"),
        ("storing", r"store_reads|feeds/pipeline/storing"),
        (
            "compressing",
            r"feeds/publishing/compressing|storage/documents\.py:\d+\);compress|\bpack \(storage/documents",
        ),
        ("writing files, forced to the disk", r"feeds/publishing/output"),
        ("rendering and checking", r"feeds/publishing/"),
        ("reading back for publishing, and what is due", r"feeds/pipeline/editions?\.py"),
        ("normalizing, sanitizing, comparing", r"feeds/normalizing/"),
        ("looking up what is stored", r"read_apart .*storage/"),
        ("between processes", r"feeds/workers\.py|multiprocessing/"),
    ),
    "by hand": (
        ("start: Python, imports, config", r"^start$|importlib\._bootstrap"),
        ("asking", r"answers \(.*by_hand\.py"),
        ("reading documents", r"entries \(.*by_hand\.py"),
        ("normalizing, sanitizing, comparing", r"sanitized \(.*by_hand\.py"),
        ("storing", r"store \(.*by_hand\.py|main \(.*by_hand\.py"),
    ),
}
_REST = "the rest"


def seconds(contender: Contender, farm: RunningFarm, flame: Path | None = None) -> dict[str, float]:
    """CPU seconds of each stage of a changed round."""
    with tempfile.TemporaryDirectory(prefix="feedmill-benchmark-") as name:
        folder = Path(name)
        contender.prepare(folder, farm.urls())
        measure(contender.command(folder), folder)
        farm.advance(new=NEW)
        cost = measure(contender.command(folder), folder)
        farm.advance(new=NEW)
        found = dict[str, float]()
        for stack, taken in _sampled(contender, folder):
            stage = _stage(stack, contender.name)
            found[stage] = found.get(stage, 0.0) + taken
        if flame:
            farm.advance(new=NEW)
            _draw(contender, folder, flame)
    return {stage: cost.cpu * taken / _sum(found) for stage, taken in found.items()}


def _sampled(contender: Contender, folder: Path) -> Iterator[tuple[Stack, float]]:
    """Each stack of a round, and the seconds of CPU that it took."""
    samples = folder / "samples"
    samples.mkdir()
    seen = {"FEEDMILL_SAMPLES": str(samples), "PYTHONPATH": f"{SAMPLER}:{PROJECT}"}
    measure(contender.command(folder), folder, seen)
    for file in samples.iterdir():
        for line in file.read_text().splitlines():
            taken, _, stack = line.partition(" ")
            yield stack, float(taken)


def _draw(contender: Contender, folder: Path, flame: Path) -> None:
    profiler = str(environment_with("py-spy") / "py-spy")
    options = ("--subprocesses", "--nonblocking", "--rate", str(RATE), "--output", str(flame.absolute()))
    measure([profiler, "record", *options, "--", *contender.command(folder)], folder)
    _without_names(flame)


def _stage(stack: Stack, name: str) -> str:
    return next((stage for stage, pattern in _STAGES[name] if re.search(pattern, stack)), _REST)


def _without_names(flame: Path) -> None:
    """A graph that anybody may see names the processes, not the folders that they ran in."""
    flame.write_text(re.sub(r"process (\d+):&quot;.*?&quot; \(process \1\)", r"process \1", flame.read_text()))


def table(sources: int, ours: dict[str, float], least: dict[str, float]) -> Iterator[str]:
    """Stages of both, in milliseconds of CPU for a source, the dearest first, as Markdown."""
    yield f"| a changed source, of {sources:,} | by hand | feedmill |"
    yield "|---|--:|--:|"
    for stage in sorted(ours, key=lambda each: (each == _REST, -ours[each])):
        yield f"| {stage} | {_milliseconds(least.get(stage), sources)} | {_milliseconds(ours[stage], sources)} |"
    yield f"| together | {_milliseconds(_sum(least), sources)} | {_milliseconds(_sum(ours), sources)} |"


def _sum(stages: dict[str, float]) -> float:
    return sum(stages.values())


def _milliseconds(cpu: float | None, sources: int) -> str:
    return "–" if cpu is None else f"{cpu / sources * 1e3:.2f} ms"


def main() -> None:
    parser = argparse.ArgumentParser(description="Tell where a changed round of feedmill spends its CPU.")
    parser.add_argument("--sources", type=int, default=300)
    parser.add_argument("--flame", type=Path, metavar="SVG", help="write a flame graph of feedmill's round, too")
    options = parser.parse_args()
    with running(sources=options.sources, entries=ENTRIES, size=ENTRIES * ENTRY_SIZE) as farm:
        least = seconds(BY_HAND, farm)
        ours = seconds(FEEDMILL, farm, options.flame)
    print(*table(options.sources, ours, least), sep="\n")


if __name__ == "__main__":
    main()
