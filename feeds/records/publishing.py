"""What we publish."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from feeds.records.articles import Article

TAG_YEAR = 2026  # of our tag: URIs (RFC 4151): a constant, or ids would move with the year


@dataclass(frozen=True, slots=True, kw_only=True)
class Private:
    """How a category is kept from the public: by an address that nobody guesses, or by a user and a password."""

    path: str = field(default="", repr=False)
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A shelf of ours with a feed."""

    name: str
    slug: str = ""
    title: str = ""
    aliases: tuple[str, ...] = ()
    limit: int = 100
    keep: int | None = None  # it holds this many of its newest articles, and none published longer ago than `keep_for`
    keep_for: timedelta | None = None
    private: Private | None = None
    stories: bool = True  # of several articles that tell one story it shows one
    notices: bool = False  # a revised article says so in its feed


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """An article that was published and withdrawn (RFC 6721)."""

    atom_id: str
    when: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """What we publish at one address: everything, or one category."""

    id: str
    title: str
    folder_url: str  # absolute, ends in "/": where its documents lie
    site_title: str
    site_url: str
    language: str = ""
    articles: tuple[Article, ...] = ()  # newest first
    number: int = 0  # of an archive document (RFC 5005, section 4); 0: this is the subscription document
    previous: int = 0  # the number of the archive document before this one; 0: there is none
    deleted: tuple[Deleted, ...] = ()  # articles that were withdrawn, the latest first
    hub: str = ""  # that tells its subscribers of what is new (WebSub); "" where there is none
    is_private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """One published file."""

    path: str
    etag: str
    changed: bool
