"""From sources to bytes: the room that touches the network and the sources' files."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from feeds.clock import Clock
from feeds.fetching import folder, http
from feeds.fetching.http import Manners
from feeds.fetching.transfer import address, host
from feeds.records import FetchResult, Source, SourceState

Claimed = Sequence[tuple[Source, SourceState]]

__all__ = ["FETCHERS", "Manners", "address", "fetch", "host"]

FETCHERS: dict[str, Callable[..., Generator[tuple[Source, FetchResult]]]] = {
    "folder": lambda claimed, **_manners: folder.fetch(claimed),
    "opml": http.fetch,
    "http": http.fetch,
}


def fetch(claimed: Claimed, *, clock: Clock, manners: Manners) -> Generator[tuple[Source, FetchResult]]:
    """What came back from each claimed source, as it arrives; sources on disk first."""
    for kind, fetcher in FETCHERS.items():
        of_kind = [(source, state) for source, state in claimed if source.kind == kind]
        if of_kind:
            yield from fetcher(of_kind, clock=clock, manners=manners)
