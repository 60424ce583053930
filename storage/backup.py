"""A consistent copy of the store, made while others read and write."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote, unquote

from sqlalchemy.engine import URL

from feeds.errors import StoreError
from storage import Store, claims
from storage.housekeeping import file_of, size_of

_UNFINISHED = ".feedmill-backup-"  # begins the names of copies that are still being written
_COMPANIONS = ("-wal", "-shm", "-journal")  # SQLite's working files, beside a database in use


def back_up(store: Store, target: Path) -> int:
    """Write the store as it is at this moment to the file `target`; the bytes written.

    Raises StoreError where that is no place for it, or where the copy cannot be made; what stood there before is
    untouched then.
    """
    target = target.resolve()  # the file that a link leads to, not the link
    with store.outside() as db:
        if db is None:
            raise StoreError(_by_its_own_means(store, target))
        file = file_of(db)
        _refuse_misplaced(target, file)
        _refuse_without_room(target, size_of(db))
        try:
            with _unfinished(target) as copy:
                db.execute("VACUUM INTO ?", (str(copy),))  # a moment's look: nobody waits for it
                _check(copy)
                _finish(copy, target, mode=file.stat().st_mode if file else 0o600)
        except (OSError, sqlite3.OperationalError) as error:
            seen = f"the copy could not be made ({getattr(error, 'strerror', None) or error})"
            raise StoreError(f"{target}: {seen}; check the disk and who may write there, or choose another") from error
    return target.stat().st_size


def _by_its_own_means(store: Store, target: Path) -> str:
    url = store._engine.url
    if url.get_backend_name() != "postgresql":
        return f"{store.address}: only SQLite is copied by feedmill; use what came with this database"
    # libpq knows the same address; it asks for the password, or finds it in ~/.pgpass.
    query = {key: value for key, value in url.query.items() if key != "password"}
    plain = URL.create("postgresql", url.username, None, url.host, url.port, url.database, query)
    command = ("pg_dump", "--format=custom", f"--file={target}", plain.render_as_string())
    return f"{store.address}: PostgreSQL is copied by its own means; run {shlex.join(command)}"


def _refuse_misplaced(target: Path, file: Path | None) -> None:
    if target.is_dir():
        raise StoreError(f"{target}: is a folder; name a file in it, such as {target / 'feedmill-backup.db'}")
    if not target.parent.is_dir():
        raise StoreError(f"{target}: its folder does not exist; create it, or choose another")
    if file and target in (own := file.resolve(), *_companions(own)):
        raise StoreError(f"{target}: is the database itself; choose another file, best on another disk")
    for companion in _companions(target):
        if companion.exists():  # SQLite would take it for a part of the copy
            raise StoreError(f"{target}: is a database in use, for {companion.name} stands beside it; choose another")
    if target.exists() and not _is_replaceable(target):
        raise StoreError(f"{target}: is no backup of feedmill's; choose another name, or move it away")


def _companions(path: Path) -> list[Path]:
    return [path.with_name(path.name + ending) for ending in _COMPANIONS]


def _is_replaceable(path: Path) -> bool:
    """Whether a file is an earlier backup, or empty."""
    if not path.is_file():
        return False
    if not path.stat().st_size:
        return True
    try:
        with closing(_opened(path)) as db:
            tables = {name for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error:
        return False
    return {"alembic_version", "articles", "shelves"} <= tables


def _refuse_without_room(target: Path, needed: int) -> None:
    free = shutil.disk_usage(target.parent).free
    if free < needed:
        seen = f"only {free // 10**6} MB free on its disk, and the copy takes {needed // 10**6} MB"
        raise StoreError(f"{target}: {seen}; free some space, or choose another disk")


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """An empty file beside `target` to write a copy to. What killed processes left unfinished is removed."""
    for leftover in target.parent.glob(f"{_UNFINISHED}*.db"):
        owner = unquote(leftover.name.removeprefix(_UNFINISHED).removesuffix(".db"))
        with suppress(ValueError):  # a name that is none of ours
            if owner == claims.owner() or not claims.is_alive(owner):
                leftover.unlink(missing_ok=True)
    copy = target.parent / f"{_UNFINISHED}{quote(claims.owner(), safe='')}.db"
    copy.touch(mode=0o600)
    try:
        yield copy
    finally:
        with suppress(OSError):
            copy.unlink(missing_ok=True)


def _check(copy: Path) -> None:
    with closing(_opened(copy)) as db:
        (found,) = db.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise StoreError(f"{copy.parent}: the copy is damaged ({found}); check this disk and that of the database")


def _finish(copy: Path, target: Path, *, mode: int) -> None:
    copy.chmod(mode & 0o777)
    with copy.open("rb+") as file:
        os.fsync(file.fileno())  # or a crash of the machine could leave the new name on an empty file
    copy.replace(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _opened(path: Path) -> sqlite3.Connection:
    """A database that nobody has open, to be looked at without leaving a trace."""
    return sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)
