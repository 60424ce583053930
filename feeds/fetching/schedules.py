"""Moments of the clock: schedules as cron knows them, and the hours that a source wants to be left alone.

Pure: moments go in and come out. Where a zone's clocks are put forward, a time that they skip is taken when they go on;
where they are put back, a time that they show twice is taken once. Only `*` in the place of the hour means every hour
that passes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache

from cronsim import CronSim, CronSimError

from feeds.records import Rhythm, Schedule

NAMED = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * sun",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}

# A wait that ends so shortly after a match still counts as the match's own: else a source that may be asked once a day,
# and was asked 20 seconds after seven, would miss seven o'clock on the next day.
SLACK = timedelta(minutes=15)

_HOUR, _WEEK = timedelta(hours=1), timedelta(days=7)
_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)


@lru_cache  # thousands of sources may share one
def schedule(expression: str, zone: tzinfo) -> Schedule:
    """The schedule that an expression describes. Raises ValueError, with what is wrong, where there is none."""
    fields = NAMED.get(expression.lower(), expression).split()
    if len(fields) != 5:
        raise ValueError(f"has {len(fields)} of the 5 fields")
    minutes, hours, *days = fields
    if hours != "*":
        # A `*` in front would have cronsim count real time, in which clocks skip and repeat hours.
        minutes, hours = (_listed(minutes, "0-59"), _listed(hours, "0-23"))
    found = Schedule(expression=" ".join([minutes, hours, *days]), timezone=zone)
    try:
        is_empty = first_match(found, _ANY_TIME) is None
    except (CronSimError, ValueError) as error:  # ValueError: more digits than Python reads
        raise ValueError(f"has a wrong {str(error).removeprefix('Bad ')}") from error
    if is_empty:
        raise ValueError("names a day that no year has")
    return found


def first_match(wanted: Schedule, after: datetime) -> datetime | None:
    """The first match later than `after`, in UTC; None where the next fifty years have none."""
    matches = (match.astimezone(UTC) for match in CronSim(wanted.expression, after.astimezone(wanted.timezone)))
    return next((match for match in matches if match > after), None)  # of an hour shown twice, the first one is over


def due(wanted: Schedule, rhythm: Rhythm, *, earliest: datetime, spread: timedelta, now: datetime) -> datetime:
    """The first match after `now` that a wait until `earliest` and the hours that a source skips allow.

    Later than the match by `spread`, or by what is left of the wait; never before `earliest`.
    """

    def following(moment: datetime) -> datetime:
        match = first_match(wanted, max(now, moment - SLACK))
        return max(moment, match + spread) if match else moment

    first = moment = following(earliest)
    while moment - first <= _WEEK:  # in which skipHours and skipDays come round
        free = not_skipped(moment, rhythm)
        if free == moment:
            return moment
        moment = following(free)
    return not_skipped(first, rhythm)  # every time of its schedule is one that it skips


def not_skipped(moment: datetime, rhythm: Rhythm) -> datetime:
    """`moment`, or the first hour after it that skipHours and skipDays leave (RSS 2.0; both are in GMT)."""
    candidate = moment
    for _ in range(7 * 24):
        if candidate.hour not in rhythm.skip_hours and candidate.weekday() not in rhythm.skip_days:
            return candidate
        candidate = candidate.replace(minute=0, second=0, microsecond=0) + _HOUR
    return moment  # a source that skips everything


def _listed(field: str, every: str) -> str:
    """`*` and `*/n` written as a range."""
    return every + field[1:] if field == "*" or field.startswith("*/") else field
