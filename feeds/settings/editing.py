"""config.yaml changed in place, as a person would: lines are added or taken out, all others stay as they are."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml
from msgspec import Struct

from feeds import marked_yaml
from feeds.errors import SettingsError
from feeds.marked_yaml import PARSER

_BY_HAND = "write it into the file by hand"


class _Item(Struct, frozen=True):
    """One source in the file: from its dash to the last line that belongs to it, counted from 0."""

    first: int
    last: int


class _List(Struct, frozen=True):
    """The list of sources. `key` is the line of `sources:`; `is_block` is false for `sources: [...]`."""

    key: int
    is_block: bool
    items: tuple[_Item, ...]


def with_sources(text: str, *added: Mapping[str, Any]) -> str:
    """The config with more sources behind the last one.

    Raises SettingsError where the list is written in a way that only a person can add to.
    """
    lines = text.splitlines()
    sources = _find(text)
    if sources is None:
        gap = [""] if lines and lines[-1].strip() else []
        return _joined(text, lines, [*gap, "sources:", *_all_written(added, "  ")], [])
    if not sources.is_block and sources.items:
        raise SettingsError(f"the sources stand between brackets, where only a person can add one; {_BY_HAND}")
    if not sources.items:
        lines[sources.key] = re.sub(r":(?:\s*(?:\[\s*\]|~|null))?(?=\s*(?:#|$))", ":", lines[sources.key], count=1)
        return _joined(text, lines[: sources.key + 1], _all_written(added, "  "), lines[sources.key + 1 :])
    last = sources.items[-1]
    indent = lines[last.first][: len(lines[last.first]) - len(lines[last.first].lstrip())]
    is_spaced = len(sources.items) > 1 and not lines[last.first - 1].strip()
    written = _all_written(added, indent, gap=[""] if is_spaced else [])
    return _joined(text, lines[: last.last + 1], written, lines[last.last + 1 :])


def _joined(text: str, *parts: Sequence[str]) -> str:
    """These lines, ended as those of `text` are."""
    end = "\r\n" if "\r\n" in text else "\n"
    return "".join(f"{line}{end}" for part in parts for line in part)


def without_source(text: str, number: int) -> str:
    """The config without its source number `number`, counted from 0; comments around it stay."""
    lines = text.splitlines()
    sources = _find(text)
    if sources is None or not sources.is_block:
        raise SettingsError(f"the sources stand between brackets, where only a person can take one out; {_BY_HAND}")
    item = sources.items[number]
    after = item.last + 1
    if item.first and not lines[item.first - 1].strip() and after < len(lines) and not lines[after].strip():
        after += 1  # of the two empty lines around it one is enough
    kept = [*lines[: item.first], *lines[after:]]
    if len(sources.items) == 1:
        kept[sources.key] = re.sub(r":(?=\s*(?:#|$))", ": []", kept[sources.key], count=1)
    return _joined(text, kept)


def replace_file(path: Path, text: str) -> None:
    """Write the config whole or not at all; its permissions stay, and its owner where we may name one."""
    target = path.resolve()
    unfinished = target.with_name(f".{target.name}.new")
    try:
        unfinished.unlink(missing_ok=True)
        # For its owner alone until it is whole: it may hold passwords.
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        before = target.stat()
        with suppress(PermissionError):
            os.chown(unfinished, before.st_uid, before.st_gid)
        unfinished.chmod(before.st_mode & 0o7777)  # behind it, as a new owner takes some bits away
        unfinished.replace(target)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise SettingsError(f"{path}: cannot be written ({error.strerror}); check its permissions") from error


def _all_written(added: Sequence[Mapping[str, Any]], indent: str, gap: Sequence[str] = ()) -> list[str]:
    return [line for keys in added for line in (*gap, *_written(keys, indent))]


def _written(keys: Mapping[str, Any], indent: str) -> list[str]:
    """A source as lines of YAML, its keys in the order given."""
    lines = [f"{key}: {_value(value)}" for key, value in keys.items() if value not in ("", (), [], None)]
    return [f"{indent}{'- ' if number == 0 else '  '}{line}" for number, line in enumerate(lines)]


def _value(value: Any) -> str:
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(_scalar(str(part), in_brackets=True) for part in value)}]"
    return _scalar(str(value), in_brackets=False)


def _scalar(text: str, *, in_brackets: bool) -> str:
    """Plain where it is read back as it is, quoted where not; `$` is doubled, or it would begin a variable."""
    text = text.replace("${", "$${")
    plain = _dumped(text, in_brackets=in_brackets, style=None)
    try:
        is_read_back = marked_yaml.load(f"[{plain}]" if in_brackets else f"- {plain}").value == [text]
    except marked_yaml.YamlError:  # `y` and `no`, which our reader refuses and PyYAML partly does not know
        is_read_back = False
    return plain if is_read_back else _dumped(text, in_brackets=in_brackets, style='"')


def _dumped(text: str, *, in_brackets: bool, style: str | None) -> str:
    listed: str = yaml.safe_dump(
        [text], allow_unicode=True, default_flow_style=in_brackets, default_style=style, width=10**6
    )
    return listed.strip()[1:-1].strip() if in_brackets else listed.strip()[2:]


def _find(text: str) -> _List | None:
    """Where the sources stand, told by the parser's own marks: indentation and quoting are its business."""
    events: list[Any] = list(yaml.parse(text, Loader=PARSER))
    depth, key, position = 0, None, 0
    for number, event in enumerate(events):
        if isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif depth == 1 and isinstance(event, yaml.ScalarEvent | yaml.AliasEvent) and key is None:
            is_key = position % 2 == 0
            position += 1
            if is_key and getattr(event, "value", None) == "sources":
                return _list(events[number + 1 :], _line(event.start_mark), text.splitlines())
        elif depth == 1 and isinstance(event, yaml.CollectionStartEvent):
            position += 1
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
    return None


def _list(events: list[Any], key: int, lines: list[str]) -> _List:
    if not isinstance(events[0], yaml.SequenceStartEvent):
        return _List(key, True, ())
    items: list[_Item] = []
    in_brackets: list[bool] = []  # of each collection that is open, the list of sources the outermost
    first = last = 0
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            if in_brackets.pop():  # the end of a block is where the next thing starts
                last = max(last, _line(event.end_mark))
            if not in_brackets:
                break
        elif len(in_brackets) == 1:
            first = last = _line(event.start_mark)
        if isinstance(event, yaml.CollectionStartEvent):
            in_brackets.append(bool(event.flow_style))
        elif isinstance(event, yaml.ScalarEvent):
            last = max(last, _last_line(event, lines))
        if len(in_brackets) == 1 and event is not events[0]:
            items.append(_Item(_dash(first, lines), last))
    return _List(key, not events[0].flow_style, tuple(items))


def _line(mark: Any) -> int:
    return int(mark.line)


def _last_line(event: Any, lines: list[str]) -> int:
    """A folded text ends where the next thing starts; empty lines and comments in between are not its own."""
    line = int(event.end_mark.line) - (0 if event.end_mark.column else 1)
    while line > event.start_mark.line and (not lines[line].strip() or lines[line].lstrip().startswith("#")):
        line -= 1
    return max(line, int(event.start_mark.line))


def _dash(line: int, lines: list[str]) -> int:
    """The line of an item's dash: its own, or one above where the item begins on a line of its own."""
    while line > 0 and not lines[line].lstrip().startswith("-"):
        line -= 1
    return line
