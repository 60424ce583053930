"""HTML pages where a feed was expected: which kind of page it is, and which feeds it leads to."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from msgspec import Struct

FEED_TYPES = (
    "application/atom+xml",
    "application/feed+json",
    "application/json",
    "application/rdf+xml",
    "application/rss+xml",
    "application/x-rss+xml",
    "text/rss+xml",
)

# Pages are looked at this far: what they say of themselves stands near the top.
SIZE = 256_000
LONGEST = 2_000  # characters of an address

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_LINK = re.compile(r"<(?:link|a)\s[^<>]*>", re.IGNORECASE)
_LOOKS_LIKE_FEED = re.compile(
    r"(?:^|[/.])(?:atom|rss|feed|rdf)s?(?:\.(?:xml|json|php|aspx))?/?(?:\?.*)?$|\.(?:rss|atom|rdf)$"
    r"|[?&](?:format|feed|type)=(?:rss2?|atom|feed)\b",
    re.IGNORECASE,
)
_CHALLENGE = re.compile(
    r"<title[^<>]*>\s*(?:just a moment|attention required|checking your browser|ddos-guard|access denied|"
    r"are you (?:a )?(?:human|robot)|one moment, please|verifying)"
    r"|cf-chl-|/cdn-cgi/challenge-platform/|g-recaptcha|h-captcha|cf-turnstile|_incapsula_resource|captcha-delivery",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"<input[^<>]*\btype\s*=\s*[\"']?password", re.IGNORECASE)


class Advertised(Struct, frozen=True):
    """A feed that a page leads to, its address as the page writes it."""

    href: str
    title: str = ""


def feeds_of(page: str) -> tuple[Advertised, ...]:
    """The feeds a page leads to, each once: those its head announces, else links of its body that look like feeds.

    Nothing is guessed: every address stands in the page.
    """
    reader = _Links()
    # Nothing but these elements: over the rest of a page html.parser may fail or take its time.
    for tag in _LINK.findall(_COMMENT.sub("", page[:SIZE])):
        reader.feed(tag)
    found = reader.announced or reader.hinted
    return tuple({one.href: one for one in reversed(found)}.values())[::-1]


def diagnosis(page: str) -> str:
    """What an HTML page that came in place of a feed is, and what would help."""
    head = page[:SIZE]
    if _CHALLENGE.search(head):
        return (
            "a page that wants to see a human, where a feed should be; ask its owner to let feed readers pass, or set "
            "the user_agent or auth that its server lets through"
        )
    feeds = [one.href for one in feeds_of(head)]
    if feeds:
        return f"an HTML page where a feed should be; it advertises {', '.join(feeds[:5])}: use that address"
    if _PASSWORD.search(head):
        return "a page to log in at, where a feed should be; set auth for this source, or use the feed's public address"
    return "an HTML page where a feed should be; it advertises no feed: look for the feed's own address"


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.announced: list[Advertised] = []
        self.hinted: list[Advertised] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        href, title = (_seen(values.get(name, "")).strip() for name in ("href", "title"))
        media_type = values.get("type", "").lower().split(";")[0].strip()
        rels = values.get("rel", "").lower().split()
        if not href or len(href) > LONGEST:
            return
        one = Advertised(href, title)
        is_json = media_type == "application/json"  # which announces anything at all, often an API
        if tag == "link" and "alternate" in rels and media_type in FEED_TYPES and not (is_json and "feed" not in href):
            self.announced.append(one)
        elif tag == "a" and (media_type in FEED_TYPES[:-2] or _LOOKS_LIKE_FEED.search(href.partition("#")[0])):
            self.hinted.append(one)


def _seen(text: str) -> str:
    """What a terminal can show without obeying it."""
    return "".join(character for character in text if character.isprintable())
