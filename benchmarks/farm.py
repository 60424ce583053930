"""A feed farm: one local process that serves thousands of sources, and can make all of them change at once.

    python benchmarks/farm.py --sources 1000 --port 0       prints its port, serves until it is stopped

    GET  /feed/17.xml                        a document, with ETag and Last-Modified, or 304
    POST /control/advance?new=2&share=0.5    two new entries on top of about half of the sources
    GET  /control/counts                     what was asked since the start, as JSON

The sources are spread over the addresses 127.0.0.1, 127.0.0.2, …, so that a polite client sees as many hosts (Linux
answers on all of 127.0.0.0/8). `with running(sources=200) as farm:` gives a farm in a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import re
import signal
import socket
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any
from urllib.parse import parse_qs, urlsplit

from documents import Documents, format_of, published_at

HOSTS = 100
LONGEST_HEAD = 65_536
FEED_PATH = re.compile(r"/feed/(\d+)\.xml")


def host_of(index: int, hosts: int) -> str:
    """The loopback address that source `index` lives at."""
    number = index % hosts + 1
    return f"127.0.{number >> 8}.{number & 255}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]  # names in lower case


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(slots=True)
class Counts:
    """What the feeds were asked for; control requests are not counted."""

    connections: int = 0
    requests: int = 0
    bytes: int = 0  # of whole answers
    statuses: dict[int, int] = field(default_factory=lambda: {200: 0, 304: 0})

    def add(self, status: int, size: int) -> None:
        self.requests += 1
        self.bytes += size
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def as_json(self) -> dict[str, int]:
        statuses = {str(status): number for status, number in self.statuses.items()}
        return {"connections": self.connections, "requests": self.requests, **statuses, "bytes": self.bytes}


class Farm:
    """The sources and how far each has grown: a function from requests to responses."""

    def __init__(self, sources: int, documents: Documents) -> None:
        self.documents = documents
        self.tops = [documents.entries] * sources  # the number of each source's newest entry
        self.generation = 0
        self.counts = Counts()

    def respond(self, request: Request) -> Response:
        target = urlsplit(request.target)
        feed = FEED_PATH.fullmatch(target.path)
        match request.method, target.path:
            case "GET" | "HEAD", _ if feed and int(feed[1]) < len(self.tops):
                return self.feed(int(feed[1]), request.headers)
            case "GET", "/control/counts":
                return _json(self.counts.as_json())
            case "POST", "/control/advance":
                asked = parse_qs(target.query)
                new, share = asked.get("new", ["1"])[0], asked.get("share", ["1.0"])[0]
                return _json({"advanced": self.advance(int(new), float(share)), "generation": self.generation})
        return Response(status=404)

    def feed(self, index: int, headers: dict[str, str]) -> Response:
        """The document of a source, or 304 to whoever has it already."""
        top = self.tops[index]
        etag = f'"{index}-{top}"'
        last_modified = formatdate(published_at(index, top), usegmt=True)
        validators = (("ETag", etag), ("Last-Modified", last_modified))
        if is_current(headers, etag, last_modified):
            return Response(status=304, headers=validators)
        media_type = ("Content-Type", format_of(index).media_type)
        return Response(status=200, headers=(media_type, *validators), body=self.documents.render(index, top))

    def advance(self, new: int, share: float) -> int:
        """Gives `new` entries to a `share` of the sources, and says to how many."""
        self.generation += 1
        chosen = [index for index in range(len(self.tops)) if self._draw(index) < share]
        for index in chosen:
            self.tops[index] += new
        return len(chosen)

    def _draw(self, index: int) -> float:
        return zlib.crc32(f"{index} in {self.generation}".encode()) / 2**32


def is_current(headers: dict[str, str], etag: str, last_modified: str) -> bool:
    """Whether the client's copy is still good. If-None-Match alone decides where it is sent (RFC 9110, 13.2.2)."""
    if (known := headers.get("if-none-match")) is not None:
        tags = [tag.strip().removeprefix("W/") for tag in known.split(",")]
        return etag in tags or tags == ["*"]
    return headers.get("if-modified-since") == last_modified


def _json(value: dict[str, int]) -> Response:
    body = json.dumps(value).encode() + b"\n"
    return Response(status=200, headers=(("Content-Type", "application/json"),), body=body)


def parse_head(head: bytes) -> Request:
    """Raises ValueError at what is no HTTP request."""
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _version = first.split(" ")
    pairs = (line.partition(":") for line in lines)
    return Request(method=method, target=target, headers={name.lower(): value.strip() for name, _, value in pairs})


