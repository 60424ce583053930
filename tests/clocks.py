"""Clocks for tests."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from builders import MONDAY


@dataclass
class Clock:
    """Both its hands stand still until they are set."""

    moment: datetime = MONDAY

    def now(self) -> datetime:
        return self.moment

    def monotonic(self) -> float:
        return self.moment.timestamp()

    def pass_time(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class WebClock(Clock):
    """The time of day is set by the test; libcurl's deadlines run on."""

    def monotonic(self) -> float:
        return time.monotonic()
