"""Plain text: titles, names and labels as a person reads them, and the words of an article."""

from __future__ import annotations

import re
from functools import lru_cache
from html import unescape

from feeds.records import Text

# XML 1.0, section 2.2: no document of ours may hold these, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
_CONTROLS = bytes({*range(0x20)} - {*b"\t\n\r"})
# Beside those: C1 controls, and what turns the order of the text around it (UAX #9): U+202E makes `gpj.exe` of
# `exe.jpg`. The marks U+200E, U+200F and the joiners stay, Hebrew, Persian and emoji need them.
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff]+")

_BLOCKS = (
    "address article aside blockquote br caption center dd details dialog dir div dl dt fieldset figcaption figure "
    "footer form h1 h2 h3 h4 h5 h6 header hgroup hr legend li main menu nav ol optgroup option p pre section summary "
    "table tbody td tfoot th thead tr ul video audio img iframe picture"
)
_INLINE = (
    "a abbr acronym applet area b base basefont bdi bdo big body blink button canvas cite code col colgroup data "
    "datalist del dfn em embed font frame frameset head html i input ins kbd label link map mark marquee math meta "
    "meter nobr noframes noscript object output param progress q rb rp rt rtc ruby s samp script select slot small "
    "source span strike strong style sub sup svg template textarea time title track tt u var wbr"
)
# Only a real element's name makes a tag: `List<String>` and `x <y` are words of a title. No tag holds another `<`,
# so that a title of a million `<b "` costs one look each.
_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(?P<raw>script|style)(?=[\s/>])[^<]*+(?:<(?!/?(?P=raw)\b)[^<]*+)*+</(?P=raw)\s*>"
    rf"|</?(?:(?P<block>{'|'.join(_BLOCKS.split())})|(?:{'|'.join(_INLINE.split())}))"
    r"""(?=[\s/>])(?:[^<>"']|"[^"<]*"|'[^'<]*')*+>""",
    re.IGNORECASE | re.DOTALL,
)
_CLEAN_TAG = re.compile(r"</?([a-z0-9]+)(?: [^<>]*)?>")
_BREAKING = dict.fromkeys(_BLOCKS.split(), "\n")
# An address that would run, were a label taken for one. `JavaScript: the good parts` and `JavaScript:从入门到精通` are
# words, and so is the Italian for date, `Data:`.
_SCRIPT = re.compile(
    r"(?<![a-z0-9+.-])(?:(?:java|vb|live)script:(?=[!-~]|[^\s(=`%]{1,60}[(=`%])|data:(?=[a-z]+/[a-z0-9.+-]+[;,]))",
    re.IGNORECASE,
)


def plain_text(text: Text) -> str:
    """One line as a reader sees it. Plain, not safe: whoever puts it into markup escapes it."""
    value = text.value
    if text.is_html and "<" in value:
        value = _TAG.sub(lambda tag: " " if tag["block"] else "", value)
    if text.is_html and "&" in value:
        value = unescape(value)  # once: `&amp;lt;` is how a title writes the word `&lt;`
    value = " ".join(_UNSEEN.sub("", xml_safe(value)).split())
    return _SCRIPT.sub("", value) if ":" in value else value


@lru_cache(maxsize=8)  # whoever makes an article asks several times
def text_of(html: str) -> str:
    """The visible text of HTML that `sanitize` made: a line for each block, entities decoded."""
    pieces = _CLEAN_TAG.split(html.replace("\n", " "))  # text, name of a tag, text, and so on
    pieces[1::2] = [_BREAKING.get(name, "") for name in pieces[1::2]]
    lines = unescape("".join(pieces)).split("\n")
    return "\n".join(" ".join(line.split()) for line in lines if line and not line.isspace())


def xml_safe(value: str) -> str:
    """`value` without the characters that XML 1.0 forbids, lone surrogates among them."""
    return value if value.isprintable() or _is_xml_safe(value) else _NOT_XML.sub("", value)


def _is_xml_safe(value: str) -> bool:
    """The same as the pattern says, found in a third of the time."""
    try:
        raw = value.encode()
    except UnicodeEncodeError:  # a lone surrogate
        return False
    return len(raw.translate(None, _CONTROLS)) == len(raw) and not (b"\xef\xbf\xbe" in raw or b"\xef\xbf\xbf" in raw)
