"""Sources that the config names no more: nothing of their pages is left, and all of it returns with them."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from clocks import Clock
from feeds import pipeline
from feeds.errors import OutputError
from feeds.pipeline import edition
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


def pages(mill: Mill) -> set[str]:
    return {path for path in mill.tree() if path.startswith(("articles/", "sources/"))}


def test_one_page_that_cannot_be_removed_keeps_no_other(published: Mill) -> None:
    mill = published
    for path in ("sources/gazette/index.html", min(each for each in of_gazette(mill) if each.startswith("articles/"))):
        (mill.output / path).unlink()
        (mill.output / path).mkdir()
    mill.text = PAGES.partition("sources:")[0] + "sources: []\n"
    mill.refresh()
    with pytest.raises(OutputError) as told:
        mill.publish()
    assert str(told.value).count("a folder stands where this file should be") == 2
    assert {path for path in pages(mill) if "gazette/archive" not in path} == set()


def test_who_still_follows_an_older_config_takes_nothing_away(published: Mill) -> None:
    mill, before = published, pages(published)
    mill.text = ALONE
    older = mill.settings
    daemon = pipeline.Publisher(mill.store)
    for _time in range(2):
        daemon.publish(older, is_all=True)
    assert pages(mill) == before
    mill.text = PAGES
    mill.round()
    assert pages(mill) == before


def test_what_was_written_by_a_process_that_died_over_it_is_removed(
    published: Mill, monkeypatch: pytest.MonkeyPatch
) -> None:
    mill = published
    mill.text = ALONE
    mill.round()
    mill.text = PAGES
    mill.refresh()
    with monkeypatch.context() as patch:
        patch.setattr(edition.shelves, "record_written", interrupted)
        with pytest.raises(KeyboardInterrupt):
            mill.publish()
    assert of_gazette(mill)
    mill.text = ALONE
    mill.round()
    assert {path for path in pages(mill) if path in of_gazette(mill)} == set()
    assert len([path for path in pages(mill) if path.startswith("articles/")]) == 1


def interrupted(*_arguments: object, **_more: object) -> None:
    raise KeyboardInterrupt


def test_nothing_more_is_removed_once_all_is_to_stop(published: Mill) -> None:
    mill = published
    mill.text = ALONE
    mill.refresh()
    asked = count()
    pipeline.Publisher(mill.store).publish(mill.settings, is_all=True, is_stopping=lambda: next(asked) > 5)
    assert of_gazette(mill)
    mill.publish()
    assert of_gazette(mill) == set()


def test_what_is_answered_for_a_source_that_was_removed_meanwhile_is_shown_nowhere(published: Mill) -> None:
    mill = published
    mill.feed(*TITLES, "latest")
    started = pipeline.start_round(mill.store, mill.settings, mill.settings.sources, clock=mill.clock, force=True)
    mill.text = ALONE
    pipeline.prepare(mill.store, mill.settings)
    mill.publish()
    assert [each.new for each in started.refreshes] == [0, 1]
    mill.round()
    assert not any(b"gazette.example/" in content for content, _when in mill.tree().values())
    mill.text = PAGES
    mill.round()
    assert any(b"gazette.example/latest" in content for content, _when in mill.tree().values())


def test_one_category_published_alone_takes_nothing_away(published: Mill) -> None:
    mill = published
    mill.text = ALONE
    mill.refresh()
    (news,) = [each for each in pipeline.published(mill.store, mill.settings) if each and each.name == "News"]
    pipeline.publish(mill.store, mill.settings, [news])
    assert (mill.output / "sources/gazette/index.html").exists()
