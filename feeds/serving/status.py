"""`/status/`: how the sources are, for people. The page is made from the store when it is asked for."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl

from msgspec import Struct

from feeds.clock import Clock
from feeds.errors import NotFoundError, StoreError
from feeds.logs import log
from feeds.serving.answers import Answer, Request, Service, plain
from feeds.serving.conditions import tags

PATH = "/status/"
FRESH = 10.0  # seconds that a page is shown again without a look at the store
KEPT = 16  # pages, of some 200 KB each
PATIENCE = (
    3.0  # seconds that a request waits for the pages of others: one is made at a time, however many are asked for
)
LONGEST = 200  # characters of a query
NAMES = ("sort", "order", "show", "page")

_TYPES = {"css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = (
    ("Cache-Control", "no-cache"),
    ("Content-Security-Policy", _POLICY),
    ("Referrer-Policy", "no-referrer"),
    ("X-Robots-Tag", "noindex"),
)
_RETRY = ("Retry-After", "10")


class _Kept(Struct, frozen=True):
    made_at: float
    etag: str
    content: bytes


class StatusPage:
    """Answers for the page and what it needs beside it.

    `make` gives the page that a query asks for, or None where nothing is stored yet; it may raise NotFoundError and
    StoreError. `assets` gives the files beside it, by name; it is asked when the first of them is.
    """

    def __init__(
        self,
        make: Callable[[Mapping[str, str]], bytes | None],
        assets: Callable[[], Mapping[str, bytes]],
        *,
        clock: Clock,
    ) -> None:
        self._make = make
        self._assets = assets
        self._clock = clock
        self._kept: dict[tuple[tuple[str, str], ...], _Kept] = {}
        self._making = threading.Lock()

    @property
    def services(self) -> tuple[Service, ...]:
        names = ("style.css", "icon.svg")
        return (
            Service(path=PATH, answer=self._page, is_alone=True, lane="page"),
            *(Service(path=PATH + name, answer=self._asset) for name in names),
        )

    def _page(self, request: Request) -> Answer:
        try:
            asked = _asked(request.query)
            kept = self._fresh(asked) or self._made_alone(asked)
        except (ValueError, NotFoundError) as error:
            return plain(HTTPStatus.BAD_REQUEST, str(error))
        except StoreError as error:  # it names the store, which is nobody's business here
            log.warning("status page cannot be made", problem=str(error))
            return plain(HTTPStatus.SERVICE_UNAVAILABLE, "the store cannot be read now; the log tells why", _RETRY)
        except TimeoutError:
            return plain(HTTPStatus.SERVICE_UNAVAILABLE, "too much is asked at once; try again soon", _RETRY)
        if kept is None:
            return plain(
                HTTPStatus.SERVICE_UNAVAILABLE, "nothing is stored yet; `feedmill fetch` or `feedmill run` begins"
            )
        return _given(request, kept, "text/html; charset=utf-8")

    def _asset(self, request: Request) -> Answer:
        name = request.path.rpartition("/")[2]
        content = self._assets()[name]
        return _given(request, _Kept(0, _etag(content), content), _TYPES[name.rpartition(".")[2]])

    def _fresh(self, asked: Mapping[str, str]) -> _Kept | None:
        kept = self._kept.get(tuple(asked.items()))
        return kept if kept and 0 <= self._clock.monotonic() - kept.made_at < FRESH else None

    def _made_alone(self, asked: Mapping[str, str]) -> _Kept | None:
        if not self._making.acquire(timeout=PATIENCE):
            raise TimeoutError
        try:
            return self._fresh(asked) or self._made(asked)  # another request may have asked for the same
        finally:
            self._making.release()

    def _made(self, asked: Mapping[str, str]) -> _Kept | None:
        content = self._make(asked)
        if content is None:
            return None
        key = tuple(asked.items())
        self._kept.pop(key, None)
        while len(self._kept) >= KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[key] = _Kept(self._clock.monotonic(), _etag(content), content)
        return self._kept[key]


def _asked(query: str) -> dict[str, str]:
    """What is asked for by the names that we know. Raises ValueError for a query that is none."""
    if len(query) > LONGEST:
        raise ValueError(f"a query has {LONGEST} characters at most here")
    try:
        given = dict(parse_qsl(query, errors="strict", max_num_fields=20))
    except ValueError as error:
        raise ValueError("this is no query that can be read") from error
    return {name: given[name] for name in NAMES if name in given}


def _given(request: Request, kept: _Kept, media_type: str) -> Answer:
    headers = (("ETag", kept.etag), *_HEADERS)
    known = tags(request.header(b"if-none-match"))
    if kept.etag in known or "*" in known:
        return Answer(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Answer(headers=(("Content-Type", media_type), *headers), body=kept.content)


def _etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'
