"""Atom 1.0 (RFC 4287) through feedgen, with an entry extension of ours for what feedgen loses.

feedgen 1.0.0 forgets an entry link's rel, type, length, hreflang and title, and knows only title and link of
atom:source; its own extension point lets us finish the element it made.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from feedgen.ext.base import BaseEntryExtension, BaseExtension
from feedgen.feed import FeedGenerator
from lxml import etree

from feeds.publishing import about, archives, extensions
from feeds.records import Article, Feed, Link, Origin, Person

TYPE = "application/atom+xml"
HISTORY = "http://purl.org/syndication/history/1.0"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
NEVER = datetime(1970, 1, 1, tzinfo=UTC)  # `updated` of a feed that has no article yet


def write(feed: Feed) -> bytes:
    """The feed as an Atom document: the same articles give the same bytes."""
    generator = FeedGenerator()
    generator.register_extension("millstone", _FeedExtension, _EntryExtension, atom=True, rss=False)
    generator.id(feed.id)
    generator.title(feed.title)
    generator.updated(about.updated(feed) or NEVER)
    generator.generator("feedmill")
    generator.link(href=archives.own_url(feed, "atom.xml"), rel="self", type=TYPE)
    generator.link(href=feed.page_url or archives.own_url(feed, "", "html"), rel="alternate", type="text/html")
    if feed.hub and not feed.number:  # an archive document never changes: there is nothing to be told
        generator.link(href=feed.hub, rel="hub")
    if feed.number:
        generator.link(href=f"{feed.folder_url}atom.xml", rel="current", type=TYPE)
    if feed.previous:
        generator.link(href=archives.previous_url(feed), rel="prev-archive", type=TYPE)
    # Of an entry without an author: RFC 4287, section 4.1.2, wants one for it somewhere.
    generator.author(name=feed.site_title, uri=feed.site_url)
    if feed.language:
        generator.language(feed.language)
    generator.millstone.feed = feed
    for article in feed.articles:
        _add(generator, article, about.language(article, feed))
    document: bytes = generator.atom_str(pretty=True)
    return document


def _add(generator: FeedGenerator, article: Article, language: str) -> None:
    entry = generator.add_entry(order="append")
    entry.id(article.atom_id)
    entry.title(article.title or "\N{EM DASH}")  # feedgen wants one; a note without a title is made empty again
    entry.updated(article.updated)
    entry.published(article.published)
    # An entry without an alternate link must have content.
    content = article.content_html or ("" if article.url else article.summary_html or "&nbsp;")
    if content:
        entry.content(content, type="html")
    if article.url:
        entry.link(href=article.url, rel="alternate")
    if article.rights:
        entry.rights(article.rights)
    entry.millstone.article = article
    entry.millstone.language = language


class _FeedExtension(BaseExtension):  # type: ignore[misc]
    """Finishes the <feed>: what feedgen knows nothing of."""

    feed: Feed

    def extend_ns(self) -> dict[str, str]:
        history = {"fh": HISTORY} if self.feed.number else {}
        return (
            {"media": extensions.MEDIA}
            | extensions.in_use(self.feed.articles)
            | history
            | ({"at": TOMBSTONES} if self.feed.deleted else {})
        )

    def extend_atom(self, feed: Any) -> Any:
        _put_dates_in_utc(feed)
        if self.feed.number:  # RFC 5005, section 4
            etree.SubElement(feed, f"{{{HISTORY}}}archive")
        for deleted in self.feed.deleted:  # RFC 6721, section 3
            etree.SubElement(
                feed,
                f"{{{TOMBSTONES}}}deleted-entry",
                ref=deleted.atom_id,
                when=_moment(deleted.when.replace(microsecond=0)),
            )
        return feed


class _EntryExtension(BaseEntryExtension):  # type: ignore[misc]
    """Finishes an <entry>: everything of an article that feedgen has no place for."""

    article: Article
    language: str

    def extend_atom(self, entry: Any) -> Any:
        article = self.article
        entry.find("title").text = article.title
        _put_dates_in_utc(entry)
        if self.language:
            entry.set(XML_LANG, self.language)
        for link in entry.findall("link"):
            entry.remove(link)
        for link in _links(article):
            _add_link(entry, link)
        if article.summary_html and not (article.content_html == "" and not article.url):
            summary = _add_text(entry, "summary", article.summary_html)
            summary.set("type", "html")
        for person in article.authors:
            _add_person(entry, person)
        for term, scheme, label in about.labels(article):
            _add_element(entry, "category", term=term, scheme=scheme, label=label)
        if article.image and article.image not in extensions.addresses(article, "thumbnail"):
            etree.SubElement(entry, f"{{{extensions.MEDIA}}}thumbnail", url=article.image)
        extensions.add(entry, article.extensions)
        _add_source(entry, article)
        return entry


def _links(article: Article) -> Iterable[Link]:
    """The article's own address first, then its other links, its enclosures, where else it is told; each once."""
    alternate = next(
        (link for link in article.links if link.rel == "alternate" and link.href == article.url),
        Link(href=article.url, media_type="text/html"),
    )
    enclosures = (
        Link(href=enclosure.url, rel="enclosure", media_type=enclosure.media_type, length=enclosure.length)
        for enclosure in article.enclosures
    )
    copies = (Link(href=copy.url, rel="related", title=copy.title) for copy in article.copies if copy.url)
    others = (*article.links, *enclosures, *copies)
    links = (alternate, *others) if article.url else others
    # An entry's `self` would be taken for the feed's own by readers that do not look where they are.
    return dict.fromkeys(link for link in links if link.rel != "self")


