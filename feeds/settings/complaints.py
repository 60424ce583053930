"""How a complaint reads: `config.yaml:12: sources[3].url: what was seen; what would help`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from msgspec import Struct

from feeds.marked_yaml import Path


class Complaint(Struct, frozen=True):
    """What is wrong with the value at `path`; `text` shows no secret."""

    path: Path
    text: str


def report(file: object, complaints: Iterable[Complaint], lines: Mapping[Path, int]) -> str:
    """One line a complaint, in the order of the file's lines."""
    found = sorted((line_of(lines, each.path), place(file, lines, each.path), each.text) for each in set(complaints))
    return "\n".join(f"{where}: {text}" for _, where, text in found)


def place(file: object, lines: Mapping[Path, int], path: Path) -> str:
    """Where a value stands, as `config.yaml:12: sources[3].url`."""
    where = f"{file}:{line_of(lines, path)}"
    return f"{where}: {dotted(path)}" if path else where


def line_of(lines: Mapping[Path, int], path: Path) -> int:
    """The line of a value, or of the nearest thing around it when it is not written at all."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def dotted(path: Path) -> str:
    """A path as people write it: `sources[3].headers.Accept`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{_key(part)}" for part in path).removeprefix(".")


def nearest(word: str, known: Iterable[str]) -> str:
    """The known word that was probably meant, or nothing."""
    by_lower = {each.lower(): each for each in known}
    close = get_close_matches(word.lower(), by_lower, n=1)
    return by_lower[close[0]] if close else ""


def _key(text: str) -> str:
    return text if text and text.isprintable() and len(text) <= 60 else f"{text[:60]!r}"
