"""What one new article costs to publish, behind a small archive and behind a large one.

    python benchmarks/publishing.py --stored 1000 1000000 --laps 15

For each size a store is filled with articles of one source in one category, and its archive documents are laid out
(marked as written, but not written: nothing here looks at them). Then, lap by lap, one new article is stored and
published. The sizes take turns within a lap, so that they meet the same machine. What counts is the CPU of
`pipeline.publish`; that of storing the article stands beside it.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from feeds import pipeline, settings
from feeds.normalizing.categories import slugs
from feeds.publishing import archives
from feeds.records import Article
from storage import Store, archiving, open_store, saving, shelves

START = datetime(2020, 1, 1, tzinfo=UTC)
AT_ONCE = 5_000  # articles stored in one transaction
CONFIG = """
site: {title: Bench, url: "https://mill.example/"}
sources: [{name: gazette, url: "https://gazette.example/feed.xml", categories: [News]}]
"""
BODY = "<p>" + "Flour, water and salt, and the time that it takes. " * 20 + "</p>"


@dataclass
class Mill:
    """A store with so many articles, published."""

    store: Store
    settings: settings.Settings
    stored: int

    def lap(self) -> tuple[float, float]:
        """CPU seconds of storing one new article, and of publishing it."""
        began = time.process_time()
        self.save(self.stored, 1)
        stored = time.process_time()
        publications = pipeline.publish(self.store, self.settings)
        ended = time.process_time()
        assert any(each.changed for each in publications)
        return stored - began, ended - stored

    def save(self, first: int, count: int) -> None:
        batch = [_article(number) for number in range(first, first + count)]
        with self.store.begin() as db:
            saving.save(db, saving.Batch(source="gazette", articles=batch, now=START), slugs=slugs)
        self.stored += count

    def lay_out(self) -> None:
        """As if everything had been published before."""
        with self.store.read() as db:
            standing = shelves.standing(db).values()
        for shelf in standing:
            has_more = True
            while has_more:
                with self.store.begin() as db:
                    has_more = archiving.seal(db, shelf.id, limit=100)
            with self.store.begin() as db:
                for number in archiving.unwritten(db, shelf.id):
                    archiving.record_written(db, shelf.id, number, touched=0)
                latest = archiving.latest(db, shelf.id)
            for kind in ("xml", "html"):
                place = self.settings.output / shelf.slug / archives.path(latest, kind)
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(b"")


def _article(number: int) -> Article:
    moment, guid = START + timedelta(minutes=number), f"https://gazette.example/{number}"
    return Article(
        source="gazette",
        guid=guid,
        url=guid,
        title=f"Number {number}",
        content_html=BODY,
        categories=("News",),
        published=moment,
        updated=moment,
        date_from="published",
        fingerprint=str(number),
        raw_digest=str(number),
        atom_id=guid,
        minted_id=f"tag:mill.example,2026:gazette/{number}",
    )


@contextmanager
def mill(stored: int) -> Iterator[Mill]:
    with tempfile.TemporaryDirectory(prefix="feedmill-bench-") as folder:
        config = Path(folder, "config.yaml")
        config.write_text(CONFIG, encoding="utf-8")
        store = open_store(f"sqlite:///{folder}/feedmill.db")
        one = Mill(store=store, settings=settings.load(config, environ={}), stored=0)
        pipeline.prepare(store, one.settings)
        one.save(0, 100)
        pipeline.publish(store, one.settings)
        while one.stored < stored:
            one.save(one.stored, min(AT_ONCE, stored - one.stored))
        one.lay_out()
        pipeline.publish(store, one.settings)
        yield one
        store.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stored", type=int, nargs=2, default=[1_000, 1_000_000], help="the two sizes of archive")
    parser.add_argument("--laps", type=int, default=15)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    options = parser.parse_args()
    small, large = options.stored
    with mill(small) as one, mill(large) as other:
        laps = [(one.lap(), other.lap()) for _ in range(options.laps + 1)][1:]  # the first warms up
    columns = {"stored": [small, large]}
    for number, name in enumerate(("storing_ms", "publishing_ms")):
        columns[name] = [round(1000 * median(lap[size][number] for lap in laps), 2) for size in (0, 1)]
    ratio = median(lap[1][1] / lap[0][1] for lap in laps)
    if options.json:
        print(json.dumps({**columns, "publishing_ratio": round(ratio, 2)}))
        return
    for name, values in columns.items():
        print(f"{name:>14} {values[0]:>12,} {values[1]:>12,}")
    print(f"publishing one new article behind {large:,} costs {ratio:.2f} times what it does behind {small:,}")


if __name__ == "__main__":
    main()
