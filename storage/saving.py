"""What sources brought, stored: what is new, and what was revised. Sources that arrive together share statements."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence, Set
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from msgspec import Struct, field
from sqlalchemy import Connection, bindparam, func, insert, null, select, union_all, update

from feeds.records import Article, replace
from storage import archiving, banding, copies, covering, placing, revisions, shelves
from storage.among import among
from storage.rows import AnyRow, articles_of_rows, ids_of_sources, new_values_of, values_of
from storage.tables import articles, tombstones

# Whether these pieces of markup, the stored ones and then those that came, are otherwise in nothing but their links.
HasOtherLinks: TypeAlias = Callable[[Sequence[str], Sequence[str]], bool]


class Batch(Struct, frozen=True, kw_only=True):
    """What a source brought, and when that was seen.

    `document_id` is the kept document that the articles were made of. What stands in a `private` category stands in
    such categories alone. Whatever their fingerprints say, the articles of the guids `unmoved` and `mended` are not
    revised, and those `revised` are; the `mended` are written anew all the same. `revised_at` is when, if not `now`. Of
    the others those whose markup `has_other_links`, and no more, get that.
    """

    source: str
    articles: Sequence[Article]
    now: datetime
    private: Set[str] = frozenset()
    unmoved: Container[str] = ()
    revised: Container[str] = ()
    mended: Container[str] = ()
    has_other_links: HasOtherLinks | None = None
    revised_at: datetime | None = None
    document_id: int | None = None
    is_off_shelves: bool = False  # its source has left the config meanwhile: nothing of it is to stand anywhere


class Saved(Struct, frozen=True, kw_only=True):
    """What a save did: how many articles are new, how many came and are held as a flood, or wait for their date, how
    many were revised, and the categories it touched."""

    new: int = 0
    held: int = 0
    waiting: int = 0
    revised: int = 0
    categories: tuple[str, ...] = ()
    arrived: frozenset[int] = frozenset()  # rows for `stories.settle`
    returned: frozenset[covering.Place] = frozenset()  # from archives, for the same
    has_withdrawn: bool = False  # copies of withdrawn articles were in it, and left out


def save(db: Connection, batch: Batch, *, slugs: shelves.Slugs, rank: covering.Rank = covering.by_date) -> Saved:
    """The same as `save_all`, for one batch."""
    (saved,) = save_all(db, [batch], slugs=slugs, rank=rank)
    return saved


def save_all(
    db: Connection, brought: Sequence[Batch], *, slugs: shelves.Slugs, rank: covering.Rank = covering.by_date
) -> list[Saved]:
    """Store what is new in each batch and what was revised, put it on its shelves, and mark these as touched; what that
    came to for each batch. What a revised article said before is kept, too.

    An article's `published`, and where that came from, stay as first stored. Its `updated` moves when its
    fingerprint does, and never backwards. One whose fingerprint did not move changes at most its shelves. One that is
    gone stays gone, also if that happened while its batch was made. What is held stands on no shelf; what waits for its
    date is given another one by its source.
    """
    plans = _plans(db, brought)
    relinked = _relinked(db, plans)
    for plan in plans:
        revisions.keep(db, [plan.row_of(article) for article in plan.rewritten], now=plan.revised_at)
    ids = _insert(db, plans)
    _write_known(db, plans, relinked)
    placements = [plan.placement(ids) for plan in plans]
    moves = placing.shelve(db, placements, slugs=slugs, rank=rank)
    renewed = {plan.row_of(article) for plan in plans for article in plan.rewritten}
    returned = archiving.take_out(db, renewed)
    # Also where they are named as copies.
    quietly = relinked.keys() | {plan.row_of(article) for plan in plans for article in plan.mended}
    also = placing.touch_those_of(db, renewed | quietly)
    shelves.touch(db, moves.keys.keys() - also)
    moved = _by_article(moves.all)
    entered = {row for _shelf_id, row in moves.entered}
    return [
        _saved(
            plan,
            names={moves.keys[shelf_id] for one in its.placed for shelf_id in moved.get(one.article_id, ())},
            entered=[one.article_id for one in its.placed if one.article_id in entered],
            returned=returned,
        )
        for plan, its in zip(plans, placements, strict=True)
    ]


class _Plan(Struct, frozen=True, kw_only=True):
    """What is to become of the articles of a batch."""

    batch: Batch
    source_id: int
    stored: Mapping[str, AnyRow]  # what the store has of them, by guid
    new: Sequence[Article]
    known: Sequence[Article]  # the others, which are the following
    rewritten: list[Article] = field(default_factory=list)
    mended: list[Article] = field(default_factory=list)
    alike: list[Article] = field(default_factory=list)  # no reader would notice a change, but for where links lead
    has_withdrawn: bool = False

    @property
    def revised_at(self) -> datetime:
        return self.batch.revised_at or self.batch.now

    def fate_of(self, known: Article) -> list[Article]:
        has_moved = known.fingerprint != self.stored[known.guid].fingerprint and known.guid not in self.batch.unmoved
        is_mended = known.guid in self.batch.mended
        is_revised = known.guid in self.batch.revised or (has_moved and not is_mended)
        return self.rewritten if is_revised else self.mended if is_mended else self.alike

    def row_of(self, known: Article) -> int:
        row: int = self.stored[known.guid].id
        return row

    def categories(self, article: Article, held_at: datetime | None) -> tuple[str, ...] | None:
        """Where it is to stand; None: on no shelf."""
        return None if held_at or self.batch.is_off_shelves else article.categories

    def placement(self, ids: Mapping[tuple[int, str], int]) -> placing.Placement:
        new = [
            placing.Placed(ids[self.source_id, a.guid], a.published, self.categories(a, a.held_at)) for a in self.new
        ]
        known = [
            placing.Placed(one.id, one.published, self.categories(a, one.held_at))
            for a in self.known
            for one in [self.stored[a.guid]]
        ]
        return placing.Placement(self.source_id, [*new, *known], self.batch.private)


def _plans(db: Connection, brought: Sequence[Batch]) -> list[_Plan]:
    ids = ids_of_sources(db, {batch.source for batch in brought})
    plans = [_plan(db, batch, ids[batch.source]) for batch in brought]
    withdrawn = copies.of_withdrawn(db, [(plan.source_id, plan.new) for plan in plans])
    plans = [
        replace(plan, new=[a for a in plan.new if a.guid not in copied], has_withdrawn=bool(copied))
        for plan, copied in zip(plans, withdrawn, strict=True)
    ]
    new = _with_ids_of_their_own(db, [plan.new for plan in plans])
    return [replace(plan, new=its) for plan, its in zip(plans, new, strict=True)]


def _plan(db: Connection, batch: Batch, source_id: int) -> _Plan:
    """All that is neither stored nor gone is new."""
    guids = {"source_id": source_id, "guids": [article.guid for article in batch.articles]}
    found = db.execute(_FOUND, guids).all() if batch.articles else ()
    stored = {row.guid: row for row in found if row.id is not None}
    familiar = {row.guid for row in found}
    plan = _Plan(
        batch=batch,
        source_id=source_id,
        stored=stored,
        new=[article for article in batch.articles if article.guid not in familiar],
        known=[article for article in batch.articles if article.guid in stored],
    )
    for article in plan.known:
        plan.fate_of(article).append(article)
    return plan


def _with_ids_of_their_own(db: Connection, new: Sequence[Sequence[Article]]) -> list[list[Article]]:
    """Two sources may give one guid: the second article is published under the id we mint.

    An id that we minted ourselves and that comes back is our own article, read from a feed of ours or from a mill
    that reads us: it is left out, or two mills that read each other would mint new ids for ever. The id of an article
    that is gone stays its own: readers know it.
    """
    asked = [article.atom_id for of_source in new for article in of_source]
    taken = set(db.scalars(_TAKEN, {"atom_ids": asked})) if asked else set()
    return [[own for article in of_source if (own := _with_id_of_its_own(article, taken))] for of_source in new]


def _with_id_of_its_own(article: Article, taken: set[str]) -> Article | None:
    """None, where it is ours; else its id is taken from now on."""
    ours = article.minted_id[: article.minted_id.find(":", len("tag:")) + 1]  # tag:mill.example,2026:
    is_ours = article.atom_id != article.minted_id and bool(ours) and article.atom_id.startswith(ours)
    if is_ours and article.atom_id in taken:
        return None
    own = replace(article, atom_id=article.minted_id) if is_ours or article.atom_id in taken else article
    taken.add(own.atom_id)
    return own


def _relinked(db: Connection, plans: Sequence[_Plan]) -> dict[int, Article]:
    """By their rows those whose links alone lead elsewhere. Where the article itself has moved, all of it stays as it
    is."""
    asked = {
        plan.row_of(article): (article, plan.batch.has_other_links)
        for plan in plans
        if plan.batch.has_other_links
        for article in plan.alike
        if article.guid not in plan.batch.unmoved
    }
    return {
        row: article
        for row, old in articles_of_rows(db, asked).items()
        for article, has_other_links in [asked[row]]
        if old.url == article.url and has_other_links(tuple(_markup(old).values()), tuple(_markup(article).values()))
    }


def _insert(db: Connection, plans: Sequence[_Plan]) -> dict[tuple[int, str], int]:
    """The rows of the new articles, by their sources' rows and their guids."""
    if not any(plan.new for plan in plans):
        return {}
    last = db.scalar(_LAST) or 0
    for plan in plans:  # each by itself: all texts once more, as they are bound, would be a lot of memory
        made = {
            "source_id": plan.source_id,
            "first_seen_at": plan.batch.now,
            "document_id": plan.batch.document_id,
        }
        if plan.new:
            db.execute(_INSERT, [new_values_of(article) | made for article in plan.new])
    # Asked for afterwards: with RETURNING in the order of the rows, SQLite takes a statement for each.
    ids = {(row.source_id, row.guid): row.id for row in db.execute(_SINCE, {"last": last})}
    banding.add_bands(db, {ids[plan.source_id, a.guid]: a.bands for plan in plans for a in plan.new})
    return ids


