"""JSON Feed 1.0 and 1.1 (https://jsonfeed.org/version/1.1)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any

import msgspec

from feeds.errors import ParseError
from feeds.parsing.dates import date_in_address, parse_date
from feeds.parsing.sniffing import BLANK
from feeds.records import Document, Enclosure, Entry, Extension, Link, Person, RawOrigin, Tag, Text

_ITEMS = re.compile(r'"items"\s*:\s*\[\s*')
_COMMA = re.compile(r"\s*,\s*")


def parse(text: str, *, url: str, base_url: str, zone: tzinfo, now: datetime) -> Document:
    """The document in `text`. A member of the wrong type counts as missing, an item that is no object is left out.

    Raises ParseError where the text is no JSON, or JSON without a list of items.
    """
    try:
        raw, cut = _decoded(text.lstrip(BLANK))
    except (ValueError, RecursionError) as error:
        raise ParseError(f"JSON that cannot be read ({error}); it may be cut off") from error
    if not isinstance(raw, dict) or not isinstance(raw.get("items"), list):
        raise ParseError("JSON without a list of items; is this the feed's address?")
    items = [item for item in raw["items"] if isinstance(item, dict)]
    left_out = len(raw["items"]) - len(items)
    about = RawOrigin(
        guid=_text(raw, "feed_url"),
        title=Text(value=_text(raw, "title"), is_html=False),
        site_url=_text(raw, "home_page_url"),
        feed_url=_text(raw, "feed_url"),
        icon=_text(raw, "icon") or _text(raw, "favicon"),
        language=_text(raw, "language"),
        authors=_people(raw),
    )
    return Document(
        format="json11" if "1.1" in _text(raw, "version") else "json10",
        url=url,
        base_url=base_url or about.site_url,
        about=about,
        language=about.language,
        hub=next((_text(hub, "url") for hub in _objects(raw, "hubs") if _text(hub, "url")), ""),
        entries=tuple(_entry(item, zone=zone, now=now) for item in items),
        is_cut=bool(cut),
        problems=tuple(filter(None, (cut, f"{left_out} items that are no objects were left out" if left_out else ""))),
    )


def _decoded(text: str) -> tuple[Any, str]:
    """What the text says, and in words what of it is lost."""
    try:
        return msgspec.json.decode(text), ""
    except msgspec.DecodeError:
        cut = ""
    try:
        # Only json lets through control characters, and half an emoji, left by a title that was cut.
        raw = json.loads(text, strict=False)
    except ValueError:
        whole, count = _whole_items(text)
        if not count:
            raise
        raw, cut = json.loads(whole, strict=False), f"cut off or broken; whole items before that: {count}"
    return json.loads(json.dumps(raw, ensure_ascii=False).encode(errors="replace")), cut


def _whole_items(text: str) -> tuple[str, int]:
    """The text ended behind its last whole item, and how many there are."""
    count, end = 0, 0
    decoder = json.JSONDecoder(strict=False)
    next_item = _ITEMS.search(text)
    while next_item:
        try:
            end = decoder.raw_decode(text, next_item.end())[1]
        except ValueError:
            break
        count += 1
        next_item = _COMMA.match(text, end)
    return f"{text[:end]}]}}", count


def _entry(item: Mapping[str, Any], *, zone: tzinfo, now: datetime) -> Entry:
    url = _text(item, "url")
    html, plain = _text(item, "content_html"), _text(item, "content_text")
    external = _text(item, "external_url")
    return Entry(
        guid=_text(item, "id").strip(),
        url=url or external,
        title=Text(value=_text(item, "title"), is_html=False),
        summary=Text(value=_text(item, "summary"), is_html=False),
        content=Text(value=html) if html else Text(value=plain, is_html=False),
        authors=_people(item),
        tags=tuple(Tag(term=tag.strip()) for tag in _list(item, "tags") if isinstance(tag, str) and tag.strip()),
        published=parse_date(_text(item, "date_published"), zone=zone, now=now),
        updated=parse_date(_text(item, "date_modified"), zone=zone, now=now),
        url_date=date_in_address(url, zone=zone),
        language=_text(item, "language"),
        links=(Link(href=external, rel="related"),) if url and external and external != url else (),
        enclosures=tuple(
            Enclosure(
                url=_text(attachment, "url"),
                media_type=_text(attachment, "mime_type"),
                length=_number(attachment.get("size_in_bytes")),
            )
            for attachment in _objects(item, "attachments")
        ),
        extensions=_extensions(item),
        image=_text(item, "image") or _text(item, "banner_image"),
    )


def _extensions(item: Mapping[str, Any]) -> tuple[Extension, ...]:
    """How long its sound or film takes, in a podcast's words: of several attachments, the first that says it."""
    given = (_number(attachment.get("duration_in_seconds")) for attachment in _objects(item, "attachments"))
    seconds = next(filter(None, given), None)
    return (Extension(namespace="itunes", name="duration", text=str(seconds)),) if seconds else ()


def _people(raw: Mapping[str, Any]) -> tuple[Person, ...]:
    """Authors of version 1.1, else the one author of version 1.0."""
    authors = _objects(raw, "authors") or [author for author in [raw.get("author")] if isinstance(author, dict)]
    people = [Person(name=_text(author, "name"), url=_text(author, "url")) for author in authors]
    return tuple(person for person in people if person != Person())


def _text(raw: Mapping[str, Any], key: str) -> str:
    """A member that should be a string; ids are numbers in the wild."""
    value = raw.get(key)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""


def _list(raw: Mapping[str, Any], key: str) -> list[Any]:
    value = raw.get(key)
    return value if isinstance(value, list) else []


def _objects(raw: Mapping[str, Any], key: str) -> list[dict[str, Any]]:
    return [value for value in _list(raw, key) if isinstance(value, dict)]


def _number(value: Any) -> int | None:
    is_count = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**18
    return int(value) if is_count else None
