"""Bytes to articles: parsing and normalizing, each fault costing as little as can be."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping, Sequence, Set
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urljoin

from msgspec import Struct

from feeds import normalizing
from feeds.errors import ParseError
from feeds.fetching import timing
from feeds.logs import log
from feeds.normalizing import categories as shelving
from feeds.normalizing import dating, flooding, identity, urls
from feeds.pipeline.guarding import Guard, Guarded
from feeds.pipeline.preparing import private_names
from feeds.records import (
    Alias,
    Article,
    Body,
    Dating,
    Document,
    Entry,
    Fetched,
    Known,
    Rhythm,
    Source,
    SourceState,
    replace,
)
from feeds.settings import addresses
from storage import Connection, Store, articles, documents, open_store, sources

if TYPE_CHECKING:
    from feeds.settings import Settings


# Which of a document's entries are to be made articles of, by what the store holds; both by guid.
Choose: TypeAlias = Callable[[Mapping[str, Entry], Mapping[str, Known]], dict[str, Entry]]

NOTHING_KNOWN = Dating()
MAX_HUB = 4_000  # characters of the addresses of a hub and its topic


class Reader(Struct, frozen=True, kw_only=True):
    """Reads what one source sent."""

    source: Source
    labels: shelving.Labels
    authority: str  # in whose name ids are minted
    now: datetime
    private: frozenset[str] = frozenset()  # categories
    allowance: int = flooding.ALWAYS  # old entries that may be new at once
    since: datetime | None = None  # when the source was seen last
    former: Dating | None = None  # how far its dates could be believed before; None: the store knows

    def parse(self, bodies: Sequence[Body]) -> tuple[list[tuple[Body, Document]], tuple[str, ...]]:
        """The bodies that could be read, with their documents; and for the others why not."""
        return parse(bodies, self.source, self.now)

    def normalize(
        self, entries: Mapping[str, Entry], known: Dating = NOTHING_KNOWN
    ) -> tuple[tuple[Article, ...], tuple[str, ...]]:
        """The articles made of `entries`, by guid, with dates as is `known` of the source; and for each entry that none
        could be made of, why."""
        taking = dating.taking(self.source, known, since=self.since)
        return normalize(entries, self.source, self.labels, self.authority, self.now, taking)


class Read(Struct, frozen=True, kw_only=True):
    """What a source's answer came to, compared with what the store holds."""

    articles: tuple[Article, ...] = ()  # new ones, and those of which anything moved
    aliases: tuple[Alias, ...] = ()  # new guids of articles that the store holds
    gone: tuple[Alias, ...] = ()  # and of those that it held once
    bodies: tuple[Body, ...] = ()  # that could be read, their content left out
    rhythm: Rhythm | None = None
    site_url: str = ""
    is_same: bool = False  # it has entries that we know
    unread: tuple[str, ...] = ()  # files and documents that could not be read, in words
    flaws: tuple[str, ...] = ()  # what was wrong with those that could be
    document: documents.Packed | None = None  # as it is to be kept
    read_at: datetime | None = None  # which is when its articles were seen first, however long they wait to be stored
    hub: str = ""  # that tells of what is new, and the topic that it calls this; both or neither
    topic: str = ""
    private: frozenset[str] = frozenset()  # categories, when it was read
    dating: Dating | None = None  # how far its dates can be believed; None: nothing was learned
    is_doubted: bool = False  # its dates, and they were not before, or not so


def reader(settings: Settings, source: Source, now: datetime, state: SourceState | None = None) -> Reader:
    """`state` is the source's before this answer, where it has one."""
    allowance = flooding.allowance(state.rhythm.gap, state.last_success_at, now) if state else flooding.ALWAYS
    return Reader(
        source=source,
        labels=_labels(settings.categories),
        authority=settings.site.authority,
        now=now,
        private=private_names(settings),
        allowance=allowance,
        since=state.last_success_at if state else None,
    )


