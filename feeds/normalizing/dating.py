"""How far a source's dates can be believed: what its documents show, and the date that an article gets.

A source may stamp all its entries with the time of the request, give them other dates at each visit, give all of them
one date, or stamp local time as GMT. What contradicts our own clock over several visits is not believed. Pure: what was
learned before and the moment of the fetch go in, what is known now comes out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from msgspec import Struct

from feeds.normalizing import identity
from feeds.records import AHEAD, DateFrom, Dating, Entry, Source, Verdict, replace

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)

SAMPLE: Final = 12  # entries whose dates are remembered
FEW: Final = 3  # entries say little by themselves if they are less
TOGETHER: Final = timedelta(seconds=5)  # in which a document is made
ALMOST_NOW: Final = 5 * MINUTE  # ahead: a clock that is a little fast
SLACK: Final = 60  # seconds that two clocks may differ without our noticing
NEAREST, FARTHEST = 3600, 14 * 3600  # seconds that local time may be ahead of Greenwich
LONG_PAST: Final = 2 * DAY  # a date of a day alone may lie so far back, wherever it was written


class Taking(Struct, frozen=True, kw_only=True):
    """How a source's dates are to be taken now."""

    is_first_sight: bool = False
    shift: timedelta = timedelta(0)
    since: datetime | None = None  # entries that came since and whose dates fit in already are believed; None: none
    why: str = ""  # the first half of a note


class Dated(NamedTuple):
    """The dates of an article, where `published` came from, and why it is not what the source said."""

    published: datetime
    updated: datetime
    date_from: DateFrom
    note: str = ""
    is_ahead: bool = False  # `published` has not come yet


AS_IT_IS: Final = Taking()

WORDS: Mapping[Verdict, str] = {
    "request": "its source stamps every entry with the time of the request",
    "moving": "its source gives its entries other dates at each visit",
    "same": "its source gives every entry the same date",
}


def taking(source: Source, dating: Dating, *, since: datetime | None) -> Taking:
    """By the settings, else by what was learned; `since` is when the source was seen last without its new entries."""
    match source.dates:
        case "believe":
            return AS_IT_IS
        case "first-seen":
            return Taking(is_first_sight=True, why="the config says `dates: first-seen`")
        case timedelta() as shift:
            return Taking(shift=shift, why=f"the config says `dates: {setting(shift)}`")
    if dating.verdict is None:
        return AS_IT_IS
    if dating.verdict == "ahead":
        shift = -timedelta(seconds=dating.ahead)
        return Taking(shift=shift, since=since, why="its source stamps its local time as GMT")
    return Taking(is_first_sight=True, why=WORDS[dating.verdict])


def dated(entry: Entry, source: Source, taking: Taking, *, now: datetime) -> Dated:
    """The dates of an article made of `entry`. Nothing sorts above its first sight: only one that is to wait for its
    date has one that `is_ahead`."""
    said, origin = _said(entry)
    if said is None:
        return _first_seen(now)
    if taking.is_first_sight and origin != "url":
        day = entry.url_date
        if day is not None and day < now - LONG_PAST:
            return Dated(day, day, "url", f"{taking.why}: the day is that of its address")
        return _first_seen(now, taking.why)
    shift = _shift(said, taking, now=now) if origin != "url" else timedelta(0)
    published = (said + shift).replace(microsecond=0)
    if published > now:
        return _ahead(published, origin, source, now=now)
    updated = max(published, min((entry.updated + shift) if entry.updated else published, now)).replace(microsecond=0)
    note = f"{in_words(abs(shift))} {'before' if shift < timedelta(0) else 'after'} what its source says: {taking.why}"
    return Dated(published, updated, origin, note if shift else "")


def is_to_be_dropped(entry: Entry, source: Source, taking: Taking, *, now: datetime) -> bool:
    """Whether the source's settings leave it out, for its date lies ahead."""
    return source.future == "drop" and dated(entry, replace(source, future="hold"), taking, now=now).is_ahead


