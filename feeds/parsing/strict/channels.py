"""What documents say of themselves: RSS's channel, Atom's feed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from feeds.parsing.strict.entries import read_contributor
from feeds.parsing.strict.found import Found, plain_attributes
from feeds.parsing.strict.modules import DUBLIN_CORE, Handler, ignore_text, read_podcast_image
from feeds.parsing.strict.names import (
    ADMIN,
    ATOM,
    DC,
    FEEDBURNER,
    ITUNES,
    LICENSE,
    MEDIA,
    PODCAST,
    RDF,
    RSS090,
    RSS1,
    SY,
    UnsureError,
)
from feeds.parsing.strict.reader import Reader
from feeds.parsing.strict.texts import leaf, resolved
from feeds.records import Entry

MAX_ENTRIES = 2_000  # of more, feedparser says how many there are

EntryReader = Callable[[Reader, Any, str, str], Entry]


class Channel(Found):
    """What has been read so far of a document's own words, with its entries."""

    __slots__ = ("entries", "has_times", "hub", "pace")

    def __init__(self, reader: Reader, base: str, language: str) -> None:
        super().__init__(reader, base, language, is_entry=False)
        self.entries: list[Entry] = []
        self.hub: str | None = None
        self.has_times = False
        self.pace: dict[str, str] = {}  # ttl and sy:, under feedparser's names

    def read(self, element: Any, handlers: dict[str, Handler], entry_tags: tuple[str, ...], read: EntryReader) -> None:
        """All that stands in `element`, in its order."""
        for child in element:
            tag = child.tag
            if tag in entry_tags:
                self.read_entry(child, read)
            elif handler := handlers.get(tag):
                handler(self, child)
            elif tag.startswith(PODCAST):
                _pass_over_podcast(child)
            else:
                self.pass_over(child)

    def read_entry(self, element: Any, read: EntryReader) -> None:
        if len(self.entries) >= MAX_ENTRIES:
            raise UnsureError("very many entries")
        self.entries.append(read(self.reader, element, self.base, self.scope_language))

    def read_title(self, element: Any) -> None:
        if self.has_title:  # which of them stands depends on pictures and entries between them
            raise UnsureError("two titles of a source")
        self.title = self.detail(element)
        self.has_title = True

    def read_atom_link(self, element: Any) -> None:
        super().read_atom_link(element)
        if self.hub is None and element.get("rel", "").lower() == "hub":
            self.hub = self.links[-1].href if self.links and self.links[-1].rel == "hub" else ""


def _pass_over_podcast(element: Any) -> None:
    for one in element.iter():
        name = one.tag.rpartition("}")[2]
        if not one.tag.startswith(PODCAST) or not name.isascii() or name.endswith("detail"):
            raise UnsureError(f"{one.tag} of a podcast")
        plain_attributes(one)


def _read_picture(found: Found, element: Any) -> None:
    """RSS's <image>, of which only the address is ever read."""
    if element.keys():
        raise UnsureError("a picture with attributes")
    for child in element:
        name = child.tag.rpartition("}")[2]
        if child.tag not in _IN_PICTURES or child.keys():
            raise UnsureError(f"{child.tag} in a picture")
        if name == "url":
            leaf(child)
            found.picture = resolved(found.base, child.text).strip()
        leaf(child)


_IN_PICTURES = {
    f"{namespace}{name}"
    for namespace in ("", RSS1, RSS090)
    for name in ("url", "title", "link", "width", "height", "description")
}


def pass_over_rdf_picture(_found: Found, element: Any) -> None:
    """RSS 1.0's, beside the channel, of which feedparser keeps nothing."""
    if element.keys() not in ([], [f"{RDF}about"]):
        raise UnsureError("a picture with unknown attributes")
    for child in element:
        if child.tag not in _IN_PICTURES or child.keys():
            raise UnsureError(f"{child.tag} in a picture")
        leaf(child)


def _pass_over_reference(_found: Found, element: Any) -> None:
    """An element that only points to something by rdf:resource."""
    if element.keys() != [f"{RDF}resource"] or leaf(element).strip():
        raise UnsureError(f"{element.tag} that does not refer")


def _pass_over_items(_found: Found, element: Any) -> None:
    """RSS 1.0's list of its items."""
    for one in element.iter():
        if one.tag not in (f"{RSS1}items", f"{RDF}Seq", f"{RDF}li") or (
            one.keys() and (one.tag != f"{RDF}li" or one.keys() not in (["resource"], [f"{RDF}resource"]))
        ):
            raise UnsureError(f"{one.tag} among items")


def _note_times(found: Found, element: Any) -> None:
    """RSS's skipHours and skipDays, which are read elsewhere."""
    found.has_times = True  # type: ignore[attr-defined]
    plain_attributes(element)
    for child in element:
        if child.tag not in ("hour", "day") or child.keys():
            raise UnsureError(f"{child.tag} among times")
        leaf(child)


