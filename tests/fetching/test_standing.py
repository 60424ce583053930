"""What becomes of a source in the long run: gone, parked, moved, suspect."""

from __future__ import annotations

import pytest
from answers import DAY, HOUR, NEW, YEAR, failed, fetched, state, through

from builders import MONDAY, source
from feeds.fetching import timing
from feeds.fetching.timing import after, is_due
from feeds.records import (
    Answered,
    NotModified,
    Seen,
    Source,
    SourceState,
    Validators,
)


def test_a_source_that_is_gone_is_asked_no_more_until_it_answers_a_person():
    known = after(source(), state(), failed("gone"), now=MONDAY)
    assert known.standing == "gone"
    assert not is_due(source(), known, MONDAY + 10 * YEAR)
    assert after(source(), known, fetched(), now=MONDAY).standing == "active"


@pytest.mark.parametrize("kind", ["not-found", "dns"])
def test_an_address_that_is_not_there_is_asked_at_doubling_waits_for_days_and_then_parked(kind: str):
    known, now, waits = state(), MONDAY, []
    while known.standing == "active":
        known = after(source(), known, failed(kind), now=now)
        waits.append(known.next_fetch_at - now)
        now = known.next_fetch_at
    assert [round(each / waits[0]) for each in waits[:6]] == [1, 2, 4, 8, 16, 24]
    assert now - MONDAY > 5 * DAY
    assert not is_due(source(), known, now + 10 * YEAR)
    back = after(source(), known, NotModified(), now=now)
    assert (back.standing, back.failures, back.problem) == ("active", 0, "")


@pytest.mark.parametrize("kind", ["other", "refused", "throttled"])
def test_trouble_that_may_pass_parks_nobody(kind: str):
    assert through([(n * DAY, failed(kind)) for n in range(100)]).standing == "active"


def test_a_permanent_redirect_is_remembered_after_days_and_not_before():
    known = through([(DAY * days, fetched(moved_to=NEW)) for days in (0, 1, 2)])
    assert timing.address(source(), known) == source().url
    known = through([(DAY * 3, fetched(moved_to=NEW))], known)
    assert timing.address(source(), known) == NEW


def test_a_304_behind_a_redirect_proves_the_same_feed():
    known = through([(DAY * days, NotModified(moved_to=NEW)) for days in (0, 3)])
    assert timing.address(source(), known) == NEW


def test_a_redirect_to_another_feed_is_not_remembered_however_long_it_holds():
    known = state()
    for days in range(30):
        seen = Seen(body_digest=str(days), is_same=False)
        known = after(source(), known, fetched(moved_to=NEW), seen=seen, now=MONDAY + days * DAY)
    assert timing.address(source(), known) == source().url


@pytest.mark.parametrize("between", [NotModified(), fetched(moved_to="https://third.example/"), fetched()])
def test_a_redirect_that_did_not_hold_all_the_time_begins_anew(between: Answered):
    known = through([(DAY * 0, fetched(moved_to=NEW)), (DAY * 2, between), (DAY * 3, fetched(moved_to=NEW))])
    assert timing.address(source(), known) == source().url
    assert timing.address(source(), through([(DAY * 6, fetched(moved_to=NEW))], known)) == NEW


def test_a_redirect_first_seen_by_a_clock_that_was_ahead_is_proven_in_days_and_not_in_years():
    known = through(
        [(10 * YEAR, fetched(moved_to=NEW)), (HOUR, fetched(moved_to=NEW)), (4 * DAY, fetched(moved_to=NEW))]
    )
    assert timing.address(source(), known) == NEW


def test_a_log_in_page_behind_a_redirect_replaces_no_address():
    known = through([(DAY * days, failed()) for days in range(30)])  # which a page that is no feed is
    assert timing.address(source(), known) == source().url


def test_a_proven_address_stays_while_it_answers_or_has_trouble_that_may_pass():
    known = state(moved_to=NEW, moved_since=MONDAY, move_is_proven=True)
    results = [(HOUR, NotModified()), (DAY, failed()), (2 * DAY, failed("throttled")), (3 * DAY, fetched())]
    assert timing.address(source(), through(results, known)) == NEW


@pytest.mark.parametrize("kind", ["not-found", "dns", "gone"])
def test_a_proven_address_that_dies_is_forgotten_with_its_validators_and_the_first_one_asked(kind: str):
    known = state(moved_to=NEW, moved_since=MONDAY, move_is_proven=True, failures=50)
    known = after(source(), known, failed(kind), now=MONDAY)
    assert (timing.address(source(), known), known.standing) == (source().url, "active")
    assert (known.validators, known.body_digest) == (Validators(), "")


def test_what_ended_our_process_is_suspect_until_it_was_read():
    known = state(attempts=2)
    assert after(source(), known, failed(), now=MONDAY).attempts == 2
    assert after(source(), known, fetched(), now=MONDAY).attempts == 0


def test_a_folder_is_looked_at_in_every_round():
    desk = Source(name="desk", kind="folder", path="/desk")
    assert is_due(desk, SourceState(name="desk", next_fetch_at=MONDAY + DAY, standing="parked"), MONDAY)
