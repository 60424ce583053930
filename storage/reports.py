"""Reports on the sources that need a person, as they were published: the newest fifty-two are kept."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct
from sqlalchemy import Connection, delete, func, insert, select

from storage.tables import reports

KEPT = 52  # a year of them


class Report(Struct, frozen=True, kw_only=True):
    """What was told, and when."""

    written_at: datetime
    title: str
    content_html: str


def add(db: Connection, report: Report) -> None:
    """Store a report; of those stored before, as many stay as are kept."""
    db.execute(insert(reports), [{field: getattr(report, field) for field in Report.__struct_fields__}])
    kept = select(reports.c.id).order_by(reports.c.id.desc()).limit(KEPT).subquery()
    db.execute(delete(reports).where(reports.c.id < select(func.min(kept.c.id)).scalar_subquery()))


def newest(db: Connection) -> tuple[Report, ...]:
    """All that are kept, the latest first."""
    columns = [reports.c[field] for field in Report.__struct_fields__]
    return tuple(Report(**row._asdict()) for row in db.execute(select(*columns).order_by(reports.c.id.desc())))
