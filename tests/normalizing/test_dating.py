"""What a source's documents show of its dates: each test is the history of one source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import MONDAY, entry, source
from feeds.normalizing import dating
from feeds.records import Dating, Entry, replace

BELIEVED = Dating()
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@dataclass
class History:
    """A source that is visited again and again, and what was learned of its dates."""

    now: datetime = MONDAY
    known: Dating = BELIEVED
    since: datetime | None = None
    there: set[str] = field(default_factory=set)

    def shows(self, dates: Sequence[datetime | None], *, after: timedelta = HOUR, names: Iterable[str] = ()) -> Dating:
        """A document of entries with these dates, the first ones called as `names` say; the others are the same each
        time."""
        self.now += after
        called = [*names, *map(str, range(len(dates)))][: len(dates)]
        entries = {
            name: entry(guid=name, url=f"https://gazette.example/{name}", title=f"No. {name}", published=date)
            for name, date in zip(called, dates, strict=True)
        }
        new = entries.keys() - self.there
        self.known = dating.learn(self.known, entries, new, since=self.since, now=self.now)
        self.there |= entries.keys()
        self.since = self.now
        return self.known

    def posts(self, *dates: datetime, after: timedelta = HOUR) -> Dating:
        """New entries with these dates above a few old ones."""
        first = len(self.there)
        old = [MONDAY - number * DAY for number in range(1, 6)]
        return self.shows([*dates, *old], after=after, names=[f"new-{first + at}" for at in range(len(dates))])

    def posts_ahead(self, ahead: timedelta, *ages: timedelta, after: timedelta = HOUR) -> Dating:
        """New entries, written so long ago, by a clock that is ahead."""
        return self.posts(*(self.now + after - age + ahead for age in ages), after=after)


@pytest.fixture
def history() -> History:
    """One that began with a document of five old entries."""
    history = History()
    history.posts()
    return history


def spread(now: datetime, step: timedelta, count: int = 6) -> list[datetime]:
    return [now - step * number for number in range(count)]


# The time of the request


def test_entries_that_all_carry_the_time_of_the_request_are_known_at_once():
    history = History()
    assert history.shows([MONDAY + HOUR] * 3).verdict == "request"
    assert history.known.since == history.now


def test_two_entries_at_the_time_of_the_request_are_believed_until_they_are_so_again_and_again():
    history = History()
    verdicts = [history.shows([history.now + HOUR] * 2).verdict for _ in range(5)]
    assert verdicts == [None, None, None, "request", "request"]


def test_one_that_is_known_for_it_may_be_read_late():
    history = History()
    history.shows([history.now + HOUR] * 3)
    assert history.shows([history.now + HOUR - 5 * MINUTE] * 3).verdict == "request"


def test_a_fresh_burst_of_posts_within_a_minute_is_believed():
    history = History()
    assert history.shows(spread(MONDAY + HOUR, timedelta(seconds=11), 5)).verdict is None


def test_a_newsroom_that_is_read_each_minute_is_believed():
    history = History()
    for visit in range(60):
        latest = 1000 + (visit + 1) * 6 // 4  # a post each 40 seconds
        written = {
            f"{number}": MONDAY + (number - 1000) * 40 * timedelta(seconds=1)
            for number in range(latest, latest - 20, -1)
        }
        assert history.shows([*written.values()], after=MINUTE, names=written).verdict is None


# Dates that move


def test_dates_that_move_twice_in_a_row_are_not_believed():
    history = History()
    verdicts = [
        history.shows([history.now - (visit + 3) * number * MINUTE for number in range(1, 8)]).verdict
        for visit in range(4)
    ]
    assert verdicts == [None, None, "moving", "moving"]


def test_the_date_of_the_last_build_moves_like_any_other():
    history = History()
    verdicts = [history.shows([history.now - 30 * MINUTE] * 5).verdict for _ in range(4)]
    assert verdicts == [None, None, "moving", "moving"]


def test_one_correction_of_all_dates_is_believed():
    history = History()
    for visit in range(6):
        off = HOUR if visit else timedelta(0)
        assert history.shows([MONDAY - number * DAY + off for number in range(8)]).verdict is None


def test_single_entries_that_are_dated_anew_are_believed():
    history = History()
    for visit in range(8):
        dates = [MONDAY - number * DAY + HOUR * (number == visit) for number in range(8)]
        assert history.shows(dates).verdict is None


def test_two_corrections_apart_are_believed():
    history = History()
    for visit in range(9):
        off = HOUR * (visit // 3)
        assert history.shows([MONDAY - number * DAY + off for number in range(8)]).verdict is None


def test_dates_that_stand_still_again_are_believed_again():
    history = History()
    for visit in range(4):
        history.shows([MONDAY - number * DAY + visit * MINUTE for number in range(1, 8)])
    assert history.known.verdict == "moving"
    assert history.shows([MONDAY - number * DAY + 3 * MINUTE for number in range(1, 8)]).verdict is None


def test_a_document_of_other_entries_neither_proves_nor_acquits():
    history = History()
    for visit in range(4):
        history.shows([MONDAY - number * DAY + visit * MINUTE for number in range(1, 8)])
    assert history.shows([MONDAY] * 2, names="ab").verdict == "moving"


def test_dates_move_though_guids_do_as_well():
    history = History()
    for visit in range(3):
        history.now += HOUR
        entries = {
            f"{visit}-{at}": entry(
                guid=f"{visit}-{at}", url=f"https://gazette.example/{at}", published=MONDAY - at * DAY - visit * MINUTE
            )
            for at in range(5)
        }
        history.known = dating.learn(history.known, entries, entries.keys(), since=history.since, now=history.now)
    assert history.known.verdict == "moving"


def test_the_one_entry_of_a_page_that_is_brought_up_to_date_may_move():
    known = Dating()
    for visit in range(6):
        page = {"live": entry(published=None, updated=MONDAY + visit * HOUR)}
        known = dating.learn(known, page, (), since=None, now=MONDAY + visit * HOUR)
    assert known.verdict is None


# One date for all


def test_an_archive_that_was_moved_with_one_date_for_all_keeps_it(history: History):
    moved = [MONDAY - 300 * DAY] * 40
    history.shows(moved)
    for visit in range(1, 8):
        dates = [*(history.now + HOUR - at * HOUR for at in range(visit)), *moved]
        assert history.shows(dates, names=[f"new-{visit - at}" for at in range(visit)]).verdict is None


def test_new_entries_with_the_old_date_of_all_others_are_not_believed():
    history = History()
    verdicts = [history.shows([MONDAY - 30 * DAY] * (3 + visit)).verdict for visit in range(4)]
    assert verdicts == [None, None, "same", "same"]
    assert history.shows([MONDAY - 30 * DAY] * 7 + [history.now]).verdict is None


def test_a_bulletin_whose_entries_all_have_the_date_of_its_day_is_believed():
    history = History()
    for hour in range(72):
        day, number = divmod(hour, 24)
        names = [f"{day}-{at}" for at in range(4 + number)]
        assert history.shows([MONDAY + day * DAY - 8 * HOUR] * len(names), names=names).verdict is None


# Local time stamped as GMT


def test_three_entries_of_two_visits_show_a_clock_that_is_eight_hours_ahead(history: History):
    assert history.posts_ahead(8 * HOUR, 20 * MINUTE, 40 * MINUTE).verdict is None
    known = history.posts_ahead(8 * HOUR, 10 * MINUTE)
    assert (known.verdict, known.ahead, known.since) == ("ahead", 8 * 3600, history.now)


def test_one_visit_shows_no_clock(history: History):
    assert history.posts_ahead(8 * HOUR, *(number * MINUTE for number in range(1, 60, 5))).verdict is None


def test_no_time_zone_is_twenty_hours_ahead(history: History):
    for minutes in (2, 58, 31, 8, 50):
        assert history.posts_ahead(20 * HOUR, minutes * MINUTE).verdict is None


@pytest.mark.parametrize("age", [timedelta(0), timedelta(seconds=20), 30 * MINUTE, 58 * MINUTE])
def test_posts_that_are_always_as_old_when_they_are_seen_show_it_as_well(history: History, age: timedelta):
    for _ in range(4):
        history.posts_ahead(8 * HOUR, age)
    assert history.known.ahead == 8 * 3600


@pytest.mark.parametrize("hours", [5.5, 9.5, 5.75])
def test_half_and_quarter_hours_are_found_where_no_whole_one_fits(history: History, hours: float):
    for minutes in (2, 58, 31, 8, 50):
        history.posts_ahead(timedelta(hours=hours), minutes * MINUTE)
    assert history.known.ahead == hours * 3600


@given(
    hours=st.integers(1, 14),
    ages=st.lists(st.integers(0, 3500), min_size=4, max_size=20),
    wrong=st.integers(-50, 50),
)
def test_whatever_is_found_dates_every_entry_between_the_visits_around_it(hours: int, ages: list[int], wrong: int):
    history = History()
    history.posts()
    for age in ages:
        history.posts_ahead(timedelta(hours=hours, seconds=wrong), timedelta(seconds=age))
        if history.known.verdict == "ahead":
            written = history.now - timedelta(seconds=age)
            taken = written + timedelta(hours=hours, seconds=wrong - history.known.ahead)
            assert history.now - HOUR - 2 * MINUTE <= taken <= history.now + 2 * MINUTE
    if min(ages) < 1500 and max(ages) > 2100:  # no other whole hour fits
        assert history.known.ahead == hours * 3600


@given(
    visits=st.lists(st.tuples(st.integers(5, 2000), st.lists(st.integers(0, 4000), max_size=4)), max_size=30),
    wrong=st.integers(-50, 50),
)
def test_a_right_clock_is_never_called_ahead(visits: list[tuple[int, list[int]]], wrong: int):
    """Visits so many minutes apart, each with entries that were written so many minutes before."""
    history = History()
    history.posts()
    for minutes, ages in visits:
        known = history.posts_ahead(timedelta(seconds=wrong), *(age * MINUTE for age in ages), after=minutes * MINUTE)
        assert known.verdict is None


def test_a_clock_that_is_a_few_minutes_fast_is_no_time_zone(history: History):
    for minutes in (3, 50, 20, 40, 9, 58):
        assert history.posts_ahead(6 * MINUTE, minutes * MINUTE).verdict is None


@pytest.mark.parametrize("ahead", [5 * HOUR, 3 * DAY, 400 * DAY])
def test_scheduled_posts_among_others_make_no_clock_wrong(history: History, ahead: timedelta):
    for _ in range(5):
        assert history.posts_ahead(timedelta(0), 10 * MINUTE, 50 * MINUTE).verdict is None
        assert history.posts(history.now + HOUR + ahead).verdict is None


def test_a_programme_of_coming_events_is_no_time_zone(history: History):
    for visit in range(40):
        begins = history.now + HOUR + (visit * 7 % 23) * HOUR + (visit * 13 % 60) * MINUTE
        assert history.posts(begins, begins + 3 * HOUR, begins + 30 * HOUR).verdict is None


def test_a_drafts_old_date_says_nothing_against_it(history: History):
    for minutes in (20, 40, 3):
        history.posts_ahead(8 * HOUR, minutes * MINUTE)
    for days in range(3, 9):
        assert history.posts_ahead(8 * HOUR, days * DAY).ahead == 8 * 3600


def test_a_source_that_mends_itself_is_believed_again(history: History):
    for minutes in (20, 40, 3):
        history.posts_ahead(8 * HOUR, minutes * MINUTE)
    found = [history.posts_ahead(timedelta(0), minutes * MINUTE).verdict for minutes in (10, 30, 50, 20)]
    assert found == ["ahead", "ahead", None, None]


def test_summer_time_that_moves_a_wrong_clock_is_learned_anew(history: History):
    for minutes in (20, 40, 3, 50):
        history.posts_ahead(HOUR, minutes * MINUTE)
    assert history.known.ahead == 3600
    for minutes in (20, 40, 3, 50, 9, 55):
        history.posts_ahead(2 * HOUR, minutes * MINUTE)
    assert history.known.ahead == 7200
    for minutes in (20, 40, 3, 50):
        history.posts_ahead(timedelta(0), minutes * MINUTE)
    assert history.known.verdict is None


# What an article's dates are


ONE = entry(published=MONDAY - DAY, updated=MONDAY - HOUR)
AHEAD = Dating(verdict="ahead", ahead=8 * 3600)


def dates(one: Entry, known: Dating = BELIEVED, since: datetime | None = None, **changes: object) -> dating.Dated:
    of = replace(source(), **changes)  # type: ignore[arg-type]
    return dating.dated(one, of, dating.taking(of, known, since=since), now=MONDAY)


def test_a_corrected_date_says_so():
    found = dates(ONE, AHEAD)
    assert found[:3] == (MONDAY - DAY - 8 * HOUR, MONDAY - 9 * HOUR, "published")
    assert found.note == "8 hours before what its source says: its source stamps its local time as GMT"


@pytest.mark.parametrize(
    ("verdict", "words"),
    [("request", "with the time of the request"), ("moving", "other dates at each visit"), ("same", "the same date")],
)
def test_a_date_that_is_not_believed_is_that_of_first_sight(verdict, words: str):
    found = dates(ONE, Dating(verdict=verdict))
    assert found[:3] == (MONDAY, MONDAY, "first-seen")
    assert words in found.note


def test_the_day_that_an_old_address_names_is_better_than_first_sight():
    old = replace(ONE, url_date=MONDAY - 40 * DAY)
    assert dates(old, Dating(verdict="request"))[:3] == (MONDAY - 40 * DAY, MONDAY - 40 * DAY, "url")
    assert dates(replace(ONE, url_date=MONDAY - DAY), Dating(verdict="request")).date_from == "first-seen"


def test_a_day_in_an_address_is_never_corrected():
    one = replace(ONE, published=None, updated=None, url_date=MONDAY - 3 * DAY)
    assert dates(one, AHEAD)[:4] == (MONDAY - 3 * DAY, MONDAY - 3 * DAY, "url", "")


def test_of_a_clock_that_is_ahead_what_is_dated_right_already_is_believed():
    fresh = replace(ONE, published=MONDAY - 10 * MINUTE, updated=None)
    assert dates(fresh, AHEAD, since=MONDAY - HOUR).published == fresh.published
    assert dates(fresh, AHEAD, since=MONDAY - 12 * HOUR).published == MONDAY - 10 * MINUTE - 8 * HOUR


def test_what_the_config_says_counts_and_not_what_was_learned():
    shift = -2 * HOUR
    assert dates(ONE, AHEAD, dates="believe")[:3] == (ONE.published, ONE.updated, "published")
    assert dates(ONE, AHEAD, dates=shift).published == MONDAY - DAY + shift
    assert dates(ONE, AHEAD, dates=shift).note == "2 hours before what its source says: the config says `dates: -2h`"
    assert dates(ONE, dates=5.5 * HOUR).note.endswith("after what its source says: the config says `dates: +5h30m`")
    assert dates(ONE, dates="first-seen")[:3] == (MONDAY, MONDAY, "first-seen")


def test_what_lies_ahead_is_clamped_or_waits():
    coming = replace(ONE, published=MONDAY + DAY)
    assert dates(coming)[:3] == (MONDAY, MONDAY, "first-seen")
    assert dates(coming).note == "its source says 2026-11-03T08:00:00Z, which had not come yet"
    assert dates(coming, future="hold")[:3] == (MONDAY + DAY, MONDAY, "published")
    assert dates(coming, future="hold").is_ahead
    almost = replace(ONE, published=MONDAY + MINUTE)
    assert dates(almost, future="hold")[:3] == (MONDAY, MONDAY, "first-seen")


moments = st.none() | st.timedeltas(min_value=-400 * DAY, max_value=400 * DAY).map(lambda off: MONDAY + off)
takings = st.sampled_from(["auto", "believe", "first-seen"]) | st.timedeltas(min_value=-DAY, max_value=DAY)
verdicts = st.sampled_from([Dating(), AHEAD, Dating(verdict="moving"), Dating(verdict="same")])


@given(moments, moments, moments, takings, verdicts, st.sampled_from(["clamp", "hold", "drop"]))
def test_nothing_is_dated_or_updated_after_its_first_sight_but_what_waits(
    published, updated, day, taken, known, future
):
    one = replace(ONE, published=published, updated=updated, url_date=day)
    found = dates(one, known, dates=taken, future=future)
    assert min(found.published, MONDAY) <= found.updated <= MONDAY
    assert found.is_ahead == (found.published > MONDAY)
    if future == "clamp":
        assert not found.is_ahead
