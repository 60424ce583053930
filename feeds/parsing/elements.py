"""feedparser in its raw mode: it tells which element of a feed means what, and does nothing else.

Its own `parse` would also fetch, guess encodings, read dates, sanitize and resolve addresses, each of them in ways
that traps keep us from. Its two parsers are therefore driven here: the strict one, over expat, and the loose one, which
guesses, for what could not be mended. What a hostile document can make them do is bounded.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import unescape
from typing import Any
from xml.parsers import expat

import feedparser.api
import feedparser.mixin
from msgspec import Struct

from feeds.parsing.extensions import Gathering, namespace_of, namespace_of_prefix
from feeds.records import Extension

EXTENSIONS = " extensions"  # where an entry has them; the blank keeps it apart from all names of elements
MAX_ENTRIES = 10_000
MAX_ELEMENTS = 150_000  # about two seconds of feedparser's time, however deep they lie
MAX_PREFIXES = 300  # all of them are looked through at elements of unknown namespaces
MAX_LABELS = 1_000  # tags of one entry: each is compared with all before
MAX_NAME = 500  # characters of an author
MAX_GUESSED = 2_000_000  # characters the loose parser is given: it needs up to five seconds for so many

_SEPARATOR = "\x01"  # of expat's names: a character that stands in no document


class Elements(Struct, frozen=True):
    """What feedparser found, in its own words: dictionaries of strings, lists and dictionaries, of no sure shape."""

    version: str
    about: Mapping[str, Any]
    entries: list[Mapping[str, Any]]
    problems: tuple[str, ...] = ()


def read_strictly(text: str, base_url: str) -> Elements:
    """The elements of a well-formed document without a document type."""
    found = _Strict(base_url, None, "utf-8")
    parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
    parser.namespace_prefixes = True
    parser.buffer_text = True
    parser.buffer_size = 1 << 18  # escaped markup would come in pieces of a few letters
    parser.StartNamespaceDeclHandler = found.startPrefixMapping
    parser.StartElementHandler = lambda name, attributes: found.startElementNS(
        _split(name)[:2], None, _Attributes(attributes)
    )
    parser.EndElementHandler = lambda name: found.endElementNS(_split(name)[:2], None)
    parser.CharacterDataHandler = found.characters
    problem = ""
    try:
        parser.Parse(text.encode("utf-8", "replace"), True)
    except _LimitError as limit:
        problem = str(limit)
    return _elements(found, problem)


def read_loosely(text: str, base_url: str) -> Elements:
    """The elements of anything that has some; what is very long is read up to a point."""
    found = _Loose(base_url, None, "utf-8", {})
    problem = ""
    if len(text) > MAX_GUESSED:
        problem = f"not well-formed XML, of which only the first {MAX_GUESSED:,} characters were read"
    try:
        found.feed(text[:MAX_GUESSED])
    except _LimitError as limit:
        problem = str(limit)
    except Exception as error:  # sgmllib fails in many ways, and what it read before is good
        problem = f"not well-formed XML, read up to a fault ({type(error).__name__})"
    return _elements(found, problem)


def _elements(found: Any, problem: str) -> Elements:
    if problem and found.inentry:  # in the middle of one
        found.entries.pop()
    skipped = f"{found.failures} elements that could not be read were left out" if found.failures else ""
    return Elements(found.version, found.feeddata, found.entries, tuple(filter(None, (problem, skipped))))


class _LimitError(Exception):
    """Reading ends here; the text is a problem for the user's eyes."""


class _Bounded(feedparser.mixin._FeedParserMixin):  # type: ignore[misc]
    """What we do otherwise than feedparser, for both of its parsers."""

    version: str
    sanitize_html = False
    resolve_relative_uris = False
    # An id is an id: resolved, `42` or `https://gazette.example` would change.
    can_be_relative_uri = feedparser.api.StrictFeedParser.can_be_relative_uri - {"id"}

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.elements = 0
        self.failures = 0
        self.gathering = Gathering()

    def unknown_starttag(self, tag: str, attributes: list[tuple[str, str]]) -> None:
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise _LimitError(f"more than {MAX_ELEMENTS:,} elements; only the entries before that were read")
        self.guarded(super().unknown_starttag, tag, attributes)

    def unknown_endtag(self, tag: str) -> None:
        self.guarded(super().unknown_endtag, tag)

    def guarded(self, handle: Any, *arguments: Any) -> None:
        """An element in a place where feedparser does not expect it costs that element, not the document."""
        try:
            handle(*arguments)
        except _LimitError:
            raise
        except Exception:
            self.failures += 1

    def track_namespace(self, prefix: str | None, uri: str) -> None:
        if len(self.namespaces_in_use) < MAX_PREFIXES:
            super().track_namespace(prefix, uri)

    def _start_item(self, attributes: dict[str, str]) -> None:
        if len(self.entries) >= MAX_ENTRIES:
            raise _LimitError(f"more than {MAX_ENTRIES:,} entries, of which the first {MAX_ENTRIES:,} were read")
        super()._start_item(attributes)
        self.gathering.begin()

    def may_gather(self) -> bool:
        """Whether an extension that begins here is the entry's own."""
        return bool(self.inentry and not self.incontent and not self.insource)

    def gathered(self, extension: Extension | None) -> None:
        if extension and self.entries:
            dict.setdefault(self.entries[-1], EXTENSIONS, []).append(extension)

    _start_entry = _start_item

    def _start_channel(self, attributes: dict[str, str]) -> None:
        if not self.version and "href" in attributes:
            self.version = "cdf"
        super()._start_channel(attributes)

    def _start_rdf_rdf(self, _attributes: dict[str, str]) -> None:
        if self.version.startswith("atom"):  # from a prefix for Atom's links, declared before RSS 1.0's own
            self.version = "rss10"

    def _start_link(self, attributes: dict[str, str]) -> None:
        stated = attributes.get("type", "")
        super()._start_link(attributes)
        links = self._get_context()["links"]
        if links and links[-1] == attributes:
            links[-1]["type"] = stated  # not text/html for every link that says nothing

    def _add_tag(self, term: str | None, scheme: str | None, label: str | None) -> None:
        if len(self._get_context().get("tags", ())) < MAX_LABELS:
            super()._add_tag(term, scheme, label)

    def _save_author(self, key: str, value: str, prefix: str = "author") -> None:
        if prefix == "author":  # and not a podcast's owner, whose name would overwrite the author's
            super()._save_author(key, value)

    def _sync_author_detail(self, key: str = "author") -> None:
        # Its pattern for a mail address takes minutes over a long name; `syndication` has its own.
        context = self._get_context()
        people = context.get(f"{key}s", ())
        if people and not people[-1] and context.get(key):
            people[-1]["name"] = context[key][:MAX_NAME]

    # A picture's caption and a podcast's blurb are not the entry's second description, which would become its content.
    def _start_media_description(self, attributes: dict[str, str]) -> None:
        self.push_content("media_description", attributes, "text/plain", 1)

    def _end_media_description(self) -> None:
        self.pop_content("media_description")

    def _start_itunes_summary(self, attributes: dict[str, str]) -> None:
        self.push_content("itunes_summary", attributes, "text/plain", 1)

    def _end_itunes_summary(self) -> None:
        self.pop_content("itunes_summary")

    def _start_source(self, attributes: dict[str, str]) -> None:
        super()._start_source(attributes)
        if language := attributes.get("xml:lang"):  # feedparser notes only a whole document's
            self.sourcedata["language"] = language

    # Dates are text here.
    def _end_published(self) -> None:
        self.pop("published")

    def _end_updated(self) -> None:
        self.pop("updated")

    def _end_created(self) -> None:
        self.pop("created")

    def _end_expirationdate(self) -> None:
        self.pop("expired")

    _end_issued = _end_pubdate = _end_published
    _end_modified = _end_lastbuilddate = _end_updated