def _pass_over_labels(_found: Found, element: Any) -> None:
    """A podcast's categories: of a document's labels nothing is read."""
    for one in element.iter():
        if one.tag not in _CATEGORIES:
            raise UnsureError(f"{one.tag} in a category")
        plain_attributes(one)


_CATEGORIES = {f"{namespace}category" for namespace in ITUNES}


def _pass_over_owner(_found: Found, element: Any) -> None:
    plain_attributes(element)
    for child in element:
        if child.tag not in _OWNERS:
            raise UnsureError(f"{child.tag} in an owner")
        plain_attributes(child)
        leaf(child)


_OWNERS = {f"{namespace}{name}" for namespace in ITUNES for name in ("name", "email")}


def _paced(key: str) -> Handler:
    def read(found: Found, element: Any) -> None:
        found.pace[key] = found.bare(element)  # type: ignore[attr-defined]

    return read


def _read_contributor(found: Found, element: Any) -> None:
    if any(child.tag == f"{ATOM}uri" for child in element):
        raise UnsureError("a contributor's address, which feedparser might take for the document's")
    read_contributor(found, element)


def _ignored(namespace: str, *names: str) -> dict[str, Handler]:
    return dict.fromkeys((f"{namespace}{name}" for name in names), ignore_text)


def _read_link(found: Found, element: Any) -> None:
    found.read_link(element)


def _read_title(found: Found, element: Any) -> None:
    found.read_title(element)


def _read_atom_link(found: Found, element: Any) -> None:
    found.read_atom_link(element)


_SHARED: dict[str, Handler] = {
    **DUBLIN_CORE,
    f"{DC}title": _read_title,
    f"{DC}subject": ignore_text,
    f"{DC}description": ignore_text,
    f"{SY}updatePeriod": _paced("sy_updateperiod"),
    f"{SY}updateFrequency": _paced("sy_updatefrequency"),
    f"{SY}updateBase": ignore_text,
    f"{ADMIN}generatorAgent": _pass_over_reference,
    f"{ADMIN}errorReportsTo": _pass_over_reference,
    f"{LICENSE}license": ignore_text,
    f"{ATOM}link": _read_atom_link,
    f"{ATOM}author": Found.read_author,
    **_ignored(FEEDBURNER, "info", "emailServiceId", "feedburnerHostname", "browserFriendly"),
}
for _namespace in ITUNES:
    _SHARED |= {
        f"{_namespace}author": Found.read_author,
        f"{_namespace}image": read_podcast_image,
        f"{_namespace}category": _pass_over_labels,
        f"{_namespace}owner": _pass_over_owner,
        **_ignored(_namespace, "summary", "subtitle", "keywords", "explicit", "type", "new-feed-url", "complete"),
        **_ignored(_namespace, "block", "title"),
    }
for _namespace in MEDIA:
    _SHARED |= _ignored(_namespace, "copyright", "rating", "credit", "description", "keywords", "category")


def _of_rss(namespace: str) -> dict[str, Handler]:
    return {
        f"{namespace}title": _read_title,
        f"{namespace}link": _read_link,
        f"{namespace}description": ignore_text,
    }


RSS: dict[str, Handler] = {
    **_SHARED,
    **_of_rss(""),
    "language": Found.read_language,
    "copyright": Found.read_rights,
    "managingEditor": Found.read_author,
    "lastBuildDate": Found.read_updated,
    "pubDate": Found.read_published,
    "ttl": _paced("ttl"),
    "image": _read_picture,
    "skipHours": _note_times,
    "skipDays": _note_times,
    **_ignored("", "webMaster", "category", "generator", "docs", "cloud", "rating"),
}
RDF_CHANNEL: dict[str, Handler] = {
    **_SHARED,
    **_of_rss(RSS1),
    **_of_rss(RSS090),
    f"{RSS1}items": _pass_over_items,
    f"{RSS1}image": _pass_over_reference,
    f"{RSS1}textinput": _pass_over_reference,
}
RDF_ROOT: dict[str, Handler] = {f"{RSS1}image": pass_over_rdf_picture, f"{RSS090}image": pass_over_rdf_picture}
ATOM_FEED: dict[str, Handler] = {
    **_SHARED,
    f"{ATOM}id": Found.read_guid,
    f"{ATOM}title": _read_title,
    f"{ATOM}updated": Found.read_updated,
    f"{ATOM}published": Found.read_published,
    f"{ATOM}rights": Found.read_rights,
    f"{ATOM}icon": Found.read_icon,
    f"{ATOM}logo": Found.read_logo,
    f"{ATOM}contributor": _read_contributor,
    **_ignored(ATOM, "subtitle", "category", "generator"),
}
