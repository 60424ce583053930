"""Documents as sources sent them, the latest few of each: to read them again without a request."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from html import escape
from typing import Any, NamedTuple

import msgspec
from msgspec import Struct
from sqlalchemy import Connection, bindparam, delete, exists, func, insert, literal_column, select

from feeds.records import Body, Dating, Source
from storage.batches import batches
from storage.rows import NAMED_SOURCE, ids_of_sources
from storage.tables import documents, sources, tombstones

QUALITY = 1  # of brotli: 0.7 ms for 100 kB of prose, of which two fifths are left; 3 leaves 7 % less in a third more
PORTION = 20  # documents that are in memory at a time, when all are looked through
SHORTEST = 12  # bytes of a word that means an article, and nothing else, wherever it stands

# In which sources write; what is ASCII is the same in most.
_ENCODINGS = (
    "utf-8", "utf-16-le", "utf-16-be", "gb18030", "big5", "shift_jis", "euc_jp", "euc_kr", "cp1251", "koi8_r", "cp1252",
)  # fmt: skip
_ABOUT = tuple(name for name in Body.__struct_fields__ if name not in {"content", "stamp"})


class Before(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was known of its source before a document was read, and decided what became of its entries."""

    allowance: int  # how many old articles could come as new, before the flood guard held them
    since: datetime | None = None  # when the source was seen last
    dating: Dating = Dating()


class Packed(Struct, frozen=True, kw_only=True):
    """A document as it is kept."""

    about: str  # JSON of what is known of it beside its content
    content: bytes  # compressed
    fetched_at: datetime


class Kept(Struct, frozen=True, kw_only=True):
    """A document that was kept."""

    id: int
    source: str
    body: Body
    before: Before
    fetched_at: datetime


class Naming(NamedTuple):
    """Documents, by their rows, in which one of some words stands, as far as a row: later ones were not looked at."""

    rows: tuple[int, ...] = ()
    last: int = 0


NOBODY = Naming()


def pack(source: Source, body: Body, before: Before, *, fetched_at: datetime) -> Packed | None:
    """The document as it is kept, without the secrets of its source; None where none of its size is."""
    rule = source.documents
    if rule.keep == 0 or len(body.content) > rule.max_size:
        return None
    import brotli  # only where something is new

    about = {name: _redacted(source, getattr(body, name)) for name in _ABOUT} | {"before": before}
    return Packed(
        about=msgspec.json.encode(about).decode(),
        content=brotli.compress(_without_secrets(source, body.content), quality=QUALITY),
        fetched_at=fetched_at,
    )


def _redacted(source: Source, value: Any) -> Any:
    return source.redact(value) if isinstance(value, str) else value


def _without_secrets(source: Source, content: bytes) -> bytes:
    for secret in source.secrets:
        for encoding in ("utf-8", "utf-16-le", "utf-16-be"):
            content = content.replace(secret.encode(encoding, "surrogatepass"), "***".encode(encoding))
    return content


def keep(db: Connection, packed: Iterable[tuple[Source, Packed]]) -> dict[str, int]:
    """Keep these documents, one of each source, and no more of a source than are to be kept; their rows, by source.
    Left out are those of sources of which an article was withdrawn since they were read."""
    by_name = {source.name: (source, one) for source, one in packed}
    if not by_name:
        return {}
    oldest = min(one.fetched_at for _source, one in by_name.values())
    ids = ids_of_sources(db, by_name)
    withdrawn = {row.source_id: row.deleted_at for row in db.execute(_WITHDRAWN, {"since": oldest})}
    kept = {
        ids[name]: one
        for name, (_source, one) in by_name.items()
        if ids[name] not in withdrawn or withdrawn[ids[name]] < one.fetched_at
    }
    rows = [
        {"source_id": source_id, **{name: getattr(one, name) for name in _WRITTEN}} for source_id, one in kept.items()
    ]
    written = {row.source_id: row.id for row in db.execute(_KEEP, rows)} if rows else {}
    db.execute(_DROP, [{"name": name, "keep": source.documents.keep} for name, (source, _one) in by_name.items()])
    return {name: written[ids[name]] for name in by_name if ids[name] in written}


def drop(db: Connection, row: int) -> None:
    """Keep this document no longer."""
    db.execute(delete(documents).where(documents.c.id == row))


def is_any_kept(db: Connection, name: str) -> bool:
    """Whether a document of this source is kept."""
    return bool(db.scalar(_IS_ANY_KEPT, {"name": name}))


