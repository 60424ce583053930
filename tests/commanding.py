"""The command, run in this process."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from feeds.cli import run as feedmill  # `feeds.cli.run` is a module as well, once that is imported
from feeds.logs import log


def run(arguments: Sequence[str]) -> int:
    """Its exit code. What it makes of our logs ends with it, or later tests would see none."""
    before = structlog.get_config(), vars(log).copy()
    try:
        return feedmill(list(arguments))
    finally:
        structlog.configure(**before[0])
        vars(log).update(before[1])
