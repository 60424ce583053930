"""A published file as the answer to a request: which representation of it, how much of that, and with which headers."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from pathlib import Path

from feeds.clock import Clock
from feeds.logs import log
from feeds.serving import conditions, deltas, links, ranges
from feeds.serving.answers import Answer, Part, Request, lines, plain
from feeds.serving.deltas import Deltas
from feeds.serving.encodings import IDENTITY, acceptable
from feeds.serving.files import File, Files, Folder, Representation, Unreadable
from feeds.serving.links import Links
from feeds.serving.negotiation import FEED_NAMES, page_path, wants_page
from feeds.serving.restraint import Restraint
from feeds.serving.seldom import Seldom

SECONDS = 300  # for which a cache may answer where nobody knows when the next round is
SHORTEST, LONGEST = 60, 3_600  # where that is known
OF_ARCHIVES = 86_400  # what is in an archive stays; but an article may be withdrawn
# Copies of what others wrote: search engines are to find the originals. Pages say it themselves.
_COPIES = ("X-Robots-Tag", "noindex")
_ARCHIVE = re.compile(r"(?:^|/)archive/[0-9]+/")
# What our pages say themselves, and what only a header can: no other site may frame them.
_PAGE_HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; img-src http: https: data:; media-src http: https:; style-src 'self'; font-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
)


class Published:
    """Answers for the tree in `folder()`."""

    def __init__(
        self,
        folder: Callable[[], Path],
        *,
        links: Callable[[], Links],
        fresh_until: Callable[[], datetime | None],
        client: Callable[[Request], str],
        clock: Clock,
        is_private: bool = False,
    ) -> None:
        self._kind = "private, " if is_private else ""  # of caches that may keep it: else all of them
        self._folder = folder
        self._links = links
        self._fresh_until = fresh_until
        self._client = client
        self._clock = clock
        self._files = Files()
        self._deltas = Deltas()
        self._restraint = Restraint(clock)
        self._troubles = Seldom(1)

    def answer(self, request: Request) -> Answer:
        path = request.raw_path
        match self._files.find(self._folder(), path):
            case File() as file if file.name in FEED_NAMES:
                return self._feed(request, file)
            case File() as file:
                return self._file(request, file)
            case Folder():
                return _with_slash(request)
            case Unreadable() as trouble:
                return self._later(trouble)
            case None if not path:
                return _with_slash(request)
            case None:
                return plain(HTTPStatus.NOT_FOUND, "there is nothing at this address")

    def _later(self, trouble: Unreadable) -> Answer:
        if self._troubles.may_tell(self._clock.monotonic()):
            untold = self._troubles.untold()
            log.error("published file cannot be read", path=trouble.path, problem=trouble.problem, **untold)
        text = "this cannot be read just now; try again soon"
        return plain(HTTPStatus.SERVICE_UNAVAILABLE, text, ("Retry-After", "30"))

    def _feed(self, request: Request, feed: File) -> Answer:
        """The feed; to a person's browser the page that tells what to do with it, where there is one."""
        if wants_page(request.header(b"accept")):
            page = self._files.find(self._folder(), page_path(request.raw_path))
            # A feed reader that says it is a browser is known by the feed that it has already.
            named = conditions.tags(request.header(b"if-none-match"))
            is_known = any(each.etag in named for each in feed.representations.values())
            if isinstance(page, File) and not is_known:
                return self._file(request, page, varies_by="Accept")
        return self._file(request, feed, varies_by="Accept")

    def _file(self, request: Request, file: File, *, varies_by: str = "") -> Answer:
        offered = self._offered(request, file)
        if not offered:
            return plain(HTTPStatus.NOT_ACCEPTABLE, "this is to be had as it is, with gzip or with brotli")
        if _has_failed(request, file):
            return plain(HTTPStatus.PRECONDITION_FAILED, "this is not what you have in mind any more, or not yet")
        known = _known(request, file, offered)
        if known is not None:
            return Answer(
                status=HTTPStatus.NOT_MODIFIED,
                headers=self._freshness(file),
                lines=_head(file, known, varies_by, None),
            )
        chosen = offered[0]
        if varies_by and file.name in deltas.NAMES and (delta := self._delta(request, file, offered)):
            return delta
        try:
            asked = _range(request, file)
        except ValueError:
            size = ("Content-Range", f"bytes */{file.size}")
            return plain(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, f"the file has {file.size} bytes", size)
        if file.name in FEED_NAMES and (refusal := self._refusal(request, file, asked)):
            return refusal
        headers = _head(file, chosen, varies_by, self._links() if file.name in FEED_NAMES else Links())
        if asked:
            return _part(file, *asked, self._freshness(file), headers)
        return _whole(file, chosen, self._freshness(file), headers)

    def _offered(self, request: Request, file: File) -> list[Representation]:
        """What the client would take, what it likes best first."""
        wish = request.header(b"accept-encoding") if b"accept-encoding" in request.fields else None
        there = file.representations
        if wish is None or b"range" in request.fields:  # parts are of the bare bytes
            return [file.bare]
        return [there[coding] for coding in acceptable(wish) if coding in there]

    def _freshness(self, file: File) -> tuple[tuple[str, str], ...]:
        return (("Cache-Control", f"{self._kind}max-age={self._max_age(file)}"),)

    def _max_age(self, file: File) -> int:
        """Seconds until the file may be another one."""
        if "archive/" in file.address and _ARCHIVE.search(file.address):
            return OF_ARCHIVES
        until = self._fresh_until()
        if until is None:
            return SECONDS
        return max(SHORTEST, min(LONGEST, int((until - self._clock.now()).total_seconds())))

    def _delta(self, request: Request, file: File, offered: list[Representation]) -> Answer | None:
        """The newer entries alone, where the client takes that and tells what it has."""
        if file.is_large:
            return None
        self._deltas.remember(file.name, file.etag, file.content)
        if not deltas.is_wanted(request.header(b"a-im")):
            return None
        known = conditions.tags(request.header(b"if-none-match"))
        found = self._deltas.since(file.name, known, file.etag, file.content, [each.coding for each in offered])
        if found is None or len(found[1]) >= len(offered[0].content):
            return None
        coding, body = found
        headers = (
            ("Content-Type", file.media_type),
            ("Content-Encoding", "" if coding == IDENTITY else coding),
            ("ETag", file.representations[coding].etag),  # of the whole, which the client has then
            ("IM", "feed"),
            # Only a cache that knows of parts may keep one (RFC 3229, section 10.8).
            ("Cache-Control", f"{self._kind}no-store, im, max-age={self._max_age(file)}"),
            ("Vary", "Accept, Accept-Encoding, A-IM, If-None-Match"),
            ("Link", links.header(self._links(), file.address)),
            _COPIES,
        )
        return Answer(status=HTTPStatus.IM_USED, lines=lines(*headers), body=body)

    def _refusal(self, request: Request, file: File, asked: tuple[int, int] | None) -> Answer | None:
        """To who asks again and again, without a word of what was told him; a part of the feed counts as a part."""
        if request.method != "GET" or _is_conditional(request) or not (client := self._client(request)):
            return None
        share = (asked[1] - asked[0] + 1) / file.size if asked else 1.0
        seconds = self._restraint.seconds_to_wait(client, file.address, file.etag, share)
        if not seconds:
            return None
        text = "you have this feed, unchanged, many times over; send its ETag back in If-None-Match"
        return plain(HTTPStatus.TOO_MANY_REQUESTS, text, ("Retry-After", str(seconds)))


