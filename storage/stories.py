"""One story once: which of the articles that tell it stands on a shelf, and which others it covers.

An article that came, was released, or was revised, is compared with a few others only: those that share its id, its
address, a band of its text, or its title and about its date. How many are looked at is bounded, however many the store
holds.

Once together, they stay so: a later revision that makes their texts differ does not part them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from functools import cache
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import Connection, Row, Select, bindparam, exists, literal, literal_column, select, union, union_all

from feeds.records import Article, Copy
from storage import archiving, banding, covering, placing, shelves
from storage.among import among
from storage.batches import batches
from storage.rows import articles_of_rows
from storage.tables import articles, covered, shelved, sources
from storage.tables import shelves as table

NEWEST: Final = 12  # articles that are looked at for one key, the latest to come
MOST: Final = 10  # articles that one is compared with
NEAR: Final = timedelta(days=21)  # between two that share a band
SAME_DAYS: Final = timedelta(hours=48)  # between two that share nothing but a title

_BY_TITLE, _BY_BAND, _BY_ADDRESS = 1, 2, 3


class Judge(Struct, frozen=True, kw_only=True):
    """What the config and the comparison of texts have to say."""

    may_be: Callable[[str, str], bool]  # whether articles of these titles can tell one story: a quick look
    same: Callable[[Article, Article], str]  # why two articles tell one story; "" where they do not
    rank: covering.Rank
    is_apart: Callable[[str | None], bool]  # of a category, or everything: it shows each article of a story


def settle(db: Connection, arrived: Collection[int], judge: Judge, *, returned: Iterable[covering.Place] = ()) -> None:
    """Of each story that one of these articles tells, the best article stands on a shelf. To be called in the
    transaction in which they were put there.

    One that came late takes the place of another only while that is in the subscription document: also when it has
    `returned` there from an archive document.
    """
    open_shelves = _open_shelves(db, judge) if arrived else set()
    if not open_shelves:
        return
    changed = {shelf_id for place in _covering(db, returned) for shelf_id in _elect(db, *place, judge)}
    for some in batches(sorted(_sharing(db, arrived))):
        keys = banding.bands_of(db, some)
        for row in db.execute(_ABOUT.where(articles.c.id.in_(some)).order_by(articles.c.id)):
            changed |= _settle(db, row, keys.get(row.id, ()), open_shelves, judge)
    shelves.touch(db, changed)


def review(db: Connection, names: Iterable[str], judge: Judge) -> None:
    """The same for the articles of these sources that stand in subscription documents, after the config moved: of
    stories already found the best is chosen anew, and where none are wanted all copies are shown."""
    open_shelves = _open_shelves(db, judge)
    shut = set(db.scalars(select(covered.c.category_id).distinct())) - open_shelves
    for shelf_id in shut:
        covering.scatter(db, shelf_id)
    shelves.touch(db, shut)
    for name in names:
        settle(db, set(db.scalars(_CURRENT, {"name": name})), judge)
        heads = {(row.category_id, row.by_article_id) for row in db.execute(_HEADS, {"name": name})}
        shelves.touch(db, {shelf_id for place in sorted(heads) for shelf_id in _elect(db, *place, judge)})


def copies_of(db: Connection, shelf_id: int, atom_ids: Iterable[str]) -> dict[str, tuple[Copy, ...]]:
    """The copies of these articles on a shelf, by the ids of the articles; of each source one."""
    # The shelf is compared here: an index by it would lead to all of its copies.
    asked = list(atom_ids)
    all_rows = db.execute(_COPIES, {"atom_ids": asked}) if asked else ()
    rows = [row for row in all_rows if row.category_id == shelf_id]
    standing = placing.of_articles(db, {row.id for row in rows})
    found: dict[str, dict[str, Copy]] = {}
    for row in rows:
        title = covering.ORIGIN.decode(row.origin).title or row.name
        copy = Copy(source=row.name, title=title, url=row.url, categories=standing.get(row.id, ()))
        found.setdefault(row.atom_id, {}).setdefault(row.name, copy)
    return {atom_id: tuple(some.values()) for atom_id, some in found.items()}


def without_place(db: Connection, atom_ids: Iterable[str]) -> set[str]:
    """Those of these articles, by their ids, that the feed of everything does not show, for others tell the same."""
    columns = (articles.c.atom_id, covered.c.category_id)
    query = select(*columns).join(covered, covered.c.article_id == articles.c.id)
    everything = db.scalar(select(shelves.id_of(None)))
    return {
        row.atom_id
        for some in batches(atom_ids)
        for row in db.execute(query.where(articles.c.atom_id.in_(some)))
        if row.category_id == everything
    }


def _settle(
    db: Connection, row: Row[*tuple[Any, ...]], keys: Sequence[int], open_shelves: set[int], judge: Judge
) -> set[int]:
    """The shelves on which an article was found to tell what others tell."""
    near = _candidates(db, row, keys, judge)
    if not near:
        return set()
    standing = _standing(db, [row.id, *near], open_shelves)
    mine = standing.get(row.id, {})
    # What is together on all shelves that they share needs no comparing; and what shares none has nothing to settle.
    asked = [
        other
        for other in near
        if any(mine[shelf_id] != head for shelf_id, head in standing.get(other, {}).items() if shelf_id in mine)
    ][:MOST]
    texts = articles_of_rows(db, [row.id, *asked]) if asked else {}
    changed = set()
    for other in asked:
        if reason := judge.same(texts[row.id], texts[other]):
            shared = mine.keys() & standing[other].keys()
            for each in sorted(shared):
                changed |= _join(db, each, row.id, other, reason, judge)
    return changed


def _candidates(db: Connection, row: Row[*tuple[Any, ...]], keys: Sequence[int], judge: Judge) -> list[int]:
    """Articles of other sources that may tell the same, the likeliest first."""
    values = {f"band_{number}": band for number, band in enumerate(keys)}
    given = {name: row._mapping[name] for name in ("id", "guid", "atom_id", "link_key", "title_key")}
    found: dict[int, Counter[int]] = {}
    for article_id, by in db.execute(_lookup(len(keys)), given | values):
        found.setdefault(article_id, Counter())[by] += 1
    near: list[tuple[bool, int, timedelta, int]] = []
    for some in batches(found):
        for other in db.execute(_WHEN.where(articles.c.id.in_(some), articles.c.source_id != row.source_id)):
            by, apart = found[other.id], abs(other.published - row.published)
            if _may_be_one(by, apart) and judge.may_be(row.title, other.title):
                near.append((by[_BY_ADDRESS] == 0, -by[_BY_BAND], apart, other.id))
    return [article_id for *_likelihood, article_id in sorted(near)]


def _may_be_one(by: Counter[int], apart: timedelta) -> bool:
    is_near = (by[_BY_BAND] and apart <= NEAR) or (by[_BY_TITLE] and apart <= SAME_DAYS)
    return bool(by[_BY_ADDRESS] or is_near)


def _join(db: Connection, shelf_id: int, one: int, other: int, reason: str, judge: Judge) -> set[int]:
    """Two articles tell one story: of the two that stand for them on a shelf, one does from now on. The shelves that
    this changes."""
    standing_for = covering.places(db, (one, other))
    heads = {standing_for.get((shelf_id, each), each) for each in (one, other)}
    if len(heads) == 1:
        return set()
    better, worse = sorted(covering.tellers(db, shelf_id, heads, rank=judge.rank))
    if worse.archive is not None:
        better, worse = worse, better
    if worse.archive is not None:  # both have left the subscription document, and archives do not change
        return set()
    if _are_apart(db, shelf_id, better.article_id, worse.article_id, judge):
        return set()
    covering.cover(db, shelf_id, worse.article_id, by=better.article_id, reason=reason)
    return {shelf_id, *_own_shelf(db, worse.article_id)}


def _are_apart(db: Connection, shelf_id: int, one: int, other: int, judge: Judge) -> bool:
    """Whether two stories, by who stands for them, have articles of one source that are not one: a source is held to
    more than two of them are, and whoever mirrors it must not connect what it tells apart."""
    stories = [{head, *covering.of(db, shelf_id, head)} for head in (one, other)]
    rows = db.execute(select(articles.c.id, articles.c.source_id).where(articles.c.id.in_(stories[0] | stories[1])))
    sources_of = {row.id: row.source_id for row in rows}
    pairs = [(a, b) for a in stories[0] for b in stories[1] if sources_of[a] == sources_of[b]]
    texts = articles_of_rows(db, {each for pair in pairs for each in pair}) if pairs else {}
    return any(not judge.same(texts[a], texts[b]) for a, b in pairs)


def _covering(db: Connection, places: Iterable[covering.Place]) -> list[covering.Place]:
    """Those of these that have copies there."""
    wanted = set(places)
    heads = select(covered.c.category_id, covered.c.by_article_id).distinct()
    return sorted(
        (row.category_id, row.by_article_id)
        for some in batches(article_id for _shelf_id, article_id in wanted)
        for row in db.execute(heads.where(covered.c.by_article_id.in_(some)))
        if (row.category_id, row.by_article_id) in wanted
    )


def _elect(db: Connection, shelf_id: int, head: int, judge: Judge) -> set[int]:
    """Of a story that stands in the subscription document, the best article is shown. The shelves that this changes."""
    story = covering.tellers(db, shelf_id, [head, *covering.of(db, shelf_id, head)], rank=judge.rank)
    best = min(story)
    is_archived = any(each.archive is not None for each in story)
    if best.article_id == head or is_archived:
        return set()
    covering.exchange(db, shelf_id, head, by=best.article_id)
    return {shelf_id, *_own_shelf(db, head)}


def _own_shelf(db: Connection, article_id: int) -> set[int]:
    """The shelf of the article's source: its documents are made again with the page of the article, which names copies
    that stand by another article now."""
    columns = (shelved.c.category_id, shelved.c.archive)
    own = select(*columns).join(table, table.c.id == shelved.c.category_id).where(table.c.source_id.is_not(None))
    places = db.execute(own.where(shelved.c.article_id == article_id)).all()
    archiving.write_these_again(db, ((row.category_id, row.archive) for row in places if row.archive is not None))
    return {row.category_id for row in places}


def _open_shelves(db: Connection, judge: Judge) -> set[int]:
    """The shelves on which a story is shown once: never a source's own."""
    rows = db.execute(select(table.c.id, table.c.name).where(table.c.source_id.is_(None)))
    return {row.id for row in rows if not judge.is_apart(row.name)}


