"""Pure functions run in processes of their own: input that ends a process, or never lets it end, costs itself alone."""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import count
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

from feeds.errors import FeedmillError, SourceError
from feeds.logs import Telling, log

T = TypeVar("T")

SECONDS = 60  # for one piece of work
MEMORY = 2 * 2**30  # bytes of address space; a parser that wants more is being fooled
MOST_HOARDED = 100 * 2**20  # bytes that libraries keep after the first piece of work; then a new one takes over
MOST_CALLS = 1_000  # where nothing tells how much that is

# Ctrl-C reaches the whole terminal, a service manager's signal the whole group; the parent decides what ends.
_PARENTS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class NoWorkerError(Exception):
    """No process could be started: that says nothing of what was to be read."""


class Worker:
    """A process that does one thing at a time for us, started when it is first needed."""

    def __init__(self, *, seconds: float = SECONDS, memory: int = MEMORY) -> None:
        self._seconds = seconds
        self._memory = memory
        self._process: Any = None
        self._lock = threading.Lock()  # on the process's beginning
        self._is_over = False

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """What `function(*arguments)` returns or raises, though it end its process, or never end.

        Raises SourceError where it does, and the next call has a new process. Function, arguments and result must be
        picklable.
        """
        try:
            self._send(function, arguments)
            if not self._connection.poll(self._seconds):
                raise SourceError(f"reading it took more than {self._seconds:g} s, and was ended; see what it serves")
            is_good, value, is_worn = self._connection.recv()
        except (EOFError, OSError):  # the latter in the middle of its answer
            self.end()
            raise SourceError("reading it ends the process; see what it serves, and please report it") from None
        except BaseException:
            self.end()
            raise
        if is_worn:
            self.end()
        if is_good:
            result: T = value
            return result
        raise value

    def kill(self) -> None:
        """From another thread: whatever it is doing ends now, and it does nothing any more."""
        with self._lock:
            self._is_over = True
            process = self._process
            if process is not None:
                process.kill()

    def end(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._connection.close()
            self._process = None

    def _send(self, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        if self._process is not None and not self._process.is_alive():
            self.end()
        if self._process is None:
            self._start()
        self._connection.send((function, arguments))

    def fork(self, others: Sequence[Worker] = ()) -> None:
        """Start the process now, as a fork of this one, which must have no threads; the `others` were before."""
        self._start("fork", [other._connection for other in others])

    def _start(self, method: str = "spawn", pipes: Sequence[Connection] = ()) -> None:
        # Later a fork would inherit our threads' locks.
        context: Any = multiprocessing.get_context(method)
        connection, theirs = context.Pipe()
        # A fork inherits our ends of the pipes, too, and while it holds them nobody sees that we died.
        inherited = (connection, *pipes) if method == "fork" else ()
        given = (theirs, self._seconds, self._memory, log.telling, inherited)
        process = context.Process(target=_work, args=given, name="feedmill-worker", daemon=True)
        with self._lock:
            if self._is_over:
                raise EOFError
            try:
                if method == "spawn":  # else its own start would unblock signals
                    resource_tracker.ensure_running()
                with _blocked():
                    process.start()
            except OSError as error:  # of processes, descriptors or memory there are no more
                raise NoWorkerError from error
            self._process, self._connection = process, connection
        theirs.close()


class Workers:
    """A few of them at work side by side."""

    def __init__(self, number: int, *, seconds: float = SECONDS) -> None:
        self._all = tuple(Worker(seconds=seconds) for _ in range(number))
        self._idle: SimpleQueue[Worker] = SimpleQueue()
        for worker in self._all:
            self._idle.put(worker)
        self._threads = ThreadPoolExecutor(number, thread_name_prefix="feedmill-worker")

    @property
    def number(self) -> int:
        return len(self._all)

    def submit(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        """The future of a `Worker.call`."""
        return self._threads.submit(self._call, function, *arguments)

    def fork(self) -> None:
        """Start all processes now, see `forked`. Raises NoWorkerError."""
        for index, worker in enumerate(self._all):
            worker.fork(self._all[:index])

    def close(self) -> None:
        """End them, whatever they are doing; what was submitted and not finished fails or is cancelled."""
        for worker in self._all:
            worker.kill()
        self._threads.shutdown(cancel_futures=True)
        for worker in self._all:
            worker.end()

    def _call(self, function: Callable[..., T], *arguments: Any) -> T:
        worker = self._idle.get()
        try:
            return worker.call(function, *arguments)
        finally:
            self._idle.put(worker)


def forked(number: int) -> Workers | None:
    """Workers that have their processes already, at the price of a fork: what is imported here is imported there. None
    where that is not safe: with threads at work, or on systems whose libraries have threads of their own.

    What is open, such as connections to a database, is to be closed before.
    """
    if sys.platform != "linux" or threading.active_count() > 1:
        return None
    workers = Workers(number)
    with suppress(NoWorkerError):  # tried again where there is something to do
        workers.fork()
    return workers


def affordable() -> int:
    """How many workers this machine has room for beside the process that feeds them."""
    return max(1, min(4, (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2) - 1))


@contextmanager
def _blocked() -> Iterator[None]:
    """What is started meanwhile gets no signal before it ignores it."""
    former = signal.pthread_sigmask(signal.SIG_BLOCK, _PARENTS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, former)


def _work(
    connection: Connection, seconds: float, memory: int, telling: Telling, inherited: Sequence[Connection]
) -> None:
    for number in _PARENTS:
        signal.signal(number, signal.SIG_IGN)
    for each in inherited:
        each.close()
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    log.configure(telling)  # as the parent does: a new process would tell all, with what variables hold
    began_with = 0
    for calls in count(1):
        try:
            function, arguments = connection.recv()
        except (EOFError, OSError):  # the parent is done with us, or dead
            return
        # Should the parent die meanwhile, nobody else would end what never ends.
        signal.setitimer(signal.ITIMER_REAL, seconds + 5)
        answer = _answer(function, arguments)
        holds = _resident()
        began_with = began_with or holds  # after the first piece: a new one would import as much
        is_worn = holds - began_with > MOST_HOARDED if holds else calls >= MOST_CALLS
        with suppress(OSError):  # it is dead: nobody waits for the answer
            connection.send((*answer, is_worn))
        signal.setitimer(signal.ITIMER_REAL, 0)


def _resident() -> int:
    """Bytes of memory that this process holds; 0 where the system does not tell."""
    try:
        pages = Path("/proc/self/statm").read_bytes().split()[1]
    except OSError:
        return 0
    return int(pages) * resource.getpagesize()


def _answer(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[bool, Any]:
    try:
        return True, function(*arguments)
    except FeedmillError as error:
        return False, error
    except Exception as error:  # which may itself not be picklable
        return False, SourceError(f"could not be read ({error!r}); please report it")
