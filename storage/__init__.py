"""The store: one database, opened with its schema up to date, and transactions on it.

Whoever writes takes the transaction, so that what must land together visibly does:

    with store.begin() as db:
        saving.save(db, ...)
        sources.record(db, ...)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Connection as Connection  # for those who are handed one
from sqlalchemy import Engine, create_engine, event, inspect, make_url, select, table
from sqlalchemy import column as sql_column
from sqlalchemy.engine import URL
from sqlalchemy.exc import (
    ArgumentError,
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    NotSupportedError,
    ProgrammingError,
    SQLAlchemyError,
    TimeoutError,
)
from sqlalchemy.pool import StaticPool

from feeds.errors import StoreError, StoreUnavailableError

# What a database has against statements and values, whatever becomes of it; all else is its own trouble.
_OURS = (IntegrityError, DataError, ProgrammingError, NotSupportedError)
_OURS_ON_SQLITE = (sqlite3.IntegrityError, sqlite3.DataError, sqlite3.ProgrammingError, sqlite3.NotSupportedError)

SCHEMA = "0015"  # Alembic's head revision; a test holds that it is
BUSY_SECONDS = 30  # how long a write waits for another process's
# What is new touches indexes all over: with less the same pages of SQLite's are read and written again and again.
CACHE_SIZE = 4_000_000  # bytes, for each connection
MOST_AT_ONCE = 100  # processes that open a new file at the same moment
LOG_PAGES = 4_000  # of 4 kB, until those of the log go into the file


class Store:
    """An open database. `begin` is for writing, `read` for a consistent look."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._file: tuple[int, int] | None = None

    @property
    def address(self) -> str:
        """The database's address, its password hidden."""
        return _shown(self._engine.url)

    @property
    def location(self) -> str:
        """The same with its password, for another process of ours to open; "" of one in this process's memory."""
        url = self._engine.url
        is_in_memory = url.get_backend_name() == "sqlite" and url.database in (None, "", ":memory:")
        return "" if is_in_memory else url.render_as_string(hide_password=False)

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A write transaction: committed at the end of the block, undone if it raises."""
        with self._errors(), self._engine.begin() as db:
            yield db

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads and never waits for a writer."""
        with self._errors(), self._engine.connect().execution_options(read_only=True) as db:
            yield db

    @contextmanager
    def outside(self) -> Iterator[sqlite3.Connection | None]:
        """SQLite's own connection, outside of any transaction, for what takes none; None on another database."""
        if self._engine.dialect.name != "sqlite":
            yield None
            return
        with self._errors():
            pooled = self._engine.raw_connection()
            try:
                yield cast(sqlite3.Connection, pooled.driver_connection)
            finally:
                pooled.close()

    def require_file(self) -> None:
        """Raises StoreUnavailableError where the database's file is no longer the one that was opened: what is written
        then would be lost with the process."""
        if self._file and _identity(self._engine.url) != self._file:
            seen = "its file is gone, or another one stands there"
            raise StoreUnavailableError(f"{self.address}: {seen}; put it back, or start feedmill anew")

    def close(self) -> None:
        self._engine.dispose()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, sqlite3.Error) as error:
            is_theirs = isinstance(error, DBAPIError | TimeoutError | sqlite3.Error)
            is_ours = isinstance(error, _OURS + _OURS_ON_SQLITE) or _is_too_much(error)
            kind = StoreUnavailableError if is_theirs and not is_ours else StoreError
            raise kind(f"{self.address}: {_reason(error)}") from error


def open_store(address: str) -> Store:
    """The database at a SQLAlchemy address, created and migrated where needed.

    Raises StoreError, with the address (its password hidden), what was seen and what would help.
    """
    store = _store(address)
    try:
        with store._errors():
            _migrate(store, store._engine)
        store._file = _identity(store._engine.url)
    except BaseException:
        store.close()
        raise
    return store


def look(address: str) -> Store | None:
    """The database as it stands, for reading: nothing is created or migrated. None where nothing was ever stored.

    Raises StoreError as `open_store` does, and for a database that would have to be migrated first.
    """
    store = _store(address)
    try:
        with store._errors():
            version = None if _is_empty_file(store._engine.url) else _schema(store._engine)
    except BaseException:
        store.close()
        raise
    if version == SCHEMA:
        return store
    store.close()
    if version is None:
        return None
    raise StoreError(
        f"{store.address}: was written by another version of feedmill; `feedmill fetch` brings it up to date"
    )


def check_address(address: str) -> None:
    """Raises StoreError where nothing can be opened at a database's address; nothing is opened or made."""
    _store(address).close()


def _store(address: str) -> Store:
    """Nothing is opened yet."""
    try:
        url = make_url(address)
        return Store(ENGINES.get(url.get_backend_name(), partial(create_engine, hide_parameters=True))(url))
    except (ArgumentError, NoSuchModuleError) as error:
        raise StoreError(
            "the database has no SQLAlchemy address that we can open; sqlite:///feedmill.db is the usual one"
        ) from error
    except ModuleNotFoundError as error:
        raise StoreError(
            f"{_shown(url)}: its driver {error.name!r} is not installed; "
            "for PostgreSQL install feedmill[postgres] and write postgresql+psycopg://…"
        ) from error