class _Strict(_Bounded, feedparser.api.StrictFeedParser):  # type: ignore[misc]
    # The names are SAX's.
    def startElementNS(self, name: Any, qname: None, attributes: _Attributes) -> None:  # noqa: N802
        namespace = namespace_of(name[0])
        if self.gathering or (namespace and self.may_gather()):
            own = [(key, value) for (uri, key), value in attributes.items() if uri is None]
            self.gathering.start(namespace, name[1], own)
        super().startElementNS(name, qname, attributes)

    def endElementNS(self, name: Any, qname: None) -> None:  # noqa: N802
        super().endElementNS(name, qname)
        if self.gathering:
            self.gathered(self.gathering.end(name[1]))

    def characters(self, text: str) -> None:
        if self.gathering:
            self.gathering.text(text)
        self.handle_data(text)


class _Loose(_Bounded, feedparser.api.LooseFeedParser):  # type: ignore[misc]
    """It puts all names into lower case, and tells no prefix from another of the same name."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.declared: dict[str, str] = {}

    def track_namespace(self, prefix: str | None, uri: str) -> None:
        if len(self.declared) < MAX_PREFIXES:
            self.declared[prefix or ""] = namespace_of(uri)
        super().track_namespace(prefix, uri)

    def unknown_starttag(self, tag: str, attributes: list[tuple[str, str]]) -> None:
        prefix, colon, name = tag.rpartition(":")
        namespace = self.declared.get(prefix, namespace_of_prefix(prefix)) if colon else ""
        if self.gathering or (namespace and self.may_gather()):
            own = [(key, unescape(value)) for key, value in attributes if ":" not in key]
            self.gathering.start(namespace, name, own)
        super().unknown_starttag(tag, attributes)

    def unknown_endtag(self, tag: str) -> None:
        super().unknown_endtag(tag)
        if self.gathering:
            self.gathered(self.gathering.end(tag.rpartition(":")[2]))

    def handle_data(self, text: str, escape: int = 1) -> None:
        if self.gathering:
            self.gathering.text(text if escape else unescape(text))  # escaped where it stood in CDATA
        super().handle_data(text, escape)

    def handle_charref(self, ref: str) -> None:
        if self.gathering:
            self.gathering.text(unescape(f"&#{ref};"))
        super().handle_charref(ref)

    def handle_entityref(self, ref: str) -> None:
        if self.gathering:
            self.gathering.text(unescape(f"&{ref};"))
        super().handle_entityref(ref)


class _Attributes:
    """An element's attributes as xml.sax would give them, which looks each one up among all of them."""

    def __init__(self, attributes: Mapping[str, str]) -> None:
        self._values = {_split(name): value for name, value in attributes.items()}
        self._by_qname = {f"{prefix}:{name}" if prefix else name: v for (_, name, prefix), v in self._values.items()}

    def items(self) -> list[tuple[tuple[str | None, str], str]]:
        return [((uri, name), value) for (uri, name, _prefix), value in self._values.items()]

    def getQNames(self) -> list[str]:  # noqa: N802 - SAX's name
        return list(self._by_qname)

    def getValueByQName(self, name: str) -> str:  # noqa: N802
        return self._by_qname[name]


def _split(name: str) -> tuple[str | None, str, str]:
    """Namespace, local name and prefix, which expat puts into one string."""
    parts = name.split(_SEPARATOR)
    return (None, name, "") if len(parts) == 1 else (parts[0], parts[1], parts[2] if len(parts) > 2 else "")
