"""What the sources that a list names are called: the same for as long as it names them, whatever else it does."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from builders import config
from feeds import pipeline, settings
from feeds.records import Subscription
from storage import Store, lists

CONFIG = """
sources:
  - {name: friends, kind: opml, url: "https://friends.example/list.opml"}
"""
RSS, XML, ATOM = (f"https://a.example/feed.{kind}" for kind in ("rss", "xml", "atom"))


class Mill:
    def __init__(self, folder: Path, store: Store) -> None:
        self.folder, self.store, self.text = folder, store, CONFIG

    @property
    def names(self) -> dict[str, str]:
        """By address, as a round sees them."""
        complete = pipeline.complete(self.store, settings.load(config(self.folder, self.text), environ={}))
        pipeline.prepare(self.store, complete)
        return {source.url: source.name for source in complete.sources if source.listed_by}

    def reads(self, *urls: str, of: str = "friends") -> None:
        """A list is read, and names these."""
        with self.store.begin() as db:
            lists.replace_list(db, of, [Subscription(url=url) for url in urls])


@pytest.fixture
def mill(store: Store, tmp_path: Path) -> Mill:
    mill = Mill(tmp_path, store)
    assert mill.names == {}
    return mill


def test_they_are_called_by_their_addresses_each_unlike_all_others(mill: Mill) -> None:
    mill.text += '  - {name: a.example/feed, url: "https://b.example/"}\n'
    mill.reads(RSS, XML)
    assert mill.names == {RSS: "a.example/feed-2", XML: "a.example/feed-3"}


@pytest.mark.parametrize("left", [(XML, ATOM), (ATOM,), (XML,), (RSS, ATOM)])
def test_one_stays_what_it_is_called_when_others_leave_or_come(mill: Mill, left: Sequence[str]) -> None:
    mill.reads(RSS, XML)
    before = mill.names
    mill.reads(XML, RSS, ATOM)
    before |= mill.names
    assert list(before.values()) == ["a.example/feed", "a.example/feed-2", "a.example/feed-3"]
    mill.reads(*left)
    assert mill.names == {url: before[url] for url in left}


def test_one_that_two_lists_name_stays_what_it_is_called_when_one_of_them_drops_it(mill: Mill) -> None:
    mill.text += '  - {name: others, kind: opml, url: "https://others.example/list.opml"}\n'
    assert mill.names == {}
    mill.reads(RSS, XML)
    mill.reads(XML, of="others")
    assert mill.names[XML] == "a.example/feed-2"
    mill.reads(RSS)
    assert mill.names[XML] == "a.example/feed-2"


def test_one_that_another_list_names_first_now_stays_what_it_is_called(mill: Mill) -> None:
    mill.reads(RSS, XML)
    assert mill.names[XML] == "a.example/feed-2"
    mill.reads(XML)
    mill.text += '  - {name: all, kind: opml, url: "https://all.example/list.opml"}\n'
    assert mill.names == {XML: "a.example/feed-2"}
    mill.reads(XML, of="all")
    assert mill.names == {XML: "a.example/feed-2"}


def test_a_name_that_the_config_gives_to_another_is_that_ones(mill: Mill) -> None:
    mill.reads(XML)
    assert mill.names == {XML: "a.example/feed"}
    mill.text += '  - {name: a.example/feed, url: "https://b.example/"}\n'
    assert mill.names == {XML: "a.example/feed-2"}
    mill.text = CONFIG
    assert mill.names == {XML: "a.example/feed-2"}
