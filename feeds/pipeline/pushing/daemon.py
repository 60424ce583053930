"""All that a daemon does for push."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus

from feeds.clock import Clock, token
from feeds.fetching.politeness import PerHost
from feeds.fetching.posting import Post
from feeds.pipeline.pushing import subscribing
from feeds.pipeline.pushing.announcing import Announcer
from feeds.pipeline.pushing.asking import post
from feeds.pipeline.pushing.delivering import deliver
from feeds.pipeline.pushing.hub import Hub, Verdict
from feeds.pipeline.pushing.inbox import Inbox
from feeds.pipeline.pushing.receiving import Delivery, Receiver
from feeds.settings import Settings
from storage import Store, subscriptions

# Subscribers wait for nobody: each is asked for once, and what he gets is his own wish.
_DELIVERIES = PerHost(spacing=timedelta(0))


class Pushing:
    """All of it, in a daemon. `tell_out` and `ask` may take a while, and are called by one thread each; what answers
    requests may be called by any thread. Nothing happens before there are `settings`. `wake` is called when there is
    something to `ask`."""

    def __init__(
        self,
        store: Store,
        inbox: Inbox,
        *,
        clock: Clock,
        settings: Callable[[], Settings | None],
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._wake = wake
        self._store = store
        self._clock = clock
        self._settings = settings
        self._stopping = threading.Event()
        self._announcer = Announcer(store)
        self._hub = Hub(store, clock=clock, draw=token)
        self._receiver = Receiver(store, inbox)

    def tell_out(self, *, is_amid: bool = False) -> None:
        """Tell whoever is to hear of it what was published: the subscribers of our hub, or somebody else's.

        `is_amid` publishing: somebody else's hub is told once that is done, of everything in one request.
        """
        settings = self._settings()
        if settings is None:
            return
        if settings.push.hub == "own":
            deliver(self._store, settings, self._post(settings, _DELIVERIES), clock=self._clock)
        elif settings.push.hub and not is_amid:
            self._announcer.announce(settings, self._post(settings), now=self._clock.now())

    def ask(self) -> None:
        """Ask our hub's subscribers whether they mean it, and the hubs of our sources to tell us what is new."""
        if settings := self._settings():
            self._hub.verify(self._post(settings, _DELIVERIES), settings)
            subscribing.work(self._store, settings, self._post(settings), now=self._clock.now())

    def stop(self) -> None:
        """What is under way is broken off; it is due as before."""
        self._stopping.set()

    # Requests

    def wish(self, form: Mapping[str, str]) -> Verdict:
        """What a request to our hub comes to."""
        settings = self._settings()
        if settings is None or settings.push.hub != "own":
            return Verdict(HTTPStatus.NOT_FOUND, "there is no hub here")
        verdict = self._hub.wish(settings, form)
        if verdict.status == HTTPStatus.ACCEPTED:
            self._wake()
        return verdict

    def knows(self, token: str) -> bool:
        """Whether a subscription of ours has this token."""
        with self._store.read() as db:
            return subscriptions.of_token(db, token) is not None

    def confirm(self, token: str, fields: Mapping[str, str]) -> str | None:
        """What a hub is answered that asks whether we meant it; None where we did not."""
        return subscribing.confirm(self._store, token, fields, now=self._clock.now())

    def receive(self, delivery: Delivery) -> HTTPStatus:
        """How somebody is answered who delivers something."""
        settings = self._settings()
        if settings is None:
            return HTTPStatus.SERVICE_UNAVAILABLE
        return self._receiver.take(settings, delivery, now=self._clock.now())

    def _post(self, settings: Settings, per_host: PerHost | None = None) -> Post:
        return post(settings, self._clock, self._stopping, per_host)
