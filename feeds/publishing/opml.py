"""OPML 2.0 (http://opml.org/spec2.opml): the list of sources, for other readers to take over."""

from __future__ import annotations

from collections.abc import Iterable

from lxml import etree

from feeds.records import Subscription


def write(title: str, subscriptions: Iterable[Subscription]) -> bytes:
    """The subscriptions as OPML, in a folder for their first category; further ones stand in `category`."""
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
            "text": one.title,
            "title": one.title,
            "xmlUrl": one.url,
            "htmlUrl": one.site_url,
            "category": ",".join(name.replace(",", " ") for name in one.categories[1:]),
        }
        etree.SubElement(parent, "outline", {name: value for name, value in values.items() if value})
    document: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return document
