from __future__ import annotations

import os
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from storing import save, titles

from builders import article
from feeds.errors import StoreError
from postgres import Postgres
from storage import Store, backup, claims, open_store, sources
from storage.backup import back_up


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    """A store that holds one article."""
    one = open_store(f"sqlite:///{tmp_path}/feedmill.db")
    save(one, article())
    yield one
    one.close()


@pytest.fixture
def target(tmp_path: Path) -> Path:
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups" / "copy.db"


def refused(store: Store, target: Path) -> str:
    before = {path: path.read_bytes() for path in target.parent.rglob("*") if path.is_file()}
    with pytest.raises(StoreError) as refusal:
        back_up(store, target)
    assert {path: path.read_bytes() for path in target.parent.rglob("*") if path.is_file()} == before
    return str(refusal.value)


def held_by(path: Path) -> list[str]:
    copy = open_store(f"sqlite:///{path}")
    found = titles(copy)
    copy.close()
    return found


def test_a_copy_is_a_store_like_the_one_it_was_made_of(opened: Store, target: Path):
    assert back_up(opened, target) == target.stat().st_size
    assert held_by(target) == ["One"]
    assert [path.name for path in target.parent.iterdir()] == ["copy.db"]
    with closing(sqlite3.connect(target)) as db:
        assert db.execute("PRAGMA auto_vacuum").fetchone() == (2,)


def test_a_copy_holds_what_was_stored_a_moment_ago(opened: Store, target: Path):
    back_up(opened, target)
    save(opened, article(guid="urn:2", title="Two"))
    back_up(opened, target)
    assert sorted(held_by(target)) == ["One", "Two"]


def test_a_copy_may_be_read_by_those_who_may_read_the_database(opened: Store, target: Path, tmp_path: Path):
    (tmp_path / "feedmill.db").chmod(0o640)
    back_up(opened, target)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


def test_an_earlier_backup_and_an_empty_file_are_replaced(opened: Store, target: Path):
    target.touch()
    back_up(opened, target)
    save(opened, article(title="Uno"))
    back_up(opened, target)
    assert held_by(target) == ["Uno"]


def test_where_a_link_leads_the_copy_is_put(opened: Store, target: Path, tmp_path: Path):
    (tmp_path / "link.db").symlink_to(target)
    back_up(opened, tmp_path / "link.db")
    assert (tmp_path / "link.db").is_symlink()
    assert held_by(target) == ["One"]


@pytest.mark.parametrize("name", ["feedmill.db", "feedmill.db-wal", "feedmill.db-shm", "backups/../feedmill.db"])
def test_the_database_is_no_place_for_its_own_copy(opened: Store, target: Path, tmp_path: Path, name: str):
    assert "is the database itself" in refused(opened, tmp_path / name)


def test_a_link_to_the_database_is_no_place_either(opened: Store, target: Path, tmp_path: Path):
    (target.parent / "link.db").symlink_to(tmp_path / "feedmill.db")
    assert "is the database itself" in refused(opened, target.parent / "link.db")


def test_a_folder_is_no_place_and_a_name_in_it_is_offered(opened: Store, target: Path):
    assert f"name a file in it, such as {target.parent}/feedmill-backup.db" in refused(opened, target.parent)


def test_a_folder_that_is_not_there_is_told(opened: Store, tmp_path: Path):
    with pytest.raises(StoreError, match=r"nowhere/copy\.db: its folder does not exist; create it"):
        back_up(opened, tmp_path / "nowhere" / "copy.db")


@pytest.mark.parametrize("content", [b"Dear diary", b"SQLite format 3\0 and nothing else", b"\0" * 4096])
def test_a_file_that_is_something_else_is_not_replaced(opened: Store, target: Path, content: bytes):
    target.write_bytes(content)
    assert "is no backup of feedmill's" in refused(opened, target)


def test_a_database_of_another_program_is_not_replaced(opened: Store, target: Path):
    with closing(sqlite3.connect(target)) as db:
        db.execute("CREATE TABLE articles (words TEXT)")
    assert "is no backup of feedmill's" in refused(opened, target)


def test_a_device_is_no_place(opened: Store):
    with pytest.raises(StoreError, match="is no backup"):
        back_up(opened, Path(os.devnull))


def test_a_database_in_use_is_not_replaced(opened: Store, target: Path):
    other = open_store(f"sqlite:///{target}")
    save(other, article(title="Live"))
    with pytest.raises(StoreError, match=r"is a database in use, for copy\.db-wal stands beside it"):
        back_up(opened, target)
    assert titles(other) == ["Live"]
    other.close()


