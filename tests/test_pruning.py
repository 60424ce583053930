"""What `keep` and `keep_for` let go of goes, and stays away however its source goes on. Only the clock is ours."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from builders import MONDAY, TUESDAY, config, entry
from clocks import Clock
from feeds import normalizing, pipeline, settings
from feeds.errors import SettingsError
from feeds.normalizing import identity
from feeds.publishing.pages import path_of
from feeds.records import Known, Refresh
from mill import Mill
from statements import statements
from storage import articles, open_store, sources

HOUR = timedelta(hours=1)
CONFIG = """
site: {title: Evening Mill, url: "https://mill.example/"}
sources:
  - {name: gazette, path: gazette.xml, categories: [World], %s}
"""


@pytest.fixture
def mill(tmp_path: Path) -> Iterator[Mill]:
    one = Mill(tmp_path, Clock(), open_store(f"sqlite:///{tmp_path}/feedmill.db"), text=CONFIG % "keep: 2")
    yield one
    one.store.close()


def item(title: str, *, guid: str = "", link: str = "", hours: int = 0) -> str:
    date = (MONDAY - hours * HOUR).strftime("%a, %d %b %Y %H:%M:%S GMT")
    guid = guid or f"https://gazette.example/{title}"
    return f"<item><title>{title}</title><guid>{guid}</guid><link>{link or guid}</link><pubDate>{date}</pubDate></item>"


def serve(mill: Mill, *items: str) -> None:
    document = f'<rss version="2.0"><channel><title>Gazette</title>{"".join(items)}</channel></rss>'
    mill.put("gazette.xml", document)


def prune(mill: Mill, **limits: int) -> pipeline.pruning.Pruned:
    return pipeline.prune(mill.store, mill.settings, now=mill.clock.now(), **limits)


def round_(mill: Mill) -> Refresh:
    """What `feedmill fetch` does, a little later than the last time."""
    mill.clock.moment += 2 * HOUR
    (refresh,) = mill.refresh(force=True).values()
    assert refresh.status == "fetched", refresh.problem
    prune(mill)
    mill.publish()
    return refresh


def kept(mill: Mill) -> list[str]:
    with mill.store.read() as db:
        return [one.title for one in articles.stored(db)]


def test_an_entry_that_its_source_still_lists_never_returns_as_new(mill: Mill):
    serve(mill, *(item(f"{hours}", hours=hours) for hours in range(4)))
    assert round_(mill).new == 4
    assert kept(mill) == ["0", "1"]
    serve(mill, *(item(f"{hours}", hours=hours) for hours in range(4)), "<!-- moved -->")
    assert (round_(mill).new, kept(mill)) == (0, ["0", "1"])
    serve(mill, *(item(f"{hours}", hours=hours).replace("</item>", "<author>x</author></item>") for hours in range(4)))
    refresh = round_(mill)
    assert (refresh.new, kept(mill)) == (0, ["0", "1"])


def test_what_went_stays_away_when_the_rule_is_taken_out_again(mill: Mill):
    serve(mill, *(item(f"{hours}", hours=hours) for hours in range(4)))
    round_(mill)
    mill.text = CONFIG % "keep: 100"
    serve(mill, *(item(f"{hours}", hours=hours) for hours in range(5)))
    assert round_(mill).new == 1
    assert kept(mill) == ["0", "1", "4"]


def test_what_is_too_old_is_never_published(mill: Mill):
    mill.text = CONFIG % "keep_for: 3h"
    serve(mill, item("Fresh"), item("Stale", hours=2))
    assert round_(mill).new == 2
    assert mill.titles() == mill.titles("world/atom.xml") == {"Fresh"}


def test_what_grows_too_old_leaves_the_feeds(mill: Mill):
    mill.text = CONFIG % "keep_for: 3h"
    serve(mill, item("Fresh"), item("Older", hours=1))
    mill.refresh()
    mill.publish()
    assert mill.titles("world/atom.xml") == {"Fresh", "Older"}
    mill.clock.moment += 3 * HOUR
    pruned = prune(mill)
    assert (pruned.articles, pruned.categories) == (1, {"World": 1})
    assert "world/atom.xml" in mill.publish()
    assert mill.titles("world/atom.xml") == {"Fresh"}


def test_in_a_changelog_whose_entries_share_guid_and_link_none_returns(mill: Mill):
    page = "https://gazette.example/changes"
    listed = [item(f"{hours}", guid=page, link=page, hours=hours) for hours in range(4, -1, -1)]
    serve(mill, *listed)
    round_(mill)
    assert kept(mill) == ["0", "1"]
    serve(mill, *listed, "<!-- moved -->")
    assert (round_(mill).new, kept(mill)) == (0, ["0", "1"])
    serve(mill, *listed, item("Next", guid=page, link=page))
    assert round_(mill).new == 1


def test_a_new_file_that_shares_the_guid_of_one_that_went_is_an_article_of_its_own(mill: Mill):
    mill.text = (CONFIG % "keep: 1").replace("gazette.xml", "desk")
    mill.article("First", id="one", date="2026-10-01 08:00:00")
    mill.article("Second", id="two", date="2026-10-02 08:00:00")
    round_(mill)
    assert kept(mill) == ["Second"]
    mill.article("Third", id="one", date="2026-10-03 08:00:00")
    assert round_(mill).new == 1
    assert kept(mill) == ["Third"]


def test_a_source_renamed_in_the_config_does_not_bring_back_what_went(mill: Mill):
    serve(mill, *(item(f"{hours}", hours=hours) for hours in range(4)))
    round_(mill)
    mill.text = mill.text.replace("gazette,", "courier,")
    serve(mill, *(item(f"{hours}", hours=hours) for hours in range(4)), "<!-- moved -->")
    refresh = round_(mill)
    assert (refresh.source, refresh.new, kept(mill)) == ("courier", 0, ["0", "1"])


def test_a_source_that_brings_nothing_but_what_went_is_still_the_same_feed(mill: Mill):
    mill.text = CONFIG % "keep_for: 1h"
    serve(mill, item("Stale", hours=9))
    round_(mill)
    serve(mill, item("Stale", hours=9), "<!-- moved -->")
    refresh = round_(mill)
    assert (refresh.status, refresh.new, refresh.problem, kept(mill)) == ("fetched", 0, "", [])


def pages(mill: Mill) -> list[Path]:
    return sorted((mill.output / "articles").rglob("*.*"))


@pytest.mark.parametrize("later", ["{articles: true}", "false"])
def test_the_page_of_what_went_goes_as_well(mill: Mill, later: str):
    text = mill.text
    mill.text = text.replace("keep: 2", "keep: 9") + "pages: {articles: true}\n"
    serve(mill, *(item(f"N{hours}", hours=hours) for hours in range(4)))
    round_(mill)
    before = pages(mill)
    assert len(before) >= 4
    mill.text = text + f"pages: {later}\n"
    prune(mill)
    assert len([path for path in pages(mill) if path.suffix == ".html"]) == 2
    assert set(pages(mill)) < set(before)  # with their compressed variants


def test_what_has_a_page_that_cannot_be_removed_waits(mill: Mill):
    text = mill.text
    mill.text = text.replace("keep: 2", "keep: 9") + "pages: {articles: true}\n"
    serve(mill, *(item(f"N{hours}", hours=hours) for hours in range(3)))
    round_(mill)
    mill.text = text + "pages: {articles: true}\n"
    with mill.store.read() as db:
        page = mill.output / path_of(articles.stored(db)[-1].atom_id)
    content = page.read_bytes()
    page.unlink()
    page.mkdir()  # nobody can unlink a folder, root included
    assert prune(mill).articles == 0
    page.rmdir()
    page.write_bytes(content)
    assert prune(mill).articles == 1
    assert not page.exists()


def test_the_rule_of_everyone_and_that_of_a_category_hold_as_well(mill: Mill):
    mill.text = """
