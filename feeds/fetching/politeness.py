"""How requests to one host are kept apart: spaced in time, and few at once. Time is handed in."""

from __future__ import annotations

import heapq
from collections import deque
from datetime import timedelta
from typing import Generic, TypeVar

from msgspec import Struct, field

T = TypeVar("T")


class PerHost(Struct, frozen=True, kw_only=True):
    """What every host is spared."""

    connections: int = 2
    spacing: timedelta = timedelta(seconds=1)


class _Host(Struct, Generic[T]):
    waiting: deque[T] = field(default_factory=deque)
    active: int = 0
    ready_at: float = 0.0  # the earliest moment of its next request
    is_queued: bool = False


class HostQueues(Generic[T]):
    """Jobs waiting by host. Each call costs the logarithm of the number of hosts, however many jobs wait."""

    def __init__(self, per_host: PerHost) -> None:
        self._per_host = per_host
        self._hosts: dict[str, _Host[T]] = {}
        self._queue: list[tuple[float, int, str]] = []  # hosts that may take a job, by when
        self._count = 0

    def put(self, host: str, job: T, *, is_first: bool = False) -> None:
        state = self._hosts.setdefault(host, _Host())
        if is_first:
            state.waiting.appendleft(job)
        else:
            state.waiting.append(job)
        self._offer(host, state)

    def take(self, now: float) -> T | None:
        """The next job whose host may be asked at `now`; it counts as active until `done`."""
        while self._queue and self._queue[0][0] <= now:
            _ready_at, _number, host = heapq.heappop(self._queue)
            state = self._hosts[host]
            state.is_queued = False
            if state.waiting:  # else it was given up meanwhile
                return self._started(host, state, now)
        return None

    def _started(self, host: str, state: _Host[T], now: float) -> T:
        job = state.waiting.popleft()
        state.active += 1
        state.ready_at = now + self._per_host.spacing.total_seconds()
        self._offer(host, state)
        return job

    def done(self, host: str) -> None:
        state = self._hosts[host]
        state.active -= 1
        self._offer(host, state)

    def give_up(self, host: str) -> list[T]:
        """The jobs that still wait for a host, which are not asked for any more."""
        state = self._hosts[host]
        left = list(state.waiting)
        state.waiting.clear()
        return left

    def give_up_all(self) -> list[T]:
        return [job for host in self._hosts for job in self.give_up(host)]

    def next_at(self) -> float | None:
        """When `take` may give a job next, None if that waits for a `done` or nothing is left."""
        return self._queue[0][0] if self._queue else None

    def _offer(self, host: str, state: _Host[T]) -> None:
        if state.waiting and not state.is_queued and state.active < self._per_host.connections:
            self._count += 1
            state.is_queued = True
            heapq.heappush(self._queue, (state.ready_at, self._count, host))