def _range(request: Request, file: File) -> tuple[int, int] | None:
    """The part that is asked for; None for the whole. Raises ValueError where no byte of it exists."""
    if request.method != "GET" or b"range" not in request.fields:
        return None
    if_range = request.header(b"if-range")
    is_same = conditions.is_same(if_range, etag=file.etag, last_modified=file.last_modified)
    return ranges.part(request.header(b"range"), file.size) if is_same or b"if-range" not in request.fields else None


def _part(file: File, first: int, last: int, freshness: tuple[tuple[str, str], ...], headers: bytes) -> Answer:
    return Answer(
        status=HTTPStatus.PARTIAL_CONTENT,
        headers=(*freshness, ("Content-Range", f"bytes {first}-{last}/{file.size}")),
        lines=headers,
        body=file.content[first : last + 1],
        part=_part_of(file, first, last - first + 1),
    )


def _with_slash(request: Request) -> Answer:
    # Relative, for only a proxy may know what stands before it.
    name = f"{request.scope.get('root_path', '')}{request.raw_path}".rpartition("/")[2]
    address = f"./{name}/{'?' if request.query else ''}{request.query}"
    return plain(HTTPStatus.MOVED_PERMANENTLY, "a folder's address ends in a slash", ("Location", address))


def _whole(file: File, chosen: Representation, freshness: tuple[tuple[str, str], ...], headers: bytes) -> Answer:
    return Answer(headers=freshness, lines=headers, body=chosen.content, part=_part_of(file, 0, file.size))


def _part_of(file: File, first: int, length: int) -> Part | None:
    if not file.is_large:
        return None
    return Part(path=file.path, modified_ns=file.modified_ns, first=first, length=length)


def _known(request: Request, file: File, offered: list[Representation]) -> Representation | None:
    """What the client has already, and may go on using."""
    if wish := request.header(b"if-none-match"):
        named = conditions.tags(wish)
        if conditions.ANY in named:
            return offered[0]
        return next((each for each in offered if each.etag in named), None)
    since = request.header(b"if-modified-since")
    return offered[0] if since and conditions.is_since(since, file.modified_at) else None


def _has_failed(request: Request, file: File) -> bool:
    fields = request.fields
    if b"if-match" not in fields and b"if-unmodified-since" not in fields:  # nearly always
        return False
    return conditions.has_failed(
        request.header(b"if-match") if b"if-match" in fields else None,
        request.header(b"if-unmodified-since"),
        etags=[each.etag for each in file.representations.values()],
        modified_at=file.modified_at,
    )


def _is_conditional(request: Request) -> bool:
    known, since = request.header(b"if-none-match"), request.header(b"if-modified-since")
    return conditions.says_something(if_none_match=known, if_modified_since=since)


def _head(file: File, chosen: Representation, varies_by: str, named: Links | None) -> bytes:
    """The headers that move only with the file, made once; without links those of a 304, which are fewer."""
    key = (chosen.coding, varies_by, named)
    if key not in file.heads:
        file.heads[key] = lines(*_headers(file, chosen, varies_by, named))
    return file.heads[key]


def _headers(file: File, chosen: Representation, varies_by: str, named: Links | None) -> tuple[tuple[str, str], ...]:
    encoded = "Accept-Encoding" if len(file.representations) > 1 else ""
    always = (
        ("ETag", chosen.etag),
        ("Last-Modified", file.last_modified),
        ("Vary", ", ".join(filter(None, (varies_by, encoded)))),
        *(_PAGE_HEADERS if file.media_type.startswith("text/html") else ()),
    )
    if named is None:
        return always
    return (
        *always,
        ("Content-Type", file.media_type),
        ("Content-Encoding", "" if chosen.coding == IDENTITY else chosen.coding),
        ("Accept-Ranges", "bytes"),
        ("Link", links.header(named, file.address)),
        *((_COPIES,) if file.name in FEED_NAMES else ()),
    )
