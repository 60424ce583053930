"""What no published document may hold, taken out of what came into the store past normalizing."""

from __future__ import annotations

import re
from operator import attrgetter
from typing import Any

from msgspec import Struct, structs

from feeds.records import Feed


class Forbidden:
    """Characters that no document of a kind may hold, beside lone surrogates, which UTF-8 cannot; `pattern` finds them
    in UTF-8."""

    def __init__(self, pattern: bytes) -> None:
        self._pattern = re.compile(pattern)

    def out_of(self, text: str) -> str:
        """The text without them; itself where it has none, as nearly always."""
        if text.isprintable():
            return text
        try:
            raw = text.encode()
        except UnicodeEncodeError:
            raw = text.encode(errors="ignore")
        else:
            # Only what is left of a text is looked at character by character.
            if not self._pattern.search(raw.translate(None, _PLAIN)):
                return text
        return self._pattern.sub(b"", raw).decode()


_PLAIN = bytes({*range(0x20, 0x7F), *b"\t\n\r"})
# XML 1.0, section 2.2: not even escaped. In JSON they would be allowed, and no reader wants them there either.
IN_FEEDS = Forbidden(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]")
# HTML's standard, section 13.1.
IN_PAGES = Forbidden(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xef(?:\xb7[\x90-\xaf]|\xbf[\xbe\xbf])")


# The first of them as JSON writes it: escaped, behind an even number of backslashes, or as it is.
_IN_JSON = re.compile(
    rb"(?<!\\)(?:\\\\)*\\(?:u(?:00[01][0-9a-f]|d[89a-f][0-9a-f]{2}|fff[ef])|[bf])|\xef\xbf[\xbe\xbf]", re.IGNORECASE
)
_MARKS = (rb"\u", rb"\b", rb"\f", b"\xef\xbf")  # found much quicker, and seldom there


def forbidden_in_json(document: bytes) -> bytes | None:
    """How a JSON document of ours writes the first character that no feed may hold; None where it has none."""
    found = _IN_JSON.search(document) if any(mark in document for mark in _MARKS) else None
    return found[0] if found else None


def clean(feed: Feed) -> Feed:
    """The feed without what no feed may hold; itself where it has none of it.

    Normalizing takes it out of every article; this is for what came into the store past it.
    """
    cleaned: Feed = _clean(feed)
    return cleaned


def _clean(value: Any) -> Any:
    """The same object where nothing had to go: that is nearly always, and costs no copy."""
    if isinstance(value, str):
        return IN_FEEDS.out_of(value)
    if isinstance(value, tuple):
        cleaned = tuple(map(_clean, value))
        return value if all(map(_is, cleaned, value)) else cleaned
    if isinstance(value, Struct):
        names = value.__struct_fields__
        values = attrgetter(*names)(value)
        moved = {name: new for name, old in zip(names, values, strict=True) if (new := _clean(old)) is not old}
        return structs.replace(value, **moved) if moved else value
    return value


def _is(one: object, other: object) -> bool:
    return one is other
