"""Somebody else's hub, told which of our feeds changed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

import structlog

from feeds.fetching.posting import Call, Post, Reply
from feeds.publishing import websub
from feeds.settings import Settings
from storage import Store, announcements
from storage.announcements import Announcement

log = structlog.get_logger()

BATCH = 50  # topics in one request
# After so many failures the next attempt waits so long; after the last one there is none.
WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=12))

_TOO_MANY = frozenset({400, 413, 422})  # what hubs say that take one topic at a time

Told = tuple[Announcement, ...]


def announce(store: Store, settings: Settings, post: Post, *, now: datetime) -> None:
    """Tell the hub that our feeds name of all that is due: in one request, or one by one if it wants that."""
    with store.read() as db:
        due = announcements.due(db, now=now)
    if not due:
        return
    marked = _marked(store, due, now)
    batches = [marked[start : start + BATCH] for start in range(0, len(marked), BATCH)]
    refused = [told for told, reply in _send(post, settings, batches) if not _settle(store, told, reply)]
    singles = [(one,) for each in refused for one in each]
    for told, reply in _send(post, settings, singles):
        _settle(store, told, reply)


def _marked(store: Store, due: Sequence[Announcement], now: datetime) -> Told:
    """As they are should nothing come of it: noted before, for a process that is killed notes nothing."""
    told = tuple(
        replace(one, failures=one.failures + 1, next_attempt_at=now + WAITS[min(one.failures, len(WAITS) - 1)])
        for one in due
    )
    with store.begin() as db:
        announcements.record(db, told)
    return told


def _send(post: Post, settings: Settings, batches: Iterable[Told]) -> Iterator[tuple[Told, Reply]]:
    headers = (("Content-Type", websub.FORM),)
    allowed = settings.defaults.allow_private_addresses
    calls = [
        Call(about=told, url=settings.push.hub, body=_form(told), headers=headers, allowed=allowed) for told in batches
    ]
    for call, reply in post.send(calls):
        yield call.about, reply


def _form(told: Told) -> bytes:
    return websub.form([("hub.mode", "publish"), *(("hub.url", one.topic) for one in told)])


def _settle(store: Store, told: Told, reply: Reply) -> bool:
    """Note what came of it. False where the hub did not understand so many topics at once."""
    if reply.status in _TOO_MANY and len(told) > 1:
        return False
    over = told if reply.is_good else tuple(one for one in told if one.failures > len(WAITS))
    if not reply.is_good:
        tell = log.warning if over else log.info
        tell("hub was not told", topics=len(told), given_up=len(over), problem=reply.told)
    if over:
        with store.begin() as db:
            announcements.remove(db, over)
    return True
