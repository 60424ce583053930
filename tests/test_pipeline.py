"""Rounds over real folders: files in, feeds out. Only the clock is ours."""

from __future__ import annotations

import os
import shutil
from datetime import timedelta
from pathlib import Path

import feedparser
import pytest

from builders import MONDAY, TUESDAY, WEDNESDAY
from clocks import Clock
from feeds import pipeline
from feeds.errors import OutputError
from feeds.normalizing import identity
from feeds.publishing import WRITERS
from feeds.records import Body, Fetched, SourceState
from mill import CONFIG, Mill
from storage import articles, open_store, sources

HOUR = timedelta(hours=1)


def test_a_round_publishes_everything_and_each_category(mill: Mill):
    done = mill.round()
    assert {name: (refresh.status, refresh.new) for name, refresh in done.items()} == {
        "desk": ("fetched", 2), "gazette": ("fetched", 2),
    }  # fmt: skip
    assert done["desk"].categories == ("Local", "News")
    assert mill.titles() == {"Morning", "Noon", "Far", "Away"}
    assert mill.titles("news/atom.xml") == {"Morning", "Noon"}
    assert mill.titles("local/atom.xml") == {"Noon"}
    assert mill.titles("world/atom.xml") == {"Far", "Away"}


def test_a_second_round_changes_no_byte_and_no_modification_time(mill: Mill):
    mill.round()
    before = mill.tree()
    mill.clock.moment = TUESDAY
    assert {refresh.status for refresh in mill.round().values()} == {"unchanged"}
    assert mill.tree() == before


def test_a_file_that_was_copied_without_a_change_changes_no_byte(mill: Mill):
    mill.round()
    before = mill.tree()
    os.utime(mill.folder / "desk/Morning.md", (0, 0))
    os.utime(mill.folder / "gazette.xml", (0, 0))
    done = mill.round()
    assert [(refresh.new, refresh.revised) for refresh in done.values()] == [(0, 0), (0, 0)]
    assert mill.tree() == before


def test_only_the_categories_that_were_touched_are_written(mill: Mill):
    mill.round()
    before = mill.tree()
    mill.feed("Far", "Away", "New")
    assert mill.refresh()["gazette"].new == 1
    touched = {f"{folder}{name}" for folder in ("", "world/") for name in WRITERS}
    assert set(mill.publish()) == touched
    assert mill.moved(before) == touched


def test_a_revised_file_keeps_the_date_it_was_first_published(mill: Mill):
    mill.round()
    mill.clock.moment = TUESDAY
    mill.article("Morning", "Other words.", date="2026-11-02 07:00:00")
    assert mill.round()["desk"].revised == 1
    (entry,) = [e for e in feedparser.parse((mill.output / "atom.xml").read_bytes()).entries if e.title == "Morning"]
    assert (entry.published, entry.updated) == ("2026-11-01T08:00:00Z", "2026-11-02T07:00:00Z")


def test_an_article_that_moves_to_another_category_leaves_the_old_feed(mill: Mill):
    mill.round()
    mill.article("Noon", category="Sports")
    mill.round()
    assert (mill.titles("local/atom.xml"), mill.titles("sports/atom.xml")) == (set(), {"Noon"})


def test_which_source_was_read_first_moves_nothing_in_what_is_published(tmp_path: Path):
    published = []
    for order in (("desk", "gazette"), ("gazette", "desk")):
        folder = tmp_path / order[0]
        folder.mkdir()
        one = Mill(folder, Clock(), open_store(f"sqlite:///{folder}/feedmill.db"))
        for name in ("Morning", "Noon"):
            one.article(name, date="2026-11-01 09:00:00")
        one.feed("Far", "Away")  # of the same second
        for name in order:
            one.refresh(name)
        one.publish()
        published.append({path: content for path, (content, _moved) in one.tree().items()})
        one.store.close()
    assert published[0] == published[1]
    titles = [entry.title for entry in feedparser.parse(published[0]["atom.xml"]).entries]
    assert titles == ["Morning", "Noon", "Far", "Away"]