site: {title: Evening Mill, url: "https://mill.example/"}
fetch: {keep: 3}
categories: [{name: World, keep: 1}, Local]
sources: [{name: gazette, path: gazette.xml, categories: [World]}]
"""
    serve(mill, *(item(f"{hours}", hours=hours) for hours in range(5)))
    round_(mill)
    assert kept(mill) == ["0"]
    mill.text = mill.text.replace("categories: [World]", "categories: [World, Local]")
    serve(mill, *(item(f"{hours} more", hours=hours) for hours in range(5)))
    round_(mill)
    assert len(kept(mill)) == 3


def test_a_source_that_left_the_config_is_left_alone(mill: Mill):
    serve(mill, *(item(f"{hours}", hours=hours) for hours in range(4)))
    mill.refresh()
    mill.text = CONFIG.split("sources:")[0] + "fetch: {keep: 1}\ncategories: [{name: World, keep: 1}]\n"
    pipeline.prepare(mill.store, mill.settings)
    assert prune(mill).articles == 0
    assert len(kept(mill)) == 4


def test_many_articles_go_in_short_transactions_and_no_more_than_asked_for(mill: Mill):
    serve(mill, *(item(f"{number}", hours=number) for number in range(700)))
    mill.refresh()
    with statements(mill.store) as seen:
        assert prune(mill, limit=300).articles == 300
    assert seen.count("BEGIN IMMEDIATE") == 2
    with statements(mill.store) as seen:
        assert prune(mill).articles == 398
    assert seen.count("BEGIN IMMEDIATE") == 2
    assert kept(mill) == ["0", "1"]


def test_without_a_rule_the_store_is_not_even_asked(mill: Mill):
    mill.text = CONFIG % "max_size: 1MB"
    serve(mill, item("One"))
    mill.refresh()
    with statements(mill.store) as seen:
        assert prune(mill).articles == 0
    assert seen == []


def test_with_nothing_to_do_nobody_has_to_wait_for_us(mill: Mill):
    mill.text = (CONFIG % "keep: 2, keep_for: 1y") + "categories: [{name: World, keep: 2}]\n"
    serve(mill, item("One"), item("Two", hours=1))
    mill.refresh()
    with statements(mill.store) as seen:
        assert prune(mill).articles == 0
    assert "BEGIN IMMEDIATE" not in seen
    assert len(seen) <= 4


def test_states_of_sources_are_not_touched(mill: Mill):
    serve(mill, *(item(f"{hours}", hours=hours) for hours in range(4)))
    mill.refresh()
    with mill.store.read() as db:
        before = sources.states(db)
    mill.clock.moment = TUESDAY
    assert prune(mill).articles == 2
    with mill.store.read() as db:
        assert sources.states(db) == before


def test_what_is_gone_is_left_out_before_anything_is_normalized():
    (candidate,) = identity.candidates([entry()])
    gone = Known(guid=candidate.guid, url="", title="", raw_digest="", is_gone=True)
    entries = identity.identify([candidate], {})
    assert list(normalizing.changes(entries, {})) == [candidate.guid]
    assert normalizing.changes(entries, {candidate.guid: gone}) == {}


def test_the_rules_of_everyone_hold_unless_a_source_has_its_own(tmp_path: Path):
    text = """
