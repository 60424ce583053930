"""Which articles tell one story, and which of these is shown, as the config and their texts have it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any
from urllib.parse import urlsplit

from feeds.records import Article, Origin, Source
from feeds.settings import Settings
from storage.stories import Judge

_LAST = (0, True, True)  # of a source that the config does not name any more


def judge(settings: Settings) -> Judge:
    """What the store asks when it settles who stands for a story."""
    sources = {source.name: source for source in settings.sources}
    apart = {None: not settings.stories} | {each.name: not each.stories for each in settings.categories or ()}
    return Judge(
        may_be=_may_be,
        same=_same,
        rank=partial(rank, sources),
        is_apart=lambda name: apart.get(name, not settings.stories),
    )


def moves_with(settings: Settings, source: Source) -> tuple[object, ...]:
    """What of the settings decides which articles of a source are shown; empty where nothing was said."""
    apart = sorted(each.name for each in settings.categories or () if each.stories != settings.stories)
    is_usual = settings.stories and not apart and not source.priority
    return () if is_usual else (settings.stories, apart, source.priority)


def rank(sources: Mapping[str, Source], name: str, url: str, origin: Origin) -> tuple[int, bool, bool]:
    """The article to be shown has the least: by its source's priority, then an author's own before a copy, then one
    that names no other feed as where it comes from."""
    source = sources.get(name)
    return (-source.priority, not is_own(source, url, origin), _names_another(source, origin)) if source else _LAST


def is_own(source: Source, url: str, origin: Origin) -> bool:
    """Whether an article at this address is its source's own, and not one that it collected from another.

    An aggregator's articles lead elsewhere, or name a feed of another site as where they come from.
    """
    home = (source.url, source.base_url)
    if _names_another(source, origin) and not _is_at(origin.feed_url, *home) and not _is_at(origin.site_url, *home):
        return False
    return not url or _is_at(url, *home, origin.site_url)


def _names_another(source: Source, origin: Origin) -> bool:
    """Whether the entry itself says that it comes from another feed (atom:source, `<source>` of RSS)."""
    from feeds.normalizing import links

    said = links.comparable(origin.feed_url) or links.comparable(origin.site_url)
    return origin.is_stated and bool(source.url) and bool(said) and said != links.comparable(source.url)


def _is_at(url: str, *places: str) -> bool:
    """Whether an address lies on the site of one of these: the same host, or a part of it (blog.author.example)."""
    host, others = _host(url), filter(None, map(_host, places))
    return bool(host) and any(f".{host}".endswith(f".{each}") or f".{each}".endswith(f".{host}") for each in others)


def _host(url: str) -> str:
    try:
        return (urlsplit(url).hostname or "").removeprefix("www.")
    except ValueError:
        return ""


def _may_be(one: str, other: str) -> bool:
    from feeds.normalizing.likeness import are_parts

    return not are_parts(_figures(one), _figures(other))


@lru_cache(maxsize=4096)
def _figures(title: str) -> frozenset[str]:
    from feeds.normalizing.tellings import figures, title_tokens

    return figures(title_tokens(title))


def _same(one: Article, other: Article) -> str:
    from feeds.normalizing.likeness import is_same_story  # mostly nothing is to be compared

    found = is_same_story(_telling(one), _telling(other))
    return found.reason if found else ""


@lru_cache(maxsize=64)
def _telling(article: Article) -> Any:
    """An article is compared with several others, one after the other."""
    from feeds.normalizing.tellings import telling_of

    return telling_of(article)
