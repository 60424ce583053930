from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from storing import save, stored, titles

from builders import MONDAY, article
from feeds.errors import StoreUnavailableError
from storage import Store, housekeeping, open_store, retention
from storage.retention import Rule, Rules

LONG = "<p>" + "word " * 4_000 + "</p>"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A store that has let go of nearly everything it had."""
    opened = open_store(f"sqlite:///{tmp_path}/feedmill.db")
    batch = [
        article(guid=f"urn:{n}", title=f"{n}", content_html=LONG, published=MONDAY - timedelta(hours=n))
        for n in range(1_500)
    ]
    save(opened, *batch)
    with opened.begin() as db:
        gone = retention.let_go(db, Rules(sources={"gazette": Rule(keep=10)}), limit=5_000)
        retention.purge(db, gone, now=MONDAY)
    opened.close()
    return tmp_path / "feedmill.db"


def log_of(file: Path) -> Path:
    return file.with_name(file.name + "-wal")


def test_a_purged_store_gives_the_disk_its_room_back_in_a_few_calls(file: Path):
    before = file.stat().st_size
    opened = open_store(f"sqlite:///{file}")
    sizes = []
    while freed := housekeeping.tidy(opened):
        sizes.append(file.stat().st_size)
        assert freed < (housekeeping.PAGES + 5) * housekeeping.STEPS * 4096  # SQLite's own pages go as well
    assert before > 30_000_000
    assert sizes == sorted(sizes, reverse=True)
    assert 1 < len(sizes) < 5
    assert sizes[-1] < 1_000_000
    assert len(stored(opened)) == 10
    opened.close()


def test_how_the_indexes_are_filled_is_learned(file: Path):
    opened = open_store(f"sqlite:///{file}")
    stored(opened, source="gazette")  # SQLite looks at the tables that were asked for
    housekeeping.tidy(opened)
    with opened.read() as db:
        tables = db.exec_driver_sql("SELECT DISTINCT tbl FROM sqlite_stat1").scalars().all()
    assert "articles" in tables
    opened.close()


def test_the_write_ahead_log_is_emptied(file: Path):
    opened = open_store(f"sqlite:///{file}")
    save(opened, article(guid="urn:new", content_html=LONG))
    assert log_of(file).stat().st_size > 0
    housekeeping.tidy(opened)
    assert log_of(file).stat().st_size == 0
    opened.close()


def test_nobody_waits_for_a_tidying_that_finds_a_writer_at_work(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(housekeeping, "PATIENCE", 10)
    opened = open_store(f"sqlite:///{file}")
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    assert housekeeping.tidy(opened) == 0
    other.execute("ROLLBACK")
    other.close()
    assert housekeeping.tidy(opened) > 0
    opened.close()


def test_a_reader_that_takes_its_time_keeps_nobody_from_writing(file: Path):
    opened = open_store(f"sqlite:///{file}?timeout=0.2")
    reader = open_store(f"sqlite:///{file}")
    with reader.read() as db:
        db.exec_driver_sql("SELECT count(*) FROM articles").all()
        housekeeping.tidy(opened)
        save(opened, article(guid="urn:new", title="New"))
    assert "New" in titles(opened)
    reader.close()
    opened.close()


def test_afterwards_a_writer_waits_for_others_as_long_as_ever(file: Path):
    opened = open_store(f"sqlite:///{file}")
    housekeeping.tidy(opened)
    with opened.read() as db:
        assert db.exec_driver_sql("PRAGMA busy_timeout").scalar() == 30_000
    opened.close()


def test_a_file_made_without_room_to_give_back_is_left_as_it_is(tmp_path: Path):
    with sqlite3.connect(tmp_path / "old.db") as db:
        db.execute("PRAGMA auto_vacuum = NONE")
        db.execute("CREATE TABLE old (words TEXT)")
        db.executemany("INSERT INTO old VALUES (?)", [("x" * 3_000,)] * 1_000)
        db.execute("DELETE FROM old")
    db.close()
    opened = open_store(f"sqlite:///{tmp_path}/old.db")
    assert housekeeping.tidy(opened) == 0
    save(opened, article())
    assert titles(opened) == ["One"]
    opened.close()


def test_a_store_of_any_kind_can_be_tidied(store: Store):
    save(store, article())
    assert housekeeping.tidy(store) == 0
    assert titles(store) == ["One"]


def test_a_disk_that_is_all_but_full_is_told_before_anything_is_fetched(tmp_path: Path):
    opened = open_store(f"sqlite:///{tmp_path}/feedmill.db")
    housekeeping.require_room(opened, tmp_path / "public" / "not made yet", reserve=1)
    words = r"feedmill\.db: only \d+ MB free on its disk; nothing is fetched until there are 1000000000000 MB"
    with pytest.raises(StoreUnavailableError, match=words):
        housekeeping.require_room(opened, reserve=10**18)
    opened.close()


def test_the_disk_of_the_published_files_is_looked_at_as_well(store: Store, tmp_path: Path):
    memory = open_store("sqlite://")
    housekeeping.require_room(memory, reserve=10**18)  # which takes no room on any disk
    with pytest.raises(StoreUnavailableError, match="public: only"):
        housekeeping.require_room(memory, tmp_path / "public", reserve=10**18)
    memory.close()


def test_a_save_that_fills_the_disk_changes_nothing_and_the_next_one_works_once_there_is_room(tmp_path: Path):
    opened = open_store(f"sqlite:///{tmp_path}/feedmill.db")
    save(opened, article(categories=("News",)))
    with opened.outside() as db:
        (pages,) = db.execute("PRAGMA page_count").fetchone()
        db.execute(f"PRAGMA max_page_count = {pages + 20}")
    before = stored(opened)
    large = [article(guid=f"urn:{n}", title=f"{n}", content_html=LONG, categories=("Other",)) for n in range(20)]
    for _attempt in range(2):
        with pytest.raises(StoreUnavailableError, match="disk is full; free some space; nothing stored was lost"):
            save(opened, article(title="Revised", content_html="x"), *large)
        assert stored(opened) == before
        assert titles(opened, "Other") == []
    save(opened, article(title="Revised"))  # what is small enough still fits
    with opened.outside() as db:
        db.execute("PRAGMA max_page_count = 1000000")
    assert save(opened, *large).new == 20
    assert len(stored(opened)) == 21
    opened.close()


_ON_A_FULL_DISK = """
import resource, sys
from feeds.errors import StoreUnavailableError
from storage import housekeeping, open_store
from storing import save, stored, titles
from builders import article

store = open_store(f"sqlite:///{sys.argv[1]}")
save(store, article(title="Before"))
large = [article(guid=f"urn:{n}", title=f"{n}", content_html="word " * 4000) for n in range(300)]
_soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))  # no file may grow beyond it, as on a full disk
for attempt in range(2):
    try:
        save(store, *large)
    except StoreUnavailableError as error:
        print(str(error).partition(": ")[2])
    assert titles(store) == ["Before"]
    housekeeping.tidy(store)
save(store, article(guid="urn:small", title="Small"))
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
assert save(store, *large).new == 300
with store.read() as db:
    print(len(stored(store)), db.exec_driver_sql("PRAGMA integrity_check").scalar())
"""


def test_a_real_file_that_cannot_grow_costs_nothing_but_the_save(tmp_path: Path):
    here = Path(__file__).parent
    ended = subprocess.run(
        [sys.executable, "-c", _ON_A_FULL_DISK, str(tmp_path / "feedmill.db")],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (here, here.parent, here.parent.parent)))},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stderr == ""
    first, second, last = ended.stdout.splitlines()
    assert first == second
    assert "disk" in first
    assert "free" in first
    assert last == "302 ok"
