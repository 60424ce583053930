"""A farm for the soak: thousands of sources whose documents grow by a plan, faults by chance, and a ledger of it all."""

from __future__ import annotations

import asyncio
import random
import socket
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from soak_answers import FAULTS, LASTING, ODDITIES, STAY_AWAY, Answer
from soak_stations import BEGIN, HOSTS, Station, stations

SHARE = 0.12  # of requests that meet with a fault; and of the others, that get an odd answer


@dataclass(frozen=True, slots=True)
class FastClock:
    """A day in minutes. All processes of one machine that are handed the same `base` and `offset` agree on the time."""

    base: float  # of the monotonic clock, when it was BEGIN
    speed: float
    offset: float = 0  # seconds that it was put forward since

    def seconds(self) -> float:
        return BEGIN + self.offset + (time.monotonic() - self.base) * self.speed

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.seconds(), UTC)

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One request for a source's document, and what became of it."""

    at: float
    held: int | None  # the document that the client's validators name
    outcome: str  # "served", "unchanged", or a fault
    served: int | None = None  # the document that was sent, whole
    stay_away: int = 0  # seconds that the answer asked for

    @property
    def is_failure(self) -> bool:
        return self.outcome in {*FAULTS, *LASTING, "429"}


@dataclass(slots=True)
class Ledger:
    """What the farm was asked and what it answered."""

    visits: defaultdict[int, list[Visit]] = field(default_factory=lambda: defaultdict(list))
    complaints: list[str] = field(default_factory=list)  # of requests that nobody should have made

    def counts(self) -> Counter[str]:
        return Counter(visit.outcome for visits in self.visits.values() for visit in visits)


class Farm:
    """Serves on loopback addresses, in a thread of its own, until it is closed."""

    def __init__(self, number: int, *, clock: FastClock, seed: int) -> None:
        self.clock = clock
        self.seed = seed
        self.stations = stations(number)
        self.ledger = Ledger()
        self.frozen_at: float | None = None  # then nothing changes any more, and nothing goes wrong
        self._sockets = _listen()
        self.port = self._sockets[0].getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def url(self, station: Station) -> str:
        return f"http://{_host(station.index % HOSTS)}:{self.port}/{station.index}"

    def freeze(self) -> None:
        self.frozen_at = self.clock.seconds()

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        for each in self._sockets:
            self._loop.run_until_complete(self._loop.create_server(lambda: Conversation(self), sock=each))
        self._loop.run_forever()
        for task in asyncio.all_tasks(self._loop):
            task.cancel()
        self._loop.run_until_complete(asyncio.sleep(0))
        for each in self._sockets:
            each.close()
        self._loop.close()

    def moment(self) -> float:
        return self.clock.seconds() if self.frozen_at is None else self.frozen_at

    def held(self, station: Station, headers: dict[str, str]) -> int | None:
        """The document that a client holds, by what it says."""
        try:
            return station.named(headers)
        except ValueError as error:
            self.ledger.complaints.append(str(error))
            return None

    def outcome(self, station: Station) -> str:
        """What this visit meets with, by the seed and the number of the visit."""
        visits = self.ledger.visits[station.index]
        number = len(visits)
        if station.goes and number >= 2:
            return "410"
        if station.is_lost and number >= 2:
            return "404"
        if self.frozen_at is not None:
            return "served"
        if station.is_strict and number == 1 + station.index // HOSTS % 4:
            return "429"
        chance = random.Random(f"{self.seed} {station.index} {number}")
        table = FAULTS if chance.random() < SHARE else ODDITIES if chance.random() < SHARE else {"served": 1}
        return chance.choices(list(table), list(table.values()))[0]


class Conversation(asyncio.Protocol):
    """One connection, kept alive."""

    def __init__(self, farm: Farm) -> None:
        self.farm = farm
        self.received = b""
        self.tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def connection_lost(self, _error: Exception | None) -> None:
        for task in self.tasks:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        self.received += data
        while b"\r\n\r\n" in self.received:
            head, _, self.received = self.received.partition(b"\r\n\r\n")
            first, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            self.answer(first.split(" ")[1], headers)

    def answer(self, target: str, headers: dict[str, str]) -> None:
        is_redirected = target.startswith("/moved/")
        station = self.farm.stations[int(target.rpartition("/")[2])]
        outcome = "served" if is_redirected else self.farm.outcome(station)
        if outcome == "redirected":  # the visit is the one that it leads to
            self.send(302, [f"Location: /moved/{station.index}"])
            return
        at = station.changed_at(self.farm.moment())
        held = self.farm.held(station, headers)
        outcome = "unchanged" if outcome == "served" and held == at else outcome
        visit = Visit(
            at=self.farm.clock.seconds(),
            held=held,
            outcome="redirected" if is_redirected else outcome,
            served=at if outcome == "served" or outcome in ODDITIES else None,
            stay_away=STAY_AWAY.get(outcome, 0),
        )
        self.farm.ledger.visits[station.index].append(visit)
        Answer(self, station, at).give(outcome)

    def send(self, status: int, lines: list[str], body: bytes = b"", *, length: int | None = None) -> None:
        """A length of -1: none is told."""
        if length != -1 and status != 304:
            lines = [*lines, f"Content-Length: {len(body) if length is None else length}"]
        head = "\r\n".join([f"HTTP/1.1 {status} So", *lines, "", ""])
        self.transport.write(head.encode("latin-1") + body)

    def begin(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


def _host(number: int) -> str:
    return f"127.0.1.{number + 1}"


def _listen() -> list[socket.socket]:
    first = socket.create_server((_host(0), 0), backlog=512)
    port = first.getsockname()[1]
    return [first, *(socket.create_server((_host(number), port), backlog=512) for number in range(1, HOSTS))]
