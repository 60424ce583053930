"""What holds for a whole document while it is read: its names, its base, and what is said in it again and again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from urllib.parse import urljoin, urlsplit

from feeds.parsing.dates import parse_date
from feeds.parsing.meanings import person
from feeds.parsing.strict.names import XML, Names, UnsureError
from feeds.parsing.strict.texts import clean, joined
from feeds.records import Person, Tag


class Reader:
    """What is the same for all of a document."""

    __slots__ = ("_dates", "_people", "_tags", "base_url", "clean", "is_atom", "names", "now", "zone")

    def __init__(
        self, names: Names, *, is_atom: bool, base_url: str, zone: tzinfo, now: datetime, may_need_mending: bool = True
    ) -> None:
        self.names = names
        self.clean: Callable[[str], str] = clean if may_need_mending else str.strip
        self.is_atom = is_atom
        self.base_url = base_url
        self.zone = zone
        self.now = now
        # Said again and again in one document.
        self._dates: dict[str, datetime | None] = {"": None}
        self._tags: dict[tuple[str | None, str | None, str | None], Tag] = {}
        self._people: dict[tuple[str, str, str], Person] = {}

    def date(self, text: str) -> datetime | None:
        if text not in self._dates:
            self._dates[text] = parse_date(text, zone=self.zone, now=self.now)
        return self._dates[text]

    def tag(self, term: str | None, scheme: str | None, label: str | None) -> Tag:
        if (term, scheme, label) not in self._tags:
            name = (label or "").strip()
            self._tags[term, scheme, label] = Tag(
                term=(term or "").strip() or name, scheme=(scheme or "").strip(), label=name
            )
        return self._tags[term, scheme, label]

    def person(self, name: str, email: str, url: str) -> Person:
        if (name, email, url) not in self._people:
            self._people[name, email, url] = person(name=name, email=email, url=url)
        return self._people[name, email, url]

    def scope(self, said: Mapping[str, str], base: str, language: str) -> tuple[str, str]:
        """The base and the language in an element that has these attributes, where those around it are given."""
        if value := said.get(f"{XML}base"):
            base = _rebased(base, value)
        return base, said.get(f"{XML}lang", language)


def _rebased(base: str, said: str) -> str:
    """A base within another; one that feedparser would not take, or would change when it repeats it, is not ours."""
    found = joined(base, said)
    if not base or not found.startswith(("http://", "https://")) or not is_fixed(found):
        raise UnsureError("an xml:base that is no plain address")
    return found


def is_fixed(base: str) -> bool:
    """Whether a base is what feedparser repeats it as, at each element."""
    try:
        return joined(base, base) == urljoin(base, base) == base == base.strip() and urlsplit(base) is not None
    except ValueError:
        return False
