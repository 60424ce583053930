"""Our subscriptions at the hubs that sources name (WebSub, sections 4 and 5): asked for, confirmed, renewed, ended."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from ipaddress import ip_address
from urllib.parse import urljoin, urlsplit

from feeds.fetching.guard import is_allowed
from feeds.fetching.posting import Call, Post, Reply
from feeds.logs import log
from feeds.publishing import websub
from feeds.records import replace
from feeds.settings import Settings, addresses
from storage import Store, subscriptions
from storage.subscriptions import Subscribed

FOLDER = "websub/"  # below site.url: where hubs deliver to
LEASE = timedelta(days=10)  # that we ask for
LONGEST = timedelta(days=90)  # of what a hub grants, that we believe
DENIED = timedelta(days=7)  # until a hub that will not have us is asked again
AT_A_TIME = 20  # hubs asked in one go
# After so many attempts without a confirmation the next one waits so long.
WAITS = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=12), timedelta(days=1))
MOST_LEAVING = 3  # attempts to end a subscription; then its lease may end by itself
SOONEST = timedelta(hours=1)  # until a lease is renewed, however short it is
# Names that no hub on the web could find us by.
_LOCAL = frozenset({"localhost", "local", "lan", "home", "internal", "intranet", "arpa", "test", "invalid"})
_REDIRECTS = frozenset({307, 308})


def is_possible(settings: Settings) -> bool:
    """Whether hubs can be asked to deliver to us: our address is one that they can reach, as far as we can tell."""
    return settings.push.subscribe and _is_public(settings)


def work(store: Store, settings: Settings, post: Post, *, now: datetime) -> None:
    """Ask those hubs that are to be asked now: to begin, to renew, to end."""
    open_ones = (source for source in settings.sources if not source.is_guarded)
    sources = {source.name: source for source in open_ones} if is_possible(settings) else {}
    with store.read() as db:
        strays = [one for one in subscriptions.everyone(db) if one.source not in sources]
    for one in strays:
        _leave(store, one, now)
    with store.read() as db:
        due = subscriptions.due(db, now=now, limit=AT_A_TIME)
    asked = [_mark(store, one, now) for one in due]
    allowed = settings.defaults.allow_private_addresses
    calls = [
        _request(settings, one, sources[one.source].allow_private_addresses if one.source in sources else allowed)
        for one in asked
        if one is not None
    ]
    moved = [again for call, reply in post.send(calls) if (again := _settle(call, reply))]
    for call, reply in post.send(moved):  # once: a hub that sends us on and on is no hub
        _settle(call, replace(reply, location=""))


def confirm(store: Store, token: str, fields: Mapping[str, str], *, now: datetime) -> str | None:
    """What a hub that asks whether we meant it is to be answered (section 5.3); None where we did not."""
    with store.begin() as db:
        one = subscriptions.of_token(db, token)
        if one is None or fields.get("hub.topic") != one.topic:
            return None
        challenge = fields.get("hub.challenge", "")
        match fields.get("hub.mode"):
            case "denied" if one.standing != "leaving":
                log.info("hub will not tell us", source=one.source, problem=fields.get("hub.reason", "")[:200])
                subscriptions.record(db, replace(one, standing="denied", until=None, next_attempt_at=now + DENIED))
                return ""
            case "subscribe" if one.standing in ("asked", "active") and challenge:
                subscriptions.record(db, _confirmed(one, fields.get("hub.lease_seconds", ""), now))
                return challenge
            case "unsubscribe" if one.standing == "leaving" and challenge:
                subscriptions.remove(db, one)
                return challenge
        return None


def _confirmed(one: Subscribed, lease_seconds: str, now: datetime) -> Subscribed:
    is_number = lease_seconds.isascii() and lease_seconds.isdigit()
    lease = min(timedelta(seconds=int(lease_seconds.lstrip("0")[:9] or "0")), LONGEST) if is_number else LEASE
    if one.standing != "active":
        log.info("hub tells us what is new", source=one.source, days=lease / timedelta(days=1))
    renewal = now + max(lease * 2 / 3, SOONEST)
    return replace(one, standing="active", until=now + lease, failures=0, next_attempt_at=renewal)


def _leave(store: Store, one: Subscribed, now: datetime) -> None:
    """The source is gone from the config or has a secret now, or nobody is to be subscribed to any more."""
    if one.standing == "leaving":
        return
    with store.begin() as db:
        if one.standing in ("asked", "active"):
            subscriptions.record(db, replace(one, standing="leaving", failures=0, next_attempt_at=now))
        else:
            subscriptions.remove(db, one)


def _mark(store: Store, one: Subscribed, now: datetime) -> Subscribed | None:
    """As it is should nothing come of it, noted before: the hub may confirm while we still wait for its answer.

    None where nothing is to be asked any more.
    """
    standing = one.standing if one.standing in ("active", "leaving") else "asked"
    next_at = now + WAITS[min(one.failures, len(WAITS) - 1)]
    marked = replace(one, standing=standing, failures=one.failures + 1, next_attempt_at=next_at)
    is_over = standing == "leaving" and one.failures >= MOST_LEAVING
    with store.begin() as db:
        if is_over:
            subscriptions.remove(db, one)
        else:
            subscriptions.record(db, marked)
    return None if is_over else marked


def _request(settings: Settings, one: Subscribed, allowed: bool | tuple[str, ...]) -> Call[Subscribed]:
    fields = [
        ("hub.mode", "unsubscribe" if one.standing == "leaving" else "subscribe"),
        ("hub.topic", one.topic),
        ("hub.callback", f"{settings.site.url}{FOLDER}{one.token}"),
    ]
    if one.standing != "leaving":
        fields += [("hub.secret", one.secret), ("hub.lease_seconds", str(int(LEASE.total_seconds())))]
    headers = (("Content-Type", websub.FORM),)
    return Call(about=one, url=one.hub, body=websub.form(fields), headers=headers, allowed=allowed)


def _settle(call: Call[Subscribed], reply: Reply) -> Call[Subscribed] | None:
    """Tell what came of a request; the same once more, where the hub sends us on (section 5.2)."""
    one = call.about
    if reply.status in _REDIRECTS and reply.location:
        try:
            return replace(call, url=addresses.web_address(urljoin(call.url, reply.location)))
        except ValueError:
            pass
    if not reply.is_good:
        log.info("hub did not take our subscription", source=one.source, failures=one.failures, problem=reply.told)
    elif one.standing == "leaving":
        log.info("subscription ended", source=one.source)
    return None


def _is_public(settings: Settings) -> bool:
    parts = urlsplit(settings.site.url)
    host, port = (parts.hostname or "").rstrip("."), parts.port or (443 if parts.scheme == "https" else 80)
    allowed = settings.defaults.allow_private_addresses
    try:
        return is_allowed(str(ip_address(host)), port, allowed, host=host)
    except ValueError:
        is_local = "." not in host or host.rpartition(".")[2] in _LOCAL
        return not is_local or is_allowed("127.0.0.1", port, allowed, host=host)
