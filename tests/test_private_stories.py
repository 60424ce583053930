"""A story that some tell in private: nobody else is told of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from feeds import pipeline
from ferry import NAMES, also, arrive, begun, item, shown
from mill import Mill
from storage import Store

BOARD = """
site: {title: Evening Mill, url: "https://mill.example/"}
pages: {articles: true}
categories: [World, {name: Board, private: {path: q7zr0w2m9k4x8v1t5n3b}}]
sources:
  - {name: author, path: author.xml, categories: [World]}
  - {name: planet, path: planet.xml, categories: [World]}
  - {name: digest, path: digest.xml, categories: [World]}
"""


@pytest.fixture
def mill(tmp_path: Path, store: Store) -> Mill:
    return begun(tmp_path, store)


def arrive_apart(mill: Mill) -> None:
    """Each tells the story at an address of its own; the author first, the digest last."""
    for hours, name in enumerate(NAMES):
        arrive(mill, name, item(name, link=f"https://{name}.example/1", hours=9 - hours))


def public(mill: Mill) -> str:
    """All that everybody can read."""
    files = [path for path in mill.output.rglob("*.*") if path.suffix in {".xml", ".json", ".html", ".opml"}]
    return "\n".join(path.read_text() for path in files if "q7zr0w2m9k4x8v1t5n3b" not in path.as_posix())


@pytest.mark.parametrize("hidden", ["author", "planet"])
@pytest.mark.parametrize("is_private_first", [True, False])
def test_no_public_feed_or_page_names_who_tells_it_in_private(mill: Mill, hidden: str, is_private_first: bool):
    mill.text = BOARD
    apart = BOARD.replace(f"path: {hidden}.xml, categories: [World]", f"path: {hidden}.xml, categories: [Board]")
    if is_private_first:
        mill.text = apart
    arrive_apart(mill)
    mill.publish()
    assert (f"{hidden}.example" in public(mill)) is not is_private_first
    mill.text = apart
    pipeline.prepare(mill.store, mill.settings)
    mill.publish()
    assert f"{hidden}.example" not in public(mill)
    left = [name for name in NAMES if name != hidden]
    assert shown(mill, "World") == shown(mill) == left[:1]
    assert [title for title, _href in also(mill)] == left[1:]
    assert shown(mill, "Board") == [hidden]
    assert "related" not in (mill.output / "q7zr0w2m9k4x8v1t5n3b/atom.xml").read_text()
    mill.text = BOARD
    pipeline.prepare(mill.store, mill.settings)
    assert shown(mill, "World") == ["author"]
    assert len(also(mill)) == 2


def test_in_a_private_category_a_story_is_shown_once_as_well(mill: Mill):
    mill.text = BOARD.replace("[World]}", "[Board, World]}")
    arrive_apart(mill)
    mill.publish()
    assert (shown(mill, "Board"), shown(mill, "World")) == (["author"], [])
    assert ".example/1" not in public(mill)
    assert [title for title, _href in also(mill, "q7zr0w2m9k4x8v1t5n3b/atom.xml")] == ["digest", "planet"]
