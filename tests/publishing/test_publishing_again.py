"""A daemon publishes again and again: mostly it looks at what was touched alone, and misses nothing by that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from builders import MONDAY, article, config
from feeds import pipeline, settings
from feeds.errors import OutputError
from feeds.normalizing.categories import slugs
from feeds.publishing import output
from feeds.settings import Settings
from storage import open_store, saving, shelves

SOURCES = "".join(f"  - {{name: s{number}, path: s{number}, categories: [News]}}\n" for number in range(30))
CONFIG = f'site: {{title: Evening Mill, url: "https://mill.example/"}}\nsources:\n{SOURCES}'


class Mill:
    """A store, its settings, and who publishes it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = open_store(f"sqlite:///{folder}/feedmill.db")
        self.publisher = pipeline.Publisher(self.store)
        self.number = 0
        self.follow(CONFIG)

    def follow(self, text: str) -> None:
        self.settings: Settings = settings.load(config(self.folder, text), environ={})
        pipeline.prepare(self.store, self.settings)

    def save(self, source: str, *categories: str) -> None:
        """Another article."""
        self.number += 1
        of = (*categories, "News")
        new = article(source=source, guid=f"urn:{self.number}", title=f"{self.number}", url="", categories=of)
        with self.store.begin() as db:
            saving.save(db, saving.Batch(source=source, articles=(new,), now=MONDAY), slugs=slugs)

    def publish(self, *, is_all: bool = False) -> set[str]:
        """The paths that moved."""
        done = self.publisher.publish(self.settings, is_all=is_all)
        return {one.path for one in done if one.changed}

    def is_whole(self) -> bool:
        """Whether a look at everything finds nothing to do."""
        return not [one.path for one in pipeline.publish(self.store, self.settings, is_thorough=True)]


@pytest.fixture
def mill(tmp_path: Path) -> Iterator[Mill]:
    """Of which everything is published but an article of the first source."""
    one = Mill(tmp_path)
    for number in range(20):
        one.save(f"s{number}")
    one.publish()
    one.save("s0")
    yield one
    one.store.close()


def test_only_what_was_touched_is_looked_at(mill: Mill, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[str] = []
    is_whole = output.is_whole
    monkeypatch.setattr(output, "is_whole", lambda folder, path: looked.append(path) or is_whole(folder, path))
    moved = mill.publish()
    assert moved > {"atom.xml", "news/atom.xml", "sources/s0/index.html"}
    assert not [path for path in moved if path.startswith("sources/s1")]
    assert looked == []
    assert mill.is_whole()
    assert len(looked) > 20


def test_what_is_missing_comes_back_with_the_next_look_at_everything(mill: Mill) -> None:
    page = mill.settings.output / "sources/s1/index.html"
    page.unlink()
    mill.publish()
    assert not page.exists()
    assert "sources/s1/index.html" in mill.publish(is_all=True)


@pytest.mark.parametrize(
    ("source", "categories", "path"),
    [("s25", (), "sources/s25/index.html"), ("s0", ("Bread",), "bread/atom.xml"), ("s1", (), "sources/s1/index.html")],
)
def test_a_source_or_a_category_that_has_its_first_article_stands_in_the_lists_at_once(
    mill: Mill, source: str, categories: tuple[str, ...], path: str
) -> None:
    mill.save(source, *categories)
    assert path in mill.publish()
    assert f'href="./{path.rpartition("/")[0]}/"' in (mill.settings.output / "index.html").read_text()
    assert mill.is_whole()


@pytest.mark.parametrize(
    "text",
    [
        CONFIG.replace("Evening", "Morning"),
        CONFIG + "pages: false\n",
        CONFIG + "categories: [Board, {name: News, slug: latest}]\n",
        CONFIG + "categories: [{name: News, private: {path: stone-and-water-and-wind}}]\n",
    ],
)
def test_other_settings_are_followed_and_then_what_is_touched(mill: Mill, text: str) -> None:
    mill.follow(text)
    mill.publish()
    assert mill.is_whole()
    mill.save("s0", "Board")
    assert mill.publish()
    assert mill.is_whole()


def test_without_pages_nobody_looks_at_the_shelves_of_sources(mill: Mill, monkeypatch: pytest.MonkeyPatch) -> None:
    mill.follow(CONFIG + "pages: false\n")
    mill.publish()
    mill.save("s1")
    looked: list[shelves.Shelf] = []
    found = shelves.touched
    monkeypatch.setattr(shelves, "touched", lambda db, **how: looked.extend(found(db, **how)) or found(db, **how))
    assert "atom.xml" in mill.publish()
    assert {shelf.key for shelf in looked} == {None, "News"}


def test_after_a_failure_everything_is_looked_at(mill: Mill) -> None:
    lists = mill.settings.output / "feeds.opml"
    lists.unlink()
    lists.mkdir()
    with pytest.raises(OutputError, match=r"feeds\.opml"):
        mill.publish(is_all=True)
    with pytest.raises(OutputError, match=r"feeds\.opml"):
        mill.publish()
    lists.rmdir()
    assert "feeds.opml" in mill.publish()
    assert mill.is_whole()
