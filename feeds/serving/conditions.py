"""Conditional requests (RFC 9110, section 13): does the client have it already?"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from feeds.serving.memory import remembered

ANY = "*"
_OPAQUE = re.compile(r'(?:W/)?("[^"]*")')  # an entity tag may hold commas, so a list is not split at them
_STRONG = re.compile(r'(?:W/"[^"]*")|("[^"]*")')  # of a weak one nothing is found but ""


@remembered(256)
def tags(if_none_match: str) -> frozenset[str]:
    """The entity tags that a client names, or ANY; whether one is weak does not count.

    They are compared weakly (section 13.1.2), for a proxy that compresses makes W/"x" of our "x".
    """
    if if_none_match.strip() == "*":
        return frozenset({ANY})
    return frozenset(_OPAQUE.findall(if_none_match))


def is_since(if_modified_since: str, modified_at: datetime) -> bool:
    """Whether what was last modified then is no news for this client."""
    since = _moment(if_modified_since)
    return since is not None and modified_at <= since


def is_same(if_range: str, *, etag: str, last_modified: str) -> bool:
    """Whether the client's part is of these very bytes (section 13.1.5): compared strongly, a date to the letter."""
    return if_range.strip() in (etag, last_modified)


def has_failed(
    if_match: str | None, if_unmodified_since: str | None, *, etags: Collection[str], modified_at: datetime
) -> bool:
    """Whether a 412 is the answer: what the client has in mind is not what there is. None: it set no such condition.

    Entity tags are compared strongly (section 13.1.1); the date counts only without them, and only if it is one
    (section 13.1.4).
    """
    if if_match is not None:
        return if_match.strip() != ANY and not any(tag in etags for tag in _STRONG.findall(if_match))
    moment = _moment(if_unmodified_since or "")
    return moment is not None and modified_at > moment


def says_something(*, if_none_match: str, if_modified_since: str) -> bool:
    """Whether a client sends back anything at all of what it was told."""
    return bool(tags(if_none_match)) or _moment(if_modified_since) is not None


@remembered(256)
def _moment(text: str) -> datetime | None:
    """An HTTP date, or None for anything else, which is then ignored (section 13.1.3)."""
    try:
        moment = parsedate_to_datetime(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, TypeError, IndexError, OverflowError):  # it was made for mail, and is not told what it may get
        return None
