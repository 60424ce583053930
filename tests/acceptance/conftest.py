"""What the acceptance tests share: the real command, and an origin for it to ask. All on loopback, all bounded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command import Feedmill
from webserver import Origin


@pytest.fixture
def feedmill(tmp_path: Path) -> Iterator[Feedmill]:
    """The command, at home in an empty folder."""
    command = Feedmill(tmp_path)
    yield command
    command.close()


@pytest.fixture
def origin() -> Iterator[Origin]:
    """A web server of the test's own."""
    server = Origin()
    yield server
    server.close()
