"""A small hub of our own (WebSub, section 5): who subscribes, and whether he means it."""

from __future__ import annotations

import hmac
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from urllib.parse import urlsplit

from msgspec import Struct

from feeds.clock import Clock
from feeds.fetching.guard import is_allowed
from feeds.fetching.posting import Call, Post, Reply
from feeds.logs import log
from feeds.pipeline.pushing.delivering import topics
from feeds.publishing import websub
from feeds.records import Discreet
from feeds.settings import Settings, addresses
from storage import Store, subscribers

MOST = 10_000  # subscribers
MOST_AT_HOST = 100  # of them
MOST_PENDING = 200  # that said what they want and were not asked yet whether they mean it
MOST_PENDING_AT_HOST = 10  # of these: one host keeps nobody else out
MAX_CALLBACK = 1_500  # bytes: with its topic it stands in an index
MAX_SECRET = 200  # bytes, less one
_LATER = HTTPStatus.SERVICE_UNAVAILABLE
LEASE, SHORTEST, LONGEST = timedelta(days=10), timedelta(minutes=5), timedelta(days=30)


class Wish(Discreet, frozen=True, kw_only=True):
    """To be subscribed, or no more."""

    hidden = ("callback", "secret", "challenge")

    mode: str
    topic: str
    callback: str
    secret: str
    lease: timedelta
    challenge: str  # that whoever answers at the callback has to repeat

    @property
    def key(self) -> tuple[str, str]:
        return self.topic, self.callback

    @property
    def host(self) -> str:
        return urlsplit(self.callback).hostname or ""


class Verdict(Struct, frozen=True):
    """What whoever asked for something is told."""

    status: HTTPStatus
    words: str


