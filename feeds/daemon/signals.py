"""Signals as values that the main thread waits for: nothing runs in the midst of something else."""

from __future__ import annotations

import select
import signal
import socket
from types import TracebackType
from typing import Any


class Signals:
    """Collects SIGTERM, SIGINT and SIGHUP while it is entered, by the main thread."""

    END = signal.SIGTERM
    INTERRUPT = signal.SIGINT
    RELOAD = signal.SIGHUP

    def __enter__(self) -> Signals:
        self._received, self._sent = socket.socketpair()
        self._received.setblocking(False)
        self._sent.setblocking(False)
        # Python writes a signal's number there; what a handler may do without a risk of deadlock is next to nothing.
        self._former_fd = signal.set_wakeup_fd(self._sent.fileno(), warn_on_full_buffer=False)
        self._former: dict[int, Any] = {
            number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        }
        return self

    def __exit__(self, *_error: type[BaseException] | BaseException | TracebackType | None) -> None:
        for number, handler in self._former.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._former_fd)
        self._received.close()
        self._sent.close()

    def wait(self, seconds: float) -> frozenset[int]:
        """The signals that came, waited for no longer than that."""
        if not select.select([self._received], [], [], seconds)[0]:
            return frozenset()
        return frozenset(self._received.recv(4096))
