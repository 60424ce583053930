"""A mill of three sources, with a category that is private or is not."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import brotli
import feedparser

from builders import MONDAY, TUESDAY, article, config
from feeds import pipeline, settings
from feeds.normalizing.categories import slugs
from feeds.pipeline import privacy
from feeds.records import Article
from feeds.settings import Settings
from storage import (
    Store,
    saving,
)

PATH = "q7zr0w2m9k4x8v1t5n3b"
OTHER_PATH = "h2d6s0f8j4l1a9g3c7y5"
LOGIN = "{user: ombudsman, password: correct-horse}"
MINUTE = timedelta(minutes=1)
UNPACK = {".gz": gzip.decompress, ".br": brotli.decompress}
SOURCES = {"gazette": ["News"], "minutes": ["Board"], "shared": ["News"]}


@dataclass
class Mill:
    """A store, a config that changes, and what is published: of three sources one stands in Board, one at times."""

    folder: Path
    store: Store
    board: str = ""  # how it is private
    slug: str = ""
    pages: str = "false"
    hub: str = ""
    aliases: str = "[]"  # of Board
    news: str = "news"  # the slug of News
    sources: dict[str, list[str]] = field(default_factory=lambda: dict(SOURCES))

    @property
    def settings(self) -> Settings:
        private = f", private: {self.board}" if self.board else ""
        slug = f", slug: {self.slug}" if self.slug else ""
        listed = f"{{name: News, limit: 4, slug: {self.news}}}, {{name: Board, title: Boardroom, limit: 4, aliases: {self.aliases}{slug}{private}}}"
        each = "".join(
            f'  - {{name: {name}, url: "https://{name}.example/feed", categories: {named}}}\n'
            for name, named in self.sources.items()
        )
        hub = f"push: {{hub: {self.hub}}}\n" if self.hub else ""
        site = 'site: {title: Mill, url: "https://mill.example/"}\n'
        text = f"{site}{hub}pages: {self.pages}\ncategories: [{listed}]\nsources:\n{each}"
        return settings.load(config(self.folder, text), environ={"BOARD_PATH": PATH})

    @property
    def public(self) -> Path:
        return self.folder / "public"

    @property
    def apart(self) -> Path:
        return self.folder / "public.private"

    def save(self, source: str, *numbers: int, own: tuple[str, ...] = (), title: str = "") -> None:
        """Articles of a source; the higher their number, the newer."""
        followed = self.settings
        pipeline.prepare(self.store, followed)
        batch = [self.article(source, number, own, title) for number in numbers]
        with self.store.begin() as db:
            private = privacy.private_names(followed)
            saving.save(db, saving.Batch(source=source, articles=batch, now=TUESDAY, private=private), slugs=slugs)

    def article(self, source: str, number: int, own: tuple[str, ...], title: str) -> Article:
        guid = f"https://{source}.example/{number}"
        return article(
            source=source,
            guid=guid,
            url=guid,
            title=title or f"{source}word{number:03}",
            content_html=f"<p>{source}word{number:03}</p>" + "<p>The stones turn all night long.</p>" * 30,
            categories=tuple(dict.fromkeys((*self.sources[source], *own))),
            own_categories=own,
            published=MONDAY + number * MINUTE,
            updated=MONDAY + number * MINUTE,
        )

    def publish(self) -> None:
        pipeline.prepare(self.store, self.settings)
        pipeline.publish(self.store, self.settings)

    def showing(self, *words: str, below: Path | None = None, without: str = "\0") -> set[str]:
        """The files that hold one of these words, in their text or in their name."""
        tree = below or self.public
        found = set()
        for path in tree.rglob("*"):
            name = path.relative_to(tree).as_posix()
            text = UNPACK.get(path.suffix, bytes)(path.read_bytes()) if path.is_file() else b""
            if any(word.encode() in text or word in name for word in words) and not name.startswith(without):
                found.add(name)
        return found

    def titles(self, tree: Path, slug: str) -> set[str]:
        return {entry.title for entry in feedparser.parse((tree / slug / "atom.xml").read_bytes()).entries}


def filled(mill: Mill) -> Mill:
    """Enough for archives; of the shared source two articles say themselves that they are Board's."""
    mill.save("gazette", *range(7))
    mill.save("minutes", *range(7))
    mill.save("shared", 0, 2, 3, 4, 6)
    mill.save("shared", 1, 5, own=("Board",))
    mill.publish()
    return mill
