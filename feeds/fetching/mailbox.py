"""Results on their way from the threads that fetch to the one that works on them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from feeds.records import FetchResult, Source, size_of

# While so much waits no transfer begins: memory is bounded where reading is slower than the web. Those under way still
# bring theirs on top, as many documents as there are transfers at a time, each within its source's max_size.
MAX_UNREAD = 100  # results
MAX_UNREAD_SIZE = 4_000_000  # bytes that they brought


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
    def is_full(self) -> bool:
        return len(self._unread) >= MAX_UNREAD or self._size >= MAX_UNREAD_SIZE

    @property
    def is_empty(self) -> bool:
        return not self._unread

    def put(self, result: tuple[Source, FetchResult] | BaseException) -> None:
        """Without waking the reader: threads that wake each other for every single result do little else."""
        self._unread.append(result)
        self._weigh(result)

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
        result = self._unread.popleft()
        is_light_again = self._weigh(result, -1)
        if is_light_again or len(self._unread) == MAX_UNREAD - 1:
            for tell in self._told_of_room:
                tell()
        if isinstance(result, BaseException):
            raise result
        return result

    def when_there_is_room(self, tell: Callable[[], None]) -> None:
        """Call `tell`, in the reader's thread, each time there is room again."""
        self._told_of_room.append(tell)

    def wait_for_room(self, stopping: threading.Event) -> None:
        while self.is_full and not stopping.is_set():
            self._has_room.clear()
            if self.is_full:
                self._has_room.wait(1)

    def _weigh(self, result: tuple[Source, FetchResult] | BaseException, sign: int = 1) -> bool:
        """Whether what is unread was too much until now."""
        size = size_of(result[1]) if isinstance(result, tuple) else 0
        if not size:  # most bring nothing new
            return False
        with self._lock:
            before = self._size
            self._size += sign * size
            return self._size < MAX_UNREAD_SIZE <= before
