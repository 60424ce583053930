"""Hosts at work on loopback addresses, which answer as their sites say, and write down what they were asked."""

from __future__ import annotations

import asyncio
import http.client
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import datetime
from socket import create_server
from types import TracebackType
from typing import Self

from awkward_origin import Asked, Reply, Site

PATIENCE = 0.001  # seconds an answer takes, so that requests at one time are seen to be


class Hosts:
    """The hosts at work, in a thread of their own. `now` is the simulated time that they all know."""

    def __init__(self, sites: Iterable[Site], *, now: Callable[[], datetime], count: int = 20) -> None:
        self.sites = {site.name: site for site in sites}
        self.now = now
        self.asked: list[Asked] = []
        self.under_way: Counter[str] = Counter()
        first = create_server(("127.0.0.1", 0), backlog=256)
        self.port = first.getsockname()[1]
        others = (create_server((f"127.0.0.{n}", self.port), backlog=256) for n in range(2, count + 1))
        self.sockets = [first, *others]
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self.thread.start()
        return self

    def __exit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()

    def url(self, site: Site) -> str:
        return f"http://{site.host}:{self.port}{site.entry}"

    def settle(self) -> None:
        """Write down what was sent until now, also by a client that hung up at once: time is about to move."""

        async def turn() -> None:
            for _ in range(10):  # to accept, to begin to read, to read
                await asyncio.sleep(0)

        asyncio.run_coroutine_threadsafe(turn(), self.loop).result()

    def _run(self) -> None:
        servers = [
            self.loop.run_until_complete(self.loop.create_server(lambda: _Conversation(self), sock=each))
            for each in self.sockets
        ]
        self.loop.run_forever()
        for server in servers:
            server.close()
        self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        self.loop.close()

    def answer(self, host: str, head: str) -> Reply:
        line, *rest = head.split("\r\n")
        headers = tuple((name, value.strip()) for name, _, value in (each.partition(":") for each in rest))
        target = line.split(" ")[1]
        site = self.sites[target.split("/")[1]]
        now = self.now()
        reply = site.answer(target, {name.lower(): value for name, value in headers}, now)
        together = self.under_way[host]
        self.asked.append(
            Asked(at=now, site=site, host=host, line=line, headers=headers, together=together, reply=reply)
        )
        return reply


class _Conversation(asyncio.Protocol):
    """One connection, kept alive. Requests on it come one after another: libcurl does not pipeline."""

    def __init__(self, hosts: Hosts) -> None:
        self.hosts = hosts
        self.received = b""
        self.is_busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.host = transport.get_extra_info("sockname")[0]

    def connection_lost(self, _error: Exception | None) -> None:
        self._done()

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, found, self.received = self.received.partition(b"\r\n\r\n")
        if not found:
            self.received = head
            return
        self.is_busy = True
        self.hosts.under_way[self.host] += 1
        reply = self.hosts.answer(self.host, head.decode("latin-1"))
        self.hosts.loop.call_later(PATIENCE, self._send, reply)

    def _send(self, reply: Reply) -> None:
        self._done()
        if self.transport.is_closing():
            return
        self.transport.write(encode(reply, port=self.hosts.port))
        if reply.ending in {"close", "cut", "cut chunks", "short"}:
            self.transport.close()

    def _done(self) -> None:
        self.hosts.under_way[self.host] -= self.is_busy
        self.is_busy = False


def encode(reply: Reply, *, port: int) -> bytes:
    """The reply as it goes over the wire."""
    etag, modified = reply.validators
    headers = [*reply.headers, *[("ETag", etag)][: bool(etag)], *[("Last-Modified", modified)][: bool(modified)]]
    body = reply.body
    match reply.ending:
        case _ if reply.status == 304:
            body = b""
        case "chunked" | "cut chunks":
            headers.append(("Transfer-Encoding", "chunked"))
            body = b"%x\r\n%b\r\n" % (len(body), body) + (b"0\r\n\r\n" if reply.ending == "chunked" else b"")
        case "cut":
            headers.append(("Content-Length", str(len(body))))
            body = body[: len(body) // 2]
        case "short":
            headers.append(("Content-Length", str(len(body) - len("</feed>"))))
        case "length":
            headers.append(("Content-Length", str(len(body))))
    first = f"HTTP/1.1 {reply.status} {http.client.responses[reply.status]}"
    lines = [first, *(f"{name}: {value}".replace("{port}", str(port)) for name, value in headers)]
    hints = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n" if reply.status == 200 else b""
    return hints + "\r\n".join([*lines, "", ""]).encode("latin-1") + body
