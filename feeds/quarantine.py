"""A pure function run in a process of its own, for input that has ended ours before."""

from __future__ import annotations

import multiprocessing
import resource
import sys
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any, TypeVar

import structlog

from feeds.errors import FeedmillError, SourceError

T = TypeVar("T")

SECONDS = 60
MEMORY = 2 * 2**30  # bytes of address space; a parser that wants more is being fooled


def run_apart(function: Callable[..., T], *arguments: Any, seconds: float = SECONDS, memory: int = MEMORY) -> T:
    """What `function(*arguments)` returns or raises, though it end its process, or never end.

    Raises SourceError where it does. Function, arguments and result must be picklable.
    """
    context = multiprocessing.get_context("spawn")  # a fork would inherit our threads' locks
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(sender, memory, function, arguments), daemon=True)
    process.start()
    sender.close()
    try:
        if not receiver.poll(seconds):
            raise SourceError(f"reading it took more than {seconds:g} s, and was ended; see what it serves")
        is_good, value = receiver.recv()
    except (EOFError, OSError):  # the latter in the middle of its answer
        raise SourceError("reading it ends the process; see what it serves, and please report it") from None
    finally:
        process.kill()
        process.join()
        receiver.close()
    if is_good:
        result: T = value
        return result
    raise value


def _answer(sender: Connection, memory: int, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))  # standard output is for results
    try:
        answer: tuple[bool, Any] = (True, function(*arguments))
    except FeedmillError as error:
        answer = (False, error)
    except Exception as error:  # which may itself not be picklable
        answer = (False, SourceError(f"could not be read ({error!r}); please report it"))
    sender.send(answer)
