"""What is served: the published tree, `/healthz` and `/metrics`. Plain ASGI, for feeds are bytes in memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from http import HTTPStatus
from pathlib import Path

import structlog

from feeds.errors import FeedmillError
from feeds.records import Health
from feeds.serving.answers import Answer, Application, Message, Receive, Request, Send, Service, give, plain
from feeds.serving.conditions import is_known
from feeds.serving.files import File, Files, Folder
from feeds.serving.negotiation import page_path, wants_page
from feeds.serving.pulse import healthz

log = structlog.get_logger()

MAX_AGE = "max-age=300"  # seconds that a cache may answer for us
# What our pages say themselves, and what only a header can: no other site may frame them.
_PAGE_HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; img-src http: https: data:; media-src http: https:; style-src 'self'; font-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    ("Referrer-Policy", "no-referrer"),
)
_READING = ("GET", "HEAD")
# Every Prometheus since 2014 reads it.
_METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PATIENCE = 10  # seconds for what asks the store, which may be locked or gone
_SLOW = "no answer from feedmill within 10 seconds; its log may tell more"


def application(
    folder: Callable[[], Path],
    *,
    health: Callable[[], Health | None] = lambda: None,
    metrics: Callable[[], bytes] | None = None,
    services: Sequence[Service] = (),
) -> Application:
    """An ASGI application that serves what is in `folder()`, which is asked anew for each request, and `services`.

    `health` and `metrics` are called in a thread of their own, so they may ask the store; without `metrics` there
    is none to be had, and without a `health` the folder's presence is all that counts.
    """
    files = Files()
    ours = [
        Service(path="/healthz", answer=lambda _request: healthz(health(), has_folder=folder().is_dir())),
        *services,
    ]
    if metrics is not None:
        ours.append(Service(path="/metrics", answer=partial(_metrics, metrics)))

    async def answer(request: Request, receive: Receive) -> Answer:
        service = next((one for one in ours if one.is_at(request.raw_path)), None)
        if refusal := _refusal(request, service.methods if service else _READING):
            return refusal
        if service:
            return await _served(service, request, receive)
        return _published(request, partial(files.find, folder()))

    return _serving(answer)


def _metrics(metrics: Callable[[], bytes], _request: Request) -> Answer:
    return Answer(headers=(("Content-Type", _METRICS_TYPE), ("Cache-Control", "no-store")), body=metrics())


def _serving(answer: Callable[[Request, Receive], Awaitable[Answer]]) -> Application:
    """The ASGI side of it: every request is answered, whatever goes wrong, and logged."""

    async def serve(scope: Message, receive: Receive, send: Send) -> None:
        request = Request(scope)
        try:
            given = await answer(request, receive)
        except Exception as error:  # a bug, or a store that fails: this request fails, the server goes on
            _log_failure(request, error)
            given = plain(HTTPStatus.INTERNAL_SERVER_ERROR, "feedmill could not answer this; its log may tell more")
        # The path as it was sent is printable ASCII; a query may hold secrets.
        log.debug("request", method=request.method, path=request.raw_path, status=given.status.value)
        await give(request, given, send)

    return serve


async def _served(service: Service, request: Request, receive: Receive) -> Answer:
    if request.method == "POST":
        body = await _body(receive, service.max_body)
        if body is None:
            close = ("Connection", "close")
            return plain(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a body may have {service.max_body} bytes here", close)
        request = replace(request, body=body)
    try:
        return await asyncio.wait_for(asyncio.to_thread(service.answer, request), _PATIENCE)
    except TimeoutError:
        return plain(HTTPStatus.SERVICE_UNAVAILABLE, _SLOW)


async def _body(receive: Receive, limit: int) -> bytes | None:
    """All of it; None where it is longer than that, or its sender left."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if message["type"] == "http.disconnect" or len(body) > limit:
            return None
        if not message.get("more_body"):
            return bytes(body)


def _log_failure(request: Request, error: Exception) -> None:
    is_bug = not isinstance(error, FeedmillError)
    log.error("request failed", path=request.raw_path, problem=str(error) or repr(error), exc_info=is_bug)


def _refusal(request: Request, methods: tuple[str, ...]) -> Answer | None:
    """What no request may be, wherever it leads."""
    hosts = len(request.all(b"host"))
    if hosts > 1 or (hosts == 0 and request.scope["http_version"] != "1.0"):  # RFC 9112, section 3.2
        close = ("Connection", "close")
        return plain(HTTPStatus.BAD_REQUEST, f"a request has exactly one Host header; this one has {hosts}", close)
    if request.method not in methods:
        told = " and ".join(methods)
        return plain(HTTPStatus.METHOD_NOT_ALLOWED, f"only {told} are answered here", ("Allow", ", ".join(methods)))
    return None


def _published(request: Request, find: Callable[[str], File | Folder | None]) -> Answer:
    match find(request.raw_path):
        case File() as file:
            if page := page_path(request.raw_path):
                return _feed_answer(request, file, find(page))
            return _file_answer(request, file)
        case Folder():
            query = f"?{request.query}" if request.query else ""
            address = ("Location", f"{request.raw_path}/{query}")
            return plain(HTTPStatus.MOVED_PERMANENTLY, "a folder's address ends in a slash", address)
        case None:
            return plain(HTTPStatus.NOT_FOUND, "there is nothing at this address")


def _feed_answer(request: Request, feed: File, page: File | Folder | None) -> Answer:
    """The feed; to a person's browser the page that tells what to do with it, where there is one."""
    varies = ("Vary", "Accept")
    # A feed reader that says it is a browser is known by the feed that it has already.
    has_feed = is_known(
        if_none_match=request.header(b"if-none-match"),
        if_modified_since="",
        etag=feed.etag,
        modified_at=feed.modified_at,
    )
    if isinstance(page, File) and not has_feed and wants_page(request.header(b"accept")):
        return _file_answer(request, page, varies)
    return _file_answer(request, feed, varies)


def _file_answer(request: Request, file: File, *more: tuple[str, str]) -> Answer:
    headers = (
        ("ETag", file.etag),
        ("Last-Modified", file.last_modified),
        ("Cache-Control", MAX_AGE),
        *more,
        *(_PAGE_HEADERS if file.media_type.startswith("text/html") else ()),
    )
    if is_known(
        if_none_match=request.header(b"if-none-match"),
        if_modified_since=request.header(b"if-modified-since"),
        etag=file.etag,
        modified_at=file.modified_at,
    ):
        return Answer(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    return Answer(headers=(("Content-Type", file.media_type), *headers), body=file.content)