fetch: {keep: 500, keep_for: 2y}
categories: [Plain, {name: World, keep: "10", keep_for: 90d}]
sources: [{path: a}, {path: b, keep: 7}, {path: c, keep_for: 1h}]
"""
    loaded = settings.load(config(tmp_path, text), environ={})
    year, day = timedelta(days=365), timedelta(days=1)
    kept = [(one.keep, one.keep_for) for one in (*loaded.sources, *(loaded.categories or ()), loaded.defaults)]
    assert kept == [(500, 2 * year), (7, 2 * year), (500, HOUR), (None, None), (10, 90 * day), (500, 2 * year)]


def test_without_a_word_everything_is_kept(tmp_path: Path):
    loaded = settings.load(config(tmp_path, "sources: [{path: a}]"), environ={})
    assert (loaded.sources[0].keep, loaded.sources[0].keep_for) == (None, None)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("keep: 0", "not between 1 and 1000000000; leave the key out, and every article is kept"),
        ("keep: 9999999999", "not between 1 and 1000000000"),
        ("keep: -1", "not between 1 and 1000000000"),
        ("keep: all", "'all' where a whole number is wanted"),
        ("keep: true", "where a whole number is wanted"),
        ("keep_for: 0s", "not between 1h and 1000y; write for instance 90d or 2y"),
        ("keep_for: 999999y", "is longer than 1000y"),
        ("keep_for: 90", "has no unit"),
    ],
)
@pytest.mark.parametrize("place", ["fetch: {%s}", "categories: [{name: A, %s}]", "sources: [{path: a, %s}]"])
def test_a_rule_that_cannot_be_meant_is_a_complaint_with_its_line(tmp_path: Path, written, words, place):
    with pytest.raises(SettingsError) as complaint:
        settings.load(config(tmp_path, place % written), environ={})
    assert words in str(complaint.value)
    assert f".{written.partition(':')[0]}: " in str(complaint.value)
    assert "config.yaml:1:" in str(complaint.value)
