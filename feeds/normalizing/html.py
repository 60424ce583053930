"""Their markup made safe to publish: every element, attribute and address is on a list, or it goes.

nh3 (html5ever) reads the markup as a browser does and writes it back in one regular form: attributes in double
quotes, `<`, `>`, `&` and `"` escaped. On that form, and only on that, tags are rewritten by regular expressions:
addresses are judged, lazy images get their real address, iframes become links.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from html import escape, unescape
from typing import Final
from urllib.parse import unquote

import nh3

from feeds.normalizing.policy import (
    ATTRIBUTES,
    DROPPED,
    FORMATTING,
    KEPT,
    LAZY,
    LAZY_ALL,
    LAZY_SETS,
    PLAIN,
    SPARE,
    UNWRAPPED,
    VEIL,
)
from feeds.normalizing.taming import is_heavy, tamed
from feeds.normalizing.text import xml_safe
from feeds.normalizing.urls import LINK_SCHEMES, absolute, link
from feeds.records import Text

# Elements on no list of ours are renamed before parsing. Some change how the parser reads what stands around them (raw
# text, other namespaces, scopes), which is where sanitizers have been fooled; others have a name of SVG's or MathML's,
# and nh3 would drop them outside of those with all their words. Under a name nobody knows each is an unknown element:
# its tags go, its content is markup. Of iframe, noscript and svg we still see that they were there.
_NAME = re.compile(r"</?([a-z][^\s/><]*)", re.IGNORECASE | re.ASCII)
_NAMED = re.compile(r"<svg[^<>]*/>|<(/?)([a-z][^\s/><]*)", re.IGNORECASE | re.ASCII)
_KNOWN = frozenset(name for name in PLAIN | DROPPED | UNWRAPPED if not name.startswith(VEIL))
# link_rel: rel="noopener noreferrer" on every link is bloat in a feed, no reader opens a link as a popup of ours.
_CLEANER: Final = nh3.Cleaner(
    tags=set(KEPT | {f"{VEIL}{name}" for name in FORMATTING}),
    clean_content_tags=set(DROPPED),
    attributes=ATTRIBUTES | {f"{VEIL}a": ATTRIBUTES["a"]},
    set_tag_attribute_values={"audio": {"controls": ""}, "video": {"controls": ""}},  # nothing starts by itself
    url_schemes={"http", "https", "data", *LINK_SCHEMES},
    link_rel=None,
)

# Only tags with attributes have anything to judge; but what loads something and does not say what has to go.
_TAG = re.compile(r'<([a-z][a-z0-9-]*)((?: [^\s=<>"]+="[^"<>]*")+|(?<=<img)|(?<=<source)|(?<=<track))>')
_ATTRIBUTE = re.compile(r' ([^\s=<>"]+)="([^"<>]*)"')
_PRE = re.compile(r"(<pre(?: [^<>]*)?>)\n")
_IMAGE = re.compile(r"<img [^<>]*>")
_NOSCRIPT = re.compile(rf"(<img [^<>]*>(?:</picture>)?(?:</a>)?\s*)?<{VEIL}noscript>(.*?)</{VEIL}noscript>", re.DOTALL)
_FALLBACK = f"<{VEIL}noscript>"
_OURS = re.compile(rf"</?{VEIL}(?:iframe|noscript)>")
# A player with neither source nor picture, and none inside it; the words for old browsers that it holds stay.
_PLAYER = re.compile(
    r'<(audio|video)(?![^<>]* (?:src|poster)=")[^<>]*>([^<]*+(?:<(?!source|/?(?:audio|video))[^<]*+)*+)</\1>'
)
# A <picture> shows nothing without an <img>, whatever its sources say.
_UNSHOWN = re.compile(r'(<source (?:[^<>]* )?srcset="([^"\s,]++(?:,++[^"\s,]++)*+)[^<>]*+>\s*+)</picture>')
# After these the parser's tree, written out, may not be read back as the same tree: what a table may not hold is moved
# before it, a frame's link has a paragraph where none is allowed. Cleaned once more, it is.
_UNSETTLED = re.compile(rf"<table|<{VEIL}(?:iframe|noscript)", re.IGNORECASE)
_VEILED = re.compile(rf"<(/?){VEIL}({'|'.join(sorted(FORMATTING))})(?=[ >])")
_ALIGN = re.compile(r"(?:^|;)\s*text-align\s*:\s*(left|right|center|justify|start|end)\s*(?:;|$)", re.IGNORECASE)
_INLINE_IMAGE = re.compile(r"data:image/(?:png|gif|jpe?g|webp);base64,[A-Za-z0-9+/=]+", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"/(?:blank|spacer|placeholder|transparent|1x1|lazy-?load|loading)\.(?:gif|png|svg|jpe?g|webp)(?:\?|$)",
    re.IGNORECASE,
)
_CANDIDATE = re.compile(r"[\s,]*+([^\s,]\S*)")
_DESCRIPTORS = re.compile(r"[^,(]*(?:\([^)]*(?:\)|\Z)[^,(]*)*")
_DESCRIPTOR = re.compile(r"(?:\s*[0-9]+(?:\.[0-9]+)?[wxh])*\s*")


def sanitize(text: Text, *, base_url: str) -> str:
    """A safe HTML fragment, its addresses absolute against the text's own base, else `base_url`."""
    value = xml_safe(text.value)
    if not text.is_html:
        return _paragraphs(value)
    markup = _renamed(value)
    html = _clean(markup)
    if markup is not value:
        html = html.replace(f"&lt;{VEIL}", "&lt;").replace(f"&lt;/{VEIL}", "&lt;/")  # no tag: alt="List<String>"
    html = _TAG.sub(partial(_rewritten, base=text.base_url or base_url), html)
    html = _without_idle_players(html)
    if _UNSETTLED.search(markup):
        html = _clean(_OURS.sub("", _without_fallbacks(html) if _FALLBACK in html else html))
    html = _UNSHOWN.sub(r'\1<img src="\2"></picture>', html)
    if VEIL in html:
        html = _VEILED.sub(r"<\1\2", html)
    return html.strip()


