"""A mill over real folders: files in, feeds out. Only the clock is ours."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import feedparser

from builders import config
from clocks import Clock
from feeds import pipeline, settings
from feeds.records import Refresh
from storage import Store

# Feeds alone: pages name each other, so that more of them move together.
CONFIG = """
site: {title: Evening Mill, url: "https://mill.example/"}
pages: false
sources:
  - {name: desk, path: desk, categories: [News]}
  - {name: gazette, path: gazette.xml, categories: [World]}
"""


@dataclass
class Mill:
    """A folder with a config, sources, a store and what is published."""

    folder: Path
    clock: Clock
    store: Store
    text: str = CONFIG

    @property
    def settings(self) -> settings.Settings:
        return settings.load(config(self.folder, self.text), environ={})

    @property
    def output(self) -> Path:
        return self.folder / "public"

    def article(self, name: str, body: str = "Text.", **front: str) -> None:
        lines = "".join(
            f"{key}: {value}\n" for key, value in {"title": name, "date": "2026-11-01 08:00:00", **front}.items()
        )
        self.put(f"desk/{name}.md", f"---\n{lines}---\n\n{body}\n")

    def put(self, path: str, content: str | bytes) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())

    def feed(self, *titles: str) -> None:
        items = "".join(
            f"<item><title>{t}</title><guid>https://gazette.example/{t}</guid><pubDate>Sun, 01 Nov 2026 09:00:00 GMT</pubDate></item>"
            for t in titles
        )
        self.put("gazette.xml", f'<rss version="2.0"><channel><title>Gazette</title>{items}</channel></rss>')

    def refresh(self, *names: str, force: bool = False, revive: bool = False) -> dict[str, Refresh]:
        wanted = [source for source in self.settings.sources if not names or source.name in names]
        started = pipeline.start_round(self.store, self.settings, wanted, clock=self.clock, force=force, revive=revive)
        done = list(started.refreshes)
        assert len(done) == started.total
        return {refresh.source: refresh for refresh in (*done, *started.waiting)}

    def publish(self) -> list[str]:
        """The paths that were considered for writing."""
        return [publication.path for publication in pipeline.publish(self.store, self.settings)]

    def round(self) -> dict[str, Refresh]:
        done = self.refresh()
        self.publish()
        return done

    def titles(self, path: str = "atom.xml") -> set[str]:
        return {entry.title for entry in feedparser.parse((self.output / path).read_bytes()).entries}

    def tree(self) -> dict[str, tuple[bytes, int]]:
        """Every published file: its bytes, and when it was written. Without the compressed variants beside them."""
        return {
            path.relative_to(self.output).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in self.output.rglob("*.*")
            if path.is_file() and not path.name.startswith(".") and path.suffix not in {".gz", ".br"}
        }

    def moved(self, before: dict[str, tuple[bytes, int]]) -> set[str]:
        """The files written since."""
        return {path for path, seen in self.tree().items() if before.get(path) != seen}
