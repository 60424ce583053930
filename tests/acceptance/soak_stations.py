"""The sources of the soak, and all that they will ever serve.

A document is a function of its source and the moment of its last change. That moment is its ETag and Last-Modified, so
that a client's validators tell which document it holds.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import formatdate, parsedate_to_datetime
from functools import cache
from html import escape

MINUTE, HOUR = 60, 3600
BEGIN = int(datetime(2026, 11, 2, 8, tzinfo=UTC).timestamp())
HOSTS = 100  # that they are spread over
STRICT_HOSTS = 4  # that say once of each of their sources that it is asked too often


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """One source, and all that it will ever serve."""

    index: int
    gap: int  # seconds between an entry and the next
    size: int  # entries in its document
    phase: int
    names: str  # the validators it gives: both, etag, modified, none
    is_packed: bool

    @property
    def name(self) -> str:
        return f"station-{self.index}"

    @property
    def is_atom(self) -> bool:
        return self.index % 2 == 1

    @property
    def is_strict(self) -> bool:
        return self.index % HOSTS < STRICT_HOSTS

    @property
    def goes(self) -> bool:
        """Whether it says one day that it is gone for good."""
        return self.index % 200 == 107

    @property
    def is_lost(self) -> bool:
        """Whether its address leads nowhere one day."""
        return self.index % 400 == 211

    @property
    def floor(self) -> int:
        """Seconds between two requests, at least. Those without validators would be asked daily else."""
        return 50 * MINUTE if self.names == "none" else HOUR

    def guid(self, number: int) -> str:
        return f"https://{self.name}.example/{number}" if self.is_atom else f"{self.name}/{number}"

    def title(self, number: int, version: int) -> str:
        return f"Report {number} of station {self.index}, version {version}"

    def born(self, number: int) -> int:
        return BEGIN + self.phase + (number - self.size) * self.gap

    def shown(self, at: float) -> dict[int, int]:
        """The entries of its document at that moment, newest first, each with its version."""
        top = int((at - BEGIN - self.phase) // self.gap) + self.size
        return {number: self.version(number, at) for number in range(top, top - self.size, -1)}

    def version(self, number: int, at: float) -> int:
        return sum(moment <= at for moment in self.revised(number))

    def revised(self, number: int) -> tuple[int, ...]:
        """When an entry is revised: one of five is, some of them twice."""
        return tuple(self.born(number) + after for after in _revisions(self.index, number, self.gap))

    def changed_at(self, at: float) -> int:
        """When its document became what it is at that moment; which is `shown` at either."""
        numbers = self.shown(at)
        moments = (moment for number in numbers for moment in (self.born(number), *self.revised(number)))
        return max(moment for moment in moments if moment <= at)

    def validators(self, at: int) -> list[str]:
        """The headers that name the document of that moment."""
        names = [f'ETag: "{self.index}-{at}"', f"Last-Modified: {formatdate(at, usegmt=True)}"]
        return {"both": names, "etag": names[:1], "modified": names[1:], "none": []}[self.names]

    def named(self, headers: Mapping[str, str]) -> int | None:
        """The document that a request's validators name. Raises ValueError where they are not what we gave."""
        held = []
        if etag := headers.get("if-none-match"):
            index, _, at = etag.strip('"').partition("-")
            held.append(int(at) if int(index) == self.index else -1)
        if date := headers.get("if-modified-since"):
            held.append(int(parsedate_to_datetime(date).timestamp()))
        if len(held) not in {0, 2 if self.names == "both" else 1} or len(set(held)) > 1:
            raise ValueError(f"{self.name} never gave {headers}")
        return held[0] if held else None

    def document(self, at: float, *, is_stuttering: bool = False) -> bytes:
        """With its first entry twice, where it stutters."""
        entries = [self._entry(number, version) for number, version in self.shown(at).items()]
        entries[:0] = entries[:1] * is_stuttering
        head, end = _ATOM if self.is_atom else _RSS
        return (head.format(station=self) + "".join(entries) + end).encode()

    def _entry(self, number: int, version: int) -> str:
        words = {
            "guid": escape(self.guid(number)),
            "link": f"https://{self.name}.example/reports/{number}",
            "title": self.title(number, version),
            "text": escape(f"<p>Station {self.index} wrote this as number {number}: {'all is well. ' * 20}</p>"),
        }
        born = self.born(number)
        if self.is_atom:
            updated = _rfc3339(max([born, *self.revised(number)][: version + 1]))
            return _ATOM_ENTRY.format(published=_rfc3339(born), updated=updated, **words)
        return _RSS_ENTRY.format(published=formatdate(born, usegmt=True), **words)


@cache
def _revisions(index: int, number: int, gap: int) -> tuple[int, ...]:
    chance = random.Random(index * 1_000_003 + number)
    if chance.random() > 0.2:
        return ()
    return tuple(sorted({int(gap * chance.uniform(0.1, 4)) for _ in range(chance.choice((1, 1, 2)))}))


def stations(number: int) -> list[Station]:
    return [_station(index) for index in range(number)]


def _station(index: int) -> Station:
    chance = random.Random(index)
    gap = chance.randint(40 * MINUTE, 2 * HOUR) if index % 10 == 0 else chance.randint(3 * HOUR, 6 * HOUR)
    return Station(
        index=index,
        gap=gap,
        size=chance.randint(4, 16),
        phase=chance.randint(1, gap),
        names="none" if index % 20 == 13 else ("both", "etag", "modified")[index % 3],
        is_packed=index % 4 == 2,
    )


def _rfc3339(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()


_RSS = (
    "<?xml version='1.0' encoding='utf-8'?>\n<rss version='2.0'><channel><title>{station.name}</title>"
    "<link>https://{station.name}.example/</link><description>Reports</description><language>en</language>\n",
    "</channel></rss>\n",
)
_RSS_ENTRY = (
    "<item><guid isPermaLink='false'>{guid}</guid><link>{link}</link><title>{title}</title>"
    "<pubDate>{published}</pubDate><description>{text}</description></item>\n"
)
_ATOM = (
    "<?xml version='1.0' encoding='utf-8'?>\n<feed xmlns='http://www.w3.org/2005/Atom' xml:lang='en'>"
    "<title>{station.name}</title><id>https://{station.name}.example/</id><updated>2026-11-02T08:00:00Z</updated>\n",
    "</feed>\n",
)
_ATOM_ENTRY = (
    "<entry><id>{guid}</id><link href='{link}'/><title>{title}</title><published>{published}</published>"
    "<updated>{updated}</updated><content type='html'>{text}</content></entry>\n"
)
