"""What is left of articles that are gone: enough to know their entries by, and to keep their ids from others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Literal, TypeAlias

import msgspec
from sqlalchemy import Connection, Row, literal_column, select

from feeds.records import Article, Deleted, Known
from storage.batches import batches
from storage.tables import tombstones
from storage.upserts import upsert

Reason: TypeAlias = Literal["purged", "withdrawn"]  # by retention, by a person

atom_id = tombstones.c.atom_id  # an id once published belongs to that article for ever (RFC 4287, section 4.2.6)


def known(db: Connection, source_id: int, guids: Iterable[str]) -> dict[str, Known]:
    """Of these guids of a source those that are gone."""
    columns = (tombstones.c.guid, tombstones.c.url, tombstones.c.title, tombstones.c.path)
    return {
        row.guid: Known(**row._asdict(), raw_digest="", is_gone=True)
        for some in batches(guids)
        for row in db.execute(select(*columns).where(tombstones.c.source_id == source_id, tombstones.c.guid.in_(some)))
    }


def withdrawn(db: Connection, *, category: str | None, limit: int) -> tuple[Deleted, ...]:
    """The latest articles that were withdrawn from a category (None: from everything), the latest first."""
    columns = (tombstones.c.atom_id, tombstones.c.categories, tombstones.c.deleted_at)
    rows = db.execute(
        select(*columns)
        .where(tombstones.c.reason == literal_column("'withdrawn'"))  # as the index has it
        .order_by(tombstones.c.deleted_at.desc(), tombstones.c.atom_id)
    )
    found = (row for row in rows if category is None or category in msgspec.json.decode(row.categories))
    return tuple(Deleted(atom_id=row.atom_id, when=row.deleted_at) for row in islice(found, limit))


def copies(db: Connection, batch: Iterable[Article]) -> set[str]:
    """The guids of those articles that are copies of a withdrawn one: its address and its title."""
    rows = db.execute(
        select(tombstones.c.url, tombstones.c.title).where(
            tombstones.c.reason == literal_column("'withdrawn'"), tombstones.c.url != ""
        )
    )
    gone = {(row.url, row.title) for row in rows}
    return {article.guid for article in batch if (article.url, article.title) in gone}


def bury(
    db: Connection,
    gone: Sequence[Row[*tuple[Any, ...]]],
    *,
    standing: Mapping[int, tuple[str, ...]],
    reason: Reason,
    now: datetime,
) -> None:
    """Leave a tombstone for each article (its row), which stood in the categories that `standing` names by its id."""
    if gone:
        upsert(
            db,
            tombstones,
            [
                {name: row._mapping[name] for name in ("source_id", "guid", "atom_id", "url", "title", "path")}
                | {
                    "categories": msgspec.json.encode(standing.get(row._mapping["id"], ())).decode(),
                    "reason": reason,
                    "deleted_at": now,
                }
                for row in gone
            ],
        )
