"""Alembic, run from inside: no command, no ini file."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection

from feeds.errors import StoreError


def upgrade(db: Connection, revision: str, *, address: str) -> None:
    """Bring the schema behind `db` to `revision`, inside its transaction: all steps or none."""
    config = _config()
    config.attributes["connection"] = db
    try:
        command.upgrade(config, revision)
    except CommandError as error:
        raise StoreError(f"{address}: was written by a newer feedmill ({error}); upgrade feedmill") from error


def head() -> str | None:
    """The newest revision there is."""
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    return config
