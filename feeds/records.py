"""The words every room may use: what a source gave us, what we made of it, what we publish.

All records are frozen; sequences are tuples; every datetime is aware and in UTC. The type says how far the
data has come: `Fetched` bytes, a parsed `Document` of `Entry`s, a stored `Article`, a published `Feed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """The moments at which a source is to be read, as cron would have them."""

    expression: str  # minute, hour, day of month, month, day of week
    timezone: tzinfo


# How a source's dates are taken: as they are unless they contradict what we see, as they are, not at all, or so much
# later (earlier, where it is negative).
Dates: TypeAlias = Literal["auto", "believe", "first-seen"] | timedelta
# What becomes of an entry with a date that lies ahead: its first sight is its date, it waits, or it is left out.
Future: TypeAlias = Literal["clamp", "hold", "drop"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptDocuments:
    """Which documents of a source are kept as it sent them: the latest few, and none that is larger."""

    keep: int = 3
    max_size: int = 2_000_000  # bytes, as it was read


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One configured place we read. The config file is its authority."""

    name: str
    kind: str  # which of FETCHERS reads it: "http", "folder", or "opml": a list of sources on the web
    url: str = ""  # http(s) address without its user and password
    path: str = ""  # absolute file, folder or glob
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Validators:
    """ETag and Last-Modified as received: opaque, sent back byte for byte (RFC 9110, section 8.8)."""

    etag: str = ""
    last_modified: str = ""

    def __bool__(self) -> bool:
        return bool(self.etag or self.last_modified)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """How often a source moves and wants to be asked, as its documents tell."""

    every: timedelta | None = None  # its ttl, or sy:updatePeriod over sy:updateFrequency
    skip_hours: tuple[int, ...] = ()  # of the day, in GMT
    skip_days: tuple[int, ...] = ()  # of the week, Monday is 0
    gap: timedelta | None = None  # between its latest entries, usually


