"""Kept documents read again by today's code and rules, without a request.

An article that the store holds is made anew of the latest kept document that it stands in, if nothing later than that
document has changed it. Where a reader would see another text that is a revision, made now; where only markup moved it
is mended in silence. What the store never held comes in as it would have come when its document was fetched. So the
documents of all sources, replayed into a store without articles, give what their refreshes gave.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Literal, TypeAlias

from msgspec import Struct, field

from feeds.normalizing import identity
from feeds.pipeline import storing
from feeds.pipeline.comparing import lines_of
from feeds.pipeline.judging import judge
from feeds.pipeline.reading import Read, parse, read, reader
from feeds.pipeline.storing import Anew
from feeds.records import Article, Entry, Fetched, Known, Source, replace
from feeds.settings import Settings
from storage import Store, aliases, articles, documents, revisions, stories
from storage import sources as stored_sources
from storage.documents import Kept
from storage.revisions import Making
from storage.saving import Saved

# revised: a reader would see another text. mended: only what carries it moved, as its markup.
Kind: TypeAlias = Literal["new", "held", "revised", "mended"]


class Replayed(Struct, frozen=True, kw_only=True):
    """What one document came to."""

    document: Kept
    saved: Saved
    mended: int
    problems: tuple[str, ...] = ()  # why it, or some of it, could not be read


class Difference(Struct, frozen=True, kw_only=True):
    """An article that a replay would change, or bring."""

    source: str
    guid: str
    title: str
    kind: Kind
    lines: tuple[str, ...] = ()  # a unified diff of what a reader is shown


class Outlook(Struct, frozen=True, kw_only=True):
    """What a replay would do."""

    documents: int
    articles: int  # that would be made anew
    differences: tuple[Difference, ...]
    problems: tuple[str, ...]


def replay(store: Store, settings: Settings, sources: Sequence[Source], *, now: datetime) -> Iterator[Replayed]:
    """Read every kept document of `sources` again, in the order they were stored, and store what comes of it.

    The store follows the settings already (`prepare`); publishing is left to the caller.
    """
    by = judge(settings)
    for again in _read_again(store, settings, sources):
        kinds = {article.guid: kind for article, _old, kind in _judged(store, again)}
        anew = Anew(
            revised=frozenset(guid for guid, kind in kinds.items() if kind == "revised"),
            mended=frozenset(guid for guid, kind in kinds.items() if kind == "mended"),
            unmoved=frozenset(guid for guid, kind in kinds.items() if kind is None),
            at=now.replace(microsecond=0),
        )
        with store.begin() as db:
            saved = storing.save(
                db,
                again.source,
                again.read,
                document_id=again.document.id,
                rank=by.rank,
                anew=anew if again.plan.held else None,
                now=again.document.fetched_at,
            )
            stories.settle(db, saved.arrived, by, returned=saved.returned)
            if again.read.dating and not again.plan.held:
                stored_sources.record_datings(db, {again.source.name: again.read.dating})
        yield Replayed(document=again.document, saved=saved, mended=len(anew.mended), problems=again.problems)


def foresee(store: Store, settings: Settings, sources: Sequence[Source]) -> Outlook:
    """What a replay would change; nothing is stored."""
    made: set[tuple[str, str]] = set()
    found: dict[tuple[str, str], Difference] = {}
    problems: list[str] = []
    count = 0
    for again in _read_again(store, settings, sources):
        count += 1
        problems += (f"{again.source.name}: {again.source.redact(each)}" for each in again.problems)
        for article, old, kind in _judged(store, again):
            made.add((article.source, article.guid))
            if kind is not None:
                found[article.source, article.guid] = _difference(article, old, kind)
    return Outlook(documents=count, articles=len(made), differences=tuple(found.values()), problems=tuple(problems))


class _Again(Struct, frozen=True, kw_only=True):
    """A kept document, and what is read in it."""

    document: Kept
    source: Source
    plan: _Plan
    read: Read

    @property
    def problems(self) -> tuple[str, ...]:
        return (*self.read.unread, *self.read.flaws)


def _read_again(store: Store, settings: Settings, sources: Sequence[Source]) -> Iterator[_Again]:
    by_name = {source.name: source for source in sources}
    with store.read() as db:
        rows = documents.rows(db, by_name)
    of_source: dict[str, list[int]] = {}
    for row, name in rows:
        of_source.setdefault(name, []).append(row)
    plans: dict[str, _Plan] = {}
    for row, name in rows:
        source = by_name[name]
        if name not in plans:
            plans[name] = _plan(store, source, of_source[name])
        with store.read() as db:
            document = documents.read(db, row)
        if document is not None:  # else it made room meanwhile
            before = document.before
            one = reader(settings, source, document.fetched_at)
            one = replace(one, allowance=before.allowance, since=before.since, former=before.dating)
            found = read(store, one, Fetched(bodies=(document.body,)), choose=plans[name].of(row))
            yield _Again(document=document, source=source, plan=plans[name], read=found)


class _Plan(Struct, frozen=True, kw_only=True):
    """Which document each article of a source that the store holds is made anew of."""

    held: frozenset[str] = frozenset()  # guids
    documents: Mapping[str, int] = field(default_factory=dict)  # by guid

    def of(self, row: int) -> _Choice:
        return _Choice(plan=self, row=row)


class _Choice(Struct, frozen=True, kw_only=True):
    """Of one document: the entries that the plan wants of it, and those that were unknown and are new or moved."""

    plan: _Plan
    row: int

    def __call__(self, entries: Mapping[str, Entry], known: Mapping[str, Known]) -> dict[str, Entry]:
        stored = {one.guid: one for one in known.values()}
        return {guid: entry for guid, entry in entries.items() if self._wants(guid, entry, stored.get(guid))}

    def _wants(self, guid: str, entry: Entry, known: Known | None) -> bool:
        if guid in self.plan.held:
            return self.plan.documents.get(guid) == self.row and known is not None and not known.is_gone
        return known is None or not (known.is_gone or known.raw_digest == entry.raw_digest)


def _plan(store: Store, source: Source, rows: Sequence[int]) -> _Plan:
    with store.read() as db:
        makings = revisions.makings(db, source.name)
    latest: dict[str, int] = {}
    for row in rows if makings else ():
        with store.read() as db:
            document = documents.read(db, row)
        if document is None:
            continue
        for guid, is_as_stored in _standing_in(store, source, document):
            if guid in makings and _knows_better(document, makings[guid], is_as_stored=is_as_stored):
                latest[guid] = row
    return _Plan(held=frozenset(makings), documents=latest)


def _knows_better(document: Kept, made: Making, *, is_as_stored: bool) -> bool:
    """Whether nothing that came after this document has changed the article."""
    if made.document_id is not None:
        return document.id >= made.document_id
    return is_as_stored or document.fetched_at >= made.changed_at


def _standing_in(store: Store, source: Source, document: Kept) -> Iterator[tuple[str, bool]]:
    """The guids of a document's entries; for each whether the article is as the entry has it."""
    parsed, _problems = parse((document.body,), source, document.fetched_at)
    found = identity.candidates(entry for _body, each in parsed for entry in each.entries)
    with store.read() as db:
        known = articles.known(db, source.name, (guid for c in found for guid in (c.guid, c.told_apart)))
    stored = {one.guid: one for one in known.values()}
    for guid, entry in identity.identify(found, known).items():
        yield guid, guid in stored and stored[guid].raw_digest == entry.raw_digest


