"""A mill whose sources answer what a test says, when it says so: for what is made of kept documents."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, select

from builders import config
from clocks import Clock
from commanding import run
from feeds import pipeline, settings
from feeds.normalizing.categories import slugs
from feeds.pipeline.preparing import prepare
from feeds.pipeline.refreshing import Refreshing
from feeds.pipeline.storing import Visit
from feeds.records import Body, Fetched, Refresh, replace
from storage import Store, articles, documents, open_store, saving, sources, tables

HOUR = timedelta(hours=1)
SITE = 'site: {title: Mill, url: "https://mill.example/"}\n'


@dataclass
class Mill:
    """A store, a config, and sources that answer what a test says."""

    folder: Path
    store: Store
    clock: Clock = field(default_factory=Clock)
    extra: str = ""
    fetch: str = "{documents: {keep: 50}}"
    of_gazette: str = "categories: [News]"
    without_gazette: bool = False
    more: str = ""  # sources
    pages: str = "false"

    @property
    def settings(self) -> settings.Settings:
        gazette = f'  - {{name: gazette, url: "https://gazette.example/feed?key=sesame-open", {self.of_gazette}}}\n'
        text = (
            f"{SITE}pages: {self.pages}\ndatabase: sqlite:///mill.db\noutput: public\nfetch: {self.fetch}\n{self.extra}\nsources:\n"
            f"{'' if self.without_gazette else gazette}"
            '  - {name: desk, url: "https://desk.example/feed", categories: [World]}\n'
            f"{self.more}"
        )
        return settings.load(config(self.folder, text), environ={})

    def answer(self, name: str, content: bytes, *, charset: str = "") -> Refresh:
        """What a source sends now, taken in as a refresh takes it."""
        every = self.settings
        prepare(self.store, every)
        source = next(each for each in every.sources if each.name == name)
        with self.store.read() as db:
            state = sources.states(db)[name]
        sent = Fetched(bodies=(Body(content=content, url=f"https://{name}.example/feed", charset=charset),))
        running = Refreshing(self.store, every, clock=self.clock)
        (refresh,) = running.take_in(Visit(source=source, state=state, result=sent))
        running.flush()
        return refresh

    def replay(self, *names: str) -> tuple[int, int]:
        """How many articles came new, and how many were revised."""
        every = self.settings
        prepare(self.store, every)
        wanted = [each for each in every.sources if not names or each.name in names]
        done = list(pipeline.replay(self.store, every, wanted, now=self.clock.moment))
        assert not [problem for one in done for problem in one.problems]
        return sum(one.saved.new for one in done), sum(one.saved.revised for one in done)

    def without_articles(self, folder: Path) -> Mill:
        """A mill of the same config whose store holds nothing but the documents that this one's keeps."""
        folder.mkdir()
        other = dataclasses.replace(self, folder=folder, store=open_store(f"sqlite:///{folder}/mill.db"))
        prepare(other.store, other.settings)
        of_name = select(tables.sources.c.name, tables.sources.c.id)
        with self.store.read() as db:
            names = {row.id: row.name for row in db.execute(of_name)}
            rows = [row._asdict() for row in db.execute(select(tables.documents))]
        with other.store.begin() as db:
            ids = {row.name: row.id for row in db.execute(of_name)}
            db.execute(insert(tables.documents), [row | {"source_id": ids[names[row["source_id"]]]} for row in rows])
        return other

    def publish(self) -> dict[str, bytes]:
        """All that is published now."""
        every = self.settings
        prepare(self.store, every)
        pipeline.publish(self.store, every)
        return {
            path.relative_to(every.output).as_posix(): path.read_bytes()
            for path in every.output.rglob("*")
            if path.is_file() and not path.name.startswith(".")
        }

    def stored_by_an_older_version(self, guid: str, *, made_of: int | None = None, **differently: Any) -> None:
        """What the store holds of an article is what a version with other faults would have made of it."""
        with self.store.begin() as db:
            (one,) = (each for each in articles.stored(db, source="gazette") if each.guid == guid)
            old = replace(one, fingerprint="of then", raw_digest="of then", **differently)
            saving.save(
                db,
                saving.Batch(source="gazette", articles=[old], now=self.clock.moment, document_id=made_of),
                slugs=slugs,
            )

    def titles(self) -> dict[str, str]:
        with self.store.read() as db:
            return {one.guid: one.title for one in articles.stored(db)}

    def kept(self) -> list[tuple[int, str]]:
        with self.store.read() as db:
            return documents.rows(db, ["gazette", "desk"])


def item(number: int, title: str = "", text: str = "", *, date: str = "01 Nov 2026 09:00:00 GMT", tag: str = "") -> str:
    dated = f"<pubDate>{date}</pubDate>" if date else ""
    return (
        f"<item><guid>urn:gazette:{number}</guid><link>https://gazette.example/{number}</link>{dated}"
        f"<title>{title or f'Stone {number}'}</title>{f'<category>{tag}</category>' if tag else ''}"
        f"<description>{text or f'The stone turns {number} times.'}</description></item>"
    )


def feed(*items: str) -> bytes:
    return f'<rss version="2.0"><channel><title>Gazette</title>{"".join(items)}</channel></rss>'.encode()


def command(mill: Mill, capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    assert mill.settings  # which writes the config
    capsys.readouterr()
    code = run(["--config", str(mill.folder / "config.yaml"), *words])
    out, err = capsys.readouterr()
    return code, out, err
