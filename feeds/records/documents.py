"""Theirs: what a source said, parsed; partial and unsafe."""

from __future__ import annotations

import re
from datetime import datetime

from msgspec import Struct

from feeds.records.sources import Rhythm


class Seen(Struct, frozen=True, kw_only=True):
    """What a new document of a source taught, beside its entries."""

    rhythm: Rhythm | None = None
    site_url: str = ""
    body_digest: str = ""
    is_same: bool = True  # it has entries that we know: this is still the same feed
    has_new: bool = False
    problem: str = ""  # what was wrong with it and did not keep it from being read


class Text(Struct, frozen=True, kw_only=True):
    """A piece of theirs: markup or plain text, unsafe as it came."""

    value: str = ""
    is_html: bool = True
    base_url: str = ""  # its xml:base
    language: str = ""  # its xml:lang

    def __bool__(self) -> bool:
        return bool(self.value.strip())


class Person(Struct, frozen=True, kw_only=True):
    name: str = ""
    email: str = ""
    url: str = ""


class Tag(Struct, frozen=True, kw_only=True):
    """A label of the source's own (its <category>)."""

    term: str
    scheme: str = ""
    label: str = ""


class Link(Struct, frozen=True, kw_only=True):
    href: str
    rel: str = "alternate"
    media_type: str = ""
    length: int | None = None
    language: str = ""  # hreflang
    title: str = ""


class Enclosure(Struct, frozen=True, kw_only=True):
    url: str
    media_type: str = ""
    length: int | None = None  # bytes, as the source said


class Extension(Struct, frozen=True, kw_only=True):
    """An element of a namespace beside the format's own, which passes through: a podcast's, or that of its media."""

    namespace: str  # its usual prefix: "itunes", "podcast" or "media"
    name: str
    text: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    children: tuple[Extension, ...] = ()


class RawOrigin(Struct, frozen=True, kw_only=True):
    """An `Origin` as it stands in a document: markup and addresses unchecked."""

    guid: str = ""
    title: Text = Text()
    site_url: str = ""
    feed_url: str = ""
    updated: datetime | None = None
    rights: Text = Text()
    icon: str = ""
    language: str = ""
    authors: tuple[Person, ...] = ()
    is_stated: bool = False  # by the entry itself; else it is how its document describes itself


class Entry(Struct, frozen=True, kw_only=True):
    """One element of a document as its source gave it: partial and unsafe, only its dates are read."""

    guid: str = ""
    url: str = ""
    base_url: str = ""  # its xml:base
    document_url: str = ""  # what its addresses are relative to where neither xml:base nor its own address says else
    title: Text = Text()
    summary: Text = Text()
    content: Text = Text()
    authors: tuple[Person, ...] = ()
    tags: tuple[Tag, ...] = ()
    categories: tuple[str, ...] = ()  # front matter's own, which count as ours
    published: datetime | None = None
    updated: datetime | None = None
    url_date: datetime | None = None  # the day its address names, as /2024/05/06/ does
    language: str = ""
    links: tuple[Link, ...] = ()  # other than enclosures
    enclosures: tuple[Enclosure, ...] = ()
    extensions: tuple[Extension, ...] = ()
    image: str = ""
    rights: Text = Text()
    path: str = ""  # the file it stands in, of a folder
    fills_file: bool = False  # and it alone: the path tells it from all others
    origin: RawOrigin | None = None  # the document's description of itself; its own atom:source, where it has one
    raw_digest: str = ""  # moves when anything at all in the entry moves


class Document(Struct, frozen=True, kw_only=True):
    """A source's bytes, parsed."""

    format: str  # the parser that read it, e.g. "rss20", "atom10", "json11", "frontmatter"
    url: str = ""  # the address that served it
    base_url: str = ""
    about: RawOrigin = RawOrigin()  # how the source describes itself
    language: str = ""
    hub: str = ""
    rhythm: Rhythm = Rhythm()
    entries: tuple[Entry, ...] = ()
    is_cut: bool = False  # it breaks off: what follows the entries is unknown
    decoded: str = ""  # how its bytes became text, in words
    problems: tuple[str, ...] = ()  # what was wrong and could be mended or left out, in words


class Subscription(Struct, frozen=True, kw_only=True):
    """A source as another program's list names it."""

    url: str
    name: str = ""  # that it has with us; "" until it has one
    title: str = ""
    site_url: str = ""
    categories: tuple[str, ...] = ()

    @property
    def is_titled_by_address(self) -> bool:
        """Whether its title is an address, as many programs write it, which may hold a password."""
        return re.search(r"://|\S@\S|\?\S*=", self.title) is not None

    @property
    def called(self) -> str:
        """What it may be called before people."""
        return "an address" if not self.title or self.is_titled_by_address else self.title
