"""From sources to bytes: the room that touches the network and the sources' files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence

from feeds.clock import Clock
from feeds.fetching import folder, http
from feeds.fetching.http import Manners
from feeds.fetching.transfer import address, host
from feeds.records import FetchResult, Source, SourceState

Claimed = Sequence[tuple[Source, SourceState]]

__all__ = ["FETCHERS", "Manners", "address", "fetch", "host"]

FETCHERS: dict[str, Callable[..., Generator[tuple[Source, FetchResult]]]] = {
    "folder": lambda claimed, stopping=None, **_manners: folder.fetch(claimed, stopping=stopping),
    "opml": http.fetch,
    "http": http.fetch,
}


def fetch(
    claimed: Claimed, *, clock: Clock, manners: Manners, stopping: threading.Event | None = None
) -> Generator[tuple[Source, FetchResult]]:
    """What came back from each claimed source, as it arrives; sources on disk first.

    Once `stopping` is set no more is waited for: what was answered still comes, then Postponed for the rest.
    """
    for kind, fetcher in FETCHERS.items():
        of_kind = [(source, state) for source, state in claimed if source.kind == kind]
        if of_kind:
            yield from fetcher(of_kind, clock=clock, manners=manners, stopping=stopping)
