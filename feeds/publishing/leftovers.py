"""What is left of feeds at addresses where they are no longer: found by the ids of the feeds, and taken away."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from feeds.errors import OutputError
from feeds.publishing import WRITERS, archives, output

_FEED = "atom.xml"  # which each of them has, and each of their archive documents
_PAGES = ("index.html", "subscribe.html")
_FIRST = 16_384  # bytes, in which a feed tells what it is
_ID = re.compile(rb"<id>([^<]*)</id>")


def folders_of(tree: Path, names: Collection[str]) -> Iterator[str]:
    """The folders below `tree` that a feed of one of these categories was ever written to. Raises OutputError."""
    endings = tuple(f":category/{quote(name, safe='')}".encode() for name in names)
    found = dict.fromkeys(_folder(path) for path in _feeds(tree) if _id(tree / path).endswith(endings))
    yield from (folder for folder in found if folder)  # everything's own is never another's


def remove_feed(tree: Path, folder: str) -> None:
    """Take away what we wrote to a feed's folder: feeds, pages, archives and their compressed variants; and the folder,
    unless something else is in it. Raises OutputError."""
    for name in (*WRITERS, *_PAGES):
        output.remove(tree, f"{folder}/{name}")
    place = tree / folder / archives.FOLDER
    for number in sorted(archives.numbers_in(tree / folder)):
        for kind in archives.KINDS:
            output.remove(tree, f"{folder}/{archives.path(number, kind)}")
    for empty in (place, tree / folder):
        with suppress(OSError):
            empty.rmdir()


def _feeds(tree: Path) -> Iterator[str]:
    for place, folders, files in os.walk(tree):
        folders.sort()
        if _FEED in files:
            yield (Path(place) / _FEED).relative_to(tree).as_posix()


def _folder(path: str) -> str:
    archived = archives.number_of(path)
    return archived[0] if archived else path.rpartition("/")[0]


def _id(file: Path) -> bytes:
    """What a feed calls itself; an entry may name other feeds, behind it."""
    try:
        with file.open("rb") as opened:
            found = _ID.search(opened.read(_FIRST).partition(b"<entry")[0])
    except OSError as error:
        raise OutputError(
            f"{file}: {error.strerror}; it may show what is private: give the user that runs feedmill access"
        ) from error
    return found[1] if found else b""
