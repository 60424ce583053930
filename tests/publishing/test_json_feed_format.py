from __future__ import annotations

import json
from pathlib import Path

import pytest
from whole import feed, whole_article

from builders import TUESDAY, article
from feeds.publishing import jsonfeed
from feeds.records import Article, Enclosure, Link, Person
from outside import read_json_feed

PUBLISHED = Path(__file__).parent.parent / "feeds"


def items(*articles: Article) -> list[dict[str, object]]:
    found: list[dict[str, object]] = read_json_feed(jsonfeed.write(feed(*articles)))["items"]
    return found


def test_a_feed_is_written_byte_for_byte_as_before() -> None:
    note = article(title="", content_html="<p>A note.</p>", url="")
    assert jsonfeed.write(feed(whole_article(), note)) == (PUBLISHED / "whole.feed.json").read_bytes()


def test_the_feed_says_who_and_where_it_is() -> None:
    document = read_json_feed(jsonfeed.write(feed(title="金融", folder_url="https://mill.example/%E9%87%91/")))
    assert document == {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "金融",
        "home_page_url": "https://mill.example/%E9%87%91/",
        "feed_url": "https://mill.example/%E9%87%91/feed.json",
        "description": "金融 · Evening Mill",
        "language": "en",
        "items": [],
    }


def test_text_is_written_as_it_reads_and_the_file_ends_in_one_newline() -> None:
    document = jsonfeed.write(feed(article(title="磨坊 🌾 مرحبا")))
    assert "磨坊 🌾 مرحبا".encode() in document
    assert document.endswith(b"}\n")
    assert not document.endswith(b"\n\n")


def test_members_that_say_nothing_are_left_out() -> None:
    (item,) = items(article(language="en"))
    assert sorted(item) == ["content_html", "date_modified", "date_published", "id", "title", "url"]


def test_an_article_always_has_content_and_a_lone_summary_is_it() -> None:
    short, title_alone = items(article(content_html="", summary_html="<p>Short.</p>"), article(content_html=""))
    assert (short["content_html"], short.get("summary")) == ("<p>Short.</p>", None)
    assert title_alone["content_html"] == ""


@pytest.mark.parametrize(
    ("html", "plain"),
    [
        ("<p>One &amp; <b>two</b>.</p><p>Three</p>", "One & two. Three"),
        ('a<br>b<img alt="x > y" src="https://x.example/">c', "a bc"),
        ("1 &lt; 2", "1 < 2"),
    ],
)
def test_a_summary_is_plain_text(html: str, plain: str) -> None:
    (item,) = items(article(summary_html=html))
    assert item["summary"] == plain


def test_what_a_link_blog_writes_about_is_the_external_url() -> None:
    link = Link(href="https://elsewhere.example/", rel="related")
    linked, homeless = items(article(links=(link,)), article(url="", links=(link,)))
    assert (linked["external_url"], linked["url"]) == ("https://elsewhere.example/", "https://gazette.example/1")
    assert "external_url" not in homeless


def test_authors_without_a_page_can_be_written_to() -> None:
    people = (Person(name="Ada", email="a@x.de", url="https://a.example/"), Person(name="Bob", email="b@x.de"))
    (item,) = items(article(authors=people))
    assert item["authors"] == [{"name": "Ada", "url": "https://a.example/"}, {"name": "Bob", "url": "mailto:b@x.de"}]


def test_an_attachment_has_a_type_and_a_size_only_where_it_is_known() -> None:
    (item,) = items(article(enclosures=(Enclosure(url="https://x.example/1"), Enclosure(url="https://x.example/2", media_type="audio/mpeg", length=0))))  # fmt: skip
    assert item["attachments"] == [
        {"url": "https://x.example/1", "mime_type": "application/octet-stream"},
        {"url": "https://x.example/2", "mime_type": "audio/mpeg", "size_in_bytes": 0},
    ]


def test_rights_and_source_stand_in_an_extension_of_ours() -> None:
    (item,) = items(whole_article())
    assert item["_feedmill"] == {
        "rights": "© Gazette",
        "source": {
            "id": "tag:gazette.example,2026:feed",
            "title": "The Gazette",
            "home_page_url": "https://gazette.example/",
            "feed_url": "https://gazette.example/feed.xml",
            "icon": "https://gazette.example/icon.png",
            "rights": "All rights reserved",
        },
    }


def test_dates_are_in_utc_and_members_keep_their_order() -> None:
    document = jsonfeed.write(feed(article(updated=TUESDAY)))
    (item,) = json.loads(document)["items"]
    assert (item["date_published"], item["date_modified"]) == ("2026-11-02T08:00:00Z", "2026-11-03T08:00:00Z")
    assert list(item) == ["id", "url", "title", "content_html", "date_published", "date_modified", "language"]
