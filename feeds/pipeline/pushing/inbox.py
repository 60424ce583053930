"""What hubs sent, on its way to the stream of refreshes: it waits until its source is free for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Container, Iterable
from typing import TypeAlias

from feeds.records import Fetched, Source, size_of

MOST = 50_000_000  # bytes that wait here, all together

Pushed: TypeAlias = tuple[Source, Fetched]


class Inbox:
    """Any thread puts in, the stream takes out. `tell` is called when something came."""

    def __init__(self, tell: Callable[[], None] = lambda: None) -> None:
        self._tell = tell
        self._waiting: list[Pushed] = []
        self._is_shut = False
        self._lock = threading.Lock()

    def put(self, source: Source, pushed: Fetched) -> bool:
        """Whether there is room for it. The same once more is no more: some hubs deliver twice."""
        with self._lock:
            if not any(name.name == source.name and sent.bodies == pushed.bodies for name, sent in self._waiting):
                if size_of(pushed) + sum(size_of(sent) for _source, sent in self._waiting) > MOST:
                    return False
                self._waiting.append((source, pushed))
        self._tell()
        return True

    def waiting(self, at_work: Container[str]) -> list[Pushed]:
        """The first of each source that nobody is at work on; nothing while it is shut."""
        with self._lock:
            if self._is_shut:
                return []
            first = {source.name: (source, sent) for source, sent in reversed(self._waiting)}
        return [pushed for name, pushed in first.items() if name not in at_work]

    def remove(self, pushed: Pushed) -> None:
        with self._lock:
            if pushed in self._waiting:  # unless its source has other settings by now, or went
                self._waiting.remove(pushed)

    def shut(self) -> None:
        """What comes waits until `follow` says which sources there are: read by other settings than the store follows,
        it would be kept as they had it."""
        with self._lock:
            self._is_shut = True

    def follow(self, sources: Iterable[Source]) -> None:
        """These are the sources now: what waits is read by their settings, under their names, and what came for an
        address that is none of theirs is dropped, as it would be refused from now on."""
        with self._lock:
            self._is_shut = False
            if not self._waiting:
                return
            named = {(source.name, source.url): source for source in sources}
            at = {source.url: source for source in reversed(named.values())}
            known = ((named.get((one.name, one.url), at.get(one.url)), sent) for one, sent in self._waiting)
            self._waiting = [(source, sent) for source, sent in known if source]
        self._tell()
