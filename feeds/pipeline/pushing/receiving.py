"""What hubs deliver to us (WebSub, section 7): checked, and handed on as if it had been fetched."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime
from http import HTTPStatus

from feeds.errors import SourceError
from feeds.fetching.answers import charset_of
from feeds.fetching.compression import decompress
from feeds.logs import log
from feeds.pipeline.pushing.inbox import Inbox
from feeds.publishing import websub
from feeds.records import Body, Discreet, Fetched
from feeds.settings import Settings
from storage import Store, subscriptions
from storage.subscriptions import Subscribed


class Delivery(Discreet, frozen=True, kw_only=True):
    """What somebody sent to one of our callbacks."""

    hidden = ("token", "content")

    token: str
    content: bytes
    content_type: str = ""
    content_encoding: str = ""
    signature: str = ""


class Receiver:
    """Takes deliveries from any thread."""

    def __init__(self, store: Store, inbox: Inbox) -> None:
        self._store = store
        self._inbox = inbox
        self._lock = threading.Lock()
        self.forged: Counter[str] = Counter()  # deliveries that were not signed as agreed, by source

    def take(self, settings: Settings, delivery: Delivery, *, now: datetime) -> HTTPStatus:
        """How a delivery is answered; a good one is on its way to the store then."""
        with self._store.read() as db:
            one = subscriptions.of_token(db, delivery.token)
        source = next((each for each in settings.sources if one and each.name == one.source), None)
        if one is None or source is None or one.standing != "active":
            return HTTPStatus.GONE if one else HTTPStatus.NOT_FOUND
        if not websub.is_signed(delivery.signature, one.secret, delivery.content):
            self._note_forgery(one)  # section 7.1: nobody shall learn from our answer how to forge one
            return HTTPStatus.ACCEPTED
        try:
            content = decompress(delivery.content, delivery.content_encoding, limit=source.max_size)
        except SourceError:
            return HTTPStatus.UNSUPPORTED_MEDIA_TYPE
        if len(content) > source.max_size:
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
        body = Body(
            content=content,
            url=source.url,
            media_type=delivery.content_type.partition(";")[0].strip().lower(),
            charset=charset_of(delivery.content_type),
        )
        if not self._inbox.put(source, Fetched(bodies=(body,), is_pushed=True)):
            return HTTPStatus.SERVICE_UNAVAILABLE
        with self._store.begin() as db:
            subscriptions.record_push(db, one, now=now)
        return HTTPStatus.ACCEPTED

    def _note_forgery(self, one: Subscribed) -> None:
        with self._lock:
            self.forged[one.source] += 1
            is_first = self.forged[one.source] == 1
        if is_first:  # of what may be thousands
            log.warning("delivery was not signed as agreed; more like it are ignored in silence", source=one.source)
