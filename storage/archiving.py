"""Archive documents (RFC 5005, section 4): which articles have left a shelf's newest, and which document holds them.

A shelf's subscription document shows its newest articles; all others stand in archive documents, each article in one.
Once it is given its articles, an archive document keeps them: its number, once given, stays, and so do its bytes. An
article that is revised leaves it for the subscription document, and then for a newer one, while the old document goes
on showing what it showed. Only what a person did (an article withdrawn, a source or a category changed in the config)
has a document written again, without the articles that left.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from storage.among import among
from storage.batches import batches
from storage.tables import archives, shelved, shelves

SIZE = 100  # articles in one archive document, at most
MOST = 50  # documents that are filled in one transaction


def seal(db: Connection, shelf_id: int, *, limit: int, after: int = 0) -> bool:
    """Give archive documents to what is no longer among the newest `limit`. True: there is more to do.

    New numbers are higher than those of the shelf's other documents, and than `after`.

    When one article is too many a quarter of them leaves, the oldest first, so that documents are not made for single
    articles. One that came late, or was revised, leaves with them: until then it stands where readers look.
    """
    count = db.scalar(_COUNT, {"shelf": shelf_id}) or 0
    too_many = count - limit
    leaving = min(count, max(too_many, limit // 4, 1)) if too_many > 0 else 0
    for _ in range(MOST):
        if leaving <= 0:
            return False
        ids = list(db.scalars(_LEAVING, {"shelf": shelf_id, "limit": min(leaving, SIZE)}))
        number = max(latest(db, shelf_id), after) + 1
        db.execute(insert(archives), {"category_id": shelf_id, "number": number})
        db.execute(_SEAL, {"shelf": shelf_id, "articles": ids, "archive": number})
        leaving -= len(ids)
    return leaving > 0


def latest(db: Connection, shelf_id: int) -> int:
    """The number of the shelf's newest archive document; 0 where it has none."""
    return db.scalar(_LATEST, {"shelf": shelf_id}) or 0


def latest_written(db: Connection, shelf_id: int) -> int:
    """The number of the newest one whose file is there, unless somebody took it away; 0 where none is."""
    return db.scalar(_LATEST_WRITTEN, {"shelf": shelf_id}) or 0


def numbers(db: Connection, shelf_id: int) -> list[int]:
    """The numbers of all archive documents of a shelf."""
    return list(db.scalars(_NUMBERS, {"shelf": shelf_id}))


def unwritten(db: Connection, shelf_id: int) -> list[int]:
    """The numbers of the archive documents that are to be written, the oldest first."""
    return list(db.scalars(_UNWRITTEN, {"shelf": shelf_id}))


def before(db: Connection, shelf_id: int, number: int | None = None) -> int:
    """The number of the newest archive document that holds something, or of those before this one; 0: there is none."""
    if number is None:
        return db.scalar(_NEWEST, {"shelf": shelf_id}) or 0
    return db.scalar(_BEFORE, {"shelf": shelf_id, "number": number}) or 0


def touched(db: Connection, shelf_id: int, number: int) -> int:
    """How often an archive document was to be written again, for `record_written`."""
    return db.scalar(_TOUCHED, {"shelf": shelf_id, "archive": number}) or 0


def record_written(db: Connection, shelf_id: int, number: int, *, touched: int) -> None:
    """Its files show what it held when it had been `touched` so often: who called for it since has it written again."""
    db.execute(_RECORD_WRITTEN, {"shelf": shelf_id, "archive": number, "touched_then": touched})


def write_again(db: Connection, shelf_id: int) -> None:
    """All archive documents of a shelf are to be written: its folder or its addresses moved."""
    db.execute(update(archives).where(archives.c.category_id == shelf_id).values(_AGAIN))


def write_these_again(db: Connection, documents: Iterable[tuple[int, int]]) -> None:
    """These archive documents, each a shelf and a number, are to be written: articles left them that must not stay."""
    of_shelves: dict[int, set[int]] = {}
    for shelf_id, number in documents:
        of_shelves.setdefault(shelf_id, set()).add(number)
    for shelf_id, of_shelf in of_shelves.items():
        for some in batches(of_shelf):
            those = archives.c.category_id == shelf_id, archives.c.number.in_(some)
            db.execute(update(archives).where(*those).values(_AGAIN))


def holding(db: Connection, article_ids: Iterable[int]) -> set[tuple[int, int]]:
    """The archive documents that hold one of these articles, each a shelf and a number."""
    columns = shelved.c.category_id, shelved.c.archive
    return {
        (row.category_id, row.archive)
        for some in batches(article_ids)
        for row in db.execute(
            select(*columns).where(shelved.c.article_id.in_(some), shelved.c.archive.is_not(None)).distinct()
        )
    }


