"""A server for each test, stopped at its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from served import Served

from feeds.logs import log


@pytest.fixture(autouse=True)
def told() -> None:
    """What captures events finds their log as it stays: the first event would configure it anew."""
    log.prepare()


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    started: list[Served] = []

    def start(**how: Any) -> Served:
        folder = tmp_path / "public"
        folder.mkdir(exist_ok=True)
        started.append(Served(folder, **how))
        return started[-1]

    yield start
    for served in started:
        served.server.stop()


@pytest.fixture
def served(serve: Callable[..., Served]) -> Served:
    return serve()
