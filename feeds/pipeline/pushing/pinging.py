"""What a command that published tells somebody else's hub, where there is no daemon to do it."""

from __future__ import annotations

import threading

from feeds.clock import Clock
from feeds.settings import Settings
from storage import Store


def ping(store: Store, settings: Settings, *, clock: Clock) -> None:
    """Tell somebody else's hub what was published; nothing where the feeds name none."""
    if settings.push.hub in ("", "own"):
        return
    from feeds.pipeline.pushing.announcing import Announcer
    from feeds.pipeline.pushing.asking import post

    Announcer(store).announce(settings, post(settings, clock, threading.Event()), now=clock.now())
