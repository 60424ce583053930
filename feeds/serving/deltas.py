"""Only the newer entries of a feed, for readers that ask for them: `A-IM: feed` (RFC 3229)."""

from __future__ import annotations

import gzip
import re
from collections import OrderedDict
from collections.abc import Collection
from typing import Any

from feeds.serving.encodings import IDENTITY

# Where our own writers begin and end an entry: on a line of its own, at this depth. No text can look so, for in text
# `<` is written `&lt;`.
_ENTRIES = {
    "atom.xml": re.compile(rb"^  <entry[ >].*?^  </entry>\n", re.DOTALL | re.MULTILINE),
    "rss.xml": re.compile(rb"^    <item[ >].*?^    </item>\n", re.DOTALL | re.MULTILINE),
}
NAMES = frozenset(_ENTRIES)  # of the files that are answered in parts; JSON Feed has no word for it
_REMEMBERED = 500  # versions of feeds, 8 KB each
_MADE = 64  # deltas


def is_wanted(a_im: str) -> bool:
    """Whether a client understands an answer that holds a part of the entries."""
    wishes = (wish.replace(" ", "").lower() for wish in a_im.split(","))
    return any(re.fullmatch(r"feed(;q=(0\.0*[1-9]\d*|1(\.0*)?))?", wish) for wish in wishes)


class Deltas:
    """Remembers what stood in the versions of the feeds that were served, the latest of them."""

    def __init__(self) -> None:
        self._versions: OrderedDict[str, frozenset[int]] = OrderedDict()
        self._made: OrderedDict[tuple[str, str], dict[str, bytes]] = OrderedDict()

    def remember(self, name: str, etag: str, content: bytes) -> None:
        """A feed's version; `name` is the file's, atom.xml or rss.xml."""
        version = _version(etag)
        if version not in self._versions:
            self._versions[version] = frozenset(hash(each) for each in _ENTRIES[name].findall(content))
            _shorten(self._versions, _REMEMBERED)

    def since(
        self, name: str, known: frozenset[str], etag: str, content: bytes, codings: Collection[str] = (IDENTITY,)
    ) -> tuple[str, bytes] | None:
        """The feed without the entries that stood word for word in the version that the client has; and in which of
        the `codings` that it takes: bare or with gzip, whichever is smaller.

        None where that version is not remembered, or the client takes neither.
        """
        former = next((version for each in sorted(known) if (version := _version(each)) in self._versions), None)
        if former is None:
            return None
        key = (former, _version(etag))
        if key not in self._made:
            made = _without(content, _ENTRIES[name], self._versions[former])
            self._made[key] = {IDENTITY: made, "gzip": gzip.compress(made, 4, mtime=0)}
            _shorten(self._made, _MADE)
        taken = {coding: made for coding, made in self._made[key].items() if coding in codings}
        return min(taken.items(), key=lambda one: len(one[1]), default=None)


def _version(etag: str) -> str:
    """Of the bytes alone, however they were encoded."""
    return etag.strip('"').partition("-")[0]


def _without(content: bytes, entries: re.Pattern[bytes], known: frozenset[int]) -> bytes:
    return entries.sub(lambda entry: b"" if hash(entry[0]) in known else entry[0], content)


def _shorten(held: OrderedDict[Any, Any], most: int) -> None:
    while len(held) > most:
        held.popitem(last=False)
