"""Results on their way from the threads that fetch to the one that works on them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from feeds.records import FetchResult, Source, size_of

# While so much waits no transfer begins: memory is bounded where reading is slower than the web.
MAX_UNREAD = 100  # results
MAX_UNREAD_SIZE = 4_000_000  # bytes that they brought
# What transfers under way will bring counts, too, at the size that others had; but a few may always be: who never
# answers brings nothing.
MAX_SIZE = 8_000_000
ALWAYS = 30  # transfers
USUAL_SIZE = 100_000  # bytes of a result, as long as we know no better
RECENT = 16  # results, by which we do


class Mailbox:
    """Any number of threads put results in, one takes them out."""

    def __init__(self) -> None:
        self._unread: deque[tuple[Source, FetchResult] | BaseException] = deque()
        self._size = 0
        self._usual_size = float(USUAL_SIZE)  # 304s included
        self._lock = threading.Lock()  # on the size of all
        self._has_news = threading.Event()
        self._has_room = threading.Event()
        self._told_of_room: list[Callable[[], None]] = [self._has_room.set]

    @property
    def is_full(self) -> bool:
        return len(self._unread) >= MAX_UNREAD or self._size >= MAX_UNREAD_SIZE

    def has_room_beside(self, under_way: int) -> bool:
        """Whether one more transfer may begin beside so many that are under way."""
        return not self.is_full and (under_way < ALWAYS or self._size + under_way * self._usual_size < MAX_SIZE)

    @property
    def is_empty(self) -> bool:
        return not self._unread

    def put(self, result: tuple[Source, FetchResult] | BaseException) -> None:
        """Without waking the reader: threads that wake each other for every single result do little else."""
        self._unread.append(result)
        size = self._weigh(result)
        self._usual_size += (size - self._usual_size) / RECENT  # an estimate, for which no thread waits

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
        is_document = self._weigh(result, -1) > 0
        if is_document or len(self._unread) == MAX_UNREAD - 1:
            for tell in self._told_of_room:
                tell()
        if isinstance(result, BaseException):
            raise result
        return result

    def when_there_is_room(self, tell: Callable[[], None]) -> None:
        """Call `tell`, in the reader's thread, each time there may be room again."""
        self._told_of_room.append(tell)

    def wait_for_room(self, stopping: threading.Event) -> None:
        while self.is_full and not stopping.is_set():
            self._has_room.clear()
            if self.is_full:
                self._has_room.wait(1)

    def _weigh(self, result: tuple[Source, FetchResult] | BaseException, sign: int = 1) -> int:
        """The bytes that it brought."""
        size = size_of(result[1]) if isinstance(result, tuple) else 0
        if size:  # most bring nothing new
            with self._lock:
                self._size += sign * size
        return size