def read(store: Store, one: Reader, answer: Fetched, *, choose: Choose | None = None) -> Read:
    """The articles that an answer brings, of the entries that `choose` picks: else nothing that the store holds."""
    parsed, unread = one.parse(answer.bodies)
    found = identity.candidates(entry for _body, document in parsed for entry in document.entries)
    with store.read() as db:
        known = articles.known(db, one.source.name, (guid for c in found for guid in (c.guid, c.told_apart)))
        entries = identity.identify(found, known, files=answer.files)
        changed = (choose or normalizing.changes)(entries, known)
        former = _former_dating(db, one) if changed else NOTHING_KNOWN
    stored = {each.guid for each in known.values()}
    learned = learn(former, one, answer, entries, stored) if changed else former
    batch, left_out = one.normalize(without_dropped(one, changed, learned, stored), learned)
    guarded = _guarded(store, one, answer, batch, present=entries.keys() & stored, stored=stored)
    hub, topic = _hub(one.source, parsed)
    decoded = {body.path: document.decoded for body, document in parsed}
    return Read(
        articles=tuple(replace(article, decoded=decoded.get(article.path, "")) for article in guarded.articles),
        aliases=guarded.aliases,
        gone=guarded.gone,
        bodies=tuple(replace(body, content=b"") for body, _document in parsed),
        document=_packed(store, one, parsed, known, guarded, former),
        read_at=one.now,
        rhythm=_rhythm([document for _body, document in parsed]),
        site_url=_site_url(one.source, parsed),
        is_same=bool(known or guarded.aliases),
        unread=(*answer.problems, *unread),
        flaws=(*left_out, *(each for _body, document in parsed for each in document.problems)),
        hub=hub,
        topic=topic,
        private=one.private,
        dating=learned if learned != former else None,
        is_doubted=bool(learned.verdict) and (learned.verdict, learned.ahead) != (former.verdict, former.ahead),
    )


def _former_dating(db: Connection, one: Reader) -> Dating:
    """How far the source's dates could be believed before. Nobody asks of files, which show no source's clock."""
    if one.source.kind != "http" or one.source.dates != "auto":
        return NOTHING_KNOWN
    return one.former if one.former is not None else sources.dating(db, one.source.name)


def learn(former: Dating, one: Reader, answer: Fetched, entries: Mapping[str, Entry], stored: Set[str]) -> Dating:
    """How far the source's dates can be believed after this answer."""
    # What was pushed holds what its hub chose.
    if one.source.kind != "http" or one.source.dates != "auto" or answer.is_pushed:
        return former
    return dating.learn(former, entries, entries.keys() - stored, since=one.since, now=one.now)


def without_dropped(one: Reader, changed: dict[str, Entry], learned: Dating, stored: Set[str]) -> dict[str, Entry]:
    """The entries without the new ones that are to be dropped, for their date lies ahead."""
    if one.source.future != "drop":
        return changed
    taking = dating.taking(one.source, learned, since=one.since)
    return {
        guid: entry
        for guid, entry in changed.items()
        if guid in stored or not dating.is_to_be_dropped(entry, one.source, taking, now=one.now)
    }


def _guarded(
    store: Store, one: Reader, answer: Fetched, batch: Sequence[Article], *, present: Set[str], stored: Set[str]
) -> Guarded:
    """What came, with the old ones among it known by their new guids, and floods held."""
    unread = answer.files - {body.path for body in answer.bodies}
    guard = Guard(
        source=one.source, present=present, unread=unread, allowance=one.allowance, now=one.now, since=one.since
    )
    return guard.look(store, batch, known=stored)


def _packed(
    store: Store,
    one: Reader,
    parsed: Sequence[tuple[Body, Document]],
    known: Mapping[str, Known],
    guarded: Guarded,
    former: Dating,
) -> documents.Packed | None:
    """What a source on the web sent, as it is to be kept: not where a withdrawn article still stands in it, nor where
    nothing moved but a stamp of its document's own."""
    if one.source.kind != "http" or not parsed:
        return None
    gone = list(known.values())
    if guarded.gone:  # under new guids
        with store.read() as db:
            gone += articles.known(db, one.source.name, [each.of for each in guarded.gone]).values()
    if any(each.is_withdrawn for each in gone):
        return None
    if not (guarded.articles or guarded.aliases or guarded.gone):
        with store.read() as db:
            if documents.is_any_kept(db, one.source.name):
                return None
    body, _document = parsed[0]
    before = documents.Before(allowance=one.allowance, since=one.since, dating=former)
    return documents.pack(_with_secrets_of(one.source, body), body, before, fetched_at=one.now)


