"""No public file names a copy that was hidden or withdrawn: also none that is made no more, or names it as it was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from clocks import Clock
from feeds import pipeline
from feeds.pipeline import preparing
from ferry import HOUR, LINK, NAMES, arrive, item, serve
from mill import Mill
from storage import Store, open_store

PATH = "q7zr0w2m9k4x8v1t5n3b"
CONFIG = """
site: {title: Evening Mill, url: "https://mill.example/"}
pages: {articles: true}
categories: [{name: World}, {name: News}, {name: Board, private: {path: q7zr0w2m9k4x8v1t5n3b}}]
sources:
  - {name: author, path: author.xml, categories: [World, News]}
  - {name: planet, path: planet.xml, categories: [World, News]}
  - {name: digest, path: digest.xml, categories: [World]}
"""
AUTHOR = "  - {name: author, path: author.xml, categories: [World, News]}\n"
# What leaves files behind that nobody makes any more.
CHANGES = {
    "the other is removed": (AUTHOR, ""),
    "a category is listed no more": ("{name: News}, ", ""),
    "a slug moves": ("{name: World}", "{name: World, slug: globe}"),
    "articles have no page": ("{articles: true}", "{articles: false}"),
    "there are no pages": ("{articles: true}", "false"),
}


def made(folder: Path, store: Store) -> Mill:
    """The author tells it, and the planet after it, each at an address of its own; the digest is silent."""
    mill = Mill(folder, Clock(), store, text=CONFIG)
    for name in NAMES:
        serve(mill, name)
    arrive(mill, "author", item("author", link="https://author.example/1", hours=9))
    arrive(mill, "planet", item("planet", link="https://planet.example/1", hours=8))
    publish(mill)
    assert len(naming(mill, "planet.example/1", without="sources/")) >= 10  # everything's, World's, News's, pages
    return mill


@pytest.fixture
def mill(tmp_path: Path) -> Iterator[Mill]:
    one = made(tmp_path, open_store(f"sqlite:///{tmp_path}/feedmill.db"))
    yield one
    one.store.close()


def publish(mill: Mill) -> None:
    preparing.prepare(mill.store, mill.settings)
    mill.publish()


def change(mill: Mill, old: str, new: str) -> None:
    assert old in mill.text
    mill.text = mill.text.replace(old, new)
    publish(mill)


def hide(mill: Mill) -> None:
    mill.text = re.sub(r"(name: planet, .*?categories: )\[.*?\]", r"\1[Board]", mill.text)
    publish(mill)
    assert naming(mill, "planet", below=PATH)


def naming(mill: Mill, *words: str, without: str = PATH, below: str = "") -> set[str]:
    """The public files that hold one of these words."""
    return {
        path
        for path, (text, _when) in mill.tree().items()
        if any(word.encode() in text for word in words) and not path.startswith(without if not below else "\0")
        if path.startswith(below)
    }


@pytest.mark.parametrize("what", CHANGES)
def test_no_file_that_is_made_no_more_names_who_tells_it_in_private_now(mill: Mill, what: str):
    change(mill, *CHANGES[what])
    hide(mill)
    assert naming(mill, "planet") == set()
    assert what == "the other is removed" or naming(mill, "author.example/1")


@pytest.mark.parametrize("what", CHANGES)
def test_no_file_that_is_made_no_more_names_a_copy_that_is_withdrawn(mill: Mill, what: str):
    change(mill, *CHANGES[what])
    pipeline.withdraw(mill.store, mill.settings, "https://planet.example/1", now=mill.clock.now())
    assert naming(mill, "planet.example/1") == set()
    assert naming(mill, "also in", "also_in", 'rel="related"') == set()


def test_it_is_the_same_on_each_database(store: Store, tmp_path: Path):
    mill = made(tmp_path, store)
    change(mill, *CHANGES["a category is listed no more"])
    hide(mill)
    assert naming(mill, "planet") == set()


def test_it_is_found_at_its_former_address_and_by_a_former_title(mill: Mill):
    change(mill, *CHANGES["a slug moves"])
    moved = item("planet", link="https://planet.example/moved", hours=8).replace("forty years", "forty-one years")
    mill.put("planet.xml", f'<rss version="2.0"><channel><title>Orbit</title>{moved}</channel></rss>')
    mill.clock.moment += HOUR
    mill.refresh("planet", force=True)
    publish(mill)
    assert naming(mill, "planet.example/moved", below="globe/")
    assert naming(mill, "planet.example/1", below="world/")
    hide(mill)
    assert naming(mill, "planet", "Orbit") == set()


def test_one_that_was_let_go_of_is_found_as_well(mill: Mill):
    change(mill, *CHANGES["a slug moves"])
    mill.text = mill.text.replace("path: planet.xml,", "path: planet.xml, keep_for: 1h,")
    assert pipeline.prune(mill.store, mill.settings, now=mill.clock.now()).articles == 1
    publish(mill)
    assert naming(mill, "planet.example/1", below="world/")
    arrive(
        mill, "planet", item("planet", title="Minutes", text="Of the board.", link="https://planet.example/2", hours=-9)
    )
    hide(mill)
    assert naming(mill, "planet") == set()


def test_one_without_an_address_is_known_by_the_name_of_its_source(tmp_path: Path):
    mill = Mill(tmp_path, Clock(), open_store(f"sqlite:///{tmp_path}/feedmill.db"), text=CONFIG)
    for name in NAMES:
        serve(mill, name)
    arrive(mill, "author", item("author", link="https://author.example/1", hours=9))
    for name in ("planet", "digest"):
        arrive(mill, name, item(name, link="", hours=8))
    publish(mill)
    change(mill, *CHANGES["there are no pages"])
    assert naming(mill, "<bdi>planet</bdi>", below="index.html")
    change(mill, *CHANGES["a slug moves"])
    hide(mill)
    assert naming(mill, "planet") == set()
    assert naming(mill, "digest", below="globe/feed.json")
    mill.store.close()


@pytest.mark.parametrize("gone", ["hidden", "withdrawn"])
def test_others_at_its_address_are_named_as_ever(tmp_path: Path, gone: str):
    mill = Mill(tmp_path, Clock(), open_store(f"sqlite:///{tmp_path}/feedmill.db"), text=CONFIG)
    for name in NAMES:
        serve(mill, name)
    arrive(mill, "author", item("author", hours=9))
    arrive(mill, "digest", item("digest", hours=7))
    publish(mill)
    change(mill, *CHANGES["a slug moves"])  # what is left behind names the digest alone
    arrive(mill, "planet", item("planet", guid="urn:planet", hours=8))
    publish(mill)
    change(mill, "{name: World, slug: globe}", "{name: World, slug: earth}")
    named = f'<link href="{LINK}" rel="related" title="%s"/>'
    assert naming(mill, named % "planet", below="globe/")
    if gone == "hidden":
        hide(mill)
    else:
        pipeline.withdraw(mill.store, mill.settings, "urn:planet", now=mill.clock.now())
    assert naming(mill, 'rel="related" title="planet"') == set()
    assert naming(mill, named % "digest") == {"atom.xml", "earth/atom.xml", "world/atom.xml"}
    assert not list((mill.output / "globe").glob("*.xml"))
    mill.store.close()
