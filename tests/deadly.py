"""Functions that end their process or never end, for a process of their own to import by name."""

from __future__ import annotations

import os
import signal
from functools import partial
from typing import Any

from feeds.errors import ParseError
from feeds.logs import log
from feeds.pipeline.reading import read_apart
from feeds.records import replace


def doubled(number: int) -> int:
    return 2 * number


_HOARD: list[bytes] = []


def hoards(megabytes: int) -> int:
    _HOARD.append(b"x" * (megabytes * 2**20))
    return os.getpid()


MARK = "as imported"


def mark() -> tuple[int, str]:
    return os.getpid(), MARK


def exits(*_arguments: Any) -> None:
    os._exit(0)


def is_killed(*_arguments: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def never_ends(*_arguments: Any) -> None:
    while True:
        pass


def eats_memory(*_arguments: Any) -> int:
    return len(bytearray(2**40))


def raises_ours(*_arguments: Any) -> None:
    raise ParseError("text/html and no <rss>")


def raises_theirs(*_arguments: Any) -> None:
    class UnpicklableError(Exception):
        pass

    raise UnpicklableError("a bug")


def prints(*_arguments: Any) -> str:
    log.info("read apart")
    return "done"


def reads_all_but(name: str) -> Any:
    """What a worker does, but for one source, which ends it."""
    return partial(_read_unless, name)


def _read_unless(name: str, location: str, one: Any, answer: Any) -> Any:
    if one.source.name == name:
        os.kill(os.getpid(), signal.SIGKILL)
    return read_apart(location, one, answer)


def makes_unstorable(name: str) -> Any:
    """What a worker does, but for one source, whose articles no store takes."""
    return partial(_read_naively, name)


def _read_naively(name: str, location: str, one: Any, answer: Any) -> Any:
    found = read_apart(location, one, answer)
    if one.source.name != name:
        return found
    naive = (replace(each, published=each.published.replace(tzinfo=None)) for each in found.articles)
    return replace(found, articles=tuple(naive))


def answers_what_cannot_be_sent(*_arguments: Any) -> Any:
    return lambda: None


def fails_with_secrets(source: Any) -> str:
    """A fault amid the work on a source, told as `reading` tells it."""
    try:
        raise ZeroDivisionError("a fault of ours")
    except ZeroDivisionError:
        log.exception("entry could not be normalized", source=source.name)
    return "told"
