"""A feed and an article that have everything they can have."""

from __future__ import annotations

from builders import MONDAY, TUESDAY, article
from feeds.records import Article, Enclosure, Feed, Link, Origin, Person, Tag


def feed(*articles: Article, **changes: str) -> Feed:
    values = {
        "id": "tag:mill.example,2026:everything",
        "title": "Evening Mill",
        "folder_url": "https://mill.example/",
        "site_title": "Evening Mill",
        "site_url": "https://mill.example/",
        "language": "en",
    }
    return Feed(**values | changes, articles=articles)


def whole_article() -> Article:
    """One that has everything an article can have."""
    return article(
        guid="https://gazette.example/?p=7&x=1",
        url="https://gazette.example/7",
        title="Bread & <b>butter</b>",
        summary_html="<p>In short.</p>",
        content_html='<p>At length. <img src="https://gazette.example/7.jpg"></p>',
        authors=(Person(name="Ada", email="ada@gazette.example", url="https://ada.example/"), Person(name="磨坊")),
        tags=(Tag(term="bread", scheme="https://gazette.example/tags", label="Bread"), Tag(term="butter")),
        own_categories=("饮食", "bread"),
        published=MONDAY,
        updated=TUESDAY,
        language="zh-Hans",
        links=(
            Link(href="https://gazette.example/7", media_type="text/html", language="zh", title="Read"),
            Link(href="https://gazette.example/7/replies", rel="replies", media_type="application/atom+xml", length=3),
            Link(href="https://gazette.example/7.atom", rel="self"),
        ),
        enclosures=(
            Enclosure(url="https://gazette.example/7.mp3", media_type="audio/mpeg", length=1234),
            Enclosure(url="https://gazette.example/7.ogg"),
        ),
        image="https://gazette.example/7.jpg",
        rights="© Gazette",
        origin=Origin(
            guid="tag:gazette.example,2026:feed",
            title="The Gazette",
            site_url="https://gazette.example/",
            feed_url="https://gazette.example/feed.xml",
            updated=TUESDAY,
            rights="All rights reserved",
            icon="https://gazette.example/icon.png",
            language="en",
            authors=(Person(name="The Desk"),),
        ),
    )
