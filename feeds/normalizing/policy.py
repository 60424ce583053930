"""What of their markup is published: elements, attributes, and where lazy images keep their addresses."""

from __future__ import annotations

from typing import Final


def words(names: str) -> frozenset[str]:
    return frozenset(names.split())


PLAIN = words(
    "a abbr acronym address article aside audio b bdi bdo big blockquote br caption center cite code col colgroup data "
    "dd del details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup hr i img ins kbd li main "
    "mark menu nav ol p picture pre q rb rp rt rtc ruby s samp section small source span strike strong sub summary sup "
    "table tbody td tfoot th thead time tr track tt u ul var video wbr"
)
VOID = words("br col hr img source track wbr")
# Before parsing, elements are renamed with this, which no author writes: see `html._renamed`.
VEIL = "x--"
# Gone with all they hold: it runs, it styles, or it is no part of what an author wrote.
DROPPED = words("script style title textarea select template datalist") | {
    f"{VEIL}{name}" for name in ("svg", "annotation", "annotation-xml")
}
# Their tags go and their content stays, as with unknown elements, but the parser knows them: as void, as ending a
# paragraph, as the page itself, as another element's old name.
UNWRAPPED = words(
    "area base basefont bgsound body canvas dialog dir embed fieldset font form frame head html image input keygen "
    "label legend link map meta meter optgroup option output param progress search slot"
)
# The elements html5ever opens again in every later block when nobody closes them ("reconstruct the active formatting
# elements"): 1,200 <b> and 1,700 <p> in 17 KB became 14 MB.
FORMATTING = words("a b big code em i s small strike strong tt u")

# Where lazy images keep their real address. The first kind is believed even against `src`.
LAZY = (
    "data-original",
    "data-src",
    "data-lazy-src",
    "data-actualsrc",
    "data-original-src",
    "data-lazy",
    "data-echo",
    "data-hi-res-src",
    "data-croporisrc",
    "data-backsrc",
    "data-ks-lazyload",
    "file",
)
SPARE = (
    "data-url",
    "data-orig",
    "data-orig-file",
    "data-large-file",
    "data-medium-file",
    "data-image",
    "data-img",
    "data-thumb",
)
LAZY_SETS = ("data-srcset", "data-lazy-srcset", "data-original-set")
LAZY_ALL = frozenset([*LAZY, *SPARE, *LAZY_SETS, "data-poster"])

CELL = {"colspan", "rowspan", "headers", "scope", "abbr", "align", "valign", "width", "height"}
# No class and no id: they would meet the styles and anchors of whoever shows the article, and `#fn1` keeps pointing at
# the original page. No `loading` and `decoding`: that is for the page that shows it. `style` for text-align alone.
ATTRIBUTES: dict[str, set[str]] = {
    "*": {"lang", "dir", "title", "style"},
    "a": {"href", "hreflang"},
    "img": {"src", "srcset", "sizes", "alt", "width", "height", "referrerpolicy", "align", *LAZY_ALL},
    "source": {"src", "srcset", "sizes", "media", "type", "width", "height", *LAZY_ALL},
    "audio": {"src", "controls", "preload", "loop", "muted", *LAZY_ALL},
    "video": {"src", "poster", "controls", "preload", "loop", "muted", "width", "height", *LAZY_ALL},
    "track": {"src", "kind", "srclang", "label", "default"},
    f"{VEIL}iframe": {"src", *LAZY_ALL},
    "blockquote": {"cite"},
    "q": {"cite"},
    "del": {"cite", "datetime"},
    "ins": {"cite", "datetime"},
    "time": {"datetime"},
    "data": {"value"},
    "details": {"open"},
    "ol": {"start", "reversed", "type"},
    "ul": {"type"},
    "li": {"value"},
    "table": {"align", "border", "width", "summary"},
    "td": CELL,
    "th": CELL,
    "tr": {"align", "valign"},
    "thead": {"align", "valign"},
    "tbody": {"align", "valign"},
    "tfoot": {"align", "valign"},
    "col": {"span", "align", "width"},
    "colgroup": {"span", "align", "width"},
    "caption": {"align"},
    "hr": {"align", "size", "width"},
    "p": {"align"},
    "div": {"align"},
    **{f"h{level}": {"align"} for level in range(1, 7)},
}
KEPT: Final = PLAIN | {f"{VEIL}iframe", f"{VEIL}noscript"}
