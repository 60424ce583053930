from __future__ import annotations

import sqlite3
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


def test_a_migrated_database_has_the_tables_that_the_code_expects(store: Store):
    with store.begin() as db:
        options = {"compare_type": True, "include_object": is_compared}
        assert compare_metadata(MigrationContext.configure(db, opts=options), metadata) == []


def test_a_migrated_file_has_the_same_schema_as_one_made_of_the_tables(tmp_path: Path):
    opened = open_store(f"sqlite:///{tmp_path}/migrated.db")
    fresh = create_engine(f"sqlite:///{tmp_path}/fresh.db")
    metadata.create_all(fresh)
    assert schema(opened._engine) == schema(fresh)
    fresh.dispose()
    opened.close()


@pytest.mark.parametrize("store", ["postgresql"], indirect=True)
def test_a_migrated_postgresql_has_the_same_indexes_as_one_made_of_the_tables(store: Store):
    query = text("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema()")
    with store.begin() as db:
        migrated = {name: definition for name, definition in db.execute(query) if not name.startswith("alembic")}
        metadata.drop_all(db)
        metadata.create_all(db)
        assert {
            name: definition for name, definition in db.execute(query) if not name.startswith("alembic")
        } == migrated


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


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path):
    with sqlite3.connect(tmp_path / "other.db") as other:
        other.execute("CREATE TABLE shelves (books TEXT)")  # of another program
    other.close()
    with pytest.raises(StoreError, match="already exists"):
        open_store(f"sqlite:///{tmp_path}/other.db")
    engine = create_engine(f"sqlite:///{tmp_path}/other.db")
    assert inspect(engine).get_table_names() == ["shelves"]
    engine.dispose()
