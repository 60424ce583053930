"""The far end of push on loopback: a hub, or somebody's callback, that does what a test tells it to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from loopback import Loopback

PATIENCE = 30.0  # seconds; every wait ends long before


@dataclass(frozen=True)
class Asked:
    """One request; header names in lower case."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, list[str]]:
        return parse_qs(self.body.decode(), keep_blank_values=True)

    def field(self, name: str) -> str:
        return self.form[name][0]


@dataclass(frozen=True)
class Told:
    """What is answered."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)


Play = Callable[[Asked], Told]


def agreeing(asked: Asked) -> Told:
    """Means what it said: repeats a challenge, takes a delivery."""
    return Told(body=asked.query.get("hub.challenge", "").encode())


class Station(Loopback):
    """Every request is kept; what a path `plays` is its answer, and `agreeing` where nothing is said."""

    def __init__(self) -> None:
        self.plays: dict[str, Play] = {}
        self.all: list[Asked] = []
        self.told = threading.Condition()
        super().__init__(_Server(("127.0.0.1", 0), _handler(self)))

    def url(self, path: str = "/callback") -> str:
        return super().url(path)

    def asked(self, path: str = "/callback", method: str = "") -> list[Asked]:
        return [one for one in self.all if one.path == path and method in ("", one.method)]

    def wait_for(self, path: str = "/callback", *, method: str = "", times: int = 1) -> Asked:
        """The request that makes it so many."""
        with self.told:
            self.told.wait_for(lambda: len(self.asked(path, method)) >= times, PATIENCE)
        found = self.asked(path, method)
        assert len(found) >= times, f"{method} {path}: {len(found)} times, not {times}"
        return found[times - 1]


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 100

    def handle_error(self, *_request: Any) -> None:
        """A client that went away is what some tests are about."""


def _handler(station: Station) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            asked = Asked(
                method=self.command,
                path=parts.path,
                query={name: values[0] for name, values in parse_qs(parts.query).items()},
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
            )
            with station.told:
                station.all.append(asked)
                station.told.notify_all()
            told = station.plays.get(parts.path, agreeing)(asked)
            self.send_response(told.status)
            for name, value in ({"Content-Length": str(len(told.body))} | told.headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(told.body)

        do_POST = do_GET  # noqa: N815 - as http.server calls it

        def log_message(self, *_words: Any) -> None:
            pass

    return Handler
