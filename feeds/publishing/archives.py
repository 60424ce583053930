"""Where archive documents lie (RFC 5005, section 4), in the folder of their feed."""

from __future__ import annotations

import os
import re
from pathlib import Path

from feeds.errors import OutputError
from feeds.records import Feed

FOLDER = "archive"
_NAMES = {"xml": "atom.xml", "html": "index.html"}
KINDS = tuple(_NAMES)
_NUMBER = re.compile(r"[0-9]{6,9}", re.ASCII)
_PATH = re.compile(rf"(.+/)?{FOLDER}/({_NUMBER.pattern})/(?:{'|'.join(map(re.escape, _NAMES.values()))})", re.ASCII)


def path(number: int, extension: str = "xml") -> str:
    """An archive document's path, relative to its feed's folder. Its name tells any web server its media type."""
    return f"{FOLDER}/{number:06d}/{_NAMES[extension]}"


def number_of(path: str) -> tuple[str, int] | None:
    """The folder of its feed, and the number, of the archive document at this path; None: it is none."""
    found = _PATH.fullmatch(path)
    return ((found[1] or "").rstrip("/"), int(found[2])) if found else None


def numbers_in(folder: Path) -> frozenset[int]:
    """The numbers of the archive documents that lie, or lay, in a feed's folder: one look, however many there are."""
    try:
        names = os.listdir(folder / FOLDER)  # noqa: PTH208 - names are wanted
    except (FileNotFoundError, NotADirectoryError):
        return frozenset()
    except OSError as error:
        help_ = "give the user that runs feedmill access"
        raise OutputError(f"{folder / FOLDER}: {error.strerror}; {help_}") from error
    return frozenset(int(name) for name in names if _NUMBER.fullmatch(name))


def own_url(feed: Feed, name: str, extension: str = "xml") -> str:
    """The address of a document: of the archive document that `feed` is, or of its file `name`."""
    return feed.folder_url + (_address(feed.number, extension) if feed.number else name)


def previous_url(feed: Feed, extension: str = "xml") -> str:
    """The address of the archive document before this one; "" where there is none."""
    return feed.folder_url + _address(feed.previous, extension) if feed.previous else ""


def _address(number: int, extension: str) -> str:
    return path(number, extension).removesuffix("index.html")