def linked(db: Connection) -> dict[int, range]:
    """By shelf: the numbers of the archive documents that a reader meets who walks to the end. Shelves without any are
    left out."""
    # Two steps in an index for each shelf: to group all that stands on shelves would mean to read all of it.
    held = (shelved.c.category_id == shelves.c.id, shelved.c.archive.is_not(None))
    oldest, newest = (
        select(end(shelved.c.archive)).where(*held).correlate(shelves).scalar_subquery() for end in (func.min, func.max)
    )
    return {
        shelf_id: range(first, last + 1)
        for shelf_id, first, last in db.execute(select(shelves.c.id, oldest, newest))
        if first is not None
    }


def emptied(db: Connection, shelf_id: int) -> list[int]:
    """The numbers of the oldest archive documents, as far as no article is left of them."""
    oldest = _oldest(db, shelf_id)
    if oldest is None:
        return numbers(db, shelf_id)
    return list(db.scalars(_NUMBERS_BEFORE, {"shelf": shelf_id, "oldest": oldest}))


def write_oldest_again(db: Connection, shelf_id: int) -> None:
    """The oldest archive document that holds something is to be written again: it must not lead to emptied ones."""
    is_it = (archives.c.category_id == shelf_id, archives.c.number == _oldest(db, shelf_id))
    db.execute(update(archives).where(*is_it).values(_AGAIN))


def forget(db: Connection, shelf_id: int, gone: Iterable[int]) -> None:
    """The files of these archive documents are gone. The last number of a shelf is remembered: none is given twice."""
    last = latest(db, shelf_id)
    for some in batches(number for number in gone if number != last):
        db.execute(delete(archives).where(archives.c.category_id == shelf_id, archives.c.number.in_(some)))


def take_out(db: Connection, article_ids: Iterable[int]) -> set[tuple[int, int]]:
    """These articles were revised: readers find them again in the subscription document. Those that left an archive
    document for it, each with its shelf."""
    found: set[tuple[int, int]] = set()
    columns = (shelved.c.category_id, shelved.c.article_id)
    for some in batches(article_ids):
        held = shelved.c.article_id.in_(some) & shelved.c.archive.is_not(None)
        here = {(shelf_id, article_id) for shelf_id, article_id in db.execute(select(*columns).where(held))}
        if here:
            db.execute(update(shelved).where(held).values(archive=None))
        found |= here
    return found


def _oldest(db: Connection, shelf_id: int) -> int | None:
    oldest: int | None = db.scalar(_OLDEST, {"shelf": shelf_id})
    return oldest


_AGAIN = {"is_written": False, "touched": archives.c.touched + 1}

# Asked for every shelf that is written. Made once: to put them together takes longer than to run them.
_HERE = shelved.c.category_id == bindparam("shelf")
_OF_SHELF = archives.c.category_id == bindparam("shelf")
_COUNT = select(func.count()).select_from(shelved).where(_HERE, shelved.c.archive.is_(None))
_LEAVING = (
    select(shelved.c.article_id)
    .where(_HERE, shelved.c.archive.is_(None))
    .order_by(shelved.c.published, shelved.c.article_id.desc())
    .limit(bindparam("limit"))
)
_SEAL = update(shelved).where(_HERE, among(shelved.c.article_id, "articles")).values(archive=bindparam("archive"))
_LATEST = select(func.max(archives.c.number)).where(_OF_SHELF)
_LATEST_WRITTEN = (
    select(archives.c.number).where(_OF_SHELF, archives.c.is_written).order_by(archives.c.number.desc()).limit(1)
)
_UNWRITTEN = select(archives.c.number).where(_OF_SHELF, ~archives.c.is_written).order_by(archives.c.number)
_IT = (_OF_SHELF, archives.c.number == bindparam("archive"))
_TOUCHED = select(archives.c.touched).where(*_IT)
_RECORD_WRITTEN = update(archives).where(*_IT, archives.c.touched == bindparam("touched_then")).values(is_written=True)
_NUMBERS = select(archives.c.number).where(_OF_SHELF)
_NUMBERS_BEFORE = _NUMBERS.where(archives.c.number < bindparam("oldest"))
_NEWEST = select(func.max(shelved.c.archive)).where(_HERE, shelved.c.archive.is_not(None))
_BEFORE = _NEWEST.where(shelved.c.archive < bindparam("number"))
_OLDEST = select(func.min(shelved.c.archive)).where(_HERE, shelved.c.archive.is_not(None))
