"""The entries of RSS 2.0, RSS 1.0 and Atom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from feeds.parsing.dates import date_in_address
from feeds.parsing.meanings import looks_like_address
from feeds.parsing.strict.found import EMPTY, Found, plain_attributes
from feeds.parsing.strict.modules import GATHERED_NAMESPACES, MODULES, Handler, gathered, ignore_text
from feeds.parsing.strict.names import ATOM, RDF, RSS090, RSS1, XML, UnsureError
from feeds.parsing.strict.reader import Reader
from feeds.parsing.strict.texts import attributes, leaf
from feeds.records import Enclosure, Entry, Link, RawOrigin, Text, replace


def read_rss_entry(reader: Reader, element: Any, base: str, language: str) -> Entry:
    if not element.keys():
        return _entry(Found(reader, base, language, is_entry=True), element, _RSS)
    base, language = scoped(reader, element, base, language, but=f"{RDF}about")
    found = Found(reader, base, language, is_entry=True)
    found.guid = element.get(f"{RDF}about", "")
    return _entry(found, element, _RSS)


def read_atom_entry(reader: Reader, element: Any, base: str, language: str) -> Entry:
    if element.keys():
        base, language = scoped(reader, element, base, language)
    return _entry(Found(reader, base, language, is_entry=True), element, _ATOM)


def scoped(reader: Reader, element: Any, base: str, language: str, but: str = "") -> tuple[str, str]:
    """The base and the language in an element that may say these and nothing else (`but` for one attribute)."""
    said = attributes(element)
    if said.keys() - {f"{XML}base", f"{XML}lang", but}:
        raise UnsureError(f"{element.tag} with unknown attributes")
    return reader.scope(said, base, language)


def _entry(found: Found, element: Any, handlers: dict[str, Handler]) -> Entry:
    for child in element:
        tag = child.tag
        if handler := handlers.get(tag):
            handler(found, child)
        elif tag.startswith(GATHERED_NAMESPACES):
            gathered(found, child)
        else:
            found.pass_over(child)
    return _made(found)


def _made(found: Found) -> Entry:
    date = found.reader.date
    links = _links(found)
    url = _address(found, links)
    content, summary, title = _richest(found.contents), _summary(found), found.title[0]
    return Entry(
        guid=found.guid.strip(),
        url=url,
        base_url=content.base_url or summary.base_url or title.base_url,
        title=title,
        summary=summary,
        content=content,
        authors=found.people(),
        tags=found.labels(),
        published=date(found.published) or date(found.created),
        updated=date(found.updated),
        url_date=date_in_address(url, zone=found.reader.zone),
        language=found.title[1] or _language(found.contents) or found.summary[1],
        links=links,
        enclosures=_enclosures(found),
        extensions=tuple(found.extensions),
        image=found.thumbnail or found.picture_of_media or found.picture,
        rights=found.rights[0],
        origin=found.origin,
    )


def _links(found: Found) -> tuple[Link, ...]:
    links = found.links
    if not (found.original or found.comments):
        return tuple(links)
    if found.original:  # FeedBurner's link counts clicks; this is the article's
        links = [replace(link, href=found.original) if link.rel == "alternate" else link for link in links]
    return (*links, Link(href=found.comments, rel="replies")) if found.comments else tuple(links)


def _address(found: Found, links: tuple[Link, ...]) -> str:
    for link in links:
        if link.rel == "alternate":
            return link.href
    if found.reader.is_atom:
        return ""
    guid = found.guid.strip()
    return guid if found.guid_is_link and looks_like_address(guid) else ""


def _richest(contents: list[tuple[Text, str]]) -> Text:
    if len(contents) == 1:
        return contents[0][0]
    return max((text for text, _ in contents), key=lambda text: (text.is_html, len(text.value)), default=EMPTY)


def _summary(found: Found) -> Text:
    if found.summary[0]:
        return found.summary[0]
    return next((text for text, _ in (found.podcast_summary, found.media_description) if text), EMPTY)


def _language(contents: list[tuple[Text, str]]) -> str:
    return next((language for _, language in contents if language), "")


def _enclosures(found: Found) -> tuple[Enclosure, ...]:
    if not found.media:
        return tuple(found.enclosures)
    known = {enclosure.url for enclosure in found.enclosures}
    return (*found.enclosures, *(media for media in _played(found) if media.url not in known))


def _played(found: Found) -> Iterator[Enclosure]:
    return (media for media in found.media if media.url and media.media_type.startswith(("audio/", "video/")))


# Where an entry was copied from


def _read_rss_source(found: Found, element: Any) -> None:
    said = attributes(element)
    if said.keys() - {"url"}:
        raise UnsureError("a source with unknown attributes")
    title = found.reader.clean(leaf(element))
    _begin_anew(found)
    found.origin = RawOrigin(title=Text(value=title), feed_url=said.get("url", "").strip()) if title or said else None


def _read_atom_source(found: Found, element: Any) -> None:
    if (element.text or "").strip():
        raise UnsureError("a source in two ways")
    reader = found.reader
    base, language = scoped(reader, element, found.base, found.scope_language)
    source = Found(reader, base, language, is_entry=False)
    source.language = element.get(f"{XML}lang", "")
    for child in element:
        handler = _ATOM_SOURCE.get(child.tag)
        if not handler or (child.tail or "").strip():
            raise UnsureError(f"{child.tag} in a source")
        handler(source, child)
    _begin_anew(found)
    found.origin = source.described() if len(element) or source.language else None


def _begin_anew(found: Found) -> None:
    """After a source, feedparser lets another title stand."""
    found.has_title = False
    found.has_source = True


def read_contributor(found: Found, element: Any) -> None:
    plain_attributes(element)
    for child in element:
        if child.tag not in (f"{ATOM}name", f"{ATOM}email", f"{ATOM}uri"):
            raise UnsureError(f"{child.tag} in a contributor")
        ignore_text(found, child)


def _of_rss(namespace: str) -> dict[str, Handler]:
    return {
        f"{namespace}title": Found.read_title,
        f"{namespace}link": Found.read_link,
        f"{namespace}description": Found.read_description,
    }


_RSS: dict[str, Handler] = {
    **MODULES,
    **_of_rss(""),
    **_of_rss(RSS1),
    **_of_rss(RSS090),
    "guid": Found.read_guid,
    "pubDate": Found.read_published,
    "author": Found.read_author,
    "category": Found.read_tag,
    "comments": Found.read_comments,
    "enclosure": Found.read_enclosure,
    "source": _read_rss_source,
    f"{ATOM}link": Found.read_atom_link,
    f"{ATOM}author": Found.read_author,
    f"{ATOM}updated": Found.read_updated,
    f"{ATOM}published": Found.read_published,
}
_ATOM: dict[str, Handler] = {
    **MODULES,
    f"{ATOM}id": Found.read_guid,
    f"{ATOM}title": Found.read_title,
    f"{ATOM}link": Found.read_atom_link,
    f"{ATOM}updated": Found.read_updated,
    f"{ATOM}published": Found.read_published,
    f"{ATOM}summary": Found.read_summary,
    f"{ATOM}content": Found.read_content,
    f"{ATOM}author": Found.read_author,
    f"{ATOM}category": Found.read_tag,
    f"{ATOM}rights": Found.read_rights,
    f"{ATOM}contributor": read_contributor,
    f"{ATOM}source": _read_atom_source,
}
_ATOM_SOURCE: dict[str, Handler] = {
    f"{ATOM}id": Found.read_guid,
    f"{ATOM}title": Found.read_title,
    f"{ATOM}link": Found.read_atom_link,
    f"{ATOM}updated": Found.read_updated,
    f"{ATOM}published": Found.read_published,
    f"{ATOM}author": Found.read_author,
    f"{ATOM}category": Found.read_tag,
    f"{ATOM}rights": Found.read_rights,
    f"{ATOM}icon": Found.read_icon,
    f"{ATOM}logo": Found.read_logo,
    f"{ATOM}subtitle": ignore_text,
    f"{ATOM}generator": ignore_text,
}
