"""What is kept, and what is let go of.

An article goes when its source lets go of it, or when every category it stands in does. A source or category without a
rule holds all it has. A category holds what its rule keeps even where another category lets go of it, but not what
the article's own source lets go of. An article in no category is held by its source alone. A copy belongs in the
category that does not show it, too: when the article that is shown there goes, it takes the place, and goes as well if
the category does not keep it.

What is let go of is a tail of the reading order (newest first, equal dates in the order they came): all from a cutoff
on. An article whose categories all have a rule therefore goes with the one whose cutoff lies furthest back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import Struct, field
from sqlalchemy import Column, ColumnElement, Connection, Table, and_, delete, exists, or_, select, true

from storage import covering, placing, tombstones
from storage.batches import batches
from storage.tables import articles, covered, shelved, shelves, sources

PORTION = 50  # sources that are looked through in one transaction


class Rule(Struct, frozen=True, kw_only=True):
    """Keep this many of the newest, and none published before `since`."""

    keep: int | None = None
    since: datetime | None = None


class Rules(Struct, frozen=True, kw_only=True):
    """By name. A source or category that is not named keeps everything."""

    sources: Mapping[str, Rule] = field(default_factory=dict)
    categories: Mapping[str, Rule] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.sources or self.categories)


class Pruned(Struct, frozen=True, kw_only=True):
    """How many articles went, and how many of them from each category."""

    articles: int = 0
    categories: Mapping[str, int] = field(default_factory=dict)
    successors: int = 0  # copies that took a place


def portions(db: Connection, rules: Rules) -> tuple[Rules, ...]:
    """Those of `rules` that let go of something, in portions of which each is quickly looked through."""
    names = list(_cutoffs(db, _SOURCES, rules.sources))
    by_sources = [
        Rules(sources={name: rules.sources[name] for name in names[start : start + PORTION]})
        for start in range(0, len(names), PORTION)
    ]
    by_categories = Rules(categories=rules.categories)
    return (*by_sources, by_categories) if let_go(db, by_categories, limit=1) else tuple(by_sources)


def let_go(db: Connection, rules: Rules, *, limit: int) -> list[int]:
    """Articles, by their rows, that `rules` let go of: at most `limit`, of each source or category the newest first."""
    found: dict[int, None] = {}  # in the order they were found
    for tail in (*_tails_of_sources(db, rules.sources), *_tails_of_categories(db, rules.categories)):
        if len(found) >= limit:
            break
        found |= dict.fromkeys(db.scalars(tail.limit(limit)))
    return list(found)[:limit]


def purge(
    db: Connection,
    gone: Sequence[int],
    *,
    now: datetime,
    reason: tombstones.Reason = "purged",
    rank: covering.Rank = covering.by_date,
) -> Pruned:
    """Take these articles out of the store and off their shelves, which are touched; a tombstone stays of each. The
    best copy of each, by `rank`, takes its place.

    Archive documents stay as they are, until the last article of theirs goes.
    """
    numbers: Counter[str] = Counter()
    total = successors = 0
    for some in batches(gone):
        standing = placing.of_articles(db, some)
        rows = db.execute(select(articles).with_only_columns(*_BURIED).where(articles.c.id.in_(some))).all()
        public = placing.in_public(db, some)
        tombstones.bury(db, rows, standing=standing, public=public, reason=reason, now=now)
        placing.touch_those_of(db, some)
        places = _places(db, some)
        db.execute(delete(shelved).where(shelved.c.article_id.in_(some)))
        successors += covering.succeed(db, places, rank=rank, without=gone)
        db.execute(delete(articles).where(articles.c.id.in_(some)))  # and with them all that is known of them
        numbers.update(name for names in standing.values() for name in names)
        total += len(rows)
    return Pruned(articles=total, categories=dict(numbers), successors=successors)


_BURIED = [articles.c[name] for name in (*tombstones.KEPT, "id", "published", "date_from")]


def _places(db: Connection, some: Sequence[int]) -> dict[covering.Place, int | None]:
    """Where these articles stand, and in which archive document."""
    columns = (shelved.c.category_id, shelved.c.article_id, shelved.c.archive)
    rows = db.execute(select(*columns).where(shelved.c.article_id.in_(some)))
    return {(row.category_id, row.article_id): row.archive for row in rows}


class _Cutoff(NamedTuple):
    """The first place in reading order that is let go of."""

    published: datetime
    article_id: int

    @property
    def recency(self) -> tuple[datetime, int]:
        """Greater for the cutoff that lets go of more."""
        return self.published, -self.article_id


class _Places(NamedTuple):
    """Where articles stand in reading order: an index of the store, by owner (a source or a category)."""

    owners: Table
    owner: Column[Any]
    published: Column[Any]
    article: Column[Any]
    is_counted: ColumnElement[bool]

    def behind(self, owner_id: int, cutoff: _Cutoff) -> ColumnElement[bool]:
        """The places of an owner from a cutoff on."""
        return and_(
            self.owner == owner_id,
            self.published <= cutoff.published,  # says no more than the next line, but an index can be entered by it
            or_(self.published < cutoff.published, self.article >= cutoff.article_id),
        )


# What the flood guard holds takes no other's place. Few are, and they have an index of their own.
_OTHERS = articles.alias("others")
_HELD = select(_OTHERS.c.id).where(_OTHERS.c.held_at.is_not(None))
_SOURCES = _Places(sources, articles.c.source_id, articles.c.published, articles.c.id, articles.c.id.not_in(_HELD))
_CATEGORIES = _Places(shelves, shelved.c.category_id, shelved.c.published, shelved.c.article_id, true())
_LAST = 2**63 - 1  # no article's row has a higher number


def _tails_of_sources(db: Connection, rules: Mapping[str, Rule]) -> list[Any]:
    cutoffs = _cutoffs(db, _SOURCES, rules)
    return [_tail(_SOURCES, owner_id, cutoff) for owner_id, cutoff in cutoffs.values()]


def _tails_of_categories(db: Connection, rules: Mapping[str, Rule]) -> list[Any]:
    cutoffs = dict(_cutoffs(db, _CATEGORIES, rules).values())
    of_categories = select(shelves.c.id).where(shelves.c.name.is_not(None))
    others = (shelved.alias(), covered)  # where it stands, and where it is a copy
    tails = []
    for owner_id, cutoff in cutoffs.items():
        # Those that let go of all that this one lets go of; any other holds what stands in it as well.
        no_holders = [each for each, its in cutoffs.items() if its.recency >= cutoff.recency]
        held = (
            exists().where(
                other.c.article_id == shelved.c.article_id,
                other.c.category_id.in_(of_categories),
                other.c.category_id.not_in(no_holders),
            )
            for other in others
        )
        tails.append(_tail(_CATEGORIES, owner_id, cutoff).where(*(~each for each in held)))
    return tails


def _tail(places: _Places, owner_id: int, cutoff: _Cutoff) -> Any:
    in_reading_order = (places.published.desc(), places.article)
    return select(places.article).where(places.behind(owner_id, cutoff)).order_by(*in_reading_order)


def _cutoffs(db: Connection, places: _Places, rules: Mapping[str, Rule]) -> dict[str, tuple[int, _Cutoff]]:
    """For each of `rules` that lets go of something: its owner's row, and from where on."""
    found: dict[str, tuple[int, _Cutoff]] = {}

    def offer(row: Any, cutoff: _Cutoff) -> None:
        if row.name not in found or cutoff.recency > found[row.name][1].recency:
            found[row.name] = (row.id, cutoff)

    for (keep, since), names in _alike(rules).items():
        for some in batches(names):
            named = places.owners.c.name.in_(some)
            if keep is not None:
                for row in db.execute(_first_beyond(places, keep).where(named)):
                    offer(row, _Cutoff(row.published, row.article_id))
            if since is not None:
                for row in db.execute(_with_older(places, since).where(named)):
                    offer(row, _Cutoff(since, _LAST))
    return found


def _alike(rules: Mapping[str, Rule]) -> dict[tuple[int | None, datetime | None], list[str]]:
    """The names that each rule holds for: as a rule one holds for all, and they are asked for together."""
    names: dict[tuple[int | None, datetime | None], list[str]] = {}
    for name, rule in rules.items():
        names.setdefault((rule.keep, rule.since), []).append(name)
    return names


def _first_beyond(places: _Places, keep: int) -> Any:
    """Each owner that has more than `keep` articles, with the first of the others."""
    table = places.article.table
    first = (
        select(places.article)
        .where(places.owner == places.owners.c.id, places.is_counted)
        .order_by(places.published.desc(), places.article)
        .offset(keep)
        .limit(1)
        .correlate(places.owners)
        .scalar_subquery()
    )
    joined = places.owners.join(table, and_(places.owner == places.owners.c.id, places.article == first))
    columns = (places.owners.c.name, places.owners.c.id, places.published, places.article.label("article_id"))
    return select(*columns).select_from(joined)


def _with_older(places: _Places, since: datetime) -> Any:
    """Each owner that has articles from before `since`."""
    older = exists().where(places.owner == places.owners.c.id, places.published < since)
    return select(places.owners.c.name, places.owners.c.id).where(older)