def _write_known(db: Connection, plans: Sequence[_Plan], relinked: Mapping[int, Article]) -> None:
    """What came of articles that are stored already."""

    def update_all(
        those: Callable[[_Plan], Iterable[Article]], made: Callable[[_Plan, Article], dict[str, Any]]
    ) -> None:
        rows = [{"_id": plan.row_of(article)} | made(plan, article) for plan in plans for article in those(plan)]
        if rows:
            db.execute(_UPDATE, rows)

    update_all(lambda plan: plan.rewritten, _revision)
    banding.replace_bands(db, {plan.row_of(article): article.bands for plan in plans for article in plan.rewritten})
    update_all(lambda plan: plan.alike, _unseen)
    update_all(lambda plan: plan.mended, _mended)
    update_all(lambda plan: [a for a in plan.alike if plan.row_of(a) in relinked], lambda _plan, a: _markup(a))
    update_all(lambda plan: [a for a in plan.known if _is_put_off(plan.stored[a.guid], a)], _put_off)


def _revision(plan: _Plan, article: Article) -> dict[str, Any]:
    # A second revision within one second, or after the clock was set back, is an update all the same.
    before: datetime = plan.stored[article.guid].updated
    updated = article.updated if article.updated > before else max(plan.revised_at, before + timedelta(seconds=1))
    made = {"updated": updated, "revised_at": plan.revised_at, "document_id": plan.batch.document_id}
    return values_of(article) | made


