"""Broken XML made well-formed, where it is plain what was meant.

feedparser's strict parser then reads what only its loose one could, which is slower and loses structure.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from html.entities import html5
from xml.parsers import expat

from msgspec import Struct

from feeds.parsing.sniffing import BLANK, root_start

NAMESPACES = {
    "admin": "http://webns.net/mvcb/",
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "creativeCommons": "http://backend.userland.com/creativeCommonsRssModule",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "geo": "http://www.w3.org/2003/01/geo/wgs84_pos#",
    "georss": "http://www.georss.org/georss",
    "itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "podcast": "https://podcastindex.org/namespace/1.0",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
    "thr": "http://purl.org/syndication/thread/1.0",
    "trackback": "http://madskills.com/public/xml/rss/module/trackback/",
    "wfw": "http://wellformedweb.org/CommentAPI/",
    "xhtml": "http://www.w3.org/1999/xhtml",
}
MAX_UNDECLARED = 100  # prefixes that are declared anew; with more, it is no feed

_DECLARATION = re.compile(r"\A<\?xml\s[^>]*\?>")
_DOCTYPE = re.compile(r"<!DOCTYPE[^>\[]*(\[.*?\]\s*)?>", re.DOTALL | re.IGNORECASE)
_ENTITY = re.compile(r"""<!ENTITY\s+([\w.-]+)(?:\s+(?:"([^"<%]{0,60})"|'([^'<%]{0,60})')\s*>)?""")
# XML 1.0, section 2.2: the characters that may not stand in a document at all.
FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_OPAQUE = re.compile(r"<!\[CDATA\[|<!--")
_AMPERSAND = re.compile(r"&(?:(#\d{1,8};|#[xX][0-9a-fA-F]{1,7};)|([A-Za-z][\w.-]{0,40});)?")
_REFERENCE = re.compile(r"&#?\w+;")
_PREFIX = re.compile(r"</?([A-Za-z_][\w.-]*):[A-Za-z_]|\s([A-Za-z_][\w.-]*):[A-Za-z_][\w.-]*\s*=\s*[\"']")
_END_OF_ENTRY = re.compile(r"</(?:[\w.-]+:)?(?:item|entry)\s*>", re.IGNORECASE)
_START_OF_ENTRY = re.compile(r"<(?:[\w.-]+:)?(?:item|entry)(?=[\s>])", re.IGNORECASE)
_DECLARED = re.compile(r"\sxmlns:([\w.-]+)\s*=")
_XML_ENTITIES = {"amp", "lt", "gt", "quot", "apos"}


class Mended(Struct, frozen=True):
    text: str
    is_well_formed: bool
    problems: tuple[str, ...] = ()


def mend(text: str) -> Mended:
    """`text` without XML declaration and document type, well-formed where that can be had; and what was lost, in words.

    Costs one pass of expat where nothing is wrong. What is beyond mending comes back for a parser that guesses.
    """
    text = _DECLARATION.sub("", text.lstrip(BLANK), count=1)
    if _is_well_formed(text):
        return Mended(text, True)
    text, entities = _without_prolog(FORBIDDEN.sub("", text))
    text = "".join(_with_known_entities(part, entities) if is_markup else part for is_markup, part in _parts(text))
    text, problem = _ended(_with_declared_prefixes(text))
    return Mended(text, _is_well_formed(text), (problem,) if problem else ())


class _DoctypeError(Exception):
    """A document type counts as a fault, for the entities that it may bring."""


def _is_well_formed(text: str) -> bool:
    parser = expat.ParserCreate(namespace_separator="\x01")  # which stands in no document
    parser.StartDoctypeDeclHandler = _refuse
    try:
        parser.Parse(text.encode("utf-8", "surrogatepass"), True)
    except (expat.ExpatError, _DoctypeError):
        return False
    return True


def _refuse(*_doctype: object) -> None:
    raise _DoctypeError


