"""Sources that the config names no more: nothing of their pages is left, and all of it returns with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from clocks import Clock
from feeds import pipeline
from feeds.errors import OutputError
from mill import CONFIG, Mill
from storage import Store

PAGES = CONFIG.replace("pages: false", "pages: {articles: true}")
ALONE = PAGES.replace("  - {name: gazette, path: gazette.xml, categories: [World]}\n", "")
TITLES = [f"t{number}" for number in range(120)]  # more than a page shows


@pytest.fixture
def published(tmp_path: Path, store: Store) -> Mill:
    mill = Mill(tmp_path, Clock(), store, PAGES)
    mill.article("ours")
    mill.feed(*TITLES)
    mill.round()
    return mill


def of_gazette(mill: Mill) -> set[str]:
    return {path for path, (content, _when) in mill.tree().items() if b"gazette.example/t" in content}


def test_the_pages_of_a_source_and_of_its_articles_leave_with_it_and_return(published: Mill) -> None:
    mill, before = published, set(published.tree())
    assert "sources/gazette/archive/000001/index.html" in before
    mill.text = ALONE
    mill.round()
    # A feed that readers subscribed to stays where it is, without them.
    assert of_gazette(mill) == set()
    left = set(mill.tree())
    assert not [path for path in left if path.startswith("sources/gazette")]
    assert not (mill.output / "sources/gazette").exists()
    assert len([path for path in left if path.startswith("articles/")]) == 1
    assert "sources/desk/index.html" in left
    seen = mill.tree()
    mill.round()
    assert mill.moved(seen) == set()

    mill.text = PAGES
    mill.round()
    after = set(mill.tree())
    assert not [path for path in before - after if "archive/" not in path]
    # Archive documents have new numbers: those of before were read, and are not to change their meaning.
    assert "sources/gazette/archive/000002/index.html" in after
    assert len([path for path in after if path.startswith("articles/")]) == 121


def test_what_cannot_be_removed_is_told_and_removed_later(published: Mill) -> None:
    mill = published
    page = mill.output / "sources/gazette/index.html"
    page.unlink()
    page.mkdir()
    mill.text = ALONE
    mill.refresh()
    with pytest.raises(OutputError, match="a folder stands where this file should be"):
        mill.publish()
    page.rmdir()
    mill.publish()
    assert of_gazette(mill) == set()


def test_one_category_published_alone_takes_nothing_away(published: Mill) -> None:
    mill = published
    mill.text = ALONE
    mill.refresh()
    (news,) = [each for each in pipeline.published(mill.store, mill.settings) if each and each.name == "News"]
    pipeline.publish(mill.store, mill.settings, [news])
    assert (mill.output / "sources/gazette/index.html").exists()
