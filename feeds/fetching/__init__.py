"""From sources to bytes: the room that touches the network and the sources' files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from typing import Protocol

from feeds.clock import Clock
from feeds.fetching.folder import Folders, fetch_file
from feeds.fetching.http import Manners, Web
from feeds.fetching.mailbox import Mailbox
from feeds.fetching.transfer import address, host, is_one_origin
from feeds.records import FetchResult, Source, SourceState

Claimed = Sequence[tuple[Source, SourceState]]

__all__ = ["FETCHERS", "Fetching", "Manners", "address", "fetch", "fetch_file", "host", "is_one_origin"]


class Fetcher(Protocol):
    """Works in a thread of its own, which begins with the first source and ends after `close` or `stop`."""

    def add(self, claimed: Claimed) -> None: ...
    def close(self) -> None: ...
    def stop(self) -> None: ...
    def join(self) -> None: ...


FETCHERS: dict[str, Callable[[Mailbox, Clock, Manners], Fetcher]] = {
    "folder": lambda mailbox, _clock, _manners: Folders(mailbox),
    "http": Web,
    "opml": Web,
}

PATIENCE = 1.0  # seconds between two looks of whoever works on the results at what else there is to do


class Fetching:
    """What claimed sources answer, for as long as there are any: sources may be added at any time, by any thread.

    Transfers go on in threads of their own while the caller works on a result, so that slow work there costs no source
    its deadline.
    """

    def __init__(self, *, clock: Clock, manners: Manners) -> None:
        self._mailbox = Mailbox()
        made: dict[object, Fetcher] = {}
        for make in FETCHERS.values():
            if make not in made:
                made[make] = make(self._mailbox, clock, manners)
        self._fetchers = {kind: made[make] for kind, make in FETCHERS.items()}
        self._lock = threading.Lock()
        self._owed = 0  # results of sources that were added
        self._is_closed = False
        self._is_stopped = False

    def add(self, claimed: Claimed) -> None:
        """These, too. Once closed nothing is added any more: whoever claims them next fetches them."""
        if self._is_closed:
            return
        with self._lock:
            self._owed += len(claimed)
        for fetcher in dict.fromkeys(self._fetchers.values()):
            own = [(source, state) for source, state in claimed if self._fetchers[source.kind] is fetcher]
            if own:
                fetcher.add(own)

    def close(self) -> None:
        """Nothing more is added: `results` ends with the last one."""
        self._is_closed = True
        for fetcher in self._fetchers.values():
            fetcher.close()
        self._mailbox.tell()

    def stop(self) -> None:
        """Nothing more is asked or waited for: what has been answered still comes out, then Postponed for the rest."""
        self._is_stopped = True
        for fetcher in self._fetchers.values():
            fetcher.stop()
        self.close()

    def nudge(self) -> None:
        """`results` gives None: whoever works on them has something else to look at."""
        self._mailbox.tell()

    def results(self) -> Generator[tuple[Source, FetchResult] | None]:
        """Each source with its result, in the order in which the answers are complete; now and then None.

        On Ctrl-C what has been answered is handed out all the same. Closing the generator drops what is left.
        """
        interruption: KeyboardInterrupt | None = None
        try:
            while self._owed or not self._is_closed:
                try:
                    result = self._mailbox.take(PATIENCE)
                except KeyboardInterrupt as error:
                    interruption = error
                    self.stop()
                    continue
                if result is not None:
                    self._count_down()
                elif self._has_lost_some():
                    break
                yield result
        finally:
            self.stop()
            for fetcher in self._fetchers.values():
                fetcher.join()
        if interruption is not None:
            raise interruption

    def _count_down(self) -> None:
        with self._lock:
            self._owed -= 1

    def _has_lost_some(self) -> bool:
        """An interruption can have cost a result, which would be waited for in vain."""
        if not self._is_stopped:
            return False
        for fetcher in self._fetchers.values():
            fetcher.join()
        return self._mailbox.is_empty


def fetch(claimed: Claimed, *, clock: Clock, manners: Manners) -> Generator[tuple[Source, FetchResult]]:
    """What came back from each of these sources, as it arrives."""
    fetching = Fetching(clock=clock, manners=manners)
    fetching.add(claimed)
    fetching.close()
    for result in fetching.results():
        if result is not None:
            yield result
