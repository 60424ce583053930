"""What it costs to store the first articles of a source, among few sources and among many.

    python benchmarks/storing.py --sources 5000

Sources are stored one after the other in one store, as many in a transaction as a round takes together; what is told
is the CPU of a thousand of them, and the bytes that were handed to the system to be written: pages of SQLite's log and
then of its file. Nothing is fetched, read or published. Linux alone tells what is written.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random

from feeds import pipeline, settings
from feeds.normalizing.categories import slugs
from feeds.normalizing.likeness import BANDS, PHRASES
from feeds.pipeline.apart import TOGETHER_ARTICLES
from feeds.records import Article
from storage import open_store, saving

START = datetime(2020, 1, 1, tzinfo=UTC)
ENTRIES = 40
SHELVES = 10
TOGETHER = TOGETHER_ARTICLES // ENTRIES  # sources in a transaction
TOLD = 1_000  # sources of which the cost is told together
CONFIG = 'site: {title: Bench, url: "https://mill.example/"}\nsources:\n'
BODY = "<p>" + "Flour, water and salt, and the time that it takes. " * 70 + "</p>"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, default=5_000, help="the cost is told of each thousand")
    number = parser.parse_args().sources
    print(f"{'sources':>10} {'CPU of one':>12} {'written for one':>16}")
    for stored, cpu, written in costs(number):
        print(f"{stored:>10,} {1e3 * cpu:>9.2f} ms {written / 1e6:>13.2f} MB")


def costs(number: int) -> Iterator[tuple[int, float, float]]:
    """How many sources are stored, and what each of the last thousand cost: seconds of CPU and bytes."""
    with tempfile.TemporaryDirectory(prefix="feedmill-benchmark-") as folder:
        config = Path(folder, "config.yaml")
        config.write_text(CONFIG + "".join(map(_source, range(number))), encoding="utf-8")
        store = open_store(f"sqlite:///{folder}/feedmill.db")
        pipeline.prepare(store, settings.load(config, environ={}))
        drawn, cpu, before = Random(1), 0.0, _written()
        for first in range(0, number, TOGETHER):
            brought = [_batch(source, drawn) for source in range(first, min(first + TOGETHER, number))]
            began = time.process_time()
            with store.begin() as db:
                saving.save_all(db, brought, slugs=slugs)
            cpu += time.process_time() - began
            if not (stored := first + TOGETHER) % TOLD:
                yield stored, cpu / TOLD, (_written() - before) / TOLD
                cpu, before = 0.0, _written()
        store.close()


def _source(number: int) -> str:
    url = f"https://{number}.example/feed.xml"
    return f'  - {{name: source-{number}, url: "{url}", categories: [shelf-{number % SHELVES}]}}\n'


def _batch(source: int, drawn: Random) -> saving.Batch:
    articles = [_article(source, entry, drawn) for entry in range(ENTRIES)]
    return saving.Batch(source=f"source-{source}", articles=articles, now=START)


def _article(source: int, entry: int, drawn: Random) -> Article:
    """One that is like no other, and has all keys by which others are looked for."""
    guid = f"https://{source}.example/{entry}"
    digest = sha256(guid.encode()).hexdigest()
    moment = START + timedelta(minutes=drawn.randrange(3_000_000))
    return Article(
        source=f"source-{source}",
        guid=guid,
        url=guid,
        title=f"Number {entry}",
        content_html=BODY,
        categories=(f"shelf-{source % SHELVES}",),
        published=moment,
        updated=moment,
        date_from="published",
        fingerprint=digest,
        raw_digest=digest,
        atom_id=guid,
        minted_id=f"tag:mill.example,2026:{source}/{entry}",
        link_key=drawn.getrandbits(63),
        title_key=drawn.getrandbits(63),
        bands=tuple(drawn.getrandbits(63) for _ in range(BANDS + PHRASES)),
    )


def _written() -> int:
    """Bytes that this process has written so far."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return next(int(value) for name, _, value in (line.partition(": ") for line in lines) if name == "wchar")


if __name__ == "__main__":
    main()
