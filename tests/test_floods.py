"""Floods of old articles are held, until somebody releases or drops them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from feeds import pipeline
from feeds.errors import NotFoundError
from feeds.pipeline.reporting import needs
from feeds.records import replace
from moving import START, Gazette, Item, held, item, items, strangers, words
from storage import articles
from storage import held as holding

DAY = timedelta(days=1)


def held_ones(gazette: Gazette, count: int = 30) -> list[Item]:
    """A document of which so many are held."""
    gazette.sends(items(10))
    flood = [*items(10), *strangers(count)]
    gazette.sends(flood)
    assert len(held(gazette)) == count
    return flood


def test_a_flood_of_old_articles_is_held_and_what_is_new_goes_out(gazette: Gazette):
    gazette.sends(items(10))
    before = set(gazette.titles())
    refresh = gazette.sends([item(0), *items(10), *strangers(30)])
    assert (refresh.new, refresh.revised) == (1, 0)
    assert refresh.problem.startswith("30 old articles came as new and are held; `feedmill held`")
    assert set(gazette.titles()) == before | {item(0).title}
    assert held(gazette) == {one.title for one in strangers(30)}


def test_what_is_held_stays_held_whatever_becomes_of_it(gazette: Gazette):
    flood = held_ones(gazette)
    before = gazette.published
    for again in (
        flood,
        [replace(one, guid=f"new-{one.number}") for one in flood],
        [*items(10), *(replace(one, text=f"{one.text}<p>Revised.</p>") for one in strangers(30))],
    ):
        refresh = gazette.sends(again)
        assert (refresh.new, refresh.revised, gazette.published) == (0, 0, before)
    gazette.text = gazette.text.replace("[News]", "[News, World]")
    pipeline.prepare(gazette.store, gazette.settings)
    pipeline.publish(gazette.store, gazette.settings)
    assert len(held(gazette)) == 30
    assert len(gazette.titles()) == len(gazette.titles("world/atom.xml")) == 10


def test_a_few_old_articles_go_out(one_gazette: Gazette):
    one_gazette.sends(items(10))
    assert one_gazette.sends([*items(10), *strangers(10)]).new == 10


def test_a_source_that_was_away_for_long_may_bring_what_it_wrote_meanwhile(one_gazette: Gazette):
    one_gazette.sends(items(20))  # one in seven hours
    between = [
        item(number, date=START - timedelta(hours=number % 60, minutes=7)) for number in range(200, 240)
    ]  # some of them older than the newest known
    refresh = one_gazette.sends([*between, *items(20)], after=10 * DAY)
    assert (refresh.new, held(one_gazette)) == (40, set())


def test_a_folder_may_be_filled_with_old_articles(one_gazette: Gazette):
    folder = one_gazette.folder / "desk"
    one_gazette.text = "pages: false\nsources: [{name: desk, path: desk}]\n"
    folder.mkdir()
    for number in range(30):
        day = "2026-11-01" if number == 0 else f"2019-01-{number:02d}"
        (folder / f"{number}.md").write_text(f"---\ntitle: Old {number}\ndate: {day}\n---\n\n{words(number)}\n")
        if number:
            continue
        one_gazette.fetches()
    one_gazette.fetches()
    with one_gazette.store.read() as db:
        assert [one.held_at for one in articles.stored(db)] == [None] * 30


def test_what_is_released_takes_its_place_by_its_own_date(gazette: Gazette):
    flood = held_ones(gazette)
    with pytest.raises(NotFoundError, match="nothing is held of 'herald'"):
        pipeline.release(gazette.store, gazette.settings, ["herald"])
    chosen = strangers(30)[3]
    assert pipeline.release(gazette.store, gazette.settings, [f"http://www.old.example/?p={chosen.number}"]) == 1
    assert gazette.titles()[10:] == [chosen.title]
    assert pipeline.release(gazette.store, gazette.settings, ["gazette"]) == 29
    assert gazette.titles() == [one.title for one in flood]
    assert gazette.titles("news/atom.xml") == [one.title for one in flood]
    refresh = gazette.sends(flood)
    assert (refresh.new, refresh.revised) == (0, 0)


def test_what_is_dropped_stays_away_and_no_feed_speaks_of_it(gazette: Gazette):
    flood = held_ones(gazette)
    before = gazette.published
    assert pipeline.drop(gazette.store, ["gazette"], now=gazette.now) == 30
    gazette.sends(flood)
    refresh = gazette.sends([replace(one, guid=f"new-{one.number}") for one in flood])
    assert (refresh.new, refresh.revised, refresh.problem, held(gazette)) == (0, 0, "", set())
    assert gazette.published == before


def test_what_is_held_takes_nobody_elses_place(one_gazette: Gazette):
    held_ones(one_gazette, 15)
    one_gazette.text = one_gazette.text.replace("categories: [News]", "categories: [News], keep: 12")
    assert pipeline.prune(one_gazette.store, one_gazette.settings, now=one_gazette.now).articles == 0
    one_gazette.text = one_gazette.text.replace("keep: 12", "keep: 8")
    assert pipeline.prune(one_gazette.store, one_gazette.settings, now=one_gazette.now).articles == 2 + 15
    assert len(one_gazette.titles()) == 10


def test_the_weekly_report_names_what_is_held(one_gazette: Gazette):
    held_ones(one_gazette)
    with one_gazette.store.read() as db:
        (need,) = needs(one_gazette.settings, (), (), one_gazette.now, holding.numbers(db))
    assert (need.source, need.wrong) == ("gazette", "30 old articles came as new and are held")
    assert "feedmill release" in need.help
