"""Whatever a source answers, its next request comes neither early nor never."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from answers import DAY, HOUR, NEW, WEEK, YEAR
from hypothesis import given
from hypothesis import strategies as st

from builders import source
from feeds.fetching.timing import after, is_due
from feeds.records import (
    Fetched,
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


def times(most: timedelta) -> st.SearchStrategy[timedelta]:
    return st.timedeltas(timedelta(0), most)


pacings = st.builds(
    Pacing, max_age=st.none() | times(36_500 * DAY), retry_after=st.none() | times(36_500 * DAY)
)  # fmt: skip
rhythms = st.builds(
    Rhythm,
    every=st.none() | times(YEAR),
    skip_hours=st.lists(st.integers(0, 23), max_size=24).map(tuple),
    skip_days=st.lists(st.integers(0, 6), max_size=7).map(tuple),
    gap=st.none() | times(36_500 * DAY),
)
offers = st.builds(Validators, etag=st.sampled_from(["", '"x"']), last_modified=st.sampled_from(["", "today"]))
addresses = st.sampled_from(["", NEW, "https://third.example/"])
answers = st.one_of(
    st.builds(Fetched, bodies=st.just(()), validators=offers, moved_to=addresses, pacing=pacings),
    st.builds(NotModified, validators=offers, moved_to=addresses, pacing=pacings),
    st.builds(
        FetchFailed,
        problem=st.just("x"),
        kind=st.sampled_from(["dns", "not-found", "gone", "throttled", "refused", "other"]),
        pacing=pacings,
    ),
)
taught = st.builds(
    Seen,
    rhythm=st.none() | rhythms,
    body_digest=st.sampled_from(["", "1"]),
    is_same=st.booleans(),
    has_new=st.booleans(),
    problem=st.sampled_from(["", "cut"]),
)
clocks = st.integers(0, 7 * 10**9).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
histories = st.lists(st.tuples(clocks, answers, taught), min_size=1, max_size=30)
sources = st.builds(
    lambda name, interval, more: source(name=name, interval=interval, max_interval=interval + more),
    st.text(max_size=8),
    times(2 * DAY).map(lambda more: more + HOUR),
    times(5 * DAY),
)


@given(sources, histories)
def test_whatever_a_source_answers_it_is_never_asked_early_and_never_silenced(one: Source, history):
    known = SourceState(name=one.name)
    for now, result, seen in history:
        known = after(one, known, result, seen=seen, now=now)
        wait = known.next_fetch_at - now
        asked = max(result.pacing.max_age or HOUR, result.pacing.retry_after or HOUR)
        assert wait >= max(one.interval, min(asked, WEEK))
        if known.last_success_at and not known.validators:
            assert wait >= DAY
        skipped = WEEK if known.rhythm.skip_hours or known.rhythm.skip_days else timedelta(0)
        assert wait <= max(WEEK, one.max_interval) * 1.05 + skipped
        active = known.standing == "active"
        assert not is_due(one, known, known.next_fetch_at - timedelta(microseconds=1))
        assert is_due(one, known, known.next_fetch_at) is active
        assert is_due(one, replace(known, rhythm=Rhythm()), now - 60 * DAY) is active
