"""Dates as feeds write them. A wrong date is worse than none: what does not name one moment for sure gives None."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from email.utils import parsedate, parsedate_to_datetime
from unicodedata import normalize

_LONGEST = 100  # characters: JavaScript's Date.toString() with a long zone name takes about 70
_EARLIEST = datetime(1970, 1, 2, tzinfo=UTC)  # year 1, 1899 and the epoch, in whatever zone, are machines' zeros
_LAST_YEAR = 2200


def parse_date(text: str, *, zone: tzinfo, now: datetime) -> datetime | None:
    """The moment a date string of a feed names, in UTC, or None if it names none for sure.

    `zone` is for dates that carry none. `now` settles only the century and the order of two-digit years: nothing
    that the text leaves out is ever filled in.
    """
    if len(text) > _LONGEST:
        return None
    if moment := _usual(text):
        return moment
    text = " ".join(normalize("NFKC", text).split())  # full-width digits, no-break spaces
    try:
        moment = _rfc2822(text) or _number(text) or _iso8601(text) or _in_pieces(text, zone, now)
        return _in_utc(moment, zone) if moment else None
    except (ValueError, OverflowError):  # formed like a date, but on no calendar or clock: 31 April, 25:00
        return None


_USUAL = re.compile(
    r"(?:[A-Z][a-z][a-z], )?(\d\d?) ([A-Z][a-z][a-z]) (19[789]\d|20\d\d) (\d\d):(\d\d):(\d\d) "
    r"(?:GMT|UTC|([+-])(0\d|1[0-4])([0-5]\d))"
    r"|(?:19[789]\d|20\d\d)-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:Z|[+-]\d\d:\d\d)",
    re.ASCII,
)
_MONTHS = {name: i for i, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1)}


def _usual(text: str) -> datetime | None:
    """Dates as nearly every RSS and Atom document writes them, read in a tenth of the time."""
    found = _USUAL.fullmatch(text)
    if not found:
        return None
    day, month, year, hour, minute, second, sign, hours, minutes = found.groups()
    try:
        if not day:
            moment = datetime.fromisoformat(text).astimezone(UTC)
        else:
            moment = datetime(int(year), _MONTHS[month], int(day), int(hour), int(minute), int(second), tzinfo=UTC)
            if sign:
                offset = timedelta(hours=int(hours), minutes=int(minutes))
                moment = moment - offset if sign == "+" else moment + offset
    except (ValueError, KeyError):  # on no calendar or clock, or odd enough for a closer look
        return None
    return moment if moment >= _EARLIEST else None


# A day that follows a slash must be a whole segment: /2024/05/12-ways-to-sleep is some article of May. The forms with
# a separator missing are those of Chinese papers: /2024-05/06/, /2024/0506/, /202405/t20240506_1.html.
_ADDRESS = re.compile(
    r"(?:^|(?<!:/)/)t?(\d{4})(?:/(\d\d?)/(\d\d?)(?=/|$)|[-/_]?(\d\d)(?:/(\d\d)(?=/|$)|[-_]?(\d\d)(?!\d)))", re.ASCII
)


def date_in_address(address: str, *, zone: tzinfo) -> datetime | None:
    """The day that a URL or a file name names: its midnight in `zone`, told in UTC."""
    path = address.partition("#")[0].partition("?")[0]
    for found in _ADDRESS.finditer(path):
        year, month, day = (int(part) for part in found.groups() if part)
        try:
            midnight = datetime(year, month, day, tzinfo=zone)
        except ValueError:  # a number that only looks like a day
            continue
        if 1990 <= year <= 2100:
            return midnight.astimezone(UTC)
    return None


def _in_utc(moment: datetime, zone: tzinfo) -> datetime | None:
    if not _EARLIEST.year <= moment.year <= _LAST_YEAR:  # first, as arithmetic fails at both ends of the calendar
        return None
    moment = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)
    return moment if moment >= _EARLIEST else None


# The date of RFC 2822, section 3.3, as nearly every RSS feed writes it. The gate is strict because email.utils is not:
# by itself it ignores PM, takes CST for US Central, 0001 for 2001, and reads over words that it does not know.
_RFC2822 = re.compile(
    r"(?:[a-z]{3}, )?\d\d? [a-z]{3} [12]\d{3} \d\d:\d\d(?::\d\d)? (?:[+-]\d{4}|GMT|UTC?)", re.ASCII | re.IGNORECASE
)


def _rfc2822(text: str) -> datetime | None:
    if not _RFC2822.fullmatch(text):
        return None
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:  # 24:00:00 or a leap second: `_in_pieces` knows them
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # -0000 is naive to email.utils


_UNIX = re.compile(r"([1-9]\d{9})(\d{3})?(?:\.\d+)?", re.ASCII)


def _number(text: str) -> datetime | None:
    """Unix seconds, Unix milliseconds, or 20240506070809."""
    if unix := _UNIX.fullmatch(text):
        return datetime.fromtimestamp(int(unix[1]), UTC) + timedelta(milliseconds=int(unix[2] or 0))
    if len(text) == 14 and text.isdecimal():
        return datetime.fromisoformat(f"{text[:8]}T{text[8:]}")
    return None


# RFC 3339, and as much of ISO 8601 as names a day. `fromisoformat` takes any character for the "T", and so would read
# 2024-05-06-05:00 (an xs:date with its zone) as five o'clock.
_ISO8601 = re.compile(r"\d{4}-?(?:\d\d-?\d\d|W\d\d-?\d)(?:[T ]\S+)?", re.ASCII | re.IGNORECASE)


def _iso8601(text: str) -> datetime | None:
    if not _ISO8601.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:  # as above, or 3:04 for 03:04, or a zone in letters
        return None


_WEEKDAY = re.compile(
    r"""\(?(?:\b(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\b\.?
      | (?:星期|周|週|礼拜|禮拜)[一二三四五六日天] | [月火水木金土日]曜日? | [월화수목금토일]요일)\)?
      | \([月火水木金土日월화수목금토일][^)\d]*\)""",
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)


def _in_pieces(text: str, zone: tzinfo, now: datetime) -> datetime | None:
    """A date in no standard's form: a clock time with its zone, wherever it stands, and the words left for the day."""
    clock = _CLOCK.search(text)
    words = f"{text[: clock.start()]} {text[clock.end() :]}" if clock else text
    words = " ".join(_WEEKDAY.sub(" ", words).split()).strip(" ,-|@")  # weekdays add nothing, and are often wrong
    day = _numeric(words, zone, now) or _east_asian(words, now) or _worded(words, now) or _prose(words)
    return _zoned(_at(day, clock), clock, zone) if day and clock else day


