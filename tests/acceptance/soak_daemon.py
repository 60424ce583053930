"""The daemon of the soak, a process of its own: `feedmill run` on a clock that is many times too fast.

    python soak_daemon.py CONFIG BASE SPEED OFFSET

Ends with the daemon's exit code.
"""

from __future__ import annotations

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

TICK = timedelta(seconds=3)
ALL = 10_000  # sources
AN_HOUR = 3600


def main(config: str, *times: str) -> int:
    # Not at the top: each worker imports this file.
    from soaking import FastClock

    import scheduler
    from feeds import settings
    from feeds.cli import logs
    from feeds.daemon import work
    from storage import open_store

    signal.alarm(AN_HOUR)  # whoever started it may have been killed
    logs.configure(0)
    # By this clock each tick comes after a long sleep, when few sources may be begun at once.
    work.AT_ONCE = ALL
    scheduler.STOP = 60.0  # a machine that runs other tests, too, is no measure of how quickly it ends
    work.LAST_PUBLISHING = 2.0  # what is left then is the next one's to publish, which is what a kill leaves, too
    loaded = settings.load(Path(config), environ=os.environ)
    store = open_store(loaded.database)
    base, speed, offset = map(float, times)
    return scheduler.run(store, loaded, clock=FastClock(base, speed, offset), tick=TICK)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
