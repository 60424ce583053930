"""The daemon's heart: APScheduler ticks, the database knows what is due.

A tick does one round, as `feedmill fetch` does. Due times live in the store, so that a restart, a one-off command and
this process agree on them; nothing is lost with the scheduler.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from apscheduler.triggers.interval import IntervalTrigger

from feeds import pipeline
from feeds.clock import Clock
from feeds.errors import FeedmillError
from feeds.settings import Settings
from storage import Store

log = structlog.get_logger()

TICK = timedelta(seconds=60)


def run(store: Store, settings: Settings, *, clock: Clock, tick: timedelta = TICK) -> None:
    """Refresh what is due and publish what moved, every `tick`, until SIGTERM or Ctrl-C.

    A source at work when the signal comes is finished or given back; then the function returns.
    """
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    scheduler = BackgroundScheduler(
        timezone=UTC,
        # The default grace of one second drops a tick that comes late; here it runs once, however late.
        job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
    )
    scheduler.add_job(
        refresh_due,
        IntervalTrigger(seconds=tick.total_seconds(), timezone=UTC),
        args=(store, settings),
        kwargs={"clock": clock, "is_stopping": stopping.is_set},
        next_run_time=clock.now(),
        id="refresh what is due",
    )
    scheduler.start()
    log.info("running", tick=tick.total_seconds(), sources=len(settings.sources))
    stopping.wait()
    scheduler.shutdown(wait=True)


def refresh_due(store: Store, settings: Settings, *, clock: Clock, is_stopping: Callable[[], bool]) -> datetime:
    """One tick. What goes wrong is logged; the next tick tries again. Returns when it ended."""
    try:
        settings = pipeline.complete(store, settings)
        round_ = pipeline.start_round(store, settings, settings.sources, clock=clock)
        for _refresh in round_.refreshes:
            if is_stopping():
                round_.refreshes.close()
        pipeline.publish(store, settings)
    except FeedmillError as error:
        log.error("tick failed", problem=str(error))
    return clock.now()