def first_image(html: str) -> str:
    """The address of the first image of HTML that `sanitize` made, or ""; an image written inline has none."""
    for tag in _IMAGE.finditer(html):
        address = unescape(dict(_ATTRIBUTE.findall(tag[0])).get("src", ""))
        if not address.startswith("data:"):
            return address
    return ""


def _paragraphs(value: str) -> str:
    blocks = re.split(r"\n[^\S\n]*\n\s*", value.replace("\r\n", "\n").replace("\r", "\n").strip())
    lines = ("<br>".join(escape(line.strip(), quote=False) for line in block.split("\n")) for block in blocks)
    return "".join(f"<p>{line}</p>" for line in lines if line)


def _renamed(markup: str) -> str:
    """The same markup with the names of elements that are not on our lists veiled; itself where all are."""
    names = set(_NAME.findall(markup))
    if names <= _KNOWN or all(name.lower() in _KNOWN for name in names):
        return markup

    def veiled(tag: re.Match[str]) -> str:
        if tag[2] is None:
            return ""  # <svg/>: an unknown element cannot close itself, it would take the rest of the article along
        return tag[0] if tag[2].lower() in _KNOWN else f"<{tag[1]}{VEIL}{tag[2]}"

    return _NAMED.sub(veiled, markup)


def _clean(markup: str) -> str:
    html = _CLEANER.clean(tamed(markup) if is_heavy(markup) else markup)
    if "&#" in markup:
        html = xml_safe(html).replace("\r", "\n")  # `&#1;` has become a control character only now
    # The parser swallows the first newline of a <pre>; without a second one the next reading would lose another.
    return _PRE.sub(r"\1\n\n", html) if "<pre" in html else html


def _rewritten(tag: re.Match[str], *, base: str) -> str:
    """A tag of nh3's with its addresses judged and made absolute, or what stands in its place."""
    name, attributes = tag[1], dict(_ATTRIBUTE.findall(tag[2]))
    if name in _LOADING:
        _show_the_real_one(name, attributes, base)
    for attribute, judge in _JUDGES.items():
        if attribute in attributes:
            attributes[attribute] = escape(judge(unescape(attributes[attribute]), base))
            if not attributes[attribute]:
                del attributes[attribute]
    return _REPLACED.get(name, _tag)(name, attributes)


def _tag(name: str, attributes: dict[str, str]) -> str:
    pairs = "".join(f' {key}="{value}"' for key, value in attributes.items())
    return f"<{name}{pairs}>"


def _image_tag(name: str, attributes: dict[str, str]) -> str:
    """The image; nothing, where it has no address or only counts its readers."""
    counts = attributes.get("width") in _NO_SIZE and attributes.get("height") in _NO_SIZE
    return "" if counts or "src" not in attributes else _tag(name, attributes)


def _source_tag(name: str, attributes: dict[str, str]) -> str:
    return _tag(name, attributes) if attributes.keys() & {"src", "srcset"} else ""


def _frame_link(_name: str, attributes: dict[str, str]) -> str:
    """A video's or map's frame as a link: a feed must not open pages inside a reader, but should not lose them."""
    address = attributes.get("src", "")
    return f'<p><a href="{address}">{attributes.get("title", "").strip() or address}</a></p>' if address else ""


