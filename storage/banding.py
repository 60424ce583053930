"""The bands of articles' texts: keys by which those that are much alike are found.

Each article has a dozen, which lie anywhere in the order of their table: in a large one each would cost a page that is
read and written, more than all else that comes with an article. So the bands of the latest articles stand in a table of
their own, which is small, and are put among the others part by part, in order: a page is written once for many of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from sqlalchemy import BindParameter, Connection, Select, delete, exists, insert, or_, select, union_all

from storage.among import among
from storage.batches import batches
from storage.tables import bands, recent_bands

PARTS: Final = 8  # of all that a band may be, one of which is put in order at a time
STEP: Final = 2_000  # articles between two of these, by their rows: the bands of some 9,000 are recent then, 3.5 MB

_TABLES: Final = (bands, recent_bands)


def add_bands(db: Connection, made: Mapping[int, Sequence[int]]) -> None:
    """Note the bands of articles that have just come, by their rows."""
    if rows := _rows(made):
        db.execute(insert(recent_bands), rows)
        for step in range((min(made) - 1) // STEP, max(made) // STEP):
            _put_in_order(db, part=step % PARTS)


def replace_bands(db: Connection, made: Mapping[int, Sequence[int]]) -> None:
    """Note those of articles that were revised, however old they are."""
    for some in batches(made):
        for table in _TABLES:
            db.execute(delete(table).where(table.c.article_id.in_(some)))
    if rows := _rows(made):
        db.execute(insert(bands), rows)


def bands_of(db: Connection, article_ids: Sequence[int]) -> dict[int, list[int]]:
    """The bands of these articles, of those that have any."""
    found: dict[int, list[int]] = {}
    for article_id, band in db.execute(_OF, {"articles": article_ids}):
        found.setdefault(article_id, []).append(band)
    return found


def holders(band: BindParameter[int], *, but: BindParameter[int], limit: int) -> Select[tuple[int]]:
    """The rows of the latest articles that have a band, without that of one of them."""
    queries = (
        select(table.c.article_id)
        .where(table.c.band == band, table.c.article_id != but)
        .order_by(table.c.article_id.desc())
        .limit(limit)
        .subquery()
        for table in _TABLES
    )
    found = union_all(*(select(each.c.article_id) for each in queries)).subquery()
    return select(found.c.article_id).order_by(found.c.article_id.desc()).limit(limit)


def sharing() -> Iterator[Select[tuple[int]]]:
    """Of the rows given as `articles` those of articles that have a band in common with another one."""
    for table in _TABLES:
        others = (each.alias(f"other_{each.name}") for each in _TABLES)
        shared = (exists().where(e.c.band == table.c.band, e.c.article_id != table.c.article_id) for e in others)
        yield select(table.c.article_id).where(among(table.c.article_id, "articles"), or_(*shared))


def _put_in_order(db: Connection, *, part: int) -> None:
    """The recent bands of a part among the others: all at once would keep other writers waiting, and fill the log."""
    least, above = (each * 2**63 // PARTS for each in (part, part + 1))
    these = recent_bands.c.band.between(least, above - 1)
    moved = select(recent_bands.c.band, recent_bands.c.article_id).where(these).order_by(*recent_bands.primary_key)
    db.execute(insert(bands).from_select(["band", "article_id"], moved))
    db.execute(delete(recent_bands).where(these))


def _rows(made: Mapping[int, Sequence[int]]) -> list[dict[str, int]]:
    """In the order of their tables: what lies on one page is written together."""
    pairs = sorted({(band, article_id) for article_id, its in made.items() for band in its})
    return [{"band": band, "article_id": article_id} for band, article_id in pairs]


_OF = union_all(
    *(select(each.c.article_id, each.c.band).where(among(each.c.article_id, "articles")) for each in _TABLES)
)
