"""What its sources and categories let go of, taken out of the store."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from feeds.records import Category, Source
from feeds.settings import Settings
from storage import Store, retention
from storage.retention import Pruned, Rule, Rules

BATCH = 250  # articles that go in one transaction: others that want to write wait for it


def prune(store: Store, settings: Settings, *, now: datetime, limit: int | None = None) -> Pruned:
    """Purge what `keep` and `keep_for` of the settings let go of, at most `limit` articles, in short transactions.

    The store follows the settings already (`prepare`). The feeds of the categories that lost an article are due to be
    written. A source that the settings do not name is left alone.
    """
    rules = _rules(settings, now)
    if not rules:
        return Pruned()
    with store.read() as db:  # mostly there is nothing to do, and then nobody has to wait for us
        portions = retention.portions(db, rules)
    numbers: Counter[str] = Counter()
    total = 0
    for portion in portions:
        while wanted := BATCH if limit is None else min(BATCH, limit - total):
            with store.begin() as db:
                pruned = retention.purge(db, retention.let_go(db, portion, limit=wanted), now=now)
            total += pruned.articles
            numbers.update(pruned.categories)
            if pruned.articles < wanted:
                break
    return Pruned(articles=total, categories=dict(numbers))


def _rules(settings: Settings, now: datetime) -> Rules:
    return Rules(
        sources={each.name: rule for each in settings.sources if (rule := _rule(each, now))},
        categories={each.name: rule for each in settings.categories or () if (rule := _rule(each, now))},
    )


def _rule(each: Source | Category, now: datetime) -> Rule | None:
    if each.keep is None and each.keep_for is None:
        return None
    return Rule(keep=each.keep, since=now - each.keep_for if each.keep_for else None)
