"""Which shelves an article stands on, and what their folders are called."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from feeds.records import Category, Tag

MAX_NAME = 300  # characters; a longer name is cut
MAX_SLUG = 40  # characters of up to four bytes each: with a mark behind it, below every file system's 255 bytes

# Names of folders that mean something else: to us, or to Windows.
RESERVED = frozenset(
    "archive articles assets hub healthz metrics sources status websub con prn aux nul".split()
    + [f"{device}{number}" for device in ("com", "lpt") for number in range(1, 10)]
)

# Zero-width spaces, soft hyphens, byte order marks and bidi controls: in a name they are never meant.
_STRAY = re.compile("[\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]+")
# The joiners are spelling: Persian words need them, and so does a family of emoji.
_JOINERS = "\u200c\u200d"
# Letters and marks that nobody sees: fillers, joiners, variation selectors.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")


class Labels(NamedTuple):
    """Categories' names by what they are called, as written, or however capitalized and spaced."""

    names: Mapping[str, str] = {}  # by name, title and alias: as the config and articles may call them
    aliases: Mapping[str, str] = {}  # by alias alone: what a source calls anything is its own business


def by_label(categories: Iterable[Category]) -> Labels:
    """What each of these categories is called."""
    categories = tuple(categories)
    own = [(category.name, category.name) for category in categories]
    others = [(alias, category.name) for category in categories for alias in category.aliases]
    titles = [(category.title, category.name) for category in categories]
    names = dict(own)
    for label, name in (*own, *others, *titles):  # a word means the category that has it for a name, then as an alias
        names.setdefault(_folded(label), name)
    aliases = {_folded(alias): name for alias, name in others}
    for labels in (names, aliases):
        labels.pop("", None)  # most categories have no title, and most tags no label: that is nothing in common
    return Labels(names=names, aliases=aliases)


def assign(of_source: Iterable[str], own: Iterable[str], tags: Iterable[Tag], labels: Labels) -> tuple[str, ...]:
    """An article's categories: those of its source, its own from front matter, and those its tags are aliases of. What
    nothing is seen of is none."""
    named = [_meant(name, labels.names) or tidy(name) for name in (*of_source, *own)]
    from_tags = [meant for tag in tags for label in (tag.term, tag.label) if (meant := _meant(label, labels.aliases))]
    return tuple(dict.fromkeys(filter(None, (*named, *from_tags))))


def reasons(
    of_source: Iterable[str], own: Iterable[str], tags: Iterable[Tag], labels: Labels
) -> tuple[tuple[str, str], ...]:
    """The categories that `assign` gives, each with what gave it first, in words."""
    found: dict[str, str] = {}
    for names, whose in ((of_source, "its source's categories"), (own, "its own front matter")):
        for name in names:
            meant = _meant(name, labels.names)
            found.setdefault(meant or tidy(name), f"{whose}, as {name!r}" if meant and meant != name else whose)
    for tag in tags:
        for label in (tag.term, tag.label):
            if meant := _meant(label, labels.aliases):
                found.setdefault(meant, f"its tag {label!r}, an alias of it")
    return tuple((name, reason) for name, reason in found.items() if name)


def namesake(name: str, tags: Iterable[Tag]) -> str:
    """The label that is spelled as this category is, of those that a source gave its article; "" where none is."""
    wanted = _folded(name)
    return next((label for tag in tags for label in (tag.term, tag.label) if label and _folded(label) == wanted), "")


def tidy(name: str) -> str:
    """A category's name as we keep it: printable, one space between words, not endless; "" where nothing is seen."""
    printable = (c if c.isprintable() or c in _JOINERS else " " for c in _STRAY.sub("", name))
    tidied = " ".join("".join(printable).split())[:MAX_NAME].rstrip()
    return tidied if _UNSEEN.sub("", tidied).strip(f"{_JOINERS} ") else ""


def slugs(name: str) -> tuple[str, ...]:
    """Names for a category's folder, the best first; the last one no other category has.

    Letters and digits of any script stay readable; everything else becomes a hyphen.
    """
    plain = _readable(unicodedata.normalize("NFKC", _UNSEEN.sub("", name)).lower())
    # Lower-casing can undo the normal form, and a cut can end in a hyphen.
    plain = _readable(unicodedata.normalize("NFC", plain)[:MAX_SLUG])
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
    marked = tuple(f"{plain or 'category'}-{mark[:length]}" for length in (6, 12, 64))
    return (plain, *marked) if plain and plain not in RESERVED else marked


def _readable(name: str) -> str:
    kept: list[str] = []
    for character in _UNSEEN.sub("", name):
        # A vowel sign belongs to its letter: neither Thai nor Devanagari could be read without.
        is_mark = unicodedata.category(character) in {"Mn", "Mc"} and bool(kept) and kept[-1] != "-"
        if character.isalnum() or is_mark:
            kept.append(character)
        elif kept and kept[-1] != "-":
            kept.append("-")
    return "".join(kept).strip("-")


def _meant(label: str, labels: Mapping[str, str]) -> str:
    return labels.get(label) or labels.get(_folded(label), "")


def _folded(label: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", _STRAY.sub("", label)).casefold().split())
