"""The published tree on disk: each file replaced whole, and only when its bytes moved.

Beside a file stand its compressed variants. They are of its bytes if, and only if, they were last modified at the same
nanosecond: whoever serves them looks at that, for a crash may come between two files.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from feeds.errors import OutputError
from feeds.publishing.compressing import COMPRESSORS, is_worth_while, may_have_variants, variants
from feeds.records import Publication

_UNFINISHED = ".feedmill-unfinished"  # what is being written: one file at a time, so one name of each kind is enough
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
            for suffix in ("", *COMPRESSORS):
                (folder / f"{_UNFINISHED}{suffix}").unlink(
                    missing_ok=True
                )  # the tree is not searched: it may hold a million files
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
        is_changed = _content(target) != content
        if is_changed:
            target.parent.mkdir(parents=True, exist_ok=True)
            _replace(target, content, folder)
        elif not _has_variants(target, content):  # a crash came between, or a version that wrote none
            _replace_variants(target, variants(path, content), target.stat().st_mtime_ns, folder)
    except OSError as error:
        raise OutputError(_words(target, error)) from error
    return Publication(path=path, etag=etag, changed=is_changed)


def is_whole(folder: Path, path: str) -> bool:
    """Whether a published file is there, with the variants that belong beside it and no others."""
    return modified(folder, path) is not None


def modified(folder: Path, path: str) -> int | None:
    """When a published file was last modified, in nanoseconds since 1970; None where it is not whole."""
    target = os.path.join(folder, path)  # noqa: PTH118 - each round asks for thousands, and a Path takes as long as the look
    try:
        status = os.stat(target)  # noqa: PTH116
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    beside = status.st_mtime_ns if is_worth_while(target, status.st_size) else None  # None: there are to be none
    return status.st_mtime_ns if all(_modified(target + suffix) == beside for suffix in COMPRESSORS) else None


def are_there(folder: Path, paths: Iterable[str]) -> bool:
    """Whether published files are there, whatever they hold."""
    return all(os.path.isfile(os.path.join(folder, path)) for path in paths)  # noqa: PTH113, PTH118 - see `modified`


def remove(folder: Path, path: str) -> None:
    """Take a published file away, its compressed variants, and its folder when that is empty then.

    Raises OutputError.
    """
    target = folder / path
    try:
        for suffix in COMPRESSORS:  # first: a web server may look for these alone
            beside(target, suffix).unlink(missing_ok=True)
        target.unlink(missing_ok=True)
        with suppress(OSError):
            target.parent.rmdir()
    except OSError as error:
        raise OutputError(_words(target, error)) from error


def remove_all(
    places: Iterable[tuple[Path, str]], *, where: Callable[[Path, str], bool] = lambda _folder, _path: True
) -> None:
    """Take published files away, each given as a folder and a path below it, if `where` says so when its turn comes;
    one that cannot be keeps no other.

    Raises OutputError that tells of all that are left.
    """
    problems = []
    for folder, path in places:
        try:
            if where(folder, path):
                remove(folder, path)
        except OutputError as error:
            problems.append(str(error))
    if problems:
        raise OutputError("\n".join(problems))


def _content(target: Path) -> bytes | None:
    try:
        return target.read_bytes()
    except FileNotFoundError:
        return None


def beside(target: Path, suffix: str) -> Path:
    """Where the variant of a file lies."""
    return target.with_name(target.name + suffix)


def _has_variants(target: Path, content: bytes) -> bool:
    """Whether those that belong beside it are of its bytes, and no others are there."""
    wanted = COMPRESSORS if may_have_variants(target.name, content) else {}
    modified = target.stat().st_mtime_ns
    return all(_modified(beside(target, suffix)) == (modified if suffix in wanted else None) for suffix in COMPRESSORS)


def _modified(target: Path | str) -> int | None:
    try:
        return os.stat(target).st_mtime_ns  # noqa: PTH116
    except FileNotFoundError:
        return None


def _replace(target: Path, content: bytes, folder: Path) -> None:
    """The file and its variants. These first: who does not look at their times is ahead for a moment, never behind."""
    former = _modified(target)
    with _unfinished(target, folder) as unfinished:
        _write(unfinished, content)
        modified = unfinished.stat().st_mtime_ns
        if former is not None and modified <= former:  # within one tick of the kernel's clock, or that was put back
            modified = former + 1
        os.utime(unfinished, ns=(modified, modified))
        _replace_variants(target, variants(target.name, content), modified, folder)
        unfinished.replace(target)


def _replace_variants(target: Path, wanted: dict[str, bytes], modified: int, folder: Path) -> None:
    for suffix in COMPRESSORS:
        if suffix not in wanted:
            beside(target, suffix).unlink(missing_ok=True)
            continue
        with _unfinished(target, folder, suffix) as unfinished:
            _write(unfinished, wanted[suffix])
            os.utime(unfinished, ns=(modified, modified))
            unfinished.replace(beside(target, suffix))


@contextmanager
def _unfinished(target: Path, folder: Path, suffix: str = "") -> Iterator[Path]:
    """Where to write what is to stand at the target; nothing is left there."""
    is_near = folder.stat().st_dev == target.parent.stat().st_dev  # else it could not be moved there
    unfinished = (folder if is_near else target.parent) / f"{_UNFINISHED}{suffix}"
    try:
        yield unfinished
    except BaseException:
        with suppress(OSError):
            unfinished.unlink(missing_ok=True)
        raise


def _write(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # or a crash of the machine could leave the new name on an empty file


def _words(path: Path, error: OSError) -> str:
    lost = next((each for each in (path, *path.parents) if each.is_symlink() and not each.exists()), None)
    if lost:
        return f"{lost}: a link that leads nowhere; mount or make what it leads to, or change output in the config"
    help_ = {
        PermissionError: "give the user that runs feedmill write access, or change output in the config",
        NotADirectoryError: "a file stands where a folder should be; move it away",
        FileExistsError: "a file stands where a folder should be; move it away",
        IsADirectoryError: "a folder stands where this file should be; move it away",
    }.get(type(error), "free some space or check the disk; what was published before is still there")
    return f"{path}: {error.strerror or error}; {help_}"
