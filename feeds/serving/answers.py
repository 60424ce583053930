"""What a request asks and what is answered, in the words of ASGI."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeAlias
from urllib.parse import unquote

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Request:
    """One request; what stands in it is whatever its sender wrote."""

    scope: Message
    body: bytes = b""  # of a POST

    @property
    def method(self) -> str:
        return str(self.scope["method"])

    @property
    def raw_path(self) -> str:
        """As it was sent: percent-encoded, without its query."""
        return bytes(self.scope["raw_path"]).decode("ascii", "replace")

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
        return ", ".join(self.all(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer. Its length and what no answer may lack are added when it is sent."""

    status: HTTPStatus = HTTPStatus.OK
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What is answered by code of ours, not by a file. `answer` runs in a thread of its own: it may ask the store."""

    path: str  # one address; if it ends in a slash, every address below it, too
    answer: Callable[[Request], Answer]
    methods: tuple[str, ...] = ("GET", "HEAD")
    max_body: int = 65_536  # bytes that a POST may have; of more the answer is 413

    def is_at(self, raw_path: str) -> bool:
        return raw_path == self.path or (self.path.endswith("/") and raw_path.startswith(self.path))


def plain(status: HTTPStatus, text: str, *headers: tuple[str, str]) -> Answer:
    """An answer for a person, in a line of plain text."""
    typed = ("Content-Type", "text/plain; charset=utf-8")
    return Answer(status=status, headers=(typed, ("Cache-Control", "no-store"), *headers), body=f"{text}\n".encode())


async def give(request: Request, answer: Answer, send: Send) -> None:
    """Send the answer; without its body where the method or the status wants none."""
    headers = [(name.lower().encode("ascii"), value.encode("latin-1")) for name, value in answer.headers]
    headers.append((b"x-content-type-options", b"nosniff"))
    if answer.status is not HTTPStatus.NOT_MODIFIED:
        headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status.value, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else answer.body})
