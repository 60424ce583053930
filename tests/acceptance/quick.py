"""`feedmill run` in the folder it is started in, with ticks so many seconds apart, and sources that fall due sooner.

    python quick.py TICK [TIMES] [MODULE.FUNCTION]

TIMES is how much faster than ours its clock goes; the function is what its workers do instead of reading.
"""

from __future__ import annotations

import os
import sys
import time
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import scheduler
from feeds import settings
from feeds.cli import logs
from feeds.daemon.service import ServiceManager
from feeds.errors import FeedmillError
from feeds.pipeline import reading
from storage import open_store


class FastClock:
    """The machine's, but its hands go `times` as fast."""

    def __init__(self, times: float) -> None:
        self.times = times
        self.began_at = time.time()

    def now(self) -> datetime:
        passed = (time.time() - self.began_at) * self.times
        return datetime.fromtimestamp(self.began_at + passed, UTC)

    def monotonic(self) -> float:
        return time.monotonic()


def main(tick: str, times: str = "1", reads: str = "") -> int:
    if reads:
        module, _, name = reads.rpartition(".")
        sys.path.append(str(Path(__file__).parent.parent))
        reading.read_apart = getattr(import_module(module), name)  # type: ignore[attr-defined]
    logs.configure(1)

    def load() -> settings.Settings:
        return settings.load(Path("config.yaml").resolve(), environ=os.environ)

    configured = load()
    store = open_store(configured.database)
    try:
        return scheduler.run(
            store,
            configured,
            clock=FastClock(float(times)),
            tick=timedelta(seconds=float(tick)),
            load=load,
            manager=ServiceManager(os.environ, pid=os.getpid()),
            serves=True,
        )
    except FeedmillError as error:
        print(f"feedmill: {error}", file=sys.stderr)
        return 1
    finally:
        store.close()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
