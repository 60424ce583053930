"""Conditional requests (RFC 9110, section 13): does the client have it already?"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_OPAQUE = re.compile(r'(?:W/)?("[^"]*")')  # an entity tag may hold commas, so a list is not split at them


def is_known(*, if_none_match: str, if_modified_since: str, etag: str, modified_at: datetime) -> bool:
    """Whether a 304 is the answer. If-Modified-Since counts only without If-None-Match (section 13.1.3).

    `modified_at` is what Last-Modified says, in whole seconds.
    """
    if if_none_match:
        # Compared weakly (section 13.1.2): a proxy that compresses makes W/"x" of our "x".
        return if_none_match.strip() == "*" or etag in _OPAQUE.findall(if_none_match)
    since = _moment(if_modified_since)
    return since is not None and modified_at <= since


def _moment(text: str) -> datetime | None:
    """An HTTP date, or None for anything else, which is then ignored (section 13.1.3)."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