def learn(
    dating: Dating, entries: Mapping[str, Entry], new: Collection[str], *, since: datetime | None, now: datetime
) -> Dating:
    """What is known of a source's dates after a document of these `entries`, of which those of the guids `new` were not
    there at the visit before, at `since`; None: there was none."""
    sample = _sample(entries.values())
    dates = [date for entry in entries.values() if (date := _own(entry))]
    if not dates:
        return dating
    moves, is_moving = _moves(dating, sample)
    came = [date for guid in new if guid in entries and (date := _own(entries[guid]))]
    sames = _sames(dating, dates, came, since)
    learned = replace(dating, given=sample, moves=moves, sames=sames)
    if since is not None and since < now:
        learned = _bounded(learned, came, since=since, now=now)
    verdict, ahead = _verdict(learned, dates, is_moving=is_moving, since=since, now=now)
    stays = verdict == dating.verdict and ahead == dating.ahead
    return replace(learned, verdict=verdict, ahead=ahead, since=dating.since if stays else now if verdict else None)


def in_words(span: timedelta) -> str:
    """8 hours, 5 hours and 30 minutes, 15 minutes."""
    minutes = int(span / MINUTE)
    parts = [(minutes // 60, "hour"), (minutes % 60, "minute")]
    return " and ".join(f"{number} {unit}{'' if number == 1 else 's'}" for number, unit in parts if number) or "0 hours"


def setting(shift: timedelta) -> str:
    """A shift as the config has it: -8h, +5h30m."""
    minutes = int(abs(shift) / MINUTE)
    parts = f"{minutes // 60}h" * (minutes >= 60) + f"{minutes % 60}m" * (minutes % 60 > 0)
    return f"{'-' if shift < timedelta(0) else '+'}{parts or '0h'}"


def _said(entry: Entry) -> tuple[datetime | None, DateFrom]:
    """The first date that the entry gives for itself."""
    given: tuple[tuple[datetime | None, DateFrom], ...] = (
        (entry.published, "published"),
        (entry.updated, "updated"),
        (entry.url_date, "url"),
    )
    return next(((moment, origin) for moment, origin in given if moment is not None), (None, "first-seen"))


def _own(entry: Entry) -> datetime | None:
    """The date that stands in the entry itself."""
    return entry.published or entry.updated


def _first_seen(now: datetime, note: str = "") -> Dated:
    return Dated(now, now, "first-seen", note)


def _ahead(published: datetime, origin: DateFrom, source: Source, *, now: datetime) -> Dated:
    if source.future == "clamp" or published - now <= ALMOST_NOW:
        return _first_seen(now, published.strftime(AHEAD))
    note = f"it was seen on {_shown(now)}, before its date"
    return Dated(published, now, origin, note, is_ahead=True)


def _shown(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


def _shift(said: datetime, taking: Taking, *, now: datetime) -> timedelta:
    """Nothing for an entry that came just now and is dated so already: the source may have mended itself."""
    if taking.since is None or not taking.shift:
        return taking.shift
    bounds = _Bounds.of(said, since=taking.since, now=now)
    is_fitting = bounds.has(0) and not bounds.has(int(-taking.shift.total_seconds()))
    return timedelta(0) if is_fitting else taking.shift


# Dates that move


def _sample(entries: Iterable[Entry]) -> dict[str, int]:
    """The dates of the first few entries, by what tells these apart at every visit, guids made up anew or not."""
    found: dict[str, int] = {}
    twice: set[str] = set()
    for entry in entries:
        date = _own(entry)
        if date is None or len(found) == SAMPLE:
            continue
        # An honest source may show one article a day, at one address and under one title.
        said = entry.content.value or entry.summary.value
        word = "\0".join((identity.link_of(entry), entry.title.value, said)).strip("\0") or entry.guid
        key = f"{'' if entry.published else _UPDATED}{hashlib.sha256(word.encode(errors='replace')).hexdigest()[:8]}"
        twice |= {key} & found.keys()
        found[key] = int(date.timestamp())
    return {key: date for key, date in found.items() if key not in twice}


_UPDATED = "u"  # marks the dates that are of the last change alone: a single one may move for good reasons


def _moves(dating: Dating, sample: Mapping[str, int]) -> tuple[int, bool]:
    """How many documents in a row moved most dates of the entries that were there before; and whether that is enough
    to call them moving: one change of all dates is a correction, or the move of a site."""
    common = sample.keys() & dating.given.keys()
    if len(common) < FEW:
        common = {key for key in common if not key.startswith(_UPDATED)}
    if not common:
        return dating.moves, dating.verdict in ("request", "moving") and dating.moves > 0
    moved = sum(sample[key] != dating.given[key] for key in common)
    moves = min(dating.moves + 1, 100) if 3 * moved >= 2 * len(common) else 0
    return moves, moves >= (2 if len(common) >= FEW else 3)


# One date for all


def _sames(dating: Dating, dates: Collection[datetime], came: Collection[datetime], since: datetime | None) -> int:
    """How many documents in a row brought new entries with the date of all others, from before they were there."""
    if len(dates) < FEW or len(set(dates)) > 1 or since is None:
        return 0 if len(set(dates)) > 1 else dating.sames
    return min(dating.sames + 1, 100) if came and max(came) < since - LONG_PAST else dating.sames


# Local time stamped as GMT


class _Bounds(NamedTuple):
    """Seconds that a source's clock is ahead: `low` or more, less than `high`."""

    low: int
    high: int

    @classmethod
    def of(cls, date: datetime, *, since: datetime, now: datetime) -> _Bounds:
        """As a new entry shows it: it was written after `since`, when it was not there, and before `now`."""
        return cls(int((date - now).total_seconds()), int((date - since).total_seconds()))

    def has(self, seconds: int) -> bool:
        return self.low - SLACK <= seconds < self.high + SLACK

    def and_(self, other: _Bounds) -> _Bounds | None:
        low, high = max(self.low, other.low), min(self.high, other.high)
        return _Bounds(low, high) if low < high + SLACK else None

    def multiples(self, seconds: int) -> list[int]:
        """Those of `seconds` within, the least first."""
        found = list(range(-((SLACK - self.low) // seconds) * seconds, self.high + SLACK, seconds))
        return found[:-1] if len(found) > 1 and found[-1] > self.high - SLACK else found  # that one hardly is


def _bounded(dating: Dating, came: Iterable[datetime], *, since: datetime, now: datetime) -> Dating:
    """With what the new entries show. Those from before `since` show nothing: they came late, from a backlog or a
    draft. A few that contradict may be written ahead; where they go on, the source has changed."""
    visits = dating.visits
    for date in came:
        bounds = _Bounds.of(date, since=since, now=now)
        if bounds.high + SLACK < 0:
            continue
        former = _Bounds(dating.low, dating.high)
        both = bounds.and_(former) if dating.entries else bounds
        is_zone = bounds.low - SLACK <= FARTHEST
        if both and is_zone:
            dating = replace(dating, low=both.low, high=both.high, entries=min(dating.entries + 1, 1000), against=0)
            dating = replace(dating, visits=min(visits + 1, 1000))
        elif dating.verdict == "ahead" and dating.against + 1 < FEW:
            dating = replace(dating, against=dating.against + 1)
        elif is_zone:
            visits = 0
            dating = replace(dating, low=bounds.low, high=bounds.high, entries=1, visits=1, against=0)
        else:
            visits = 0
            dating = replace(dating, low=0, high=0, entries=0, visits=0, against=0)
    return dating


def _zone(dating: Dating) -> int:
    """The seconds of a time zone that all bounds agree on: whole hours rather than halves, rather than quarters; 0
    where they agree on none, or on Greenwich."""
    if dating.entries < FEW or dating.visits < 2:
        return 0
    for step in (3600, 1800, 900):
        if found := _Bounds(dating.low, dating.high).multiples(step):
            return found[0] if len(found) == 1 and NEAREST <= found[0] <= FARTHEST else 0
    return 0


def _verdict(
    dating: Dating, dates: Collection[datetime], *, is_moving: bool, since: datetime | None, now: datetime
) -> tuple[Verdict | None, int]:
    # One that is known for it may be read a while after it answered.
    earliest = now - MINUTE if dating.verdict != "request" or since is None else min(since, now - MINUTE)
    is_request = earliest <= min(dates) and max(dates) <= now + MINUTE
    is_at_once = len(dates) >= FEW and max(dates) - min(dates) <= TOGETHER
    if is_request and (is_at_once or is_moving):
        return "request", 0
    if is_moving:
        return "moving", 0
    if ahead := _zone(dating):
        return "ahead", ahead
    return ("same", 0) if dating.sames >= 2 else (None, 0)
