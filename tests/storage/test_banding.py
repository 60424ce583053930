"""What it costs to note by which texts an article may be found."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import bindparam, func, select
from storing import save

from builders import MONDAY, article
from feeds.records import Article
from storage import Store, banding, open_store
from storage.tables import articles, bands, recent_bands

KEYS = range(0, 2**63, 2**63 // 60)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path}/feedmill.db")
    yield opened
    opened.close()


def made(first: int, last: int, each: int) -> list[Article]:
    """Articles with so many bands each, of which no two are alike."""
    drawn = Random(first)
    return [
        article(guid=f"urn:{number}", bands=tuple(drawn.getrandbits(63) for _ in range(each)))
        for number in range(first, last)
    ]


def pages_written(file: Store, *batch: Article) -> int:
    """How many of its pages SQLite writes to store these: all of them stay in its log until we ask."""
    with file.outside() as sqlite:
        assert sqlite is not None
        sqlite.execute("PRAGMA wal_autocheckpoint = 0")
        sqlite.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    save(file, *batch)
    with file.outside() as sqlite:
        assert sqlite is not None
        _busy, in_log, _copied = sqlite.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return int(in_log)


def test_the_bands_of_new_articles_are_not_written_all_over_those_of_others(
    file: Store, monkeypatch: pytest.MonkeyPatch
):
    few = pages_written(file, *made(0, 4, 100))
    with monkeypatch.context() as at_once:
        at_once.setattr(banding, "PARTS", 1)
        at_once.setattr(banding, "STEP", 500)
        save(file, *made(10, 510, 200))  # 100,000, on some 500 pages
    assert pages_written(file, *made(510, 514, 100)) < few + 40


def test_no_new_article_has_to_put_all_recent_bands_in_order(file: Store, monkeypatch: pytest.MonkeyPatch):
    save(file, *made(0, 500, 200))
    monkeypatch.setattr(banding, "STEP", 501)
    assert 100 < pages_written(file, *made(500, 501, 1)) < 1_000


def test_wherever_bands_stand_they_are_found(store: Store, monkeypatch: pytest.MonkeyPatch):
    """Against a dictionary: articles come and are revised, while others are put in order."""
    monkeypatch.setattr(banding, "STEP", 2)
    drawn, expected = Random(1), dict[str, set[int]]()
    for step in range(40):
        batch = [
            article(guid=f"urn:{number}", fingerprint=f"{step}", bands=tuple({drawn.choice(KEYS) for _ in range(5)}))
            for number in {*range(3 * step, 3 * step + 3), drawn.randrange(3 * step + 1)}
        ]
        save(store, *batch, now=MONDAY + timedelta(hours=step))
        expected |= {each.guid: set(each.bands) for each in batch}
    with store.read() as db:
        guids = {row.id: row.guid for row in db.execute(select(articles.c.id, articles.c.guid))}
        found = {guids[row]: its for row, its in banding.bands_of(db, list(guids)).items()}
        assert {guid: sorted(its) for guid, its in found.items()} == {
            guid: sorted(its) for guid, its in expected.items()
        }
        in_order, recent = (db.scalar(select(func.count()).select_from(each)) for each in (bands, recent_bands))
        assert in_order > recent > 0
        holders = banding.holders(bindparam("band"), but=bindparam("but"), limit=7)
        for band in KEYS:
            holding = sorted((row for row, guid in guids.items() if band in expected[guid]), reverse=True)
            assert list(db.scalars(holders, {"band": band, "but": holding[0]})) == holding[1:8]
