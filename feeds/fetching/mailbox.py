"""Results on their way from the threads that fetch to the one that works on them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from feeds.records import FetchResult, Source, size_of

# These bound memory where reading is slower than the web.
MAX_UNREAD = 100  # results
MAX_UNREAD_SIZE = 4_000_000  # bytes that they brought
MUCH_ROOM = 0.5


class Mailbox:
    """Any number of threads put results in, one takes them out."""

    def __init__(self) -> None:
        self._unread: deque[tuple[Source, FetchResult] | BaseException] = deque()
        self._size = 0
        self._lock = threading.Lock()  # on the size
        self._has_news = threading.Event()
        self._has_room = threading.Event()
        self._told_of_room: list[Callable[[], None]] = [self._has_room.set]

    @property
    def room(self) -> float:
        """From 1, where nothing is unread, to 0."""
        return max(0.0, 1 - max(len(self._unread) / MAX_UNREAD, self._size / MAX_UNREAD_SIZE))

    @property
    def is_full(self) -> bool:
        return not self.room

    @property
    def is_empty(self) -> bool:
        return not self._unread

    def put(self, result: tuple[Source, FetchResult] | BaseException) -> None:
        """Without waking the reader: threads that wake each other for every single result do little else."""
        self._unread.append(result)
        self._grow(result)

    def tell(self) -> None:
        """Wake the reader: there is something in here, or elsewhere, to look at."""
        self._has_news.set()

    def take(self, seconds: float) -> tuple[Source, FetchResult] | None:
        """The next result, waited for; None after so many seconds, or when told that there is something elsewhere.

        Raises what a fetcher's thread ended with.
        """
        if not self._unread:
            self._has_news.wait(seconds)
            self._has_news.clear()
            if not self._unread:
                return None
        room_before = self.room
        result = self._unread.popleft()
        self._grow(result, -1)
        if not room_before or room_before < MUCH_ROOM <= self.room:
            for tell in self._told_of_room:
                tell()
        if isinstance(result, BaseException):
            raise result
        return result

    def when_there_is_room(self, tell: Callable[[], None]) -> None:
        """Call `tell`, in the reader's thread, each time there is some room again, and much."""
        self._told_of_room.append(tell)

    def wait_for_room(self, stopping: threading.Event) -> None:
        while self.is_full and not stopping.is_set():
            self._has_room.clear()
            if self.is_full:
                self._has_room.wait(1)

    def _grow(self, result: tuple[Source, FetchResult] | BaseException, sign: int = 1) -> None:
        if isinstance(result, tuple) and (size := size_of(result[1])):  # most bring nothing new
            with self._lock:
                self._size += sign * size