def _standing(db: Connection, article_ids: Collection[int], open_shelves: set[int]) -> dict[int, dict[int, int]]:
    """On which shelves each article stands or is covered, and who stands for it there."""
    found: dict[int, dict[int, int]] = {}
    for some in batches(article_ids):
        columns = (shelved.c.category_id, shelved.c.article_id)
        for shelf_id, article_id in db.execute(select(*columns).where(shelved.c.article_id.in_(some))):
            found.setdefault(article_id, {})[shelf_id] = article_id
    for (shelf_id, article_id), head in covering.places(db, article_ids).items():
        found.setdefault(article_id, {})[shelf_id] = head
    return {
        article_id: {shelf_id: head for shelf_id, head in its.items() if shelf_id in open_shelves}
        for article_id, its in found.items()
    }


def _sharing(db: Connection, arrived: Iterable[int]) -> set[int]:
    """Those that have a key in common with another article: of most that come it is soon known that they have none."""
    return set(db.scalars(_SHARING, {"articles": list(arrived)}))


@cache
def _lookup(number: int) -> Select[Any]:
    """The latest articles that share a key with one that has this many bands. Put together once for each number."""
    queries = [select(*found.subquery().c) for found in _keyed(number)]
    same_id = articles.c.atom_id.in_((bindparam("guid"), bindparam("atom_id")))
    by_id = select(articles.c.id, literal(_BY_ADDRESS).label("by")).where(same_id, articles.c.id != bindparam("id"))
    together = union_all(by_id, *queries).subquery()
    return select(*together.c)


