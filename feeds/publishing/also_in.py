"""Whom a published file names as copies ("also in"), in each of our formats: pairs of a source's title and an address.

Archive documents name nobody. Other files may name a copy long after its article has left: in the folder of a slug that
has moved, of a category that is published no more, on pages from before `pages: false`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import TypeAlias

import msgspec

from feeds.publishing import markup
from feeds.publishing.cleaning import IN_FEEDS
from feeds.records import Unnamed

Named: TypeAlias = Iterator[tuple[str, str]]  # title and address; "" where it has none

# In Atom an article's own link may look the same, if it has a title and no type.
_LINK = re.compile(rb'<(?:atom:)?link href="([^"]*)" rel="related" title="([^"]*)"/>')
# Nothing else stands as deep in a JSON Feed of ours.
_MEMBER = rb'"(?:[^"\\]|\\.)*"'
_OBJECT = re.compile(rb'\n {12}"title": (%b)(?:,\n {12}"url": (%b))?\n {10}\}' % (_MEMBER, _MEMBER))
_ELEMENT = re.compile(rb'class="copies">(.*?)</(?:li|p)>', re.DOTALL)
_COPY = re.compile(rb'<bdi>(?:<a href="([^"]*)">)?([^<]*)(?:</a>)?</bdi>')


def _in_xml(text: bytes) -> Named:
    return ((_text(title), _text(address)) for address, title in _LINK.findall(text))


def _in_json(text: bytes) -> Named:
    decode = msgspec.json.decode
    return ((decode(title), decode(address) if address else "") for title, address in _OBJECT.findall(text))


def _in_html(text: bytes) -> Named:
    return ((_text(title), _text(address)) for line in _ELEMENT.findall(text) for address, title in _COPY.findall(line))


def _text(escaped: bytes) -> str:
    return unescape(escaped.decode("utf-8", "replace"))


# By how a file's name ends: what stands in all that name a copy, and how to read whom.
_FORMATS: dict[str, tuple[bytes, Callable[[bytes], Named]]] = {
    ".xml": (b' rel="related" title="', _in_xml),
    ".json": (b'"also_in": [', _in_json),
    ".html": (b'class="copies"', _in_html),
}


def mark(suffix: str) -> bytes:
    """What stands in every file of this kind that names a copy."""
    return _FORMATS[suffix][0]


def names(text: bytes, suffix: str, unnamed: Unnamed) -> bool:
    """Whether a file of this kind names one of those that are not to be named."""
    return any(_is_meant(unnamed, title, address) for title, address in _FORMATS[suffix][1](text))


def _is_meant(unnamed: Unnamed, title: str, address: str) -> bool:
    """Of several sources that have an article at one address each is known by its title alone."""
    if not address:
        return _plain(title) in map(_plain, unnamed.titles)
    others = unnamed.addresses.get(address)
    return others is not None and _plain(title) not in map(_plain, others)


def _plain(title: str) -> str:
    """A title as the format that says least of it has it."""
    return markup.short(" ".join(IN_FEEDS.out_of(title).split()), 80)