def _judged(store: Store, again: _Again) -> Iterator[tuple[Article, Article | None, Kind | None]]:
    """Each article of a document, as the store has it, and what storing it means; None where nothing is to be seen."""
    with store.read() as db:
        of_guids = articles.of_guids(db, again.source.name, (article.guid for article in again.read.articles))
        stored = {one.guid: one for one in of_guids}
        moved = aliases.bound(db, again.source.name)
    for article in again.read.articles:
        old = stored.get(article.guid)
        # What came again under another guid keeps the addresses that readers know until it is revised.
        has_moved = old is not None and article.guid in moved
        kind = _kind(replace(article, url=old.url) if old and has_moved else article, old)
        yield article, old, None if has_moved and kind == "mended" else kind


def _kind(article: Article, old: Article | None) -> Kind | None:
    if old is None:
        return "held" if article.held_at else "new"
    # By today's rule for both: a store is not revised because the rule was.
    had = identity.fingerprint(old.title, old.summary_html, old.content_html, old.enclosures)
    if had != article.fingerprint or _told(old) != _told(article):
        return "revised"
    return "mended" if any(getattr(old, name) != getattr(article, name) for name in _SHOWN) else None


_SHOWN = ("summary_html", "content_html", "authors", "links", "enclosures", "image", "rights", "language")


def _told(article: Article) -> list[str]:
    """What a reader is told of an article, beside its text, that moves no fingerprint."""
    facts = {
        "address": article.url,
        "authors": ", ".join(person.name or person.email for person in article.authors),
        "enclosures": ", ".join(enclosure.url for enclosure in article.enclosures),
    }
    return [f"{name}: {value}" for name, value in facts.items() if value]


def _difference(article: Article, old: Article | None, kind: Kind) -> Difference:
    before, after = (_words(one) if one else [] for one in (old, article))
    lines = difflib.unified_diff(before, after, "stored", "replayed", n=1, lineterm="") if old else ()
    return Difference(source=article.source, guid=article.guid, title=article.title, kind=kind, lines=tuple(lines))


def _words(article: Article) -> list[str]:
    """A line for each piece that a reader sees. Its date is not among it: that stays as first stored."""
    categories = ", ".join(sorted(article.categories))
    more = [line for line in _told(article) if not line.startswith("address: ")]
    return [*lines_of(article), *more, *([f"categories: {categories}"] if categories else [])]
