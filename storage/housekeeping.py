"""The store kept small and quick, in steps so short that nobody waits for them; and room on the disk.

PostgreSQL does all of this by itself (autovacuum): nothing is done there.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from feeds.errors import StoreUnavailableError
from storage import Store

PAGES = 1_000  # freed pages that one step gives back to the disk: 4 MB, in some ten milliseconds
STEPS = 5  # of them, with a gap for other writers after each
ROWS = 400  # of an index that are looked at to learn how it is filled
PATIENCE = 1_000  # milliseconds; whoever writes for longer goes first, and we come again next time
RESERVE = 50_000_000  # bytes: enough to store a few rounds, to publish them, and for SQLite's own working files


def tidy(store: Store) -> int:
    """Give freed pages back to the disk, learn how indexes are filled, and empty the write-ahead log.

    What another process is in the way of is left for the next time. Returns the bytes given back.
    """
    with store.outside() as db:
        if db is None:
            return 0
        with _waiting(db, PATIENCE):
            freed = _give_back(db)
            _analyze(db)
        with _waiting(db, 0):  # or it would keep writers out for as long as one slow reader reads
            _empty_log(db)
        return freed * _value(db, "PRAGMA page_size")


def require_room(store: Store, *folders: Path, reserve: int = RESERVE) -> None:
    """Raises StoreUnavailableError while the disk of the store, or of one of `folders`, is all but full.

    Asked before anything is fetched: what could not be stored would be asked of its origin for nothing.
    """
    with store.outside() as db:
        file = file_of(db)
    store.require_file()
    for place in (*((file,) if file else ()), *folders):
        there = next(folder for folder in (place, *place.parents) if folder.exists())
        total, _used, free = shutil.disk_usage(there)
        if free < reserve and total:  # what the kernel makes up has no size at all
            seen = f"only {free // 10**6} MB free on its disk"
            raise StoreUnavailableError(f"{place}: {seen}; nothing is fetched until there are {reserve // 10**6} MB")


def file_of(db: sqlite3.Connection | None) -> Path | None:
    """The database's file; None for one in memory, and for another database than SQLite."""
    path = db.execute("PRAGMA database_list").fetchone()[2] if db else ""
    return Path(path) if path else None


def size_of(db: sqlite3.Connection) -> int:
    """Bytes that the database takes without its freed pages."""
    return (_value(db, "PRAGMA page_count") - _value(db, "PRAGMA freelist_count")) * _value(db, "PRAGMA page_size")


def _give_back(db: sqlite3.Connection) -> int:
    """The pages that the database is smaller by."""
    before = _value(db, "PRAGMA page_count")
    for _step in range(STEPS):
        if not _value(db, "PRAGMA freelist_count"):
            break
        with _if_free():
            db.executescript(f"PRAGMA incremental_vacuum({PAGES})")  # execute would stop after its first page
    return before - _value(db, "PRAGMA page_count")


def _analyze(db: sqlite3.Connection) -> None:
    with _if_free():
        db.execute(f"PRAGMA analysis_limit = {ROWS}")
        db.execute("PRAGMA optimize").fetchall()


def _empty_log(db: sqlite3.Connection) -> None:
    # Most of the work beside writers and readers; what then is left to copy while they wait is next to nothing.
    with _if_free():
        db.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


@contextmanager
def _if_free() -> Iterator[None]:
    """A step that another process is in the way of is left out."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise


@contextmanager
def _waiting(db: sqlite3.Connection, milliseconds: int) -> Iterator[None]:
    """How long the connection waits for others, for now."""
    usual = _value(db, "PRAGMA busy_timeout")
    db.execute(f"PRAGMA busy_timeout = {milliseconds}")
    try:
        yield
    finally:
        db.execute(f"PRAGMA busy_timeout = {usual}")


def _value(db: sqlite3.Connection, query: str) -> int:
    value: int = db.execute(query).fetchone()[0]
    return value
