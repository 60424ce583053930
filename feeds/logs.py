"""Our log: events with fields.

structlog writes them, and is imported when there is one to write: most rounds of a command have nothing to tell.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

Level: TypeAlias = Literal["debug", "info", "warning", "error", "critical"]

_LEVELS: dict[Level, int] = {"debug": 0, "info": 1, "warning": 2, "error": 3, "critical": 4}


class Telling(NamedTuple):
    """Which events are told, and how; another process may be given it."""

    least: Level
    prepare: Callable[[], None]  # configures structlog


def _plainly() -> None:
    """On standard error, as standard output is for results, and without what structlog would show of a traceback's
    variables, for these hold passwords."""
    import structlog

    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%S", utc=False),
            structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
        ],
        logger_factory=lambda *_names: structlog.PrintLogger(sys.stderr),  # as it is by then
    )


class Log:
    """Tells all events, plainly, until it is told which and how."""

    def __init__(self) -> None:
        self.configure(Telling("debug", _plainly))

    def configure(self, telling: Telling) -> None:
        """Tell events in this way from now on."""
        self.telling = telling
        self._is_prepared = False

    def prepare(self) -> None:
        """Configure structlog now; else the first event that is told does."""
        if not self._is_prepared:
            self.telling.prepare()
            self._is_prepared = True

    def is_told(self, level: Level) -> bool:
        """Whether events of this level are told at all."""
        return _LEVELS[level] >= _LEVELS[self.telling.least]

    def debug(self, event: str, **fields: Any) -> None:
        self._tell("debug", event, fields)

    def info(self, event: str, **fields: Any) -> None:
        self._tell("info", event, fields)

    def warning(self, event: str, **fields: Any) -> None:
        self._tell("warning", event, fields)

    def error(self, event: str, **fields: Any) -> None:
        self._tell("error", event, fields)

    def exception(self, event: str, **fields: Any) -> None:
        """An error, with the exception that is being handled."""
        self._tell("error", event, {"exc_info": True} | fields)

    def critical(self, event: str, **fields: Any) -> None:
        self._tell("critical", event, fields)

    def _tell(self, level: Level, event: str, fields: dict[str, Any]) -> None:
        if not self.is_told(level):
            return
        import structlog

        self.prepare()
        getattr(structlog.get_logger(), level)(event, **fields)


log = Log()
