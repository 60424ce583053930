"""Bytes to documents. Pure: what a source sent goes in, a `Document` comes out."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

import msgspec

from feeds.errors import ParseError
from feeds.logs import log
from feeds.parsing import frontmatter, jsonfeed, strict
from feeds.parsing.encoding import decode
from feeds.parsing.sniffing import sniff
from feeds.records import Body, Document, Entry, RawOrigin, Source, Text, replace


def _read_syndication(text: str, **given: Any) -> Document:
    """RSS, RDF, Atom: the fast way where it is sure of every field, else feedparser's."""
    try:
        return strict.parse(text, **given)
    except strict.UnsureError:
        pass
    except Exception:  # a fault in the fast way costs its speed, no document
        log.exception("the fast reader failed and feedparser reads on; please report it", url=given.get("url"))
    from feeds.parsing import syndication  # feedparser is slow to import, and many a round can do without it

    return syndication.parse(text, **given)


PARSERS: dict[str, Callable[..., Document]] = {
    "syndication": _read_syndication,
    "jsonfeed": jsonfeed.parse,
    "frontmatter": frontmatter.parse,
}


def parse(body: Body, source: Source, *, now: datetime) -> Document:
    """What the bytes say. Dates without a zone are read in the source's; `now` helps with two-digit years only.

    Raises ParseError that says what the bytes are instead, and what would help.
    """
    # Redacted before anything else: servers repeat the key of an address in ids, links and bodies.
    decoded = decode(body.content, charset=body.charset)
    text = source.redact(decoded.text)
    name = sniff(text)
    if name == "frontmatter" and source.kind != "folder":
        raise ParseError("an article with front matter, where a feed should be; such files are read by `path:`")
    document = PARSERS[name](
        text,
        url=body.url,
        base_url=_base_url(body, source) or source.base_url,
        zone=source.timezone,
        now=now,
        **({"path": body.path} if name == "frontmatter" else {}),
    )
    origin = _origin(document, source)
    entries = tuple(
        _completed(entry, document, origin, body.path) for entry in document.entries if _says_anything(entry)
    )
    problems = (*document.problems, *_left_out(document, len(entries)))
    return replace(document, entries=entries, problems=problems, decoded=decoded.in_words)


def _base_url(body: Body, source: Source) -> str:
    """Where relative links start: the address without its query, which they never keep and which may be secret."""
    return source.redact(urlsplit(body.url)._replace(query="", fragment="").geturl())


def _says_anything(entry: Entry) -> bool:
    """Whether there is anything to read, or to know the entry by: <item/> is no article."""
    return any((entry.title, entry.summary, entry.content, entry.url, entry.guid, entry.enclosures))


def _left_out(document: Document, kept: int) -> Iterator[str]:
    if count := len(document.entries) - kept:
        yield f"{count} entries without any content were left out"


def _completed(entry: Entry, document: Document, origin: RawOrigin, path: str) -> Entry:
    """The entry with what its document says for all of its entries; `origin` is how that describes itself."""
    return replace(
        entry,
        # Before it inherits: a new date of the whole document is nothing new in the entry.
        raw_digest=hashlib.sha256(msgspec.json.encode(entry)).hexdigest(),
        path=path,
        fills_file=document.format == "frontmatter",
        document_url=document.base_url,
        language=entry.language or document.language,
        # RFC 4287, section 4.2.1: a copied entry's are those of where it came from.
        authors=entry.authors or (entry.origin.authors if entry.origin else ()) or document.about.authors,
        origin=replace(entry.origin, is_stated=True) if entry.origin else origin,
    )


def _origin(document: Document, source: Source) -> RawOrigin:
    about = document.about
    # Ours, not the one it was served from: a redirect may lead to an address that is signed for us alone.
    served_by = "" if source.secrets else source.url
    title = about.title or Text(value=source.name, is_html=False)
    return replace(about, title=title, feed_url=source.redact(about.feed_url) or served_by)
