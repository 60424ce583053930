"""The flood guard: old articles that come again under new ids are known, what cannot be explained is held."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence, Set
from datetime import datetime

from msgspec import Struct

from feeds.normalizing import flooding, reappearing
from feeds.records import Alias, Article, Source, replace
from storage import Store, aliases

Found = tuple[Alias, ...]

FEW = 3  # entries show that a document has moved, if they are most of it


class Guarded(Struct, frozen=True, kw_only=True):
    """A source's articles under the guids that the store has them by, and the new guids that they came by."""

    articles: tuple[Article, ...]
    aliases: Found = ()
    gone: Found = ()  # of articles that are gone: these are not among `articles`


class Guard(Struct, frozen=True, kw_only=True):
    """Looks at what one source brings.

    `present` are the guids of stored articles that its document names, `unread` the files of its folder that did not
    change. More than the `allowance` of old articles that nothing explains are held. `since` is when it was seen last.
    """

    source: Source
    present: Set[str]
    unread: Set[str]
    allowance: int
    now: datetime
    since: datetime | None = None

    def look(self, store: Store, batch: Sequence[Article], *, known: Collection[str]) -> Guarded:
        """What is new in `batch`, and what the store has under other guids than these; `known` are those it has."""
        unknown = [article for article in batch if article.guid not in known]
        if not unknown or not self.source.flood_guard:
            return Guarded(articles=tuple(batch))
        with store.read() as db:
            similar = aliases.like(db, self.source.name, unknown)
        if not similar and not known:
            return Guarded(articles=tuple(batch))
        newest = max((one.published for one in similar if one.held_at is None), default=None)
        is_single = self._is_single_news(unknown, newest)
        found = reappearing.match(unknown, self._absent(similar), present=self.present, is_news=is_single)
        found, gone = self._thoroughly(store, unknown, found, newest)
        left = _without(unknown, found + gone)
        # What lies in a folder its keeper has put there.
        held = flooding.too_many(left, newest=newest, allowance=self.allowance) if self._is_remote else frozenset()
        return Guarded(articles=tuple(self._settled(batch, found, gone, held)), aliases=found, gone=gone)

    def _is_single_news(self, unknown: Sequence[Article], newest: datetime | None) -> bool:
        """Whether one entry came, written since the last visit: a form that is filled in daily is much like the day
        before."""
        said = unknown[0].said
        is_later = newest is not None and unknown[0].published > newest
        is_since = said is not None and self.since is not None and said > self.since
        return self._is_remote and len(unknown) == 1 and is_later and is_since

    @property
    def _is_remote(self) -> bool:
        return self.source.kind == "http"

    def _thoroughly(
        self, store: Store, unknown: Sequence[Article], found: Found, newest: datetime | None
    ) -> tuple[Found, Found]:
        """Those that are stored, and those that are gone. Looked for only where what came is no news, or too many."""
        left = _without(unknown, found)
        is_flood = self._is_flood(unknown, left, found)
        if not is_flood and all(flooding.is_news(article, newest) for article in left):
            return found, ()
        with store.read() as db:
            recent = aliases.recent(db, self.source.name) if is_flood else ()
            gone = aliases.gone(db, self.source.name)
        if is_flood:
            bound = self.present | {alias.of for alias in found}
            found += reappearing.match(left, self._absent(recent), present=bound, is_thorough=True)
        old = [article for article in _without(left, found) if not flooding.is_news(article, newest)]
        return found, reappearing.match_gone(old, gone, present=self.present)

    def _is_flood(self, unknown: Sequence[Article], left: Sequence[Article], found: Found) -> bool:
        """Whether more came than a source usually writes, of which most may be explained already; or, however small its
        document is, more that nothing explains than is known of it."""
        is_most = len(left) >= FEW and len(left) > len(self.present) + len(found)
        return bool(left) and (len(unknown) > self.allowance or is_most)

    def _absent(self, stored: Sequence[Article]) -> list[Article]:
        """Without those in files that are as they were."""
        return [article for article in stored if not (article.path and article.path in self.unread)]

    def _settled(self, batch: Sequence[Article], found: Found, gone: Found, held: Collection[str]) -> Iterator[Article]:
        stored_as = {alias.guid: alias.of for alias in found}
        left_out, seen = {alias.guid for alias in gone}, set()
        for article in batch:
            guid = stored_as.get(article.guid, article.guid)
            if article.guid not in left_out and guid not in seen:
                seen.add(guid)
                yield replace(article, guid=guid, held_at=self.now if article.guid in held else article.held_at)


def _without(articles: Sequence[Article], found: Found) -> list[Article]:
    guids = {alias.guid for alias in found}
    return [article for article in articles if article.guid not in guids]
