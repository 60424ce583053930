"""HTTP/1.1 as uvicorn speaks it, less patient with its clients, and quicker with what stands in memory."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from feeds.logs import log
from feeds.serving.answers import PIECE, Answer, Message, head
from feeds.serving.application import Served
from feeds.serving.pace import Pace, reset, underway

REQUEST_SECONDS = 10.0  # from the connection, or a request's first byte, to its end
WRITE_SECONDS = 60.0  # in which a client must have taken WRITE_BYTES of what it asked for
WRITE_BYTES = 60_000
LINGER_SECONDS = 2.0  # in which a client that was refused may read why
HEAD_BYTES = 32_768
HEADERS = 100
PIPELINED = 100  # requests of one client that may wait for the answer to another
# Half of the 1,024 files that a process may have open where nobody has said otherwise; the rest are for fetching.
CONNECTIONS = 512
OF_ONE = 64  # connections of one client; of our proxies any

_TOO_SLOW = "the request did not arrive whole within {:g} seconds"
_TOO_LARGE = f"a request may have {HEADERS} headers, and these and its address {HEAD_BYTES} bytes together"
_TOO_MANY_OF_ONE = "there are too many connections from your address; use one of them for several requests"
_TOO_MANY = "there are too many connections just now; try again soon"
_CLOSE = b"connection: close\r\n"
_MORE = frozenset({b"content-length", b"transfer-encoding", b"expect", b"upgrade"})  # say that more than a head comes


class _HeadTooLargeError(Exception):
    """Ends the parsing of a request; httptools makes an error of its own of it."""


class _TooManyError(Exception):
    """Does the same where more is asked than is read."""


class _TargetError(Exception):
    """Does the same where the address is none that can be asked for."""


class _Counted:
    """What uvicorn writes an answer to."""

    def __init__(self, protocol: Protocol) -> None:
        self.write = protocol.send
        self.is_closing = protocol.transport.is_closing
        self.close = protocol.transport.close


class _Parting(_Counted):
    """The same while its request may still come in. uvicorn would hang up with the answer."""

    def __init__(self, protocol: Protocol) -> None:
        super().__init__(protocol)
        self.close = protocol.part


class Protocol(HttpToolsProtocol):
    """Answers 431 where uvicorn would buffer a head of any size, and 408 where it would wait for ever.

    What the application can tell at once is written at once: a task for each 304 costs more than the 304.
    """

    request_seconds = REQUEST_SECONDS
    write_seconds = WRITE_SECONDS
    write_bytes = WRITE_BYTES
    max_connections = CONNECTIONS
    max_of_one = OF_ONE
    app: Served
    _timer: asyncio.TimerHandle | None = None
    _is_unfinished = False  # a request has begun, and not all of it is here
    _is_in_head = False
    _is_handed_on = False  # the request that has begun, to uvicorn
    _is_refused = False
    _is_answered = False  # the request whose end is being read was answered at once
    _is_last = False  # no request comes after the one that is being answered
    _is_too_large = False
    _has_more = False
    _is_counted = False
    _has_body_come = False  # with the bytes that are being read
    _arrived = 0  # bytes of the head that is being read; behind it, since the last of the body
    _parsed = 0  # of these, in whole lines
    _answered = 0  # requests
    _looked_at = (0, 0.0)  # how many had been answered, and since when that is so
    _written = 0  # bytes
    _rest = memoryview(b"")  # of an answer that the client is to read first what was written of
    _is_full = False  # it is still to do so
    _closes = False  # when that is written
    _network = ""  # whose connection this is; "" where that is not known

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        transport.max_size = HEAD_BYTES  # type: ignore[attr-defined]  # of a read: asyncio makes room for 256 KB
        self._pace = Pace()
        self._timer = self.loop.call_later(self.request_seconds, self._give_up)
        self._network = self.app.network(self._peer())
        everyone = [one for one in self.connections if isinstance(one, Protocol) and not one._is_gone()]
        family = [one for one in everyone if one._network == self._network] if self._network else []
        if len(family) > self.max_of_one and not _makes_room(family):
            self._refuse_connection(HTTPStatus.TOO_MANY_REQUESTS, _TOO_MANY_OF_ONE, len(family) > 2 * self.max_of_one)
        elif len(everyone) > self.max_connections and not _makes_room(everyone):
            is_flood = len(everyone) > 2 * self.max_connections
            self._refuse_connection(HTTPStatus.SERVICE_UNAVAILABLE, _TOO_MANY, is_flood)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end_timer()
        self._rest = memoryview(b"")
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        self._is_full = True
        super().pause_writing()

    def resume_writing(self) -> None:
        self._is_full = False
        self._pour()
        if not self._rest and not self._is_full:
            super().resume_writing()

    def shutdown(self) -> None:
        if self._rest:
            self._closes = True
        else:
            super().shutdown()

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        self._is_counted = self._arrived + len(data) > HEAD_BYTES  # else no head in it can be too large
        self._parsed = self._arrived
        self._has_body_come = False
        super().data_received(data)
        if not self._is_unfinished or self._is_refused:
            return
        # What comes behind the head and is no body: trailers, or what chunks may say of themselves.
        self._arrived = 0 if self._has_body_come else self._arrived + len(data)
        if self._arrived > HEAD_BYTES:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _TOO_LARGE)
        elif self._timer is None:  # only for a request that comes in pieces: most need no timer
            self._timer = self.loop.call_later(self.request_seconds, self._give_up)

    def look(self, now: float, keep_alive: float) -> None:
        """Hang up on who takes nothing of what it asked for, and on who asks nothing more. Called once a second."""
        held = self.transport.get_write_buffer_size()
        unsent = held + len(self._rest)
        taken = self._written - held - underway(self.transport) if unsent else 0
        answered, since = self._looked_at
        if self._pace.is_too_slow(
            now, waits=unsent > 0, taken=taken, seconds=self.write_seconds, least=self.write_bytes
        ):
            self._tell("client takes no answer, hung up", unsent=unsent)
            reset(self.transport)
        elif answered != self._answered or unsent:
            self._looked_at = (self._answered, now)
        elif self._is_idle() and now - since > keep_alive:
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._is_unfinished = self._is_in_head = True
        self._arrived = self._parsed = 0
        self._has_more = self._is_handed_on = False

    def on_url(self, url: bytes) -> None:
        self.url += url
        if self._is_counted:
            self._count(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_in_head:  # a trailer, which must not pass for a header (RFC 9110, section 6.5.1)
            return
        name = name.lower()
        self.headers.append((name, value))
        if name in _MORE:
            self._has_more = True
            self.expect_100_continue |= name == b"expect" and value.lower() == b"100-continue"
        if self._is_counted:
            self._count(len(name) + len(value) + 4)

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        if len(self.headers) > HEADERS:
            self._is_too_large = True
            raise _HeadTooLargeError
        if not self.url.isascii():
            raise _TargetError
        if b"#" in self.url or (self.url == b"*" and self.parser.get_method() != b"OPTIONS"):  # RFC 9112, section 3.2
            raise _TargetError
        if self._is_last or self.transport.is_closing():  # what comes after the request that was said to be the last
            self._is_answered = True
            return
        if len(self.pipeline) >= PIPELINED:
            raise _TooManyError
        if not self.url.startswith(b"/"):  # http://HOST/PATH, whose host is what counts (RFC 9112, section 3.2.2)
            self.scope["authority"] = _authority(self.url)  # type: ignore[typeddict-unknown-key]
        if self._can_answer() and (answer := self.app.at_once(self._complete_scope())):
            self._is_answered = True
            self._write(answer)
        else:
            self.scope["root_path"] = self.root_path
            super().on_headers_complete()
            self._is_handed_on = True
            self.cycle.transport = (_Parting if self._has_more else _Counted)(self)  # type: ignore[assignment]
            if self.parser.should_upgrade():  # which we never do; and what comes behind it would not be read
                self.cycle.keep_alive = False

    def on_body(self, body: bytes) -> None:
        self._has_body_come = True
        if not self._is_answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._is_unfinished = False
        self._end_timer()
        if not self._is_answered:
            super().on_message_complete()
        self._is_answered = False

    def on_response_complete(self) -> None:
        self._answered += 1
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - in our own words
        if self._is_too_large:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, _TOO_LARGE)
        else:
            self._refuse(HTTPStatus.BAD_REQUEST, "this is no HTTP request that can be understood")

    def _can_answer(self) -> bool:
        """Whether nothing is to be waited for: an earlier answer, a client that reads, a body."""
        return (
            self._is_complete()
            and not self.pipeline
            and not self.flow.write_paused
            and self.parser.get_method() in (b"GET", b"HEAD")
            and not self._has_more
        )

    def _complete_scope(self) -> Message:
        target = httptools.parse_url(self.url)
        scope: Message = self.scope  # type: ignore[assignment]
        scope["method"] = self.parser.get_method().decode("ascii")
        scope["http_version"] = self.parser.get_http_version()
        scope["raw_path"] = target.path or b""
        scope["query_string"] = target.query or b""
        return scope

    def _write(self, answer: Answer) -> None:
        """All of an answer in one piece, for two are two calls of the system."""
        self._answered += 1
        headers = head(answer)
        is_last = self.scope["http_version"] == "1.0" or not self.parser.should_keep_alive()
        if is_last and _CLOSE not in headers:
            headers += _CLOSE
        body = b"" if self.scope["method"] == "HEAD" else answer.body
        if len(body) > PIECE:
            self._rest = memoryview(body)[PIECE:]
            body = body[:PIECE]
        date = [b"%b: %b\r\n" % header for header in self.server_state.default_headers]
        self.send(b"".join((STATUS_LINE[answer.status], *date, headers, b"\r\n", body)))
        self._closes = is_last or _CLOSE in headers
        self._pour()

    def send(self, data: bytes | memoryview) -> None:
        self._written += len(data)
        self.transport.write(data)

    def _pour(self) -> None:
        """Write more of an answer, as long as its client takes it; so a slow one costs little memory."""
        while self._rest and not self._is_full and not self.transport.is_closing():
            piece, self._rest = self._rest[:PIECE], self._rest[PIECE:]
            self.send(piece)
        if self._rest:
            self.flow.pause_writing()  # nothing else is to be written before it
        elif self._closes:
            self.transport.close()

    def _count(self, size: int) -> None:
        self._parsed += size
        if self._parsed > HEAD_BYTES:
            self._is_too_large = True
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

    def _refuse(self, status: HTTPStatus, text: str, *more: tuple[bytes, bytes]) -> None:
        """Answer in the application's place, and hang up: where this request ends cannot be told."""
        self._is_refused = True
        self._tell("request refused", status=status.value)
        is_amid = self.cycle is not None and self.cycle.response_started and not self.cycle.response_complete
        is_answered = self._is_unfinished and self._is_handed_on and self._is_complete()
        is_many = bool(self.pipeline)
        self._forget_requests()
        if is_amid or is_many or self._rest:  # who asks and does not read could not read this either
            self.transport.abort()
            return
        if is_answered:  # only its body went wrong
            self._linger()
            return
        body = f"{text}\n".encode()
        headers = [
            *self.server_state.default_headers,
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", b"%d" % len(body)),
            *more,
        ]
        lines = [b"%s: %s\r\n" % header for header in headers]
        self.send(b"".join([STATUS_LINE[status], *lines, _CLOSE, b"\r\n", body]))
        self._linger()

    def _refuse_connection(self, status: HTTPStatus, text: str, is_flood: bool) -> None:
        if is_flood:  # the first of them were told why
            self._is_refused = True
            self._tell("request refused", status=status.value)
            self.transport.abort()
        else:
            self._refuse(status, text, (b"retry-after", b"10"))

    def part(self) -> None:
        """Hang up once the request is here to its end; or soon, if its sender goes on sending."""
        self._is_last = True
        self.pipeline.clear()
        if self._is_unfinished:
            self._linger()
        else:
            self.transport.close()

    def _linger(self) -> None:
        """Hang up when the client had time to read why.

        To close at once, while it is still sending, would take the answer from it (RFC 9112, section 9.6).
        """
        if self.transport.is_closing():
            return
        self.transport.write_eof()
        self._end_timer()
        self._timer = self.loop.call_later(LINGER_SECONDS, self.transport.close)

    def _forget_requests(self) -> None:
        """What is still being answered has nobody to answer to."""
        self.pipeline.clear()
        if self.cycle is not None:
            self.cycle.disconnected = True
            self.cycle.message_event.set()

    def _peer(self) -> str:
        return self.client[0] if self.client else ""

    def _is_idle(self) -> bool:
        """Whether everything that was asked is answered."""
        is_quiet = not self._is_unfinished and not self._rest and not self.transport.get_write_buffer_size()
        return self._answered > 0 and is_quiet and self._is_complete() and not self.transport.is_closing()

    def _is_gone(self) -> bool:
        return self.transport.is_closing() and not self.transport.get_write_buffer_size()

    def _is_complete(self) -> bool:
        return self.cycle is None or bool(self.cycle.response_complete)

    def _tell(self, event: str, **what: object) -> None:
        if self.app.refusals.may_tell(self.loop.time()):
            log.info(event, client=self._peer(), **what, **self.app.refusals.untold())

    def _unsupported_upgrade_warning(self) -> None:
        """Nothing: it would advise us to install something."""


def _makes_room(among: list[Protocol]) -> bool:
    """Hang up on the client that has been idle longest; False where none is."""
    idle = [one for one in among if one._is_idle()]
    if idle:
        min(idle, key=lambda one: one._looked_at[1]).transport.close()
    return bool(idle)


def _authority(url: bytes) -> str:
    target = httptools.parse_url(url)
    host = (target.host or b"").decode("ascii", "replace")
    return f"[{host}]" if ":" in host else host
