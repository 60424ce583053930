"""Our feeds, delivered to the subscribers of our hub (WebSub, section 7): each version once, signed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, urlsplit

from feeds.clock import Clock
from feeds.fetching.posting import Call, Post, Reply
from feeds.logs import log
from feeds.pipeline.site import published
from feeds.publishing import WRITERS, websub
from feeds.records import Discreet
from feeds.settings import Settings
from storage import Store, subscribers
from storage.subscribers import Subscriber

BATCH = 200  # deliveries between two looks at who is due
# After so many failures in a row the next delivery waits so long; one more, and there is none.
WAITS = (
    *(timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=12)),
    *(timedelta(days=1),) * 4,
)


class Document(Discreet, frozen=True, kw_only=True):
    """What stood at a topic when we looked."""

    hidden = ("content",)

    path: Path
    mark: object  # moves with the file
    content: bytes
    digest: str

    @property
    def is_latest(self) -> bool:
        return _mark(self.path) == self.mark


def topics(store: Store, settings: Settings) -> dict[str, Path]:
    """The addresses of our feeds, those that everybody may know, and their files."""
    found: dict[str, Path] = {}
    for category in published(store, settings):
        if category and category.private:
            continue
        slug = category.slug if category else ""
        url = f"{settings.site.url}{quote(slug)}/" if slug else settings.site.url
        found |= {f"{url}{name}": settings.output / slug / name for name in WRITERS}
    return found


def deliver(store: Store, settings: Settings, post: Post, *, clock: Clock) -> None:
    """Deliver what is due, as far as there is time; whose lease is over gets nothing more."""
    now = clock.now()
    with store.read() as db:
        has_expired = subscribers.has_expired(db, now=now)
    if has_expired:
        with store.begin() as db:
            subscribers.expire(db, now=now)
    while _deliver_some(store, settings, post, clock):
        pass


def _deliver_some(store: Store, settings: Settings, post: Post, clock: Clock) -> bool:
    """One batch. Whether there may be more, and there is time for it."""
    with store.read() as db:
        due = subscribers.due(db, now=clock.now(), limit=BATCH)
    if not due:
        return False
    known = topics(store, settings)
    documents = _documents(known, {one.topic for one in due})
    wanted = [one for one in due if one.topic in documents and documents[one.topic].digest != one.delivered]
    passed = _pass_over(store, [one for one in due if one not in wanted], known, documents, clock)
    replies = 0
    for call, reply in post.send([_delivery(settings, one, documents[one.topic]) for one in wanted]):
        replies += 1
        _settle(store, call.about, documents[call.about.topic], reply, clock)
    # What cannot be read now is due as before: nothing is gained by another look at once.
    return len(due) == BATCH and replies == len(wanted) and replies + passed > 0


def _pass_over(
    store: Store, ones: Iterable[Subscriber], known: Mapping[str, Path], documents: Mapping[str, Document], clock: Clock
) -> int:
    """Those who have what stands there, or where nothing does; how many of them wait for nothing any more. Who waits
    for a feed that is none any more, or none for everybody, is no subscriber."""
    passed = 0
    with store.begin() as db:  # in which nobody can announce anything, as when a delivery is settled
        for one in ones:
            if one.topic not in known:
                subscribers.remove(db, topic=one.topic, callback=one.callback)
                passed += 1
                continue
            document = documents.get(one.topic)
            is_settled = document.is_latest if document else _mark(known[one.topic]) is None
            passed += is_settled
            next_at = None if is_settled else clock.now()
            subscribers.record(db, one, delivered=one.delivered, next_attempt_at=next_at)
    return passed


def _documents(known: Mapping[str, Path], wanted: Iterable[str]) -> dict[str, Document]:
    """What stands at these topics now; those at which nothing does are left out."""
    found = {topic: _document(known[topic]) for topic in wanted if topic in known}
    return {topic: document for topic, document in found.items() if document}


def _document(path: Path) -> Document | None:
    mark = _mark(path)
    try:
        content = path.read_bytes()
    except OSError:
        return None
    return Document(path=path, mark=mark, content=content, digest=hashlib.sha256(content).hexdigest())


def _mark(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size


def _delivery(settings: Settings, one: Subscriber, document: Document) -> Call[Subscriber]:
    headers = [
        ("Content-Type", websub.MEDIA_TYPES[document.path.name]),
        ("Link", websub.links(settings.hub_url, one.topic)),
    ]
    if one.secret:
        headers.append(("X-Hub-Signature", websub.signature(one.secret, document.content)))
    allowed = settings.defaults.allow_private_addresses
    return Call(about=one, url=one.callback, body=document.content, headers=tuple(headers), allowed=allowed)


def _settle(store: Store, one: Subscriber, document: Document, reply: Reply, clock: Clock) -> None:
    """Note what came of a delivery."""
    failures = one.failures + 1
    is_over = reply.status == HTTPStatus.GONE or failures > len(WAITS)
    with store.begin() as db:  # in which nobody can announce anything: what is published now finds it settled
        if reply.is_good:
            next_at = None if document.is_latest else clock.now()
            subscribers.record(db, one, delivered=document.digest, next_attempt_at=next_at)
        elif is_over:
            subscribers.remove(db, topic=one.topic, callback=one.callback)
        else:
            next_at = clock.now() + WAITS[failures - 1]
            subscribers.record(db, one, delivered=one.delivered, failures=failures, next_attempt_at=next_at)
    if reply.status == HTTPStatus.GONE:
        log.info("subscriber has gone", topic=one.topic, host=urlsplit(one.callback).hostname)
    elif not reply.is_good:
        tell, event = (log.warning, "subscriber dropped") if is_over else (log.info, "subscriber not reached")
        tell(event, topic=one.topic, host=urlsplit(one.callback).hostname, failures=failures, problem=reply.told)