def numbers(db: Connection) -> dict[str, int]:
    """How many documents are kept, by source."""
    joined = select(sources.c.name, func.count()).join(documents, documents.c.source_id == sources.c.id)
    return {name: number for name, number in db.execute(joined.group_by(sources.c.name))}  # noqa: C416


def trim(db: Connection, keep: Mapping[str, int]) -> None:
    """Of these sources keep no more than the latest so many documents."""
    for name, number in keep.items():
        db.execute(_DROP, {"name": name, "keep": number})


def rows(db: Connection, names: Iterable[str]) -> list[tuple[int, str]]:
    """The kept documents of these sources, each by its row and its source's name, in the order they were stored."""
    columns = (documents.c.id, sources.c.name)
    found = (
        (row.id, row.name)
        for some in batches(names)
        for row in db.execute(
            select(*columns).join(sources, sources.c.id == documents.c.source_id).where(sources.c.name.in_(some))
        )
    )
    return sorted(found)


def read(db: Connection, row: int) -> Kept | None:
    """A document by its row; None where it is kept no more."""
    columns = (sources.c.name, documents.c.about, documents.c.content, documents.c.fetched_at)
    found = db.execute(
        select(*columns).join(sources, sources.c.id == documents.c.source_id).where(documents.c.id == row)
    ).one_or_none()
    if found is None:
        return None
    about = msgspec.json.decode(found.about)
    body = Body(content=_unpacked(found.content), **{name: value for name, value in about.items() if name in _ABOUT})
    before = msgspec.convert(about["before"], Before)
    return Kept(id=row, source=found.name, body=body, before=before, fetched_at=found.fetched_at)


def naming(db: Connection, words: Iterable[str], *, after: int = 0) -> Naming:
    """The documents behind the row `after` in which one of these words stands, of those long enough to mean an article:
    an address, however it begins, an id or a title."""
    needles = {needle for word in words for needle in _spellings(word)}
    found, last = [], after
    for row, content in _contents(db, after) if needles else ():
        last = row
        if any(needle in content for needle in needles):
            found.append(row)
    return Naming(tuple(found), last)


def forget(db: Connection, source_ids: Iterable[int], rows: Iterable[int]) -> None:
    """Keep no document of these sources any more, and none of these rows."""
    for column, ids in ((documents.c.source_id, source_ids), (documents.c.id, rows)):
        for some in batches(ids):
            db.execute(delete(documents).where(column.in_(some)))


def _spellings(word: str) -> Iterator[bytes]:
    """A word as documents may write it."""
    bare = word.partition("://")[2] or word
    if len(bare.encode("utf-8", "surrogatepass")) < SHORTEST:
        return
    for form in {bare, escape(bare), escape(bare, quote=False)}:
        for encoding in _ENCODINGS:
            try:
                yield form.encode(encoding)
            except UnicodeEncodeError:  # no document in this encoding can hold it
                continue


def _contents(db: Connection, last: int) -> Iterator[tuple[int, bytes]]:
    query = select(documents.c.id, documents.c.content).order_by(documents.c.id).limit(PORTION)
    while found := db.execute(query.where(documents.c.id > last)).all():
        yield from ((row.id, _unpacked(row.content)) for row in found)
        last = found[-1].id


def _unpacked(content: bytes) -> bytes:
    import brotli

    plain: bytes = brotli.decompress(content)
    return plain


# Run for every source with news. Made once: to put them together takes as long as to run them.
_WRITTEN = ("fetched_at", "about", "content")
_WITHDRAWN = (
    select(tombstones.c.source_id, tombstones.c.deleted_at)
    .where(
        tombstones.c.reason == literal_column("'withdrawn'"),  # as the index has it
        tombstones.c.deleted_at >= bindparam("since"),
    )
    .order_by(tombstones.c.deleted_at)
)
_KEEP = insert(documents).returning(documents.c.source_id, documents.c.id)
_IS_ANY_KEPT = select(exists().where(documents.c.source_id == NAMED_SOURCE))
_FIRST_BEYOND = (
    select(documents.c.id)
    .where(documents.c.source_id == NAMED_SOURCE)
    .order_by(documents.c.id.desc())
    .offset(bindparam("keep"))
    .limit(1)
    .correlate(None)
)
_DROP = delete(documents).where(
    documents.c.source_id == NAMED_SOURCE, documents.c.id <= _FIRST_BEYOND.scalar_subquery()
)
