"""Ours: what is stored."""

from __future__ import annotations

from collections.abc import Mapping, Set
from datetime import UTC, datetime, timedelta
from typing import Literal, TypeAlias

from msgspec import Struct, field

from feeds.records.documents import Enclosure, Extension, Link, Person, Tag


class Origin(Struct, frozen=True, kw_only=True):
    """The source an article came from, as it describes itself (atom:source, RFC 4287 section 4.2.11)."""

    guid: str = ""
    title: str = ""
    site_url: str = ""
    feed_url: str = ""
    updated: datetime | None = None
    rights: str = ""
    icon: str = ""
    language: str = ""
    authors: tuple[Person, ...] = ()
    is_stated: bool = False  # by the entry itself; else it is how its document describes itself


class Copy(Struct, frozen=True, kw_only=True):
    """Another source's article that tells the same story, and is not shown."""

    source: str
    title: str  # of the source, as it calls itself
    url: str
    categories: tuple[str, ...] = ()


class Unnamed(Struct, frozen=True, kw_only=True):
    """Articles that no published file is to name as copies."""

    addresses: Mapping[str, Set[str]] = field(default_factory=dict)  # each with the titles of others at it
    titles: Set[str] = frozenset()  # of the sources of those that have no address

    def __bool__(self) -> bool:
        return bool(self.addresses or self.titles)


AHEAD = "its source says %Y-%m-%dT%H:%M:%SZ, which had not come yet"  # the note of a date that was clamped

SAME_DATE = timedelta(days=2)  # that the dates of one article may differ by, where it comes again

DateFrom: TypeAlias = Literal["published", "updated", "url", "first-seen"]


class Article(Struct, frozen=True, kw_only=True):
    """An entry made ours: complete, sanitized, dated."""

    source: str
    guid: str  # unique within its source
    url: str = ""  # without trackers
    title: str = ""  # plain text
    summary_html: str = ""  # sanitized
    content_html: str = ""  # sanitized
    authors: tuple[Person, ...] = ()
    tags: tuple[Tag, ...] = ()
    own_categories: tuple[str, ...] = ()  # front matter's own
    categories: tuple[str, ...] = ()
    published: datetime
    updated: datetime
    date_from: DateFrom
    language: str = ""
    links: tuple[Link, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    extensions: tuple[Extension, ...] = ()  # what they say beyond all other fields
    image: str = ""
    rights: str = ""
    origin: Origin = Origin()
    fingerprint: str = ""
    raw_digest: str = ""
    path: str = ""  # the file it came from, of a folder
    atom_id: str = ""  # the id it is published under; kept once stored
    minted_id: str = ""  # a tag: URI of ours for it, should another article hold that id already
    link_key: int = 0  # of its address, to find it by; 0: it has none that is an article's
    title_key: int = 0  # of its title; 0: that says too little
    held_at: datetime | None = None  # it stands on no shelf until it is released, or its date has come
    bands: tuple[int, ...] = ()  # of its text: keys of which others that tell the same have one as well
    copies: tuple[Copy, ...] = ()  # on the shelf that it is published from
    decoded: str = ""  # how the bytes of its document became text, in words
    revised_at: datetime | None = None  # as the store has it
    date_note: str = ""  # why `published` is not what its source said

    @property
    def said(self) -> datetime | None:
        """The date that its source gives it, also where that had not come and `published` is another one; None where it
        gives none, or none that is believed."""
        if self.date_from != "first-seen":
            return self.published
        try:
            return datetime.strptime(self.date_note, AHEAD).replace(tzinfo=UTC)
        except ValueError:  # it was not clamped
            return None

    @property
    def is_waiting(self) -> bool:
        """Whether it is held because its date lies ahead, and only until then."""
        return self.held_at is not None and self.published > self.held_at


def are_of_other_dates(one: datetime | None, other: datetime | None) -> bool:
    """Whether two dates that sources gave can hardly be one article's. Where one is missing, nobody can tell."""
    return one is not None and other is not None and abs(one - other) > SAME_DATE


class Known(Struct, frozen=True, kw_only=True):
    """What the store holds of an article, as far as an entry must be compared with it."""

    guid: str  # that it is stored under; the entry's own may be another one, see `Alias`
    url: str
    title: str
    raw_digest: str
    path: str = ""
    said: datetime | None = None  # the date that its source gave it, where it is gone and that is known
    is_gone: bool = False  # it was purged, or withdrawn: it is not to come back
    is_withdrawn: bool = False


class Alias(Struct, frozen=True, kw_only=True):
    """Another guid under which the entry of a stored article came back."""

    guid: str
    of: str  # the guid that the article is stored under
    reason: str  # what told that it is the same, in words
    is_readdressed: bool = False  # besides its addresses, nothing in it that a reader would notice moved