# fmt: off
_ZONES: dict[float, str] = {
    -10: "HST", -9: "AKST", -8: "AKDT PST", -7: "PDT MST", -6: "MDT CST", -5: "CDT EST", -4: "EDT AST",
    -3.5: "NST", -3: "ADT BRT", -2.5: "NDT", -2: "BRST", 0: "UTC GMT UT Z WET", 1: "WEST BST CET MEZ WAT",
    2: "CEST MESZ EET CAT SAST", 3: "EEST IDT MSK TRT EAT", 4: "GST", 5: "PKT", 5.5: "IST", 5.75: "NPT",
    7: "ICT WIB", 8: "HKT SGT MYT PHT WITA AWST", 9: "JST KST WIT", 9.5: "ACST", 10: "AEST", 10.5: "ACDT",
    11: "AEDT", 12: "NZST", 13: "NZDT",
}
# fmt: on
_HOURS_EAST = {name: hours for hours, names in _ZONES.items() for name in names.split()}
_HALF = r"[ap]\.?\ ?m\b\.?|上午|下午|午前|午後|오전|오후|凌晨|清晨|早[上晨]|中午|傍晚|晚[上间間]"
_AFTERNOON = ("p", "下午", "午後", "오후", "傍晚", "晚")
_CLOCK = re.compile(
    rf"""
    (?:(?<=\d)T|\bat\b)?\ ?(?P<before>{_HALF})?\ ?
    (?<![\d:.+-])(?P<hour>\d\d?)
    (?:
        \ ?[:h時时点點시]\ ?(?:(?P<minute>\d\d?)(?!\d)|(?P<half_past>半))?
        (?:\ ?[:分분]\ ?(?:(?P<second>\d\d?)(?!\d)(?:[.,](?P<fraction>\d+)|\ ?[秒초])?)?)?
      | (?=\ ?[ap]\.?\ ?m\b)  # 3 PM
    )
    (?:\ ?(?P<after>{_HALF}))?
    # An unknown word is a zone only in capitals and where a zone stands: at the end, or before the year (asctime).
    (?:\ ?(?P<name>(?:{"|".join(_HOURS_EAST)})\b|(?-i:[A-Z]{{3,5}})(?=\ ?[+-]\d|\ \(|\ \d{{4}}$|$)))?
    (?:\ ?(?P<sign>[+-])(?P<hours>\d\d?)(?::?(?P<minutes>\d\d))?(?:\ (?-i:[A-Z]{{3,5}})$)?)?  # Go: +0800 CST
    (?:\ ?\([^)]*\)|\[[^]]*\])?  # JavaScript: (China Standard Time), Java: [Asia/Shanghai]
    (?![\d:])
    """,
    re.ASCII | re.IGNORECASE | re.VERBOSE,
)


