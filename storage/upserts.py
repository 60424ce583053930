"""Insert-or-update, the one statement that SQLite and PostgreSQL spell through their own dialects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite


def upsert(db: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert `rows`; where a row of the same primary key stands, its other columns take the new values."""
    keys = [column.name for column in table.primary_key]
    values = [name for name in rows[0] if name not in keys]
    if db.dialect.name == "postgresql":
        into_postgresql = postgresql.insert(table)
        updates = {name: into_postgresql.excluded[name] for name in values}
        db.execute(into_postgresql.on_conflict_do_update(index_elements=keys, set_=updates), rows)
    else:
        into_sqlite = sqlite.insert(table)
        updates = {name: into_sqlite.excluded[name] for name in values}
        db.execute(into_sqlite.on_conflict_do_update(index_elements=keys, set_=updates), rows)