# active: asked when due. parked: not there for so long that only a person brings it back. gone: it said so (410).
Standing: TypeAlias = Literal["active", "parked", "gone"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceState:
    """What we learned of a source. The database is its authority."""

    name: str
    standing: Standing = "active"
    validators: Validators = Validators()
    body_digest: str = ""  # of the last body that was read and stored
    stamps: Mapping[str, str] = field(default_factory=dict)  # of a folder's files already stored: path → stamp
    rhythm: Rhythm = Rhythm()
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Dating:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """The bytes of one document as received, with what their carrier said about them."""

    content: bytes
    url: str = ""  # the address that served it, after redirects; empty for a file
    path: str = ""  # a file's path, relative to its source's folder
    media_type: str = ""
    charset: str = ""
    stamp: str = ""  # a file's size and times: equal stamps mean an unchanged file
    is_delimited: bool = True  # its end was marked: it cannot have broken off unnoticed
    hub: str = ""  # of WebSub, and the address that this is kept at, as its carrier's Link headers say
    self_url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """How long an origin asks us to stay away, as its answer said."""

    max_age: timedelta | None = None  # Cache-Control: max-age, else Expires
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """New bytes. A folder gives a body for each new or changed file, HTTP exactly one."""

    bodies: tuple[Body, ...]
    files: frozenset[str] = frozenset()  # all that a folder holds, new or not
    validators: Validators = Validators()
    moved_to: str = ""  # where permanent redirects led, up to the first temporary one
    pacing: Pacing = Pacing()
    seconds: float = 0.0
    problems: tuple[str, ...] = ()  # files that could not be read, in words
    is_pushed: bool = False  # nobody asked for it: its hub sent it


@dataclass(frozen=True, slots=True, kw_only=True)
class NotModified:
    """Nothing new since last time."""

    validators: Validators = Validators()  # those of a 304 replace the stored ones, one by one
    moved_to: str = ""
    pacing: Pacing = Pacing()
    seconds: float = 0.0


# dns, not-found: nobody is there. gone: it says so itself (410). throttled: we ask too often (429). refused: we may
# not (401, 403). Everything else may pass by itself.
FailureKind: TypeAlias = Literal["dns", "not-found", "gone", "throttled", "refused", "other"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchFailed:
    """No usable answer. `problem` says what was seen and what would help."""

    problem: str
    kind: FailureKind = "other"
    host: str = ""  # that said so, where redirects led to another than was asked
    pacing: Pacing = Pacing()
    seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Postponed:
    """No answer: its host told us, in this very round, that we ask too often, or the round was broken off."""

    was_asked: bool = False  # and the answer not waited for
    is_over: bool = False  # the round was broken off
    seconds: float = 0.0


Answered: TypeAlias = Fetched | NotModified | FetchFailed
FetchResult: TypeAlias = Answered | Postponed


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a new document of a source taught, beside its entries."""

    rhythm: Rhythm | None = None
    body_digest: str = ""
    is_same: bool = True  # it has entries that we know: this is still the same feed
    has_new: bool = False
    problem: str = ""  # what was wrong with it and did not keep it from being read


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A piece of theirs: markup or plain text, unsafe as it came."""

    value: str = ""
    is_html: bool = True
    base_url: str = ""  # its xml:base
    language: str = ""  # its xml:lang

    def __bool__(self) -> bool:
        return bool(self.value.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    name: str = ""
    email: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A label of the source's own (its <category>)."""

    term: str
    scheme: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    href: str
    rel: str = "alternate"
    media_type: str = ""
    length: int | None = None
    language: str = ""  # hreflang
    title: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    url: str
    media_type: str = ""
    length: int | None = None  # bytes, as the source said


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """An element of a namespace beside the format's own, which passes through: a podcast's, or that of its media."""

    namespace: str  # its usual prefix: "itunes", "podcast" or "media"
    name: str
    text: str = ""
    attributes: tuple[tuple[str, str], ...] = ()
    children: tuple[Extension, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RawOrigin:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A source as another program's list names it."""

    url: str
    title: str = ""
    site_url: str = ""
    categories: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Another source's article that tells the same story, and is not shown."""

    source: str
    title: str  # of the source, as it calls itself
    url: str
    categories: tuple[str, ...] = ()


DateFrom: TypeAlias = Literal["published", "updated", "url", "first-seen"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
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
    held_at: datetime | None = None  # by the flood guard: it stands on no shelf until it is released
    bands: tuple[int, ...] = ()  # of its text: keys of which others that tell the same have one as well
    copies: tuple[Copy, ...] = ()  # on the shelf that it is published from
    decoded: str = ""  # how the bytes of its document became text, in words
    revised_at: datetime | None = None  # as the store has it
    date_note: str = ""  # why `published` is not what its source said

    @property
    def is_waiting(self) -> bool:
        """Whether it is held because its date lies ahead, and only until then."""
        return self.held_at is not None and self.published > self.held_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the store holds of an article, as far as an entry must be compared with it."""

    guid: str  # that it is stored under; the entry's own may be another one, see `Alias`
    url: str
    title: str
    raw_digest: str
    path: str = ""
    is_gone: bool = False  # it was purged, or withdrawn: it is not to come back
    is_withdrawn: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias:
    """Another guid under which the entry of a stored article came back."""

    guid: str
    of: str  # the guid that the article is stored under
    reason: str  # what told that it is the same, in words
    is_readdressed: bool = False  # besides its addresses, nothing in it that a reader would notice moved


RefreshStatus: TypeAlias = Literal["fetched", "unchanged", "failed", "waiting"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refresh:
    """What one source's run did: log, metrics and command line all print this."""

    source: str
    status: RefreshStatus
    new: int = 0
    revised: int = 0
    seconds: float = 0.0  # from the first request to the last row stored
    fetch_seconds: float = 0.0  # of these, until the answer was complete
    size: int = 0  # bytes of the documents that came, after decompression
    problem: str = ""
    next_fetch_at: datetime | None = None
    categories: tuple[str, ...] = ()  # whose feeds it touched


@dataclass(frozen=True, slots=True)
class Tally:
    """What the refreshes of a day came to: those of one source, or of many."""

    day: date
    fetched: int = 0
    unchanged: int = 0
    failed: int = 0
    new: int = 0  # articles
    seconds: float = 0.0  # that the answers took which did not fail, all together

    @property
    def asked(self) -> int:
        return self.fetched + self.unchanged + self.failed

    @property
    def latency(self) -> float | None:
        """Seconds that an answer took, on average; None where there was none."""
        answered = self.fetched + self.unchanged
        return self.seconds / answered if answered else None

    def __add__(self, other: Tally) -> Tally:
        return self._with(other, 1)

    def __sub__(self, other: Tally) -> Tally:
        return self._with(other, -1)

    def _with(self, other: Tally, sign: int) -> Tally:
        return Tally(
            self.day,
            self.fetched + sign * other.fetched,
            self.unchanged + sign * other.unchanged,
            self.failed + sign * other.failed,
            self.new + sign * other.new,
            self.seconds + sign * other.seconds,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """How the daemon is: the server, the service manager and `feedmill status` tell this."""

    started_at: datetime
    last_tick_at: datetime | None = None
    is_ready: bool = False  # the store can be written and a first tick was done
    is_alive: bool = True  # every job keeps its deadline
    problems: tuple[str, ...] = ()  # what is wrong now, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """The store in numbers."""

    sources: Mapping[str, int]  # by what they are: active, failing, parked, gone
    due: int  # sources whose time has come
    lag: timedelta  # for how long the first of them has been due
    articles: int
    tombstones: int


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
