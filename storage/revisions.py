"""What articles said before they were revised, the latest few of each."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import BindParameter, Connection, bindparam, delete, func, insert, select

from storage.batches import batches
from storage.tables import articles, revisions, sources

MOST = 5  # of one article

_SAID = ("title", "url", "summary_html", "content_html")


class Said(Struct, frozen=True, kw_only=True):
    """What an article said, and until when; None: it says so now."""

    number: int
    until: datetime | None
    title: str
    url: str
    summary_html: str
    content_html: str


class Versions(Struct, frozen=True, kw_only=True):
    """An article with all that is kept of what it said, the latest first: that is what it says now."""

    source: str
    guid: str
    atom_id: str
    said: tuple[Said, ...]


class Making(NamedTuple):
    """When an article was stored, or revised last, and of which kept document it was made; None: of none."""

    changed_at: datetime
    document_id: int | None


def keep(db: Connection, article_ids: Sequence[int], *, now: datetime) -> None:
    """Keep what these articles say, as they are about to say something else; of each the latest `MOST`."""
    for some in batches(article_ids):
        db.execute(_KEEP, {"articles": some, "now": now})
        db.execute(_DROP, {"articles": some})


def versions(db: Connection, rows: Sequence[int]) -> tuple[Versions, ...]:
    """These articles, by their rows, with what is kept of each."""
    of_source = select(sources.c.name, *(articles.c[name] for name in ("id", "guid", "atom_id", *_SAID))).join(
        sources, sources.c.id == articles.c.source_id
    )
    found = (row for some in batches(rows) for row in db.execute(of_source.where(articles.c.id.in_(some))))
    return tuple(
        Versions(source=row.name, guid=row.guid, atom_id=row.atom_id, said=_said(db, row))
        for row in sorted(found, key=lambda row: int(row.id))
    )


def _said(db: Connection, row: Any) -> tuple[Said, ...]:
    before = [
        Said(**each._asdict())
        for each in db.execute(
            select(revisions.c.number, revisions.c.until, *(revisions.c[name] for name in _SAID))
            .where(revisions.c.article_id == row.id)
            .order_by(revisions.c.number.desc())
        )
    ]
    number = before[0].number + 1 if before else 1
    now = Said(number=number, until=None, **{name: row._mapping[name] for name in _SAID})
    return (now, *before)


def makings(db: Connection, source: str) -> dict[str, Making]:
    """How each article of a source came to be as it is, by its guid."""
    rows = db.execute(
        select(articles.c.guid, articles.c.first_seen_at, articles.c.revised_at, articles.c.document_id)
        .join(sources, sources.c.id == articles.c.source_id)
        .where(sources.c.name == source)
    )
    return {row.guid: Making(row.revised_at or row.first_seen_at, row.document_id) for row in rows}


_LATER = revisions.alias()
_NUMBER = (
    select(func.coalesce(func.max(_LATER.c.number), 0)).where(_LATER.c.article_id == articles.c.id).scalar_subquery()
    + 1
)
_AMONG: BindParameter[Any] = bindparam("articles", expanding=True)
_KEEP = insert(revisions).from_select(
    ["article_id", "number", "until", *_SAID],
    select(
        articles.c.id,
        _NUMBER,
        bindparam("now", type_=revisions.c.until.type),
        *(articles.c[name] for name in _SAID),
    ).where(articles.c.id.in_(_AMONG)),
)
_DROP = delete(revisions).where(
    revisions.c.article_id.in_(_AMONG),
    revisions.c.number
    <= select(func.max(_LATER.c.number)).where(_LATER.c.article_id == revisions.c.article_id).scalar_subquery() - MOST,
)
