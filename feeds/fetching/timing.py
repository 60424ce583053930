"""When a source is read next, and whether at all. Pure: the answer, its history and `now` go in, a new state comes out.

The manners of docs/etiquette.md, as one decision. I/O stands outside: whoever calls `after` stores what it returns.
"""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterable
from datetime import datetime, timedelta

from feeds.fetching import schedules
from feeds.records import (
    Answered,
    Fetched,
    FetchFailed,
    NotModified,
    Rhythm,
    Seen,
    Source,
    SourceState,
    Validators,
    replace,
)

MINUTE, HOUR, DAY, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1), timedelta(days=7)

LONGEST_WAIT = WEEK  # however long an origin, or a clock that was wrong, would have us stay away
PARK_AFTER = 10  # failures in a row of an address that is not there: with the doubling waits, about a week
PROVEN_AFTER = timedelta(days=3)  # a permanent redirect is believed once it held so long
VISITS_PER_ARTICLE = 10  # a source is asked about so often while one new article can be expected
MOST_SLOWED = 5  # doublings of a source's interval, for having been told to ask less often

MOST_SPREAD = 0.05  # of a wait: sources that answer together are not asked together for ever
SCHEDULE_SPREAD = MINUTE  # behind a time that many sources may share

NOTHING = Seen()

_ASKS = "its server asks us to stay away for"

_ABSENT = frozenset({"dns", "not-found"})


def after(source: Source, state: SourceState, result: Answered, *, seen: Seen = NOTHING, now: datetime) -> SourceState:
    """The state of a source after `result`; `seen` is what its document taught, where there was a new one."""
    if isinstance(result, Fetched) and result.is_pushed:
        return _pushed(state, seen, now)
    match result:
        case FetchFailed():
            learned = _failed(state, result, now)
        case _:
            learned = _succeeded(source, state, result, seen, now)
    due, note = _next_fetch_at(source, learned, result, now)
    return replace(learned, next_fetch_at=due, problem="; ".join(filter(None, (learned.problem, note))))


def is_due(source: Source, state: SourceState, now: datetime) -> bool:
    """Whether a source may be read now. Our own disk needs no manners: files are looked at in every round."""
    if source.kind == "folder":
        return True
    if state.standing != "active":
        return False
    # A due time beyond the longest wait was set by a clock that was wrong then, or is now.
    due = state.next_fetch_at
    is_time = due is None or due <= now or (due > now + LONGEST_WAIT and due > _latest(source, state.rhythm, now))
    # Whoever was late, or asked by hand, can find the source's time come within an hour that it wants to be left alone.
    return is_time and schedules.not_skipped(now, state.rhythm) == now


def address(source: Source, state: SourceState) -> str:
    """Where a source is asked: where it moved to, once that is proven, else where the config says."""
    return state.moved_to if state.move_is_proven else source.url


