"""What the strings of a feed mean, whichever reader found them: persons, numbers, addresses."""

from __future__ import annotations

import re

from feeds.records import Person, replace

_MAIL = r"(?:mailto:)?(?P<email>[^\s@()<>]+@[^\s@()<>]+)"
_PERSONS = (
    re.compile(rf"{_MAIL}(?:\s*\((?P<name>.*)\))?", re.DOTALL),  # lawyer@boyer.net (Lawyer Boyer), as RSS 2.0 wants it
    re.compile(rf"(?P<name>[^<>]*)<{_MAIL}>"),
    re.compile(rf"(?P<name>[^()]*)\({_MAIL}\)"),
)
_LOOKS_LIKE_ADDRESS = re.compile(r"(?:https?:)?/", re.IGNORECASE)
_XHTML_VOID_ENDS = re.compile(r"</(?:area|br|col|embed|hr|img|input|source|track|wbr)>")


def person(*, name: str, email: str, url: str) -> Person:
    """RSS has one text for name and address, which comes in every order."""
    said = Person(name=name, email=email, url=url)
    if "@" not in name:
        return said
    match = next((match for form in _PERSONS if (match := form.fullmatch(name))), None)
    return replace(said, name=(match["name"] or "").strip(), email=email or match["email"]) if match else said


def number(text: str) -> int | None:
    """A whole number as feeds write them; None for anything else, such as `12 MB` or ten thousand digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def looks_like_address(guid: str) -> bool:
    return _LOOKS_LIKE_ADDRESS.match(guid) is not None


def html_of_xhtml(markup: str) -> str:
    """XHTML as it may be read from here on, where </br> would be a second <br>."""
    return _XHTML_VOID_ENDS.sub("", markup)
