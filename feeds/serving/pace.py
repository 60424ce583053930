"""How fast a client takes what it asked for."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import termios
from contextlib import suppress


class Pace:
    """Bytes that a client has taken, looked at now and then."""

    def __init__(self) -> None:
        self._since: float | None = None  # None: nothing waits
        self._taken = 0

    def is_too_slow(self, now: float, *, waits: bool, taken: int, seconds: float, least: float) -> bool:
        """Whether it took less than `least` bytes in the last `seconds`, in all of which something waited for it."""
        if not waits:
            self._since = None
        elif self._since is None:
            self._since, self._taken = now, taken
        elif now - self._since >= seconds:
            if taken - self._taken < least:
                return True
            self._since, self._taken = now, taken
        return False


def underway(transport: asyncio.Transport) -> int:
    """Bytes that the kernel has and the client has not yet: of a slow one there may be megabytes."""
    try:
        told = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, b"\0" * 4)
    except (OSError, AttributeError):  # no system that tells
        return 0
    return int(struct.unpack("i", told)[0])


def reset(transport: asyncio.Transport) -> None:
    """Hang up at once, also on what the kernel has still to send: it would keep that for minutes."""
    with suppress(OSError, AttributeError):
        now = struct.pack("ii", 1, 0)
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
    transport.abort()
