"""Answers, and what is known of a source before and after them."""

from __future__ import annotations

from datetime import datetime, timedelta

from builders import MONDAY, source
from feeds.fetching.timing import after
from feeds.records import (
    Answered,
    Fetched,
    FetchFailed,
    Pacing,
    SourceState,
    Validators,
    replace,
)

MINUTE, HOUR, DAY, WEEK, YEAR = (
    timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7), timedelta(days=365),
)  # fmt: skip
OFFERED = Validators(etag='W/"x"', last_modified="Mon, 02 Nov 2026 07:00:00 GMT")
NEW = "https://new.example/feed.xml"


def state(**changes: object) -> SourceState:
    """A source that was read an hour ago."""
    known = SourceState(
        name="gazette",
        validators=OFFERED,
        body_digest="digest",
        last_fetch_at=MONDAY - HOUR,
        last_success_at=MONDAY - HOUR,
        last_new_at=MONDAY - HOUR,
    )
    return replace(known, **changes)


def fetched(validators: Validators = OFFERED, **changes: object) -> Fetched:
    return Fetched(bodies=(), validators=validators, **changes)


def failed(kind: str = "other", **pacing: timedelta) -> FetchFailed:
    return FetchFailed(problem=f"{kind}!", kind=kind, pacing=Pacing(**pacing))


def wait(result: Answered, known: SourceState | None = None, *, now: datetime = MONDAY, **changes: object) -> timedelta:
    due = after(source(**changes), known or state(), result, now=now).next_fetch_at
    assert due is not None
    return due - now


def is_about(actual: timedelta, expected: timedelta) -> bool:
    """Later by up to a twentieth, which spreads the sources, and never earlier."""
    return expected <= actual <= expected * 1.05


def through(results: list[tuple[timedelta, Answered]], known: SourceState | None = None) -> SourceState:
    """What is known after a history; each answer comes so long after MONDAY."""
    known = known or state()
    for since, result in results:
        known = after(source(), known, result, now=MONDAY + since)
    return known
