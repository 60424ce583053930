"""How much news a source may have at once: what goes beyond, and is old, waits for a person."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from feeds.records import Article

ALWAYS = 10  # old entries that may be new at once, however slow a source is
TIMES = 3  # its usual number of entries in the time since it was last read


def allowance(gap: timedelta | None, since: datetime | None, now: datetime) -> int:
    """How many entries may be new and old at once, of a source that has an entry each `gap` and was read last at
    `since`; None where that is not known."""
    if not gap or since is None or now < since:
        return ALWAYS
    return max(ALWAYS, int(TIMES * ((now - since) / gap)))


def is_news(article: Article, newest: datetime | None) -> bool:
    """Whether it is not older, by its own word, than all that was stored before it came."""
    return newest is not None and article.said is not None and article.published >= newest


def too_many(new: Sequence[Article], *, newest: datetime | None, allowance: int) -> frozenset[str]:
    """The guids of those of `new` that are to be held: all that are older than the `newest` known article, if they
    are more than the allowance. What came undated has its first sight as its date, and is never among them."""
    old = [article.guid for article in new if newest is not None and is_old(article, newest)]
    return frozenset(old) if len(old) > allowance else frozenset()


def is_old(article: Article, newest: datetime) -> bool:
    """Whether it is older, by its own word, than an article that was stored before it came."""
    return article.date_from != "first-seen" and article.published < newest
