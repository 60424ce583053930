"""Threads for what has to wait for the store: each kind of request has its own, so that none starves another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Literal, TypeAlias, TypeVar

_R = TypeVar("_R")

Name: TypeAlias = Literal["pulse", "page", "other"]
# Threads, and how many requests may be in the lane.
LANES: dict[Name, tuple[int, int]] = {"pulse": (2, 32), "page": (4, 8), "other": (4, 64)}


class FullError(Exception):
    """So much waits already that nothing more would be answered in time."""


class Lane:
    """A few threads, and so many that may wait for them."""

    def __init__(self, name: Name) -> None:
        threads, self._most = LANES[name]
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix=f"feedmill-{name}")
        self._waiting: set[Future[object]] = set()

    async def run(self, work: Callable[[], _R]) -> _R:
        """What `work` gives. Raises FullError; and if the caller stops waiting, what has not begun never does."""
        if len(self._waiting) >= self._most:
            raise FullError
        future = self._threads.submit(work)
        self._waiting.add(future)  # type: ignore[arg-type]
        future.add_done_callback(self._waiting.discard)
        return await asyncio.wrap_future(future)


def lanes() -> dict[Name, Lane]:
    return {name: Lane(name) for name in LANES}
