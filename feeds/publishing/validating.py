"""A last look at what is about to be published: a broken document is reported, and the last good one stays.

Well-formed, with the elements that its format requires, each id once, no control characters. Readers forgive much
else, so the checks are few and quick; the tests hold the writers to the formats' whole schemas.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

import msgspec
from lxml import etree

from feeds.errors import OutputError
from feeds.publishing.cleaning import forbidden_in_json

_ATOM = "{http://www.w3.org/2005/Atom}"
_LINK = re.compile(r"https?://", re.IGNORECASE)


def _in_atom(path: str) -> etree.XPath:
    return etree.XPath(path, namespaces={"a": _ATOM[1:-1]})


# All in one go: an archive document has a hundred entries.
_BROKEN_ENTRIES = _in_atom(
    "a:entry[not(a:id and a:title and a:updated and (a:content or a:link[not(@rel) or @rel='alternate']))]"
)
_IDS = _in_atom("a:entry/a:id")
_DATES = _in_atom("a:entry/a:updated")


class _BrokenError(Exception):
    """What is wrong, in words."""


def checked(path: str, write: Callable[[], bytes]) -> bytes:
    """The document that `write` makes for `path`. Raises OutputError where it cannot, or makes a broken one."""
    try:
        document = write()
        if check := CHECKS.get(path.rpartition("/")[2]):
            check(document)
    except OutputError:  # which says itself what is wrong, and with what
        raise
    # Whatever it is, it must not keep other files from being written; it is told, with its cause.
    except Exception as error:
        reason = str(error) if isinstance(error, _BrokenError) else f"{type(error).__name__}: {error}"
        raise OutputError(
            f"{path}: not published, for it would be broken ({reason}); the last good one stays. "
            "This is a fault of feedmill's; please report it"
        ) from error
    return document


def atom(document: bytes) -> None:
    """RFC 4287, sections 4.1.1 and 4.1.2."""
    feed = _root(document, f"{_ATOM}feed")
    _need(feed, (f"{_ATOM}id", f"{_ATOM}title", f"{_ATOM}updated"), "the feed")
    for entry in _BROKEN_ENTRIES(feed):
        name = f"entry {entry.findtext(f'{_ATOM}id', '')!r}"
        _need(entry, (f"{_ATOM}id", f"{_ATOM}title", f"{_ATOM}updated"), name)
        raise _BrokenError(f"{name} has neither content nor an alternate link")
    for updated in _DATES(feed):
        datetime.fromisoformat(updated.text or "")
    _unique(id_.text for id_ in _IDS(feed))


def rss(document: bytes) -> None:
    """RSS 2.0, and the one <enclosure> of the Advisory Board's profile."""
    channel = _root(document, "rss").find("channel")
    if channel is None:
        raise _BrokenError("it has no channel")
    _need(channel, ("title", "link", "description"), "the channel")
    guids = []
    for item in channel.iterchildren("item"):
        guid = item.find("guid")
        if guid is None:
            raise _BrokenError("an item has no guid")
        guids.append(guid.text or "")
        if guid.get("isPermaLink") != "false" and not _LINK.match(guids[-1]):
            raise _BrokenError(f"item {guids[-1]!r} has a guid that is no address and says it is")
        if item.find("title") is None and item.find("description") is None:
            raise _BrokenError(f"item {guids[-1]!r} has neither a title nor a description")
        if len(item.findall("enclosure")) > 1:
            raise _BrokenError(f"item {guids[-1]!r} has more than one enclosure")
    _unique(guids)


class _Author(msgspec.Struct):
    name: str = ""
    url: str = ""


class _Attachment(msgspec.Struct):
    url: str
    mime_type: str
    size_in_bytes: int | None = None


class _Item(msgspec.Struct):
    id: str
    content_html: str
    date_published: datetime
    date_modified: datetime
    title: str = ""
    url: str = ""
    summary: str = ""
    language: str = ""
    authors: tuple[_Author, ...] = ()
    tags: tuple[str, ...] = ()
    attachments: tuple[_Attachment, ...] = ()


class _JSONFeed(msgspec.Struct):
    version: str
    title: str
    home_page_url: str
    feed_url: str
    items: list[_Item]


_READ = msgspec.json.Decoder(_JSONFeed)


def json_feed(document: bytes) -> None:
    """JSON Feed 1.1: the members it requires and the types of those we write."""
    _unique(item.id for item in _READ.decode(document).items)
    if found := forbidden_in_json(document):
        raise _BrokenError(f"it holds the control character {found.decode()}")


def opml(document: bytes) -> None:
    """OPML 2.0: a head, a body, and a text for each outline."""
    root = _root(document, "opml")
    if root.get("version") != "2.0" or root.find("head") is None or root.find("body") is None:
        raise _BrokenError("it has no version, head or body")
    if not all(outline.get("text") for outline in root.iter("outline")):
        raise _BrokenError("an outline has no text")


# By the name of a file; of others, such as pages, nothing is asked.
CHECKS: dict[str, Callable[[bytes], None]] = {
    "atom.xml": atom,
    "rss.xml": rss,
    "feed.json": json_feed,
    "subscriptions.opml": opml,
    "feeds.opml": opml,
}


def _root(document: bytes, name: str) -> Any:
    root = etree.fromstring(document, etree.XMLParser(huge_tree=True, resolve_entities=False))
    if root.tag != name:
        raise _BrokenError(f"it is a <{root.tag}>")
    return root


def _need(parent: Any, names: Iterable[str], who: str) -> None:
    for name in names:
        if parent.find(name) is None:
            raise _BrokenError(f"{who} has no {etree.QName(name).localname}")


def _unique(ids: Iterable[str | None]) -> None:
    seen: set[str | None] = set()
    for one in ids:
        if not one or one in seen:
            raise _BrokenError(f"the id {one!r} stands twice" if one else "an id is empty")
        seen.add(one)
