"""What the soak's sources give to a request: their documents, and all that can go wrong."""

from __future__ import annotations

import asyncio
import gzip
import random
from collections.abc import Coroutine
from typing import Any, Protocol

from soak_stations import HOUR, MINUTE, Station

MAX_SIZE = 100_000  # of a document, by the config

STAY_AWAY = {"503": 2 * HOUR, "429": 15 * MINUTE}  # what Retry-After says
# Faults, and how often each of them comes beside the others.
FAULTS = {
    "500": 6, "503": 4, "hangs": 2, "cut": 4, "cut chunks": 4, "cut gzip": 3, "garbage": 3, "page": 4, "empty": 3,
    "endless": 1, "oversize": 1, "closed": 3,
}  # fmt: skip
ODDITIES = {"redirected": 6, "dripped": 3, "stuttering": 4, "chunked": 4}  # answers that are good all the same
SHARE = 0.12  # of requests that meet with a fault
LASTING = {"404", "410"}


class Line(Protocol):
    """The connection that a request came on."""

    transport: asyncio.Transport

    def send(self, status: int, lines: list[str], body: bytes = b"", *, length: int | None = None) -> None: ...

    def begin(self, coroutine: Coroutine[Any, Any, None]) -> None: ...


class Answer:
    """What is given to one request: the document, or one of the faults."""

    def __init__(self, line: Line, station: Station, at: int) -> None:
        self.line = line
        self.station = station
        self.at = at
        self.validators = station.validators(at)
        self.type = f"Content-Type: application/{'atom' if station.is_atom else 'rss'}+xml"

    def give(self, outcome: str) -> None:
        if outcome.isdigit():
            asked = [f"Retry-After: {STAY_AWAY[outcome]}"] if outcome in STAY_AWAY else []
            self.line.send(int(outcome), asked)
        else:
            getattr(self, f"_{outcome.replace(' ', '_')}")()

    def _served(self, *, is_stuttering: bool = False) -> None:
        body = self.station.document(self.at, is_stuttering=is_stuttering)
        if self.station.is_packed:
            self.line.send(200, [self.type, "Content-Encoding: gzip", *self.validators], gzip.compress(body, 1))
        else:
            self.line.send(200, [self.type, *self.validators], body)

    def _unchanged(self) -> None:
        self.line.send(304, self.validators)

    def _stuttering(self) -> None:
        self._served(is_stuttering=True)

    def _dripped(self) -> None:
        body = self.station.document(self.at)
        self.line.send(200, [self.type, *self.validators], body[:100], length=len(body))
        self.line.begin(self._drip([body[100:200], body[200:300], body[300:]]))

    def _chunked(self) -> None:
        body = self.station.document(self.at)
        chunks = b"".join(_chunk(body[start : start + 4096]) for start in range(0, len(body), 4096))
        self.line.send(
            200, [self.type, "Transfer-Encoding: chunked", *self.validators], chunks + _chunk(b""), length=-1
        )

    async def _drip(self, pieces: list[bytes]) -> None:
        for piece in pieces:
            await asyncio.sleep(0.1)
            self.line.transport.write(piece)

    def _bad(self, body: bytes, *lines: str, length: int | None = None) -> None:
        """With validators that must never come back: what they stand for is not to be stored."""
        self.line.send(200, [*lines, 'ETag: "bad"', "Last-Modified: bad"], body, length=length)

    def _hangs(self) -> None:
        """Nothing is said, and nothing ever will be."""

    def _closed(self) -> None:
        """In the midst of the head: before it, a client may ask once more on another connection."""
        self.line.transport.write(b"HTTP/1.1 200 So\r\nContent-Ty")
        self.line.transport.close()

    def _cut(self) -> None:
        body = self.station.document(self.at)
        self._bad(body[: len(body) * 2 // 3], self.type, length=len(body))
        self.line.transport.close()

    def _cut_chunks(self) -> None:
        body = self.station.document(self.at)
        self._bad(_chunk(body[: len(body) * 2 // 3]), self.type, "Transfer-Encoding: chunked", length=-1)
        self.line.transport.close()

    def _cut_gzip(self) -> None:
        packed = gzip.compress(self.station.document(self.at), 1)
        self._bad(packed[: len(packed) * 2 // 3], self.type, "Content-Encoding: gzip")

    def _garbage(self) -> None:
        self._bad(random.Random(self.at).randbytes(3000), self.type)

    def _page(self) -> None:
        self._bad(b"<!DOCTYPE html><html><body><h1>Back in an hour</h1></body></html>", "Content-Type: text/html")

    def _empty(self) -> None:
        self._bad(b"", self.type)

    def _oversize(self) -> None:
        self._bad(self.station.document(self.at) + b" " * 3 * MAX_SIZE, self.type)

    def _endless(self) -> None:
        self._bad(b"", self.type, "Transfer-Encoding: chunked", length=-1)
        self.line.begin(self._go_on(_chunk(self.station.document(self.at)[:4096])))

    async def _go_on(self, chunk: bytes) -> None:
        while not self.line.transport.is_closing():
            self.line.transport.write(chunk)
            await asyncio.sleep(0.005)


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)
