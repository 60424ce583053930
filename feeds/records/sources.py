"""What is configured of a source, and what we learned of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from feeds.records.base import Discreet


class Schedule(Struct, frozen=True, kw_only=True):
    """The moments at which a source is to be read, as cron would have them."""

    expression: str  # minute, hour, day of month, month, day of week
    timezone: tzinfo


# How a source's dates are taken: as they are unless they contradict what we see, as they are, not at all, or so much
# later (earlier, where it is negative).
Dates: TypeAlias = Literal["auto", "believe", "first-seen"] | timedelta

# What becomes of an entry with a date that lies ahead: its first sight is its date, it waits, or it is left out.
Future: TypeAlias = Literal["clamp", "hold", "drop"]


class KeptDocuments(Struct, frozen=True, kw_only=True):
    """Which documents of a source are kept as it sent them: the latest few, and none that is larger."""

    keep: int = 3
    max_size: int = 2_000_000  # bytes, as it was read


class Source(Discreet, frozen=True, kw_only=True):
    """One configured place we read. The config file is its authority."""

    hidden = ("headers", "auth", "proxy", "secrets")

    name: str
    kind: str  # which of FETCHERS reads it: "http", "folder", or "opml": a list of sources on the web
    url: str = ""  # http(s) address without its user and password
    path: str = ""  # absolute file, folder or glob
    listed_by: str = ""  # the list of sources that names it; "" where the config itself does
    base_url: str = ""  # what relative links of a file are relative to
    categories: tuple[str, ...] = ()
    timezone: tzinfo = field(default_factory=lambda: ZoneInfo("UTC"))  # for dates that carry no zone
    interval: timedelta = timedelta(hours=1)
    schedule: Schedule | None = None  # it is read at these times only, and never oftener than the interval allows
    max_interval: timedelta = timedelta(hours=24)
    timeout: timedelta = timedelta(seconds=30)  # for the whole refresh of the source, redirects included
    max_size: int = 10_000_000  # bytes after decompression
    keep: int | None = None  # this many of its newest articles are kept, and none published longer ago than `keep_for`
    keep_for: timedelta | None = None
    flood_guard: bool = True  # entries that come back under new ids are known, and floods of old ones are held
    priority: int = 0  # of several sources that tell one story, the one with the highest is shown
    documents: KeptDocuments = KeptDocuments()
    dates: Dates = "auto"
    future: Future = "clamp"
    headers: tuple[tuple[str, str], ...] = ()
    auth: str = ""  # a whole Authorization header
    proxy: str = ""
    user_agent: str = ""
    verify_tls: bool = True
    allow_private_addresses: bool | tuple[str, ...] = False
    secrets: tuple[str, ...] = ()  # strings of the above that no output may show

    @property
    def is_guarded(self) -> bool:
        """Whether it is asked with anything that may be meant for it alone."""
        return bool(self.auth or self.headers or self.secrets)

    @property
    def location(self) -> str:
        """The url or path, as people may see it: without secrets."""
        return self.redact(self.url or self.path)

    def redact(self, text: str) -> str:
        """`text` with every secret of this source replaced by `***`."""
        for secret in self.secrets:
            text = text.replace(secret, "***")
        return text


class Validators(Struct, frozen=True, kw_only=True):
    """ETag and Last-Modified as received: opaque, sent back byte for byte (RFC 9110, section 8.8)."""

    etag: str = ""
    last_modified: str = ""

    def __bool__(self) -> bool:
        return bool(self.etag or self.last_modified)


class Rhythm(Struct, frozen=True, kw_only=True):
    """How often a source moves and wants to be asked, as its documents tell."""

    every: timedelta | None = None  # its ttl, or sy:updatePeriod over sy:updateFrequency
    skip_hours: tuple[int, ...] = ()  # of the day, in GMT
    skip_days: tuple[int, ...] = ()  # of the week, Monday is 0
    gap: timedelta | None = None  # between its latest entries, usually


# active: asked when due. parked: not there for so long that only a person brings it back. gone: it said so (410).
Standing: TypeAlias = Literal["active", "parked", "gone"]


class SourceState(Struct, frozen=True, kw_only=True):
    """What we learned of a source. The database is its authority."""

    name: str
    standing: Standing = "active"
    validators: Validators = Validators()
    body_digest: str = ""  # of the last body that was read and stored
    stamps: Mapping[str, str] = field(default_factory=dict)  # of a folder's files already stored: path → stamp
    rhythm: Rhythm = Rhythm()
    site_url: str = ""  # as its documents give it
    failures: int = 0  # failed refreshes in a row
    problem: str = ""  # the last problem, in words
    slowed: int = 0  # times it told us to ask less often, each a doubling of its interval
    slowed_at: datetime | None = None
    moved_to: str = ""  # where permanent redirects lead
    moved_since: datetime | None = None
    move_is_proven: bool = False  # they held for days and led to the same feed: it is asked there
    attempts: int = 0  # times our process ended while reading it
    last_fetch_at: datetime | None = None
    last_success_at: datetime | None = None
    last_new_at: datetime | None = None
    next_fetch_at: datetime | None = None
    is_pushed: bool = False  # its hub tells us of what is new, as far as we know now


# request: all entries carry the time of the request. moving: they have other dates at each visit. same: all have one
# date, new ones as well. ahead: new ones are dated hours ahead, always as many.
Verdict: TypeAlias = Literal["request", "moving", "same", "ahead"]


class Dating(Struct, frozen=True, kw_only=True):
    """How far the dates of a source can be believed, and what its documents showed. Spans are in seconds."""

    verdict: Verdict | None = None
    since: datetime | None = None  # the verdict's first moment
    ahead: int = 0  # by so much, where that is the verdict
    given: Mapping[str, int] = field(default_factory=dict)  # the dates of a few entries when they were seen last
    moves: int = 0  # documents in a row that gave most of them other dates
    sames: int = 0  # documents in a row in which new entries had the old date of all others
    low: int = 0  # new entries are dated ahead by this much or more,
    high: int = 0  # and by less than this
    entries: int = 0  # that say so
    visits: int = 0  # at which they came
    against: int = 0  # entries in a row that do not
