"""RSS 2.0 (https://www.rssboard.org/rss-specification, and the Advisory Board's profile), element by element.

Not through feedgen, which would put the content of an article without a summary into <description>, knows neither
dc:creator, nor several media, nor atom:updated, and refuses an article that has no text at all.
"""

from __future__ import annotations

import re
from datetime import datetime
from email.utils import format_datetime
from html import unescape
from typing import Any

from lxml import etree

from feeds.publishing import about, extensions
from feeds.records import Article, Enclosure, Feed, Person

_NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "media": extensions.MEDIA,
}
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_DOCS = "https://www.rssboard.org/rss-specification"
_NO_TYPE = "application/octet-stream"  # <enclosure> must have one
# What a reader that takes text for HTML would see as a tag or as a character reference.
_LIKE_MARKUP = re.compile(r"<(?=[A-Za-z/!?])|&#?\w{1,40};?")


def write(feed: Feed) -> bytes:
    """The feed as an RSS document: the same articles give the same bytes."""
    rss = etree.Element("rss", {"version": "2.0"}, nsmap=_NAMESPACES | extensions.in_use(feed.articles))
    channel = etree.SubElement(rss, "channel")
    _add(channel, "title", _words(feed.title))
    _add(channel, "link", feed.folder_url)
    _add(channel, "description", _words(about.description(feed)))
    _add(channel, "atom:link", href=f"{feed.folder_url}rss.xml", rel="self", type="application/rss+xml")
    if feed.hub:
        _add(channel, "atom:link", href=feed.hub, rel="hub")
    _add(channel, "language", feed.language)
    if changed := about.updated(feed):
        _add(channel, "lastBuildDate", _moment(changed))
    _add(channel, "generator", "feedmill")
    _add(channel, "docs", _DOCS)
    for article in feed.articles:
        _add_item(channel, article, about.language(article, feed))
    document: bytes = etree.tostring(rss, xml_declaration=True, encoding="UTF-8", pretty_print=True)
    return document


def _add_item(channel: Any, article: Article, language: str) -> None:
    item = etree.SubElement(channel, "item")
    if language:
        item.set(_LANGUAGE, language)
    _add(item, "title", _words(article.title))
    _add(item, "link", article.url)
    _add_texts(item, article)
    _add_people(item, article.authors)
    for term, scheme, _label in about.labels(article):
        _add(item, "category", _words(term), domain=scheme)
    _add(item, "comments", _comments(article))
    _add_media(item, article)
    # True says that the guid can be opened in a browser and is where the article lies.
    _add(item, "guid", article.atom_id, isPermaLink="true" if article.atom_id == article.url else "false")
    _add(item, "pubDate", _moment(article.published))
    if article.updated != article.published:
        _add(item, "atom:updated", article.updated.isoformat().replace("+00:00", "Z"))
    _add(item, "dc:rights", _words(article.rights or article.origin.rights))
    for copy in article.copies:
        if copy.url:
            _add(item, "atom:link", href=copy.url, rel="related", title=copy.title)
    if article.origin.feed_url:
        _add(item, "source", _words(article.origin.title or article.origin.feed_url), url=article.origin.feed_url)


def _add_texts(item: Any, article: Article) -> None:
    """<description> is the summary. An item needs it or a title, and it may be the whole text."""
    summary = article.summary_html or ("" if article.title else article.content_html)
    _add(item, "description", summary)
    if not (summary or article.title):
        etree.SubElement(item, "description")
    _add(item, "content:encoded", article.content_html)


def _add_people(item: Any, authors: tuple[Person, ...]) -> None:
    """<author> wants an e-mail address and stands once; everyone else is a dc:creator. No one is both, or readers
    that know both would show two."""
    reachable = next((person for person in authors if person.email), None)
    if reachable:
        name = f" ({_words(reachable.name)})" if reachable.name else ""
        _add(item, "author", f"{reachable.email}{name}")
    for person in authors:
        if person is not reachable:
            _add(item, "dc:creator", _words(person.name or person.email or person.url))


def _comments(article: Article) -> str:
    """The page where people answer; a feed of the answers is no page."""
    pages = (link.href for link in article.links if link.rel == "replies" and link.media_type in ("", "text/html"))
    return next(pages, "")


def _add_media(item: Any, article: Article) -> None:
    """One plain <enclosure>, for more confuse readers; something to play, if there is. The others are media:content.

    Those that a media:content of the source's says more of are left to that; so is the picture.
    """
    playable = (one for one in article.enclosures if one.media_type.startswith(("audio/", "video/")))
    first = next(playable, next(iter(article.enclosures), None))
    if first:
        kind, length = first.media_type or _NO_TYPE, str(first.length or 0)  # 0 where unknown, says the profile
        _add(item, "enclosure", url=first.url, length=length, type=kind)
    described = extensions.addresses(article, "content")
    for enclosure in article.enclosures:
        if enclosure is not first and enclosure.url not in described:
            _add_media_content(item, enclosure)
    if article.image and article.image not in extensions.addresses(article, "thumbnail"):
        _add(item, "media:thumbnail", url=article.image)
    extensions.add(item, article.extensions)


def _add_media_content(item: Any, enclosure: Enclosure) -> None:
    medium = enclosure.media_type.partition("/")[0]
    _add(
        item,
        "media:content",
        url=enclosure.url,
        type=enclosure.media_type,
        medium=medium if medium in ("audio", "image", "video") else "",
        fileSize="" if enclosure.length is None else str(enclosure.length),
    )


def _add(parent: Any, name: str, text: str = "", **attributes: str) -> None:
    """An element with what of text and attributes is not empty; none where all is."""
    prefix, _, local = name.rpartition(":")
    given = {key: value for key, value in attributes.items() if value}
    if text or given:
        element = etree.SubElement(parent, f"{{{_NAMESPACES[prefix]}}}{local}" if prefix else local, given)
        element.text = text or None


def _words(text: str) -> str:
    """Plain text as RSS can carry it, which does not say whether a title is text or HTML.

    Most readers take it for HTML. What they would read otherwise than it stands is escaped once more; all other
    text, such as `AT&T` or `1 < 2`, looks the same to either kind.
    """
    return _LIKE_MARKUP.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    if found[0] == "<":
        return "&lt;"
    return found[0] if unescape(found[0]) == found[0] else f"&amp;{found[0][1:]}"


def _moment(moment: datetime) -> str:
    return format_datetime(moment, usegmt=True)
