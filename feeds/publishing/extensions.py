"""What passes through from podcasts and media: as elements in Atom and RSS, as numbers in JSON Feed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from lxml import etree

from feeds.records import Article, Enclosure, Extension

MEDIA = "http://search.yahoo.com/mrss/"
# In the spelling that the most readers know.
NAMESPACES = {
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": MEDIA,
    "podcast": "https://podcastindex.org/namespace/1.0",
}
_CLOCK = re.compile(r"(?:(?:(\d{1,3}):)?(\d{1,4}):)?(\d{1,6})(?:\.\d*)?", re.ASCII)


def in_use(articles: Iterable[Article]) -> dict[str, str]:
    """The namespaces of all that passes through, by prefix."""
    used = {extension.namespace for article in articles for extension in article.extensions}
    return {prefix: uri for prefix, uri in NAMESPACES.items() if prefix in used}


def add(parent: Any, extensions: Iterable[Extension]) -> None:
    for extension in extensions:
        tag = f"{{{NAMESPACES[extension.namespace]}}}{extension.name}"
        element = etree.SubElement(parent, tag, dict(extension.attributes))
        element.text = extension.text or None
        add(element, extension.children)


def addresses(article: Article, name: str) -> frozenset[str]:
    """What the article's media: elements of this name show or play, so that it is not written twice."""
    found = (dict(one.attributes).get("url", "") for one in _all(article.extensions) if _is(one, "media", name))
    return frozenset(filter(None, found))


def seconds(article: Article, enclosure: Enclosure) -> int:
    """How long an enclosure plays, if its media:content or the episode's itunes:duration says so; else 0."""
    for one in _all(article.extensions):
        given = dict(one.attributes)
        if _is(one, "media", "content") and given.get("url") == enclosure.url and "duration" in given:
            return _seconds(given["duration"])
    if not enclosure.media_type.startswith(("audio/", "video/")):
        return 0
    return next((_seconds(one.text) for one in article.extensions if _is(one, "itunes", "duration")), 0)


def _all(extensions: Iterable[Extension]) -> Iterator[Extension]:
    for extension in extensions:
        yield extension
        yield from _all(extension.children)


def _is(one: Extension, namespace: str, name: str) -> bool:
    return (one.namespace, one.name) == (namespace, name)


def _seconds(text: str) -> int:
    """`1:02:03`, `62:03` or `3723`."""
    if not (told := _CLOCK.fullmatch(text.strip())):
        return 0
    hours, minutes, rest = (int(number or 0) for number in told.groups())
    return hours * 3600 + minutes * 60 + rest
