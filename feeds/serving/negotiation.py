"""Who opens a feed's address: a person with a browser, or a feed reader (RFC 9110, section 12.5.1)."""

from __future__ import annotations

import re

FEED_NAMES = frozenset({"atom.xml", "rss.xml", "feed.json"})
PAGE_NAME = "subscribe.html"  # beside a feed, it tells a person how to subscribe
# What a feed reader may name, whichever format it is that we have.
_FEED_TYPES = (
    "application/atom+xml",
    "application/rss+xml",
    "application/feed+json",
    "application/rdf+xml",
    "application/json",
    "application/xml",
    "text/xml",
)
_RANGE = re.compile(r"\s*([!#$%&'*+.^_`|~0-9a-z-]+/[!#$%&'*+.^_`|~0-9a-z-]+)\s*(.*)", re.DOTALL)
_WEIGHT = re.compile(r";\s*q\s*=\s*([^;]*)")
_QUALITY = re.compile(r"(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)\s*")
# Also one without its end, which takes the rest: to look for that end from each quote would take for ever.
_QUOTED = re.compile(r'"(?:[^"\\]|\\.?)*"?', re.DOTALL)
_LONGEST = 2_000  # characters; what browsers send has 200


def wants_page(accept: str) -> bool:
    """Whether HTML is named, and named above feeds and above anything: all browsers do that, and no feed reader.

    Who names nothing, or feeds and HTML alike, gets the feed.
    """
    accept = accept[:_LONGEST].lower()
    if "text/html" not in accept:  # nearly every feed reader
        return False
    qualities = _qualities(accept)
    html = qualities.get("text/html", 0.0)
    return html > 0 and all(html > _quality(of, qualities) for of in _FEED_TYPES)


def page_path(raw_path: str) -> str:
    """Where the page of a feed's address lies; "" of any other address."""
    folder, _, name = raw_path.rpartition("/")
    return f"{folder}/{PAGE_NAME}" if name in FEED_NAMES else ""


def _qualities(accept: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for written in _QUOTED.sub("", accept).split(","):
        if matched := _RANGE.fullmatch(written):
            found[matched[1]] = max(found.get(matched[1], 0.0), _weight(matched[2]))
    return found


def _weight(parameters: str) -> float:
    """What a range counts: 1 where it does not say, nothing where it says nonsense."""
    if not (weight := _WEIGHT.search(parameters)):
        return 1.0
    return float(weight[1]) if _QUALITY.fullmatch(weight[1]) else 0.0


def _quality(media_type: str, qualities: dict[str, float]) -> float:
    """As the most specific range has it that holds the type."""
    kind = media_type.partition("/")[0]
    ranges = (media_type, f"{kind}/*", "*/*")
    return next((qualities[each] for each in ranges if each in qualities), 0.0)
