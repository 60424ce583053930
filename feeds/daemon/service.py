"""What the service manager is told, by the protocol of sd_notify(3): ready, reloading, stopping, alive.

Each message is one datagram to a socket that systemd names in the environment. Where none is named nothing is sent.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Mapping

PATIENCE = 1.0  # seconds that a manager too busy to listen may hold us up


class ServiceManager:
    """The manager that started us, if any. No method raises: the daemon's work never depends on it."""

    def __init__(self, environ: Mapping[str, str], *, pid: int) -> None:
        self._address = _address(environ.get("NOTIFY_SOCKET", ""))
        self._watchdog = _watchdog(environ, pid)

    def ready(self, status: str = "") -> None:
        """We do what we are for: after the start, and again after each reload."""
        self._tell("READY=1", *_status(status))

    def reloading(self, *, monotonic: float) -> None:
        """The config is read anew; `ready` ends this, also where the old settings were kept. `monotonic` is now."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={int(monotonic * 1_000_000)}")  # CLOCK_MONOTONIC, as Python's is

    def stopping(self, status: str = "") -> None:
        """We are about to end."""
        self._tell("STOPPING=1", *_status(status))

    def status(self, status: str) -> None:
        """What we are doing, in words, for `systemctl status`."""
        self._tell(*_status(status))

    def alive(self) -> None:
        """A sign of life. Without one every `watchdog_interval` we are taken for hung, ended and started again."""
        self._tell("WATCHDOG=1")

    def watchdog_interval(self) -> float | None:
        """Seconds between two signs of life: half of what the manager waits for. None where it does not watch."""
        return self._watchdog

    def _tell(self, *lines: str) -> None:
        if not self._address or not lines:
            return
        # A socket for each message: none is there to be inherited by a child, or to outlive the manager's restart.
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as to_manager:
            to_manager.settimeout(PATIENCE)
            to_manager.sendto("\n".join(lines).encode(errors="replace"), self._address)


def _address(named: str) -> str:
    """The socket's address for the kernel: a path, or an abstract name, which systemd begins with @."""
    if named.startswith("@"):
        return "\0" + named[1:]
    return named if named.startswith("/") else ""  # of other kinds, such as vsock, we know nothing


def _watchdog(environ: Mapping[str, str], pid: int) -> float | None:
    """Half of WATCHDOG_USEC, if that is meant for us and not for the process that started us."""
    try:
        limit = int(environ["WATCHDOG_USEC"])
        is_ours = int(environ.get("WATCHDOG_PID", pid)) == pid
    except (KeyError, ValueError):
        return None
    return limit / 2_000_000 if is_ours and limit > 0 else None


def _status(status: str) -> list[str]:
    # In one line: a line break would end it, and what followed would be a message of its own.
    words = " ".join(status.split())
    return [f"STATUS={words}"] if words else []
