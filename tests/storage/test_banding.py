"""What it costs to note by which texts an article may be found."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from storing import save

from builders import article
from feeds.records import Article
from storage import Store, banding, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(f"sqlite:///{tmp_path}/feedmill.db")


def made(first: int, last: int, each: int) -> list[Article]:
    """Articles with so many bands each, of which no two are alike."""
    drawn = Random(first)
    return [
        article(guid=f"urn:{number}", bands=tuple(drawn.getrandbits(63) for _ in range(each)))
        for number in range(first, last)
    ]


def pages_written(store: Store, *batch: Article) -> int:
    """How many of its pages SQLite writes to store these: all of them stay in its log until we ask."""
    with store.outside() as sqlite:
        assert sqlite is not None
        sqlite.execute("PRAGMA wal_autocheckpoint = 0")
        sqlite.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    save(store, *batch)
    with store.outside() as sqlite:
        assert sqlite is not None
        _busy, in_log, _copied = sqlite.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return int(in_log)


def test_the_bands_of_new_articles_are_not_written_all_over_those_of_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(banding, "RECENT", 100)
    few = pages_written(store, *made(0, 4, 100))
    save(store, *made(10, 510, 200))  # 100,000, on some 500 pages
    save(store, *made(510, 520, 0))
    assert pages_written(store, *made(520, 524, 100)) < few + 40
    store.close()
