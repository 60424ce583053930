"""Which parser a text wants, told by the text itself: media types and file endings lie too often."""

from __future__ import annotations

import re

from feeds.errors import ParseError
from feeds.parsing.page import diagnosis

# Text is looked at this far: a feed's root stands near the top, even behind a few PHP warnings.
HEAD = 64_000
BLANK = "\ufeff \t\r\n\v\f\0"  # what may stand before anything, and means nothing

_ROOT = re.compile(
    r"<(?:(?:[\w.-]+:)?(?P<feed>rss|feed|rdf|channel|cdf)(?=[\s>/])"
    r"|(?P<page>!doctype\s+html|html|head|body)(?=[\s>])"
    r"|(?P<outline>opml)(?=[\s>]))",
    re.IGNORECASE,
)
_FENCE = re.compile(r"(?P<fence>---|\+\+\+)[ \t]*\r?\n")
_CLOSING = {
    "---": re.compile(r"^(?:---|\.\.\.)[ \t]*\r?$", re.MULTILINE),
    "+++": re.compile(r"^\+\+\+[ \t]*\r?$", re.MULTILINE),
}


def sniff(text: str) -> str:
    """The name of the parser in PARSERS that reads this text.

    Raises ParseError that says what the text is instead, and what would help.
    """
    text = text.lstrip(BLANK)
    head = text[:HEAD]
    if not head:
        raise ParseError("an empty document; the source sent nothing to read")
    if head.startswith("{"):
        if '"items"' in text or "jsonfeed.org" in head:
            return "jsonfeed"
        raise ParseError("JSON, but not a JSON Feed: it has no items; look for the feed's own address")
    if opening := _FENCE.match(text):
        fence = opening["fence"]
        if _CLOSING[fence].search(text, opening.end()):
            return "frontmatter"
        raise ParseError(f"the closing line of {fence} is missing; write it between the front matter and the text")
    root = _ROOT.search(head)
    match root and root.lastgroup:
        case "feed":
            return "syndication"
        case "page":
            raise ParseError(diagnosis(text))
        case "outline":
            raise ParseError("an OPML list of sources where a feed should be; use the addresses that it lists")
    raise ParseError(
        f"{_excerpt(head)} is neither a feed (no <rss>, <feed> or <rdf:RDF>) nor an article with front matter "
        "between two lines of --- or +++"
    )


def root_start(text: str) -> int:
    """Where a feed's root element starts; 0 where none is found."""
    root = _ROOT.search(text, 0, HEAD)
    return root.start() if root else 0


def _excerpt(head: str) -> str:
    line = head.splitlines()[0][:40]
    return repr("".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in line))
