"""A mill whose sources answer what a test says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from answering import Mill
from storage import Store, open_store


@pytest.fixture
def mill(store: Store, tmp_path: Path) -> Mill:
    """On each database in turn."""
    return Mill(tmp_path, store)


@pytest.fixture
def light(tmp_path: Path) -> Iterator[Mill]:
    """On SQLite alone, where the database does not matter; in a file that the command finds."""
    one = Mill(tmp_path, open_store(f"sqlite:///{tmp_path}/mill.db"))
    yield one
    one.store.close()
