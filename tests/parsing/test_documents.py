"""Each document of tests/documents beside the record expected from it. A bug becomes a file there first."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec import Struct, structs

from builders import MONDAY, source
from feeds.errors import ParseError
from feeds.parsing import parse
from feeds.records import Body, Document, Text

FOLDER = Path(__file__).parent.parent / "documents"
DOCUMENTS = sorted(path for path in FOLDER.iterdir() if not path.name.endswith(".expected.json"))

# Said of every entry by its document, or by its bytes: tested in test_parse.py.
UNTOLD = {"raw_digest", "document_url", "path", "fills_file", "decoded"}


def described(path: Path) -> Any:
    """What `parse` makes of a file, as JSON: only what differs from the records' defaults, or the error's words."""
    is_article = path.suffix == ".md"
    reader = source(kind="folder" if is_article else "http", timezone=ZoneInfo("Asia/Shanghai"))
    body = Body(
        content=path.read_bytes(),
        url="" if is_article else "https://gazette.example/feeds/news",
        path=path.name if is_article else "",
    )
    try:
        document = parse(body, reader, now=MONDAY)
    except ParseError as error:
        return {"error": str(error)}
    return {**told(document), "entries": [told_entry(entry, document) for entry in document.entries]}


def told_entry(entry: Any, document: Document) -> Any:
    """An entry with its origin only where that is another than the document itself."""
    record = told(entry)
    if entry.origin and entry.origin.guid == document.about.guid and entry.origin.site_url == document.about.site_url:
        del record["origin"]
    return record


def told(value: Any) -> Any:
    match value:
        case Text(is_html=True, base_url="", language=""):
            return value.value
        case datetime():
            return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
        case timedelta():
            return f"{value.total_seconds() / 60:g} min"
        case tuple():
            return [told(item) for item in value]
        case Struct():
            return {
                field.name: told(getattr(value, field.name))
                for field in structs.fields(value)
                if field.name not in UNTOLD and not is_default(getattr(value, field.name), field.default)
            }
    return value


def is_default(value: Any, default: Any) -> bool:
    return value == default or (isinstance(value, Text) and not value)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_a_document_gives_the_record_expected_from_it(path: Path) -> None:
    expected = json.loads(path.with_suffix(".expected.json").read_text(encoding="utf-8"))
    assert described(path) == expected
