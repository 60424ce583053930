from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import feedparser
import pytest
from lxml import etree
from whole import feed, whole_article

from builders import MONDAY, TUESDAY, article
from feeds.publishing import atom
from feeds.records import Origin

PUBLISHED = Path(__file__).parent.parent / "feeds"
ATOM = "{http://www.w3.org/2005/Atom}"


def read(document: bytes) -> feedparser.FeedParserDict:
    """As an unmodified reader takes it."""
    return feedparser.parse(io.BytesIO(document))


def test_a_feed_is_written_byte_for_byte_as_before() -> None:
    expected = (PUBLISHED / "whole.atom.xml").read_bytes()
    assert atom.write(feed(whole_article(), article(title="", content_html="<p>A note.</p>", url=""))) == expected


def test_a_reader_finds_everything_that_an_article_has() -> None:
    (entry,) = read(atom.write(feed(whole_article()))).entries
    assert (entry.id, entry.title) == ("https://gazette.example/?p=7&x=1", "Bread & <b>butter</b>")
    assert (entry.published, entry.updated) == ("2026-11-02T08:00:00Z", "2026-11-03T08:00:00Z")
    assert [(author.get("name"), author.get("href")) for author in entry.authors] == [
        ("Ada", "https://ada.example/"),
        ("磨坊", None),
    ]
    assert [(t.term, t.scheme, t.label) for t in entry.tags] == [
        ("bread", "https://gazette.example/tags", "Bread"),
        ("butter", None, None),
        ("饮食", None, None),
    ]
    assert [(e.href, e.get("type"), e.get("length")) for e in entry.enclosures] == [
        ("https://gazette.example/7.mp3", "audio/mpeg", "1234"),
        ("https://gazette.example/7.ogg", "text/html", None),  # feedparser's guess where no type is given
    ]
    assert entry.media_thumbnail == [{"url": "https://gazette.example/7.jpg"}]
    assert (entry.rights, entry.title_detail.language) == ("© Gazette", "zh-Hans")
    assert entry.source.id == "tag:gazette.example,2026:feed"
    assert entry.source.title == "The Gazette"
    assert {link.rel: link.href for link in entry.source.links} == {
        "self": "https://gazette.example/feed.xml",
        "alternate": "https://gazette.example/",
    }
    assert entry.source.rights == "All rights reserved"
    assert entry.source.icon == "https://gazette.example/icon.png"


def test_an_entry_link_keeps_its_type_language_title_and_length() -> None:
    (entry,) = etree.fromstring(atom.write(feed(whole_article()))).findall(f"{ATOM}entry")
    links = [dict(link.attrib) for link in entry.findall(f"{ATOM}link")]
    assert links[:2] == [
        {"href": "https://gazette.example/7", "rel": "alternate", "type": "text/html", "hreflang": "zh",
         "title": "Read"},
        {"href": "https://gazette.example/7/replies", "rel": "replies", "type": "application/atom+xml", "length": "3"},
    ]  # fmt: skip
    assert "self" not in [link["rel"] for link in links]


def test_the_feed_says_who_and_where_it_is() -> None:
    document = read(atom.write(feed(title="金融", folder_url="https://mill.example/%E9%87%91/")))
    assert document.feed.id == "tag:mill.example,2026:everything"
    assert {link.rel: link.href for link in document.feed.links} == {
        "self": "https://mill.example/%E9%87%91/atom.xml",
        "alternate": "https://mill.example/%E9%87%91/",
    }
    assert (document.feed.title, document.feed.generator, document.feed.language) == ("金融", "feedmill", "en")


def test_updated_is_the_latest_change_of_an_article_and_never_the_time_of_the_run() -> None:
    newer = article(guid="b", updated=TUESDAY)
    assert read(atom.write(feed(article(), newer))).feed.updated == "2026-11-03T08:00:00Z"
    assert read(atom.write(feed())).feed.updated == "1970-01-01T00:00:00Z"


def test_the_same_articles_give_the_same_bytes() -> None:
    assert atom.write(feed(whole_article())) == atom.write(feed(whole_article()))


@pytest.mark.parametrize("text", ["]]>", "<script>", "&amp;", "مرحبا", "🌾", "a\tb\nc"])
def test_titles_and_bodies_come_out_as_they_went_in(text: str) -> None:
    (entry,) = etree.fromstring(atom.write(feed(article(title=text, content_html=text)))).findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}title") == text
    assert entry.findtext(f"{ATOM}content") == text


def test_an_entry_has_an_alternate_link_or_content_as_the_rfc_wants() -> None:
    neither = article(url="", content_html="", summary_html="")
    only_summary = article(url="", content_html="", summary_html="<p>Short.</p>")
    linked = article(content_html="", summary_html="<p>Short.</p>")
    entries = etree.fromstring(atom.write(feed(neither, only_summary, linked))).findall(f"{ATOM}entry")
    for entry in entries:
        rels = [link.get("rel") for link in entry.findall(f"{ATOM}link")]
        assert "alternate" in rels or entry.find(f"{ATOM}content") is not None
    assert entries[1].findtext(f"{ATOM}content") == "<p>Short.</p>"
    assert entries[2].findtext(f"{ATOM}summary") == "<p>Short.</p>"


def test_a_large_category_is_written_in_the_order_given() -> None:
    many = [article(guid=f"tag:x.example,2026:{n}", published=MONDAY - timedelta(hours=n)) for n in range(1_000)]
    assert [entry.id for entry in read(atom.write(feed(*many))).entries] == [each.guid for each in many]


def test_an_article_in_no_known_language_does_not_pass_for_one_in_the_feeds() -> None:
    unknown, english, german = (article(guid=f"tag:x.example,2026:{n}", language=n) for n in ("", "en", "de"))
    entries = etree.fromstring(atom.write(feed(unknown, english, german))).findall(f"{ATOM}entry")
    assert [entry.get(atom.XML_LANG) for entry in entries] == ["und", None, "de"]  # "" is not valid by the RFC's schema


def test_an_article_without_an_author_is_its_sources_and_not_ours() -> None:
    unsigned = article(origin=Origin(guid="tag:x.example,2026:f", title="The Gazette"))
    (entry,) = etree.fromstring(atom.write(feed(unsigned))).findall(f"{ATOM}entry")
    assert entry.findtext(f"{ATOM}source/{ATOM}author/{ATOM}name") == "The Gazette"
