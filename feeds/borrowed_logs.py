"""What libraries log, told in our log: their errors as errors, all else only where somebody looks closely."""

from __future__ import annotations

import logging

from feeds.logs import log


def borrowed(name: str, *, event: str) -> logging.Logger:
    """The standard library's logger of that name; its lines become our `event`. Left alone, Python would print them."""
    logger = logging.getLogger(name)
    logger.handlers = [_ToOurs(event)]
    logger.propagate = False
    return logger


class _ToOurs(logging.Handler):
    def __init__(self, event: str) -> None:
        super().__init__()
        self._event = event

    def emit(self, record: logging.LogRecord) -> None:
        tell = log.error if record.levelno >= logging.ERROR else log.debug
        tell(self._event, problem=record.getMessage())
