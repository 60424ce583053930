"""How hubs and subscribers are asked: by our manners, and not for long."""

from __future__ import annotations

import threading

from feeds.clock import Clock
from feeds.fetching.politeness import PerHost
from feeds.fetching.posting import Post
from feeds.pipeline.preparing import manners
from feeds.settings import Settings

BUDGET = 20.0  # seconds in which exchanges may begin, each time


def post(settings: Settings, clock: Clock, stopping: threading.Event, per_host: PerHost | None = None) -> Post:
    """Requests that may begin from now on; of the same pace as all others, unless `per_host` says else."""
    how = manners(settings)
    return Post(
        user_agent=how.user_agent,
        per_host=per_host or how.per_host,
        clock=clock,
        until=clock.monotonic() + BUDGET,
        stopping=stopping,
    )
