"""What goes to standard error: for a person on a terminal, JSON elsewhere."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from feeds.logs import Level, Telling, log

if TYPE_CHECKING:
    import structlog

_LEVELS: dict[int, Level] = {-1: "error", 0: "warning", 1: "info", 2: "debug"}


def configure(verbosity: int) -> None:
    """Log to standard error: warnings and worse, more with each step of `verbosity`, errors only below 0."""
    log.configure(Telling(_LEVELS[max(-1, min(verbosity, 2))], _configure_structlog))


def _configure_structlog() -> None:
    import structlog

    on_terminal = sys.stderr.isatty()
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *([] if on_terminal else [structlog.processors.format_exc_info]),
            _for_a_person() if on_terminal else structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(_Log()),  # type: ignore[arg-type]
        cache_logger_on_first_use=False,
    )


class _Log:
    """Standard error, where each line is written at once: a full disk keeps nothing from being done, and nothing of
    what it did not take stays behind, which whoever flushes standard error next would fail with."""

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            os.write(sys.stderr.fileno(), text.encode(errors="backslashreplace"))

    def flush(self) -> None:
        """Nothing is held back."""


def _for_a_person() -> structlog.dev.ConsoleRenderer:
    """Without what structlog would show of a traceback's variables, for these hold passwords."""
    import structlog

    return structlog.dev.ConsoleRenderer(
        colors=not os.environ.get("NO_COLOR"), exception_formatter=structlog.dev.plain_traceback
    )
