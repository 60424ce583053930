"""Twenty hosts of awkward sources on 127.0.0.1 … 127.0.0.20, in simulated time. Whatever is asked is written down.

A `Site` is one source's far end, a `Reply` one answer together with the truth about it, so that whoever judges the
record afterwards needs none of feedmill's own reading of headers and documents.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import format_datetime

import brotli
from msgspec import Struct

from feeds.records import replace

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ABSURD = timedelta(days=4000)
BOMB = gzip.compress(bytes(12_000_000))
PAGE = b"<!doctype html><html><head><title>Please log in</title></head><body>Log in to go on.</body></html>"
Validators = tuple[str, str]  # ETag, Last-Modified; "" where there is none
NONE: Validators = ("", "")


class Reply(Struct, frozen=True, kw_only=True):
    """One answer, and the truth about it."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    ending: str = "length"  # or chunked, close; cut: less than promised; short: more than promised
    validators: Validators = NONE
    articles: frozenset[str] = frozenset()
    is_readable: bool = False  # a feed, whole
    stay_away: timedelta = timedelta(0)  # what it asks for, in whatever header


class Asked(Struct, frozen=True, kw_only=True):
    """A request, when it came, and what it got."""

    at: datetime
    site: Site
    host: str
    line: str
    headers: tuple[tuple[str, str], ...]
    together: int  # requests under way at this host, this one included
    reply: Reply

    def header(self, name: str) -> str:
        return ", ".join(value for key, value in self.headers if key.lower() == name)

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]


class Visit(Struct, frozen=True, kw_only=True):
    """A request for a site's document, as its plays see it."""

    site: Site
    number: int  # how often it was asked for before
    now: datetime
    request: dict[str, str]


Play = Callable[[Visit], Reply | None]  # None: the document, as usual
Name = Callable[[int, int], Validators]  # from the document's version and the number of the visit


def both(version: int, _number: int) -> Validators:
    return f'"v{version}"', f"Mon, 02 Nov 2026 08:{version:02}:00 GMT"


@dataclass(kw_only=True, eq=False)
class Site:
    """One source's far end. It has five articles at the start, and one more `every` so often."""

    name: str
    host: str
    start: datetime
    every: timedelta = 6 * HOUR
    names: Name = both
    coding: str = ""
    ending: str = "length"
    query: str = ""
    charset: str = "utf-8"  # really; what is told is always utf-8
    is_rss: bool = False
    is_delta: bool = False  # understands A-IM
    channel: str = ""  # more elements of its RSS channel
    ttl: timedelta = timedelta(0)
    skip_hours: tuple[int, ...] = ()
    skip_days: tuple[int, ...] = ()
    max_age: timedelta | None = None
    expires: timedelta | None = None
    skew: timedelta = timedelta(0)  # of its clock
    has_news_in_304: bool = False  # its 304 carry new validators
    plays: Play = lambda _visit: None
    way: tuple[int, ...] = ()  # statuses of the redirects that lead to the document
    far: str = ""  # the host that the redirects lead to
    is_loop: bool = False
    way_until: datetime | None = None  # from then on the redirects lead elsewhere, with the same end
    visits: int = 0

    @property
    def entry(self) -> str:
        """The path that is configured."""
        return f"/{self.name}/hop0" if self.way else self.end

    @property
    def end(self) -> str:
        return f"/{self.name}/feed{self.query}"

    def version(self, now: datetime) -> int:
        return 5 + (now - self.start) // self.every

    def guids(self, versions: Iterable[int]) -> frozenset[str]:
        return frozenset(f"tag:{self.name},2026:{number}" for number in versions)

    def document(self, versions: Iterable[int]) -> bytes:
        newest_first = sorted(versions, reverse=True)
        if self.is_rss:
            items = "".join(
                f"<item><guid isPermaLink='false'>tag:{self.name},2026:{n}</guid><title>Café {n}</title>"
                f"<pubDate>{format_datetime(self.start + (n - 4) * self.every)}</pubDate></item>"
                for n in newest_first
            )
            sy = "xmlns:sy='http://purl.org/rss/1.0/modules/syndication/'"
            text = f"<rss version='2.0' {sy}><channel><title>{self.name}</title>{self.channel}{items}</channel></rss>"
        else:
            moments = {n: (self.start + (n - 4) * self.every).isoformat() for n in newest_first}
            entries = "".join(
                f"<entry><id>tag:{self.name},2026:{n}</id><title>Café {n}</title><updated>{moment}</updated>"
                f"<content>Text {n}.</content></entry>"
                for n, moment in moments.items()
            )
            text = f"<feed xmlns='http://www.w3.org/2005/Atom'><title>{self.name}</title>{entries}</feed>"
        return text.encode(self.charset)

    def answer(self, target: str, request: dict[str, str], now: datetime) -> Reply:
        """What is answered, dated by this site's own clock and with a cookie that nobody should send back."""
        hop = target.removeprefix(f"/{self.name}/hop")
        reply = self._redirect(int(hop), now) if hop.isdigit() else self._arrived(request, now)
        always = (("Date", http_date(now + self.skew)), ("Set-Cookie", "visitor=17; Path=/"))
        return replace(reply, headers=(*always, *reply.headers))

    def _redirect(self, hop: int, now: datetime) -> Reply:
        last = hop == len(self.way) - 1
        onward = (0 if last else hop + 1) if self.is_loop else hop + 1
        suffix = "-new" if self.way_until and now >= self.way_until else ""
        path = f"{self.end}{suffix}" if last and not self.is_loop else f"/{self.name}/hop{onward}"
        where = f"http://{self.far}:{{port}}" if self.far and last else ""
        return Reply(status=self.way[hop], headers=(("Location", f"{where}{path}"),))

    def _arrived(self, request: dict[str, str], now: datetime) -> Reply:
        visit = Visit(site=self, number=self.visits, now=now, request=request)
        self.visits += 1
        return self.plays(visit) or self.usual(visit)

    def usual(self, visit: Visit) -> Reply:
        """The document as it stands now, or 304 to whoever has it."""
        version = self.version(visit.now)
        names = self.names(version, visit.number)
        reply = Reply(validators=names, is_readable=True, articles=self.guids(range(version)), ending=self.ending)
        if self._is_current(visit.request, version, visit.number):
            news = names if self.has_news_in_304 or visit.number % 2 else NONE
            return self._paced(replace(reply, status=304, validators=news, ending="length"), visit.now)
        body = self.document(range(version))
        headers: tuple[tuple[str, str], ...] = ()
        known = _number(visit.request.get("if-none-match", ""))
        if self.is_delta and visit.request.get("a-im") == "feed" and known:
            reply = replace(reply, status=226)
            headers = (("IM", "feed"),)
            body = self.document(range(known, version))
        kind = "application/rss+xml" if self.is_rss else "application/atom+xml"
        headers += (("Content-Type", f"{kind}; charset=utf-8"),)
        if self.coding:
            headers += (("Content-Encoding", self.coding),)
        return self._paced(replace(reply, headers=headers, body=CODINGS[self.coding](body)), visit.now)

    def _is_current(self, request: dict[str, str], version: int, number: int) -> bool:
        etag, modified = self.names(version, number)
        if etag and self.has_news_in_304:
            return _number(request.get("if-none-match", "")) == version
        if etag:
            return request.get("if-none-match") == etag
        return bool(modified) and request.get("if-modified-since") == modified

    def _paced(self, reply: Reply, now: datetime) -> Reply:
        headers = reply.headers
        if self.max_age is not None:
            headers += (("Cache-Control", f"public, max-age={self.max_age.total_seconds():.0f}"),)
        if self.expires is not None:
            headers += (("Expires", http_date(now + self.skew + self.expires)),)
        wait = max(self.max_age or timedelta(0), self.expires or timedelta(0))
        return replace(reply, headers=headers, stay_away=wait)


