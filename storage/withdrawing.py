"""Articles taken back by a person: out of the store, and out of every document that shows them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection

from storage import archiving, articles, categories, covering, retention, tombstones


class Document(NamedTuple):
    """A published document by the slug of its shelf, and its number; 0: one of the shelf's newest."""

    slug: str
    number: int


def published_ids(db: Connection, *words: str) -> tuple[str, ...]:
    """The ids that the articles of these addresses, guids or ids have in feeds: of those stored, and of those gone."""
    return (*articles.atom_ids(db, articles.named(db, *words)), *tombstones.ids(db, *words))


def withdraw(
    db: Connection,
    *words: str,
    showing: Iterable[Document],
    now: datetime,
    rank: covering.Rank = covering.by_date,
) -> int:
    """Take the articles of these addresses, guids or ids out of the store; how many there were, with those gone before.

    A tombstone of each says that it was withdrawn. The documents that hold one, and those `showing` one whatever the
    store says, are to be written again.
    """
    found = articles.named(db, *words)
    count = len(found) + len(tombstones.ids(db, *words))
    write_again(db, showing)
    archiving.write_these_again(db, archiving.holding(db, found))
    retention.purge(db, found, now=now, reason="withdrawn", rank=rank)
    stood_in = tombstones.withdraw(db, *words, now=now)
    told = (shelf.id for key, shelf in categories.standing(db).items() if key is None or key in stood_in)
    categories.touch(db, told)
    return count


def write_again(db: Connection, documents: Iterable[Document]) -> None:
    """These documents are to be written from what is stored. Those of a shelf that there never was are left out."""
    ids = {shelf.slug: shelf.id for shelf in categories.standing(db).values()}
    known = {(ids[slug], number) for slug, number in documents if slug in ids}
    archiving.write_these_again(db, known)
    categories.touch(db, {shelf_id for shelf_id, _number in known})