def _keyed(number: int) -> Iterator[Select[Any]]:
    for name, by in (("link_key", _BY_ADDRESS), ("title_key", _BY_TITLE)):
        column = articles.c[name]
        shares = (
            column == bindparam(name),
            column != literal_column("0"),
            articles.c.id != bindparam("id"),
        )  # as the index has it
        found = select(articles.c.id, literal(by).label("by")).where(*shares)
        yield found.order_by(articles.c.id.desc()).limit(NEWEST)
    for each in range(number):
        holders = banding.holders(bindparam(f"band_{each}"), but=bindparam("id"), limit=NEWEST).subquery()
        yield select(holders.c.article_id, literal(_BY_BAND).label("by"))


_ABOUT = select(
    *(
        articles.c[name]
        for name in ("id", "source_id", "guid", "atom_id", "link_key", "title_key", "published", "title")
    )
)
_OTHER = articles.alias("other")
_ARE_THEY = among(articles.c.id, "articles")
_SHARING = union(
    *banding.sharing(),
    *(
        select(articles.c.id).where(_ARE_THEY, exists().where(is_shared, _OTHER.c.id != articles.c.id))
        for is_shared in (
            (_OTHER.c.link_key == articles.c.link_key) & (_OTHER.c.link_key != literal_column("0")),
            (_OTHER.c.title_key == articles.c.title_key) & (_OTHER.c.title_key != literal_column("0")),
            _OTHER.c.atom_id.in_((articles.c.guid, articles.c.atom_id)),
        )
    ),
)
_WHEN = select(articles.c.id, articles.c.published, articles.c.title)
# What a source has in subscription documents of categories and of everything: so much and no more, however old it is.
_CURRENT = (
    select(shelved.c.article_id)
    .join(table, table.c.id == shelved.c.category_id)
    .join(articles, articles.c.id == shelved.c.article_id)
    .join(sources, sources.c.id == articles.c.source_id)
    .where(sources.c.name == bindparam("name"), shelved.c.archive.is_(None), table.c.source_id.is_(None))
    .distinct()
)
_SHOWN = articles.alias("shown")
_SHELVED = (shelved.c.category_id == covered.c.category_id) & (shelved.c.article_id == covered.c.by_article_id)
# Articles there that cover one of the source, or are its own and cover another.
_HEADS = union(
    *(
        select(covered.c.category_id, covered.c.by_article_id)
        .join(shelved, _SHELVED)
        .join(articles, articles.c.id == one)
        .join(sources, sources.c.id == articles.c.source_id)
        .where(sources.c.name == bindparam("name"), shelved.c.archive.is_(None))
        for one in (covered.c.article_id, covered.c.by_article_id)
    )
)
_COPIES = (
    select(_SHOWN.c.atom_id, covered.c.category_id, sources.c.name, *(articles.c[n] for n in ("id", "url", "origin")))
    .select_from(_SHOWN)
    .join(covered, covered.c.by_article_id == _SHOWN.c.id)
    .join(articles, articles.c.id == covered.c.article_id)
    .join(sources, sources.c.id == articles.c.source_id)
    .where(among(_SHOWN.c.atom_id, "atom_ids"))
    .order_by(sources.c.name, articles.c.id)
)
