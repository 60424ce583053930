"""Sources on our own disk: a file, a folder or a glob of feed documents and front-matter articles."""

from __future__ import annotations

import glob
import os
import re
import stat
import threading
from collections.abc import Sequence
from pathlib import Path
from queue import SimpleQueue

from feeds.fetching.mailbox import Mailbox
from feeds.records import Body, Fetched, FetchFailed, FetchResult, NotModified, Postponed, Source, SourceState

_GLOB = frozenset("*?[")
_UNREADY = "_drafts"  # where Jekyll and Hexo keep what is not to be published
# What editors leave beside a text: copies from before, and what is not saved yet. And Hugo's pages about folders.
_NO_ARTICLE = re.compile(r".*~|#.*#|.*\.(?:bak|orig|rej|swp|tmp)|_index\.(?:md|html)", re.IGNORECASE | re.DOTALL)
# What lies beside articles and is none, though a text: nobody wants to be told that in each round.
_BESIDE = frozenset({".css", ".scss", ".js", ".mjs", ".map", ".svg", ".csv", ".py", ".sh", ".lock"})
# What tells people about the folder, unless it begins as an article does.
_ABOUT_FOLDER = re.compile(r"(?:readme|licen[cs]e|copying|contributing|changelog)(?:\..*)?", re.IGNORECASE)
_HEAD = 1_000  # bytes that tell what a file is
_BEGIN_TEXT = (b"<", b"\0<", b"{", b"---", b"+++", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")


class Folders:
    """Reads sources on disk in a thread of its own: for each its new and changed files."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._waiting: SimpleQueue[tuple[Source, SourceState] | None] = SimpleQueue()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, claimed: Sequence[tuple[Source, SourceState]]) -> None:
        for one in claimed:
            self._waiting.put(one)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="feedmill-folders", daemon=True)
            self._thread.start()

    def close(self) -> None:
        self._waiting.put(None)

    def stop(self) -> None:
        self._stopping.set()
        self.close()

    def join(self) -> None:
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            while (one := self._waiting.get()) is not None:
                source, state = one
                result = Postponed(is_over=True) if self._stopping.is_set() else fetch(source, state)
                self._mailbox.wait_for_room(self._stopping)
                self._mailbox.put((source, result))
                self._mailbox.tell()
        except BaseException as error:
            self._mailbox.put(error)  # the reader's to see: here nobody would
            self._mailbox.tell()


def fetch(source: Source, state: SourceState) -> FetchResult:
    """The new and changed files of a source; one whose stamp is the stored one is not opened."""
    try:
        root, paths = _files(Path(source.path))
    except OSError as error:
        return FetchFailed(problem=f"{source.path}: {_words(error)}")
    if not paths:
        return FetchFailed(problem=f"{source.path} matches no file; check the path")
    bodies: list[Body] = []
    problems: list[str] = []
    for path in paths:
        name = _name(path.relative_to(root))
        try:
            stamp = _stamp(path)
            if state.stamps.get(name) != stamp and (body := _read(path, name, stamp, source)):
                bodies.append(body)
        except OSError as error:
            problems.append(f"{name}: {_words(error)}")
    if bodies or problems:
        files = frozenset(_name(path.relative_to(root)) for path in paths)
        return Fetched(bodies=tuple(bodies), files=files, problems=tuple(problems))
    if not state.stamps:
        return FetchFailed(problem=f"{source.path} holds no text, and so no feed or article; correct the path")
    return NotModified()


def fetch_file(source: Source, path: str) -> FetchResult | None:
    """One file as its source reads it, whatever was read before; None where that is no file of the source."""
    file = _without_dots(path)
    try:
        root, paths = _files(_without_dots(source.path))
    except OSError:
        return None
    if file not in paths:
        return None
    try:
        body = _read(file, _name(file.relative_to(root)), _stamp(file), source)
    except OSError as error:
        return FetchFailed(problem=f"{path}: {_words(error)}")
    return Fetched(bodies=(body,)) if body else FetchFailed(problem=f"{path} holds no text, and so no feed or article")


def _files(path: Path) -> tuple[Path, list[Path]]:
    """The folder that files are named from, and the files in the order of their names. What is hidden in a folder, or
    never an article, is left out."""
    if path.is_dir():
        found = []
        for folder, folders, names in os.walk(path, onerror=_raise):
            folders[:] = [name for name in folders if not name.startswith(".") and name != _UNREADY]
            files = (Path(folder, name) for name in names if not name.startswith("."))
            found += [each for each in files if each.suffix.lower() not in _BESIDE and _may_be_one(each)]
        return path, sorted(found)
    if _GLOB.isdisjoint(str(path)) or path.exists():
        path.stat()  # tells what is wrong, if anything is
        return path.parent, [path]
    fixed = next(parent for parent in path.parents if _GLOB.isdisjoint(str(parent)))
    matches = glob.glob(str(path), recursive=True)  # noqa: PTH207 - Path.glob takes no absolute pattern
    # What the pattern itself names is meant.
    found = [Path(name) for name in matches if Path(name).is_file()]
    if _UNREADY not in path.parts:
        found = [each for each in found if _UNREADY not in each.relative_to(fixed).parts[:-1]]
    return fixed, sorted(each for each in found if each.name == path.name or _may_be_one(each))


def _without_dots(path: str) -> Path:
    return Path(os.path.abspath(path))  # noqa: PTH100 - Path.resolve would follow links, and so name another file


def _may_be_one(path: Path) -> bool:
    return not _NO_ARTICLE.fullmatch(path.name)


def _name(path: Path) -> str:
    """The path as text that can be stored and shown: the bytes of a file's name need not be UTF-8."""
    return os.fsencode(path).decode(errors="backslashreplace")


def _raise(error: OSError) -> None:
    raise error


def _stamp(path: Path) -> str:
    """Moves with the file: its size, when it was written, and when its inode changed (a copy can keep the others)."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for its writer for ever
        raise OSError("is no regular file; move it away")
    return f"{status.st_size}-{status.st_mtime_ns}-{status.st_ctime_ns}"


def _read(path: Path, name: str, stamp: str, source: Source) -> Body | None:
    with path.open("rb") as file:
        head = file.read(_HEAD)
        # A picture beside the articles is no broken article, and each round would read all of it anew; a text may well
        # hold a stray zero byte.
        is_picture = b"\0" in head or head.startswith(b"%PDF-")
        is_about_folder = _ABOUT_FOLDER.fullmatch(path.name) and str(path) != source.path  # which may mean this file
        if (is_picture or is_about_folder) and not head.lstrip().startswith(_BEGIN_TEXT):
            return None
        content = head + file.read(max(0, source.max_size + 1 - len(head)))
    if len(content) > source.max_size:
        raise OSError(f"larger than max_size ({source.max_size:,} bytes); raise it for this source")
    return Body(content=content, path=name, stamp=stamp)


def _words(error: OSError) -> str:
    match error:
        case FileNotFoundError():
            return "does not exist; create it or correct the path"
        case PermissionError():
            return "may not be read; give the user that runs feedmill read access"
        case IsADirectoryError():
            return "is a folder"
    return f"{error.strerror}; check the path and the disk" if error.strerror else str(error)
