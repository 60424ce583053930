"""What its sources and categories let go of, taken out of the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import nullcontext
from datetime import datetime

from feeds.errors import OutputError
from feeds.logs import log
from feeds.pipeline.judging import judge
from feeds.publishing import output
from feeds.publishing.pages import ARTICLES, path_of
from feeds.records import Category, KeptDocuments, Source
from feeds.settings import Settings
from storage import Store, articles, documents, retention
from storage.covering import Rank
from storage.retention import Pruned, Rule, Rules

BATCH = 250  # articles that go in one transaction: others that want to write wait for it


def prune(store: Store, settings: Settings, *, now: datetime, limit: int | None = None) -> Pruned:
    """Purge what `keep` and `keep_for` of the settings let go of, at most `limit` articles, in short transactions; the
    pages of these articles go as well.

    Where such a page cannot be removed that is logged, and its article waits for the next time. The store follows the
    settings already (`prepare`). The feeds of the categories that lost an article are due to be written. A source that
    the settings do not name is left alone. Documents that are kept no more, as the settings say, go as well.
    """
    _trim_documents(store, settings)
    rules = _rules(settings, now)
    if not rules:
        return Pruned()
    with store.read() as db:  # mostly there is nothing to do, and then nobody has to wait for us
        portions = retention.portions(db, rules)
    rank = judge(settings).rank
    numbers: Counter[str] = Counter()
    total = 0
    for portion in portions:
        while wanted := BATCH if limit is None else min(BATCH, limit - total):
            try:
                pruned = _purge(store, settings, portion, limit=wanted, now=now, rank=rank)
            except OutputError as error:
                log.error("articles that are to go are kept: their pages cannot be removed", problem=str(error))
                break
            total += pruned.articles
            numbers.update(pruned.categories)
            if pruned.articles < wanted and not pruned.successors:  # who took a place may have to go as well
                break
    return Pruned(articles=total, categories=dict(numbers))


def _trim_documents(store: Store, settings: Settings) -> None:
    """Keep no more documents than sources that have a rule of fewer say now: of one without news, nobody else looks."""
    fewer = {each.name: keep for each in settings.sources if (keep := each.documents.keep) < KeptDocuments().keep}
    if not fewer:
        return
    with store.read() as db:
        kept = documents.numbers(db)
    too_many = {name: keep for name, keep in fewer.items() if kept.get(name, 0) > keep}
    if too_many:
        with store.begin() as db:
            documents.trim(db, too_many)


def _purge(store: Store, settings: Settings, rules: Rules, *, limit: int, now: datetime, rank: Rank) -> Pruned:
    has_pages = (settings.output / ARTICLES).is_dir()  # also from when the config asked for them
    # Whoever publishes has read what is to go, and could write its page again.
    with output.writing(settings.output) if has_pages else nullcontext(), store.begin() as db:
        gone = retention.let_go(db, rules, limit=limit)
        if has_pages:  # before the store forgets: killed in between, they are let go of once more
            _remove_pages(settings, articles.atom_ids(db, gone))
        return retention.purge(db, gone, now=now, rank=rank)


def _remove_pages(settings: Settings, atom_ids: Iterable[str]) -> None:
    for atom_id in atom_ids:
        output.remove(settings.output, path_of(atom_id))


def _rules(settings: Settings, now: datetime) -> Rules:
    return Rules(
        sources={each.name: rule for each in settings.sources if (rule := _rule(each, now))},
        categories={each.name: rule for each in settings.categories or () if (rule := _rule(each, now))},
    )


def _rule(each: Source | Category, now: datetime) -> Rule | None:
    if each.keep is None and each.keep_for is None:
        return None
    return Rule(keep=each.keep, since=now - each.keep_for if each.keep_for else None)