class _RefusedError(Exception):
    """A request that is answered with these words."""

    def __init__(self, words: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(words)
        self.verdict = Verdict(status, words)


class Hub:
    """Takes wishes from any thread; `verify` asks those who made them, in one."""

    def __init__(self, store: Store, *, clock: Clock, draw: Callable[[], str]) -> None:
        self._store = store
        self._clock = clock
        self._draw = draw
        self._pending: dict[tuple[str, str], Wish] = {}
        self._lock = threading.Lock()

    def wish(self, settings: Settings, form: Mapping[str, str]) -> Verdict:
        """What a request to the hub comes to. 202: it is verified next."""
        try:
            wish = self._wish(settings, form)
            self._require_room(wish)
        except _RefusedError as refused:
            return refused.verdict
        return Verdict(HTTPStatus.ACCEPTED, "you will be asked at your callback whether you mean it")

    def verify(self, post: Post, settings: Settings) -> None:
        """Ask those who wished something whether they meant it (section 5.3); who is not got round to is asked next."""
        with self._lock:
            wishes = list(self._pending.values())
        for call, reply in post.send([_question(wish, settings) for wish in wishes]):
            wish = call.about
            self._drop(wish)
            is_meant = reply.is_good and hmac.compare_digest(reply.content, wish.challenge.encode())
            if is_meant:
                self._fulfil(wish)
            log.info("subscriber verified" if is_meant else "subscriber not verified", **_told(wish, reply))

    def _drop(self, wish: Wish) -> None:
        """It was asked; one that was made again meanwhile is asked next."""
        with self._lock:
            if self._pending.get(wish.key) is wish:
                del self._pending[wish.key]

    def _wish(self, settings: Settings, form: Mapping[str, str]) -> Wish:
        mode = form.get("hub.mode", "")
        if mode == "publish":
            raise _RefusedError(
                "this hub tells of its own feeds only, and knows when they change", HTTPStatus.FORBIDDEN
            )
        if mode not in ("subscribe", "unsubscribe"):
            raise _RefusedError("hub.mode is subscribe or unsubscribe")
        topic = form.get("hub.topic", "")
        if topic not in topics(self._store, settings):
            words = "hub.topic is none of the feeds here; take the address that a feed names as its own (rel=self)"
            raise _RefusedError(words, HTTPStatus.NOT_FOUND)
        secret = form.get("hub.secret", "")
        if len(secret.encode("utf-8", "replace")) >= MAX_SECRET or "\0" in secret:
            raise _RefusedError(f"hub.secret is text of less than {MAX_SECRET} bytes")
        return Wish(
            mode=mode,
            topic=topic,
            callback=_callback(form.get("hub.callback", ""), settings),
            secret=secret,
            lease=_lease(form.get("hub.lease_seconds", "")),
            challenge=self._draw(),
        )

    def _require_room(self, wish: Wish) -> None:
        """Queue the wish, where there is room for it and for what would come of it."""
        with self._store.read() as db:
            is_known = subscribers.of(db, topic=wish.topic, callback=wish.callback) is not None
            is_full = subscribers.count(db) >= MOST
            is_crowded = subscribers.count_at(db, wish.host) >= MOST_AT_HOST
        if wish.mode == "subscribe" and not is_known and (is_full or is_crowded):
            where = "at your callback's host" if is_crowded else "here"
            raise _RefusedError(f"there are too many subscribers {where}; come back later", _LATER)
        with self._lock:
            others = [each.host for key, each in self._pending.items() if key != wish.key]
            if others.count(wish.host) >= MOST_PENDING_AT_HOST:
                raise _RefusedError("too many at your callback's host want something just now; come back later", _LATER)
            if len(others) >= MOST_PENDING:
                raise _RefusedError("too many want something just now; come back later", _LATER)
            self._pending[wish.key] = wish

    def _fulfil(self, wish: Wish) -> None:
        named = {"topic": wish.topic, "callback": wish.callback}
        with self._store.begin() as db:
            if wish.mode == "unsubscribe":
                subscribers.remove(db, **named)
            elif subscribers.of(db, **named) or (
                subscribers.count(db) < MOST and subscribers.count_at(db, wish.host) < MOST_AT_HOST
            ):
                subscribers.put(db, **named, secret=wish.secret, until=self._clock.now() + wish.lease)


def _callback(written: str, settings: Settings) -> str:
    """A callback that may be asked. What it resolves to is looked at with each connection."""
    if not written or len(written.encode(errors="replace")) > MAX_CALLBACK:
        raise _RefusedError(f"hub.callback is an address of at most {MAX_CALLBACK} bytes")
    try:
        callback = addresses.web_address(written)
        parts = urlsplit(callback)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise _RefusedError(f"hub.callback: {error}") from None
    if parts.username is not None or parts.fragment:
        raise _RefusedError("hub.callback has no user, no password and no fragment")
    host = parts.hostname or ""
    allowed = settings.defaults.allow_private_addresses
    if addresses.is_private(callback) and not is_allowed(_ip(host), port, allowed, host=host):
        raise _RefusedError("hub.callback is at no public address")
    return callback


def _ip(host: str) -> str:
    return "127.0.0.1" if host.rstrip(".").endswith("localhost") else host


def _lease(written: str) -> timedelta:
    if not written:
        return LEASE
    if not written.isascii() or not written.isdigit():
        raise _RefusedError("hub.lease_seconds is a whole number")
    return min(max(timedelta(seconds=min(int(written.lstrip("0")[:12] or "0"), 10**9)), SHORTEST), LONGEST)


def _question(wish: Wish, settings: Settings) -> Call[Wish]:
    fields = {"hub.mode": wish.mode, "hub.topic": wish.topic, "hub.challenge": wish.challenge}
    if wish.mode == "subscribe":
        fields["hub.lease_seconds"] = str(int(wish.lease.total_seconds()))
    url = websub.with_query(wish.callback, fields)
    return Call(about=wish, url=url, allowed=settings.defaults.allow_private_addresses)


def _told(wish: Wish, reply: Reply) -> dict[str, object]:
    """For the log: of the callback only its host, for its path may be a secret."""
    problem = "" if reply.is_good else reply.told
    return {"mode": wish.mode, "topic": wish.topic, "host": wish.host, "problem": problem}
