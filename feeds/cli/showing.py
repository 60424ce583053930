"""How results look: JSON, one object a line, and tables."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import click
import msgspec

from feeds.records import Article, Publication, Source

T = TypeVar("T")


def count(number: int, word: str, words: str = "") -> str:
    """`1 article`, `2 articles`; `words` where an s behind it does not make several."""
    return f"{number} {word if number == 1 else words or f'{word}s'}"


def written(publications: Iterable[Publication], output: Path) -> str:
    """How many files were written anew, and where."""
    return f"{count(sum(each.changed for each in publications), 'published file')} written, below {output}"


def show_json(values: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object a line on standard output."""
    for value in values:
        click.echo(msgspec.json.encode(value).decode())


def show_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table on standard output. Numbers stand to the right; what a source wrote is never taken for markup."""
    rows = [tuple(row) for row in rows]
    cells = [columns, *([_cell(value) for value in row] for row in rows)]
    are_numbers = [bool(rows) and all(isinstance(value, int | float) for value in column) for column in _turned(rows)]
    are_numbers = are_numbers or [False] * len(columns)
    # Where standard output is no terminal, no line is folded: it may go through grep.
    if sys.stdout.isatty():
        _show_on_terminal(cells, are_numbers)
        return
    # Thousands of rows are usual here, and rich would take longer to lay them out than it took to fetch the sources.
    padded = map(_padded, _turned(cells), are_numbers)
    click.echo("\n".join("  ".join(row).rstrip() for row in _turned(padded)))


def _show_on_terminal(cells: Sequence[Sequence[str]], are_numbers: Sequence[bool]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False, header_style="" if console.no_color else "bold")
    titles, *rows = cells
    for title, is_number in zip(titles, are_numbers, strict=True):
        table.add_column(title, justify="right" if is_number else "left", overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    with console.capture() as captured:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in captured.get().rstrip().splitlines()))


def _padded(column: Sequence[str], is_number: bool) -> list[str]:
    """A column's cells, all as wide as the widest: a Chinese character takes two places, a combining mark none."""
    from rich.cells import cell_len

    widths = [len(cell) if cell.isascii() else cell_len(cell) for cell in column]
    widest = max(widths)
    spaces = [" " * (widest - width) for width in widths]
    pairs = zip(spaces, column, strict=True) if is_number else zip(column, spaces, strict=True)
    return [before + after for before, after in pairs]


def _turned(rows: Iterable[Sequence[T]]) -> Iterator[tuple[T, ...]]:
    """Rows to columns, columns to rows."""
    return zip(*rows, strict=True)


def redacted(value: Any, sources: Iterable[Source]) -> Any:
    """A text, or all texts in what is to be shown as JSON, without the secrets of any source."""
    match value:
        case str():
            for source in sources:
                value = source.redact(value)
            return value
        case dict():
            return {key: redacted(item, sources) for key, item in value.items()}
        case list() | tuple():
            return [redacted(item, sources) for item in value]
    return value


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
        "categories": sorted(article.categories),  # the store keeps no order, and a preview is to look the same
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
    } | _notes(article)


def _notes(article: Article) -> dict[str, Any]:
    """What most articles have not."""
    held = {"held": moment(article.held_at)} if article.held_at else {}
    return held | ({"date_note": article.date_note} if article.date_note else {})


def moment(value: datetime | None) -> str | None:
    """RFC 3339 in UTC with a Z, to the second."""
    return value.isoformat(timespec="seconds").replace("+00:00", "Z") if value else None


def short(value: datetime | None) -> str:
    """A moment for a table, in the reader's own time zone."""
    return value.astimezone().strftime("%Y-%m-%d %H:%M") if value else "-"


def tell(words: str) -> None:
    """A line on standard error, whatever was sent to be quoted in it."""
    click.echo(f"feedmill: {printable(words)}", err=True)


def printable(text: str) -> str:
    """`text` on one line, without what would move the cursor."""
    return text if text.isprintable() else "".join(character for character in text if character.isprintable())


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    return printable(str(value))
