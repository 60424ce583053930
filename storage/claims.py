"""Who is at work: a name for this process, and whether the process behind a name still lives."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

# A worker that died without a trace is waited for this long. On one machine it is noticed at once, see `is_alive`.
LEASE = timedelta(minutes=30)


@cache
def owner() -> str:
    """This process's name, unlike any other's, now or after a restart: host, process id, start time."""
    return f"{socket.gethostname()}/{os.getpid()}/{_started(os.getpid())}"


def is_alive(name: str) -> bool:
    """False only if the process behind the name is surely gone. Of another host nothing is known: it may live."""
    host, pid, started = name.rsplit("/", 2)
    if host != socket.gethostname():
        return True
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    # Process ids come round again; the start time tells one from its successor.
    return _started(int(pid)) == started


def is_over(holder: str, until: datetime, *, now: datetime, is_alive: Callable[[str], bool]) -> bool:
    """Whether what `holder` took until then is free again: by time, by a clock that was wrong, or by its death."""
    return not now < until <= now + 2 * LEASE or not is_alive(holder)


def _started(pid: int) -> str:
    """When a process started, in the kernel's ticks; empty where the system does not say."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()  # proc(5): from the third on; the command's name may hold anything
    return "" if fields[0] in "ZX" else fields[19]  # one that has ended, and waits for its parent to notice, is gone