def _show_the_real_one(name: str, attributes: dict[str, str], base: str) -> None:
    """Judges `src` and `srcset`; the addresses a lazy image waits for are put where they are seen without a script."""
    waiting = [] if LAZY_ALL.isdisjoint(attributes) else LAZY_ALL & attributes.keys()
    lazy = {key: unescape(attributes.pop(key)) for key in waiting}
    show = _shown if name == "img" else absolute
    shown = show(unescape(attributes.pop("src", "")), base)
    found = {"src": shown}
    if lazy:
        real = _first_address(lazy, LAZY, base) or ("" if shown else _first_address(lazy, SPARE, base))
        found = {
            "src": shown if _is_behind_proxy(real, shown) else real or shown,
            "poster": _first_address(lazy, ("data-poster",), base),
        }
    if lazy or "srcset" in attributes:
        sets = [lazy[key] for key in LAZY_SETS if key in lazy] + [unescape(attributes.pop("srcset", ""))]
        found["srcset"] = next(filter(None, (_srcset(value, base) for value in sets)), "")
    if name == "img" and not found["src"]:
        found["src"] = found.get("srcset", "").partition(" ")[0].rstrip(",")  # for readers that know no srcset
    for key, value in found.items():
        if value and key in ATTRIBUTES[name]:
            attributes[key] = escape(value)


def _shown(address: str, base: str) -> str:
    """What `src` shows by itself: an address, or an image written inline; "" for a placeholder."""
    if address[:5].lower() == "data:":
        is_image = _INLINE <= len(address) <= _INLINE_MOST and _INLINE_IMAGE.fullmatch(address)
        return address if is_image else ""
    address = absolute(address, base)
    return "" if _PLACEHOLDER.search(address) else address


def _first_address(lazy: dict[str, str], names: tuple[str, ...], base: str) -> str:
    values = (lazy[name] for name in names if name in lazy)
    # `data-src="true"` and `data-lazy="1"` are switches, not addresses.
    return next(filter(None, (absolute(value, base) for value in values if "." in value or "/" in value)), "")


def _is_behind_proxy(real: str, shown: str) -> bool:
    """Whether `shown` is `real` itself, fetched through a proxy: proxy.example/?http://img.example/a.jpg."""
    return bool(real) and unquote(shown).endswith(unquote(real.partition("://")[2]))


def _srcset(value: str, base: str) -> str:
    """The safe candidates of a srcset, absolute (HTML Standard, "parse a srcset attribute")."""
    return ", ".join(" ".join(filter(None, pair)) for pair in _candidates(value, base))


def _candidates(value: str, base: str) -> Iterator[tuple[str, str]]:
    at = 0
    while found := _CANDIDATE.match(value, at):
        address, at, descriptors = found[1], found.end(), ""
        if not address.endswith(","):  # a comma inside an address belongs to it, only at its end it ends the candidate
            rest = _DESCRIPTORS.match(value, at)
            descriptors, at = (rest[0].strip(), rest.end()) if rest else ("", at)
        address = absolute(address.rstrip(","), base)
        if address and _DESCRIPTOR.fullmatch(descriptors):
            yield address.rstrip(","), descriptors


def _style(value: str, _base: str) -> str:
    """Centred captions are worth keeping; every other style fights with the page that shows the article."""
    found = _ALIGN.search(value)
    return f"text-align:{found[1].lower()}" if found else ""


def _without_idle_players(html: str) -> str:
    while (fewer := _PLAYER.sub(r"\2", html)) != html:  # one may hold another; past 600 tags, 100 deep at most
        html = fewer
    return html


def _without_fallbacks(html: str) -> str:
    """The images a noscript repeats for readers without scripts are left out where the lazy one is there by now."""
    outside = set(_IMAGE.findall(_NOSCRIPT.sub(r"\1", html)))
    sources = {dict(_ATTRIBUTE.findall(tag)).get("src") for tag in outside}

    def unwrap(found: re.Match[str]) -> str:
        before, fallback = found[1] or "", found[2]
        repeated = (dict(_ATTRIBUTE.findall(tag)).get("src") in sources for tag in _IMAGE.findall(fallback))
        return before + (_IMAGE.sub("", fallback) if before or all(repeated) else fallback)

    return _NOSCRIPT.sub(unwrap, html)


_NO_SIZE = frozenset({"0", "1", "0px", "1px"})
_LOADING = frozenset({"img", "source", "audio", "video", "track", f"{VEIL}iframe"})  # all that have a src
_INLINE, _INLINE_MOST = 256, 65_536  # shorter is a transparent pixel, longer belongs in a file
_JUDGES: dict[str, Callable[[str, str], str]] = {
    "href": link,
    "poster": absolute,
    "cite": absolute,
    "style": _style,
}
_REPLACED: dict[str, Callable[[str, dict[str, str]], str]] = {
    "img": _image_tag,
    "source": _source_tag,
    "track": _source_tag,
    f"{VEIL}iframe": _frame_link,
}
