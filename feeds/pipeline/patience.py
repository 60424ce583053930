"""Waiting for a store that cannot be used now."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

from feeds.clock import Clock
from feeds.errors import StoreUnavailableError
from feeds.logs import log

T = TypeVar("T")

LONGEST_PAUSE = 60.0  # seconds between two attempts


class Patience:
    """Writes, and tries again where the store cannot be written and somebody `is_patient`, until `stop`."""

    def __init__(self, clock: Clock, *, is_patient: bool) -> None:
        self._clock = clock
        self._is_patient = is_patient
        self._stopping = threading.Event()
        self.trouble = ""  # that the store has right now, in words
        self.last_sign_at = clock.monotonic()  # of life

    def give_sign(self) -> float:
        """There is life; the time, in seconds of the monotonic clock."""
        self.last_sign_at = self._clock.monotonic()
        return self.last_sign_at

    def stop(self) -> None:
        """By any thread: what cannot be written now is not tried again."""
        self._stopping.set()

    def write(self, attempt: Callable[[], T]) -> T:
        """What `attempt` gives. Raises its StoreUnavailableError where nobody is patient, or after `stop`."""
        pause = 1.0
        while True:
            try:
                result = attempt()
            except StoreUnavailableError as error:
                if not self._is_patient or self._stopping.is_set():
                    raise
                if not self.trouble:
                    log.error("store cannot be used, trying again", problem=str(error))
                self.trouble = str(error)
                self.give_sign()
                self._stopping.wait(pause)
                pause = min(2 * pause, LONGEST_PAUSE)
            else:
                if self.trouble:
                    log.warning("store can be used again")
                    self.trouble = ""
                return result
