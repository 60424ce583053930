"""An HTTP answer read: what it means for the source. Pure."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

from msgspec import Struct

from feeds.errors import SourceError
from feeds.fetching.compression import decompress
from feeds.records import Answered, Body, FailureKind, Fetched, FetchFailed, NotModified, Pacing, Validators

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_NUMBER = re.compile(r"[0-9]+\Z")
_MAX_AGE = re.compile(r"(?:\A|[\s,])max-age\s*=\s*\"?([0-9]{1,18})", re.IGNORECASE)
_CHARSET = re.compile(r"charset\s*=\s*[\"']?([^\s\"';]{1,60})", re.IGNORECASE)
_LINK = re.compile(r"<([^<>]{1,2000})>((?:\s*+;[^<>,\";]*+(?:\"[^\"]*+\")?)*+)")
_RELATION = re.compile(r";\s*rel\s*=\s*(?:\"([^\"]*)\"|([^\s\",;]+))", re.IGNORECASE)
_CENTURY = timedelta(days=36_500)


class Answer(Struct, frozen=True, kw_only=True):
    """What came back over HTTP; header names in lower case, values byte for byte (as latin-1)."""

    url: str
    status: int
    is_framed: bool = False  # HTTP/2 and later end a body by a mark of their own
    headers: tuple[tuple[str, str], ...] = ()
    content: bytes = b""
    moved_to: str = ""  # where permanent redirects led, up to the first temporary one

    def header(self, name: str) -> str:
        """The value of the last header of that name, or ""."""
        for key, value in reversed(self.headers):
            if key == name:
                return value
        return ""

    @property
    def is_delimited(self) -> bool:
        """Whether the end of the body was marked, so that a broken connection could not pass for it."""
        return bool(self.is_framed or self.header("content-length") or self.header("transfer-encoding"))

    @property
    def location(self) -> str:
        """Where a redirect leads; "" for any other answer."""
        return self.header("location") if self.status in _REDIRECTS else ""


def read_answer(answer: Answer, *, has_validators: bool, max_size: int, now: datetime) -> Answered:
    """What an answer that is no redirect means. `max_size` is the cap after decompression."""
    pacing = read_pacing(answer, now)
    validators = Validators(etag=answer.header("etag"), last_modified=answer.header("last-modified"))
    if answer.status in {200, 203, 226}:
        media_type = answer.header("content-type")
        try:
            content = decompress(answer.content, answer.header("content-encoding"), limit=max_size)
        except SourceError as error:
            return FetchFailed(problem=str(error), pacing=pacing)
        body = Body(
            content=content,
            url=answer.url,
            media_type=media_type.partition(";")[0].strip().lower(),
            charset=charset_of(media_type),
            is_delimited=answer.is_delimited,
            hub=_linked(answer, "hub"),
            self_url=_linked(answer, "self"),
        )
        return Fetched(bodies=(body,), validators=validators, moved_to=answer.moved_to, pacing=pacing)
    if answer.status == 304 and has_validators:
        return NotModified(validators=validators, moved_to=answer.moved_to, pacing=pacing)
    kind = _KINDS.get(answer.status, "other")
    return FetchFailed(
        problem=_words(answer.status), kind=kind, host=urlsplit(answer.url).hostname or "", pacing=pacing
    )


def read_pacing(answer: Answer, now: datetime) -> Pacing:
    """How long the answer's headers ask us to stay away; also those of an answer that broke off."""
    age = _MAX_AGE.search(",".join(value for name, value in answer.headers if name == "cache-control"))
    retry_after = answer.header("retry-after")
    return Pacing(
        max_age=_seconds(age[1]) if age else _until(answer.header("expires"), answer, now),
        retry_after=_seconds(retry_after) if _NUMBER.match(retry_after) else _until(retry_after, answer, now),
    )


def charset_of(content_type: str) -> str:
    """What a Content-Type header says that a text is written in; "" where it does not."""
    charset = _CHARSET.search(content_type)
    return charset[1] if charset else ""


def _linked(answer: Answer, relation: str) -> str:
    """The first address that a Link header names with that relation (RFC 8288); "" where none does."""
    for name, value in answer.headers:
        for href, parameters in _LINK.findall(value) if name == "link" else ():
            given = _RELATION.search(parameters)
            if given and relation in (given[1] or given[2]).lower().split():
                with suppress(ValueError):
                    return urljoin(answer.url, str(href).strip())
    return ""


def _until(value: str, answer: Answer, now: datetime) -> timedelta | None:
    """How long it is to a date in an answer, by the answer's own Date: its clock may differ from ours."""
    moment = _http_date(value)
    return max(moment - (_http_date(answer.header("date")) or now), timedelta(0)) if moment else None


def _seconds(digits: str) -> timedelta:
    return min(timedelta(seconds=min(int(digits[:18]), 10**9)), _CENTURY)


def _http_date(value: str) -> datetime | None:
    if not value:
        return None
    try:
        moment = parsedate_to_datetime(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):  # the last: a zone that leads out of the calendar
        return None


def _words(status: int) -> str:
    if status in _STATUS_WORDS:
        return f"{status}: {_STATUS_WORDS[status]}"
    if 500 <= status < 600:
        return f"{status}: the server has trouble of its own; it will be asked again later"
    return f"{status}: an answer that a feed's address should not give; see it in a browser"


_KINDS: dict[int, FailureKind] = {
    401: "refused",
    403: "refused",
    404: "not-found",
    410: "gone",
    429: "throttled",
}
_STATUS_WORDS = {
    304: "not modified, though nothing was asked that could be; its server is set up wrongly",
    400: "the server did not understand the request; check the url",
    401: "a password is wanted; set auth for this source",
    403: "the server refuses us; ask its owner, or set the user_agent or auth that it wants",
    404: "no such address; look for the feed's new one and correct the url",
    410: "gone for good; remove the source, or correct its url",
    429: "too many requests; it will be asked less often",
    503: "the server is busy or being mended; it will be asked again later",
}
