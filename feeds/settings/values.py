"""What one value may be: each function makes a value of what the file says, or says what would help.

They are readers of `keys`: `ValueError` carries the complaint. What they quote goes through `shown`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from datetime import UTC, timedelta, tzinfo
from functools import cache
from typing import TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from msgspec import Struct

from feeds.fetching import schedules
from feeds.records import Schedule
from feeds.settings.complaints import nearest
from feeds.settings.environment import FromEnvironment

T = TypeVar("T", int, timedelta)

RESERVED_SLUGS = frozenset(
    {"status", "healthz", "metrics", "hub", "archive", "assets", "sources", "articles", "websub"}
)


def shown(value: object) -> str:
    """A value as a complaint may quote it: short, on one line, without passwords and what the environment holds."""
    if isinstance(value, str):
        text = re.sub(r"://\S*@", "://***@", value.written if isinstance(value, FromEnvironment) else value)
        return repr(text if len(text) <= 60 else text[:59] + "…")
    return str(value).lower() if isinstance(value, bool | int | float) else kind_of(value)


def kind_of(value: object) -> str:
    """What sort of value it is, in words."""
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "nothing")


_KINDS: tuple[tuple[type, str], ...] = (
    (str, "text"),
    (bool, "true or false"),
    (int, "a number"),
    (float, "a number"),
    (list, "a list"),
    (dict, "a mapping"),
)


def text(value: object) -> str:
    if isinstance(value, str):
        return str(value)  # no longer marked as coming from the environment
    help = "write one value" if isinstance(value, list | dict) else "put it into quotes"
    raise ValueError(f"{kind_of(value)} where text is wanted; {help}")


def line(value: object) -> str:
    """Text on one line, of characters that can be seen."""
    found = text(value).strip()
    if not found or not found.isprintable():
        raise ValueError(
            "text on one line is wanted; take out line breaks and control characters, or leave the key out"
        )
    return found


def flag(value: object) -> bool:
    found = {"true": True, "false": False}.get(value.lower()) if isinstance(value, str) else value
    if isinstance(found, bool):
        return found
    raise ValueError(f"{shown(value)} is neither true nor false; write one of the two")


def never(value: object) -> bool:
    if flag(value):
        raise ValueError("feedmill never sends cookies; leave the key out")
    return False


def whole(value: object) -> int:
    if isinstance(value, str) and re.fullmatch("[0-9]{1,18}", value):
        return int(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise ValueError(f"{shown(value)} where a whole number is wanted; write it in digits")


def between(read: Callable[[object], T], low: T, high: T | None, help: str) -> Callable[[object], T]:
    """Reads what lies within bounds."""

    def bounded(written: object) -> T:
        value = read(written)
        if value < low or (high is not None and value > high):
            raise ValueError(help)
        return value

    return bounded


_NUMBER = r"[0-9]{1,6}(?:\.[0-9]{1,3})?"
_SECONDS = {"y": 365 * 86_400, "w": 7 * 86_400, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_LONGEST = 1000 * _SECONDS["y"]  # what is reckoned from now on must have a date
_DURATION = re.compile(r"\s*".join(f"(?:(?P<{unit}>{_NUMBER}){unit})?" for unit in _SECONDS))


def duration(value: object) -> timedelta:
    """A time such as `30s`, `15m`, `1h30m`, `2d`, `1w` or `2y` (of 365 days)."""
    written = value.strip() if isinstance(value, str) else str(value)
    if isinstance(value, int | float | str) and re.fullmatch(r"[0-9.]+", written):
        raise ValueError(f"{shown(value)} has no unit; write for instance 30s, 15m or 1h")
    found = _DURATION.fullmatch(written) if isinstance(value, str) else None
    if not found or not written:
        raise ValueError(f"{shown(value)} is no time; write for instance 30s, 15m, 1h30m, 2d, 1w or 2y")
    seconds = sum(float(number or 0) * _SECONDS[unit] for unit, number in found.groupdict().items())
    if seconds > _LONGEST:
        raise ValueError(f"{shown(value)} is longer than 1000y; write less")
    return timedelta(seconds=seconds)


_SIZE = re.compile(r"([0-9]{1,12}(?:\.[0-9]{1,3})?)\s*([a-z]*)", re.IGNORECASE)
_BYTES = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20, "gib": 2**30}


def size(value: object) -> int:
    """A number of bytes, from `512kB`, `10MB` or `1GiB`."""
    found = _SIZE.fullmatch(str(value).strip()) if isinstance(value, str | int | float) else None
    if found and not found[2]:
        raise ValueError(f"{shown(value)} has no unit; write for instance 512kB or 10MB")
    if not found or found[2].lower() not in _BYTES:
        raise ValueError(f"{shown(value)} is no size; write for instance 512kB, 10MB or 1GiB")
    return int(float(found[1]) * _BYTES[found[2].lower()])


_MOST_SHIFTED = timedelta(days=1)


def dates(value: object) -> str | timedelta:
    """How dates are taken: a word, or a shift such as `-8h` or `+5h30m`."""
    written = value.strip() if isinstance(value, str) else str(value)
    if written.lower() in DATES:
        return written.lower()
    if re.fullmatch(r"[+-].*[hms]\s*", written):
        shift = duration(written[1:])
        if shift > _MOST_SHIFTED:
            raise ValueError(f"{shown(value)} is more than a day; no time zone is so far away")
        return -shift if written[0] == "-" else shift
    close = nearest(written, DATES)
    help = f"did you mean {close}?" if close else f"write {', '.join(DATES)}, or a shift such as -8h or +5h30m"
    raise ValueError(f"{shown(value)} is no way to take dates; {help}")


def future(value: object) -> str:
    """What becomes of dates that lie ahead."""
    written = text(value).strip().lower()
    if written in FUTURES:
        return written
    close = nearest(written, FUTURES)
    help = f"did you mean {close}?" if close else f"write {', '.join(FUTURES)}"
    raise ValueError(f"{shown(value)} is nothing that dates ahead can lead to; {help}")


DATES, FUTURES = ("auto", "believe", "first-seen"), ("clamp", "hold", "drop")


def timezone(value: object) -> tzinfo:
    name = text(value)
    if zone := _zone(name):
        return zone
    close = nearest(name, _zones())
    help = f"did you mean {close}?" if close else "write a name such as Europe/Paris or Asia/Shanghai"
    raise ValueError(f"{shown(value)} is no time zone; {help}")


class Times(Struct, frozen=True):
    """A schedule as written: `zone` is None where it holds in the time zone of its source, whatever that is."""

    expression: str
    zone: tzinfo | None

    def schedule(self, zone: tzinfo) -> Schedule | None:
        """The schedule in its own time zone or else in `zone`; None for "", which is none."""
        return schedules.schedule(self.expression, self.zone or zone) if self.expression else None


def times(value: object) -> Times:
    """A schedule such as `0 7 * * mon-fri`, with `CRON_TZ=ZONE` in front of it if need be."""
    written = text(value).strip()
    named, rest = re.fullmatch(r"(?:CRON_TZ=(\S+)\s+)?(.*)", written, re.DOTALL).groups()  # type: ignore[union-attr]
    found = Times(rest, timezone(named) if named else None)
    try:
        found.schedule(UTC)
    except ValueError as error:
        help = "write minute, hour, day of month, month and day of week, such as '0 7 * * mon-fri', or @daily"
        raise ValueError(f"{shown(value)} {error}; {help}") from error
    return found


_zones = cache(available_timezones)  # which reads a whole folder tree


@cache
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


_LANGUAGE = re.compile(r"(?:[A-Za-z]{2,8}|[xi](?=-))(?:-[A-Za-z0-9]{1,8})*")  # RFC 5646, its shape


def language(value: object) -> str:
    if _LANGUAGE.fullmatch(found := text(value)):
        return found
    raise ValueError(f"{shown(value)} is no language tag; write for instance en, zh-Hans or pt-BR")


def database(value: object) -> str:
    found = text(value)
    if found.startswith("postgres://"):
        raise ValueError("SQLAlchemy does not know postgres://; write postgresql+psycopg://USER:PASSWORD@HOST/NAME")
    if not re.match(r"[a-z][a-z0-9]*(\+[a-z0-9_]+)?://", found):
        raise ValueError("no address of a database; write sqlite:///feedmill.db or postgresql+psycopg://HOST/NAME")
    return found


def file_path(value: object) -> str:
    found = text(value)
    if not found.strip() or "\0" in found:
        raise ValueError("no path; write the name of a file or folder")
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", found):
        raise ValueError("an address where a path is wanted; write `url:` for http, or the path alone")
    if found.startswith("~") and not found.startswith("~/"):
        raise ValueError("only `~/` stands for a home folder; write the path out")
    return found


def slug(value: object) -> str:
    found = unicodedata.normalize("NFC", text(value))
    if found in RESERVED_SLUGS:
        raise ValueError(f"{shown(value)} is an address of feedmill's own; choose another slug")
    if not _is_slug(found):
        raise ValueError(
            f"{shown(value)} is no slug; write lower-case letters, digits, `-` and `_` only, at most 200 bytes"
        )
    return found


def _is_slug(found: str) -> bool:
    # Letters and digits of any script, with the marks that belong to them (Devanagari could not be written without).
    tame = all(character in "-_" or unicodedata.category(character)[0] in "LMN" for character in found)
    return bool(found) and tame and found[0] not in "-_" and found == found.lower() and len(found.encode()) <= 200


SHORTEST_PATH, SHORTEST_PASSWORD = 20, 8  # characters


def private_path(value: object) -> str:
    """The address of a private category. No complaint quotes it."""
    found = unicodedata.normalize("NFC", text(value))
    if len(found) < SHORTEST_PATH:
        help = "let a program draw one, such as `openssl rand -hex 16`"
        raise ValueError(f"an address of less than {SHORTEST_PATH} characters can be guessed; {help}")
    if not _is_slug(found):
        raise ValueError("no address; write lower-case letters, digits, `-` and `_` only, at most 200 bytes")
    return found


def user(value: object) -> str:
    found = text(value)
    if not found.strip() or not found.isprintable() or ":" in found:
        raise ValueError("a user's name is on one line, without a colon, which HTTP puts behind it; choose another")
    return found


def password(value: object) -> str:
    found = text(value)
    if len(found) < SHORTEST_PASSWORD or not found.isprintable():
        raise ValueError(f"a password has {SHORTEST_PASSWORD} characters or more, on one line; write a longer one")
    return found
