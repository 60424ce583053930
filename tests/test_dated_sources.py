"""Dates that can be believed: whatever a source says, each article has one date, and none lies ahead of its first sight."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from sqlalchemy import select

from commanding import run as feedmill
from feeds import pipeline
from feeds.pipeline.reading import read, reader
from feeds.pipeline.reporting import needs
from feeds.records import Body, Dating, Fetched, replace
from moving import START, Gazette, Item, document, item, words
from statements import statements
from storage import open_store, sources, tables

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
VISITS = 10

# What a source says of an entry that was written at the first moment, when it is asked at the second.
Says = Callable[[datetime, datetime], datetime | None]


def undated(_written: datetime, _asked: datetime) -> None:
    return None


def at_request(_written: datetime, asked: datetime) -> datetime:
    return asked


def at_build(_written: datetime, asked: datetime) -> datetime:
    return asked - 20 * MINUTE


def moving(written: datetime, asked: datetime) -> datetime:
    return asked - HOUR * (1 + (written.minute * 7 + asked.hour * 3) % 40)


def all_equal(_written: datetime, _asked: datetime) -> datetime:
    return START - 30 * DAY


def eight_hours_ahead(written: datetime, _asked: datetime) -> datetime:
    return written + 8 * HOUR


def years_ahead(written: datetime, _asked: datetime) -> datetime:
    return written + 9 * 365 * DAY


def honest(written: datetime, _asked: datetime) -> datetime:
    return written


def written_at(number: int) -> datetime:
    """The first ten before START, an hour and seven minutes apart, then one before each visit but the first."""
    if number <= 10:
        return START - (10 - number) * timedelta(hours=1, minutes=7)
    return START + (number - 9) * HOUR - timedelta(minutes=(number * 17) % 60)


def list_of(says: Says, asked: datetime, latest: int) -> list[Item]:
    """The latest ten articles, the newest first."""
    return [item(number, date=says(written_at(number), asked)) for number in range(latest, latest - 10, -1)]


def dates(gazette: Gazette) -> dict[str, datetime]:
    return {guid: one.published for guid, one in gazette.stored.items()}


def known(gazette: Gazette) -> Dating:
    with gazette.store.read() as db:
        return sources.dating(db, "gazette")


KINDS: dict[Says, tuple[str | None, str]] = {  # what is learned, and where the dates of new articles come from then
    undated: (None, "first-seen"),
    at_request: ("request", "first-seen"),
    at_build: ("moving", "first-seen"),
    moving: ("moving", "first-seen"),
    all_equal: ("same", "first-seen"),
    eight_hours_ahead: ("ahead", "published"),
    years_ahead: (None, "first-seen"),
    honest: (None, "published"),
}


def has_one_date_for_each(gazette: Gazette, says: Says) -> None:
    """Ten visits, each of which finds one new article; and one more, for which nothing is new."""
    before: dict[str, datetime] = {}
    for visit in range(VISITS):
        gazette.publishes = visit == VISITS - 1
        refresh = gazette.sends(list_of(says, gazette.now + HOUR, 10 + visit))
        assert (refresh.new, refresh.revised) == (1 if visit else 10, 0)
        now = dates(gazette)  # in the order of the feed
        assert [(guid, date) for guid, date in now.items() if guid in before] == [*before.items()]
        assert max(now.values()) <= gazette.now
        is_on_top = next(iter(now)) == f"old-{10 + visit}"
        assert is_on_top or (says in (all_equal, moving) and visit < 3)
        before = now
    published = gazette.published
    refresh = gazette.sends(list_of(says, gazette.now + HOUR, 9 + VISITS))
    assert (refresh.new, refresh.revised, dates(gazette), gazette.published) == (0, 0, before, published)
    verdict, date_from = KINDS[says]
    newest = gazette.stored[f"old-{9 + VISITS}"]
    assert (known(gazette).verdict, newest.date_from) == (verdict, date_from)
    assert gazette.now - 2 * HOUR <= newest.published <= gazette.now - HOUR
    assert bool(newest.date_note) == (says not in (undated, honest))


@pytest.mark.parametrize("says", KINDS, ids=lambda says: says.__name__)
def test_over_ten_visits_each_article_has_one_date_and_one_place_and_new_ones_stand_on_top(
    one_gazette: Gazette, says: Says
):
    has_one_date_for_each(one_gazette, says)


@pytest.mark.parametrize("says", [moving, eight_hours_ahead])
def test_both_databases_keep_what_was_learned(gazette: Gazette, says: Says):
    has_one_date_for_each(gazette, says)


def test_a_corrected_date_is_the_one_it_was_written_at(one_gazette: Gazette):
    one_gazette.publishes = False
    for visit in range(VISITS):
        one_gazette.sends(list_of(eight_hours_ahead, one_gazette.now + HOUR, 10 + visit))
    last = 9 + VISITS
    assert one_gazette.stored[f"old-{last}"].published == written_at(last)


def test_a_source_without_news_is_asked_nothing_about_its_dates(gazette: Gazette):
    gazette.publishes = False
    of = list_of(honest, START, 10)
    gazette.sends(of)
    with statements(gazette.store) as seen:
        gazette.sends([replace(one) for one in reversed(of)])
    assert not [each for each in seen if "dating" in each]
    with statements(gazette.store) as seen:
        gazette.sends(list_of(honest, gazette.now + HOUR, 11))
    assert len([each for each in seen if "dating" in each]) == 2


def test_what_the_config_says_of_dates_counts(one_gazette: Gazette):
    one_gazette.publishes = False
    text = one_gazette.text
    for number, (setting, date_from) in enumerate(
        [("believe", "published"), ("first-seen", "first-seen"), ("-3h", "published")], 20
    ):
        one_gazette.text = text.replace("categories: [News]", f"categories: [News], dates: {setting}")
        one_gazette.sends([item(number, date=one_gazette.now - DAY)])
        one = one_gazette.stored[f"old-{number}"]
        assert one.date_from == date_from
        assert (
            one.published
            == {
                "believe": one_gazette.now - HOUR - DAY,
                "first-seen": one_gazette.now,
                "-3h": one_gazette.now - 4 * HOUR - DAY,
            }[setting]
        )
    assert known(one_gazette) == Dating()


def test_files_are_never_doubted(one_gazette: Gazette):
    one_gazette.text = "pages: false\nsources: [{name: desk, path: desk}]\n"
    folder = one_gazette.folder / "desk"
    folder.mkdir()
    for visit in range(4):
        for number in range(5):
            date = f"2026-10-{10 + visit:02d} 08:00:00"
            (folder / f"{number}.md").write_text(f"---\ntitle: No. {number}\ndate: {date}\n---\n\n{words(number)}\n")
        (folder / f"new-{visit}.md").write_text(f"---\ntitle: New {visit}\ndate: {date}\n---\n\n{words(60 + visit)}\n")
        one_gazette.now += HOUR
        one_gazette.fetches()
    assert {one.date_from for one in one_gazette.stored.values()} == {"published"}


def test_what_a_hub_delivers_shows_nothing(one_gazette: Gazette):
    one_gazette.sends(list_of(honest, START, 10))
    with one_gazette.store.read() as db:
        state = sources.states(db)["gazette"]
    fresh = document([item(number, date=one_gazette.now) for number in (20, 21, 22)])
    (source,) = one_gazette.settings.sources
    one = reader(one_gazette.settings, source, one_gazette.now, state)
    answer = Fetched(bodies=(Body(content=fresh, url=source.url),))
    assert read(one_gazette.store, one, answer).is_doubted
    assert not read(one_gazette.store, one, replace(answer, is_pushed=True)).is_doubted


def test_another_address_is_another_clock(gazette: Gazette):
    gazette.publishes = False
    for visit in range(4):
        gazette.sends(list_of(moving, gazette.now + HOUR, 10 + visit))
    assert known(gazette).verdict == "moving"
    gazette.text = gazette.text.replace("old.example/feed", "new.example/feed")
    pipeline.prepare(gazette.store, gazette.settings)
    assert known(gazette) == Dating()


# What people are told


def test_people_are_told_once_by_fetch_and_always_by_sources_and_the_report(
    gazette: Gazette, capsys: pytest.CaptureFixture[str]
):
    gazette.publishes = False
    told = [gazette.sends(list_of(eight_hours_ahead, gazette.now + HOUR, 10 + visit)).problem for visit in range(6)]
    words_ = "its dates are 8 hours ahead (local time stamped as GMT): corrected; `dates: -8h` says so for good"
    assert [each for each in told if each] == [words_]
    if "sqlite" in gazette.store.address:
        assert feedmill(["--config", str(gazette.folder / "config.yaml"), "sources", "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["problem"] == words_
    with gazette.store.read() as db:
        doubted = sources.doubted(db)
    (need,) = needs(gazette.settings, (), (), gazette.now + 2 * DAY, doubted=doubted)
    assert (need.source, need.wrong) == ("gazette", words_.partition("; ")[0])
    assert need.help.startswith("In its config dates: -8h says so for good")
    assert needs(gazette.settings, (), (), gazette.now, doubted=doubted) == []  # not at once
    gazette.text = gazette.text.replace("categories: [News]", "categories: [News], dates: -8h")
    assert needs(gazette.settings, (), (), gazette.now + 2 * DAY, doubted=doubted) == []


def test_no_report_names_a_hidden_source(one_gazette: Gazette):
    one_gazette.text += 'categories: [{name: News, private: {user: miller, password: "open sesame"}}]\n'
    doubted = {"gazette": Dating(verdict="moving", since=START)}
    assert needs(one_gazette.settings, (), (), START + 2 * DAY, doubted=doubted) == []


entry_dates = st.none() | st.integers(-200, 200).map(lambda hours: hours * HOUR)
visits = st.lists(
    st.tuples(
        st.integers(1, 60),  # hours since the last one
        st.lists(st.tuples(st.integers(1, 8), entry_dates, st.booleans()), max_size=6, unique_by=lambda one: one[0]),
        st.sampled_from(["clamp", "hold", "drop"]),
        st.sampled_from(["auto", "believe", "first-seen", "-8h", "+12h"]),
    ),
    min_size=1,
    max_size=8,
)


@given(visits)
@effort(max_examples=15, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nothing_on_a_shelf_stands_above_its_first_sight(tmp_path: Path, history):
    gazette = Gazette(open_store("sqlite://"), tmp_path, publishes=False)
    first: dict[str, datetime] = {}
    text = gazette.text
    for hours, of, future, setting in history:
        gazette.text = text.replace("categories: [News]", f"categories: [News], future: {future}, dates: {setting}")
        sent = [
            item(number, date=gazette.now + date if date is not None else None, text=words(number + 50 * is_revised))
            for number, date, is_revised in of
        ]
        gazette.sends(sent, after=hours * HOUR)
        pipeline.let_out(gazette.store, gazette.settings, now=gazette.now)
        columns = (tables.articles.c.guid, tables.articles.c.updated, tables.articles.c.first_seen_at)
        with gazette.store.read() as db:
            rows = db.execute(
                select(*columns, tables.shelved.c.published).join(
                    tables.shelved, tables.shelved.c.article_id == tables.articles.c.id
                )
            ).all()
        for row in rows:
            assert row.published <= row.first_seen_at <= gazette.now
            assert row.published <= row.updated <= gazette.now
            assert first.setdefault(row.guid, row.published) == row.published
    gazette.store.close()
