"""Notes which stacks of Python take a process's CPU, where FEEDMILL_SAMPLES names a folder to note it in.

Python imports this module by its name when it starts, if its folder is in PYTHONPATH. Every few milliseconds each
thread's CPU clock is read, and what it took since the last look belongs to the stack that it is in now: a thread that
waits, for a lock or for the disk, takes none. (Profilers that look from outside take some of such waiting for work.)

Each process writes one file: `SECONDS function (file:line);function (file:line)…`, the outermost frame first, a line
for each stack. A command that forks is looked at from the fork on, for it must have no thread before; what it took
until then is its start.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from pathlib import Path
from types import FrameType

LOOK = 0.003  # seconds between two looks
WRITE = 0.25  # seconds between two writes: a worker is ended without a warning
FORKED = 0.05  # seconds in which a command has forked all its workers
# Seconds. With Python's own 5 ms we would mostly look when a thread lets go of the interpreter by itself, to wait or
# to hash.
SWITCH = 0.0001
START = "start"


class Sampler:
    def __init__(self, folder: Path) -> None:
        self._file = folder / str(os.getpid())
        self._taken: dict[str, float] = {}
        self._clocks: dict[int, float] = {}
        self._written = 0.0

    def start(self) -> None:
        main = threading.main_thread().ident
        assert main is not None
        self._clocks[main] = _cpu(main)
        self._taken[START] = self._clocks[main]
        sys.setswitchinterval(SWITCH)
        threading.Thread(target=self._run, daemon=True, name="sampler").start()
        atexit.register(self._write)

    def _run(self) -> None:
        me = threading.get_ident()
        while True:
            time.sleep(LOOK)
            self._look(me)
            if time.monotonic() - self._written > WRITE:
                self._write()
                self._written = time.monotonic()

    def _look(self, me: int) -> None:
        for thread, frame in sys._current_frames().items():
            if thread != me:
                cpu = _cpu(thread)
                taken = cpu - self._clocks.get(thread, 0.0)
                if taken > 0:
                    stack = _stack(frame)
                    self._taken[stack] = self._taken.get(stack, 0.0) + taken
                self._clocks[thread] = cpu

    def _write(self) -> None:
        lines = "".join(f"{seconds:.6f} {stack}\n" for stack, seconds in self._taken.items())
        unfinished = self._file.with_suffix(".unfinished")
        unfinished.write_text(lines)
        unfinished.replace(self._file)


def _cpu(thread: int) -> float:
    return time.clock_gettime(time.pthread_getcpuclockid(thread))


def _stack(frame: FrameType | None) -> str:
    found = []
    while frame is not None:
        code = frame.f_code
        found.append(f"{code.co_qualname} ({_short(code.co_filename)}:{frame.f_lineno})")
        frame = frame.f_back
    return ";".join(reversed(found))


def _short(path: str) -> str:
    """Without the folders that say where this machine keeps it."""
    return "/".join(path.split("/")[-3:])


def _watch(folder: Path, *, forks: bool) -> None:
    if not forks:
        Sampler(folder).start()
        return
    os.register_at_fork(after_in_child=lambda: Sampler(folder).start())
    is_begun = False

    def begin(*_: object) -> None:
        Sampler(folder).start()

    def forked() -> None:
        nonlocal is_begun
        if not is_begun:
            is_begun = True
            signal.signal(signal.SIGALRM, begin)
            signal.setitimer(signal.ITIMER_REAL, FORKED)

    os.register_at_fork(after_in_parent=forked)


if named := os.environ.get("FEEDMILL_SAMPLES"):
    _watch(Path(named), forks="FEEDMILL_SAMPLES_FORKS" in os.environ)
