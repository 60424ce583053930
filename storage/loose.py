"""Published files that stand on no shelf, such as the list of sources: what each was made of."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from sqlalchemy import Connection, select

from storage.tables import loose_files
from storage.upserts import upsert


class Made(Struct, frozen=True, kw_only=True):
    """A digest of what a file shows, and when the file that shows it was modified, in nanoseconds since 1970."""

    of: str
    modified: int


def made(db: Connection) -> dict[str, Made]:
    """By path."""
    return {row.path: Made(of=row.made_of, modified=row.modified) for row in db.execute(select(loose_files))}


def record_made(db: Connection, files: Mapping[str, Made]) -> None:
    """`files` are by path, one at least."""
    upsert(
        db, loose_files, [{"path": path, "made_of": one.of, "modified": one.modified} for path, one in files.items()]
    )