def encode(response: Response, *, with_body: bool = True) -> bytes:
    """The response as it goes over the wire."""
    lines = [f"HTTP/1.1 {response.status} {http.client.responses[response.status]}"]
    lines.append(f"Date: {formatdate(usegmt=True)}")
    lines += [f"{name}: {value}" for name, value in response.headers]
    if response.status != 304:
        lines.append(f"Content-Length: {len(response.body)}")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return head + response.body if with_body else head


class Conversation(asyncio.Protocol):
    """One connection, kept alive: requests in, responses out, in order."""

    def __init__(self, farm: Farm) -> None:
        self.farm = farm
        self.received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.farm.counts.connections += 1

    def data_received(self, data: bytes) -> None:
        self.received += data
        try:
            while (request := self._next_request()) is not None:
                self._answer(request)
        except ValueError:
            self.transport.write(encode(Response(status=400)))
            self.transport.close()

    def _next_request(self) -> Request | None:
        head, found, rest = self.received.partition(b"\r\n\r\n")
        if not found:
            if len(head) > LONGEST_HEAD:
                raise ValueError("the head does not end")
            return None
        request = parse_head(head)
        length = int(request.headers.get("content-length", 0))  # of a body, which nobody here wants to read
        if len(rest) < length:
            return None
        self.received = rest[length:]
        return request

    def _answer(self, request: Request) -> None:
        response = self.farm.respond(request)
        encoded = encode(response, with_body=request.method != "HEAD")
        if not request.target.startswith("/control/"):
            self.farm.counts.add(response.status, len(encoded))
        self.transport.write(encoded)
        if request.headers.get("connection", "").lower() == "close":
            self.transport.close()


def listen(hosts: int, port: int) -> list[socket.socket]:
    """A listening socket for each host, all at one port; `port` 0 takes a free one."""
    first = socket.create_server((host_of(0, hosts), port), backlog=1024)
    port = first.getsockname()[1]
    return [first, *(socket.create_server((host_of(k, hosts), port), backlog=1024) for k in range(1, hosts))]


async def serve(farm: Farm, sockets: list[socket.socket]) -> None:
    """Serves until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for stop in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(stop, stopped.set)
    servers = [await loop.create_server(lambda: Conversation(farm), sock=each) for each in sockets]
    await stopped.wait()
    for server in servers:
        server.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningFarm:
    """A farm in another process, as its user sees it."""

    port: int
    sources: int
    hosts: int

    def url(self, index: int) -> str:
        return f"http://{host_of(index, self.hosts)}:{self.port}/feed/{index}.xml"

    def urls(self) -> list[str]:
        return [self.url(index) for index in range(self.sources)]

    def counts(self) -> dict[str, int]:
        return self._ask("GET", "/control/counts")

    def advance(self, *, new: int, share: float = 1.0) -> int:
        """Lets a `share` of the sources grow by `new` entries, and says how many did."""
        return self._ask("POST", f"/control/advance?new={new}&share={share}")["advanced"]

    def _ask(self, method: str, target: str) -> dict[str, int]:
        connection = http.client.HTTPConnection(host_of(0, self.hosts), self.port, timeout=60)
        try:
            connection.request(method, target)
            answer: dict[str, int] = json.loads(connection.getresponse().read())
            return answer
        finally:
            connection.close()


@contextmanager
def running(*, sources: int, hosts: int = HOSTS, entries: int = 40, size: int = 165_000) -> Iterator[RunningFarm]:
    """A farm in a process of its own, stopped when the block is left."""
    options: dict[str, Any] = {"sources": sources, "hosts": hosts, "entries": entries, "size": size, "port": 0}
    command = [sys.executable, __file__, *(f"--{name}={value}" for name, value in options.items())]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield RunningFarm(port=int(process.stdout.readline()), sources=sources, hosts=hosts)
        finally:
            process.terminate()


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Serve a farm of feeds on loopback addresses.")
    parser.add_argument("--sources", type=int, default=1000)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--hosts", type=int, default=HOSTS, help="loopback addresses to spread the sources over")
    parser.add_argument("--entries", type=int, default=40, help="in each document")
    parser.add_argument("--size", type=int, default=165_000, help="of a document, roughly, in bytes")
    return parser.parse_args()


def main() -> None:
    options = read_options()
    sockets = listen(options.hosts, options.port)
    print(sockets[0].getsockname()[1], flush=True)
    farm = Farm(options.sources, Documents(entries=options.entries, size=options.size))
    asyncio.run(serve(farm, sockets))


if __name__ == "__main__":
    main()
