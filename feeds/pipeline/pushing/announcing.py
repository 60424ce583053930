"""Somebody else's hub, told which of our feeds changed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from feeds.fetching.posting import Call, Post, Reply
from feeds.logs import log
from feeds.pipeline.pushing.delivering import topics
from feeds.publishing import websub
from feeds.records import replace
from feeds.settings import Settings
from storage import Store, announcements
from storage.announcements import Announcement

BATCH = 50  # topics in one request
# After so many failures the next attempt waits so long; after the last one there is none.
WAITS = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=12))

_TOO_MANY = frozenset({400, 413, 422})  # what hubs say that take one topic at a time

Told = tuple[Announcement, ...]


class Announcer:
    """Tells the hub that our feeds name of all that is due: in one request, or one by one if it wants that."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._want_singles: set[str] = set()  # hubs that took no more than one topic at a time

    def announce(self, settings: Settings, post: Post, *, now: datetime) -> None:
        """What there was no time for is due as before."""
        due = self._due(settings, now)
        size = 1 if settings.push.hub in self._want_singles else BATCH
        refused = self._tell(settings, post, [due[start : start + size] for start in range(0, len(due), size)], now)
        if refused:
            self._want_singles.add(settings.push.hub)
            self._tell(settings, post, [(one,) for each in refused for one in each], now)

    def _due(self, settings: Settings, now: datetime) -> Told:
        """Without what is none of our feeds any more, or none that everybody may know: nobody hears of that."""
        with self._store.read() as db:
            due = announcements.due(db, now=now)
        known = topics(self._store, settings) if due else {}
        if over := [one for one in due if one.topic not in known]:
            with self._store.begin() as db:
                announcements.remove(db, over)
        return tuple(one for one in due if one.topic in known)

    def _tell(self, settings: Settings, post: Post, batches: Iterable[Told], now: datetime) -> list[Told]:
        """Those batches that the hub did not understand, of so many topics at once."""
        calls = [_call(settings, told) for told in batches]
        return [call.about for call, reply in post.send(calls) if not _settle(self._store, call.about, reply, now)]


def _call(settings: Settings, told: Told) -> Call[Told]:
    body = websub.form([("hub.mode", "publish"), *(("hub.url", one.topic) for one in told)])
    headers = (("Content-Type", websub.FORM),)
    allowed = settings.defaults.allow_private_addresses
    return Call(about=told, url=settings.push.hub, body=body, headers=headers, allowed=allowed)


def _settle(store: Store, told: Told, reply: Reply, now: datetime) -> bool:
    """Note what came of it. False where the hub did not understand so many topics at once."""
    if reply.status in _TOO_MANY and len(told) > 1:
        return False
    over = told if reply.is_good else tuple(one for one in told if one.failures >= len(WAITS))
    if not reply.is_good:
        tell = log.warning if over else log.info
        tell("hub was not told", topics=len(told), given_up=len(over), problem=reply.told)
    with store.begin() as db:
        announcements.remove(db, over)
        announcements.record(db, [_failed(one, now) for one in told if one not in over])
    return True


def _failed(one: Announcement, now: datetime) -> Announcement:
    return replace(one, failures=one.failures + 1, next_attempt_at=now + WAITS[one.failures])
