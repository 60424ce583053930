"""What no published document may hold, taken out of a feed before it is written."""

from __future__ import annotations

import re
from dataclasses import fields, is_dataclass, replace
from functools import cache
from operator import attrgetter
from typing import Any

from feeds.records import Feed

# XML 1.0, section 2.2: not even escaped. In JSON they would be allowed, and no reader wants them there either.
_CONTROLS = bytes({*range(0x20)} - {*b"\t\n\r"})
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]+")


def clean(feed: Feed) -> Feed:
    """The feed without control characters and lone surrogates; itself where it has none.

    Normalizing takes them out of every article; this is for what came into the store past it.
    """
    cleaned: Feed = _clean(feed)
    return cleaned


def fit(text: str) -> str:
    """The same for a single text."""
    return text if text.isprintable() or _is_fit(text) else _FORBIDDEN.sub("", text)


def _clean(value: Any) -> Any:
    """The same object where nothing had to go: that is nearly always, and costs no copy."""
    if isinstance(value, str):
        return fit(value)
    if isinstance(value, tuple):
        cleaned = tuple(map(_clean, value))
        return value if all(map(_is, cleaned, value)) else cleaned
    if is_dataclass(value) and not isinstance(value, type):
        names = _names(type(value))
        values = attrgetter(*names)(value)
        moved = {name: new for name, old in zip(names, values, strict=True) if (new := _clean(old)) is not old}
        return replace(value, **moved) if moved else value
    return value


def _is_fit(text: str) -> bool:
    """Whether nothing has to go, which is found much quicker than by the pattern."""
    try:
        raw = text.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return len(raw.translate(None, _CONTROLS)) == len(raw) and b"\xef\xbf\xbe" not in raw and b"\xef\xbf\xbf" not in raw


def _is(one: object, other: object) -> bool:
    return one is other


@cache
def _names(record: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(record))
