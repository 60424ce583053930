"""What is served: the published tree, `/healthz`, `/metrics` and other services. Plain ASGI, and less than that:
what stands in memory is answered at once, without a task."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import TypeVar

from feeds.clock import Clock, SystemClock
from feeds.errors import FeedmillError
from feeds.logs import log
from feeds.records import Health, replace
from feeds.serving import lanes
from feeds.serving.answers import Answer, Message, Receive, Request, Send, Service, give, plain
from feeds.serving.doors import Doors, is_host
from feeds.serving.links import Links
from feeds.serving.privacy import Guard, Privacy
from feeds.serving.published import Published
from feeds.serving.pulse import healthz
from feeds.serving.restraint import network
from feeds.serving.seldom import Seldom

_A = TypeVar("_A", Answer, Answer | None)
_VERSIONS = ("1.1", "1.0")
_READING = ("GET", "HEAD")
_CLOSE = ("Connection", "close")
# Every Prometheus since 2014 reads it.
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_REFUSALS = 20  # that are told within a minute
_PATIENCE = 10  # seconds for what asks the store, which may be locked or gone
_RETRY = ("Retry-After", "10")
_BUSY = "too much is asked at once; try again soon"
_SLOW = "no answer from feedmill within 10 seconds; its log may tell more"


def application(
    folder: Callable[[], Path],
    *,
    health: Callable[[], Health | None] = lambda: None,
    metrics: Callable[[], bytes] | None = None,
    services: Sequence[Service] = (),
    links: Callable[[], Links] = Links,
    fresh_until: Callable[[], datetime | None] = lambda: None,
    doors: Doors | None = None,
    clock: Clock | None = None,
    privacy: Callable[[], Privacy] = Privacy,
) -> Served:
    """An ASGI application that serves what is in `folder()`, which is asked anew for each request, and `services`.

    `health` and `metrics` are called in a thread of their own, so they may ask the store; without `metrics` there
    is none to be had, and without a `health` the folder's presence is all that counts. `links` and `fresh_until` are
    asked for each request, and so must be quick: what feeds name in their headers, and when something may change;
    `privacy` as well: what not everybody gets.
    """
    ours = [
        Service(path="/healthz", answer=lambda _request: healthz(health(), has_folder=folder().is_dir()), lane="pulse"),
        *services,
    ]
    if metrics is not None:
        ours.append(Service(path="/metrics", answer=partial(_metrics, metrics), lane="pulse"))
    doors = doors or Doors()
    clock, client = clock or SystemClock(), partial(_client, doors)
    publish = partial(Published, fresh_until=fresh_until, client=client, clock=clock)
    guard = Guard(privacy, partial(publish, links=Links, is_private=True), folder=folder, client=client, clock=clock)
    return Served(publish(folder, links=links), ours, doors, guard)


def _client(doors: Doors, request: Request) -> str:
    peer = request.scope.get("client")
    return doors.client(peer[0] if peer else "", request.header(b"x-forwarded-for"))


class Served:
    """The application: an ASGI callable, and what of it needs no waiting."""

    def __init__(self, published: Published, services: Sequence[Service], doors: Doors, guard: Guard) -> None:
        self._published = published
        self._guard = guard
        self._services = tuple(services)
        self._doors = doors
        self._lanes = lanes.lanes()
        self.refusals = Seldom(_REFUSALS)  # of what was no request that came here
        # Asked once: to find out for each request that nobody looks would cost more than a 304.
        self._is_told = log.is_told("debug")

    def at_once(self, scope: Message) -> Answer | None:
        """The answer to a GET or HEAD without a body, where that takes no waiting; else None, and nothing was done."""
        request = self._request(scope)
        if self._service(request) is not None:
            return None
        answer = self._answered(request)
        if answer.part and request.method != "HEAD":
            return None
        self._tell(request, answer)
        return answer

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        request = self._request(scope)
        service = self._service(request)
        if service is None:
            answer = self._answered(request)
        else:
            request = replace(request, client=_client(self._doors, request))
            answer = self._refusal(request, service.methods) or await self._served(service, request, receive)
        self._tell(request, answer)
        await give(request, answer, send)

    def network(self, peer: str) -> str:
        """Whose connections are counted together; "" for one of our proxies, which may speak for anyone."""
        return network(self._doors.client(peer, ""))

    async def _served(self, service: Service, request: Request, receive: Receive) -> Answer:
        lane = self._lanes[service.lane]
        if request.method == "POST":
            refusal = await _in_time(lane, service.refuse, request)
            if refusal is not None:
                is_over = await _body(receive, service.max_body, is_kept=False) is not None
                return refusal if is_over else replace(refusal, headers=(*refusal.headers, _CLOSE))
            body = await _body(receive, service.max_body)
            if body is None:
                told = f"a body may have {service.max_body} bytes here"
                return plain(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, told, _CLOSE)
            request = replace(request, body=body)
        return await _in_time(lane, service.answer, request)

    def _request(self, scope: Message) -> Request:
        if not scope.get("root_path"):  # else this was done already
            whole = bytes(scope["raw_path"]) or b"/"  # of http://HOST
            path = self._doors.path(whole)
            scope["root_path"], scope["raw_path"] = whole[: len(whole) - len(path)].decode("ascii", "replace"), path
        return Request.of(scope)

    def _service(self, request: Request) -> Service | None:
        path = request.raw_path
        for service in self._services:  # a generator would cost twice as much, for each 304
            if service.is_at(path):
                return service
        return None

    def _answered(self, request: Request) -> Answer:
        """From the tree, whatever goes wrong."""
        try:
            refusal = self._refusal(request, _READING)
            return refusal or self._guard.answer(request) or self._published.answer(request)
        except Exception as error:  # a bug: this request fails, the server goes on
            return _failed(self._guard.shown(request.shown_path), error)

    def _refusal(self, request: Request, methods: tuple[str, ...]) -> Answer | None:
        """What no request may be, wherever it leads."""
        if request.scope["http_version"] not in _VERSIONS:
            return plain(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED, "this server speaks HTTP/1.1 and HTTP/1.0", _CLOSE)
        hosts = request.all(b"host") if request.has_twice else [request.header(b"host")] * (b"host" in request.fields)
        if len(hosts) != 1 and (hosts or request.scope["http_version"] != "1.0"):  # RFC 9112, section 3.2
            told = f"a request has exactly one Host header; this one has {len(hosts)}"
            return plain(HTTPStatus.BAD_REQUEST, told, _CLOSE)
        if hosts and not is_host(hosts[0]):
            return plain(HTTPStatus.BAD_REQUEST, "the Host header names no host", _CLOSE)
        if hosts and not self._doors.is_ours(request.scope.get("authority") or hosts[0]):
            return plain(HTTPStatus.MISDIRECTED_REQUEST, "nothing is served here under this name", _CLOSE)
        if request.method not in methods:
            told = " and ".join(methods)
            return plain(
                HTTPStatus.METHOD_NOT_ALLOWED, f"nothing but {told} is answered here", ("Allow", ", ".join(methods))
            )
        return None

    def _tell(self, request: Request, answer: Answer) -> None:
        if self._is_told:
            # The path as it was sent is printable ASCII; a query may hold secrets.
            path, status = self._guard.shown(request.shown_path), answer.status.value
            log.debug("request", method=request.method, path=path, status=status, client=request.client)


def _metrics(metrics: Callable[[], bytes], _request: Request) -> Answer:
    return Answer(headers=(("Content-Type", _METRICS_TYPE), ("Cache-Control", "no-store")), body=metrics())


async def _in_time(lane: lanes.Lane, ask: Callable[[Request], _A], request: Request) -> _A | Answer:
    """What `ask` gives, in a thread; or an answer that says why there is none."""
    try:
        return await asyncio.wait_for(lane.run(partial(ask, request)), _PATIENCE)
    except lanes.FullError:
        return plain(HTTPStatus.SERVICE_UNAVAILABLE, _BUSY, _RETRY)
    except TimeoutError:
        return plain(HTTPStatus.SERVICE_UNAVAILABLE, _SLOW, _RETRY)
    except Exception as error:  # a bug, or a store that fails
        return _failed(request.shown_path, error)


async def _body(receive: Receive, limit: int, *, is_kept: bool = True) -> bytes | None:
    """All of it, or of one that is not kept nothing; None where it is longer than that, or its sender left."""
    body = bytearray()
    length = 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        length += len(chunk)
        body += chunk if is_kept else b""
        if message["type"] == "http.disconnect" or length > limit:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _failed(path: str, error: Exception) -> Answer:
    is_bug = not isinstance(error, FeedmillError)
    log.error("request failed", path=path, problem=str(error) or repr(error), exc_info=is_bug)
    return plain(HTTPStatus.INTERNAL_SERVER_ERROR, "feedmill could not answer this; its log may tell more")