def usual_gap(moments: Iterable[datetime]) -> timedelta | None:
    """The median time between the latest entries of a document; None where too few are dated."""
    latest = sorted(moments, reverse=True)[:20]
    gaps = sorted(later - earlier for later, earlier in itertools.pairwise(latest))
    return gaps[len(gaps) // 2] if len(gaps) >= 3 else None


def is_held(until: datetime, now: datetime) -> bool:
    """Whether the sources of a host are to be left alone; not for longer than a right clock would have it."""
    return now < until <= now + LONGEST_WAIT


def host_hold(failed: FetchFailed, strikes: int, until: datetime, *, now: datetime) -> tuple[int, datetime]:
    """How often a host has had to tell us that we ask too often, this time counted, and until when it is held now.

    `strikes` and `until` are the last ones. All that it says in one round, or of one address, is one strike.
    """
    was_held = is_held(until, now)
    if was_held:
        strikes -= 1
    elif not timedelta(0) <= now - until < DAY:
        strikes = 0
    wait = min(failed.pacing.retry_after or HOUR * (1 << min(strikes, 10)), LONGEST_WAIT)
    return strikes + 1, max(now + wait, until) if was_held else now + wait


def _succeeded(
    source: Source, state: SourceState, result: Fetched | NotModified, seen: Seen, now: datetime
) -> SourceState:
    validators = result.validators
    if isinstance(result, NotModified):  # a 304 replaces those it carries
        validators = Validators(
            etag=validators.etag or state.validators.etag,
            last_modified=validators.last_modified or state.validators.last_modified,
        )
    # What was wrong with a document still is, while the document is the same; what a server asks, it says each time.
    is_same_document = not seen.body_digest and source.kind != "folder" and not state.failures
    still_wrong = state.problem.partition(_ASKS)[0].removesuffix("; ") if is_same_document else ""
    return replace(
        _moved(state, result, seen, now),
        validators=validators,
        body_digest=seen.body_digest or state.body_digest,
        attempts=0,
        rhythm=seen.rhythm or state.rhythm,
        site_url=seen.site_url or state.site_url,
        standing="active",
        failures=0,
        problem=seen.problem or still_wrong,
        last_fetch_at=now,
        last_success_at=now,
        last_new_at=now if seen.has_new else state.last_new_at or now,
    )


def _pushed(state: SourceState, seen: Seen, now: datetime) -> SourceState:
    """What a hub sent is no visit: the source is asked when it would have been, with the validators it gave us."""
    return replace(
        state,
        body_digest=seen.body_digest or state.body_digest,
        attempts=0,
        last_new_at=now if seen.has_new else state.last_new_at,
    )


def _failed(state: SourceState, failed: FetchFailed, now: datetime) -> SourceState:
    state = replace(state, failures=state.failures + 1, problem=failed.problem, last_fetch_at=now)
    if failed.kind == "throttled" or (failed.kind == "refused" and state.failures > 1):
        state = replace(state, slowed=min(_slowed(state, now) + 1, MOST_SLOWED), slowed_at=now)
    if state.move_is_proven and failed.kind in _ABSENT | {"gone"}:
        # The place it moved to is lost: back to the one that the config names, which may lead elsewhere by now. The
        # validators were the lost place's.
        state = replace(state, validators=Validators(), body_digest="")
        return replace(state, moved_to="", moved_since=None, move_is_proven=False)
    if failed.kind == "gone":
        return replace(state, standing="gone")
    if failed.kind in _ABSENT and state.failures >= PARK_AFTER:
        return replace(state, standing="parked")
    return state


def _moved(state: SourceState, result: Fetched | NotModified, seen: Seen, now: datetime) -> SourceState:
    """Permanent redirects, remembered only when they held for days and led to the same feed (RFC 9110, 15.4.2)."""
    if not result.moved_to:
        is_known = state.move_is_proven or not state.moved_to
        return state if is_known else replace(state, moved_to="", moved_since=None)
    if result.moved_to != state.moved_to or state.moved_since is None or state.moved_since > now:
        return replace(state, moved_to=result.moved_to, moved_since=now, move_is_proven=False)
    held = now - state.moved_since >= PROVEN_AFTER
    return replace(state, move_is_proven=held and (seen.is_same or isinstance(result, NotModified)))


def _next_fetch_at(source: Source, state: SourceState, result: Answered, now: datetime) -> tuple[datetime, str]:
    """The earliest moment for the next request; and a word where the origin asked for more than we do."""
    asked = max((wait for wait in _asked_for(result, state.rhythm)), default=timedelta(0))
    wait = max(_own_interval(source, state, result, now), min(asked, LONGEST_WAIT))
    note = ""
    if asked > LONGEST_WAIT:
        note = f"{_ASKS} {asked.days:,} days; it will be asked again in {LONGEST_WAIT.days}"
    return _due(source, state.rhythm, wait, now), note


def _due(source: Source, rhythm: Rhythm, wait: timedelta, now: datetime) -> datetime:
    """When a wait is over, spread only upward."""
    spread = _spread(source.name)
    if source.schedule:
        return schedules.due(source.schedule, rhythm, earliest=now + wait, spread=spread * SCHEDULE_SPREAD, now=now)
    return schedules.not_skipped(now + wait * (1 + spread * MOST_SPREAD), rhythm)


def _own_interval(source: Source, state: SourceState, result: Answered, now: datetime) -> timedelta:
    longest = max(source.max_interval, source.interval)
    interval = min(source.interval * (1 << _slowed(state, now)), longest)
    # What a visit finds that its hub has told us nothing of shows that this hub is not to be relied upon.
    if state.is_pushed and state.last_new_at != now and not source.schedule:
        interval = max(interval, min(longest, DAY))
    if isinstance(result, FetchFailed):
        interval = min(interval * (1 << min(state.failures - 1, 10)), longest)
    elif state.rhythm.gap and state.last_new_at and not source.schedule:
        expected = max(state.rhythm.gap, now - state.last_new_at)
        interval = max(interval, min(expected / VISITS_PER_ARTICLE, longest))
    # Without validators every visit costs the whole document. Below an hour the keeper has decided for this source.
    has_document = state.last_success_at is not None
    is_dear = source.kind != "folder" and has_document and not state.validators and source.interval >= HOUR
    return max(interval, DAY) if is_dear else interval


def _asked_for(result: Answered, rhythm: Rhythm) -> list[timedelta]:
    waits = [result.pacing.max_age, result.pacing.retry_after]
    if not isinstance(result, FetchFailed):
        waits.append(rhythm.every)
    return [wait for wait in waits if wait is not None]


def _slowed(state: SourceState, now: datetime) -> int:
    """Doublings still in force: one is forgiven each week."""
    if state.slowed_at is None:
        return 0
    return max(0, state.slowed - max(0, (now - state.slowed_at) // WEEK))


def _latest(source: Source, rhythm: Rhythm, now: datetime) -> datetime:
    """No due time that `after` set by a right clock, now or earlier, is later."""
    skipped = WEEK if rhythm.skip_hours or rhythm.skip_days else timedelta(0)
    wait = max(LONGEST_WAIT, source.interval, source.max_interval) * (1 + MOST_SPREAD)
    match = schedules.first_match(source.schedule, now + wait) if source.schedule else None
    return (match + SCHEDULE_SPREAD if match else now + wait) + skipped


def _spread(name: str) -> float:
    """Between 0 and 1, the same for a source every time."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) / 2**32
