"""The published tree in memory: bytes and validators of a path, as new as the file is."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import TypeAlias
from urllib.parse import quote, unquote_to_bytes

from msgspec import Struct, field

from feeds.records import Discreet, replace
from feeds.serving.encodings import IDENTITY, SUFFIXES

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


CAPACITY = 64_000_000  # bytes
_PATHS = 10_000  # that are remembered as they were asked for
_LONGEST_PATH = 300  # characters of these
_SMALLEST_PACKED = 1_000  # bytes of a file that is compressed
# There is no such file. All else (too many open files, a disk that fails, no permission) is our trouble, and passes.
_MISSING = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL, errno.ENXIO})


class Representation(Struct, frozen=True, kw_only=True):
    """A file's bytes in one encoding."""

    coding: str
    content: bytes
    etag: str  # of the file's bytes alone: it survives a rewrite with the same bytes, a restart, another machine


class File(Discreet, frozen=True, kw_only=True, eq=False):
    """A published file, ready to be sent."""

    hidden = ("heads",)

    path: str
    name: str
    address: str  # percent-encoded, below the root
    media_type: str
    size: int
    modified_ns: int
    modified_at: datetime
    last_modified: str
    representations: Mapping[str, Representation]  # by coding; the bare one is always there
    is_large: bool = False  # too large for the memory: its content is not here
    heads: dict[object, bytes] = field(default_factory=dict)  # header lines that were made for it

    @property
    def bare(self) -> Representation:
        return self.representations[IDENTITY]

    @property
    def content(self) -> bytes:
        return self.bare.content

    @property
    def etag(self) -> str:
        return self.bare.etag


class Folder:
    """The path names a folder, and lacks the slash that a folder's address ends in."""


class Unreadable(Struct, frozen=True):
    """There is something, or there may be; now it cannot be read."""

    path: str
    problem: str


Identity: TypeAlias = tuple[int, int, int, int]


class Files:
    """What was read last, up to `capacity` bytes. A larger file is known, but not held."""

    def __init__(self, capacity: int | None = None) -> None:
        self._capacity = CAPACITY if capacity is None else capacity
        self._size = 0
        self._held: OrderedDict[str, tuple[Identity, File]] = OrderedDict()
        self._paths: dict[tuple[Path, str], tuple[str, str]] = {}

    def find(self, root: Path, raw_path: str) -> File | Folder | Unreadable | None:
        """The file at a request's path below `root`; None where there is nothing for the public."""
        known = self._paths.get((root, raw_path))  # the path that it means; most requests ask for one of a few
        if known is None:
            names = _names(raw_path)
            if names is None:
                return None
            known = os.path.join(root, *names), quote("/".join(names))  # noqa: PTH118 - a Path takes ten times as long
        path, address = known
        try:
            status = os.stat(path)  # noqa: PTH116
            if stat.S_ISDIR(status.st_mode):
                return Folder() if _is_inside(root, path) else None
            file = self._held_file(path, _identity(status)) or self._read(root, path, address)
        except ValueError:  # a name no file can have
            return None
        except OSError as error:
            return None if error.errno in _MISSING else Unreadable(path, error.strerror or str(error))
        if file:
            self._remember(root, raw_path, known)
        return file

    def _remember(self, root: Path, raw_path: str, known: tuple[str, str]) -> None:
        if (root, raw_path) in self._paths or len(raw_path) > _LONGEST_PATH:
            return
        if len(self._paths) >= _PATHS:
            del self._paths[next(iter(self._paths))]
        self._paths[root, raw_path] = known

    def _held_file(self, path: str, identity: Identity) -> File | None:
        held = self._held.get(path)
        if held is None or held[0] != identity or _lacks_a_variant(held[1]):
            return None
        self._held.move_to_end(path)
        return held[1]

    def _read(self, root: Path, path: str, address: str) -> File | None:
        if not _is_inside(root, path) or _is_variant(path):
            return None
        with _opened(path) as descriptor:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                return None
            if status.st_size > self._capacity:
                return _large_file(path, address, status)
            with open(descriptor, "rb", closefd=False) as stream:
                file = _file(path, address, stream.read(), status)
        self._hold(path, _identity(status), file)
        return file

    def _hold(self, path: str, identity: Identity, file: File) -> None:
        if path in self._held:
            self._size -= _weight(self._held.pop(path)[1])
        if _weight(file) > self._capacity:
            return
        self._held[path] = (identity, file)
        self._size += _weight(file)
        while self._size > self._capacity:
            _, (_, oldest) = self._held.popitem(last=False)
            self._size -= _weight(oldest)


