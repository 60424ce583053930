"""The bands of articles' texts: keys by which those that are much alike are found."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, delete, insert

from storage.batches import batches
from storage.tables import bands


def add_bands(db: Connection, made: Mapping[int, Sequence[int]]) -> None:
    """Note the bands of articles that have none yet, by their rows."""
    rows = [{"band": band, "article_id": article_id} for article_id, its in made.items() for band in dict.fromkeys(its)]
    if rows:
        db.execute(insert(bands), rows)


def replace_bands(db: Connection, made: Mapping[int, Sequence[int]]) -> None:
    """Note those of articles that were revised."""
    for some in batches(made):
        db.execute(delete(bands).where(bands.c.article_id.in_(some)))
    add_bands(db, made)
