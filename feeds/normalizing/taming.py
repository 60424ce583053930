"""Markup that an HTML5 parser would need minutes for, rewritten so that it needs none.

html5ever is not linear: 100,000 nested <div> take it 17 s, an unclosed <b> in every paragraph makes 14 MB out of 17 KB.

Nothing here is trusted. What is written goes through nh3 as any markup does, and nh3 alone says which elements and
attributes stay; `html` judges the addresses after that. A mistake here can lose or misplace words, never let anything
through, as long as no one passes tamed markup on without cleaning it.

What is written is plain enough that this reading and html5ever's agree: elements that we keep, well nested, no deeper
than `_DEEPEST`; `name="value"` alone; no raw text, no declaration, no comment but the empty one, no `<` in a text. All
words stay but those of elements that are dropped anyway. And it takes linear time itself: no pattern goes back over
what it has read, no search looks further than the depth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from feeds.normalizing.policy import ATTRIBUTES, DROPPED, FORMATTING, KEPT, VEIL, VOID, words

# What html5ever cannot do in linear time, and how far we let it: many tags, long tags that are opened again and again.
_LIGHT_TAGS, _LIGHT_SIZE, _LIGHT_WORK = 600, 2**16, 2**24
_DEEPEST = 100
_CELLS = words("td th caption table")
_PARAGRAPH_ENDS = words(
    "address article aside blockquote center details div dl figcaption figure footer h1 h2 h3 h4 h5 h6 header hgroup "
    "hr main menu nav ol p pre section summary table ul"
)
_LISTS = _CELLS | {"ul", "ol", "menu", "dl"}
_ROWS = words("caption colgroup col thead tbody tfoot tr td th")
_ROW_PARENTS = words("table thead tbody tfoot tr colgroup")
# Start tag → the open elements it ends, as HTML lets authors leave out end tags; and how far out it looks for them.
_ENDS: dict[str, tuple[frozenset[str], frozenset[str]]] = {
    **dict.fromkeys(_PARAGRAPH_ENDS, (frozenset({"p"}), _CELLS)),
    "li": (frozenset({"li"}), _LISTS),
    **dict.fromkeys(("dt", "dd"), (frozenset({"dt", "dd"}), _LISTS)),
    **dict.fromkeys(("td", "th"), (frozenset({"td", "th", "caption"}), frozenset({"tr", "table"}))),
    "tr": (frozenset({"tr", "caption", "colgroup"}), frozenset({"table"})),
    **dict.fromkeys(("thead", "tbody", "tfoot"), (_ROW_PARENTS - {"table"} | {"caption"}, frozenset({"table"}))),
    **dict.fromkeys(("rt", "rp"), (frozenset({"rt", "rp"}), frozenset({"ruby"}))),
}
_NOTHING: tuple[frozenset[str], frozenset[str]] = (frozenset(), frozenset())
_ALL_ATTRIBUTES = frozenset[str]().union(*ATTRIBUTES.values())
_TOKEN = re.compile(
    r"<!--(?:-?>|.*?(?:--!?>|\Z))"
    r"|<[!?][^>]*+>?"
    rf"|<(?P<dropped>{'|'.join(sorted(DROPPED, key=len, reverse=True))})(?=[\s/>])"
    r".*?(?:</(?P=dropped)(?=[\s/>])[^>]*+>?|\Z)"
    r"|<(?P<end>/?)(?P<name>[a-z][^\s/>]*+)"
    r"""(?P<rest>(?:[^>"'=]|=\s*+(?:"[^"]*+(?:"|\Z)|'[^']*+(?:'|\Z))?|["'])*+)(?:>|\Z)"""
    r"|(?P<text>[^<]++|<)",
    re.IGNORECASE | re.DOTALL,
)
# Writing one text or value with n ampersands takes nh3 n² steps, 50 s for 5 MB; a comment makes it two texts.
_MANY = 500
_AMPERSANDS = re.compile(rf"((?:&[^&]*+){{{_MANY}}})")
_UNVEILED = {f"{VEIL}{name}": name for name in FORMATTING}
_RAW_ATTRIBUTE = re.compile(r"""([^\s"'<>/=]++)(?:\s*+=\s*+(?:"([^"]*)"|'([^']*)'|([^\s"'>]++)))?""")


def is_heavy(markup: str) -> bool:
    tags = markup.count("<")
    return tags > _LIGHT_TAGS or len(markup) > _LIGHT_SIZE or tags * len(markup) > _LIGHT_WORK


def tamed(markup: str) -> str:
    """The same markup, well nested, not deep, its formatting elements veiled as <x--b>: html5ever reads it fast.

    Past the greatest depth tags go and words stay.
    """
    written: list[str] = []
    open_: list[str] = []
    for token in _TOKEN.finditer(markup):
        if token["text"]:
            written.append("&lt;" if token["text"] == "<" else _AMPERSANDS.sub(r"\1<!---->", token["text"]))
        elif token["name"]:
            name = _UNVEILED.get(token["name"].lower(), token["name"].lower())
            if name in KEPT:
                tag = _end_tag if token["end"] else _start_tag
                written.extend(tag(name, token["rest"], open_))
    return "".join(written)


def _start_tag(name: str, rest: str, open_: list[str]) -> Iterator[str]:
    yield from _closed(open_, *_ENDS.get(name, _NOTHING))
    # Anything else directly in a table is moved before it by the parser, one search through all its siblings each.
    is_lost = bool(open_) and open_[-1] in _ROW_PARENTS and name not in _ROWS
    if is_lost or len(open_) >= _DEEPEST:
        return
    if name not in VOID:
        open_.append(name)
    yield f"<{_veiled(name)}{_attributes(rest) if rest else ''}>"


def _end_tag(name: str, _rest: str, open_: list[str]) -> Iterator[str]:
    within = frozenset[str]() if name == "table" else frozenset({"table"}) if name in _ROWS | _ROW_PARENTS else _CELLS
    return _closed(open_, frozenset({name}), within)


def _closed(open_: list[str], names: frozenset[str], within: frozenset[str]) -> Iterator[str]:
    """The end tags up to the innermost open element of `names`, none where it lies beyond one of `within`."""
    for index in range(len(open_) - 1, -1, -1):
        if open_[index] in names:
            for name in reversed(open_[index:]):
                yield f"</{_veiled(name)}>"
            del open_[index:]
            return
        if open_[index] in within:
            return


def _veiled(name: str) -> str:
    return f"{VEIL}{name}" if name in FORMATTING else name


def _attributes(rest: str) -> str:
    return "".join(
        f' {name}="{value}"'
        for name, double, single, bare in _RAW_ATTRIBUTE.findall(rest)
        if name.lower() in _ALL_ATTRIBUTES
        for value in [(double or single or bare).replace('"', "&quot;")]
        if value.count("&") < _MANY
    )
