"""The only wall clock, and the only dice. Everything else takes `now` and chance as values."""

from __future__ import annotations

import secrets
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The time of day, aware, in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go backwards."""


class SystemClock:
    """The machine's own."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def whole_seconds(moment: datetime) -> datetime:
    """Dates of ours are published, and a feed's dates have no use for fractions."""
    return moment.replace(microsecond=0)


def token() -> str:
    """Forty-three characters that nobody can guess, fit for an address: 32 random bytes."""
    return secrets.token_urlsafe(32)
