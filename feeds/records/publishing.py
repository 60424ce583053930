"""What we publish."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec import Struct

from feeds.records.articles import Article
from feeds.records.base import Discreet

TAG_YEAR = 2026  # of our tag: URIs (RFC 4151): a constant, or ids would move with the year


class Private(Discreet, frozen=True, kw_only=True):
    """How a category is kept from the public: by an address that nobody guesses, or by a user and a password."""

    hidden = ("path", "user", "password")

    path: str = ""
    user: str = ""
    password: str = ""


class Category(Struct, frozen=True, kw_only=True):
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


class Deleted(Struct, frozen=True, kw_only=True):
    """An article that was published and withdrawn (RFC 6721)."""

    atom_id: str
    when: datetime


class Feed(Struct, frozen=True, kw_only=True):
    """What we publish at one address: everything, or one category."""

    id: str
    title: str
    folder_url: str  # absolute, ends in "/": where its documents lie
    site_title: str
    site_url: str
    page_url: str = ""  # where people read it, if not in its folder
    language: str = ""
    articles: tuple[Article, ...] = ()  # newest first
    number: int = 0  # of an archive document (RFC 5005, section 4); 0: this is the subscription document
    previous: int = 0  # the number of the archive document before this one; 0: there is none
    deleted: tuple[Deleted, ...] = ()  # articles that were withdrawn, the latest first
    hub: str = ""  # that tells its subscribers of what is new (WebSub); "" where there is none
    is_private: bool = False


class Publication(Struct, frozen=True, kw_only=True):
    """One published file."""

    path: str
    etag: str
    changed: bool