def _at(day: datetime, clock: re.Match[str]) -> datetime:
    hour, minute, second = (int(clock[unit] or 0) for unit in ("hour", "minute", "second"))
    if (hour, minute, second) == (24, 0, 0):
        return day + timedelta(days=1)
    if clock["half_past"]:
        minute = 30
    half = clock["before"] or clock["after"]
    if half and hour <= 12:  # "15:04 PM" is seen, too
        hour = _in_half(hour, half)
    if second == 60:  # a leap second, for which Python has no room
        second = 59
    microsecond = int((clock["fraction"] or "")[:6].ljust(6, "0"))
    return day.replace(hour=hour, minute=minute, second=second, microsecond=microsecond)


def _in_half(hour: int, half: str) -> int:
    if half == "中午":  # about noon
        return hour if hour >= 10 else hour + 12
    if (half.startswith("晚") and (hour == 12 or hour < 5)) or (half.startswith("早") and hour == 12):
        raise ValueError("the night of one day or of the next")
    return hour % 12 + (12 if half.lower().startswith(_AFTERNOON) else 0)


def _zoned(moment: datetime, clock: re.Match[str], zone: tzinfo) -> datetime:
    """`moment` in the zone that its text names; naive where it names none that we know."""
    if clock["sign"]:  # GMT+8 is ahead of Greenwich, as in ISO 8601 (POSIX, and dateutil after it, have it behind)
        offset = f"{clock['sign']}{clock['hours']:0>2}:{clock['minutes'] or '00'}"
        return moment.replace(tzinfo=time.fromisoformat(f"00:00{offset}").tzinfo)
    name = (clock["name"] or "").upper()
    for fold in (0, 1):  # CST is China's or Chicago's, IST India's or Ireland's: a source means its own
        local = moment.replace(tzinfo=zone, fold=fold)
        if local.tzname() == name:
            return local
    return moment.replace(tzinfo=timezone(timedelta(hours=_HOURS_EAST[name]))) if name in _HOURS_EAST else moment


_NUMERIC = re.compile(r"(\d{4}|\d\d?) ?([-/.]) ?(\d\d?) ?\2 ?(\d{4}|\d\d?)\.?", re.ASCII)
_US_CITIES = ("New_York", "Detroit", "Chicago", "Denver", "Boise", "Phoenix", "Los_Angeles", "Anchorage", "Juneau")
_MONTH_FIRST = {f"America/{city}" for city in _US_CITIES} | {
    *("America/Indiana/Indianapolis", "America/Kentucky/Louisville", "Pacific/Honolulu"),
    *("US/Eastern", "US/Central", "US/Mountain", "US/Arizona", "US/Pacific", "US/Alaska", "US/Hawaii"),
}


