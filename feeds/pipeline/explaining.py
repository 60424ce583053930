"""The whole story of an article, in words: where it came from, what was made of it, and in which feeds it is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from datetime import datetime

from msgspec import Struct

from feeds.errors import NotFoundError
from feeds.normalizing import categories as shelving
from feeds.normalizing import urls
from feeds.pipeline.preparing import private_names
from feeds.pipeline.site import LIMIT, published
from feeds.records import Category, Source
from feeds.settings import Settings
from storage import Store, histories
from storage.histories import Gone, History, Place


class Belonging(Struct, frozen=True, kw_only=True):
    """A category that an article is in, and why."""

    category: str
    reason: str


class Standing(Struct, frozen=True, kw_only=True):
    """Whether an article belongs in a feed, and why, or why not."""

    feed: str  # the category's name; "" for everything
    is_shown: bool
    reason: str


class Story(Struct, frozen=True, kw_only=True):
    """What became of one article. What stands in it is what the source may be shown as: without its secrets."""

    source: str
    location: str  # of the source; "" where it is not in the config any more
    guid: str
    atom_id: str
    url: str
    title: str
    is_gone: bool
    guid_from: str = ""
    first_seen_at: datetime | None = None
    revised_at: datetime | None = None
    revisions: int = 0  # that are kept
    published: datetime | None = None
    updated: datetime | None = None
    date_from: str = ""
    date_why: str = ""
    decoded: str = ""
    document: str = ""
    raw_digest: str = ""
    fingerprint: str = ""
    path: str = ""
    held_at: datetime | None = None
    aliases: tuple[str, ...] = ()
    categories: tuple[Belonging, ...] = ()
    tags: tuple[str, ...] = ()
    copies: tuple[str, ...] = ()  # articles that tell the same story, and are not shown for it
    feeds: tuple[Standing, ...] = ()

    @property
    def is_waiting(self) -> bool:
        """Whether it is held only until its date has come."""
        return bool(self.held_at and self.published and self.published > self.held_at)


def explain(store: Store, settings: Settings, word: str) -> tuple[Story, ...]:
    """The story of each article that has, or had, this address, guid or id.

    The store follows the settings already (`prepare`). Raises NotFoundError where it never held one.
    """
    words = urls.spellings(word)
    with store.read() as db:
        found, gone = histories.named(db, words), histories.gone(db, words)
    if not found and not gone:
        raise NotFoundError(
            f"no article has, or had, the address or id {word!r}; `feedmill articles --json` shows those of all, "
            "`feedmill preview URL` what a source brings now"
        )
    every = published(store, settings)
    private = private_names(settings)
    sources = {source.name: source for source in settings.sources}
    told = [_story(each, sources.get(each.source), settings, every) for each in found]
    return (*told, *(_ended(each, sources.get(each.source), every, private) for each in gone))


def _story(history: History, source: Source | None, settings: Settings, every: Sequence[Category | None]) -> Story:
    belongings = _belongings(history, source, settings)
    return Story(
        source=history.source,
        location=source.location if source else "",
        guid=history.guid,
        atom_id=history.atom_id,
        url=history.url,
        title=history.title,
        is_gone=False,
        guid_from=_guid_from(history),
        first_seen_at=history.first_seen_at,
        revised_at=history.revised_at,
        revisions=history.revisions,
        published=history.published,
        updated=history.updated,
        date_from=history.date_from,
        date_why=history.date_note or _DATES[history.date_from],
        decoded=history.decoded,
        document=_document(history, is_read=source is not None),
        raw_digest=history.raw_digest,
        fingerprint=history.fingerprint,
        path=history.path,
        held_at=history.held_at,
        aliases=tuple(f"{alias.guid} since {_day(alias.since)}: {alias.reason}" for alias in history.aliases),
        categories=belongings,
        tags=tuple(tag.term for tag in history.tags),
        copies=_copies(history),
        feeds=tuple(_standings(history, source, belongings, every, settings)),
    )


def _ended(gone: Gone, source: Source | None, every: Sequence[Category | None], private: Set[str]) -> Story:
    when = _day(gone.deleted_at)
    why = _ENDS.get(gone.reason, f"it is gone since {{}}: {gone.reason}").format(when)
    hidden = tuple(name for name in gone.categories if name in private)
    stood_in: tuple[str | None, ...] = hidden or (None, *gone.categories)
    standings = [(each.name if each else None) for each in every]
    return Story(
        source=gone.source,
        location=source.location if source else "",
        guid=gone.guid,
        atom_id=gone.atom_id,
        url=gone.url,
        title=gone.title,
        is_gone=True,
        categories=tuple(Belonging(category=name, reason="it stood there when it went") for name in gone.categories),
        feeds=tuple(
            Standing(feed=name or "", is_shown=False, reason=why if name in stood_in else "it was not in this feed")
            for name in standings
        ),
    )


_ENDS = {
    "withdrawn": "a person withdrew it on {}; it stays away, though its source may list it",
    "purged": "`keep`, `keep_for` or `feedmill drop` let go of it on {}; it stays away, though its source may list it",
}
_HASH = re.compile("[0-9a-f]{64}")
_TOLD_APART = re.compile("#[0-9a-f]{12}$")


def _guid_from(history: History) -> str:
    if history.path and history.guid == history.path:
        return "the path of its file, which gives no other id"
    if history.path and not history.url and history.path in {alias.guid for alias in history.aliases}:
        return "the path that its file had first, which gives no other id"
    if _HASH.fullmatch(history.guid):
        return "a hash: its source gave neither an id nor an address, or an id that cannot be kept as it is"
    if _TOLD_APART.search(history.guid):
        return "the id that its source gave, with a mark behind it, as other entries have the same id"
    if urls.canonical(history.guid) == history.url != "":
        return "its address, which its source gave as its id, or without any id"
    return "the id that its source gave"


_DATES = {
    "published": "the date of publication that its source gave",
    "updated": "the date of its last update: its source gave none of publication",
    "url": "the day that its address names: its source gave no date",
    "first-seen": "when it was first seen: its source gave no date then that could be read or believed, or one ahead",
}


def _document(history: History, *, is_read: bool) -> str:
    if history.path:
        return f"the file {history.path}, which is read where it lies as long as it is there"
    if history.document_at:
        again = f"; `feedmill replay {history.source}` reads it again" if is_read else ""
        return f"kept, as it was fetched on {_day(history.document_at)}{again}"
    if history.was_kept:
        return "the one that it was made of is kept no more"
    return "the one that it was made of was not kept"


def _belongings(history: History, source: Source | None, settings: Settings) -> tuple[Belonging, ...]:
    labels = shelving.by_label(settings.categories or ())
    of_source = source.categories if source else ()
    found = shelving.reasons(of_source, history.own_categories, history.tags, labels) if source else ()
    return tuple(Belonging(category=category, reason=reason) for category, reason in found)


def _standings(
    history: History,
    source: Source | None,
    belongings: Sequence[Belonging],
    every: Sequence[Category | None],
    settings: Settings,
) -> Iterator[Standing]:
    """Of everything, of each category with a feed, and of those that the article is in without one."""
    places = {place.key: place for place in history.places}
    reasons = {each.category: each.reason for each in belongings}
    for category in every:
        name = category.name if category else None
        place = places.get(name)
        if place is not None:
            yield _standing(place, category)
        else:
            why = _absence(history, source, name, reasons, settings)
            yield Standing(feed=name or "", is_shown=False, reason=why)
    with_feed = {category.name for category in every if category}
    for name in sorted(reasons.keys() - with_feed):
        why = "`categories:` of the config does not list it, so that it has no feed"
        yield Standing(feed=name, is_shown=False, reason=why)


def _copies(history: History) -> tuple[str, ...]:
    """Each once, with the shelves where this article is shown in its place."""
    found: dict[tuple[str, str, str], list[str]] = {}
    for each in history.covers:
        shelf = each.key if isinstance(each.key, str) else "everything"
        found.setdefault((each.source, each.atom_id, each.reason), []).append(shelf)
    return tuple(
        f"{atom_id} of {source}, in {', '.join(shelves)}: {reason}"
        for (source, atom_id, reason), shelves in found.items()
    )


def _standing(place: Place, category: Category | None) -> Standing:
    name, limit = (category.name, category.limit) if category else ("", LIMIT)
    due = "; for its own readers alone" if category and category.private else ""
    due += "" if place.is_written else "; the feed is due to be written, as by `feedmill publish`"
    if place.archive is not None:
        where = f"in archive document {place.archive}, as it has left the newest {limit}"
        return Standing(feed=name, is_shown=True, reason=where + due)
    if place.newer >= limit:
        where = f"{limit} others are newer; an archive document takes it in when the feed is written next"
        return Standing(feed=name, is_shown=False, reason=where)
    return Standing(feed=name, is_shown=True, reason=f"number {place.newer + 1} of its newest {limit}{due}")


def _absence(
    history: History, source: Source | None, name: str | None, reasons: dict[str, str], settings: Settings
) -> str:
    if source is None or not history.is_read:
        return f"its source {history.source} is not in the config any more"
    if name is not None and name not in reasons:
        # Where nothing is listed, a list of one would keep all others from having feeds.
        if settings.categories is not None and (tag := shelving.namesake(name, history.tags)):
            return f"its tag {tag!r} is its source's own label; list it under `aliases` of the category to count it"
        return "neither its source, nor the article itself, nor a tag of it names this category"
    if history.held_at is not None and history.published > history.held_at:
        return f"it waits for its date, {_day(history.published)}: see `feedmill held`"
    if history.held_at is not None:
        return f"it is held since {_day(history.held_at)}, as too much came at once: see `feedmill held`"
    if one := next((each for each in history.covered_by if each.key == name), None):
        return f"{one.atom_id} of {one.source} tells the same story, and is shown instead: {one.reason}"
    private = private_names(settings)
    if name not in private and not private.isdisjoint(reasons):
        return "it is private: what is in a private category stands in such categories alone"
    return "it is not there yet; `feedmill publish` puts it there"


def _day(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
