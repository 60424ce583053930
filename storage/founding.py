"""A new database: every table as it is today, in one go."""

from __future__ import annotations

from sqlalchemy import Column, Connection, MetaData, PrimaryKeyConstraint, String, Table, insert

from storage.tables import metadata

# As Alembic makes it, which finds there what it has to do.
_VERSIONS = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)


def found(db: Connection, revision: str) -> None:
    """Make all tables of `revision`, which is today's, where there are none. Raises what the database says where
    another program's stand in the way."""
    metadata.create_all(db, checkfirst=False)
    _VERSIONS.create(db, checkfirst=True)
    db.execute(insert(_VERSIONS), [{"version_num": revision}])
