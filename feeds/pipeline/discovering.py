"""The feed behind an address: itself, or one that the page there leads to."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from feeds import fetching, parsing
from feeds.clock import Clock
from feeds.errors import ParseError, SourceError
from feeds.normalizing import urls
from feeds.parsing.encoding import decode
from feeds.parsing.page import Advertised, feeds_of
from feeds.pipeline.preparing import manners
from feeds.records import Document, Fetched, FetchFailed, Source, SourceState, replace
from feeds.settings import Settings

MAX_TRIED = 3  # of the feeds that a page advertises


class Discovery(Struct, frozen=True, kw_only=True):
    """A feed that was found, with the answer that held it, so that it need not be asked for again."""

    source: Source
    document: Document
    answer: Fetched
    others: tuple[Advertised, ...] = ()  # that the page leads to as well


def discover(settings: Settings, source: Source, *, clock: Clock) -> Discovery:
    """The feed at the source's address, or the first one that the page there leads to: one GET for each address.

    Raises SourceError that says what is there instead.
    """
    answer = _get(settings, source, clock)
    now = clock.now()
    try:
        return Discovery(source=_moved(source, answer), document=_parse(answer, source, now), answer=answer)
    except ParseError as error:
        body = answer.bodies[0]
        page = feeds_of(decode(body.content, charset=body.charset).text)
        problem = str(error)
    for number, one in enumerate(page[:MAX_TRIED]):
        url = urls.absolute(one.href, body.url)
        if not url or url == source.url:
            continue
        # What was typed to log in with is the page's server's, and nobody else's.
        there = replace(source, url=url, auth=source.auth if fetching.is_one_origin(url, source.url) else "")
        try:
            answer = _get(settings, there, clock)
            document = _parse(answer, there, now)
        except SourceError as error:
            problem = f"{url}, which the page advertises: {error}"
            continue
        others = (*page[:number], *page[number + 1 :])
        return Discovery(source=_moved(there, answer), document=document, answer=answer, others=others)
    raise SourceError(problem)


def _get(settings: Settings, source: Source, clock: Clock) -> Fetched:
    fresh = [(source, SourceState(name=source.name))]
    ((_source, result),) = fetching.fetch(fresh, clock=clock, manners=manners(settings))
    if isinstance(result, Fetched):
        return result
    problem = result.problem if isinstance(result, FetchFailed) else "no answer"
    raise SourceError(source.redact(problem))


def _parse(answer: Fetched, source: Source, now: datetime) -> Document:
    return parsing.parse(answer.bodies[0], source, now=now)


def _moved(source: Source, answer: Fetched) -> Source:
    """Added where it lives: an address that only redirects for good need not enter the config."""
    return replace(source, url=answer.moved_to) if answer.moved_to else source