def _weight(file: File) -> int:
    return sum(len(each.content) for each in file.representations.values())


def _lacks_a_variant(file: File) -> bool:
    """Whether it has been compressed since it was read."""
    if len(file.representations) > len(SUFFIXES) or file.size < _SMALLEST_PACKED or file.is_large:
        return False
    return any(
        coding not in file.representations and _is_of(file.path + suffix, file.modified_ns)
        for coding, suffix in SUFFIXES.items()
    )


def _is_of(variant: str, modified_ns: int) -> bool:
    try:
        status = os.lstat(variant)
    except OSError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_mtime_ns == modified_ns and os.access(variant, os.R_OK)


def _is_variant(path: str) -> bool:
    """Whether it is another file, compressed: that has no address of its own."""
    plain, suffix = os.path.splitext(path)  # noqa: PTH122
    return suffix in SUFFIXES.values() and os.path.exists(plain)  # noqa: PTH110


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
def _opened(path: str, more: int = 0) -> Iterator[int]:
    # Not blocking, or a named pipe among the files would hold the whole server.
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | more)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _identity(status: os.stat_result) -> Identity:
    return status.st_mtime_ns, status.st_size, status.st_ino, status.st_dev


def _file(path: str, address: str, content: bytes, status: os.stat_result) -> File:
    digest = hashlib.sha256(content).hexdigest()[:32]
    found = {IDENTITY: Representation(coding=IDENTITY, content=content, etag=f'"{digest}"')}
    for coding, suffix in SUFFIXES.items():
        if compressed := _variant(path + suffix, status.st_mtime_ns):
            found[coding] = Representation(coding=coding, content=compressed, etag=f'"{digest}-{coding}"')
    return _known(path, address, status, found)


def _large_file(path: str, address: str, status: os.stat_result) -> File:
    # To read all of it for an ETag would keep everybody waiting.
    bare = Representation(coding=IDENTITY, content=b"", etag=f'"{status.st_mtime_ns:x}-{status.st_size:x}"')
    return replace(_known(path, address, status, {IDENTITY: bare}), is_large=True)


def _known(path: str, address: str, status: os.stat_result, found: dict[str, Representation]) -> File:
    modified_at = datetime.fromtimestamp(status.st_mtime_ns // 1_000_000_000, UTC)  # HTTP knows whole seconds
    return File(
        path=path,
        name=os.path.basename(path),  # noqa: PTH119
        address=address,
        media_type=_media_type(path),
        size=status.st_size,
        modified_ns=status.st_mtime_ns,
        modified_at=modified_at,
        last_modified=format_datetime(modified_at, usegmt=True),
        representations=found,
    )


def _variant(path: str, modified_ns: int) -> bytes | None:
    """The file compressed, as `output` wrote it: of these very bytes only if both were modified at the same time."""
    try:
        with _opened(path, os.O_NOFOLLOW) as descriptor:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_mtime_ns != modified_ns:
                return None
            with open(descriptor, "rb", closefd=False) as stream:
                return stream.read()
    except OSError as error:
        if error.errno not in {*_MISSING, errno.EACCES, errno.EPERM}:
            raise  # else it would be missing for as long as the file is held
        return None


def _media_type(path: str) -> str:
    name = os.path.basename(path)  # noqa: PTH119
    suffix = os.path.splitext(name)[1].lower()  # noqa: PTH122
    if text := MEDIA_TYPES.get(name) or MEDIA_TYPES.get(suffix):
        return f"{text}; charset=utf-8"
    return PICTURES.get(suffix, "application/octet-stream")
