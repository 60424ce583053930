"""The text of elements, as feedparser would hand it out."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin
from xml.sax.saxutils import escape

from feeds.parsing.meanings import html_of_xhtml
from feeds.parsing.strict.names import XHTML, XML, UnsureError

# What windows-1252 has where Unicode has control characters: many a feed says &#146; for an apostrophe.
CP1252 = {code: character for code in range(0x80, 0xA0) if (character := bytes([code]).decode("cp1252", "ignore"))}
MAX_ATTRIBUTES = 100  # of one element
_NUMBERED = re.compile(b"&#")  # with which a regular expression is faster than `in`
_C1 = re.compile("[\x80-\x9f]")
# An address that is not changed by joining it to a base, nor by feedparser's mending of it.
_ABSOLUTE = re.compile(
    r"https?://[a-z0-9][A-Za-z0-9.-]*(?::[0-9]+)?(?:/[A-Za-z0-9/_.~%+,@:!$&'()*=-]*)?"
    r"(?:\?[A-Za-z0-9/_.~%+,@:!$&'()*=?-]+)?(?:#[A-Za-z0-9/_.~%+,@:!$&'()*=?-]+)?"
)
_SLASHES = re.compile("^([A-Za-z][A-Za-z0-9+-.]*://)(/*)(.*?)")
_REFERENCE = re.compile("&([A-Za-z0-9_]+);")
_ATTRIBUTES = {f"{XML}lang": "xml:lang", f"{XML}base": "xml:base", f"{XML}space": "xml:space"}


def attributes(element: Any) -> dict[str, str]:
    """What an element says of itself."""
    if len(element.keys()) > MAX_ATTRIBUTES:
        raise UnsureError("very many attributes")
    return dict(element.items())  # which looks each one up among all of them


def leaf(element: Any) -> str:
    """The text of an element that has no other in it."""
    if len(element):
        raise UnsureError(f"elements in {element.tag}")
    return element.text or ""


def may_need_mending(content: bytes) -> bool:
    """Whether UTF-8 may hold a text that `mended` would change: such a text has a character of U+0080 to U+00BF."""
    # Where all is ASCII, each text is told by itself.
    return content.isascii() or b"\xc2" in content or _NUMBERED.search(content) is not None


def clean(text: str) -> str:
    """Text without blanks around it, and with what windows-1252 left in it read as such."""
    text = text.strip()
    return text if text.isascii() else mended(text)


def mended(text: str) -> str:
    if _is_twice_encoded(text):
        raise UnsureError("a text that is UTF-8 twice over")
    return text.translate(CP1252) if _C1.search(text) else text


def _is_twice_encoded(text: str) -> bool:
    try:
        text.encode("iso-8859-1").decode("utf-8")
    except UnicodeError:
        return False
    return True


def joined(base: str, address: str) -> str:
    """An address made absolute; nothing where that is not possible."""
    if _ABSOLUTE.fullmatch(address):
        return address
    try:
        return urljoin(base, _SLASHES.sub(r"\1\3", address))
    except ValueError:
        return ""


def resolved(base: str, text: str | None) -> str:
    """The address that an element's text is."""
    text = (text or "").strip()
    if not text:
        return ""
    address = joined(base, text)
    return address if address.isascii() else mended(address)


def without_references(address: str) -> str:
    """An address whose query is `?a=1&b;=2`, as `?a=1&b=2`."""
    return _REFERENCE.sub(r"&\g<1>", address) if "&" in address and ";" in address else address


def xhtml(element: Any) -> str:
    """The markup in an element whose content is XHTML, without the <div> that wraps it."""
    pieces: list[str] = []
    if (
        len(element) == 1
        and element[0].tag == f"{XHTML}div"
        and not ((element.text or "").strip() or (element[0].tail or "").strip())
    ):
        _written_attributes(element[0])
        element = element[0]
    _write(element, pieces)
    return html_of_xhtml(clean("".join(pieces)))


def _write(element: Any, pieces: list[str]) -> None:
    """What stands in an element. libxml2 keeps this recursion to 256 levels."""
    if element.text:
        pieces.append(escape(element.text))
    for child in element:
        name = _name(child.tag)
        pieces.append(f"<{name}{_written_attributes(child)}>")
        _write(child, pieces)
        pieces.append(f"</{name}>")
        if child.tail:
            pieces.append(escape(child.tail))


def _name(tag: str) -> str:
    name = tag[len(XHTML) :]
    if not tag.startswith(XHTML) or not name.isascii() or name != name.lower() or name in ("body", "svg", "math"):
        raise UnsureError(f"{tag} in XHTML")
    return name


def _written_attributes(element: Any) -> str:
    said: dict[str, str] = {}
    for name, value in attributes(element).items():
        name = _ATTRIBUTES.get(name, name).lower()
        if name[0] == "{" or not name.isascii() or name.endswith("base"):
            raise UnsureError(f"{name} in XHTML")
        said[name] = value.lower() if name in ("rel", "type") else value
    return "".join(f' {name}="{escape(value, {chr(34): "&quot;"})}"' for name, value in said.items())
