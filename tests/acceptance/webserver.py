"""A tiny origin on loopback: it serves what it is given, counts what it is asked, and misbehaves when told to."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True, kw_only=True)
class Page:
    """What stands at one path."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: str = ""
    last_modified: str = ""
    media_type: str = "application/xml"
    drip: float = 0.0  # seconds between two bytes of the body
    stalls: bool = False  # takes the request and never answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    path: str
    headers: Message
    at: float = field(default_factory=time.monotonic)  # seconds

    def __getitem__(self, name: str) -> str | None:
        return self.headers[name]


class Origin:
    """Serves in threads of its own until it is closed."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.requests: list[Request] = []
        self.asked = threading.Condition()
        self.closing = threading.Event()
        self.server = _Server(("127.0.0.1", 0), _handler(self))
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02})
        self.thread.start()

    @property
    def port(self) -> int:
        return int(self.server.server_address[1])

    def serve(self, path: str, body: bytes | str = b"", **how: Any) -> str:
        """Put a page at `path`; its address is returned."""
        content = body.encode() if isinstance(body, str) else body
        self.pages[path] = Page(body=content, **how)
        return self.url(path)

    def url(self, path: str, user: str = "") -> str:
        return f"http://{user}{'@' if user else ''}127.0.0.1:{self.port}{path}"

    def asked_for(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def wait_for(self, path: str, seconds: float = 30) -> None:
        """Until somebody asked for `path`."""
        with self.asked:
            assert self.asked.wait_for(lambda: self.asked_for(path), timeout=seconds), f"nobody asked for {path}"

    def close(self) -> None:
        self.closing.set()
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_request: Any) -> None:
        """A client that went away is what many tests are about."""


def _handler(origin: Origin) -> Callable[..., BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_GET(self) -> None:
            with origin.asked:
                origin.requests.append(Request(path=self.path, headers=self.headers))
                origin.asked.notify_all()
            page = origin.pages.get(self.path, Page(status=404, body=b"not here", media_type="text/plain"))
            if page.stalls:
                origin.closing.wait(30)
                self.close_connection = True
                return
            with contextlib.suppress(ConnectionError):
                self.answer(page)

        def answer(self, page: Page) -> None:
            is_known = (page.etag and self.headers["If-None-Match"] == page.etag) or (
                page.last_modified and self.headers["If-Modified-Since"] == page.last_modified
            )
            body = b"" if is_known else page.body
            self.send_response(304 if is_known else page.status)
            for name, value in (("ETag", page.etag), ("Last-Modified", page.last_modified)):
                if value:
                    self.send_header(name, value)
            if not is_known:
                self.send_header("Content-Type", page.media_type)
                self.send_header("Content-Length", str(len(body)))
            for name, value in page.headers.items():
                self.send_header(name, value)
            self.end_headers()
            if not page.drip:
                self.wfile.write(body)
                return
            for byte in body:
                self.wfile.write(bytes([byte]))
                if origin.closing.wait(page.drip):
                    return

        def log_message(self, *_words: Any) -> None:
            """Nothing: a test's output is the test's."""

    return Handler
