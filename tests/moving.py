"""Documents of one source before and after a move, in three formats; and what reads them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import feedparser
from msgspec import Struct

from clocks import Clock
from feeds import pipeline, settings
from feeds.pipeline.judging import judge
from feeds.pipeline.reading import Read, read, reader
from feeds.pipeline.storing import Visit, store_read
from feeds.records import Article, Body, Fetched, Refresh, replace
from storage import Store, articles, sources

FORMATS = ("rss", "atom", "json")
START = datetime(2026, 11, 2, 8, 0, tzinfo=UTC)

CONFIG = """
site: {title: Evening Mill, url: "https://mill.example/"}
pages: false
fetch: {interval: 1h}
sources:
  - {name: gazette, url: "https://old.example/feed", categories: [News]}
"""

WORDS = (
    "mill river bread harbour lantern winter signal copper garden letter music station market window paper bridge "
    "engine forest island journey kitchen ladder meadow needle orchard pepper quarry rabbit saddle timber"
).split()


class Item(Struct, frozen=True, kw_only=True):
    """What a document says of one entry; "" and None: nothing."""

    number: int
    guid: str = ""
    link: str = ""
    title: str = ""
    text: str = ""
    date: datetime | None = None
    is_permalink: bool = False


def words(number: int, count: int = 60) -> str:
    """A text of that number's own."""
    return " ".join(WORDS[(number * 7 + at * at * (number % 11 + 1)) % len(WORDS)] + str(number) for at in range(count))


def item(number: int, **changes: object) -> Item:
    one = Item(
        number=number,
        guid=f"old-{number}",
        link=f"http://www.old.example/?p={number}&utm_source=feed",
        title=f"The {WORDS[number % len(WORDS)]} of house {number}",
        text=f"<p>{words(number)}</p><p><img src='http://www.old.example/files/{number}.png'></p>",
        date=START - timedelta(hours=7 * number + number % 5),
    )
    return replace(one, **changes)  # type: ignore[arg-type]


def items(count: int = 50, first: int = 1) -> list[Item]:
    """The newest first."""
    return [item(number) for number in range(first, first + count)]


def strangers(count: int, first: int = 101) -> list[Item]:
    """Old entries that the store has never seen."""
    return [
        replace(item(number), date=START - timedelta(days=200) - timedelta(hours=number))
        for number in range(first, first + count)
    ]


def document(of: Sequence[Item], kind: str = "rss") -> bytes:
    return {"rss": _rss, "atom": _atom, "json": _json}[kind](of)


def _rss(of: Sequence[Item]) -> bytes:
    def entry(one: Item) -> str:
        guid = f'<guid isPermaLink="{str(one.is_permalink).lower()}">{escape(one.guid)}</guid>' if one.guid else ""
        date = f"<pubDate>{format_datetime(one.date)}</pubDate>" if one.date else ""
        link = f"<link>{escape(one.link)}</link>" if one.link else ""
        text = f"<description>{escape(one.text)}</description>"
        return f"<item><title>{escape(one.title)}</title>{link}{guid}{date}{text}</item>"

    return f'<rss version="2.0"><channel><title>Gazette</title>{"".join(map(entry, of))}</channel></rss>'.encode()


def _atom(of: Sequence[Item]) -> bytes:
    def entry(one: Item) -> str:
        guid = f"<id>{escape(one.guid)}</id>" if one.guid else ""
        date = f"<published>{one.date.isoformat()}</published>" if one.date else ""
        link = f"<link href={quoteattr(one.link)}/>" if one.link else ""
        return (
            f"<entry><title>{escape(one.title)}</title>{link}{guid}{date}"
            f"<content type='html'>{escape(one.text)}</content></entry>"
        )

    return f"<feed xmlns='http://www.w3.org/2005/Atom'><title>Gazette</title>{''.join(map(entry, of))}</feed>".encode()


def _json(of: Sequence[Item]) -> bytes:
    def entry(one: Item) -> dict[str, str]:
        date = one.date.isoformat() if one.date else ""
        told = {"id": one.guid, "url": one.link, "title": one.title, "content_html": one.text, "date_published": date}
        return {name: value for name, value in told.items() if value}

    version = "https://jsonfeed.org/version/1.1"
    return json.dumps({"version": version, "title": "Gazette", "items": [entry(one) for one in of]}).encode()


@dataclass
class Gazette:
    """One source on the web, what it sends, and what is published of it. The far end is a document at hand."""

    store: Store
    folder: Path
    text: str = CONFIG
    now: datetime = START
    name: str = "gazette"
    kind: str = "rss"
    last: Read = field(default_factory=Read)
    publishes: bool = True

    @property
    def settings(self) -> settings.Settings:
        path = self.folder / "config.yaml"
        path.write_text(self.text, encoding="utf-8")
        return settings.load(path, environ={})

    def sends(self, of: Sequence[Item], *, after: timedelta = timedelta(hours=1)) -> Refresh:
        """The refresh that its document leads to; what moved is published."""
        self.now += after
        known = self.settings
        pipeline.prepare(self.store, known)
        (source,) = (each for each in known.sources if each.name == self.name)
        with self.store.read() as db:
            state = sources.states(db)[self.name]
        answer = Fetched(bodies=(Body(content=document(of, self.kind), url=source.url),))
        self.last = read(self.store, reader(known, source, self.now, state), answer)
        visit = Visit(source=source, state=state, result=answer)
        refresh = store_read(self.store, visit, self.last, judge=judge(known), now=self.now)
        if self.publishes:
            pipeline.publish(self.store, known)
        return refresh

    def fetches(self) -> None:
        """A round of all that its config names."""
        wanted = self.settings
        list(pipeline.start_round(self.store, wanted, wanted.sources, clock=Clock(self.now)).refreshes)

    @property
    def stored(self) -> dict[str, Article]:
        """What the store holds, by guid."""
        with self.store.read() as db:
            return {one.guid: one for one in articles.stored(db)}

    def titles(self, path: str = "atom.xml") -> list[str]:
        """What a published feed shows, in its order."""
        return [one.title for one in feedparser.parse(self.published[path]).entries]

    @property
    def published(self) -> dict[str, bytes]:
        """Every published file but those compressed."""
        output = self.folder / "public"
        return {
            path.relative_to(output).as_posix(): path.read_bytes()
            for path in output.rglob("*.*")
            if path.suffix in {".xml", ".json", ".html"}
        }


def held(gazette: Gazette) -> set[str]:
    with gazette.store.read() as db:
        return {one.title for one in articles.stored(db) if one.held_at}
