"""What Atom can carry is not lost: mills that read one another publish the same entries, however many there are."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import etree

from builders import WEDNESDAY, config
from clocks import Clock
from feeds import pipeline, settings
from feeds.normalizing.text import plain_text
from feeds.records import Article, Link, Person, Text, replace
from storage import Store, articles, open_store

DOCUMENTS = Path(__file__).parent / "documents"
ATOM = "{http://www.w3.org/2005/Atom}"
NAMES = (
    "atom10", "atom10_content", "atom10_source", "rss10", "rss20", "rss20_authors", "rss20_media", "rss20_podcast",
    "podcast", "video_channel", "extensions_hostile",
)  # fmt: skip

# A mill's own affairs: where it has an article from, under which name, when it was read.
OWN = {"source", "guid", "minted_id", "raw_digest", "fingerprint", "path", "date_from", "categories", "own_categories"}


@dataclass
class Mill:
    folder: Path
    settings: settings.Settings
    store: Store

    @property
    def feed(self) -> Path:
        return self.folder / "public" / "atom.xml"

    def articles(self) -> dict[str, Article]:
        with self.store.read() as db:
            return {one.atom_id: one for one in articles.stored(db)}

    def entries(self) -> list[bytes]:
        """The entries as they stand in its feed, byte for byte."""
        return [etree.tostring(entry) for entry in etree.parse(self.feed).iter(f"{ATOM}entry")]


@contextmanager
def mill(folder: Path, *documents: Path) -> Iterator[Mill]:
    """A mill that has read these documents, each a source, and published what they brought."""
    folder.mkdir()
    lines = [
        f"  - {{name: s{n}-{path.stem}, path: {path}, base_url: 'https://gazette.example/'}}\n"
        for n, path in enumerate(documents)
    ]
    host = f"https://{folder.name}.example/"
    text = f"site: {{title: Mill, url: '{host}', language: en}}\nsources:\n{''.join(lines)}"
    found = settings.load(config(folder, text), environ={})
    store = open_store(f"sqlite:///{folder}/feedmill.db")
    try:
        started = pipeline.start_round(store, found, found.sources, clock=Clock(WEDNESDAY))
        assert {(done.status, done.problem) for done in started.refreshes} <= {("fetched", "")}
        pipeline.publish(store, found)
        yield Mill(folder, found, store)
    finally:
        store.close()


@pytest.fixture
def mills(tmp_path: Path) -> Iterator[list[Mill]]:
    """One mill that reads sources, and three that read one another."""
    given = tmp_path / "given"
    given.mkdir()
    documents = [Path(shutil.copy(DOCUMENTS / f"{name}.xml", given)) for name in NAMES]
    with (
        mill(tmp_path / "north", *documents) as first,
        mill(tmp_path / "east", first.feed) as second,
        mill(tmp_path / "south", second.feed) as third,
        mill(tmp_path / "west", third.feed) as fourth,
    ):
        yield [first, second, third, fourth]


def carried(article: Article) -> Article:
    """What Atom carries of an article, and what RFC 4287 makes of it where a source does not say."""
    blank = {name: () if isinstance(getattr(article, name), tuple) else "" for name in OWN}
    links = {link for link in article.links if link.rel != "self"}  # not ours to repeat
    if article.url and not any(link.rel == "alternate" and link.href == article.url for link in links):
        links.add(Link(href=article.url, media_type="text/html"))
    # Section 4.2.11 wants a source dated, and section 4.2.1 somebody to have written it: the source itself, if no one.
    # Who reads it from us is told by the entry what the source's own document says of itself.
    origin = replace(article.origin, updated=article.origin.updated or article.updated, is_stated=False)
    unsigned = (Person(name=plain_text(Text(value=origin.title))),)
    return replace(
        article,
        **blank,  # type: ignore[arg-type]
        decoded="",
        revised_at=None,
        links=tuple(sorted(links, key=repr)),
        authors=article.authors or unsigned,
        origin=replace(origin, authors=origin.authors or (() if article.authors else unsigned)),
    )


def test_three_rounds_through_our_own_atom_lose_nothing(mills: list[Mill]) -> None:
    first, *others = (one.articles() for one in mills)
    assert len(first) > 20
    for other in others:
        assert other.keys() == first.keys()
        for atom_id, article in first.items():
            assert carried(other[atom_id]) == carried(article)
    everything = first.values()
    for name in ("authors", "enclosures", "extensions", "links", "tags", "rights", "image", "language", "summary_html"):
        assert any(getattr(article, name) for article in everything), name  # or the test says nothing of it
    assert any(article.updated > article.published for article in everything)
    assert any(article.origin.rights for article in everything)


def test_an_entry_that_has_been_through_once_stays_the_same_bytes(mills: list[Mill]) -> None:
    _first, second, third, fourth = (one.entries() for one in mills)
    assert len(second) > 20
    assert second == third == fourth


def test_a_language_that_nobody_could_tell_stays_unknown(mills: list[Mill]) -> None:
    assert b'xml:lang="und"' in mills[0].feed.read_bytes()
    assert {article.language for one in mills for article in one.articles().values()} & {"und"} == set()
