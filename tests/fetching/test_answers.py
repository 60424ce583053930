"""What an answer means, by its status and its headers, whatever stands in them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from builders import MONDAY, TUESDAY, source
from feeds.fetching import timing
from feeds.fetching.answers import Answer, read_answer
from feeds.records import Answered, Fetched, FetchFailed, NotModified, Pacing, SourceState, Validators

HOUR, WEEK = timedelta(hours=1), timedelta(days=7)
SENT = "Mon, 02 Nov 2026 08:00:00 GMT"  # MONDAY


def read(status: int = 200, *, asked: bool = True, now=MONDAY, content: bytes = b"", **headers: str) -> Answered:
    """Header names are written with _ for -."""
    lines = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    answer = Answer(url="https://gazette.example/feed.xml", status=status, headers=lines, content=content)
    return read_answer(answer, has_validators=asked, max_size=1000, now=now)


def test_validators_are_taken_byte_for_byte():
    odd = Validators(etag='W/"\xe9 x" ;', last_modified="last tuesday")
    for status in (200, 304):
        assert read(status, etag=odd.etag, last_modified=odd.last_modified).validators == odd


def test_a_226_is_a_document():
    assert isinstance(read(226, im="feed"), Fetched)


def test_a_304_that_nothing_was_asked_for_is_a_failure():
    assert isinstance(read(304), NotModified)
    assert "304" in read(304, asked=False).problem


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (401, "refused"), (403, "refused"), (404, "not-found"), (410, "gone"), (429, "throttled"),
        (500, "other"), (503, "other"), (204, "other"), (418, "other"), (999, "other"),
    ],
)  # fmt: skip
def test_a_failure_says_its_number_and_what_kind_it_is(status: int, kind: str):
    failed = read(status)
    assert isinstance(failed, FetchFailed)
    assert failed.kind == kind
    assert failed.problem.startswith(f"{status}: ")


@pytest.mark.parametrize("status", [200, 304, 429, 503])
@pytest.mark.parametrize(
    ("headers", "pacing"),
    [
        ({"cache_control": "public, max-age=7200"}, Pacing(max_age=2 * HOUR)),
        ({"cache_control": 'MAX-AGE="7200"'}, Pacing(max_age=2 * HOUR)),
        ({"cache_control": "s-maxage=7200"}, Pacing()),
        ({"cache_control": "max-age=x", "expires": "0"}, Pacing()),
        ({"expires": "Mon, 02 Nov 2026 10:00:00 GMT"}, Pacing(max_age=2 * HOUR)),
        ({"expires": "Mon, 02 Nov 2020 10:00:00 GMT"}, Pacing(max_age=timedelta(0))),
        ({"cache_control": "max-age=7200", "expires": "Mon, 02 Nov 2026 18:00:00 GMT"}, Pacing(max_age=2 * HOUR)),
        ({"retry_after": "7200"}, Pacing(retry_after=2 * HOUR)),
        ({"retry_after": "Mon, 02 Nov 2026 10:00:00 GMT"}, Pacing(retry_after=2 * HOUR)),
        ({"retry_after": "Monday, 02-Nov-26 10:00:00 GMT"}, Pacing(retry_after=2 * HOUR)),
        ({"retry_after": "Mon Nov  2 10:00:00 2026"}, Pacing(retry_after=2 * HOUR)),
        ({"retry_after": "-5"}, Pacing()),
        ({"retry_after": "soon"}, Pacing()),
    ],
)
def test_how_long_to_stay_away_is_read_from_every_answer(status: int, headers: dict[str, str], pacing: Pacing):
    assert read(status, **headers).pacing == pacing


def test_dates_are_relative_to_the_answers_own():
    headers = {"date": SENT, "expires": "Mon, 02 Nov 2026 10:00:00 GMT", "retry_after": "Mon, 02 Nov 2026 11:00:00 GMT"}
    assert read(503, now=TUESDAY, **headers).pacing == Pacing(max_age=2 * HOUR, retry_after=3 * HOUR)


def test_max_age_counts_in_whichever_of_two_cache_control_headers_it_stands():
    lines = (("cache-control", "max-age=7200"), ("cache-control", "public"))
    answer = Answer(url="https://gazette.example/", status=304, headers=lines)
    assert read_answer(answer, has_validators=True, max_size=1, now=MONDAY).pacing.max_age == 2 * HOUR


@pytest.mark.parametrize("value", ["9" * 18, "9" * 30, "Fri, 31 Dec 9999 23:59:59 GMT"])
def test_an_absurd_wait_is_still_a_wait(value: str):
    assert read(429, retry_after=value).pacing.retry_after > WEEK


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate", "zstd", "rot13"])
def test_a_body_that_cannot_be_decompressed_is_a_failure_that_keeps_its_pace(encoding: str):
    failed = read(content=b"plain", content_encoding=encoding, cache_control="max-age=7200", etag='"x"')
    assert isinstance(failed, FetchFailed)
    assert failed.pacing.max_age == 2 * HOUR


@pytest.mark.parametrize(
    ("headers", "is_delimited"),
    [({}, False), ({"content_length": "5"}, True), ({"transfer_encoding": "chunked"}, True)],
)
def test_a_body_that_ends_with_its_connection_is_told_from_one_with_a_marked_end(headers, is_delimited):
    assert read(**headers).bodies[0].is_delimited is is_delimited


_NAMES = (
    "retry-after", "cache-control", "expires", "date", "etag", "last-modified",
    "content-type", "content-encoding", "content-length", "transfer-encoding",
)  # fmt: skip
latin1 = st.text(st.characters(max_codepoint=255), max_size=60)
almost = st.one_of(
    latin1,
    st.from_regex(r"\A(max-age ?= ?\"?)?[0-9]{0,40}\Z"),
    st.from_regex(r"\A(Mon, )?[0-9]{1,3}[ -](Nov|Feb)[ -][0-9]{1,5} [0-9]{1,2}:[0-9]{2}(:[0-9]{2})?( GMT| [+-][0-9]{4})?\Z"),
    st.sampled_from(["gzip", "br", "deflate, gzip", "text/xml; charset=", 'a/b;charset="x']),
)  # fmt: skip


@given(
    st.sampled_from([200, 203, 226, 304, 403, 404, 410, 429, 500, 503]) | st.integers(0, 999),
    st.lists(st.tuples(st.sampled_from(_NAMES), almost), max_size=8).map(tuple),
    st.binary(max_size=40),
    st.booleans(),
)
@example(200, (("expires", "Fri, 31 Dec 9999 23:59:59 -0100"),), b"", False)
@example(429, (("date", "Mon, 01 Jan 0001 00:00:00 +0100"), ("retry-after", "1")), b"", False)
def test_no_header_stops_the_work(status, headers, content, asked):
    answer = Answer(url="https://gazette.example/feed.xml", status=status, headers=headers, content=content)
    result = read_answer(answer, has_validators=asked, max_size=100, now=MONDAY)
    due = timing.after(source(), SourceState(name="gazette"), result, now=MONDAY).next_fetch_at
    assert MONDAY + HOUR <= due <= MONDAY + WEEK * 1.05
