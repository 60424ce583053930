"""A mill that pushes: a store, settings, and a far end that does what it is told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path

import pytest

from builders import config
from clocks import WebClock
from feeds import settings
from feeds.fetching.politeness import PerHost
from feeds.fetching.posting import Post
from feeds.publishing import output
from station import Station
from storage import Store, open_store

SITE = "https://mill.example/"


@dataclass
class Mill:
    store: Store
    folder: Path
    more: str = "push: {hub: own}"
    site: str = SITE
    private: str = "true"
    clock: WebClock = field(default_factory=WebClock)
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def settings(self) -> settings.Settings:
        text = f"site: {{url: '{self.site}'}}\nfetch: {{allow_private_addresses: {self.private}}}\n{self.more}\n"
        return settings.load(config(self.folder, text), environ={})

    @property
    def post(self) -> Post:
        return Post(user_agent="feedmill", clock=self.clock, per_host=PerHost(spacing=timedelta(0)), seconds=5)

    def draw(self) -> str:
        """Chance, for once."""
        return f"drawn-{next(self.numbers)}"

    def put(self, content: bytes, name: str = "atom.xml") -> str:
        """Published; its topic."""
        output.put(self.folder / "public", name, content)
        return SITE + name


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store that was never used: to copy it is quicker than to make another."""
    path = tmp_path_factory.mktemp("empty") / "feedmill.db"
    open_store(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def store(tmp_path: Path, empty: Path) -> Iterator[Store]:
    """On SQLite alone: what differs between databases is tested with the tables."""
    shutil.copy(empty, tmp_path)
    opened = open_store(f"sqlite:///{tmp_path}/feedmill.db")
    yield opened
    opened.close()


@pytest.fixture
def mill(store: Store, tmp_path: Path) -> Mill:
    return Mill(store, tmp_path)


@pytest.fixture
def station() -> Iterator[Station]:
    with Station() as running:
        yield running
