from __future__ import annotations

from datetime import timedelta

import pytest

from builders import MONDAY, source
from feeds.fetching.timing import merged, next_fetch_at
from feeds.records import Fetched, FetchFailed, FetchResult, NotModified, Pacing, SourceState, Validators

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)
OFFERED = Validators(etag='"x"')


def wait(result: FetchResult, *, failures: int = 0, **changes: object) -> timedelta:
    return next_fetch_at(source(**changes), SourceState(name="s", failures=failures), result, MONDAY) - MONDAY


def is_about(actual: timedelta, expected: timedelta) -> bool:
    """Later by up to a twentieth, which spreads the sources, and never earlier."""
    return expected <= actual <= expected * 1.05


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        (Fetched(bodies=(), validators=OFFERED), HOUR),
        (NotModified(), HOUR),
        (Fetched(bodies=()), DAY),
        (FetchFailed(problem="x"), HOUR),
        (FetchFailed(problem="x", gone=True), WEEK),
        (NotModified(pacing=Pacing(max_age=timedelta(hours=5))), timedelta(hours=5)),
        (NotModified(pacing=Pacing(max_age=timedelta(minutes=5))), HOUR),
        (FetchFailed(problem="x", pacing=Pacing(retry_after=timedelta(hours=30))), timedelta(hours=30)),
        (FetchFailed(problem="x", pacing=Pacing(retry_after=timedelta(days=365))), WEEK),
        (NotModified(pacing=Pacing(max_age=timedelta(days=3650))), WEEK),
    ],
)
def test_a_source_is_left_alone_for_its_interval_or_what_its_origin_asks_for(
    result: FetchResult, expected: timedelta
) -> None:
    if expected == WEEK and isinstance(result, FetchFailed) and result.gone:
        assert is_about(wait(result, max_interval=30 * DAY), WEEK)
    else:
        assert is_about(wait(result), expected)


def test_each_failure_in_a_row_doubles_the_wait_up_to_the_longest_interval() -> None:
    failed = FetchFailed(problem="x")
    waits = [wait(failed, failures=number) for number in range(12)]
    assert [round(each / waits[0]) for each in waits] == [1, 2, 4, 8, 16, 24, 24, 24, 24, 24, 24, 24]


def test_sources_spread_by_their_names_and_each_always_in_the_same_way() -> None:
    waits = [wait(NotModified(), name=f"s{number}") for number in range(100)]
    assert len(set(waits)) == 100
    assert waits == [wait(NotModified(), name=f"s{number}") for number in range(100)]


def test_a_304_replaces_the_validators_that_it_carries() -> None:
    stored = Validators(etag='"old"', last_modified="old")
    assert merged(stored, Validators(etag='"new"')) == Validators(etag='"new"', last_modified="old")
    assert merged(stored, Validators()) == stored
