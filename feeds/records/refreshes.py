"""What was done, and how it is with us: logs, metrics and the command line show these."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Literal, TypeAlias

from msgspec import Struct

RefreshStatus: TypeAlias = Literal["fetched", "unchanged", "failed", "waiting"]


class Refresh(Struct, frozen=True, kw_only=True):
    """What one source's run did: log, metrics and command line all print this."""

    source: str
    status: RefreshStatus
    new: int = 0
    revised: int = 0
    seconds: float = 0.0  # from the first request to the last row stored
    fetch_seconds: float = 0.0  # of these, until the answer was complete
    size: int = 0  # bytes of the documents that came, after decompression
    problem: str = ""
    note: str = ""  # what else came of it, in words
    next_fetch_at: datetime | None = None
    categories: tuple[str, ...] = ()  # whose feeds it touched


class Tally(Struct, frozen=True):
    """What the refreshes of a day came to: those of one source, or of many."""

    day: date
    fetched: int = 0
    unchanged: int = 0
    failed: int = 0
    new: int = 0  # articles
    seconds: float = 0.0  # that the answers took which did not fail, all together

    @property
    def asked(self) -> int:
        return self.fetched + self.unchanged + self.failed

    @property
    def latency(self) -> float | None:
        """Seconds that an answer took, on average; None where there was none."""
        answered = self.fetched + self.unchanged
        return self.seconds / answered if answered else None

    def __add__(self, other: Tally) -> Tally:
        return self._with(other, 1)

    def __sub__(self, other: Tally) -> Tally:
        return self._with(other, -1)

    def _with(self, other: Tally, sign: int) -> Tally:
        return Tally(
            self.day,
            self.fetched + sign * other.fetched,
            self.unchanged + sign * other.unchanged,
            self.failed + sign * other.failed,
            self.new + sign * other.new,
            self.seconds + sign * other.seconds,
        )


class Health(Struct, frozen=True, kw_only=True):
    """How the daemon is: the server, the service manager and `feedmill status` tell this."""

    started_at: datetime
    last_tick_at: datetime | None = None
    is_ready: bool = False  # the store can be written and a first tick was done
    is_alive: bool = True  # every job keeps its deadline
    problems: tuple[str, ...] = ()  # what is wrong now, in words


class Inventory(Struct, frozen=True, kw_only=True):
    """The store in numbers."""

    sources: Mapping[str, int]  # by what they are: active, failing, parked, gone
    due: int  # sources whose time has come
    lag: timedelta  # for how long the first of them has been due
    articles: int
    tombstones: int
