"""Schedules: a source is read at the times that its keeper wrote down, as far as manners allow."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import MONDAY, config, source
from feeds import pipeline, settings
from feeds.errors import SettingsError
from feeds.fetching import schedules
from feeds.fetching.timing import after, is_due
from feeds.records import (
    Answered,
    Fetched,
    FetchFailed,
    NotModified,
    Pacing,
    Rhythm,
    Schedule,
    Source,
    SourceState,
    Subscription,
    Validators,
    replace,
)
from storage import lists, open_store

SECOND, MINUTE, HOUR, DAY, WEEK = (
    timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7),
)  # fmt: skip
BERLIN, LORD_HOWE = ZoneInfo("Europe/Berlin"), ZoneInfo("Australia/Lord_Howe")
SEVEN = datetime(2026, 11, 2, 7, 0, tzinfo=UTC)
OFFERED = Validators(etag='"x"')


def scheduled(expression: str, zone: ZoneInfo | None = None, **changes: object) -> Source:
    return source(schedule=schedules.schedule(expression, zone or UTC), **changes)


def read_at(one: Source, now: datetime, result: Answered | None = None, **known: object) -> SourceState:
    """What is known of a source that was read at `now`."""
    return after(one, replace(SourceState(name=one.name), **known), result or NotModified(validators=OFFERED), now=now)


def next_at(one: Source, now: datetime, result: Answered | None = None, **known: object) -> datetime:
    due = read_at(one, now, result, **known).next_fetch_at
    assert due is not None
    return due


def is_for(match: datetime, due: datetime) -> bool:
    """At the match, or within the minute that spreads the sources which share it."""
    return match <= due <= match + MINUTE


def matches(expression: str, zone: ZoneInfo, after: datetime, count: int) -> list[str]:
    """Matches as clocks in the zone show them."""
    wanted = schedules.schedule(expression, zone)
    found = []
    for _ in range(count):
        match = schedules.first_match(wanted, after)
        assert match is not None
        found.append(match.astimezone(zone).strftime("%d %H:%M"))
        after = match
    return found


# When


def test_the_next_fetch_is_the_next_match():
    one = scheduled("0 7 * * mon-fri")
    assert is_for(SEVEN + DAY, next_at(one, SEVEN + 20 * SECOND))
    friday = SEVEN + 4 * DAY
    assert is_for(friday + 3 * DAY, next_at(one, friday + 20 * SECOND))


def test_a_schedule_holds_in_its_time_zone():
    assert is_for(SEVEN + DAY - HOUR, next_at(scheduled("0 7 * * *", BERLIN), SEVEN))


def test_a_source_that_was_never_read_is_read_at_once():
    one = scheduled("0 7 1 * *")
    assert is_due(one, SourceState(name=one.name), MONDAY)


def test_times_that_were_missed_while_nothing_ran_are_due_once():
    one = scheduled("0 7 * * *")
    known = read_at(one, SEVEN + 20 * SECOND)
    late = SEVEN + 5 * DAY + 3 * HOUR
    assert is_due(one, known, late)
    known = read_at(one, late)
    assert is_for(SEVEN + 6 * DAY, known.next_fetch_at)
    assert not is_due(one, known, late + HOUR)


def test_a_time_is_taken_once_however_short_the_interval():
    assert is_for(SEVEN + DAY, next_at(scheduled("0 7 * * *", interval=MINUTE), SEVEN + 20 * SECOND))


def test_what_a_list_of_sources_names_is_read_at_the_lists_times(tmp_path: Path):
    text = "sources: [{name: blogroll, url: 'https://list.example/', kind: opml, schedule: '@daily'}]"
    opened = open_store(f"sqlite:///{tmp_path}/feedmill.db")
    loaded = settings.load(config(tmp_path, text), environ={})
    pipeline.prepare(opened, loaded)
    with opened.begin() as db:
        lists.replace_list(db, "blogroll", [Subscription(url="https://one.example/")])
    _blogroll, one = pipeline.complete(opened, loaded).sources
    assert one.schedule == schedules.schedule("@daily", ZoneInfo("UTC"))
    opened.close()


def test_a_quiet_source_is_read_at_each_of_its_times_all_the_same():
    quiet = Rhythm(gap=365 * DAY)
    one = scheduled("0 7,12 * * *")
    assert is_for(SEVEN + 5 * HOUR, next_at(one, SEVEN + SECOND, rhythm=quiet, last_new_at=SEVEN - 900 * DAY))


# Manners


def test_a_visit_that_began_late_does_not_miss_the_next_time_and_comes_no_earlier_than_it_may():
    hourly = scheduled("0 * * * *")
    assert is_for(SEVEN + HOUR + 20 * SECOND, next_at(hourly, SEVEN + 20 * SECOND))
    assert not is_due(hourly, read_at(hourly, SEVEN + 20 * SECOND), SEVEN + HOUR)
    daily, no_validators = scheduled("0 7 * * *"), Fetched(bodies=())
    assert is_for(SEVEN + DAY + 20 * SECOND, next_at(daily, SEVEN + 20 * SECOND, no_validators))


def test_a_wait_that_ends_long_after_a_time_misses_it():
    assert is_for(SEVEN + 2 * HOUR, next_at(scheduled("0 * * * *"), SEVEN + 16 * MINUTE))


def test_an_interval_is_the_least_time_between_two_visits():
    assert is_for(SEVEN + HOUR, next_at(scheduled("*/5 * * * *"), SEVEN))
    assert is_for(SEVEN + 10 * MINUTE, next_at(scheduled("*/5 * * * *", interval=10 * MINUTE), SEVEN))
    assert is_for(SEVEN + 3 * DAY, next_at(scheduled("0 7 * * *", interval=3 * DAY), SEVEN))


@pytest.mark.parametrize(
    ("result", "days"),
    [
        (NotModified(validators=OFFERED, pacing=Pacing(max_age=25 * HOUR)), 2),
        (FetchFailed(problem="x", pacing=Pacing(retry_after=3 * DAY + HOUR)), 4),
        (FetchFailed(problem="x", pacing=Pacing(retry_after=90 * DAY)), 7),
        (FetchFailed(problem="x"), 1),
    ],
    ids=["max-age", "Retry-After", "an absurd one", "failed"],
)
def test_it_is_the_first_time_that_the_answer_allows(result: Answered, days: int):
    assert is_for(SEVEN + days * DAY, next_at(scheduled("0 7 * * *"), SEVEN, result))


def test_failures_back_off_over_the_times_of_a_schedule():
    waits = [next_at(scheduled("0 * * * *"), SEVEN, FetchFailed(problem="x"), failures=n) - SEVEN for n in range(5)]
    assert [round(wait / HOUR) for wait in waits] == [1, 2, 4, 8, 16]


def test_a_time_that_the_source_skips_is_passed_over_for_one_that_it_leaves():
    assert is_for(SEVEN + 5 * HOUR, next_at(scheduled("0 8,9,12 * * *"), SEVEN, rhythm=Rhythm(skip_hours=(8, 9))))
    assert is_for(SEVEN + 2 * DAY, next_at(scheduled("0 7 * * *"), SEVEN, rhythm=Rhythm(skip_days=(1,))))


def test_where_a_source_skips_every_time_of_its_schedule_the_first_hour_it_leaves_is_taken():
    assert next_at(scheduled("0 8 * * *"), SEVEN, rhythm=Rhythm(skip_hours=(8, 9))) == SEVEN + 3 * HOUR


# Clocks


@pytest.mark.parametrize(
    ("expression", "zone", "start", "seen"),
    [
        ("30 2 * * *", BERLIN, datetime(2026, 3, 28, 12, tzinfo=UTC), ["29 03:00", "30 02:30"]),
        ("*/20 2 * * *", BERLIN, datetime(2026, 3, 28, 12, tzinfo=UTC), ["29 03:00", "30 02:00"]),
        ("30 2 * * *", BERLIN, datetime(2026, 10, 24, 12, tzinfo=UTC), ["25 02:30", "26 02:30"]),
        ("*/30 2 * * *", BERLIN, datetime(2026, 10, 24, 12, tzinfo=UTC), ["25 02:00", "25 02:30", "26 02:00"]),
        ("15 2 * * *", LORD_HOWE, datetime(2026, 10, 3, 2, tzinfo=UTC), ["04 02:30", "05 02:15"]),
        ("45 1 * * *", LORD_HOWE, datetime(2026, 4, 4, 2, tzinfo=UTC), ["05 01:45", "06 01:45"]),
    ],
    ids=["gap", "gap of many", "overlap", "overlap of many", "half-hour gap", "half-hour overlap"],
)  # fmt: skip
def test_where_clocks_are_changed_a_time_comes_once(expression, zone, start, seen):
    assert matches(expression, zone, start, len(seen)) == seen


def test_in_the_second_of_two_equal_hours_the_time_of_the_first_one_is_over():
    second_half_past_two = datetime(2026, 10, 25, 1, 15, tzinfo=UTC)
    assert matches("30 2 * * *", BERLIN, second_half_past_two, 1) == ["26 02:30"]


def test_every_hour_is_every_hour_that_passes():
    assert matches("0 * * * *", BERLIN, datetime(2026, 3, 28, 23, 30, tzinfo=UTC), 3) == [
        "29 01:00",
        "29 03:00",
        "29 04:00",
    ]
    assert matches("0 * * * *", BERLIN, datetime(2026, 10, 24, 23, 30, tzinfo=UTC), 3) == [
        "25 02:00",
        "25 02:00",
        "25 03:00",
    ]


@pytest.mark.parametrize("expression", ["0 7 1 * *", "@yearly", "0 0 29 2 *"])
def test_a_source_with_rare_times_is_not_taken_for_a_wrong_clock(expression: str):
    one = scheduled(expression)
    known = read_at(one, MONDAY)
    assert not is_due(one, known, MONDAY)
    assert not is_due(one, known, MONDAY - HOUR)
    assert not is_due(one, known, known.next_fetch_at - SECOND)
    assert is_due(one, known, known.next_fetch_at)


@pytest.mark.parametrize("expression", ["0 7 * * mon-fri", "0 7 1 * *", "@yearly"])
def test_a_clock_that_was_years_ahead_silences_nobody(expression: str):
    one = scheduled(expression)
    known = read_at(one, MONDAY + 3650 * DAY)
    assert is_due(one, known, MONDAY)
    known = after(one, known, NotModified(), now=MONDAY)
    assert known.next_fetch_at == next_at(one, MONDAY)


# Whatever comes

expressions = st.one_of(
    st.sampled_from(["* * * * *", "*/15 * * * *", "0 * * * *", "30 2 * * *", "0 7 * * mon-fri", "15 1,2,3 * * *",
                     "0 */2 * * *", "45 1 * * 0", "0 0 1 * *", "59 23 L * *", "0 12 29 2 *", "@weekly"]),
    st.builds(
        "{} {} {} * {}".format, st.integers(0, 59), st.integers(0, 23), st.sampled_from(["*", "1", "13"]),
        st.sampled_from(["*", "mon", "1-5", "6#2"]),
    ),
)  # fmt: skip
zones = st.sampled_from([BERLIN, LORD_HOWE, ZoneInfo("UTC"), ZoneInfo("Africa/Casablanca"), ZoneInfo("Asia/Kathmandu")])
clocks = st.integers(10**9, 3 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
pacings = st.builds(
    Pacing, max_age=st.none() | st.timedeltas(timedelta(0), 30 * DAY), retry_after=st.none() | st.timedeltas(timedelta(0), 30 * DAY)
)  # fmt: skip
answers = st.one_of(
    st.builds(NotModified, validators=st.sampled_from([Validators(), OFFERED]), pacing=pacings),
    st.builds(
        FetchFailed, problem=st.just("x"), kind=st.sampled_from(["throttled", "refused", "other"]), pacing=pacings
    ),
)
rhythms = st.builds(
    Rhythm, skip_hours=st.lists(st.integers(0, 23), max_size=20).map(tuple), skip_days=st.lists(st.integers(0, 6), max_size=5).map(tuple)
)  # fmt: skip
sources = st.builds(
    lambda name, expression, zone, interval: scheduled(expression, zone, name=name, interval=interval),
    st.text(max_size=8), expressions, zones, st.timedeltas(MINUTE, 14 * MINUTE) | st.timedeltas(MINUTE, 2 * DAY),
)  # fmt: skip


@given(sources, clocks, rhythms, st.lists(answers, min_size=1, max_size=8))
def test_whatever_comes_no_wait_is_cut_short_no_time_is_taken_twice_and_nobody_is_silenced(one, start, rhythm, history):
    assert one.schedule
    known, now = SourceState(name=one.name, rhythm=rhythm), start
    taken: list[datetime] = []
    for result in history:
        known = after(one, known, result, now=now)
        due = known.next_fetch_at
        asked = max(result.pacing.max_age or MINUTE, result.pacing.retry_after or MINUTE)
        assert due - now >= max(one.interval, min(asked, WEEK))
        match = schedules.first_match(one.schedule, now)
        assert match is not None
        taken.append(match)
        assert due >= match
        assert schedules.not_skipped(due, rhythm) == due
        longest = schedules.first_match(one.schedule, now + 8 * DAY)
        assert longest is not None
        assert due <= longest + MINUTE + 2 * WEEK
        assert not is_due(one, known, due - timedelta(microseconds=1))
        assert is_due(one, known, due)
        now = due
    assert all(earlier < later for earlier, later in pairwise(taken))


@given(expressions, zones, clocks)
def test_matches_only_ever_lie_ahead_on_the_clocks_of_the_zone(expression, zone, start):
    wanted = schedules.schedule(expression, zone)
    moment = start
    for _ in range(5):
        match = schedules.first_match(wanted, moment)
        assert match is not None
        assert match > moment
        assert match.second == 0
        moment = match


# The config


def loaded(folder: Path, text: str) -> list[Source]:
    return list(settings.load(config(folder, text), environ={}).sources)


def test_a_schedule_is_read_in_the_time_zone_of_its_source_or_in_its_own(tmp_path: Path):
    one, two, three, four = loaded(
        tmp_path,
        """
        fetch: {schedule: 0 7 * * *, timezone: Europe/Berlin}
        sources:
          - {url: "https://one.example/"}
          - {url: "https://two.example/", timezone: Asia/Tokyo}
          - {url: "https://three.example/", schedule: CRON_TZ=Australia/Lord_Howe 30 8 * * mon-fri}
          - {url: "https://four.example/", schedule: ""}
        """,
    )
    assert one.schedule == Schedule(expression="0 7 * * *", timezone=BERLIN)
    assert two.schedule == Schedule(expression="0 7 * * *", timezone=ZoneInfo("Asia/Tokyo"))
    assert three.schedule == Schedule(expression="30 8 * * mon-fri", timezone=LORD_HOWE)
    assert (three.timezone, four.schedule) == (BERLIN, None)


def test_a_folder_takes_no_notice_of_everyones_schedule(tmp_path: Path):
    (desk,) = loaded(tmp_path, "fetch: {schedule: '@daily'}\nsources: [{path: desk/}]\n")
    assert desk.schedule is None


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        ("0 25 * * *", "'0 25 * * *' has a wrong hour; write minute, hour,"),
        ("7 Uhr", "'7 Uhr' has 2 of the 5 fields; write"),
        ("0 0 7 * * *", "has 6 of the 5 fields; write"),
        ("0 0 30 2 *", "has a wrong day-of-month; write"),
        ("0 0 */31 * mon#5", "names a day that no year has; write"),
        ("@reboot", "'@reboot' has 1 of the 5 fields; write"),
        ("9" * 5000 + " 0 * * *", "has a wrong"),
        ("CRON_TZ=Europe/Berln 0 7 * * *", "'Europe/Berln' is no time zone; did you mean Europe/Berlin?"),
        ("[0 7 * * *]", "a list where text is wanted"),
    ],
)
def test_a_bad_schedule_is_a_complaint_with_its_line_and_what_would_help(tmp_path: Path, written, complaint):
    value = written if written.startswith("[") else f'"{written}"'
    with pytest.raises(SettingsError) as raised:
        loaded(tmp_path, f'sources:\n  - url: "https://one.example/"\n    schedule: {value}\n')
    assert "config.yaml:3: sources[0].schedule: " in str(raised.value)
    assert complaint in str(raised.value)


def test_a_schedule_for_files_is_a_complaint(tmp_path: Path):
    with pytest.raises(SettingsError, match=r"sources\[0\]\.schedule: files are looked at in every round"):
        loaded(tmp_path, "sources: [{path: desk/, schedule: '@daily'}]\n")
