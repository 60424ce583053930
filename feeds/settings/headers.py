"""Headers that a source may be asked with, and which of them are secret."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator

from feeds.settings.values import text

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, section 5.6.2
_OURS = (
    *("host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"),
    *("accept-encoding", "a-im", "range", "if-range"),
    *("if-match", "if-none-match", "if-modified-since", "if-unmodified-since"),
)
_REFUSED = dict.fromkeys(_OURS, "feedmill sets it itself; leave it out") | {
    "cookie": "feedmill never sends cookies; leave it out",
    "user-agent": "write `user_agent:` instead",
    "proxy-authorization": "write `proxy: http://USER:PASSWORD@HOST:PORT` instead",
    "referer": "feedmill never sends it; leave it out",
}
_SECRET_HEADER = re.compile("auth(?!ors?$)|key|token|secret|passw|session|signature|credential", re.IGNORECASE)


def header(name: str, value: object) -> str:
    """The value of the header of that name."""
    if not _TOKEN.fullmatch(name):
        raise ValueError("no name of a header; write for instance X-Api-Key")
    if help := _REFUSED.get(name.lower()):
        raise ValueError(f"this header cannot be set; {help}")
    return header_value(value)


def header_value(value: object) -> str:
    found = text(value).strip()
    if re.search(r"[^\t\x20-\x7e\x80-\xff]|[\x80-\x9f]", found):
        raise ValueError("holds what a header cannot carry; take out line breaks, control characters and other scripts")
    return found


def credentials(value: object) -> str:
    if ":" not in (found := text(value)) or not found.isprintable():
        raise ValueError("no user and password on one line; write `USER:PASSWORD`, in quotes")
    return found


def bearer_token(value: object) -> str:
    if not re.fullmatch(r"[\x21-\x7e]+", found := text(value).strip()):
        raise ValueError("no token; write it on one line, without spaces")
    return found


def is_secret_header(name: str) -> bool:
    return bool(_SECRET_HEADER.search(name))


def header_secrets(name: str, value: str) -> Iterator[str]:
    """The value of a header that authorizes, whole and without its scheme."""
    if is_secret_header(name):
        yield value
        yield value.partition(" ")[2]


def basic(credentials: str) -> str:
    """An Authorization header of `user:password` (RFC 7617, in UTF-8)."""
    return "Basic " + base64.b64encode(credentials.encode()).decode()
