"""The published tree on disk: each file replaced whole, and only when its bytes moved."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from feeds.errors import OutputError
from feeds.records import Publication

_UNFINISHED = ".feedmill-unfinished"  # the file that is being written: one at a time, so one name is enough
_LOCK = ".feedmill.lock"


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """The published tree for one process alone: a slow one never puts older articles over a quick one's newer.

    What a killed process left unfinished is removed. The lock ends with the process, however it ends.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / _LOCK).open("ab") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            (folder / _UNFINISHED).unlink(missing_ok=True)  # the tree is not searched: it may hold a million files
            yield
    except OSError as error:
        raise OutputError(_words(folder, error)) from error


def put(folder: Path, path: str, content: bytes) -> Publication:
    """Publish `content` at `path` below the folder: whole or not at all, untouched where it already stands.

    Raises OutputError, and what was published before stays.
    """
    target = folder / path
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    try:
        if _content(target) == content:
            return Publication(path=path, etag=etag, changed=False)
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, content, folder)
    except OSError as error:
        raise OutputError(_words(target, error)) from error
    return Publication(path=path, etag=etag, changed=True)


def remove(folder: Path, path: str) -> None:
    """Take a published file away, and its folder with it when that is empty then. Raises OutputError."""
    target = folder / path
    try:
        target.unlink(missing_ok=True)
        with suppress(OSError):
            target.parent.rmdir()
    except OSError as error:
        raise OutputError(_words(target, error)) from error


def _content(target: Path) -> bytes | None:
    try:
        return target.read_bytes()
    except FileNotFoundError:
        return None


def _replace(target: Path, content: bytes, folder: Path) -> None:
    is_near = folder.stat().st_dev == target.parent.stat().st_dev  # else it could not be moved there
    unfinished = (folder if is_near else target.parent) / _UNFINISHED
    try:
        with unfinished.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())  # or a crash of the machine could leave the new name on an empty file
        unfinished.replace(target)
    except BaseException:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


def _words(path: Path, error: OSError) -> str:
    help_ = {
        PermissionError: "give the user that runs feedmill write access, or change output in the config",
        NotADirectoryError: "a file stands where a folder should be; move it away",
        FileExistsError: "a file stands where a folder should be; move it away",
        IsADirectoryError: "a folder stands where this file should be; move it away",
    }.get(type(error), "free some space or check the disk; what was published before is still there")
    return f"{path}: {error.strerror or error}; {help_}"
