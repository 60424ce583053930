"""A look at a store creates nothing and changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text
from storing import of

from feeds.errors import StoreError
from postgres import Postgres
from storage import look, open_store, sources


def test_a_look_creates_nothing(tmp_path: Path):
    assert look(f"sqlite:///{tmp_path}/feedmill.db") is None
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "feedmill.db").touch()
    assert look(f"sqlite:///{tmp_path}/feedmill.db") is None
    assert (tmp_path / "feedmill.db").stat().st_size == 0


def test_a_look_at_a_store_sees_what_it_holds(tmp_path: Path):
    address = f"sqlite:///{tmp_path}/feedmill.db"
    opened = open_store(address)
    with opened.begin() as db:
        sources.enroll(db, [of("new")])
    opened.close()
    seen = look(address)
    assert seen is not None
    with seen.read() as db:
        assert list(sources.states(db)) == ["new"]
    seen.close()


def test_a_look_migrates_nothing_and_says_so(tmp_path: Path):
    address = f"sqlite:///{tmp_path}/feedmill.db"
    opened = open_store(address)
    with opened.begin() as db:
        db.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    opened.close()
    before = (tmp_path / "feedmill.db").read_bytes()
    with pytest.raises(StoreError, match="another version of feedmill; `feedmill fetch` brings it up to date"):
        look(address)
    assert (tmp_path / "feedmill.db").read_bytes() == before


def test_a_look_at_what_is_no_address_or_no_database_is_an_error_in_words(tmp_path: Path):
    with pytest.raises(StoreError, match="no SQLAlchemy address"):
        look("nonsense")
    (tmp_path / "feedmill.db").write_text("this is a letter, and no database at all")
    with pytest.raises(StoreError, match="this file is something else"):
        look(f"sqlite:///{tmp_path}/feedmill.db")


def test_a_look_at_a_database_of_postgresql_without_our_tables_finds_nothing(postgres: Postgres):
    assert look(postgres.address("nowhere")) is None
