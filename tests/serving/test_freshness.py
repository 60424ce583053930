"""Until when caches may answer: as long as nothing that is published moves by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

from builders import MONDAY, TUESDAY, source
from feeds.daemon.freshness import fresh_until
from feeds.records import Source, SourceState, replace
from storage import Store, sources, subscriptions

MINUTE = timedelta(minutes=1)
WEB, DESK = source(name="web"), source(name="desk", kind="folder")


def until(store: Store, *configured: Source) -> datetime | None:
    return fresh_until(store, configured, now=MONDAY, tick=MINUTE)


def test_until_the_next_source_is_due_or_may_be_looked_at_or_may_be_pushed(store: Store) -> None:
    with store.begin() as db:
        sources.enroll(db, [WEB, DESK])
        sources.record_all(db, [SourceState(name=one.name, next_fetch_at=TUESDAY) for one in (WEB, DESK)])
    assert until(store, WEB) == TUESDAY
    assert until(store, WEB, DESK) == MONDAY + MINUTE
    with store.begin() as db:
        subscriptions.note(db, {"web": ("https://hub.example/", "https://web.example/")}, draw=lambda: "token")
        one = subscriptions.of_source(db, "web")
        assert one
        subscriptions.record(db, replace(one, standing="active", until=TUESDAY))
    assert until(store, WEB) == MONDAY + timedelta(minutes=5)
    assert until(store, WEB, DESK) == MONDAY + MINUTE


def test_without_any_source_nobody_knows(store: Store) -> None:
    assert until(store) is None
