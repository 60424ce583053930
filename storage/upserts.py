"""Insert-or-update, the one statement that SQLite and PostgreSQL spell through their own dialects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

from sqlalchemy import Connection, Table


def into(table: Table, dialect: str) -> Any:
    """An insert of this dialect's own, which has `excluded` and `on_conflict_do_update`."""
    # Only the dialect that is used: PostgreSQL's takes as long to import as a round takes to ask a hundred sources.
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(table)


def upsert(db: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows`; where a row of the same primary key stands, its other columns take the new values."""
    keys = [column.name for column in table.primary_key]
    values = [name for name in rows[0] if name not in keys]
    insert = into(table, db.dialect.name)
    updates = {name: insert.excluded[name] for name in values}
    db.execute(insert.on_conflict_do_update(index_elements=keys, set_=updates), rows)
