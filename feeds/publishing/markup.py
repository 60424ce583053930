"""Their markup and words, fitted into a page of ours.

Articles are sanitized when they are normalized; here their markup is cleaned once more, by what a page of ours can
hold: one main heading, our own landmarks, no styles, images that load late and tell nobody where. So even what came
into a store past the sanitizer is harmless on a page.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from html import escape, unescape
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from feeds.publishing.cleaning import IN_PAGES

if TYPE_CHECKING:
    import nh3

_TAGS = frozenset(
    "a abbr audio b bdi bdo blockquote br caption cite code col colgroup data dd del details dfn div dl dt em "
    "figcaption figure h1 h2 h3 h4 h5 h6 hr i img ins kbd li mark ol p picture pre q rp rt ruby s samp small source "
    "span strong sub summary sup table tbody td tfoot th thead time tr track u ul var video wbr".split()
)
_GONE = frozenset("script style title textarea select template datalist iframe object svg math".split())
# Landmarks are the page's own; other names are from before HTML5.
_RENAMED = {
    **dict.fromkeys("address article aside center footer header hgroup main nav section".split(), "div"),
    "acronym": "abbr",
    "big": "span",
    "menu": "ul",
    "strike": "s",
    "tt": "code",
}
_OTHER_NAME = re.compile(rf"<(/?)({'|'.join(_RENAMED)})(?=[\s/>])", re.IGNORECASE)
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"lang", "dir", "title"},
    "a": {"href", "hreflang"},
    "img": {"src", "srcset", "sizes", "alt", "width", "height"},
    "source": {"src", "srcset", "sizes", "media", "type"},
    "audio": {"src", "loop", "muted"},
    "video": {"src", "poster", "loop", "muted", "width", "height"},
    "track": {"src", "kind", "srclang", "label", "default"},
    "blockquote": {"cite"},
    "q": {"cite"},
    "del": {"cite", "datetime"},
    "ins": {"cite", "datetime"},
    "time": {"datetime"},
    "data": {"value"},
    "details": {"open"},
    "ol": {"start", "reversed", "type"},
    "li": {"value"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope", "abbr"},
    "col": {"span"},
    "colgroup": {"span"},
}
_PLAYER = {"controls": "", "preload": "none"}
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8})*", re.IGNORECASE)
_INLINE_IMAGE = re.compile(r"data:image/(?:png|gif|jpe?g|webp);base64,", re.IGNORECASE)
_WEB = re.compile(r"https?://[^\s/?#\\]\S*", re.IGNORECASE)
# Nearly all are like that, and need not be taken apart.
_PLAIN_WEB = re.compile(r"https?://[a-z0-9.-]+(?:[/?#]\S*)?")
_VALUES = {
    "lang": _LANGUAGE,
    "dir": re.compile("ltr|rtl|auto", re.IGNORECASE),
    "width": re.compile("[0-9]{1,5}"),
    "height": re.compile("[0-9]{1,5}"),
}


def _value(tag: str, name: str, value: str) -> str | None:
    """An attribute's value as a page may show it; None takes the attribute away."""
    if (pattern := _VALUES.get(name)) is not None and not pattern.fullmatch(value):
        return None
    is_data = value.lstrip().lower().startswith("data:")
    return None if is_data and not (tag == "img" and name == "src" and _INLINE_IMAGE.match(value)) else value


@cache
def _cleaner() -> nh3.Cleaner:
    import nh3  # when there is a page to make: it takes its time

    return nh3.Cleaner(
        tags=set(_TAGS),
        clean_content_tags=set(_GONE),
        attributes=_ATTRIBUTES,
        attribute_filter=_value,
        url_schemes={"http", "https", "mailto", "tel", "sms", "xmpp", "geo", "magnet", "ftp", "ftps", "data"},
        link_rel=None,  # the page says for all its links that they carry no referrer
        set_tag_attribute_values={
            "img": {"loading": "lazy", "decoding": "async", "referrerpolicy": "no-referrer"},
            "audio": _PLAYER,
            "video": _PLAYER,
        },
    )


# nh3 writes one regular form, in which neither a text nor a value holds `<` or `>`.
_TO_FIT = re.compile(r"<(/?)(a|h[1-6]|img|pre|table)(?=[ >])([^<>]*)>")
_EMPTY_LINK = re.compile(r"<a(?: [^<>]*)?>\s*</a>")
_NO_TEXT = re.compile(r' alt="\s*"')


def fitted(html: str, *, below: int, picture: str) -> str:
    """Sanitized HTML, as it may stand in a page under a heading of level `below`.

    `picture` names an image that is all a link has, and has no text of its own.
    """
    cleaned = _cleaner().clean(_OTHER_NAME.sub(_renamed, IN_PAGES.out_of(html)))
    fitting = _Fitting(below, escape(picture))
    return _TO_FIT.sub(fitting.tag, _EMPTY_LINK.sub("", cleaned))


def _renamed(found: re.Match[str]) -> str:
    return f"<{found[1]}{_RENAMED[found[2].lower()]}"


