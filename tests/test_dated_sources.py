"""Dates that can be believed: whatever a source says, each article has one date, and none lies ahead of its first sight."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import feedparser
import pytest
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as effort
from hypothesis import strategies as st
from sqlalchemy import select

from clocks import Clock
from commanding import run as feedmill
from feeds import pipeline
from feeds.daemon.freshness import fresh_until
from feeds.errors import NotFoundError
from feeds.pipeline.reading import read, reader
from feeds.pipeline.reporting import needs
from feeds.records import Article, Body, Dating, Fetched
from moving import START, Gazette, Item, document, item, words
from scheduler import Daemon
from statements import statements
from storage import articles, held, open_store, sources, tables

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


def stored(gazette: Gazette) -> dict[str, Article]:
    with gazette.store.read() as db:
        return {one.guid: one for one in articles.stored(db)}


def dates(gazette: Gazette) -> dict[str, datetime]:
    return {guid: one.published for guid, one in stored(gazette).items()}


def titles(gazette: Gazette) -> list[str]:
    return [one.title for one in feedparser.parse(gazette.published["atom.xml"]).entries]


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
    newest = stored(gazette)[f"old-{9 + VISITS}"]
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
    assert stored(one_gazette)[f"old-{last}"].published == written_at(last)


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
        one = stored(one_gazette)[f"old-{number}"]
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
    assert {one.date_from for one in stored(one_gazette).values()} == {"published"}


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


# Dates that lie ahead


def holding(gazette: Gazette, policy: str = "hold") -> Gazette:
    gazette.text = gazette.text.replace("categories: [News]", f"categories: [News], future: {policy}")
    return gazette


def let_out(gazette: Gazette, *, after: timedelta) -> int:
    gazette.now += after
    count = pipeline.let_out(gazette.store, gazette.settings, now=gazette.now)
    pipeline.publish(gazette.store, gazette.settings)
    return count


SOON = item(1, date=START + 5 * HOUR)
OLD = item(2, date=START - DAY)


def test_what_lies_ahead_waits_and_comes_out_by_itself_at_its_own_date(gazette: Gazette):
    refresh = holding(gazette).sends([SOON, OLD])
    assert (refresh.new, refresh.problem, titles(gazette)) == (1, "", [OLD.title])
    before = gazette.published
    assert (let_out(gazette, after=2 * HOUR), gazette.published) == (0, before)
    with gazette.store.read() as db:
        assert (held.next_at(db), held.numbers(db)) == (SOON.date, {})
    assert let_out(gazette, after=2 * HOUR + MINUTE) == 1
    one = stored(gazette)["old-1"]
    assert (titles(gazette), one.published, one.updated) == ([SOON.title, OLD.title], SOON.date, SOON.date)
    assert (one.date_note, one.held_at) == ("it was seen on 2026-11-02T09:00:00Z, before its date", None)
    before = gazette.published
    assert (let_out(gazette, after=HOUR), gazette.published) == (0, before)
    assert (gazette.sends([SOON, OLD]).new, gazette.published) == (0, before)


def test_what_waits_follows_the_date_that_its_source_gives_it(gazette: Gazette):
    holding(gazette).sends([SOON, OLD])
    revised = replace(SOON, text=f"{SOON.text}<p>More.</p>", date=START + 8 * HOUR)
    assert gazette.sends([revised, OLD]).revised == 0
    assert let_out(gazette, after=4 * HOUR) == 0
    assert let_out(gazette, after=2 * HOUR) == 1
    assert stored(gazette)["old-1"].published == stored(gazette)["old-1"].updated == revised.date


def test_what_waits_comes_out_when_its_source_finds_the_date_wrong(one_gazette: Gazette):
    holding(one_gazette).sends([replace(SOON, date=START + 365 * DAY), OLD])
    one_gazette.sends([replace(SOON, date=START), OLD])
    assert let_out(one_gazette, after=MINUTE) == 1
    assert titles(one_gazette) == [SOON.title, OLD.title]


def test_what_waits_can_be_released_and_dropped(gazette: Gazette):
    later = replace(item(3), date=START + 30 * DAY)
    holding(gazette).sends([later, SOON, OLD])
    with gazette.store.read() as db:
        assert [(one.title, one.is_waiting) for one in held.held(db)] == [(later.title, True), (SOON.title, True)]
    # Of a source only what a person is to decide on: said twice, it must not mean something else.
    with pytest.raises(NotFoundError, match="by its address or id"):
        pipeline.drop(gazette.store, ["gazette"], now=gazette.now)
    assert pipeline.release(gazette.store, gazette.settings, ["old-1"]) == 1
    one = stored(gazette)["old-1"]
    assert (one.published, one.updated, one.date_from) == (START + HOUR, START + HOUR, "first-seen")
    assert pipeline.drop(gazette.store, ["old-3"], now=gazette.now) == 1
    assert let_out(gazette, after=40 * DAY) == 0
    assert gazette.sends([later, SOON, OLD]).new == 0


def test_what_is_to_be_dropped_comes_with_a_document_that_lists_it_after_its_date(gazette: Gazette):
    holding(gazette, "drop")
    assert gazette.sends([SOON, OLD]).new == 1
    assert gazette.sends([SOON, OLD, item(3)]).new == 1
    assert set(stored(gazette)) == {"old-2", "old-3"}
    gazette.now += 5 * HOUR
    assert gazette.sends([SOON, OLD, item(3), item(4)]).new == 2
    assert stored(gazette)["old-1"].published == SOON.date


def test_an_article_that_is_stored_is_not_dropped_when_its_date_moves_ahead(one_gazette: Gazette):
    holding(one_gazette, "drop").sends([OLD])
    revised = replace(OLD, date=START + 30 * DAY, text=f"{OLD.text}<p>More.</p>")
    assert one_gazette.sends([revised]).revised == 1
    assert stored(one_gazette)["old-2"].published == OLD.date


def test_held_tells_what_waits_for_its_date_from_what_waits_for_a_person(
    one_gazette: Gazette, capsys: pytest.CaptureFixture[str]
):
    holding(one_gazette).sends([SOON, OLD])
    assert feedmill(["--config", str(one_gazette.folder / "config.yaml"), "held"]) == 0
    assert "its date" in capsys.readouterr().out
    assert feedmill(["--config", str(one_gazette.folder / "config.yaml"), "held", "--json"]) == 0
    assert "before its date" in json.loads(capsys.readouterr().out)["date_note"]


def test_a_round_lets_out_what_waited_though_no_source_is_asked(one_gazette: Gazette):
    holding(one_gazette).sends([replace(SOON, date=START + 2 * HOUR), OLD])  # which is past by the machine's clock
    one_gazette.text = one_gazette.text.replace("https://old.example/feed", "http://127.0.0.1:9/feed")
    assert titles(one_gazette) == [OLD.title]
    with one_gazette.store.begin() as db:
        (state,) = sources.states(db).values()
        sources.record_all(db, [replace(state, standing="parked")])
    command = [
        sys.executable,
        "-c",
        "import sys; from feeds.cli import run; sys.exit(run(sys.argv[1:]))",
        "--config",
        str(one_gazette.folder / "config.yaml"),
        "fetch",
    ]
    subprocess.run(command, check=False, timeout=60, capture_output=True)
    assert titles(one_gazette) == [SOON.title, OLD.title]


def test_the_daemon_lets_out_what_waited_and_promises_no_cache_more_time_than_that(one_gazette: Gazette):
    one_gazette.text = "pages: false\nfetch: {future: hold}\nsources: [{name: desk, path: desk}]\n"
    (one_gazette.folder / "desk").mkdir()
    for number, day in ((1, "2026-11-01"), (2, "2026-11-05")):
        text = f"---\ntitle: No. {number}\ndate: {day} 08:00:00\n---\n\n{words(number)}\n"
        (one_gazette.folder / "desk" / f"{number}.md").write_text(text)
    one_gazette.fetches()
    clock = Clock(moment=START + 3 * DAY - MINUTE)
    daemon = Daemon(one_gazette.store, one_gazette.settings, clock=clock)
    daemon.work.refresh()
    daemon.work.publish()
    assert titles(one_gazette) == ["No. 1"]
    opens = fresh_until(one_gazette.store, (), now=clock.now(), tick=DAY)
    assert opens == START + 3 * DAY
    clock.pass_time(60)
    daemon.work.publish()
    assert titles(one_gazette) == ["No. 2", "No. 1"]
    daemon.work.stream.stop()


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
                select(*columns, tables.shelves.c.published).join(
                    tables.shelves, tables.shelves.c.article_id == tables.articles.c.id
                )
            ).all()
        for row in rows:
            assert row.published <= row.first_seen_at <= gazette.now
            assert row.published <= row.updated <= gazette.now
            assert first.setdefault(row.guid, row.published) == row.published
    gazette.store.close()