def _add_source(entry: Any, article: Article) -> None:
    """Where the article came from (RFC 4287, section 4.2.11), as it described itself when we read it."""
    origin = article.origin
    if origin == Origin():
        return
    source = etree.SubElement(entry, "source")
    if origin.language:
        source.set(XML_LANG, origin.language)
    if origin.guid:
        _add_text(source, "id", origin.guid)
    _add_text(source, "title", origin.title)
    _add_text(source, "updated", _moment(origin.updated or article.updated))
    if origin.feed_url:
        _add_link(source, Link(href=origin.feed_url, rel="self"))
    if origin.site_url:
        _add_link(source, Link(href=origin.site_url, media_type="text/html"))
    # Else an article without an author would pass for the feed's own (RFC 4287, section 4.2.1).
    unsigned = () if article.authors else (Person(name=origin.title),)
    for person in origin.authors or unsigned:
        _add_person(source, person)
    if origin.rights:
        _add_text(source, "rights", origin.rights)
    if origin.icon:
        _add_text(source, "icon", origin.icon)


def _add_link(parent: Any, link: Link) -> None:
    _add_element(
        parent,
        "link",
        href=link.href,
        rel=link.rel,
        type=link.media_type,
        length="" if link.length is None else str(link.length),
        hreflang=link.language,
        title=link.title,
    )


def _add_person(parent: Any, person: Person) -> None:
    author = etree.SubElement(parent, "author")
    _add_text(author, "name", person.name or person.email or person.url)
    if person.url:
        _add_text(author, "uri", person.url)
    if person.email:
        _add_text(author, "email", person.email)


def _add_element(parent: Any, name: str, **attributes: str) -> None:
    etree.SubElement(parent, name, {key: value for key, value in attributes.items() if value})


def _add_text(parent: Any, name: str, text: str) -> Any:
    element = etree.SubElement(parent, name)
    element.text = text
    return element


def _put_dates_in_utc(parent: Any) -> None:
    """`Z` for `+00:00`, which is as valid and less known."""
    for name in ("updated", "published"):
        if (element := parent.find(name)) is not None:
            element.text = element.text.replace("+00:00", "Z")


def _moment(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")
