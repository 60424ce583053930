"""Who is at work: a name for this process, and whether the process behind a name still lives."""

from __future__ import annotations

import os
import socket
from pathlib import Path


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


def _started(pid: int) -> str:
    """When a process started, in the kernel's ticks; empty where the system does not say."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]  # proc(5): field 22, and the command's name may hold anything