class _Fitting:
    """Goes through the tags of one text from its first to its last."""

    def __init__(self, below: int, picture: str) -> None:
        self._below = below
        self._picture = picture
        self._headings: list[int] = []  # of the source's levels: those that hold the place where we are
        self._tables = self._links = 0

    def tag(self, found: re.Match[str]) -> str:
        is_end, name, rest = bool(found[1]), found[2], found[3]
        match name:
            case "table":
                return self._table(found[0], is_end)
            case "a":
                self._links += -1 if is_end else 1
                return found[0]
            case "img":
                return self._image(rest)
            case "pre":  # it may be wider than the page: who has only a keyboard must be able to move it
                return found[0] if is_end else f'<pre tabindex="0"{rest}>'
        return f"</h{self._level}>" if is_end else f"<h{self._begun(int(name[1]))}{rest}>"

    @property
    def _level(self) -> int:
        return min(self._below + len(self._headings), 6)

    def _begun(self, level: int) -> int:
        """The level on our page: none is left out, whatever the source's own begin with."""
        while self._headings and self._headings[-1] >= level:
            self._headings.pop()
        self._headings.append(level)
        return self._level

    def _table(self, tag: str, is_end: bool) -> str:
        self._tables += -1 if is_end else 1
        if self._tables > (0 if is_end else 1):
            return tag
        return f"{tag}</div>" if is_end else f'<div class="table" role="group" tabindex="0">{tag}'

    def _image(self, rest: str) -> str:
        rest = _NO_TEXT.sub("", rest)
        if ' alt="' not in rest:
            rest += f' alt="{self._picture if self._links else ""}"'
        return f"<img{rest}>"


_PIECE = re.compile(r"<(/?)([a-z][a-z0-9]*)[^<>]*>|([^<]+)|<", re.IGNORECASE)
_INLINE = frozenset(
    "a abbr b bdi bdo cite code data del dfn em i ins kbd mark q s samp small span strong sub sup u wbr".split()
)
# What reads badly without its form, or is not for reading.
_NO_PROSE = frozenset("h1 h2 h3 h4 h5 h6 pre table figcaption rp rt audio video script style title".split())
_LONGEST_PIECE = 5_000


def excerpt(html: str, columns: int) -> str:
    """The first words of sanitized HTML as plain text, about `columns` wide, where a CJK character is two.

    Of running text, where there is any.
    """
    for skipped in (_NO_PROSE, frozenset({"script", "style"})):
        if words := " ".join("".join(_beginning(html, 3 * columns, skipped)).split()):
            return short(words, columns)
    return ""


def _beginning(html: str, characters: int, skipped: frozenset[str]) -> Iterator[str]:
    """Looks no further into a long text than it must."""
    seen, inside = 0, ""
    for piece in _PIECE.finditer(html):
        end, name, text = piece[1], (piece[2] or "").lower(), piece[3]
        if inside:
            inside = "" if end and name == inside else inside
        elif name in skipped:
            inside = "" if end else name
        elif text:
            text = unescape(text[:_LONGEST_PIECE])
            seen += len(text.strip())
            yield text
        if name and name not in _INLINE:
            yield " "
        if seen > characters:
            return


def short(text: str, columns: int) -> str:
    """The text, or as much of its beginning as fits into `columns`, and an ellipsis."""
    if 2 * len(text) <= columns or (len(text) <= columns and text.isascii()):
        return text
    if text[: columns + 1].isascii():  # a column each
        return f"{_at_a_word(text, columns)}…"
    width = 0
    for index, character in enumerate(text):
        width += 2 if unicodedata.east_asian_width(character) in "WF" else 1
        if width > columns:
            return f"{_at_a_word(text, index)}…"
    return text


def _at_a_word(text: str, end: int) -> str:
    # Never between a letter and its marks, nor inside an emoji that is made of many.
    while end > 1 and (
        unicodedata.combining(text[end]) or "\u200d" in text[end - 1 : end + 1] or text[end] == "\ufe0f"
    ):
        end -= 1
    cut = text[:end]
    space = cut.rfind(" ", max(0, end - 25))
    return (cut[:space] if space > 0 else cut).rstrip(" ,;:.、，；。")


def web_address(url: str) -> str:
    """The address where it is one of the web, else "": a page links to nothing else."""
    if _PLAIN_WEB.fullmatch(url):
        return url
    try:
        return url if _WEB.fullmatch(url) and urlsplit(url).hostname else ""
    except ValueError:  # http://[
        return ""


_RIGHT_TO_LEFT = frozenset("ar arc ckb dv fa he iw nqo ps sd syr ug ur yi ji".split())
_RIGHT_TO_LEFT_SCRIPTS = frozenset("adlm arab hebr mand nkoo rohg samr syrc thaa".split())


def tag(language: str) -> str:
    """A language as `lang` may hold it; "", which is unknown, where it is no tag."""
    return language if _LANGUAGE.fullmatch(language) and language.lower() != "und" else ""


def direction(language: str) -> str:
    """`rtl` or `ltr`; `auto`, as each text shows, where the language is unknown."""
    first, *rest = tag(language).lower().split("-")
    script = next((part for part in rest if len(part) == 4 and part.isalpha()), "")
    if script:
        return "rtl" if script in _RIGHT_TO_LEFT_SCRIPTS else "ltr"
    return "rtl" if first in _RIGHT_TO_LEFT else "ltr" if first else "auto"
