"""The fast way through well-formed RSS 0.9x to 2.0, RSS 1.0 and Atom 1.0: straight from lxml's tree to records.

It gives what `syndication` would give, field by field, or nothing: whatever it does not know for sure is left to
feedparser, which stays the referee. So each rule in here is one of feedparser's, and none is better.
"""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urljoin

from lxml import etree

from feeds.parsing import rhythm
from feeds.parsing.sniffing import BLANK, root_start
from feeds.parsing.strict.channels import ATOM_FEED, RDF_CHANNEL, RDF_ROOT, RSS, Channel
from feeds.parsing.strict.entries import read_atom_entry, read_rss_entry, scoped
from feeds.parsing.strict.names import ATOM, RDF, RSS090, RSS1, Names, UnsureError
from feeds.parsing.strict.reader import Reader, is_fixed
from feeds.parsing.strict.texts import may_need_mending
from feeds.records import Document

__all__ = ["MAX_ELEMENTS", "MAX_MARKUP", "UnsureError", "look", "parse"]

MAX_ELEMENTS = 100_000  # of more, feedparser says how many there are
MAX_MARKUP = 500_000  # elements and attributes, guessed from their marks: what a tree of them takes in memory

_DECLARATION = re.compile(r"\A<\?xml\s[^>]*\?>")
_ROOT = re.compile(r"<(?:rss\b|(?:[\w.-]+:)?(?:feed|RDF)\b)[^>]*>")
_INSTRUCTION = re.compile(rb"<\?([^\s?>]*)")
_TELLING = tuple(namespace[1:-1].lower() for namespace in (ATOM, RSS1, RSS090))
_VERSIONS = {"0.91": "rss091u", "0.92": "rss092", "0.93": "rss093", "0.94": "rss094"}


def parse(text: str, *, url: str, base_url: str, zone: tzinfo, now: datetime) -> Document:
    """The document in `text`, served by `url`: what `syndication.parse` gives, for a tenth of its time or less.

    Raises UnsureError where it may be that feedparser reads it otherwise.
    """
    text = _DECLARATION.sub("", text.lstrip(BLANK), count=1)
    look(text)
    base_url = urljoin(base_url, base_url)
    if base_url and not (base_url.startswith(("http://", "https://")) and is_fixed(base_url)):
        raise UnsureError("an address that feedparser would change")
    content = _encoded(text)
    root, names = _tree(content)
    version = _version(root, names)
    reader = Reader(
        names,
        is_atom=version == "atom10",
        base_url=base_url,
        zone=zone,
        now=now,
        may_need_mending=may_need_mending(content),
    )
    channel = _CHANNELS[root.tag.rpartition("}")[2]](root, reader)
    about = channel.described()
    return Document(
        format=version,
        url=url,
        base_url=base_url or about.site_url,
        about=about,
        language=about.language,
        hub=channel.hub or "",
        rhythm=rhythm.read(text if channel.has_times else "", channel.pace),
        entries=tuple(channel.entries),
    )


def look(text: str) -> None:
    """What the first characters tell, before anything is spent on the document."""
    start = root_start(text)
    root = _ROOT.match(text, start)
    if not root or "<!DOCTYPE" in text[:start]:
        raise UnsureError("no root of a feed, or a document type before it")
    if len(text) > MAX_MARKUP and text.count("<") + text.count("=") > MAX_MARKUP:
        raise UnsureError("very many elements or attributes")


def _encoded(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise UnsureError("half a character") from error


def _tree(content: bytes) -> tuple[Any, Names]:
    parser = etree.XMLPullParser(
        events=("start-ns",),
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        parser.feed(content)
        root = parser.close()
    except etree.XMLSyntaxError as error:
        raise UnsureError("not well-formed") from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise UnsureError("a document type")
    if not all(name.isascii() for name in _INSTRUCTION.findall(content)):
        raise UnsureError("a processing instruction of an odd name")
    if len(content) > 4 * MAX_ELEMENTS and root.xpath("count(//*)") > MAX_ELEMENTS:
        raise UnsureError("very many elements")
    return root, Names(declaration for _, declaration in parser.read_events())


def _version(root: Any, names: Names) -> str:
    """The name that feedparser gives the format, which it takes from namespaces as much as from the root."""
    told = {(prefix, address.lower()) for prefix, address in names.declared if address.lower() in _TELLING}
    formats = {address for _, address in told} - {_TELLING[0]}
    match root.tag:
        case "rss" if not formats:
            number = root.get("version", "")
            version = "rss20" if number.startswith("2.") else _VERSIONS.get(number, "")
        case "{http://www.w3.org/2005/Atom}feed" if not formats:
            version = "atom10"
        case "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}RDF" if formats == {_TELLING[1]}:
            version = "rss10"
        case "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}RDF" if told == {("", _TELLING[2])}:
            version = "rss090"
        case _:
            version = ""
    if not version:
        raise UnsureError(f"{root.tag} of no version that we read")
    return version


def _rss(root: Any, reader: Reader) -> Channel:
    base, language = scoped(reader, root, reader.base_url, "", but="version")
    if len(root) != 1 or root[0].tag != "channel" or root[0].keys():
        raise UnsureError("no channel, or more than that")
    channel = Channel(reader, base, language)
    channel.language = language.replace("_", "-")
    channel.read(root[0], RSS, ("item",), read_rss_entry)
    return channel


def _rdf(root: Any, reader: Reader) -> Channel:
    base, language = scoped(reader, root, reader.base_url, "")
    channel = Channel(reader, base, language)
    items = (f"{RSS1}item", f"{RSS090}item")
    for child in root:
        if child.tag in (f"{RSS1}channel", f"{RSS090}channel"):
            if channel.has_title or child.keys() not in ([], [f"{RDF}about"]):
                raise UnsureError("two channels, or one with unknown attributes")
            channel.read(child, RDF_CHANNEL, (), read_rss_entry)
        elif child.tag in items:
            channel.read_entry(child, read_rss_entry)
        elif handler := RDF_ROOT.get(child.tag):
            handler(channel, child)
        else:
            raise UnsureError(f"{child.tag} beside the channel")
    return channel


def _atom(root: Any, reader: Reader) -> Channel:
    base, language = scoped(reader, root, reader.base_url, "")
    channel = Channel(reader, base, language)
    channel.language = language.replace("_", "-")
    channel.read(root, ATOM_FEED, (f"{ATOM}entry",), read_atom_entry)
    return channel


_CHANNELS = {"rss": _rss, "RDF": _rdf, "feed": _atom}