def _without_prolog(text: str) -> tuple[str, dict[str, str]]:
    """The document from its root on, and the short, plain entities its document type declared; others are empty.

    What stands before a root: PHP warnings, blank lines, a stray byte, a style sheet.
    """
    start = root_start(text)
    doctype = _DOCTYPE.search(text, 0, start)
    declared = _ENTITY.findall(doctype[1] or "") if doctype else []
    return text[start:], {name: _plain(first or second) for name, first, second in declared}


def _plain(value: str) -> str:
    """An entity's value; nothing where it refers to other entities, as those do that would blow up."""
    meant = html.unescape(value)
    return "" if _REFERENCE.search(meant) else meant


def _parts(text: str) -> Iterator[tuple[bool, str]]:
    """The text in order, as (is it markup?, part): CDATA sections and comments are none. Their text is not ours."""
    position = 0
    while opening := _OPAQUE.search(text, position):
        closing = "]]>" if opening[0] == "<![CDATA[" else "-->"
        end = text.find(closing, opening.end())
        yield True, text[position : opening.start()]
        if end < 0:  # never closed: what follows is all inside
            yield False, text[opening.start() :]
            return
        position = end + len(closing)
        yield False, text[opening.start() : position]
    yield True, text[position:]


def _with_known_entities(text: str, declared: dict[str, str]) -> str:
    def replace(match: re.Match[str]) -> str:
        number, name = match.groups()
        if number:
            return match[0] if _is_allowed(number) else ""
        if not name:
            return "&amp;"
        if name in _XML_ENTITIES:
            return match[0]
        meant = declared.get(name) or html5.get(f"{name};")
        return f"&amp;{name};" if meant is None and name not in declared else html.escape(meant or "")

    return _AMPERSAND.sub(replace, text)


def _is_allowed(number: str) -> bool:
    """Whether a character reference such as `#x1F;` names a character that XML allows."""
    code = int(number[2:-1], 16) if number[1] in "xX" else int(number[1:-1])
    return code < 0x110000 and not FORBIDDEN.match(chr(code))


def _with_declared_prefixes(text: str) -> str:
    """Namespace prefixes in use but not declared on the root, declared there."""
    end_of_root = text.find(">")
    root = text[:end_of_root]
    name = re.match(r"<[^\s/>]+", root)
    if not name or end_of_root < 0:
        return text
    markup = "".join(part for is_markup, part in _parts(text) if is_markup)
    used = {first or second for first, second in _PREFIX.findall(markup)}
    undeclared = sorted(used - {"xml", "xmlns", *_DECLARED.findall(root)})[:MAX_UNDECLARED]
    declarations = "".join(f' xmlns:{p}="{NAMESPACES.get(p, f"urn:undeclared:{p}")}"' for p in undeclared)
    return text[: name.end()] + declarations + text[name.end() :]


def _ended(text: str) -> tuple[str, str]:
    """The document up to its root's end; one that breaks off, up to its last whole entry, and a word about that."""
    name = re.match(r"<([^\s/>]+)", text)
    if not name:
        return text, ""
    # What is quoted in CDATA does not count.
    markup = "".join(part if is_markup else " " * len(part) for is_markup, part in _parts(text))
    end = re.compile(rf"</{re.escape(name[1])}\s*>", re.IGNORECASE)
    if ends := [match.end() for match in end.finditer(markup)]:
        return text[: ends[-1]], ""
    entry_ends = [match.end() for match in _END_OF_ENTRY.finditer(markup)]
    whole = entry_ends[-1] if entry_ends else _before_entries(markup)
    # Around the items of RSS; CDF's is the root.
    is_channel_open = re.search(r".<channel(?=[\s>])", markup[:whole], re.DOTALL) and "</channel" not in markup[:whole]
    problem = f"cut off: no </{name[1]}> at its end; whole entries before the cut: {len(entry_ends)}"
    return f"{text[:whole]}{'</channel>' if is_channel_open else ''}</{name[1]}>", problem


def _before_entries(markup: str) -> int:
    first = _START_OF_ENTRY.search(markup)
    return first.start() if first else markup.rfind("<")
