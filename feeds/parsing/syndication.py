"""RSS 0.9x to 2.0, RSS 1.0 (RDF), Atom 0.3 and 1.0, and CDF, through feedparser in its raw mode.

feedparser finds the elements; decoding, dates, addresses and safety are ours (its own are slower, and wrong in places:
see docs/decisions/feedparser.md).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any
from urllib.parse import urljoin

from feeds.errors import ParseError
from feeds.parsing import rhythm
from feeds.parsing.dates import date_in_address, parse_date
from feeds.parsing.elements import EXTENSIONS, Elements, read_loosely, read_strictly
from feeds.parsing.meanings import html_of_xhtml, looks_like_address, number, person
from feeds.parsing.mending import mend
from feeds.records import Document, Enclosure, Entry, Link, Person, RawOrigin, Tag, Text


def parse(text: str, *, url: str, base_url: str, zone: tzinfo, now: datetime) -> Document:
    """The document in `text`, served by `url`; relative addresses start from `base_url` where no xml:base says else.

    Raises ParseError where there is no feed in it.
    """
    mended = mend(text)
    base_url = urljoin(base_url, base_url)  # in the form that feedparser repeats it in
    found = (read_strictly if mended.is_well_formed else read_loosely)(mended.text, base_url)
    if not found.version and not found.entries:
        raise ParseError("looks like a feed, but has neither a known version nor entries; see it in a browser")
    reader = _Reader(is_atom=found.version.startswith("atom"), base_url=base_url, zone=zone, now=now)
    about = reader.origin(found.about)
    entries, problems = _entries(found, reader)
    return Document(
        format=found.version or "unknown",
        url=url,
        base_url=base_url or about.site_url,
        about=about,
        language=about.language,
        hub=next((_word(link, "href") for link in _many(found.about, "links") if _word(link, "rel") == "hub"), ""),
        rhythm=rhythm.read(mended.text, found.about),
        entries=entries,
        is_cut=bool(mended.problems),
        problems=(*mended.problems, *found.problems, *problems),
    )


def _entries(found: Elements, reader: _Reader) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """The entries that can be read; one that cannot costs itself."""
    entries: list[Entry] = []
    problems: list[str] = []
    for place, raw in enumerate(found.entries, start=1):
        try:
            entries.append(reader.entry(raw))
        except Exception as error:
            problems.append(f"entry {place} cannot be read and was left out ({type(error).__name__})")
    return tuple(entries), tuple(problems)


class _Reader:
    """Turns feedparser's dictionaries into records. Holds what is the same for every entry of a document."""

    def __init__(self, *, is_atom: bool, base_url: str, zone: tzinfo, now: datetime) -> None:
        self.is_atom = is_atom
        self.base_url = base_url
        self.zone = zone
        self.now = now

    def entry(self, raw: Mapping[str, Any]) -> Entry:
        links = _links(raw)
        content = self.content(_many(raw, "content"))
        summary = next((text for key in _SUMMARIES if (text := self.text(_one(raw, key)))), Text())
        title = self.text(_one(raw, "title_detail"))
        url = self.address(raw, links)
        return Entry(
            guid=_word(raw, "id"),
            url=url,
            base_url=next((text.base_url for text in (content, summary, title) if text.base_url), ""),
            title=title,
            summary=summary,
            content=content,
            authors=_people(raw),
            tags=_tags(raw),
            published=self.date(raw, "published") or self.date(raw, "created"),
            updated=self.date(raw, "updated"),
            url_date=date_in_address(url, zone=self.zone),
            language=_language(raw),
            links=tuple(link for link in (*links, *_replies(raw)) if link.rel != "enclosure"),
            enclosures=_enclosures(raw, links),
            extensions=tuple(_get(raw, EXTENSIONS) or ()),
            image=_image(raw),
            rights=self.text(_one(raw, "rights_detail")),
            origin=self.origin(_one(raw, "source")) if _one(raw, "source") else None,
        )

    def origin(self, raw: Mapping[str, Any]) -> RawOrigin:
        links = _links(raw)
        # RSS's <source url> names a feed by a bare href; elsewhere an href is that of a person.
        feed_url = next((link.href for link in links if link.rel == "self"), "")
        if not links and not feed_url and "authors" not in raw:
            feed_url = _word(raw, "href")
        return RawOrigin(
            guid=_word(raw, "id"),
            title=self.text(_one(raw, "title_detail")) or Text(value=_word(raw, "title")),
            site_url=next((link.href for link in links if link.rel == "alternate"), ""),
            feed_url=feed_url,
            updated=self.date(raw, "updated") or self.date(raw, "published"),
            rights=self.text(_one(raw, "rights_detail")),
            icon=next((icon for icon in _icons(raw) if icon), ""),
            language=_word(raw, "language"),
            authors=_people(raw),
        )

    def address(self, raw: Mapping[str, Any], links: list[Link]) -> str:
        if alternate := next((link.href for link in links if link.rel == "alternate"), ""):
            return alternate
        if self.is_atom:  # RFC 4287, section 4.1.3.2: an entry may lie elsewhere as a whole
            elsewhere = next((content for content in _many(raw, "content") if _word(content, "src")), {})
            return _joined(_word(elsewhere, "base"), _word(elsewhere, "src"))
        # RSS 2.0: isPermaLink, which is true unless said otherwise, even of a guid that is a number.
        guid = _word(raw, "id")
        return guid if raw.get("guidislink") and looks_like_address(guid) else ""

    def text(self, detail: Mapping[str, Any]) -> Text:
        value, kind, base = _word(detail, "value"), _word(detail, "type"), _word(detail, "base")
        if not value:
            return Text()
        if kind == "application/xhtml+xml":  # read as HTML from here on, where </br> is a second <br>
            value = html_of_xhtml(value)
        return Text(
            value=value,
            is_html=not self.is_atom or "html" in kind,  # only Atom says what is text; in RSS anything may be markup
            base_url=base if base != self.base_url else "",
            language=_word(detail, "language"),
        )

    def content(self, candidates: Sequence[Mapping[str, Any]]) -> Text:
        """The richest of an entry's contents that is text; pictures in base64 are not."""
        readable = [c for c in candidates if (_word(c, "type") or "html").endswith(("html", "xhtml+xml", "plain"))]
        return max(
            (self.text(candidate) for candidate in readable), key=lambda t: (t.is_html, len(t.value)), default=Text()
        )

    def date(self, raw: Mapping[str, Any], key: str) -> datetime | None:
        text = _word(raw, key)
        return parse_date(text, zone=self.zone, now=self.now) if text else None


