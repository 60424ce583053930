"""The published tree in memory: bytes and validators of a path, as new as the file is."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TypeAlias
from urllib.parse import unquote_to_bytes

MEDIA_TYPES = {
    "atom.xml": "application/atom+xml",
    "rss.xml": "application/rss+xml",
    "feed.json": "application/feed+json",
    ".opml": "text/x-opml",
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".xml": "application/xml",
    ".xsl": "text/xsl",
}
PICTURES = {
    ".avif": "image/avif",
    ".gif": "image/gif",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A published file, ready to be sent."""

    content: bytes
    etag: str  # of its bytes alone: it survives a rewrite with the same bytes, a restart, another machine
    modified_at: datetime
    last_modified: str
    media_type: str


class Folder:
    """The path names a folder, and lacks the slash that a folder's address ends in."""


Identity: TypeAlias = tuple[int, int, int, int]


class Files:
    """What was read last, up to `capacity` bytes. A larger file is read for each request."""

    def __init__(self, capacity: int = 64_000_000) -> None:
        self._capacity = capacity
        self._size = 0
        self._held: OrderedDict[str, tuple[Identity, File]] = OrderedDict()

    def find(self, root: Path, raw_path: str) -> File | Folder | None:
        """The file at a request's path below `root`; None where there is nothing for the public."""
        names = _names(raw_path)
        if names is None:
            return None
        path = os.path.join(root, *names)  # noqa: PTH118 - once for each request; a Path takes ten times as long
        try:
            status = os.stat(path)  # noqa: PTH116
            if stat.S_ISDIR(status.st_mode):
                return Folder() if _is_inside(root, path) else None
            return self._held_file(path, _identity(status)) or self._read(root, path)
        except (OSError, ValueError):  # gone, not ours to read, a name no file can have
            return None

    def _held_file(self, path: str, identity: Identity) -> File | None:
        known, file = self._held.get(path, (None, None))
        if known != identity:
            return None
        self._held.move_to_end(path)
        return file

    def _read(self, root: Path, path: str) -> File | None:
        if not _is_inside(root, path):
            return None
        with _opened(path) as descriptor:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return None
            with open(descriptor, "rb", closefd=False) as stream:
                file = _file(path, stream.read(), status.st_mtime_ns)
        self._hold(path, _identity(status), file)
        return file

    def _hold(self, path: str, identity: Identity, file: File) -> None:
        if path in self._held:
            self._size -= len(self._held.pop(path)[1].content)
        if len(file.content) > self._capacity:
            return
        self._held[path] = (identity, file)
        self._size += len(file.content)
        while self._size > self._capacity:
            _, (_, oldest) = self._held.popitem(last=False)
            self._size -= len(oldest.content)


def _names(raw_path: str) -> list[str] | None:
    """The names a path is made of, or None where one of them names nothing that we publish.

    Each is decoded alone: an encoded slash is no separator, and no name holds one.
    """
    start, *raw_names = raw_path.split("/")
    if start or not raw_names:
        return None
    if not raw_names[-1]:
        raw_names[-1] = "index.html"
    try:
        names = [unquote_to_bytes(name).decode("utf-8") for name in raw_names]
    except UnicodeDecodeError:
        return None
    # Names that begin with a dot are the lock, unfinished files, "." and "..": none of them is published.
    return None if any(not name or name[0] == "." or "/" in name or "\0" in name for name in names) else names


def _is_inside(root: Path, path: str) -> bool:
    """Whether it lies in the folder once every symbolic link is followed, and under no hidden name."""
    real_root = os.path.realpath(root)
    inner = Path(os.path.relpath(os.path.realpath(path), real_root))
    return not any(name.startswith(".") for name in inner.parts)  # which ".." does, too


@contextmanager
def _opened(path: str) -> Iterator[int]:
    # Not blocking, or a named pipe among the files would hold the whole server.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _identity(status: os.stat_result) -> Identity:
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev


def _file(path: str, content: bytes, modified_ns: int) -> File:
    modified_at = datetime.fromtimestamp(modified_ns // 1_000_000_000, UTC)  # HTTP knows whole seconds
    return File(
        content=content,
        etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        modified_at=modified_at,
        last_modified=format_datetime(modified_at, usegmt=True),
        media_type=_media_type(path),
    )


def _media_type(path: str) -> str:
    name = os.path.basename(path)  # noqa: PTH119
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122
    if text := MEDIA_TYPES.get(name) or MEDIA_TYPES.get(suffix):
        return f"{text}; charset=utf-8"
    return PICTURES.get(suffix, "application/octet-stream")
