"""What it costs to read a document, by the fast reader and by feedparser, and which of the two reads what.

    python benchmarks/parsing.py --laps 40

The documents are those of the farm: RSS 2.0 and Atom, English and Chinese, 40 entries and 165 KB each. Both readers are
given the same decoded text and make the same record of it; they take turns, each in a block of its own, as a round of
feedmill seldom changes between them. What counts is CPU, and the median of the laps.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from statistics import median
from typing import Any

from documents import SCRIPTS, Documents, format_of, script_of
from feeds.parsing import strict, syndication

NOW = datetime(2026, 6, 1, tzinfo=UTC)
URL = "https://station.example/feed"
BLOCK = 5  # readings of one lap


def cpu(read: Callable[[], object]) -> float:
    """Milliseconds of CPU for one reading, of a few."""
    started = time.process_time()
    for _ in range(BLOCK):
        read()
    return (time.process_time() - started) * 1000 / BLOCK


def measured(index: int, content: bytes, laps: int) -> dict[str, Any]:
    text = content.decode()

    def given(parse: Callable[..., object]) -> Callable[[], object]:
        return lambda: parse(text, url=URL, base_url=URL, zone=UTC, now=NOW)

    fast, referee = given(strict.parse), given(syndication.parse)
    if fast() != referee():
        raise SystemExit("the two readers disagree")
    times = [(cpu(fast), cpu(referee), cpu(lambda: strict.look(text))) for _ in range(laps)]
    fast_ms, referee_ms, choice_ms = (median(column) for column in zip(*times, strict=True))
    return {
        "document": f"{'RSS 2.0' if format_of(index).media_type.startswith('application/rss') else 'Atom'}, "
        f"{script_of(index).language}",
        "bytes": len(content),
        "fast_ms": round(fast_ms, 2),
        "feedparser_ms": round(referee_ms, 2),
        "choice_ms": round(choice_ms, 4),
        "times": round(median(other / one for one, other, _ in times), 1),
        "mb_per_s": round(len(content) / fast_ms / 1000),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--laps", type=int, default=20)
    parser.add_argument("--json", action="store_true", help="one object a line")
    options = parser.parse_args()
    documents = Documents()
    rows = [measured(index, documents.render(index, 100), options.laps) for index in range(2 * len(SCRIPTS))]
    if options.json:
        print("\n".join(json.dumps(row) for row in rows))
        return
    print("| document | bytes | fast | feedparser | times | choosing | MB/s |\n|---|--:|--:|--:|--:|--:|--:|")
    for row in rows:
        print(
            f"| {row['document']} | {row['bytes']:,} | {row['fast_ms']} ms | {row['feedparser_ms']} ms "
            f"| **{row['times']}** | {row['choice_ms'] * 1000:.0f} µs | {row['mb_per_s']} |"
        )


if __name__ == "__main__":
    main()
