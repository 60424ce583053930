"""The elements of podcasts and of media (`itunes:`, `podcast:`, `media:`) as an entry holds them, with their nesting.

feedparser flattens them, knows some and forgets others, so they are gathered beside it while it reads. Which of them
have a meaning, and what may be published of that, is for normalizing to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct, field

from feeds.records import Extension

MAX_ELEMENTS = 300  # of one entry
MAX_DEPTH = 5  # a recipient in a split of a podcast's value is the fourth
MAX_TEXT = 20_000  # characters of one element
MAX_ATTRIBUTES = 30
MAX_VALUE = 8_192  # characters of an attribute: as long as an address may be
_SEEN_BACK = 50  # open elements that an end tag may have been meant for, in markup that is not well-formed

# Without scheme, capitals and the last slash, in all of which feeds differ.
_NAMESPACES = {
    "www.itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "itunes.com/dtds/podcast-1.0.dtd": "itunes",
    "podcastindex.org/namespace/1.0": "podcast",
    "github.com/podcastindex-org/podcast-namespace/blob/main/docs/1.0.md": "podcast",
    "search.yahoo.com/mrss": "media",
    "www.rssboard.org/media-rss": "media",
}
_PREFIXES = frozenset(_NAMESPACES.values())


def namespace_of(uri: str | None) -> str:
    """The usual prefix of a namespace whose elements are gathered, in any of its spellings; "" for all others."""
    return _known(uri) if uri and len(uri) <= 100 else ""


@lru_cache(maxsize=1_000)
def _known(uri: str) -> str:
    return _NAMESPACES.get(uri.strip().lower().partition("://")[2].rstrip("/"), "")


def namespace_of_prefix(prefix: str) -> str:
    """The same for a prefix that nobody declared."""
    return prefix if prefix in _PREFIXES else ""


class _Open(Struct):
    """An element whose end has not been seen. One without a namespace is passed over, with all that is in it."""

    namespace: str
    name: str
    attributes: tuple[tuple[str, str], ...] = ()
    pieces: list[str] = field(default_factory=list)
    size: int = 0
    children: list[Extension] = field(default_factory=list)


class Gathering:
    """The extensions of the entry that is being read."""

    def __init__(self) -> None:
        self._open: list[_Open] = []
        self._elements = 0

    def __bool__(self) -> bool:
        """Whether an element is open: what comes now stands in it."""
        return bool(self._open)

    def begin(self) -> None:
        """An entry begins."""
        self._open.clear()
        self._elements = 0

    def start(self, namespace: str, name: str, attributes: Iterable[tuple[str, str]]) -> None:
        """An element begins, of a namespace that we gather, or ("") inside of one that is."""
        is_passed_over = (
            not namespace
            or self._elements >= MAX_ELEMENTS
            or len(self._open) >= MAX_DEPTH
            or (bool(self._open) and not self._open[-1].namespace)
        )
        if is_passed_over:
            self._open.append(_Open("", name))
            return
        self._elements += 1
        given = tuple((key, value) for key, value in attributes if len(value) <= MAX_VALUE)[:MAX_ATTRIBUTES]
        self._open.append(_Open(namespace, name, given))

    def text(self, text: str) -> None:
        one = self._open[-1]
        if one.namespace and one.size < MAX_TEXT:
            one.pieces.append(text)
            one.size += len(text)

    def end(self, name: str) -> Extension | None:
        """The extension that is complete with the end of this element; None within one, or where it is of no use.

        It ends what was left open in it, as markup that is not well-formed may do.
        """
        if all(one.name != name for one in self._open[-_SEEN_BACK:]):
            return None
        while True:
            one = self._open.pop()
            made = _made(one) if one.namespace else None
            if made and self._open:
                self._open[-1].children.append(made)
            if one.name == name:
                return None if self._open else made


def _made(one: _Open) -> Extension:
    return Extension(
        namespace=one.namespace,
        name=one.name,
        text="".join(one.pieces)[:MAX_TEXT].strip(),
        attributes=one.attributes,
        children=tuple(one.children),
    )
