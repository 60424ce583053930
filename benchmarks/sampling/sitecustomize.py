"""Notes which stacks of Python take a process's CPU, where FEEDMILL_SAMPLES names a folder to note it in.

Python imports this module by its name when it starts, if its folder is in PYTHONPATH. Each time the process has taken
some milliseconds of CPU, the system's profiling timer interrupts it: what the clock of each thread has gone on since
belongs to the stack that it is in. Who waits, for a lock or for the disk, takes none. (Profilers that look from outside
take some of such waiting for work; a thread that looks from inside gets its turn mostly when another one lets go of the
interpreter.)

Each process writes one file: `SECONDS function (file:line);function (file:line)…`, the outermost frame first, a line
for each stack. What it took before this module was imported is its start.
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

LOOK = 0.002  # seconds of CPU between two looks
WRITE = 0.25  # seconds of CPU between two writes: a worker is ended without a warning
START = "start"


class Sampler:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._is_looking = False

    def start(self, until_now: float = 0.0) -> None:
        """In this process, which has taken so many seconds `until_now`; a fork of it begins anew."""
        self._clocks = {threading.get_ident(): time.thread_time()}
        self._taken = {START: until_now}
        self._written = time.process_time()
        signal.signal(signal.SIGPROF, self._look)
        signal.siginterrupt(signal.SIGPROF, False)  # libraries need not know what an interrupted call is
        signal.setitimer(signal.ITIMER_PROF, LOOK, LOOK)

    def stop(self) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0)
        self._is_looking = True  # what is on its way comes too late
        self._write()

    def _look(self, _signal: int, frame: FrameType | None) -> None:
        if self._is_looking:  # it took so long that its own time has come again
            return
        self._is_looking = True
        here = threading.get_ident()
        for thread, now_in in sys._current_frames().items():
            cpu = _cpu(thread)
            taken = cpu - self._clocks.get(thread, 0.0)
            if taken > 0:
                stack = _stack(frame if thread == here else now_in)
                self._taken[stack] = self._taken.get(stack, 0.0) + taken
            self._clocks[thread] = cpu
        if time.process_time() - self._written > WRITE:
            self._write()
            self._written = time.process_time()
        self._clocks[here] = _cpu(here)  # without what looking took
        self._is_looking = False

    def _write(self) -> None:
        file = self._folder / str(os.getpid())
        lines = "".join(f"{seconds:.6f} {stack}\n" for stack, seconds in self._taken.items())
        unfinished = file.with_suffix(".unfinished")
        unfinished.write_text(lines)
        unfinished.replace(file)


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


def _watch(folder: Path) -> None:
    sampler = Sampler(folder)
    sampler.start(time.process_time())
    atexit.register(sampler.stop)
    os.register_at_fork(after_in_child=sampler.start)


if named := os.environ.get("FEEDMILL_SAMPLES"):
    _watch(Path(named))