def test_a_copy_that_does_not_fit_is_not_begun(opened: Store, target: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(backup, "size_of", lambda _db: 10**18)
    assert "and the copy takes 1000000000000 MB; free some space" in refused(opened, target)


def test_what_a_killed_backup_left_is_removed_and_what_another_process_is_at_work_on_is_not(
    opened: Store, target: Path
):
    dead = f"{claims.owner().rsplit('/', 2)[0]}/999999999/1".replace("/", "%2F")
    for name in (f".feedmill-backup-{dead}.db", ".feedmill-backup-elsewhere%2F1%2F1.db", ".feedmill-backup-mine.db"):
        (target.parent / name).touch()
    back_up(opened, target)
    assert {path.name for path in target.parent.iterdir()} == {
        "copy.db", ".feedmill-backup-elsewhere%2F1%2F1.db", ".feedmill-backup-mine.db",
    }  # fmt: skip


_UNDER_A_LIMIT = """
import resource, sys
from pathlib import Path
from feeds.errors import StoreError
from storage import open_store
from storage.backup import back_up

resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))  # no file may grow beyond it, as on a full disk
try:
    back_up(open_store(f"sqlite:///{sys.argv[1]}"), Path(sys.argv[2]))
except StoreError as error:
    print(error)
"""


def python(script: str, *arguments: Any) -> subprocess.Popen[str]:
    here = Path(__file__).parent
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, arguments)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (here, here.parent, here.parent.parent)))},
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_disk_that_fills_up_meanwhile_leaves_the_earlier_copy(opened: Store, target: Path, tmp_path: Path):
    back_up(opened, target)
    save(opened, *(article(guid=f"urn:{n}", content_html="word " * 4_000) for n in range(20)))
    stdout, stderr = python(_UNDER_A_LIMIT, tmp_path / "feedmill.db", target).communicate(timeout=60)
    assert stderr == ""
    assert f"{target}: the copy could not be made" in stdout
    assert "choose another" in stdout
    assert held_by(target) == ["One"]
    assert [path.name for path in target.parent.iterdir()] == ["copy.db"]


_WRITE = """
import sys, select
from feeds.records import replace
from storage import open_store, saving, sources
from storing import of
from builders import MONDAY, article
from feeds.normalizing.categories import slugs

store = open_store(f"sqlite:///{sys.argv[1]}")
with store.begin() as db:
    sources.enroll(db, [of("gazette")])
    state = sources.states(db)["gazette"]
number = 0
while not select.select([sys.stdin], [], [], 0)[0]:
    number += 1
    with store.begin() as db:  # an article, its shelf and what its source is at, together
        one = article(guid=f"urn:{number}", title=f"{number}", content_html="word " * 400, categories=("News",))
        saving.save(db, saving.Batch(source="gazette", articles=[one], now=MONDAY), slugs=slugs)
        sources.record(db, replace(state, body_digest=str(number)))
    if number == 300:
        print("ready", flush=True)
print(number)
"""


def test_a_copy_made_while_another_process_writes_without_a_pause_is_whole_and_of_one_moment(
    tmp_path: Path, target: Path
):
    writer = python(_WRITE, tmp_path / "feedmill.db")
    assert writer.stdout.readline() == "ready\n", writer.stderr.read()
    store = open_store(f"sqlite:///{tmp_path}/feedmill.db")
    seen = []
    for _time in range(5):
        back_up(store, target)
        seen.append(_counted(target))
    stdout, stderr = writer.communicate("\n", timeout=60)
    store.close()
    assert stderr == ""
    assert 300 <= seen[0] < seen[-1] <= int(stdout)
    assert seen == sorted(seen)


def _counted(path: Path) -> int:
    """How many articles a copy holds, of which all else in it must know."""
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    copy = open_store(f"sqlite:///{path}")
    with copy.read() as db:
        (number,) = db.exec_driver_sql("SELECT count(*) FROM articles").one()
        assert db.exec_driver_sql("SELECT count(*) FROM shelves").one() == (2 * number,)  # News, and everything
        assert sources.states(db)["gazette"].body_digest == str(number)
    copy.close()
    return int(number)


def test_on_postgresql_its_own_means_are_named_without_a_password(postgres: Postgres, tmp_path: Path):
    store = open_store(postgres.address("public"))
    with pytest.raises(StoreError) as refusal:
        back_up(store, tmp_path / "copy of it.db")
    store.close()
    assert "PostgreSQL is copied by its own means; run pg_dump --format=custom" in str(refusal.value)
    assert f"'--file={tmp_path}/copy of it.db' 'postgresql://" in str(refusal.value)
    assert not (tmp_path / "copy of it.db").exists()


def test_the_words_for_postgresql_hold_no_password_wherever_it_stands(tmp_path: Path):
    for url in (
        "postgresql+psycopg://me:hunter22@127.0.0.1:1/db",
        "postgresql+psycopg://127.0.0.1:1/db?password=hunter22",
    ):
        store = Store(create_engine(url))  # nobody is asked
        with pytest.raises(StoreError, match=r"run pg_dump .*127\.0\.0\.1:1/db") as refusal:
            back_up(store, tmp_path / "copy.db")
        assert "hunter22" not in str(refusal.value)
