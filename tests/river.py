"""A stream of refreshes at work, as the daemon keeps one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from feeds import pipeline
from feeds.records import Refresh
from web_mill import WebMill

PATIENCE = 30


@dataclass
class River:
    """A stream over a mill, and what it told."""

    mill: WebMill
    seen: list[Refresh] = field(default_factory=list)
    number: int = 0

    def __post_init__(self) -> None:
        mill = self.mill
        self.stream = pipeline.Stream(mill.store, mill.settings, clock=mill.clock, observe=self.seen.append)
        self.stream.start()

    def tick(self) -> None:
        self.stream.add_due(now=self.mill.clock.now(), limit=lambda _sources: None)

    def adopt(self) -> None:
        self.stream.adopt(self.mill.settings)

    def saw(self, name: str) -> list[str]:
        return [refresh.status for refresh in self.seen if refresh.source == name]


@contextmanager
def flowing(mill: WebMill) -> Iterator[River]:
    river = River(mill)
    try:
        yield river
    finally:
        river.stream.stop()


def until(is_so: Callable[[], object]) -> None:
    end_at = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end_at
        time.sleep(0.01)
