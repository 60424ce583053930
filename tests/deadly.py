"""Functions that end their process or never end, for a process of their own to import by name."""

from __future__ import annotations

import os
import signal
from typing import Any

from feeds.errors import ParseError


def doubled(number: int) -> int:
    return 2 * number


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
    import structlog

    structlog.get_logger().info("read apart")
    return "done"


def answers_what_cannot_be_sent(*_arguments: Any) -> Any:
    return lambda: None
