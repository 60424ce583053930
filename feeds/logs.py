"""Our log: events with fields.

structlog writes them, and is imported when there is one to write: most rounds of a command have nothing to tell.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

Level: TypeAlias = Literal["debug", "info", "warning", "error", "critical"]

_LEVELS: dict[Level, int] = {"debug": 0, "info": 1, "warning": 2, "error": 3, "critical": 4}


class Log:
    """Tells all events until it is told which; `configure` says how structlog is to write them."""

    def __init__(self) -> None:
        self._least = 0
        self._prepare: Callable[[], None] | None = None

    def configure(self, least: Level, prepare: Callable[[], None]) -> None:
        """From now on tell events of `least` and worse; `prepare` configures structlog before the next one."""
        self._least, self._prepare = _LEVELS[least], prepare

    def to_standard_error(self) -> None:
        """Write there, however it was configured: standard output is for results."""
        before = self._prepare

        def prepare() -> None:
            import structlog

            if before is not None:
                before()
            structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))

        self._prepare = prepare

    def is_told(self, level: Level) -> bool:
        """Whether events of this level are told at all."""
        return _LEVELS[level] >= self._least

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

        if self._prepare is not None:
            self._prepare()
            self._prepare = None
        getattr(structlog.get_logger(), level)(event, **fields)


log = Log()
