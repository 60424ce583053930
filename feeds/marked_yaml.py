"""YAML read strictly, each value with its line.

Less than YAML on purpose: one document of mappings with text keys, lists and scalars; no tags, no duplicate keys,
no merge keys. Aliases are understood, within bounds. Values follow the YAML 1.2 core schema, so a date, `1:30`,
`0777` and `1_000` are text; `yes`, `no`, `on`, `off`, `y` and `n`, which YAML 1.1 took for booleans, must be quoted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeAlias

import yaml
from msgspec import Struct

PARSER: Any = getattr(yaml, "CLoader", yaml.SafeLoader)  # libyaml, ten times as fast, is not built everywhere
MAX_DEPTH = 50
MAX_REPEATED = 100_000  # values that aliases repeat

Path: TypeAlias = tuple[str | int, ...]


class YamlError(ValueError):
    """The text cannot be used; `reason` is what was seen and what would help."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


class Marked(Struct, frozen=True):
    """A value made of dict, list, str, int, float, bool and None, with the line of each of its parts.

    Lines count from 1; the line of a mapping's value is that of its key; `()` is the whole. What an alias repeats
    has the lines of the original, where it would be mended.
    """

    value: object
    lines: Mapping[Path, int]


def load(text: str, *, plain: bool = False) -> Marked:
    """The one document in `text`; with `plain`, scalars stay their text, and only nothing, `~` and `null` are None."""
    text = text.removeprefix("\ufeff")
    if stray := _UNPRINTABLE.search(text):
        raise YamlError(_line_at(text, stray.start()), _unprintable(stray[0]))
    with _told():
        builder = _Builder(_events(text), _plain_text if plain else _core_value)
        return Marked(builder.document(), builder.lines)


class _Builder:
    """Builds values straight from the parser's events: its composer would recurse as deep as the text says."""

    def __init__(self, events: Iterator[Any], resolve: Callable[[str, int], object]) -> None:
        self.events = events
        self.resolve = resolve
        self.lines: dict[Path, int] = {}
        self.anchors: dict[str | None, tuple[Path, object]] = {}  # None: all that has no anchor
        self.repeated = 0

    def document(self) -> object:
        next(self.events)  # the start of the stream
        if isinstance(next(self.events), yaml.StreamEndEvent):
            self.lines[()] = 1
            return None
        first = next(self.events)
        value = self.value(first, (), _line(first))
        next(self.events)  # the end of the document
        if not isinstance(event := next(self.events), yaml.StreamEndEvent):
            raise YamlError(_line(event), "a second document begins here; put everything into one, without `---`")
        return value

    def value(self, event: Any, path: Path, line: int) -> object:
        self.lines[path] = line
        if isinstance(event, yaml.AliasEvent):
            return self.alias(event, path)
        _refuse_tag(event)
        _refuse_depth(path, _line(event))
        self.anchors[event.anchor] = (path, _OPEN)
        value = self.content(event, path)
        self.anchors[event.anchor] = (path, value)
        return value

    def content(self, event: Any, path: Path) -> object:
        if isinstance(event, yaml.MappingStartEvent):
            return self.mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self.sequence(path)
        return self.resolve(event.value, _line(event)) if _is_plain(event) else _text(event)

    def mapping(self, path: Path) -> dict[str, object]:
        values: dict[str, object] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.key(event)
            if key in values:
                first = self.lines[(*path, key)]
                raise YamlError(_line(event), f"the key {key!r} stands here twice, first on line {first}; keep one")
            values[key] = self.value(next(self.events), (*path, key), _line(event))
        return values

    def key(self, event: Any) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            raise YamlError(_line(event), "this key is not text; write a word before the colon")
        _refuse_tag(event)
        if not _is_plain(event):
            return _text(event)
        if event.value == "<<":
            raise YamlError(_line(event), "merge keys (`<<`) are not understood; write the keys out")
        if event.value.lower() in _LOOKS_BOOLEAN:  # a plain word, as everyone means it to be
            return str(event.value)
        key = self.resolve(event.value, _line(event))
        if not isinstance(key, str):
            raise YamlError(_line(event), f"the key {event.value!r} is not text; put it into quotes")
        return key

    def sequence(self, path: Path) -> list[object]:
        values: list[object] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            values.append(self.value(event, (*path, len(values)), _line(event)))
        return values

    def alias(self, event: Any, path: Path) -> object:
        origin, value = self.anchors.get(event.anchor, ((), _MISSING))
        if value is _MISSING:
            raise YamlError(_line(event), f"*{event.anchor} has no &{event.anchor} before it; check its name")
        if value is _OPEN:
            raise YamlError(_line(event), f"*{event.anchor} contains itself; write the value out")
        self.repeat(value, origin, path, _line(event))
        return value

    def repeat(self, value: object, origin: Path, path: Path, line: int) -> None:
        """Marks all that an alias repeats, and refuses the text that would unfold without end."""
        self.repeated += 1
        if self.repeated > MAX_REPEATED:
            raise YamlError(line, f"aliases repeat more than {MAX_REPEATED:,} values; write fewer of them")
        _refuse_depth(path, line)
        for key, part in _parts(value):
            self.lines[(*path, key)] = self.lines[(*origin, key)]
            self.repeat(part, (*origin, key), (*path, key), line)


_MISSING, _OPEN = object(), object()  # an anchor's value: never seen, not yet complete