def _identity(url: URL) -> tuple[int, int] | None:
    """Of a SQLite database's file, as the system knows it; None where there is none."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database.startswith("file:"):
        return None
    try:
        status = Path(url.database).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _is_empty_file(url: URL) -> bool:
    """Whether SQLite would have to make the file first."""
    if url.get_backend_name() != "sqlite" or (url.database or "").startswith("file:"):
        return False
    return not url.database or not Path(url.database).is_file() or Path(url.database).stat().st_size == 0


def _sqlite_engine(url: URL) -> Engine:
    in_memory = not url.database or url.database == ":memory:"
    is_path = url.database and not in_memory and not url.database.startswith("file:")
    if is_path and not Path(str(url.database)).parent.is_dir():
        raise StoreError(f"{url.database}: its folder does not exist; create it or change database in the config")
    engine = create_engine(
        url,
        hide_parameters=True,  # of a statement that fails: they may hold secrets, and a traceback is logged
        connect_args={} if "timeout" in url.query else {"timeout": BUSY_SECONDS},
        # One connection for all, or each would see an empty database of its own.
        **({"poolclass": StaticPool} if in_memory else {}),
    )
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _configure_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    connection.isolation_level = None  # the driver's own BEGIN comes too late, see _begin_sqlite
    if connection.execute("PRAGMA page_count").fetchone() == (0,):  # later it would need a VACUUM of the whole file
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
    _begin_log(connection)
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{CACHE_SIZE // 1000}")
    connection.execute(f"PRAGMA wal_autocheckpoint = {LOG_PAGES}")


def _begin_log(connection: sqlite3.Connection) -> None:
    # Of those who open a new file at the same moment, all but one are refused at once, whatever their busy timeout: it
    # counts for a transaction, so that is what waits here. Whoever comes after the first finds nothing to do.
    (patience,) = connection.execute("PRAGMA busy_timeout").fetchone()
    for _attempt in range(MOST_AT_ONCE):
        connection.execute("PRAGMA busy_timeout = 0")  # for a reader it would count, and a hundred times
        try:
            connection.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
        else:
            return
        finally:
            connection.execute(f"PRAGMA busy_timeout = {patience}")
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    connection.execute("PRAGMA journal_mode = WAL")


def _begin_sqlite(db: Connection) -> None:
    # A transaction that reads first and writes later fails with "database is locked" at once, without waiting, when
    # another process wrote in between. Taking the write lock at the start is what makes the busy timeout count.
    db.exec_driver_sql("BEGIN" if db.get_execution_options().get("read_only") else "BEGIN IMMEDIATE")


def _postgresql_engine(url: URL) -> Engine:
    # A daemon outlives the server's restarts.
    engine = create_engine(url, hide_parameters=True, pool_pre_ping=True)
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _begin_postgresql(db: Connection) -> None:
    # One writer at a time, as on SQLite: transactions are short, and none has to foresee that another one enrolls the
    # same source, makes the same category, takes the same atom id or touches the same shelves in another order.
    if db.get_execution_options().get("read_only"):
        db.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    else:
        db.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'")
        db.exec_driver_sql("SELECT pg_advisory_xact_lock(hashtext('feedmill'))")


ENGINES: dict[str, Callable[[URL], Engine]] = {"sqlite": _sqlite_engine, "postgresql": _postgresql_engine}


def _migrate(store: Store, engine: Engine) -> None:
    if _schema(engine) == SCHEMA:
        return
    with engine.begin() as db:
        version = _version(db)  # by now: another process may have been first
        if version is None:
            from storage import founding

            founding.found(db, SCHEMA)
        elif version != SCHEMA:
            # Alembic takes half a second to import: only a database that needs it pays.
            from storage import migrating

            migrating.upgrade(db, SCHEMA, address=store.address)


def _schema(engine: Engine) -> str | None:
    with engine.connect().execution_options(read_only=True) as db:
        return _version(db)


def _version(db: Connection) -> str | None:
    """None where nothing was ever stored."""
    if not inspect(db).has_table("alembic_version"):
        return None
    version: str | None = db.scalar(select(sql_column("version_num")).select_from(table("alembic_version")))
    return version


def _shown(url: URL) -> str:
    """The address as people may see it; a password can stand in its query, too."""
    return url.difference_update_query(["password"]).render_as_string(hide_password=True)


def _is_too_much(error: Exception) -> bool:
    """Whether PostgreSQL takes no such value, as one that is too long for an index (SQLSTATE class 54); psycopg takes
    that for trouble of the server's."""
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return isinstance(state, str) and state.startswith("54")


def _reason(error: Exception) -> str:
    """The driver's own words, without SQLAlchemy's statement and parameters, and what would help."""
    original = getattr(error, "orig", None) or error
    words = (str(original).strip() or repr(original)).splitlines()[0]
    for seen, help_ in _HELP:
        if seen in words.lower():
            return f"{words}; {help_}"
    return words


_HELP = (
    ("unable to open database file", "check that its folder is there, and that both can be read and written"),
    ("readonly database", "give the user that runs feedmill write access to the file and its folder"),
    ("attempt to write a readonly", "give the user that runs feedmill write access to the file and its folder"),
    ("disk is full", "free some space; nothing stored was lost"),
    ("disk i/o error", "check the disk and its free space"),
    ("malformed", "the file is damaged; restore a backup, or move it away and fetch anew"),
    ("not a database", "this file is something else; change database in the config"),
    ("connection refused", "start the server, or change database in the config"),
    ("lock timeout", "another process has been writing all the time; let it finish"),
    ("database is locked", "another process has been writing all the time; let it finish"),
)
