"""Refreshes without news: nearly all are, and the states of many are written together."""

from __future__ import annotations

from datetime import date

from msgspec import Struct, field

from feeds.pipeline import storing
from feeds.records import Refresh, SourceState
from storage import Store, journal, sources

TOGETHER = 100  # states
SOON = 2.0  # seconds that the first of them waits for others at most


class Unchanged(Struct):
    """Those whose states are yet to be stored."""

    _kept: list[tuple[SourceState, SourceState, Refresh]] = field(default_factory=list)  # before, after
    _since: float = 0.0

    def keep(self, visit: storing.Visit, learned: SourceState, *, monotonic: float) -> Refresh:
        """The refresh of a source that has no news, as it is told."""
        if not self._kept:
            self._since = monotonic
        refresh = storing.told(learned, "unchanged", visit.result.seconds)
        self._kept.append((visit.state, learned, refresh))
        return refresh

    def is_due(self, *, monotonic: float) -> bool:
        """Whether they are to be stored now."""
        return len(self._kept) >= TOGETHER or (bool(self._kept) and monotonic - self._since >= SOON)

    def store(self, store: Store, *, day: date) -> list[str]:
        """Their states, stored; the names of their sources."""
        names = [state.name for state, _learned, _refresh in self._kept]
        if names:
            with store.begin() as db:
                sources.record_visits(db, ((before, learned) for before, learned, _refresh in self._kept))
                journal.record(db, (refresh for *_states, refresh in self._kept), day=day)
            self._kept.clear()
        return names
