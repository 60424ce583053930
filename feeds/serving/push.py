"""What WebSub asks over HTTP: our hub at `/hub`, and the callbacks that other hubs deliver to, below `/websub/`."""

from __future__ import annotations

import threading
from functools import partial
from http import HTTPStatus

from feeds.clock import Clock
from feeds.pipeline import Pushing
from feeds.pipeline.pushing.receiving import Delivery
from feeds.publishing import websub
from feeds.serving.answers import Answer, Request, Service, plain
from feeds.serving.restraint import Restraint

TIMES, SECONDS = 60, 60.0  # requests to the hub that one client may make, and within which time
_CALLBACKS = "/websub/"
_LATER = ("Retry-After", "300")
_WORDS = {
    HTTPStatus.ACCEPTED: "thank you",
    HTTPStatus.NOT_FOUND: "nobody waits for anything here",
    HTTPStatus.GONE: "nothing is wanted here any more",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "that is more than is taken from this source",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "its compression cannot be undone",
    HTTPStatus.SERVICE_UNAVAILABLE: "too much waits to be read; come back later",
}


def services(pushing: Pushing, *, clock: Clock, max_size: int) -> tuple[Service, ...]:
    """The services of push; of what hubs deliver nothing above `max_size` bytes is read."""
    callbacks = Service(
        path=_CALLBACKS,
        answer=partial(_callback, pushing),
        methods=("GET", "POST"),
        max_body=max_size,
        refuse=partial(_unknown, pushing),
    )
    return (Service(path="/hub", answer=_Hub(pushing, clock).answer, methods=("POST",)), callbacks)


class _Hub:
    """Our hub, for so many requests of one client."""

    def __init__(self, pushing: Pushing, clock: Clock) -> None:
        self._pushing = pushing
        self._restraint = Restraint(clock, times=TIMES, seconds=SECONDS)
        self._lock = threading.Lock()

    def answer(self, request: Request) -> Answer:
        if seconds := self._seconds_to_wait(request.client):
            return plain(HTTPStatus.TOO_MANY_REQUESTS, "you ask too often", ("Retry-After", str(seconds)))
        if request.header(b"content-type").partition(";")[0].strip().lower() != websub.FORM:
            return plain(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, f"a hub is asked with a form ({websub.FORM})")
        try:
            form = websub.read_form(request.body)
        except ValueError:
            return plain(HTTPStatus.BAD_REQUEST, "this is no form that can be read, or a field stands there twice")
        verdict = self._pushing.wish(form)
        return plain(verdict.status, verdict.words, *((_LATER,) if verdict.status >= 500 else ()))

    def _seconds_to_wait(self, client: str) -> int:
        if not client:  # only a proxy is known, which may speak for anyone
            return 0
        with self._lock:
            return self._restraint.seconds_to_wait(client, "/hub", "")


def _token(request: Request) -> str:
    return request.raw_path.removeprefix(_CALLBACKS)


def _unknown(pushing: Pushing, request: Request) -> Answer | None:
    """Before its body is read: strangers could fill our memory with bodies."""
    known = pushing.knows(_token(request))
    return None if known else plain(HTTPStatus.NOT_FOUND, _WORDS[HTTPStatus.NOT_FOUND])


def _callback(pushing: Pushing, request: Request) -> Answer:
    if request.method == "POST":
        status = pushing.receive(
            Delivery(
                token=_token(request),
                content=request.body,
                content_type=request.header(b"content-type"),
                content_encoding=request.header(b"content-encoding"),
                signature=request.header(b"x-hub-signature"),
            )
        )
        return plain(status, _WORDS[status], *((_LATER,) if status >= 500 else ()))
    try:
        challenge = pushing.confirm(_token(request), websub.read_query(request.query))
    except ValueError:
        return plain(HTTPStatus.BAD_REQUEST, "the query cannot be read, or a field stands there twice")
    if challenge is None:
        return plain(HTTPStatus.NOT_FOUND, _WORDS[HTTPStatus.NOT_FOUND])
    typed = ("Content-Type", "text/plain; charset=utf-8")
    return Answer(headers=(typed, ("Cache-Control", "no-store")), body=challenge.encode())