def _parts(value: object) -> Iterator[tuple[str | int, object]]:
    if isinstance(value, dict):
        yield from value.items()
    elif isinstance(value, list):
        yield from enumerate(value)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _is_plain(event: Any) -> bool:
    return not event.style or event.style == "plain"


def _refuse_depth(path: Path, line: int) -> None:
    if len(path) > MAX_DEPTH:
        raise YamlError(line, f"values lie more than {MAX_DEPTH} levels deep; is a bracket left open?")


def _refuse_tag(event: Any) -> None:
    # A tag asks the reader to make a type of its choosing, which is how YAML files run code. We have no use for it.
    if event.tag is not None:
        raise YamlError(_line(event), f"tags such as {event.tag[:80]!r} are not understood; write the value alone")


_LOOKS_BOOLEAN = frozenset({"yes", "no", "on", "off", "y", "n"})
_NULLS = ("", "~", "null", "Null", "NULL")
_WORDS = {
    **dict.fromkeys(_NULLS, None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
# Longer rows of digits and those with a leading zero are somebody's identifier: they stay text.
_NUMBERS: tuple[tuple[re.Pattern[str], Callable[[str], int | float]], ...] = (
    (re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})"), int),
    (re.compile(r"0o[0-7]{1,18}"), lambda text: int(text[2:], 8)),
    (re.compile(r"0x[0-9a-fA-F]{1,15}"), lambda text: int(text[2:], 16)),
    (re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+\.[0-9]*)(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"), float),
    (re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"), lambda text: float(text.replace(".", ""))),
)


def _plain_text(text: str, line: int) -> str | None:  # noqa: ARG001 (one signature with _core_value)
    return None if text in _NULLS else text


def _core_value(text: str, line: int) -> object:
    if text in _WORDS:
        return _WORDS[text]
    if text.lower() in _LOOKS_BOOLEAN:
        raise YamlError(line, f"{text} can be read as a word or as a truth; write true or false, or quote it")
    if text[0] in "+-.0123456789":
        for pattern, number in _NUMBERS:
            if pattern.fullmatch(text):
                return number(text)
    return text


_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # YAML 1.2, 5.1
_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # what the parser counts as the end of a line


def _line_at(text: str, position: int) -> int:
    return len(_BREAK.findall(text, 0, position)) + 1


def _unprintable(character: str) -> str:
    return f"the character U+{ord(character):04X} cannot stand in a text; remove it"


def _text(event: Any) -> str:
    if stray := _UNPRINTABLE.search(event.value):  # an escape such as "\0"
        raise YamlError(_line(event), _unprintable(stray[0]))
    return str(event.value)


_QUOTE = "put the value into quotes (a quote within single quotes is written twice)"
_FLOW = "close every bracket, and quote values that hold any of , [ ] { }"
_HINTS = (  # libyaml and its Python twin word the same error differently, so parts of both
    ("mapping values are not allowed", f"a second colon on the line, or a wrong indentation; {_QUOTE}"),
    ("cannot start any token", f"a tab or a character that begins no value; indent with spaces, or {_QUOTE}"),
    ("expected ':'", "a line without a colon; write `key: value`"),
    ("expected ',' or", f"a list or mapping in brackets goes wrong here; {_FLOW}"),
    ("node content", f"a value goes wrong here; {_FLOW}"),
    ("<block end>", f"this does not go on from the lines above; check indentation, or {_QUOTE}"),
    ("expected key", f"this does not go on from the lines above; check indentation, or {_QUOTE}"),
    ("expected '-' indicator", "this does not go on from the list above; begin with `- `, or indent as its lines do"),
    ("unexpected end of stream", "a quote is opened and never closed; close it"),
    ("document start", "something stands after the end of the document; check indentation and `---`"),
    ("escape", "a backslash that escapes nothing in double quotes; double it, or use single quotes"),
)


# A character beyond U+FFFF as JSON escapes it. YAML knows no such pairs, but json.dumps writes front matter, too.
_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")
_BEYOND = re.compile(r"\\U00[01][0-9A-F]{5}")


def _events(text: str) -> Iterator[Any]:
    pairs: dict[str, str] = {}  # YAML's escape for each that was JSON's
    joined = _PAIR.sub(lambda pair: _remembered(pair, pairs), text)
    events = iter(PARSER(joined).get_event, None)
    return _unescaped(events, pairs) if pairs else events


def _unescaped(events: Iterator[Any], pairs: dict[str, str]) -> Iterator[Any]:
    for event in events:
        if isinstance(event, yaml.ScalarEvent) and event.style != '"':  # no escapes there, only text
            event.value = _BEYOND.sub(lambda escape: pairs.get(escape[0], escape[0]), event.value)
        yield event


def _remembered(pair: re.Match[str], pairs: dict[str, str]) -> str:
    high, low = (int(half, 16) for half in pair.groups())
    escape = f"\\U{0x10000 + (high - 0xD800 << 10) + (low - 0xDC00):08X}"
    pairs[escape] = pair[0]
    return escape


@contextmanager
def _told() -> Iterator[None]:
    """The parser's errors in our words."""
    try:
        yield
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
        problem = str(getattr(error, "problem", None) or "no YAML")
        raise YamlError(mark.line + 1 if mark else 1, _in_plain_words(problem)) from None
    except YamlError:
        raise
    except (ValueError, OverflowError):  # of the Python parser: an escape beyond Unicode
        raise YamlError(1, "an escape that is no character") from None


def _in_plain_words(problem: str) -> str:
    return next((hint for part, hint in _HINTS if part in problem), f"{problem}; check the line and the one before")
