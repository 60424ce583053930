"""How results look: JSON, one object a line, and tables."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from feeds.records import Article

WIDE = 100_000


def show_json(values: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object a line on standard output."""
    for value in values:
        click.echo(msgspec.json.encode(value).decode())


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on standard output. Numbers stand to the right; what a source wrote is never taken for markup."""
    # Where standard output is no terminal, no line is folded: it may go through grep.
    console = Console(width=None if sys.stdout.isatty() else WIDE, highlight=False)
    rows = [tuple(row) for row in rows]
    table = Table(box=None, pad_edge=False, header_style="" if console.no_color else "bold")
    for number, column in enumerate(columns):
        is_number = bool(rows) and all(isinstance(row[number], int | float) for row in rows)
        table.add_column(column, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    with console.capture() as captured:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().rstrip().splitlines()))


def article_json(article: Article) -> dict[str, Any]:
    """An article as `--json` shows it."""
    return {
        "source": article.source,
        "guid": article.guid,
        "url": article.url,
        "title": article.title,
        "summary_html": article.summary_html,
        "content_html": article.content_html,
        "authors": [person.name or person.email or person.url for person in article.authors],
        "tags": [tag.term for tag in article.tags],
        "categories": article.categories,
        "published": moment(article.published),
        "updated": moment(article.updated),
        "date_from": article.date_from,
        "language": article.language,
        "enclosures": [
            {"url": enclosure.url, "media_type": enclosure.media_type, "length": enclosure.length}
            for enclosure in article.enclosures
        ],
        "image": article.image,
        "rights": article.rights,
        "fingerprint": article.fingerprint,
    }


def moment(value: datetime | None) -> str | None:
    """RFC 3339 in UTC with a Z, to the second."""
    return value.isoformat(timespec="seconds").replace("+00:00", "Z") if value else None


def short(value: datetime | None) -> str:
    """A moment for a table, in the reader's own time zone."""
    return value.astimezone().strftime("%Y-%m-%d %H:%M") if value else "-"


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    return "".join(character for character in str(value) if character.isprintable())
