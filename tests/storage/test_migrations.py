from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, create_engine, inspect, text
from storing import address

from feeds.errors import StoreError
from storage import SCHEMA, Store, migrating, open_store
from storage.tables import metadata


def schema(engine: Engine) -> dict[str, Any]:
    """All there is to say of an SQLite file's tables, columns, keys and indexes."""
    seen = inspect(engine)
    with engine.connect() as db:
        indexes = db.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'index'")).all()
    tables = {
        table: (
            sorted((c["name"], str(c["type"]), c["nullable"], c["default"]) for c in seen.get_columns(table)),
            seen.get_pk_constraint(table)["constrained_columns"],
            sorted((u["name"], tuple(u["column_names"])) for u in seen.get_unique_constraints(table)),
            # Without their names: one that comes with a column that is added later has none on SQLite.
            sorted(
                (f["constrained_columns"], f["referred_table"], str(f["options"])) for f in seen.get_foreign_keys(table)
            ),
        )
        for table in seen.get_table_names()
    }
    return {table: tables[table] for table in metadata.tables} | {name: sql for name, sql in indexes if sql}


def is_compared(_object: Any, name: str | None, _kind: str, _reflected: bool, _other: Any) -> bool:
    # Alembic cannot read SQLite's descending columns; the test below compares the indexes as they were written.
    return name not in ("ix_shelves_reading_order", "ix_shelves_unarchived")


def test_the_schema_we_open_is_the_newest_there_is():
    assert migrating.head() == SCHEMA


def migrate(engine: Engine) -> None:
    """Make an empty database what an old one becomes, one revision after the other."""
    with engine.begin() as db:
        migrating.upgrade(db, SCHEMA, address="old")


def test_a_new_database_has_the_tables_that_the_code_expects_and_nothing_to_migrate(store: Store):
    with store.begin() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True, "include_object": is_compared})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_heads() == (SCHEMA,)
        migrating.upgrade(db, SCHEMA, address="new")


def test_a_migrated_file_has_the_same_schema_as_a_new_one(tmp_path: Path):
    open_store(f"sqlite:///{tmp_path}/new.db").close()
    new, migrated = (create_engine(f"sqlite:///{tmp_path}/{name}.db") for name in ("new", "migrated"))
    migrate(migrated)
    assert schema(migrated) == schema(new)
    for engine in (new, migrated):
        engine.dispose()


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_migrated_postgresql_has_the_same_schema_as_a_new_one(store: Store):
    indexes = text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() ORDER BY 1")
    columns = text(
        "SELECT table_name, column_name, data_type, is_nullable, column_default FROM information_schema.columns "
        "WHERE table_schema = current_schema() ORDER BY 1, 2"
    )
    keys = text(
        "SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint "
        "WHERE connamespace = current_schema()::regnamespace AND contype <> 'n' ORDER BY 1, 2"  # which columns tell
    )
    with store.begin() as db:
        new = [db.execute(each).all() for each in (indexes, columns, keys)]
        metadata.drop_all(db)
        db.execute(text("DROP TABLE alembic_version"))
        migrating.upgrade(db, SCHEMA, address="old")
        assert [db.execute(each).all() for each in (indexes, columns, keys)] == new


def test_what_an_older_feedmill_stored_is_there_after_a_migration(tmp_path: Path):
    path = tmp_path / "old.db"
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as db:
        migrating.upgrade(db, "0001", address="old")
        db.execute(
            text("INSERT INTO sources (name, location_digest, shelving_digest) VALUES ('gazette', 'x', 'rules')")
        )
        db.execute(text("INSERT INTO categories (name, slug) VALUES (NULL, ''), ('News', 'news')"))
        columns = [c for c in inspect(db).get_columns("articles") if not c["nullable"] and c["default"] is None]
        values = {c["name"]: "2026-11-02 08:00:00.000000" if "DATE" in str(c["type"]) else "1" for c in columns}
        names = ", ".join(values)
        db.execute(text(f"INSERT INTO articles ({names}) VALUES ({', '.join(':' + name for name in values)})"), values)
        db.execute(text("INSERT INTO shelves SELECT id, 1, '2026-11-02 08:00:00.000000' FROM categories"))
    engine.dispose()
    opened = open_store(f"sqlite:///{path}")
    with opened.begin() as db:
        assert db.scalar(text("SELECT count(*) FROM shelves")) == 2
        assert db.scalar(text("SELECT shelving_digest FROM sources")) == ""  # it is shelved anew
        assert db.scalar(text("SELECT extensions FROM articles")) == "[]"
        assert db.execute(text("PRAGMA foreign_key_check")).all() == []
    opened.close()


def test_a_second_opening_migrates_nothing(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(migrating, "upgrade", lambda *_arguments, **_keywords: pytest.fail("migrated again"))
    open_store(address(store)).close()


def test_a_database_of_a_newer_feedmill_is_refused_in_plain_words(store: Store):
    with store.begin() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"was written by a newer feedmill .*; upgrade feedmill") as refusal:
        open_store(address(store))
    assert store.address in str(refusal.value)


def test_two_that_open_a_new_database_at_once_make_it_once(tmp_path: Path):
    address = f"sqlite:///{tmp_path}/feedmill.db"
    with ThreadPoolExecutor(8) as pool:
        for opened in pool.map(open_store, [address] * 8):
            opened.close()
    with sqlite3.connect(tmp_path / "feedmill.db") as db:
        assert db.execute("SELECT version_num FROM alembic_version").fetchall() == [(SCHEMA,)]
    db.close()


def test_a_file_that_somebody_reads_all_the_time_is_waited_for_once(tmp_path: Path):
    with sqlite3.connect(tmp_path / "restored.db", isolation_level=None) as reader:  # as a backup is: without a log
        reader.execute("CREATE TABLE notes (words TEXT)")
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM notes").fetchall()
        begun = time.monotonic()
        with pytest.raises(StoreError, match="database is locked"):
            open_store(f"sqlite:///{tmp_path}/restored.db?timeout=0.3")
        tries = (time.monotonic() - begun) / 0.3
    reader.close()
    assert tries < 30  # a hundred, were each try to wait


def test_a_database_that_cannot_be_made_leaves_the_file_as_it_was(tmp_path: Path):
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE shelves (books TEXT)")  # of another program
    other.close()
    with pytest.raises(StoreError, match="already exists"):
        open_store(f"sqlite:///{tmp_path}/other.db")
    engine = create_engine(f"sqlite:///{tmp_path}/other.db")
    assert inspect(engine).get_table_names() == ["shelves"]
    engine.dispose()
