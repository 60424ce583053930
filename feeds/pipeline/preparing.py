"""The store made to follow the config: its sources, its categories' folders, and which articles stand where."""

from __future__ import annotations

import hashlib

from feeds import __version__
from feeds.fetching.http import Manners
from feeds.normalizing import categories as shelving
from feeds.pipeline.judging import judge, moves_with
from feeds.records import Source
from feeds.settings import Settings
from storage import Store, articles, lists, shelves, sources, stories


def prepare(store: Store, settings: Settings) -> None:
    """Make the store follow the config: its sources, its categories' folders, and which articles stand where."""
    listed = settings.categories or ()
    names = {category.name for category in listed} or configured_categories(settings)
    chosen: dict[shelves.Key, str] = {category.name: category.slug for category in listed if category.slug}
    labels = shelving.by_label(listed)
    known_labels = [sorted(each.items()) for each in labels]
    private = private_names(settings)
    secret = {category.name for category in listed if category.private and category.private.path}
    rules = (known_labels, sorted(private)) if private else (known_labels,)
    by = judge(settings)
    moved = []
    with store.begin() as db:
        sources.enroll(db, settings.sources)
        lists.keep_names(db, {source.url: source.name for source in settings.sources if source.listed_by})
        keys: list[shelves.Key] = [*names, *(shelves.OfSource(source.name) for source in settings.sources)]
        only = None if settings.categories is None else names
        shelves.settle(db, keys, chosen=chosen, slugs=shelving.slugs, secret=secret, listed=only)
        digests = sources.shelving_digests(db)
        for source in settings.sources:
            digest = digest_of(source.categories, *rules, *moves_with(settings, source))
            if digests[source.name] != digest:
                articles.reshelve(
                    db,
                    source.name,
                    assigner(source, labels),
                    slugs=shelving.slugs,
                    private=private,
                    rank=by.rank,
                )
                sources.set_shelving_digest(db, [source.name], digest)
                moved.append(source.name)
        # A source taken out of the config keeps its articles, off the shelves, until it comes back.
        for name in digests.keys() - {source.name for source in settings.sources}:
            if digests[name] is not None:
                articles.reshelve(db, name, None, slugs=shelving.slugs, rank=by.rank)
                sources.set_shelving_digest(db, [name], None)
        if moved:
            stories.review(db, moved, by)


def manners(settings: Settings) -> Manners:
    """How we present ourselves to the web."""
    return Manners(user_agent=f"feedmill/{__version__} (+{settings.site.url})", per_host=settings.per_host)


def private_names(settings: Settings) -> frozenset[str]:
    """The names of the private categories."""
    return frozenset(category.name for category in settings.categories or () if category.private)


def configured_categories(settings: Settings) -> set[str]:
    """The categories that sources name in the config."""
    named = {source.categories for source in settings.sources}  # by thousands of sources, mostly the same ones
    return {name for names in named for name in shelving.assign(names, (), (), shelving.Labels())}


def assigner(source: Source, labels: shelving.Labels) -> articles.Assign:
    """What tells the categories of a source's stored articles."""
    return lambda own, tags: shelving.assign(source.categories, own, tags, labels)


def digest_of(*parts: object) -> str:
    """Moves with any of the settings it is made of."""
    return hashlib.sha256(repr(parts).encode("utf-8", "surrogatepass")).hexdigest()
