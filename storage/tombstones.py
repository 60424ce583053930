"""What is left of articles that are gone: enough to know their entries by, and to keep their ids from others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, TypeAlias

import msgspec
from sqlalchemy import Connection, Row, select

from feeds.records import Known
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
