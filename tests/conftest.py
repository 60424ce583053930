"""What many tests share: a store on SQLite and on PostgreSQL, a local origin, and what reads from it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from clocks import Clock, WebClock
from feeds.pipeline import site
from mill import Mill
from moving import Gazette
from origin import Origin
from postgres import Postgres, running
from storage import Store, archiving, open_store
from web_mill import WebMill

# Started in the background, as by a shell's `&`, everything ignores Ctrl-C, and what we start would, too.
if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
# Examples take as long as they take: machines are shared.
settings.register_profile("untimed", settings(deadline=None))
settings.load_profile("untimed")
SEEDS = Path(__file__).parent.parent.parent / "shared" / "seeds"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A PostgreSQL server of this test process's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(tmp_path_factory.mktemp("runtime")))  # or it warns where there is none
        with running() as server:
            yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty store, on each database in turn."""
    if request.param == "sqlite":
        opened = open_store(f"sqlite:///{tmp_path}/feedmill.db")
        yield opened
        opened.close()
        return
    with request.getfixturevalue("postgres").schema() as address:
        opened = open_store(address)
        yield opened
        opened.close()


@pytest.fixture
def origin() -> Iterator[Origin]:
    """A web server of the test's own."""
    with Origin() as running:
        yield running


@pytest.fixture
def web_mill(tmp_path: Path) -> Iterator[WebMill]:
    """A mill that may read what the origin serves."""
    one = WebMill(tmp_path, WebClock(), open_store(f"sqlite:///{tmp_path}/feedmill.db"))
    yield one
    one.store.close()


@pytest.fixture
def gazette(store: Store, tmp_path: Path) -> Gazette:
    """A source that moves, on each database in turn."""
    return Gazette(store, tmp_path)


@pytest.fixture
def one_gazette(tmp_path: Path) -> Iterator[Gazette]:
    """The same on SQLite alone, where there are many cases."""
    opened = open_store(f"sqlite:///{tmp_path}/feedmill.db")
    yield Gazette(opened, tmp_path)
    opened.close()


@pytest.fixture
def seeds() -> Path:
    """Real articles, which are not part of the project."""
    if not SEEDS.is_dir():
        pytest.skip("the seeds are not here")
    return SEEDS


@pytest.fixture
def mill(tmp_path: Path) -> Iterator[Mill]:
    """A mill whose two sources have files that nobody has read yet."""
    one = Mill(tmp_path, Clock(), open_store(f"sqlite:///{tmp_path}/feedmill.db"))
    one.article("Morning")
    one.article("Noon", category="Local")
    one.feed("Far", "Away")
    yield one
    one.store.close()


@pytest.fixture
def short_shelves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Archives begin with the fifth article."""
    monkeypatch.setattr(site, "LIMIT", 4)
    monkeypatch.setattr(archiving, "SIZE", 3)