def _with_secrets_of(source: Source, body: Body) -> Source:
    """Somebody else's tokens may stand in the address that a redirect led to."""
    found = [secret for url in (body.url, body.self_url, body.hub) for secret in addresses.url_secrets(url)]
    hidden = {*source.secrets, *addresses.worth_hiding(found)}
    return replace(source, secrets=addresses.longest_first(hidden)) if found else source


def _site_url(source: Source, parsed: Sequence[tuple[Body, Document]]) -> str:
    """Where a source on the web says that its site is."""
    if source.kind != "http" or not parsed:
        return ""
    body, document = parsed[0]
    return urls.absolute(document.about.site_url, urls.absolute(document.base_url, body.url) or body.url)


def _hub(source: Source, parsed: Sequence[tuple[Body, Document]]) -> tuple[str, str]:
    """Where a source on the web says that its news can be had, and what it calls itself there (WebSub, section 4)."""
    # A stranger's hub learns nothing that only we and the source know, and knows no way to what we are let in to.
    if source.kind != "http" or source.is_guarded or not parsed:
        return "", ""
    body, document = parsed[0]
    try:
        hub = addresses.web_address(urljoin(body.url, body.hub or document.hub))
        topic = addresses.web_address(urljoin(body.url, body.self_url or document.about.feed_url))
    except ValueError:
        return "", ""
    is_named = bool((body.hub or document.hub) and (body.self_url or document.about.feed_url))
    is_open = "@" not in hub
    return (hub, topic) if is_named and is_open and len(hub) + len(topic) < MAX_HUB else ("", "")


def read_apart(location: str, one: Reader, answer: Fetched) -> Read:
    """The same in a process of its own, which opens the store for itself."""
    return read(_opened(location), one, answer)


_opened = functools.cache(open_store)


def parse(bodies: Sequence[Body], source: Source, now: datetime) -> tuple[list[tuple[Body, Document]], tuple[str, ...]]:
    from feeds import parsing  # where documents are read in processes apart, nobody else needs all that

    read: list[tuple[Body, Document]] = []
    problems: list[str] = []
    for body in bodies:
        try:
            document = parsing.parse(body, source, now=now)
        except ParseError as error:
            problems.append(f"{body.path}: {error}" if body.path else str(error))
        except Exception as error:  # a fault of ours or of a library costs this document, not the round
            log.exception("document could not be parsed", source=source.name, path=body.path)
            problems.append(f"{body.path or body.url}: could not be parsed ({error!r}); please report it")
        else:
            if document.is_cut and not body.is_delimited:  # what came later may be missing, and 304s would hide it
                problems.append("the answer broke off before its end")
            elif document.is_cut and not document.entries:  # as if it could be read, it would not be asked for again
                problems.append(f"{document.problems[0]}; see what it serves")
            else:
                read.append((body, document))
    return read, tuple(problems)


def normalize(
    entries: Mapping[str, Entry],
    source: Source,
    labels: shelving.Labels,
    authority: str,
    now: datetime,
    taking: dating.Taking = dating.AS_IT_IS,
) -> tuple[tuple[Article, ...], tuple[str, ...]]:
    batch: list[Article] = []
    problems: list[str] = []
    for guid, entry in entries.items():
        try:
            batch.append(
                normalizing.normalize(entry, guid, source, labels=labels, authority=authority, now=now, taking=taking)
            )
        except Exception as error:  # one unusable entry costs that entry, never its document
            log.exception("entry could not be normalized", source=source.name, guid=guid)
            problems.append(f"the entry {guid!r} was left out ({error!r}); please report it")
    return tuple(batch), tuple(problems)


@functools.lru_cache(maxsize=4)
def _labels(categories: Any) -> shelving.Labels:
    return shelving.by_label(categories or ())


def _rhythm(parsed: Sequence[Document]) -> Rhythm | None:
    if not parsed:
        return None
    moments = [entry.published or entry.updated for document in parsed for entry in document.entries]
    gap = timing.usual_gap(moment for moment in moments if moment)
    return replace(parsed[0].rhythm, gap=gap)
