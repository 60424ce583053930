"""HTTP/1.1 as uvicorn speaks it, less patient with the beginning of a request than uvicorn is."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

REQUEST_SECONDS = 10.0  # from the connection, or a request's first byte, to its end
LINGER_SECONDS = 2.0  # in which a client that was refused may read why
HEAD_BYTES = 32_768

_TOO_SLOW = "the request did not arrive whole within {:g} seconds"
_TOO_LARGE = f"the address and the headers of a request may have {HEAD_BYTES} bytes together"


class _HeadTooLargeError(Exception):
    """Ends the parsing of a request; httptools makes an error of its own of it."""


class Protocol(HttpToolsProtocol):
    """Answers 431 where uvicorn would buffer a head of any size, and 408 where it would wait for ever."""

    request_seconds = REQUEST_SECONDS
    _timer: asyncio.TimerHandle | None = None
    _is_unfinished = False  # a request has begun, and not all of it is here
    _is_in_head = False
    _is_refused = False
    _arrived = 0  # bytes of the head that is being read
    _parsed = 0  # of these, in whole lines

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._timer = self.loop.call_later(self.request_seconds, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        super().data_received(data)
        if not self._is_unfinished or self._is_refused:
            return
        if self._is_in_head:
            self._arrived += len(data)
        if self._arrived > HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _TOO_LARGE)
        elif self._timer is None:  # only for a request that comes in pieces: most need no timer
            self._timer = self.loop.call_later(self.request_seconds, self._give_up)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_unfinished = self._is_in_head = True
        self._arrived = self._parsed = 0

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._count(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._is_unfinished = False
        self._end_timer()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - in our own words
        if self._parsed > HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _TOO_LARGE)
        else:
            self._refuse(HTTPStatus.BAD_REQUEST, "this is no HTTP request that can be understood")

    def _count(self, size: int) -> None:
        self._parsed += size
        if self._parsed > HEAD_BYTES:
            raise _HeadTooLargeError

    def _give_up(self) -> None:
        self._timer = None
        if self._is_in_head:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, _TOO_SLOW.format(self.request_seconds))
        else:  # nothing was asked, or what was asked is answered and its body still drips
            self.transport.close()

    def _end_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _refuse(self, status: HTTPStatus, text: str) -> None:
        """Answer in the application's place, and hang up: where this request ends cannot be told."""
        self._is_refused = True
        self._forget_requests()
        body = f"{text}\n".encode()
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
            (b"connection", b"close"),
        ]
        lines = [b"%s: %s\r\n" % header for header in headers]
        self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", body]))
        # To close at once, while the client is still sending, would take the answer from it (RFC 9112, section 9.6).
        self.transport.write_eof()
        self._end_timer()
        self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _forget_requests(self) -> None:
        """What is still being answered has nobody to answer to."""
        self.pipeline.clear()
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()
