"""What every format says of a feed and its articles alike, each in its own words."""

from __future__ import annotations

from datetime import datetime

from feeds.records import Article, Feed

UNKNOWN = "und"  # BCP 47: the language could not be told


def updated(feed: Feed) -> datetime | None:
    """The latest meaningful change, never the time of the run; None of a feed that has no article yet."""
    return max((article.updated for article in feed.articles), default=None)


def description(feed: Feed) -> str:
    """The feed's title, and the site's where that is another."""
    return feed.title if feed.title == feed.site_title else f"{feed.title} · {feed.site_title}"


def language(article: Article, feed: Feed) -> str:
    """The language that an article must name: "" where the feed's holds for it too."""
    return "" if article.language == feed.language else article.language or UNKNOWN


def labels(article: Article) -> list[tuple[str, str, str]]:
    """Term, scheme and label of the article's tags, and of the categories that it claims itself."""
    tags = [(tag.term, tag.scheme, tag.label) for tag in article.tags]
    terms = {term for term, _scheme, _label in tags}
    return tags + [(name, "", "") for name in article.own_categories if name and name not in terms]
