"""What a source would bring, without a trace in the store."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from msgspec import Struct

from feeds import fetching
from feeds.clock import Clock
from feeds.errors import ParseError
from feeds.normalizing import identity
from feeds.pipeline.listing import read_list
from feeds.pipeline.preparing import manners
from feeds.pipeline.reading import NOTHING_KNOWN, learn, reader, without_dropped
from feeds.records import Article, Body, Fetched, FetchFailed, FetchResult, Source, SourceState, Subscription
from feeds.settings import Settings


class Preview(Struct, frozen=True, kw_only=True):
    """What a source would bring; and what keeps it, or some of it, from coming, in words."""

    articles: tuple[Article, ...] = ()
    listed: tuple[Subscription, ...] = ()  # by a list of sources
    problems: tuple[str, ...] = ()
    was_read: bool = False  # though it may hold no article


def preview(settings: Settings, wanted: Sequence[Source], *, clock: Clock) -> Iterator[tuple[Source, Preview]]:
    """What each source would bring, as it arrives. Nothing is stored."""
    now = clock.now().replace(microsecond=0)
    fresh = [(source, SourceState(name=source.name)) for source in wanted]
    for source, result in fetching.fetch(fresh, clock=clock, manners=manners(settings)):
        yield source, _preview(settings, source, result, now=now)


def preview_file(settings: Settings, path: str, *, clock: Clock) -> tuple[Source, Preview] | None:
    """What a file would bring, and the source that reads it: the nearest, of several. None where none does."""
    for source in sorted(settings.sources, key=lambda source: len(source.path), reverse=True):
        if source.path and (result := fetching.fetch_file(source, path)):
            return source, _preview(settings, source, result, now=clock.now().replace(microsecond=0))
    return None


def _preview(settings: Settings, source: Source, result: FetchResult, *, now: datetime) -> Preview:
    if isinstance(result, FetchFailed):
        return Preview(problems=(source.redact(result.problem),))
    if not isinstance(result, Fetched):
        return Preview()
    if source.kind == "opml":
        return _preview_list(source, result.bodies[0])
    one = reader(settings, source, now)
    read, unread = one.parse(result.bodies)
    found = identity.candidates(entry for _body, document in read for entry in document.entries)
    entries = identity.identify(found, {}, files=result.files)
    learned = learn(NOTHING_KNOWN, one, result, entries, frozenset())
    made, left_out = one.normalize(without_dropped(one, entries, learned, frozenset()), learned)
    noted = [problem for _body, document in read for problem in document.problems]
    empty = ["a feed without entries"] if read and not entries and not noted else []
    every = (*result.problems, *unread, *noted, *left_out, *empty)
    return Preview(articles=made, problems=tuple(source.redact(each) for each in every), was_read=bool(read))


def _preview_list(source: Source, body: Body) -> Preview:
    try:
        listed = read_list(body)
    except ParseError as error:
        return Preview(problems=(source.redact(str(error)),))
    problems = tuple(source.redact(each) for each in (*listed.problems, listed.flaw) if each)
    return Preview(listed=listed.found, problems=problems, was_read=True)