def _numeric(words: str, zone: tzinfo, now: datetime) -> datetime | None:
    found = _NUMERIC.fullmatch(words)
    if not found:
        return None
    first, _, second, third = found.groups()
    year_last = [_day(third, second, first, now), _day(third, first, second, now)]
    if str(zone) in _MONTH_FIRST:
        year_last.reverse()
    possible = (_day(first, second, third, now), next(filter(None, year_last), None))
    # Only two-digit years leave a choice: 24/05/06 is of 2024 rather than 2006, as feeds bring news.
    return min(filter(None, possible), key=lambda day: abs(day - now.replace(tzinfo=None)), default=None)


def _day(year: str, month: str, day: str, now: datetime) -> datetime | None:
    if len(month) > 2 or len(day) > 2:  # 0001/01/01, which is .NET's zero, is not of 2001
        return None
    try:
        return datetime(_year(year, now), int(month), int(day))  # noqa: DTZ001 - `_zoned` and `_in_utc` add the zone
    except ValueError:
        return None


def _year(text: str, now: datetime) -> int:
    """The year meant; of two digits, the last such year up to the next one."""
    if len(text) != 2:
        return int(text)
    return now.year + 1 - (now.year + 1 - int(text)) % 100


_EAST_ASIAN = re.compile(
    r"(?:(\d{4}|\d\d)|(令和|平成|民國|民国) ?(\d{1,3}|元)) ?[年년] ?(\d\d?) ?[月월] ?(\d\d?) ?[日号號일]?", re.ASCII
)
_YEAR_BEFORE = {"令和": 2018, "平成": 1988, "民國": 1911, "民国": 1911}


def _east_asian(words: str, now: datetime) -> datetime | None:
    found = _EAST_ASIAN.fullmatch(words)
    if not found:
        return None
    year, era, of_era, month, day = found.groups()
    if era in ("令和", "平成") and len(of_era) > 2:
        return None
    if era:
        year = str(_YEAR_BEFORE[era] + int(of_era.replace("元", "1")))
    return _day(year, month, day, now)


# The orders of RFC 2822, RFC 850 and asctime, after a weekday in any language. As above, email.utils takes far more.
_WORDED = re.compile(
    r"(?:[^\W\d]+\.?, )?(?:\d\d? [a-z]+ |\d\d?-[a-z]+-|[a-z]+ \d\d?,? )(\d\d|[12]\d{3})", re.IGNORECASE
)


def _worded(words: str, now: datetime) -> datetime | None:
    """A day and a year with a month in English."""
    found = _WORDED.fullmatch(words)
    parts = parsedate(f"{words} 00:00:00 +0000") if found else None
    return _day(found[1], str(parts[1]), str(parts[2]), now) if found and parts else None


# Two numbers, of which one is a year, and a month: with less dateutil guesses, or asks the clock for the century.
_PROSE = re.compile(
    r"(?=.*(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))"
    r"[a-z .,-]*(?:\d\d?[a-z .,-]+[12]\d{3}|[12]\d{3}[a-z .,-]+\d\d?)[a-z .,-]*",
    re.ASCII | re.IGNORECASE,
)
_DEFAULTS = (datetime(2001, 1, 1), datetime(2002, 2, 2))  # noqa: DTZ001


def _prose(words: str) -> datetime | None:
    """What is left to dateutil: 6th of May, 2024."""
    if not _PROSE.fullmatch(words):
        return None
    from dateutil import parser  # slow to import, and one date in thousands needs it

    # It fills what is missing from a default: what moves with the default was not in the text.
    day, other = (parser.parse(words, default=default, ignoretz=True) for default in _DEFAULTS)
    return day if day == other and day.time() == time() else None
