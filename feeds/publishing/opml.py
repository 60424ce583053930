"""OPML 2.0 (http://opml.org/spec2.opml): lists of sources and of feeds, for other programs to take over."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

from feeds.records import Feed, Source, Subscription

if TYPE_CHECKING:
    from lxml import etree


def write(title: str, subscriptions: Iterable[Subscription]) -> bytes:
    """The subscriptions as OPML, in a folder for their first category; further ones stand in `category`.

    The same ones give the same bytes: the list names no date.
    """
    from lxml import etree  # of which a round that moves no list has no need

    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = title
    body = etree.SubElement(root, "body")
    folders: dict[str, etree._Element] = {}
    for one in subscriptions:
        parent = body
        if one.categories:
            first = one.categories[0]
            if first not in folders:
                folders[first] = etree.SubElement(body, "outline", text=first)
            parent = folders[first]
        values = {
            "type": "rss",  # OPML's word for every format
            "text": one.title or one.url,
            "title": one.title,
            "xmlUrl": one.url,
            "htmlUrl": one.site_url,
            "category": ",".join(re.sub("[,/]", " ", name) for name in one.categories[1:]),
        }
        etree.SubElement(parent, "outline", {name: value for name, value in values.items() if value})
    document: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return document


def sources(
    given: Iterable[Source], site_urls: Mapping[str, str] = MappingProxyType({})
) -> tuple[tuple[Subscription, ...], tuple[str, ...]]:
    """The sources that another program can ask, with the addresses of their sites, by name, as far as they are known;
    and in words, which are left out and why."""
    listed, left_out = [], []
    for source in given:
        if reason := _secrecy(source):
            left_out.append(f"{source.name}: left out, for {reason}")
        else:
            site_url = site_urls.get(source.name, "")
            listed.append(
                Subscription(url=source.url, title=source.name, site_url=site_url, categories=source.categories)
            )
    return tuple(listed), tuple(left_out)


def feeds(published: Iterable[Feed]) -> tuple[Subscription, ...]:
    """The feeds that we publish, at their Atom addresses, which lose least."""
    return tuple(
        Subscription(url=f"{feed.folder_url}atom.xml", title=feed.title, site_url=feed.folder_url) for feed in published
    )


def _secrecy(source: Source) -> str:
    """Why no other program is told of a source; "" where it may be."""
    if not source.url:
        return "it is no address on the web"
    if source.location != source.url:
        return "its address holds a secret"
    return "it is a list of sources itself" if source.kind == "opml" else ""