_SUMMARIES = ("summary_detail", "itunes_summary_detail", "media_description_detail")


def _get(raw: Mapping[str, Any], key: str) -> Any:
    # feedparser's own .get() is slow, and answers with `published` where `updated` is missing.
    return dict.get(raw, key)  # type: ignore[call-overload]


def _many(raw: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """A list of dictionaries of feedparser's. An element of the document may happen to have its name."""
    value = _get(raw, key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _one(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """A dictionary of feedparser's, as above."""
    value = _get(raw, key)
    return value if isinstance(value, Mapping) else {}


def _word(raw: Mapping[str, Any], key: str) -> str:
    """A string of feedparser's, as above."""
    value = _get(raw, key)
    return value.strip() if isinstance(value, str) else ""


def _links(raw: Mapping[str, Any]) -> list[Link]:
    # FeedBurner's link counts clicks; this is the article's.
    origin = _word(raw, "feedburner_origlink")
    return [
        Link(
            href=origin if origin and _word(link, "rel") == "alternate" else _word(link, "href"),
            rel=_word(link, "rel") or "alternate",
            media_type=_word(link, "type"),
            length=number(_word(link, "length")),
            language=_word(link, "hreflang"),
            title=_word(link, "title"),
        )
        for link in _many(raw, "links")
        if _word(link, "href")
    ]


def _enclosures(raw: Mapping[str, Any], links: Sequence[Link]) -> tuple[Enclosure, ...]:
    enclosed = [
        Enclosure(url=link.href, media_type=link.media_type, length=link.length)
        for link in links
        if link.rel == "enclosure"
    ]
    played = [
        Enclosure(url=_word(media, "url"), media_type=_word(media, "type"), length=number(_word(media, "filesize")))
        for media in _many(raw, "media_content")
        if _word(media, "url") and _word(media, "type").startswith(("audio/", "video/"))
    ]
    known = {enclosure.url for enclosure in enclosed}
    return (*enclosed, *(enclosure for enclosure in played if enclosure.url not in known))


def _replies(raw: Mapping[str, Any]) -> Iterator[Link]:
    """The page of RSS's <comments>, as RFC 4685 calls it in Atom."""
    if address := _word(raw, "comments"):
        yield Link(href=address, rel="replies")


def _people(raw: Mapping[str, Any]) -> tuple[Person, ...]:
    people = (_person(author) for author in _many(raw, "authors"))
    return tuple(dict.fromkeys(one for one in people if one != Person()))  # <author> and <itunes:author>


def _person(raw: Mapping[str, Any]) -> Person:
    name, email, url = (_word(raw, key) for key in ("name", "email", "href"))
    return person(name=name, email=email, url=url)


def _tags(raw: Mapping[str, Any]) -> tuple[Tag, ...]:
    return tuple(
        Tag(
            term=_word(tag, "term") or _word(tag, "label"),
            scheme=_word(tag, "scheme"),
            label=_word(tag, "label"),
        )
        for tag in _many(raw, "tags")
        if _word(tag, "term") or _word(tag, "label")
    )


def _language(raw: Mapping[str, Any]) -> str:
    details = [_one(raw, "title_detail"), *_many(raw, "content"), _one(raw, "summary_detail")]
    return next((language for detail in details if (language := _word(detail, "language"))), "")


def _icons(raw: Mapping[str, Any]) -> Iterator[str]:
    """The pictures a source has of itself: Atom's icon and logo, CDF's logo, RSS's or a podcast's image."""
    yield _word(raw, "icon")
    yield _word(raw, "logo") or _word(_one(raw, "logo"), "href")
    yield _word(_one(raw, "image"), "href")


def _image(raw: Mapping[str, Any]) -> str:
    """The picture an entry names for itself: media:thumbnail, else media:content with an image, else itunes:image."""
    for thumbnail in _many(raw, "media_thumbnail"):
        if address := _word(thumbnail, "url"):
            return address
    for media in _many(raw, "media_content"):
        if _word(media, "url") and (_word(media, "medium") == "image" or _word(media, "type").startswith("image/")):
            return _word(media, "url")
    return _word(_one(raw, "image"), "href")


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:  # a base such as //[
        return address
