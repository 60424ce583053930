"""How often a document asks to be read: ttl, skipHours and skipDays of RSS, the syndication module's sy: elements."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from itertools import islice
from typing import Any

from feeds.records import Rhythm

LONGEST = timedelta(days=365)

# Of RSS 2.0, near the top or behind all items; feedparser keeps only the last <hour>.
_SKIP_HOURS = re.compile(r"<skipHours\s*>(?=(.{0,2000}))", re.IGNORECASE | re.DOTALL)
_SKIP_DAYS = re.compile(r"<skipDays\s*>(?=(.{0,2000}))", re.IGNORECASE | re.DOTALL)
_MOST_TRIED = 20  # of either: an article about RSS may write of them
_HOUR = re.compile(r"<hour\s*>\s*([0-9]{1,2})\s*</hour", re.IGNORECASE)
_DAY = re.compile(r"<day\s*>\s*([a-z]{3})[a-z]*\s*</day", re.IGNORECASE)
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}


def read(text: str, about: Mapping[str, Any]) -> Rhythm:
    """What a document of that `text`, whose channel feedparser read as `about`, says of its pace."""
    every = _minutes(about.get("ttl")) or _period(about.get("sy_updateperiod"), about.get("sy_updatefrequency"))
    hours, days = _HOUR.findall(_within(_SKIP_HOURS, text)), _DAY.findall(_within(_SKIP_DAYS, text))
    return Rhythm(
        every=every,
        # Midnight is 0 to RSS 2.0 and 24 to RSS 0.91.
        skip_hours=tuple(sorted({int(hour) % 24 for hour in hours if int(hour) <= 24})),
        skip_days=tuple(sorted({_DAYS.index(day.lower()) for day in days if day.lower() in _DAYS})),
    )


def _within(begin: re.Pattern[str], text: str) -> str:
    """What stands in the first such element that ends."""
    for found in islice(begin.finditer(text), _MOST_TRIED):
        inner, end, _rest = found[1].partition("</skip")
        if end:
            return inner
    return ""


def _minutes(value: object) -> timedelta | None:
    digits = str(value or "").strip()
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= 18
    return min(timedelta(minutes=min(int(digits), 10**8)), LONGEST) or None if is_number else None


def _period(period: object, frequency: object) -> timedelta | None:
    """sy:updatePeriod over sy:updateFrequency, which is 1 where it is missing (RSS 1.0, syndication module)."""
    length = _PERIODS.get(str(period or "").strip().lower())
    times = str(frequency or "1").strip()
    if length is None or not (times.isascii() and times.isdigit() and 0 < int(times[:6]) <= 100_000):
        return None
    return length / int(times[:6])
