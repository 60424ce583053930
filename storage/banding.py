"""The bands of articles' texts: keys by which those that are much alike are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, insert

from storage.batches import batches
from storage.tables import bands


def add_bands(db: Connection, made: Mapping[int, Sequence[int]]) -> None:
    """Note the bands of articles that have none yet, by their rows."""
    # In the order of their table, which is much larger than the cache: what lies on one page is written together.
    pairs = sorted({(band, article_id) for article_id, its in made.items() for band in its})
    if pairs:
        db.execute(insert(bands), [{"band": band, "article_id": article_id} for band, article_id in pairs])


def replace_bands(db: Connection, made: Mapping[int, Sequence[int]]) -> None:
    """Note those of articles that were revised."""
    for some in batches(made):
        db.execute(delete(bands).where(bands.c.article_id.in_(some)))
    add_bands(db, made)