def _mended(plan: _Plan, article: Article) -> dict[str, Any]:
    """All that a revision writes, but for its date."""
    values = {name: value for name, value in values_of(article).items() if name != "updated"}
    return values | {"document_id": plan.batch.document_id}


def _unseen(plan: _Plan, article: Article) -> dict[str, Any]:
    """What is noted where no reader would notice a change: not to normalize it again, to shelve by its new tags, and to
    name its new transcript, or how often it was seen, when its feeds are written next."""
    values = values_of(article)
    unseen = ("raw_digest", "fingerprint", "path", "own_categories", "tags", "extensions", "decoded")
    return {name: values[name] for name in unseen} | {"document_id": plan.batch.document_id}


def _markup(article: Article) -> dict[str, Any]:
    return {"summary_html": article.summary_html, "content_html": article.content_html}


def _is_put_off(old: AnyRow, article: Article) -> bool:
    """Whether a stored article waits for its date, and its source has moved that."""
    return old.held_at is not None and old.published > old.held_at and article.published != old.published


def _put_off(plan: _Plan, article: Article) -> dict[str, Any]:
    # Where it has come meanwhile, a date in the past would be that of a flood, which waits for a person.
    published = max(article.published, plan.stored[article.guid].held_at + timedelta(seconds=1))
    return {"published": published, "updated": published}


def _by_article(places: Iterable[covering.Place]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for shelf_id, row in places:
        found.setdefault(row, []).append(shelf_id)
    return found


def _saved(plan: _Plan, *, names: Set[shelves.Key], entered: Iterable[int], returned: Set[covering.Place]) -> Saved:
    """`names` are those of shelves that were touched, `entered` the rows of articles that came to one."""
    shown = [article for article in plan.rewritten if not plan.stored[article.guid].held_at]
    touched = {name for name in names if isinstance(name, str)} | {name for a in shown for name in a.categories}
    waiting = sum(article.is_waiting for article in plan.new)
    held = sum(article.held_at is not None for article in plan.new) - waiting
    renewed = {plan.row_of(article) for article in plan.rewritten}
    return Saved(
        new=len(plan.new) - held - waiting,
        held=held,
        waiting=waiting,
        revised=len(shown),
        categories=tuple(sorted(touched)),
        arrived=frozenset(renewed.union(entered)),
        returned=frozenset(place for place in returned if place[1] in renewed),
        has_withdrawn=plan.has_withdrawn,
    )


# An id once published belongs to that article for ever (RFC 4287, section 4.2.6).
_TAKEN = union_all(
    *(select(each.c.atom_id).where(among(each.c.atom_id, "atom_ids")) for each in (articles, tombstones))
)
# What the store has of the guids of a source, and had; the latter without a row.
_FOUND = union_all(
    select(*(articles.c[name] for name in ("id", "guid", "fingerprint", "published", "updated", "held_at"))).where(
        articles.c.source_id == bindparam("source_id"), among(articles.c.guid, "guids")
    ),
    select(null(), tombstones.c.guid, null(), null(), null(), null()).where(
        tombstones.c.source_id == bindparam("source_id"), among(tombstones.c.guid, "guids")
    ),
)
_INSERT = insert(articles)
_LAST = select(func.max(articles.c.id))
_SINCE = select(articles.c.id, articles.c.source_id, articles.c.guid).where(articles.c.id > bindparam("last"))
_UPDATE = update(articles).where(articles.c.id == bindparam("_id"))
