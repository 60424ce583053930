"""Which documents are made of a shelf, and by what: feeds by our writers, pages by the templates of a theme."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from msgspec import Struct, field

from feeds import __version__
from feeds.pipeline.preparing import digest_of
from feeds.publishing import ARCHIVE_WRITERS, WRITERS
from feeds.publishing.pages import Directory, Pages, article_path
from feeds.records import Feed
from feeds.settings import Settings

Write = Callable[[Feed], bytes]


def _none(_feed: Feed) -> Mapping[str, Callable[[], bytes]]:
    return {}


class Making(Struct, frozen=True, kw_only=True):
    """The documents of a shelf, each by its name in the shelf's folder; archive documents by their kind."""

    current: Mapping[str, Write] = field(default_factory=dict)
    archive: Mapping[str, Write] = field(default_factory=dict)
    articles: Callable[[Feed], Mapping[str, Callable[[], bytes]]] = _none  # a page for each article, by path
    has_articles: bool = False
    digest: str = ""  # of all that its documents depend on beside the shelf


class Makings(Struct, frozen=True, kw_only=True):
    """How each kind of shelf is made, and the files that all of them need, by path."""

    everything: Making
    category: Making
    private: Making  # a category, too
    source: Making
    assets: Mapping[str, bytes]


def makings(settings: Settings, directory: Directory) -> Makings:
    """Raises ThemeError where a theme cannot be read."""
    feeds = Making(current=WRITERS, archive=ARCHIVE_WRITERS, digest=digest_of(__version__, settings.site))
    if settings.pages is None:
        return Makings(everything=feeds, category=feeds, private=feeds, source=Making(), assets={})
    pages = Pages(settings.pages.theme, has_articles=settings.pages.articles)
    digest = digest_of(__version__, settings.site, settings.pages, pages.digest)
    of_articles = partial(_article_pages, pages) if settings.pages.articles else _none
    of_source = Making(
        current={"index.html": partial(pages.front, has_feeds=False)},
        archive={"html": partial(pages.archive, has_feeds=False)},
        articles=of_articles,
        has_articles=settings.pages.articles,
        digest=digest,
    )
    of_category = Making(
        current={**WRITERS, "index.html": pages.front, "subscribe.html": pages.subscribe},
        archive={**ARCHIVE_WRITERS, "html": pages.archive},
        digest=digest,
    )
    alone = Pages(settings.pages.theme)  # no article of theirs has a page of its own
    of_private = Making(
        current={**WRITERS, "index.html": alone.front, "subscribe.html": alone.subscribe},
        archive={**ARCHIVE_WRITERS, "html": alone.archive},
        digest=digest,
    )
    of_everything = Making(
        current={**of_category.current, "index.html": partial(pages.front, directory=directory)},
        archive=of_category.archive,
        articles=of_articles,
        has_articles=settings.pages.articles,
        digest=digest_of(digest, directory),
    )
    return Makings(
        everything=of_everything,
        category=of_category,
        private=of_private,
        source=of_source,
        assets=pages.assets(),
    )


def _article_pages(pages: Pages, feed: Feed) -> dict[str, Callable[[], bytes]]:
    return {article_path(article): partial(pages.article, article, feed) for article in feed.articles}
