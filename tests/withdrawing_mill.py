"""A mill of two sources, whose articles are revised, purged and withdrawn."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import brotli
import feedparser

from builders import MONDAY, TUESDAY, article, config
from feeds import pipeline, settings
from feeds.normalizing import urls
from feeds.normalizing.categories import slugs
from feeds.records import Article
from storage import Store, archiving, articles, retention, saving, shelves

SITE = "https://mill.example/"
MINUTE = timedelta(minutes=1)
UNPACK = {".gz": gzip.decompress, ".br": brotli.decompress}


@dataclass
class Mill:
    """A store, a config that changes, and what is published. Shelves are short, so that archives come early."""

    folder: Path
    store: Store
    sources: dict[str, list[str]] = field(default_factory=lambda: {"gazette": ["News"], "desk": ["World"]})
    configured: set[str] = field(default_factory=lambda: {"gazette", "desk"})
    listed: set[str] = field(default_factory=lambda: {"News", "World"})
    slug: str = "news"
    pages: str = "{articles: true}"
    saved: dict[int, Article] = field(default_factory=dict)
    revised: set[int] = field(default_factory=set)
    purged: set[int] = field(default_factory=set)

    @property
    def settings(self) -> settings.Settings:
        of_categories = {"News": f"{{name: News, slug: {self.slug}, limit: 4}}", "World": "{name: World, limit: 4}"}
        listed = ", ".join(of_categories[name] for name in sorted(self.listed))
        sources = "".join(
            f'  - {{name: {name}, url: "https://{name}.example/feed", categories: {self.sources[name]}}}\n'
            for name in sorted(self.configured)
        )
        text = f'site: {{title: Mill, url: "{SITE}"}}\npages: {self.pages}\ncategories: [{listed}]\nsources:\n{sources}'
        return settings.load(config(self.folder, text), environ={})

    @property
    def output(self) -> Path:
        return self.folder / "public"

    def save(self, number: int, title: str = "") -> None:
        """Article `number` of the source that it belongs to; the higher, the newer."""
        source = ("gazette", "desk")[number % 2]
        if source not in self.configured or number in self.purged:
            return
        self.revised |= {number} & self.saved.keys() if title else set()
        title = title or (self.saved[number].title if number in self.saved else token(number))
        guid = f"https://{source}.example/{number}?a=1&b=<{number}>"
        self.saved[number] = article(
            source=source,
            guid=guid,
            url=urls.canonical(guid),
            title=title,
            content_html=f"<p>Text of {token(number)}</p>" + "<p>The stones turn all night long.</p>" * 40,
            categories=tuple(self.sources[source]),
            published=MONDAY + number * MINUTE,
            updated=MONDAY + number * MINUTE,
        )
        pipeline.prepare(self.store, self.settings)
        with self.store.begin() as db:
            saving.save(db, saving.Batch(source=source, articles=[self.saved[number]], now=TUESDAY), slugs=slugs)

    def revise(self, number: int) -> None:
        if number in self.saved:
            self.save(number, f"{token(number)} revised {len(self.saved[number].title)}")

    def purge(self, number: int) -> None:
        if number in self.saved:
            with self.store.begin() as db:
                retention.purge(db, articles.named(db, self.saved[number].guid), now=TUESDAY)
            self.purged.add(number)

    def publish(self) -> None:
        pipeline.prepare(self.store, self.settings)
        pipeline.publish(self.store, self.settings)

    def withdraw(self, word: str) -> pipeline.Withdrawn:
        pipeline.prepare(self.store, self.settings)
        return pipeline.withdraw(self.store, self.settings, word, now=TUESDAY)

    def showing(self, text: str) -> set[str]:
        """The files, of any kind, that hold a text."""
        found = {path: path.read_bytes() for path in self.output.rglob("*") if path.is_file()}
        plain = {path: UNPACK.get(path.suffix, bytes)(content) for path, content in found.items()}
        return {path.relative_to(self.output).as_posix() for path, content in plain.items() if text.encode() in content}

    def walk(self, folder: str) -> list[tuple[str, str]]:
        """Id and title of all that a reader finds, from the newest document to the oldest."""
        found, address = [], f"{SITE}{folder}atom.xml"
        while address:
            feed = feedparser.parse((self.output / address.removeprefix(SITE)).read_bytes())
            assert not feed.bozo
            found += [(entry.id, entry.title) for entry in feed.entries]
            address = next((each.href for each in feed.feed.links if each.rel == "prev-archive"), "")
        return found

    def shelved(self, category: str | None) -> set[str]:
        with self.store.read() as db:
            shelf = shelves.standing(db)[category]
            numbers = [None, *range(1, archiving.latest(db, shelf.id) + 1)]
            found = [one.atom_id for number in numbers for one in articles.archived(db, shelf.id, number)]
        assert len(found) == len(set(found))
        return set(found)


def token(number: int) -> str:
    return f"Flour{number:03}sack"


def many(mill: Mill) -> Mill:
    """Eleven articles of each source, published: in archives, but for the newest."""
    for number in range(22):
        mill.save(number)
    mill.publish()
    return mill
