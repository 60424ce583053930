"""For how long what is published stays as it is, which caches are told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from feeds.records import Source
from storage import Store, held, subscriptions
from storage.inventory import next_due

PUSHED = timedelta(minutes=5)  # for which a cache may answer where a hub may have news at any time


def fresh_until(store: Store, sources: Sequence[Source], *, now: datetime, tick: timedelta) -> datetime | None:
    """Until when nothing that is published moves by itself; None where that is not known."""
    with store.read() as db:
        expected = [next_due(db, names=[source.name for source in sources], now=now), held.next_at(db)]
        is_pushed = bool(subscriptions.working(db, now=now))
    if any(source.kind == "folder" for source in sources):  # which is looked at with every tick
        expected.append(now + tick)
    if is_pushed:
        expected.append(now + PUSHED)
    return min((each for each in expected if each), default=None)
