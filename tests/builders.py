"""Whole records for tests, which then state only what matters."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from feeds.records import Article, Entry, Source, Text, replace

MONDAY = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)
TUESDAY = datetime(2026, 11, 3, 8, 0, tzinfo=UTC)
WEDNESDAY = datetime(2026, 11, 4, 8, 0, tzinfo=UTC)


def source(**changes: Any) -> Source:
    return replace(Source(name="gazette", kind="http", url="https://gazette.example/feed.xml"), **changes)


def entry(**changes: Any) -> Entry:
    """Strings stand for Text where a Text is wanted."""
    for name in ("title", "summary", "content", "rights"):
        if isinstance(changes.get(name), str):
            changes[name] = Text(value=changes[name])
    one = Entry(
        guid="https://gazette.example/1",
        url="https://gazette.example/1",
        title=Text(value="One"),
        content=Text(value="<p>First.</p>"),
        published=MONDAY,
        raw_digest="1",
    )
    return replace(one, **changes)


def article(**changes: Any) -> Article:
    """An article whose fingerprint and raw digest follow its title, so that a new title is a revision."""
    title = changes.get("title", "One")
    guid = changes.get("guid", "https://gazette.example/1")
    one = Article(
        source="gazette",
        guid=guid,
        url="https://gazette.example/1",
        title=title,
        content_html="<p>First.</p>",
        published=MONDAY,
        updated=MONDAY,
        date_from="published",
        fingerprint=f"print of {title}",
        raw_digest=f"digest of {title}",
        atom_id=guid,
        minted_id=f"tag:gazette.example,2026:{changes.get('source', 'gazette')}/{guid}",
    )
    return replace(one, **changes)


def config(folder: Path, text: str, name: str = "config.yaml") -> Path:
    """A config file in `folder`."""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
