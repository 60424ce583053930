"""A local origin that plays what a test tells it to: the far end of HTTP, byte for byte."""

from __future__ import annotations

import socket
import socketserver
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from loopback import Loopback

Chunks = Iterator[bytes]


@dataclass(frozen=True)
class Request:
    """What we were asked; header names in lower case."""

    path: str
    headers: dict[str, str]
    lines: tuple[str, ...] = field(repr=False)


Play = Callable[[Request], bytes | Chunks]


def answer(status: str = "200 OK", body: bytes = b"", **headers: str) -> bytes:
    """A whole HTTP answer. Header names are written with _ for -."""
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    if "content_length" not in {name.lower() for name in headers} and not status.startswith("304"):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def feed(*entries: str, title: str = "Gazette") -> bytes:
    """A small Atom document; an entry is its title."""
    items = "".join(
        f"<entry><id>tag:gazette.example,2026:{name}</id><title>{name}</title>"
        f"<link href='https://gazette.example/{name}'/><updated>2026-11-01T08:00:00Z</updated>"
        f"<content type='html'>&lt;p&gt;{name}&lt;/p&gt;</content></entry>"
        for name in entries
    )
    return (
        f"<feed xmlns='http://www.w3.org/2005/Atom'><title>{title}</title><id>tag:gazette.example,2026:feed</id>"
        f"<updated>2026-11-01T08:00:00Z</updated>{items}</feed>"
    ).encode()


def _missing(_request: Request) -> bytes:
    return answer("404 Not Found")


class Origin(Loopback):
    """A server on 127.0.0.1. `plays` maps paths to what they do; every request is kept in `requests`."""

    def __init__(self) -> None:
        self.plays: dict[str, Play] = {}
        self.requests: list[Request] = []
        origin = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                while not origin.stopping.is_set() and (request := _read(self.rfile)):
                    origin.requests.append(request)
                    play = origin.plays.get(request.path) or origin.plays.get(request.path.partition("?")[0], _missing)
                    try:
                        if not origin._send(self.connection, play(request)):
                            return
                    except OSError:  # the client has gone
                        return

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 200

        super().__init__(Server(("127.0.0.1", 0), Handler))

    def url(self, path: str = "/feed.xml") -> str:
        return super().url(path)

    def play(self, path: str, what: bytes | Play) -> str:
        """From now on `path` answers so; its address."""
        self.plays[path] = what if callable(what) else lambda _request: what
        return self.url(path)

    def asked(self, path: str = "/feed.xml") -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def _send(self, connection: socket.socket, content: bytes | Chunks) -> bool:
        """Whether the connection may be used again: not after a play in chunks, which may have no clear end."""
        if isinstance(content, bytes):
            connection.sendall(content)
            return True
        for chunk in content:
            connection.sendall(chunk)
        return False


def conditional(body: bytes, *, etag: str = '"one"', **headers: str) -> Play:
    """A well-behaved origin: 304 for its own ETag."""

    def play(request: Request) -> bytes:
        if request.headers.get("if-none-match") == etag:
            return answer("304 Not Modified", ETag=etag, **headers)
        return answer(body=body, ETag=etag, Content_Type="application/atom+xml", **headers)

    return play


def _read(stream: socketserver.BufferedIOBase) -> Request | None:  # type: ignore[name-defined]
    lines: list[str] = []
    while line := stream.readline(65_536):
        text = line.decode("latin-1").rstrip("\r\n")
        if not text:
            break
        lines.append(text)
    if not lines:
        return None
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
    return Request(path=lines[0].split(" ")[1], headers=headers, lines=tuple(lines))
