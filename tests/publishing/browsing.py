"""Pages as a browser reads them."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element

import html5lib
from html5lib.constants import E as PARSE_ERRORS

from builders import article
from feeds.publishing.pages import Pages
from feeds.records import Article
from sample_pages import feed


def read(page: bytes) -> Element:
    """The page as a browser reads it. Fails where it is not valid HTML."""
    parser = html5lib.HTMLParser(namespaceHTMLElements=False)
    root: Element = parser.parse(page, transport_encoding="utf-8")
    assert not [f"{place}: {PARSE_ERRORS[code] % values}" for place, code, values in parser.errors]
    return root


def words(element: Element | None) -> str:
    assert element is not None
    return " ".join("".join(element.itertext()).split())


def links(root: Element, name: str = "a") -> list[str]:
    return [each.get("href", "") for each in root.iter(name)]


def shown(html: str, **changes: Any) -> Element:
    """What a page shows of an article's markup."""
    content = read(Pages().article(article(content_html=html, **changes), feed())).find(".//div[@class='content']")
    assert content is not None
    return content


def listed(one: Article, **how: Any) -> Element:
    """What a front shows of an article."""
    found = read(Pages(**how).front(feed(one))).find(".//main/article")
    assert found is not None
    return found
