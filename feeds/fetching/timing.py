"""When a source is read next. Pure: the answer, its history and `now` go in, a moment comes out."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from feeds.records import Fetched, FetchFailed, FetchResult, NotModified, Source, SourceState, Validators

DAY = timedelta(days=1)
LONGEST_WAIT = timedelta(days=7)  # however long an origin, or a clock that was wrong, would have us stay away


def next_fetch_at(source: Source, state: SourceState, result: FetchResult, now: datetime) -> datetime:
    """The earliest moment at which the source may be asked again.

    Its interval, or a day where it offers no validators, doubled with every failure in a row; never before what the
    answer's Retry-After, Cache-Control or Expires asks for; a little later for each source, so that they spread.
    """
    match result:
        case Fetched(validators=validators) if not validators:
            wait = max(source.interval, DAY)
        case NotModified() | Fetched():
            wait = source.interval
        case FetchFailed(gone=True):
            wait = LONGEST_WAIT
        case FetchFailed():
            wait = source.interval * 2 ** min(state.failures, 10)
    wait = max(min(wait, max(source.max_interval, source.interval)), *_asked_for(result))
    return now + min(wait, LONGEST_WAIT) * (1 + _spread(source.name))


def merged(stored: Validators, answered: Validators) -> Validators:
    """The validators after a 304: those it carries, and for those it does not, the stored ones."""
    return Validators(etag=answered.etag or stored.etag, last_modified=answered.last_modified or stored.last_modified)


def _asked_for(result: FetchResult) -> tuple[timedelta, ...]:
    waits = (result.pacing.max_age, result.pacing.retry_after)
    return tuple(wait for wait in waits if wait is not None) or (timedelta(0),)


def _spread(name: str) -> float:
    """Up to 5 %, only upward, the same for a source every time."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) / 2**32 * 0.05
