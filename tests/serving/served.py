"""A folder served on loopback, and what its clients may ask of it."""

from __future__ import annotations

import http.client
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feeds.publishing import output
from feeds.serving import Server, application

PATIENCE = 20


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()


class Served:
    """A folder, served."""

    def __init__(self, folder: Path, **how: Any) -> None:
        self.folder = folder
        self.server = Server(application(lambda: self.folder, **how), "127.0.0.1", 0)
        self.server.start()

    def put(self, path: str, content: bytes = b"<feed/>") -> Path:
        output.put(self.folder, path, content)
        return self.folder / path

    def ask(self, path: str, method: str = "GET", **headers: str) -> Response:
        """One request; an underscore in a header's name stands for a hyphen."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=PATIENCE)
        connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        response = Response(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        connection.close()
        return response

    def raw(self, *parts: bytes) -> bytes:
        """Everything that comes back until the server hangs up, or has nothing more to say."""
        with self.connected() as client:
            for part in parts:
                client.sendall(part)
            return read_all(client)

    def connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=PATIENCE)

    def status_of(self, target: bytes) -> int:
        """The status for a request target, byte for byte as given."""
        answer = self.raw(b"GET " + target + b" HTTP/1.1\r\nHost: mill.example\r\nConnection: close\r\n\r\n")
        return status(answer)


def read_all(client: socket.socket) -> bytes:
    received = bytearray()
    while chunk := client.recv(65_536):
        received += chunk
    return bytes(received)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])
