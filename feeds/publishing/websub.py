"""WebSub's pure part: the forms that hubs and subscribers send each other, and signatures (https://www.w3.org/TR/websub/)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

FORM = "application/x-www-form-urlencoded"
MAX_FIELDS = 50
# What a topic's document is, by the name of its file.
MEDIA_TYPES = {
    "atom.xml": "application/atom+xml; charset=utf-8",
    "rss.xml": "application/rss+xml; charset=utf-8",
    "feed.json": "application/feed+json; charset=utf-8",
}
# Section 8: those that a subscriber must know.
_METHODS = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}


def form(fields: Iterable[tuple[str, str]]) -> bytes:
    return urlencode(list(fields)).encode()


def read_form(body: bytes) -> dict[str, str]:
    """The fields of a form. Raises ValueError where it is none, or gives one of WebSub's fields twice."""
    return read_query(body.decode("utf-8"))


def read_query(query: str) -> dict[str, str]:
    """The same of an address's query."""
    fields: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS):
        if name.startswith("hub.") and name in fields:
            raise ValueError(f"{name[:40]} stands there twice")
        fields[name] = value
    return fields


def with_query(address: str, fields: Mapping[str, str]) -> str:
    """The address with these fields behind whatever query it has (section 5.3)."""
    parts = urlsplit(address)
    query = "&".join(filter(None, (parts.query, urlencode(fields))))
    return parts._replace(query=query).geturl()


def signature(secret: str, content: bytes) -> str:
    """The value of X-Hub-Signature (section 8)."""
    return f"sha256={hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()}"


def is_signed(header: str, secret: str, content: bytes) -> bool:
    """Whether X-Hub-Signature says that whoever sent this content knows the secret."""
    method, _equals, given = header.strip().partition("=")
    if (hashed := _METHODS.get(method.lower())) is None:
        return False
    expected = hmac.new(secret.encode(), content, hashed).hexdigest()
    return hmac.compare_digest(expected.encode(), given.strip().lower().encode("utf-8", "replace"))


def links(hub: str, topic: str) -> str:
    """The value of a Link header (section 7): the hub, and the topic as the document's own address."""
    return f'<{hub}>; rel="hub", <{topic}>; rel="self"'