@pytest.mark.parametrize("path", ["atom.xml", "news/atom.xml"])
def test_a_published_file_that_is_missing_is_written_again_though_nothing_is_new(mill: Mill, path: str):
    mill.round()
    before = mill.tree()
    (mill.output / path).unlink()
    mill.round()
    assert {name: content for name, (content, _) in mill.tree().items()} == {
        name: content for name, (content, _) in before.items()
    }
    assert mill.moved(before) == {path}


def test_a_whole_output_that_is_missing_is_written_again(mill: Mill):
    mill.round()
    before = mill.tree()
    shutil.rmtree(mill.output)
    mill.publish()
    assert mill.tree().keys() == before.keys()


def test_a_source_that_fails_leaves_the_others(mill: Mill):
    mill.put("gazette.xml", "<html><body>Maintenance</body></html>")
    done = mill.round()
    assert (done["gazette"].status, done["desk"].new) == ("failed", 2)
    assert "an HTML page" in done["gazette"].problem
    assert mill.titles() == {"Morning", "Noon"}


def test_a_source_that_fails_later_takes_nothing_away(mill: Mill):
    mill.round()
    before = mill.tree()
    mill.put("gazette.xml", "")
    shutil.rmtree(mill.folder / "desk")
    assert {refresh.status for refresh in mill.round().values()} == {"failed"}
    assert mill.tree() == before
    with mill.store.read() as db:
        assert sources.states(db)["gazette"].failures == 1


@pytest.mark.parametrize("left", [("Away",), ()], ids=["shrinks", "empties"])
def test_a_source_that_shrinks_or_empties_takes_nothing_away(mill: Mill, left: tuple[str, ...]):
    mill.round()
    before = mill.tree()
    mill.feed(*left)
    (mill.folder / "desk/Noon.md").unlink()
    mill.round()
    assert mill.tree() == before
    mill.feed("Far", "Away")
    assert mill.round()["gazette"].new == 0


def test_killed_between_store_and_publish_the_next_publish_writes(mill: Mill):
    mill.round()
    mill.article("Evening")
    mill.refresh()
    mill.store.close()
    assert mill.titles("news/atom.xml") == {"Morning", "Noon"}
    assert {refresh.status for refresh in mill.round().values()} == {"unchanged"}
    assert mill.titles("news/atom.xml") == {"Morning", "Noon", "Evening"}


def test_a_round_that_is_broken_off_keeps_what_was_done_and_gives_the_rest_back(mill: Mill):
    started = pipeline.start_round(mill.store, mill.settings, mill.settings.sources, clock=mill.clock)
    first = next(started.refreshes)
    started.refreshes.close()
    mill.publish()
    assert first.source == "desk"
    assert mill.titles() >= {"Morning", "Noon"}  # and what else had been read by then
    with mill.store.begin() as db:
        free = sources.claim(
            db, mill.settings.sources, now=MONDAY, owner="other",
            is_alive=lambda _name: True, is_due=lambda _source, _state: True,
        )  # fmt: skip
    assert len(free) == 2


def test_what_another_process_is_at_work_on_waits(mill: Mill):
    pipeline.prepare(mill.store, mill.settings)
    with mill.store.begin() as db:
        sources.claim(
            db, mill.settings.sources[:1], now=MONDAY, owner="elsewhere.example/1/1",
            is_alive=lambda _name: True, is_due=lambda _source, _state: True,
        )  # fmt: skip
    assert {name: refresh.status for name, refresh in mill.refresh(force=True).items()} == {
        "desk": "waiting",
        "gazette": "fetched",
    }


def test_only_what_is_wanted_is_refreshed(mill: Mill):
    assert mill.refresh("gazette").keys() == {"gazette"}


def test_a_fault_of_ours_costs_one_source_and_is_told(mill: Mill, monkeypatch: pytest.MonkeyPatch):
    identify = identity.candidates

    def faulty(entries):
        found = identify(entries)
        if any(candidate.entry.title.value == "Far" for candidate in found):
            raise RecursionError("a bug")
        return found

    monkeypatch.setattr(identity, "candidates", faulty)
    done = mill.round()
    assert (done["desk"].new, done["gazette"].status) == (2, "failed")
    assert "please report it" in done["gazette"].problem