def _number(etag: str) -> int:
    """The version that an ETag names."""
    digits = etag.removeprefix("W/").strip('"v').partition(".")[0]
    return int(digits) if digits.isdigit() else 0


def http_date(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)


def _raw_deflate(body: bytes) -> bytes:
    return zlib.compress(body)[2:-4]


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "gzip": gzip.compress,
    "br": brotli.compress,
    "deflate": zlib.compress,
    "Deflate": _raw_deflate,
}


def says(status: int, *, retry_after: timedelta | None = None, as_date: bool = False) -> Play:
    """Nothing but this status."""

    def play(visit: Visit) -> Reply:
        headers: tuple[tuple[str, str], ...] = ()
        if retry_after is not None:
            at = http_date(visit.now + visit.site.skew + retry_after)
            headers = (("Retry-After", at if as_date else f"{retry_after.total_seconds():.0f}"),)
        return Reply(status=status, headers=headers, stay_away=retry_after or timedelta(0))

    return play


def serves(body: bytes, coding: str = "", ending: str = "length") -> Play:
    """200 and something else than a feed, with validators nobody should believe and a max-age that counts."""

    def play(visit: Visit) -> Reply:
        names = (f'"trouble{visit.number}"', "Sun, 01 Nov 2026 00:00:00 GMT")
        headers: tuple[tuple[str, str], ...] = (("Cache-Control", "max-age=10800"), ("Content-Type", "text/html"))
        if coding:
            headers += (("Content-Encoding", coding),)
        return Reply(headers=headers, body=body, ending=ending, validators=names, stay_away=3 * HOUR)

    return play


def breaks_off(ending: str) -> Play:
    """The real document, which ends in its middle."""

    def play(visit: Visit) -> Reply:
        whole = visit.site.usual(replace(visit, request={}))
        body = whole.body[: len(whole.body) // 2] if ending == "close" else whole.body
        headers = (*whole.headers, ("Cache-Control", "max-age=10800"))
        return replace(whole, headers=headers, body=body, ending=ending, is_readable=False, stay_away=3 * HOUR)

    return play


def now_and_then(play: Play, *, every: int = 3, first: int = 1) -> Play:
    return lambda visit: play(visit) if visit.number % every == first else None


def between(play: Play, begin: timedelta, end: timedelta) -> Play:
    return lambda visit: play(visit) if begin <= visit.now - visit.site.start < end else None
