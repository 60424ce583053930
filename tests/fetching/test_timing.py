"""When a source is asked again, by etiquette.md: an answer, its history and `now` go in, a new state comes out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from answers import DAY, HOUR, MINUTE, NEW, OFFERED, WEEK, YEAR, failed, fetched, is_about, state, through, wait

from builders import MONDAY, source
from feeds.fetching import timing
from feeds.fetching.timing import after, is_due
from feeds.records import (
    Answered,
    FetchFailed,
    NotModified,
    Pacing,
    Rhythm,
    Seen,
    Source,
    SourceState,
    Validators,
    replace,
)

# Conditional requests


def test_a_200_replaces_the_validators_and_a_missing_header_clears_that_one():
    assert after(source(), state(), fetched(Validators(etag='"y"')), now=MONDAY).validators == Validators(etag='"y"')
    assert after(source(), state(), fetched(Validators()), now=MONDAY).validators == Validators()


def test_an_etag_that_changed_beside_an_old_last_modified_is_stored_with_it():
    both = replace(OFFERED, etag='"y"')
    assert after(source(), state(), fetched(both), now=MONDAY).validators == both


def test_a_304_replaces_the_validators_that_it_carries_and_no_other():
    new = after(source(), state(), NotModified(validators=Validators(etag='"y"')), now=MONDAY)
    assert new.validators == replace(OFFERED, etag='"y"')
    assert after(source(), state(), NotModified(), now=MONDAY).validators == OFFERED


def test_a_body_equal_to_the_last_one_brings_its_validators_and_keeps_the_rest():
    learned = after(source(), state(rhythm=Rhythm(every=2 * HOUR)), fetched(Validators(etag='"y"')), now=MONDAY)
    assert (learned.validators.etag, learned.body_digest, learned.rhythm.every) == ('"y"', "digest", 2 * HOUR)


@pytest.mark.parametrize("kind", ["other", "throttled", "refused", "not-found", "dns", "gone"])
def test_a_failure_is_counted_and_forgets_nothing(kind: str):
    learned = after(source(), state(rhythm=Rhythm(every=HOUR)), failed(kind), now=MONDAY)
    assert (learned.failures, learned.problem, learned.last_fetch_at) == (1, f"{kind}!", MONDAY)
    before = state(rhythm=Rhythm(every=HOUR))
    for name in ("validators", "body_digest", "rhythm", "last_success_at", "last_new_at"):
        assert getattr(learned, name) == getattr(before, name)


# Pacing


def test_an_hour_is_the_floor_and_59_minutes_are_too_early():
    known = after(source(), state(), NotModified(pacing=Pacing(max_age=5 * MINUTE)), now=MONDAY)
    assert not is_due(source(), known, MONDAY + 59 * MINUTE)
    assert is_about(wait(NotModified(pacing=Pacing(max_age=5 * MINUTE))), HOUR)
    assert is_due(source(), known, MONDAY + HOUR * 1.05)


def test_the_config_may_lower_the_floor_of_a_named_source():
    assert is_about(wait(NotModified(), interval=10 * MINUTE), 10 * MINUTE)
    assert is_about(wait(fetched(Validators()), interval=10 * MINUTE), 10 * MINUTE)


@pytest.mark.parametrize("result", [fetched(Validators()), failed()], ids=["200", "500"])
def test_a_source_that_offers_no_validators_is_asked_once_a_day(result: Answered):
    assert is_about(wait(result, state(validators=Validators())), DAY)


def test_a_source_that_never_answered_is_not_yet_one_without_validators():
    assert is_about(wait(failed(), SourceState(name="gazette")), HOUR)


@pytest.mark.parametrize(
    "result", [fetched, lambda pacing: NotModified(pacing=pacing), lambda pacing: FetchFailed(problem="x", pacing=pacing)]
)  # fmt: skip
def test_nothing_is_asked_before_the_answer_is_stale(result):
    assert is_about(wait(result(pacing=Pacing(max_age=5 * HOUR))), 5 * HOUR)


@pytest.mark.parametrize("kind", ["throttled", "other"])
def test_retry_after_is_honoured(kind: str):
    assert is_about(wait(failed(kind, retry_after=30 * HOUR)), 30 * HOUR)
    assert wait(failed(kind, retry_after=MINUTE)) >= HOUR


@pytest.mark.parametrize("result", [fetched(pacing=Pacing(max_age=YEAR)), failed("throttled", retry_after=YEAR)])
def test_an_absurd_wait_is_capped_at_seven_days_and_told_until_it_is_asked_for_no_more(result: Answered):
    learned = after(source(), state(), result, now=MONDAY)
    assert is_about(learned.next_fetch_at - MONDAY, WEEK)
    assert learned.problem.endswith("its server asks us to stay away for 365 days; it will be asked again in 7")
    if isinstance(result, FetchFailed):
        assert learned.problem.startswith("throttled!; ")
    assert after(source(), learned, NotModified(), now=MONDAY + WEEK).problem == ""


def test_what_was_wrong_with_a_document_is_told_while_it_is_the_same_and_not_after_another():
    cut = after(source(), state(), fetched(), seen=Seen(body_digest="1", problem="it breaks off"), now=MONDAY)
    for result in (NotModified(pacing=Pacing(max_age=YEAR)), NotModified(), fetched()):
        cut = after(source(), cut, result, now=MONDAY)
        assert cut.problem.partition("; ")[0] == "it breaks off"
    assert cut.problem == "it breaks off"
    assert after(source(), cut, fetched(), seen=Seen(body_digest="2"), now=MONDAY).problem == ""


def test_a_file_that_was_taken_away_leaves_no_problem_behind():
    desk = Source(name="desk", kind="folder", path="/desk")
    assert after(desk, SourceState(name="desk", problem="a.md: broken"), NotModified(), now=MONDAY).problem == ""


def test_the_rhythm_that_a_document_asks_for_counts():
    assert is_about(wait(NotModified(), state(rhythm=Rhythm(every=6 * HOUR))), 6 * HOUR)
    assert is_about(wait(NotModified(), state(rhythm=Rhythm(every=MINUTE))), HOUR)


def test_a_new_documents_rhythm_replaces_the_old_one():
    slow, quick = Rhythm(every=6 * HOUR), Rhythm(every=2 * HOUR)
    learned = after(source(), state(rhythm=slow), fetched(), seen=Seen(rhythm=quick, body_digest="1"), now=MONDAY)
    assert is_about(learned.next_fetch_at - MONDAY, 2 * HOUR)


def test_hours_and_days_that_a_source_skips_are_passed_over():
    due = MONDAY + wait(NotModified(), state(rhythm=Rhythm(skip_hours=(9, 10, 11))))
    assert due == MONDAY.replace(hour=12)
    due = MONDAY + wait(NotModified(), state(rhythm=Rhythm(skip_days=(0, 1))))
    assert due == datetime(2026, 11, 4, tzinfo=UTC)


def test_a_source_that_is_late_waits_for_the_end_of_the_hours_it_skips():
    known = state(rhythm=Rhythm(skip_hours=(9, 10)), next_fetch_at=MONDAY)
    assert is_due(source(), known, MONDAY)
    assert not is_due(source(), known, MONDAY + 90 * MINUTE)
    assert is_due(source(), known, MONDAY + 3 * HOUR)


def test_a_source_that_skips_everything_is_asked_all_the_same():
    assert is_about(wait(NotModified(), state(rhythm=Rhythm(skip_hours=tuple(range(24))))), HOUR)


@pytest.mark.parametrize(
    ("gap", "quiet", "expected"),
    [
        (HOUR, HOUR, HOUR),
        (DAY, HOUR, DAY / 10),
        (DAY, 5 * DAY, DAY / 2),
        (30 * DAY, HOUR, DAY),
        (DAY, YEAR, DAY),
        (timedelta(0), HOUR, HOUR),
        (None, YEAR, HOUR),
    ],
    ids=["lively", "daily", "fell silent", "monthly", "a year silent", "all at one time", "undated"],
)
def test_a_quiet_source_is_asked_less_often_within_the_bounds(gap, quiet, expected):
    known = state(rhythm=Rhythm(gap=gap), last_new_at=MONDAY - quiet)
    assert is_about(wait(NotModified(), known), expected)


def test_the_usual_gap_is_the_median_of_the_latest_entries():
    assert timing.usual_gap([MONDAY - n * DAY for n in (0, 1, 2, 3, 100)]) == DAY
    assert timing.usual_gap([MONDAY, MONDAY - DAY]) is None


def test_sources_spread_by_their_names_only_later_and_each_always_in_the_same_way():
    waits = [wait(NotModified(), name=f"s{number}") for number in range(100)]
    assert len(set(waits)) == 100
    assert all(is_about(each, HOUR) for each in waits)
    assert waits == [wait(NotModified(), name=f"s{number}") for number in range(100)]


def test_each_failure_in_a_row_doubles_the_wait_up_to_the_longest_interval():
    waits = [wait(failed(), state(failures=number)) for number in range(12)]
    assert [round(each / waits[0]) for each in waits] == [1, 2, 4, 8, 16, 24, 24, 24, 24, 24, 24, 24]


def test_every_429_doubles_the_interval_of_later_visits_and_each_week_forgives_one():
    known = through([(n * HOUR, failed("throttled")) for n in range(3)])
    for weeks, doublings in [(0, 3), (1, 2), (2, 1), (3, 0), (4, 0)]:
        now = MONDAY + 2 * HOUR + weeks * WEEK
        assert is_about(wait(NotModified(), known, now=now), HOUR * 2**doublings)


def test_a_throttled_source_is_never_slowed_beyond_its_longest_interval():
    known = through([(n * HOUR, failed("throttled")) for n in range(50)])
    assert is_about(wait(NotModified(), known, now=MONDAY + 50 * HOUR), DAY)


def test_one_403_may_be_an_accident_and_the_second_slows():
    assert is_about(wait(NotModified(), through([(HOUR, failed("refused"))])), HOUR)
    assert is_about(wait(NotModified(), through([(HOUR, failed("refused"))] * 2)), 2 * HOUR)


def test_another_failure_does_not_slow_later_visits():
    assert is_about(wait(NotModified(), through([(HOUR, failed())] * 5)), HOUR)


@pytest.mark.parametrize("ahead", [30 * DAY, 3650 * DAY])
def test_a_clock_that_was_far_ahead_silences_nobody(ahead: timedelta):
    then = MONDAY + ahead
    known = state()
    for result in (failed("throttled"), fetched(moved_to=NEW), NotModified(pacing=Pacing(max_age=WEEK))):
        known = after(source(), known, result, now=then)
    assert is_due(source(), known, MONDAY)
    for result in (NotModified(), failed(), fetched(moved_to=NEW)):
        assert wait(result, known) <= timing.LONGEST_WAIT


def test_a_clock_set_back_by_minutes_makes_nobody_due_early():
    known = after(source(), state(), NotModified(), now=MONDAY)
    assert not is_due(source(), known, MONDAY - 30 * MINUTE)


@pytest.mark.parametrize(
    ("changes", "rhythm", "result"),
    [
        ({"interval": 30 * DAY, "max_interval": 30 * DAY}, Rhythm(), NotModified()),
        ({"max_interval": 60 * DAY}, Rhythm(gap=YEAR), NotModified()),
        ({}, Rhythm(skip_days=(0, 1, 2, 3, 4, 5)), NotModified(pacing=Pacing(max_age=WEEK))),
    ],
    ids=["by the config", "by its rhythm", "by the days it skips"],
)
def test_a_source_that_waits_long_for_a_good_reason_is_not_taken_for_a_wrong_clock(changes, rhythm, result):
    one = source(**changes)
    known = after(one, state(rhythm=rhythm), result, now=MONDAY)
    assert not is_due(one, known, MONDAY)
    assert not is_due(one, known, known.next_fetch_at - timedelta(seconds=1))
    assert is_due(one, known, known.next_fetch_at)


# Hosts


def hold(strikes: int = 0, until: datetime = MONDAY, *, now: datetime = MONDAY, **pacing: timedelta):
    return timing.host_hold(failed("throttled", **pacing), strikes, until, now=now)


def test_a_host_is_held_as_long_as_it_asks_or_twice_as_long_each_time_it_has_to_tell_us():
    assert hold(retry_after=90 * MINUTE) == (1, MONDAY + 90 * MINUTE)
    strikes, until = hold()
    assert (strikes, until) == (1, MONDAY + HOUR)
    assert hold(strikes, until, now=until) == (2, until + 2 * HOUR)
    assert hold(20)[1] == hold(retry_after=YEAR)[1] == MONDAY + WEEK


def test_what_a_host_says_twice_in_one_round_is_one_strike_and_shortens_nothing():
    assert hold(1, MONDAY + HOUR, now=MONDAY + MINUTE) == (1, MONDAY + HOUR + MINUTE)
    assert hold(1, MONDAY + 5 * HOUR, now=MONDAY + MINUTE) == (1, MONDAY + 5 * HOUR)


def test_a_hosts_strikes_are_forgotten_after_a_quiet_day_and_those_of_a_wrong_clock_at_once():
    assert hold(5, MONDAY, now=MONDAY + DAY) == (1, MONDAY + DAY + HOUR)
    assert hold(5, MONDAY + YEAR) == (1, MONDAY + HOUR)
    assert not timing.is_held(MONDAY + YEAR, MONDAY)
