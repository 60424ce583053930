"""Articles: stored once, revised when a reader would want to know, found newest first."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import (
    Connection,
    Select,
    bindparam,
    func,
    insert,
    or_,
    select,
    union_all,
    update,
)

from feeds.records import Article, Known, Tag
from storage import archiving, banding, categories, copies, covering, revisions, tombstones
from storage.batches import batches
from storage.rows import (
    IDS,
    OF_GUIDS,
    AnyRow,
    article_of,
    id_of_source,
    labels_of,
    new_values_of,
    read_articles,
    rows_of_guids,
    select_articles,
    values_of,
)
from storage.tables import aliases, articles, covered, shelves, sources
from storage.tables import categories as table

# The categories of an article with these categories of its own and these tags.
Assign: TypeAlias = Callable[[tuple[str, ...], tuple[Tag, ...]], tuple[str, ...]]

# Whether these pieces of markup, the stored ones and then those that came, are otherwise in nothing but their links.
HasOtherLinks: TypeAlias = Callable[[Sequence[str], Sequence[str]], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """What a save did: how many articles are new, how many came and are held as a flood, or wait for their date, how
    many were revised, and the categories it touched."""

    new: int = 0
    held: int = 0
    waiting: int = 0
    revised: int = 0
    categories: tuple[str, ...] = ()
    arrived: frozenset[int] = field(default=frozenset(), compare=False)  # rows for `stories.settle`
    returned: frozenset[covering.Place] = field(default=frozenset(), compare=False)  # from archives, for the same
    has_withdrawn: bool = False  # copies of withdrawn articles were in it, and left out


def known(db: Connection, source: str, guids: Iterable[str]) -> dict[str, Known]:
    """What the store holds of these guids of a source, or held: of those that are gone, that they are. Where one is an
    alias, what it holds under another guid."""
    source_id = id_of_source(db, source)
    guids = tuple(guids)
    by_alias: dict[str, Known] = {}
    by_guid: dict[str, Known] = {}
    for word, guid, url, title, raw_digest, path in rows_of_guids(db, _KNOWN, source_id, guids):
        one = Known(guid=guid, url=url, title=title, raw_digest=raw_digest, path=path)
        (by_guid if word == guid else by_alias)[word] = one
    return by_alias | tombstones.known(db, source_id, guids) | by_guid


def save(
    db: Connection,
    source: str,
    batch: Sequence[Article],
    *,
    now: datetime,
    slugs: categories.Slugs,
    private: Set[str] = frozenset(),
    unmoved: Container[str] = (),
    revised: Container[str] = (),
    mended: Container[str] = (),
    has_other_links: HasOtherLinks | None = None,
    revised_at: datetime | None = None,
    document_id: int | None = None,
    rank: covering.Rank = covering.by_date,
) -> Saved:
    """Store what is new in `batch` and what was revised, put it on its shelves, and mark these as touched; what stands
    in a `private` category stands in such categories alone. `now` is when all of it was seen.

    `document_id` is the kept document that they were made of. What a revised article said before is kept, too.

    An article's `published`, and where that came from, stay as first stored. Its `updated` moves when its
    fingerprint does, and never backwards. One whose fingerprint did not move changes at most its shelves. One that is
    gone stays gone, also if that happened while `batch` was made. What is held stands on no shelf; what waits for its
    date is given another one by its source. Whatever their fingerprints say, those of the guids `unmoved` and `mended`
    are not revised, and those `revised` are; the `mended` are written anew all the same. `revised_at` is when, if not
    now. Of the others those whose markup `has_other_links`, and no more, get that.
    """
    source_id = id_of_source(db, source)
    stored = {row.guid: row for row in rows_of_guids(db, _STORED, source_id, (article.guid for article in batch))}
    unknown = [article for article in batch if article.guid not in stored]
    gone = set(tombstones.known(db, source_id, (article.guid for article in unknown)))
    withdrawn = copies.of_withdrawn(db, source_id, [article for article in unknown if article.guid not in gone])
    gone |= withdrawn
    batch = [article for article in batch if article.guid not in gone]
    new = _with_ids_of_their_own(db, [article for article in batch if article.guid not in stored])
    known = [article for article in batch if article.guid in stored]
    is_same = {
        a.guid: a.guid not in revised
        and (a.fingerprint == stored[a.guid].fingerprint or a.guid in unmoved or a.guid in mended)
        for a in known
    }
    rewritten = [a for a in known if not is_same[a.guid]]
    others = [a for a in known if is_same[a.guid]]
    like = [a for a in others if a.guid not in mended and a.guid not in unmoved]
    relinked = _relinked(db, stored, like, has_other_links) if has_other_links else []

    made = {"document_id": document_id}
    when = revised_at or now
    revisions.keep(db, [stored[article.guid].id for article in rewritten], now=when)
    placed = _insert(db, source_id, new, made | {"first_seen_at": now})
    _update(db, [_revision(stored[article.guid], article, now=when) | made for article in rewritten])
    banding.replace_bands(db, {stored[article.guid].id: article.bands for article in rewritten})
    _update(db, [_unseen(a) | made | {"_id": stored[a.guid].id} for a in others if a.guid not in mended])
    _update(db, [_mended(a) | made | {"_id": stored[a.guid].id} for a in others if a.guid in mended])
    _update(db, [_markup(a) | {"_id": stored[a.guid].id} for a in relinked])
    _update(db, [_put_off(stored[a.guid], a) for a in known if _is_put_off(stored[a.guid], a)])
    placed += [
        categories.Placed(one.id, one.published, None if one.held_at else a.categories)
        for a in known
        for one in [stored[a.guid]]
    ]
    moves = categories.shelve(db, source_id, placed, slugs=slugs, private=private, rank=rank)
    touched = moves.touched
    renewed = {stored[article.guid].id for article in rewritten}
    returned = archiving.take_out(db, renewed)
    # Also where they are named as copies.
    quietly = [*relinked, *(a for a in others if a.guid in mended)]
    also = categories.touch_those_of(db, renewed | {stored[a.guid].id for a in quietly})
    categories.touch(db, set(touched.values()) - also)
    shown = [article for article in rewritten if not stored[article.guid].held_at]
    names = {name for article in shown for name in article.categories}
    names |= {key for key in touched if isinstance(key, str)}
    waiting = sum(article.is_waiting for article in new)
    held = sum(article.held_at is not None for article in new) - waiting
    return Saved(
        new=len(new) - held - waiting,
        held=held,
        waiting=waiting,
        revised=len(shown),
        categories=tuple(sorted(names)),
        arrived=frozenset(renewed | {article_id for _shelf_id, article_id in moves.entered}),
        returned=frozenset(returned),
        has_withdrawn=bool(withdrawn),
    )


def archived(db: Connection, shelf_id: int, number: int | None, *, limit: int | None = None) -> tuple[Article, ...]:
    """What an archive document of a shelf holds (None: what is in none of them), newest first; equal dates in the order
    they came. At most `limit` of them."""
    values: dict[str, Any] = {"shelf_id": shelf_id, "number": number, "limit": limit}
    query = _archived(is_archive=number is not None, is_limited=limit is not None)
    return read_articles(db, query, {name: value for name, value in values.items() if value is not None})


def stored(
    db: Connection, *, category: str | None = None, source: str | None = None, limit: int | None = None
) -> tuple[Article, ...]:
    """What the store holds, newest first: of one category, of one source, of both at once, or all of it."""
    query = select_articles().order_by(articles.c.published.desc(), articles.c.id).limit(limit)
    if category is not None:
        on_shelf = shelves.c.category_id == categories.id_of(category)
        query = query.join(shelves, shelves.c.article_id == articles.c.id).where(on_shelf)
    if source is not None:
        query = query.where(sources.c.name == source)
    return read_articles(db, query)


def of_rows(db: Connection, rows: Iterable[int]) -> dict[int, Article]:
    """These articles by their rows, without their categories."""
    found = (db.execute(select_articles().where(articles.c.id.in_(some))) for some in batches(rows))
    return {row[-1]: article_of(row) for result in found for row in result}


def of_guids(db: Connection, source: str, guids: Iterable[str]) -> tuple[Article, ...]:
    """The articles of a source that are stored under these guids."""
    query = select_articles().where(sources.c.name == source)
    return tuple(one for some in batches(guids) for one in read_articles(db, query.where(articles.c.guid.in_(some))))


def ids_on(db: Connection, shelf_ids: Iterable[int]) -> set[str]:
    """The ids in feeds of all that stands on these shelves, or is covered there."""
    wanted = set(shelf_ids)
    queries = (
        select(articles.c.atom_id).join(each, each.c.article_id == articles.c.id).where(each.c.category_id.in_(some))
        for some in batches(wanted)
        for each in (shelves, covered)
    )
    return {atom_id for query in queries for atom_id in db.scalars(query)}


def named(db: Connection, *words: str) -> list[int]:
    """The rows of the articles of these addresses, guids or ids, whatever source they came from. "" names none."""
    columns = (articles.c.guid, articles.c.atom_id, articles.c.url)
    return list(
        dict.fromkeys(
            row_id
            for some in batches(filter(None, words))
            for row_id in db.scalars(select(articles.c.id).where(or_(*(column.in_(some) for column in columns))))
        )
    )


def atom_ids(db: Connection, rows: Iterable[int]) -> tuple[str, ...]:
    """The ids that these articles, by their rows, have in feeds."""
    return tuple(
        atom_id
        for some in batches(rows)
        for atom_id in db.scalars(select(articles.c.atom_id).where(articles.c.id.in_(some)))
    )


def reshelve(
    db: Connection,
    source: str,
    assign: Assign | None,
    *,
    slugs: categories.Slugs,
    private: Set[str] = frozenset(),
    rank: covering.Rank = covering.by_date,
) -> None:
    """Put a source's stored articles on the shelves that `assign` names; None takes them off every shelf. Those that
    are held stand on none.

    The categories that an article left or entered are touched, no others. Which of them tell one story is settled
    afterwards.
    """
    source_id = id_of_source(db, source)
    placed, renewed = [], set()
    for row in db.execute(select(*_TO_SHELVE).where(articles.c.source_id == source_id)):
        placed.append(_placed(row, assign if row.held_at is None else None))
        if row.revised_at:
            renewed.add(row.id)
    moves = categories.shelve(db, source_id, placed, slugs=slugs, private=private, rank=rank)
    # Any archive document may show what a revised article was before, which is to leave as well.
    for shelf_id in {shelf_id for shelf_id, article_id in moves.left if article_id in renewed}:
        archiving.write_again(db, shelf_id)
    categories.touch(db, moves.touched.values())


def shelve_released(
    db: Connection,
    source: str,
    ids: Sequence[int],
    assign: Assign | None,
    *,
    slugs: categories.Slugs,
    private: Set[str] = frozenset(),
) -> None:
    """Put these articles of a source, held until now, on the shelves that `assign` names; None: on none. Which of them
    tell one story is settled afterwards."""
    rows = [
        row for some in batches(ids) for row in db.execute(select(*_TO_SHELVE).where(articles.c.id.in_(some))).all()
    ]
    placed = [_placed(row, assign) for row in rows]
    moves = categories.shelve(db, id_of_source(db, source), placed, slugs=slugs, private=private)
    categories.touch(db, moves.touched.values())


def count(db: Connection) -> dict[str | None, int]:
    """How many articles stand on each shelf, by category; None for everything."""
    rows = db.execute(
        select(table.c.name, func.count())
        .join(shelves, shelves.c.category_id == table.c.id)
        .where(table.c.source_id.is_(None))
        .group_by(table.c.name)
    )
    return {name: number for name, number in rows}  # noqa: C416 - a Result is no mapping's argument


def _placed(row: AnyRow, assign: Assign | None) -> categories.Placed:
    """The place of an article, a row of `_TO_SHELVE`."""
    return categories.Placed(row.id, row.published, assign(*labels_of(row)) if assign else None)


def _with_ids_of_their_own(db: Connection, new: list[Article]) -> list[Article]:
    """Two sources may give one guid: the second article is published under the id we mint.

    An id that we minted ourselves and that comes back is our own article, read from a feed of ours or from a mill
    that reads us: it is left out, or two mills that read each other would mint new ids for ever. The id of an article
    that is gone stays its own: readers know it.
    """
    taken = {
        atom_id
        for some in batches(article.atom_id for article in new)
        for atom_id in db.scalars(_TAKEN, {"atom_ids": some})
    }
    result = []
    for article in new:
        ours = article.minted_id[: article.minted_id.find(":", len("tag:")) + 1]  # tag:mill.example,2026:
        is_ours = article.atom_id != article.minted_id and bool(ours) and article.atom_id.startswith(ours)
        if is_ours and article.atom_id in taken:
            continue
        own = replace(article, atom_id=article.minted_id) if is_ours or article.atom_id in taken else article
        taken.add(own.atom_id)
        result.append(own)
    return result


def _insert(db: Connection, source_id: int, new: list[Article], made: Mapping[str, Any]) -> list[categories.Placed]:
    if not new:
        return []
    db.execute(insert(articles), [new_values_of(article) | {"source_id": source_id, **made} for article in new])
    # Asked for afterwards: with RETURNING in the order of the rows, SQLite takes a statement for each.
    ids = {row.guid: row.id for row in rows_of_guids(db, IDS, source_id, (article.guid for article in new))}
    banding.add_bands(db, {ids[article.guid]: article.bands for article in new})
    return [
        categories.Placed(ids[article.guid], article.published, None if article.held_at else article.categories)
        for article in new
    ]


def _update(db: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        db.execute(_REVISE, rows)


def _revision(old: AnyRow, article: Article, *, now: datetime) -> dict[str, Any]:
    # A second revision within one second, or after the clock was set back, is an update all the same.
    updated = article.updated if article.updated > old.updated else max(now, old.updated + timedelta(seconds=1))
    return values_of(article) | {"_id": old.id, "updated": updated, "revised_at": now}


def _mended(article: Article) -> dict[str, Any]:
    """All that a revision writes, but for its date."""
    return {name: value for name, value in values_of(article).items() if name != "updated"}


def _relinked(
    db: Connection, stored: Mapping[str, AnyRow], like: Sequence[Article], has_other_links: HasOtherLinks
) -> list[Article]:
    """Those whose links alone lead elsewhere. Where the article itself has moved, all of it stays as it is."""
    before = of_rows(db, (stored[a.guid].id for a in like))
    found = ((a, before.get(stored[a.guid].id)) for a in like)
    return [
        a
        for a, old in found
        if old and old.url == a.url and has_other_links(tuple(_markup(old).values()), tuple(_markup(a).values()))
    ]


def _markup(article: Article) -> dict[str, Any]:
    return {"summary_html": article.summary_html, "content_html": article.content_html}


def _is_put_off(old: AnyRow, article: Article) -> bool:
    """Whether a stored article waits for its date, and its source has moved that."""
    return old.held_at is not None and old.published > old.held_at and article.published != old.published


def _put_off(old: AnyRow, article: Article) -> dict[str, Any]:
    # Where it has come meanwhile, a date in the past would be that of a flood, which waits for a person.
    published = max(article.published, old.held_at + timedelta(seconds=1))
    return {"_id": old.id, "published": published, "updated": published}


def _unseen(article: Article) -> dict[str, Any]:
    """What is noted where no reader would notice a change: not to normalize it again, to shelve by its new tags, and to
    name its new transcript, or how often it was seen, when its feeds are written next."""
    columns = values_of(article)
    unseen = ("raw_digest", "fingerprint", "path", "own_categories", "tags", "extensions", "decoded")
    return {name: columns[name] for name in unseen}


@cache
def _archived(*, is_archive: bool, is_limited: bool) -> Select[Any]:
    """Made once, as it is run for every document that is written."""
    query = (
        select_articles()
        .join(shelves, shelves.c.article_id == articles.c.id)
        .where(
            shelves.c.category_id == bindparam("shelf_id"),
            shelves.c.archive == bindparam("number") if is_archive else shelves.c.archive.is_(None),
        )
        .order_by(shelves.c.published.desc(), shelves.c.article_id)
    )
    return query.limit(bindparam("limit")) if is_limited else query


# Asked for every source that has news. Made once: to put them together takes as long as to run them.
_AS_KNOWN = tuple(articles.c[name] for name in ("guid", "url", "title", "raw_digest", "path"))
_KNOWN = union_all(
    select(articles.c.guid.label("word"), *_AS_KNOWN).where(*OF_GUIDS),
    select(aliases.c.guid.label("word"), *_AS_KNOWN)
    .join(articles, articles.c.id == aliases.c.article_id)
    .where(
        aliases.c.source_id == bindparam("source_id"),
        aliases.c.guid.in_(bindparam("guids", expanding=True)),
    ),
)
_STORED = select(
    *(articles.c[name] for name in ("id", "guid", "fingerprint", "published", "updated", "held_at"))
).where(*OF_GUIDS)
_TAKEN = union_all(
    *(
        select(column).where(column.in_(bindparam("atom_ids", expanding=True)))
        for column in (articles.c.atom_id, tombstones.atom_id)
    )
)
_REVISE = update(articles).where(articles.c.id == bindparam("_id"))
_TO_SHELVE = tuple(articles.c[name] for name in ("id", "published", "own_categories", "tags", "revised_at", "held_at"))