def test_a_source_taken_out_leaves_the_feeds_and_comes_back_as_it_was(mill: Mill):
    mill.round()
    before = mill.tree()
    mill.text = CONFIG.replace("  - {name: gazette", "  # - {name: gazette")
    mill.round()
    assert mill.titles() == {"Morning", "Noon"}
    mill.text = CONFIG
    mill.round()
    assert {path: content for path, (content, _) in mill.tree().items()} == {
        path: content for path, (content, _) in before.items()
    }


def test_a_renamed_source_brings_no_article_twice(mill: Mill):
    mill.round()
    ids = {entry.id for entry in feedparser.parse((mill.output / "atom.xml").read_bytes()).entries}
    mill.text = CONFIG.replace("name: gazette", "name: The Gazette").replace("name: desk", "name: The Desk")
    mill.feed("Far", "Away", "New")
    mill.round()
    after = {entry.id for entry in feedparser.parse((mill.output / "atom.xml").read_bytes()).entries}
    assert after - ids == {"https://gazette.example/New"}
    assert ids <= after


def test_what_is_at_hand_is_taken_in_though_reading_the_source_once_ended_a_process(mill: Mill):
    mill.round()
    source = next(each for each in mill.settings.sources if each.name == "gazette")
    with mill.store.begin() as db:
        sources.record(db, SourceState(name="gazette", attempts=1))
    mill.feed("Far", "Away", "New")
    answer = Fetched(bodies=(Body(content=(mill.folder / "gazette.xml").read_bytes()),))
    assert pipeline.take_in(mill.store, mill.settings, source, answer, clock=mill.clock).new == 1


def test_a_source_that_is_renamed_while_it_is_read_is_told_and_read_by_the_next_fetch(mill: Mill):
    started = pipeline.start_round(mill.store, mill.settings, mill.settings.sources, clock=mill.clock)
    mill.text = CONFIG.replace("name: gazette", "name: The Gazette")
    pipeline.prepare(mill.store, mill.settings)  # another process
    done = {refresh.source: refresh for refresh in started.refreshes}
    assert done["desk"].new == 2
    told = "is no longer called 'gazette': the config was changed meanwhile; the next fetch reads it"
    assert (done["gazette"].status, done["gazette"].problem) == ("failed", told)
    assert mill.refresh(force=True)["The Gazette"].new == 2


@pytest.mark.parametrize(
    ("before", "after", "written"),
    [
        ("", "categories: [{name: News, title: Today}, World]", {"news"}),
        ("categories: [News, World]", "categories: [{name: News, title: Today}, World]", {"news"}),
        ("categories: [News, World]", "categories: [{name: News, limit: 1}, World]", {"news"}),
        ("categories: [News, World]", "categories: [{name: News, slug: today}, World]", {"today"}),
        ("categories: [News, World]", "categories: [{name: News, aliases: [Local]}, World]", set()),
        ("categories: [News, World]", "categories: [News, {name: World, aliases: [Local]}]", {"world"}),
        ("categories: [News, World]", "categories: [News, World, Empty]", {"empty"}),
        ("categories: [News, World]", "categories: [World, News]", set()),
    ],
    ids=[
        "listed and titled",
        "titled",
        "limited",
        "another folder",
        "alias of a category it is in",
        "alias",
        "one more",
        "another order",
    ],
)
def test_a_changed_setting_rewrites_what_it_must_and_nothing_else(
    mill: Mill, before: str, after: str, written: set[str]
):
    mill.text = f"{before}\n{CONFIG}"
    mill.round()
    seen = mill.tree()
    mill.text = f"{after}\n{CONFIG}"
    mill.round()
    assert {path.partition("/")[0] for path in mill.moved(seen) - {"feeds.opml"}} == written


