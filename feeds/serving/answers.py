"""What a request asks and what is answered, in the words of ASGI."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote

from msgspec import Struct

from feeds.records import Discreet
from feeds.serving import lanes

_CHUNK = 1_048_576  # bytes of a large file that are in memory at a time
PIECE = 262_144  # bytes of an answer that may wait in a connection for its client to read
_NO_SNIFFING = b"x-content-type-options: nosniff\r\n"

_SECRET_PLACES = ("/websub/",)  # where whoever knows an address may deliver

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]


class Request(Discreet, frozen=True, kw_only=True):
    """One request; what stands in it is whatever its sender wrote."""

    hidden = ("scope", "raw_path", "fields", "body")

    scope: Message
    raw_path: str  # as it was sent: percent-encoded, without its query
    fields: Mapping[bytes, bytes]  # of a header that is there twice, the last
    has_twice: bool  # whether one is
    body: bytes = b""  # of a POST
    client: str = ""  # its address; "" where only a proxy is known, which may speak for anyone

    @classmethod
    def of(cls, scope: Message) -> Request:
        headers = scope["headers"]
        fields = dict(headers)
        return cls(
            scope=scope,
            raw_path=scope["raw_path"].decode("ascii", "replace"),
            fields=fields,
            has_twice=len(fields) != len(headers),
        )

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def shown_path(self) -> str:
        """As a log may tell it: without what only we and one other know."""
        path = self.raw_path
        secret = next((place for place in _SECRET_PLACES if path.startswith(place)), None)
        return path if secret is None else f"{secret}***"

    @property
    def path(self) -> str:
        """As a person would write it, for us to compare; what is no text stands in it as U+FFFD."""
        return unquote(self.raw_path)

    @property
    def query(self) -> str:
        return bytes(self.scope["query_string"]).decode("latin-1")

    def all(self, name: bytes) -> list[str]:
        """Every value of a header; its name is in lower case."""
        return [value.decode("latin-1") for key, value in self.scope["headers"] if key == name]

    def header(self, name: bytes) -> str:
        """A header's values, joined as a list (RFC 9110, section 5.3)."""
        value = self.fields.get(name)
        if value is None:
            return ""
        return ", ".join(self.all(name)) if self.has_twice else value.decode("latin-1")


class Part(Struct, frozen=True, kw_only=True):
    """Bytes of a file that is too large for the memory."""

    path: str
    modified_ns: int
    first: int
    length: int


class Answer(Struct, frozen=True, kw_only=True):
    """A whole answer. Its length and what no answer may lack are added when it is sent."""

    status: HTTPStatus = HTTPStatus.OK
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    lines: bytes = b""  # more headers, as they are sent: those of a file are made once
    part: Part | None = None  # in place of the body


class Service(Struct, frozen=True, kw_only=True):
    """What is answered by code of ours, not by a file. `answer` runs in a thread of its own: it may ask the store."""

    path: str  # one address; if it ends in a slash, every address below it, too
    answer: Callable[[Request], Answer]
    is_alone: bool = False  # what is below its address is not its own, but published
    lane: lanes.Name = "other"  # whose threads answer it
    methods: tuple[str, ...] = ("GET", "HEAD")
    max_body: int = 65_536  # bytes that a POST may have; of more the answer is 413
    # In a thread, too, before the body of a POST is read: strangers could fill our memory with what nobody wants.
    refuse: Callable[[Request], Answer | None] = lambda _request: None

    def is_at(self, raw_path: str) -> bool:
        if raw_path == self.path:
            return True
        return self.path.endswith("/") and not self.is_alone and raw_path.startswith(self.path)


def plain(status: HTTPStatus, text: str, *headers: tuple[str, str]) -> Answer:
    """An answer for a person, in a line of plain text."""
    typed = ("Content-Type", "text/plain; charset=utf-8")
    return Answer(status=status, headers=(typed, ("Cache-Control", "no-store"), *headers), body=f"{text}\n".encode())


def head(answer: Answer) -> bytes:
    """The header lines, as they are sent."""
    told = [_line(name, value) for name, value in answer.headers]
    if answer.status is not HTTPStatus.NOT_MODIFIED:
        length = answer.part.length if answer.part else len(answer.body)
        told.append(b"content-length: %d\r\n" % length)
    return b"".join((*told, answer.lines, _NO_SNIFFING))


def lines(*headers: tuple[str, str]) -> bytes:
    """Headers as an answer's `lines`; those without a value are left out."""
    return b"".join(_line(name, value) for name, value in headers if value)


def _line(name: str, value: str) -> bytes:
    if not value.isprintable():  # a header that holds a line's end would be two
        raise ValueError(f"{name} would hold {value!r}")
    return f"{name.lower()}: {value}\r\n".encode("latin-1")


async def give(request: Request, answer: Answer, send: Send) -> None:
    """Send the answer; without its body where the method or the status wants none."""
    if answer.part and request.method != "HEAD":
        await _give_part(request, answer, answer.part, send)
        return
    await send(_start(answer))
    body = memoryview(b"" if request.method == "HEAD" else answer.body)
    for at in range(0, len(body) or 1, PIECE):  # of each, `send` waits until the one before is nearly gone
        more = at + PIECE < len(body)
        await send({"type": "http.response.body", "body": body[at : at + PIECE], "more_body": more})


def _start(answer: Answer) -> Message:
    pairs = [tuple(line.split(b": ", 1)) for line in head(answer).split(b"\r\n")[:-1]]
    return {"type": "http.response.start", "status": answer.status.value, "headers": pairs}


async def _give_part(request: Request, answer: Answer, part: Part, send: Send) -> None:
    try:
        file = Path(part.path).open("rb")  # noqa: SIM115 - closed below; it was looked at a moment ago
    except OSError:
        await give(request, _MOVED, send)
        return
    with file:
        if os.fstat(file.fileno()).st_mtime_ns != part.modified_ns:
            await give(request, _MOVED, send)
            return
        await send(_start(answer))
        for at in range(part.first, part.first + part.length, _CHUNK):
            wanted = min(_CHUNK, part.first + part.length - at)
            chunk = await asyncio.to_thread(os.pread, file.fileno(), wanted, at)
            is_last = at + wanted == part.first + part.length
            await send({"type": "http.response.body", "body": chunk, "more_body": not is_last})


_MOVED = plain(HTTPStatus.SERVICE_UNAVAILABLE, "the file was replaced just now; ask again", ("Retry-After", "1"))
