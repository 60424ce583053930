from __future__ import annotations

import os
import secrets
import sqlite3
import subprocess
import sys
import traceback
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import SQLAlchemyError
from storing import address, save, stored, titles

from builders import MONDAY, article
from feeds.errors import StoreError, StoreUnavailableError
from feeds.normalizing.categories import slugs
from storage import Store, articles, open_store, saving, sources
from storage.tables import sources as table


def refused(address: str) -> str:
    with pytest.raises(StoreError) as refusal:
        open_store(address)
    return str(refusal.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database of ours that nobody has open."""
    open_store(f"sqlite:///{tmp_path}/feedmill.db").close()
    return tmp_path / "feedmill.db"


def test_a_fresh_file_needs_no_command(tmp_path: Path):
    opened = open_store(f"sqlite:///{tmp_path}/new.db")
    save(opened, article())
    opened.close()
    assert titles(open_store(f"sqlite:///{tmp_path}/new.db")) == ["One"]


def test_a_store_in_memory_holds_what_was_put_in():
    opened = open_store("sqlite://")
    save(opened, article())
    assert titles(opened) == ["One"]


def test_a_value_that_the_database_can_never_take_is_no_trouble_of_the_databases(store: Store):
    """PostgreSQL's indexes take less than 3 kB; who thought the server ill would try again for ever."""
    endless = secrets.token_urlsafe(50_000)  # nothing that could be compressed
    try:
        with store.begin() as db:
            db.execute(insert(table).values(name=endless, location_digest=""))
    except StoreError as error:
        assert not isinstance(error, StoreUnavailableError)  # noqa: PT017 - SQLite takes it


def test_naive_dates_are_refused(store: Store):
    with pytest.raises(StoreError, match="naive datetime"), store.begin() as db:
        db.execute(insert(table).values(name="a", location_digest="", next_fetch_at=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_dates_come_back_aware_and_in_utc(store: Store):
    moment = datetime(2026, 11, 2, 8, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    with store.begin() as db:
        db.execute(insert(table).values(name="a", location_digest="", next_fetch_at=moment))
        (read,) = db.scalars(select(table.c.next_fetch_at)).all()
    assert (read, read.tzinfo) == (moment, UTC)


def test_reading_writes_nothing(store: Store):
    save(store, article())
    with store.read() as db:
        db.execute(select(table))
    assert len(stored(store)) == 1


def test_a_read_sees_one_moment_however_much_is_written_meanwhile(store: Store):
    save(store, article())
    with store.read() as db:
        before = articles.stored(db)
        save(store, article(guid="urn:2"))
        assert articles.stored(db) == before
    assert len(stored(store)) == 2


def test_a_reader_never_waits_for_a_writer(store: Store):
    save(store, article())
    with store.begin() as db:
        saving.save(db, saving.Batch(source="gazette", articles=[article(guid="urn:2")], now=MONDAY), slugs=slugs)
        assert len(stored(store)) == 1
    assert len(stored(store)) == 2


def test_the_file_is_in_wal_mode_and_synchronous_enough_for_it(path: Path):
    opened = open_store(f"sqlite:///{path}")
    with opened.read() as db:
        pragmas = [
            db.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert pragmas == ["wal", 1, 1]


def test_a_file_that_is_no_database_is_named_with_what_would_help(tmp_path: Path):
    (tmp_path / "notes.db").write_text("Dear diary, " * 100)
    words = refused(f"sqlite:///{tmp_path}/notes.db")
    assert f"{tmp_path}/notes.db" in words
    assert "not a database" in words
    assert "change database in the config" in words


def test_a_missing_folder_is_named_with_what_would_help(tmp_path: Path):
    words = refused(f"sqlite:///{tmp_path}/nowhere/feedmill.db")
    assert f"{tmp_path}/nowhere/feedmill.db" in words
    assert "create it" in words


def test_a_folder_where_the_file_should_be_is_no_traceback(tmp_path: Path):
    assert "unable to open database file" in refused(f"sqlite:///{tmp_path}")


def test_a_damaged_file_is_no_traceback(path: Path):
    content = bytearray(path.read_bytes())
    content[100:] = os.urandom(len(content) - 100)
    path.write_bytes(content)
    assert "restore a backup" in refused(f"sqlite:///{path}")


def test_a_statement_that_fails_is_told_without_what_it_was_to_write(store: Store):
    row = {"name": "gazette", "location_digest": "", "problem": "correct-horse"}

    def twice() -> None:
        with store.begin() as db:
            db.execute(insert(table), [row])
            db.execute(insert(table), [row])

    with pytest.raises(StoreError) as failed:
        twice()
    told = "".join(traceback.format_exception(failed.value))
    assert "INSERT INTO sources" in told
    assert "correct-horse" not in told


def test_a_read_only_file_says_who_needs_write_access(path: Path):
    opened = open_store(f"sqlite:///file:{path}?mode=ro&uri=true")
    with pytest.raises(StoreError, match="readonly database; give the user that runs feedmill write access"):
        save(opened, article())
    opened.close()


def test_a_full_disk_loses_nothing_and_says_so(tmp_path: Path):
    opened = open_store(f"sqlite:///{tmp_path}/feedmill.db")
    save(opened, article())
    with opened.begin() as db:
        db.exec_driver_sql("PRAGMA max_page_count = 1")  # which SQLite rounds up to what is there
    with pytest.raises(StoreError, match="disk is full; free some space; nothing stored was lost"):
        save(opened, article(guid="urn:2", content_html="x" * 1_000_000))
    assert titles(opened) == ["One"]
    opened.close()


def test_a_database_locked_for_too_long_says_by_whom(path: Path):
    opened = open_store(f"sqlite:///{path}?timeout=0.1")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="database is locked; another process has been writing"):
        save(opened, article())
    assert stored(opened) == ()
    other.close()
    save(opened, article())
    opened.close()


@pytest.mark.parametrize(
    ("address", "seen"),
    [
        ("nonsense", "no SQLAlchemy address"),
        ("oracle9://user:hunter22@host/db", "no SQLAlchemy address"),
        ("postgresql+psycopg://me:hunter22@127.0.0.1:1/db", "refused; start the server"),
        ("postgresql+psycopg://127.0.0.1:1/db?user=me&password=hunter22", "refused; start the server"),
        ("postgresql+pg8000://me:hunter22@127.0.0.1:1/db", "install feedmill[postgres]"),
        ("sqlite:////nowhere/at/all.db?password=hunter22", "does not exist"),
    ],
)
def test_an_address_that_cannot_be_opened_says_why_and_never_shows_its_password(address, seen):
    words = refused(address)
    assert seen in words
    assert "hunter22" not in words


def test_an_error_inside_a_transaction_shows_no_statement_and_no_values(store: Store):
    twice = [{"name": "my secret", "location_digest": ""}] * 2
    with pytest.raises(StoreError) as error, store.begin() as db:
        db.execute(insert(table), twice)
    assert "INSERT" not in str(error.value)
    assert isinstance(error.value.__cause__, SQLAlchemyError)


_WRITE = """
import sys
from datetime import timedelta
from storage import open_store, articles
from storing import save
from builders import MONDAY, article
address, name, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3])
store = open_store(address)
print("ready", flush=True)
input()
for n in range(rounds):
    save(store, article(guid=f"urn:{name}:{n}", categories=(f"Shelf {n % 7}", "Everyone's")), name=name)
    save(store, article(guid=f"urn:{name}:{n}", title="Uno", categories=(f"Shelf {n % 5}",)), name=name)
    with store.read() as db:
        articles.stored(db, category="Everyone's", limit=10)
"""


def _together(address: str, *, processes: int, rounds: int) -> list[str]:
    """What goes wrong when several processes write to one database, all at once."""
    here = Path(__file__).parent
    environ = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (here, here.parent, here.parent.parent)))}
    children = [
        subprocess.Popen(
            [sys.executable, "-c", _WRITE, address, f"s{n}", str(rounds)],
            env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for n in range(processes)
    ]  # fmt: skip
    for child in children:
        assert child.stdout.readline() == "ready\n", child.stderr.read()
    for child in children:
        child.stdin.write("\n")
        child.stdin.flush()
    return [error for child in children if (error := child.communicate()[1])]


def test_processes_that_write_at_once_wait_for_each_other(store: Store):
    assert _together(address(store), processes=4, rounds=40) == []
    assert len(stored(store)) == 4 * 40
    with store.read() as db:
        assert set(sources.states(db)) == {"s0", "s1", "s2", "s3"}


def test_processes_that_open_a_fresh_file_at_once_all_find_it_complete(tmp_path: Path):
    assert _together(f"sqlite:///{tmp_path}/new.db", processes=4, rounds=1) == []
    assert len(stored(open_store(f"sqlite:///{tmp_path}/new.db"))) == 4
