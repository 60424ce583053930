"""Articles taken back by a person: out of the store, and out of every document that shows them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from storage import archiving, covering, documents, retention, shelves, tombstones
from storage import articles as stored
from storage.batches import batches
from storage.tables import articles


class Document(NamedTuple):
    """A published document by the slug of its shelf, and its number; 0: one of the shelf's newest."""

    slug: str
    number: int


def published_ids(db: Connection, *words: str) -> tuple[str, ...]:
    """The ids that the articles of these addresses, guids or ids have in feeds: of those stored, and of those gone."""
    return (*stored.atom_ids(db, stored.named(db, *words)), *tombstones.ids(db, *words))


def naming(db: Connection, *words: str) -> documents.Naming:
    """The kept documents that name one of the articles of these addresses, guids or ids. It takes its time."""
    return documents.naming(db, _telling(_named(db, words)))


def withdraw(
    db: Connection,
    *words: str,
    showing: Iterable[Document],
    naming: documents.Naming = documents.NOBODY,
    now: datetime,
    rank: covering.Rank = covering.by_date,
) -> int:
    """Take the articles of these addresses, guids or ids out of the store; how many there were, with those gone before.

    A tombstone of each says that it was withdrawn. The documents that hold one, and those `showing` one whatever the
    store says, are to be written again. What their sources sent is kept no more, nor are the documents `naming` one.
    """
    found = stored.named(db, *words)
    count = len(found) + len(tombstones.ids(db, *words))
    _forget_documents(db, words, naming)
    write_again(db, showing)
    archiving.write_these_again(db, archiving.holding(db, found))
    retention.purge(db, found, now=now, reason="withdrawn", rank=rank)
    stood_in = tombstones.withdraw(db, *words, now=now)
    told = (shelf.id for key, shelf in shelves.standing(db).items() if key is None or key in stood_in)
    shelves.touch(db, told)
    return count


def _forget_documents(db: Connection, words: Sequence[str], naming: documents.Naming) -> None:
    gone = _named(db, words)
    later = documents.naming(db, _telling(gone), after=naming.last)
    documents.forget(db, {row.source_id for row in gone}, (*naming.rows, *later.rows))


def _named(db: Connection, words: Sequence[str]) -> list[Row[*tuple[Any, ...]]]:
    """The articles of these addresses, guids or ids, those stored and those gone."""
    names = ("source_id", "guid", "url", "title")
    query = select(*(articles.c[name] for name in names))
    found = stored.named(db, *words)
    rows = [row for some in batches(found) for row in db.execute(query.where(articles.c.id.in_(some)))]
    return [*rows, *tombstones.rows(db, *words, names=names)]


def _telling(rows: Iterable[Row[*tuple[Any, ...]]]) -> set[str]:
    return {word for row in rows for word in (row.guid, row.url, row.title)}


def write_again(db: Connection, documents: Iterable[Document]) -> None:
    """These documents are to be written from what is stored. Those of a shelf that there never was are left out."""
    ids = {shelf.slug: shelf.id for shelf in shelves.standing(db).values()}
    known = {(ids[slug], number) for slug, number in documents if slug in ids}
    archiving.write_these_again(db, known)
    shelves.touch(db, {shelf_id for shelf_id, _number in known})
