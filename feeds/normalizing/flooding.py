"""How much news a source may have at once: what goes beyond, and is old, waits for a person."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from feeds.records import Article

ALWAYS = 10  # old entries that may be new at once, however slow a source is
TIMES = 3  # its usual number of entries in the time since it was last read
STEP = timedelta(days=1)  # between the undated entries of a first document


def allowance(gap: timedelta | None, since: datetime | None, now: datetime) -> int:
    """How many entries may be new and old at once, of a source that has an entry each `gap` and was read last at
    `since`; None where that is not known."""
    if not gap or since is None or now < since:
        return ALWAYS
    return max(ALWAYS, int(TIMES * ((now - since) / gap)))


def is_news(article: Article, newest: datetime | None) -> bool:
    """Whether it is not older, by its own word, than all that was stored before it came."""
    return newest is not None and article.date_from != "first-seen" and article.published >= newest


def too_many(new: Sequence[Article], *, newest: datetime | None, allowance: int) -> frozenset[str]:
    """The guids of those of `new` that are to be held: all that are older than the `newest` known article, if they
    are more than the allowance. What came undated has its first sight as its date, and is never among them."""
    old = [article.guid for article in new if newest is not None and is_old(article, newest)]
    return frozenset(old) if len(old) > allowance else frozenset()


def is_old(article: Article, newest: datetime) -> bool:
    """Whether it is older, by its own word, than an article that was stored before it came."""
    return article.date_from != "first-seen" and article.published < newest


def placed(first: Sequence[Article]) -> tuple[Article, ...]:
    """A source's first articles, in the order of its document, with places for the undated ones, which would all stand
    above everybody else's: the date of the dated article before, else behind, it; where none is dated, first sight
    less a day for each that stands before it."""
    dates = [article.published if article.date_from != "first-seen" else None for article in first]
    if not any(dates):
        return tuple(_dated(article, article.published - STEP * place) for place, article in enumerate(first))
    before = _carried(dates)
    behind = reversed(_carried(reversed(dates)))
    return tuple(
        article if own else _dated(article, earlier or later or article.published)
        for article, own, earlier, later in zip(first, dates, before, behind, strict=True)
    )


def _carried(dates: Iterable[datetime | None]) -> list[datetime | None]:
    """Each date, or where there is none the one before it."""
    carried: list[datetime | None] = []
    for date in dates:
        carried.append(date or (carried[-1] if carried else None))
    return carried


def _dated(article: Article, moment: datetime) -> Article:
    moved = moment if article.updated == article.published else max(moment, article.updated)
    return replace(article, published=moment, updated=moved)