def test_a_new_title_of_the_site_rewrites_everything(mill: Mill):
    mill.round()
    seen = mill.tree()
    mill.text = CONFIG.replace("Evening Mill", "Morning Mill")
    mill.round()
    assert mill.moved(seen) == seen.keys()


def test_a_source_given_another_category_moves_with_what_is_stored(mill: Mill):
    mill.round()
    mill.text = CONFIG.replace("categories: [World]", "categories: [Abroad]")
    mill.round()
    assert mill.titles("abroad/atom.xml") == {"Far", "Away"}
    assert mill.titles("world/atom.xml") == set()


def test_two_mills_that_read_the_same_publish_the_same_bytes(mill: Mill):
    mill.article("Undated", date="Invalid Date")
    mill.round()
    first = {path: content for path, (content, _) in mill.tree().items()}
    mill.store.close()
    for leftover in mill.folder.glob("feedmill.db*"):
        leftover.unlink()
    shutil.rmtree(mill.output)
    mill.store = open_store(f"sqlite:///{mill.folder}/feedmill.db")
    mill.round()
    assert {path: content for path, (content, _) in mill.tree().items()} == first


def test_an_output_that_cannot_be_written_is_told_and_the_old_files_stay(mill: Mill):
    mill.round()
    before = mill.tree()
    mill.feed("Far", "Away", "New")
    mill.refresh()
    (mill.output / "atom.xml").unlink()
    (mill.output / "atom.xml").mkdir()  # which not even root can write a file over
    with pytest.raises(OutputError, match="a folder stands where this file should be"):
        mill.publish()
    assert mill.titles("world/atom.xml") == {"Far", "Away", "New"}
    assert mill.tree()["news/atom.xml"] == before["news/atom.xml"]
    (mill.output / "atom.xml").rmdir()
    mill.publish()
    assert mill.titles() == {"Morning", "Noon", "Far", "Away", "New"}


def test_a_clock_that_went_back_stops_nothing(mill: Mill):
    mill.clock.moment = WEDNESDAY
    mill.article("Undated", date="Invalid Date")
    mill.round()
    mill.clock.moment = MONDAY
    mill.article("Undated", "Other words.", date="Invalid Date")
    mill.article("Evening")
    done = mill.round()
    assert (done["desk"].new, done["desk"].revised) == (1, 1)
    (entry,) = [e for e in feedparser.parse((mill.output / "atom.xml").read_bytes()).entries if e.title == "Undated"]
    assert entry.published == "2026-11-04T08:00:00Z"
    assert entry.updated > entry.published


def test_a_preview_stores_and_publishes_nothing(mill: Mill):
    seen = {
        source.name: preview
        for source, preview in pipeline.preview(mill.settings, mill.settings.sources, clock=mill.clock)
    }
    assert [article.title for article in seen["gazette"].articles] == ["Far", "Away"]
    assert not mill.output.exists()
    with mill.store.read() as db:
        assert articles.stored(db) == ()


def test_a_preview_tells_what_would_fail(mill: Mill):
    mill.put("gazette.xml", "<html><body>Maintenance</body></html>")
    shutil.rmtree(mill.folder / "desk")
    seen = {
        source.name: preview
        for source, preview in pipeline.preview(mill.settings, mill.settings.sources, clock=mill.clock)
    }
    assert "an HTML page" in seen["gazette"].problems[0]
    assert "does not exist" in seen["desk"].problems[0]


def test_the_seeds_become_feeds(mill: Mill, seeds: Path):
    mill.text = f"sources: [{{name: seeds, path: '{seeds}'}}]\n"
    done = mill.round()["seeds"]
    assert (done.status, done.new, done.problem) == ("fetched", len(list(seeds.iterdir())), "")
    (first,) = [path for path in mill.output.iterdir() if path.name == "金融"]
    entries = feedparser.parse((first / "atom.xml").read_bytes()).entries
    assert "2021-07-06T17:54:45Z" in {entry.published for entry in entries}
    before = mill.tree()
    mill.clock.moment = TUESDAY
    mill.round()
    assert mill.tree() == before
