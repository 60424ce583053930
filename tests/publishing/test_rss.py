from __future__ import annotations

import io
from pathlib import Path

import feedparser
import pytest
from lxml import etree
from whole import feed, whole_article

from builders import MONDAY, TUESDAY, article
from feeds.publishing import rss
from feeds.records import Article, Enclosure, Link, Origin, Person, Tag

PUBLISHED = Path(__file__).parent.parent / "feeds"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
CREATOR = "{http://purl.org/dc/elements/1.1/}creator"
MEDIA = "{http://search.yahoo.com/mrss/}"


def read(*articles: Article) -> list[feedparser.FeedParserDict]:
    """The entries as an unmodified reader takes them."""
    found = feedparser.parse(io.BytesIO(rss.write(feed(*articles))))
    assert (found.bozo, found.version) == (False, "rss20")
    return list(found.entries)


def items(*articles: Article) -> list[etree._Element]:
    return etree.fromstring(rss.write(feed(*articles))).findall("channel/item")


def test_a_feed_is_written_byte_for_byte_as_before() -> None:
    note = article(title="", content_html="<p>A note.</p>", url="")
    assert rss.write(feed(whole_article(), note)) == (PUBLISHED / "whole.rss.xml").read_bytes()


def test_a_reader_finds_everything_that_rss_has_room_for() -> None:
    (entry,) = read(whole_article())
    assert (entry.id, entry.link) == ("https://gazette.example/?p=7&x=1", "https://gazette.example/7")
    assert (entry.summary, entry.content[0].value) == (
        "<p>In short.</p>",
        '<p>At length. <img src="https://gazette.example/7.jpg" /></p>',  # feedparser's own form of it
    )
    assert (entry.published, entry.updated) == ("Mon, 02 Nov 2026 08:00:00 GMT", "2026-11-03T08:00:00Z")
    assert [(t.term, t.scheme) for t in entry.tags] == [
        ("bread", "https://gazette.example/tags"), ("butter", None), ("饮食", None),
    ]  # fmt: skip
    assert [(e.href, e.type, e.length) for e in entry.enclosures] == [
        ("https://gazette.example/7.mp3", "audio/mpeg", "1234")
    ]
    assert [media["url"] for media in entry.media_content] == ["https://gazette.example/7.ogg"]
    assert entry.media_thumbnail == [{"url": "https://gazette.example/7.jpg"}]
    assert (entry.source.title, entry.source.href) == ("The Gazette", "https://gazette.example/feed.xml")
    assert (entry.rights, entry.title_detail.language) == ("© Gazette", "zh-Hans")


def test_the_channel_says_who_and_where_it_is_and_when_it_changed() -> None:
    document = rss.write(feed(article(), article(guid="b", updated=TUESDAY), title="Finance"))
    channel = feedparser.parse(io.BytesIO(document)).feed
    assert (channel.title, channel.subtitle) == ("Finance", "Finance · Evening Mill")
    assert (channel.link, channel.language) == ("https://mill.example/", "en")
    assert channel.updated == "Tue, 03 Nov 2026 08:00:00 GMT"
    assert [link.href for link in channel.links if link.rel == "self"] == ["https://mill.example/rss.xml"]
    assert b"lastBuildDate" not in rss.write(feed())


@pytest.mark.parametrize(
    ("guid", "url", "is_permalink"),
    [
        ("https://x.example/1", "https://x.example/1", "true"),
        ("https://x.example/?p=1", "https://x.example/1", "false"),
        ("urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a", "https://x.example/1", "false"),
        ("tag:x.example,2026:1", "", "false"),
    ],
)
def test_a_guid_is_a_permalink_only_where_it_is_the_articles_address(guid: str, url: str, is_permalink: str) -> None:
    (item,) = items(article(guid=guid, url=url))
    assert [(one.text, one.get("isPermaLink")) for one in item.findall("guid")] == [(guid, is_permalink)]


def test_a_summary_is_the_description_and_the_whole_text_is_the_content() -> None:
    both, whole, short, note, nothing = items(
        article(summary_html="<p>Short.</p>"),
        article(summary_html=""),
        article(summary_html="<p>Short.</p>", content_html=""),
        article(title="", summary_html=""),
        article(title="", content_html="", url=""),
    )
    texts = [(item.findtext("description"), item.findtext(CONTENT)) for item in (both, whole, short)]
    assert texts == [("<p>Short.</p>", "<p>First.</p>"), (None, "<p>First.</p>"), ("<p>Short.</p>", None)]
    # RSS wants a title or a description.
    assert (note.findtext("title"), note.findtext("description")) == (None, "<p>First.</p>")
    assert nothing.find("description") is not None


def test_who_has_an_address_is_the_author_and_everyone_else_a_creator() -> None:
    ada, bob, eve = Person(name="Ada", email="ada@x.de"), Person(name="Bob"), Person(name="Eve", email="eve@x.de")
    (item,) = items(article(authors=(bob, ada, eve)))
    assert [one.text for one in item.findall("author")] == ["ada@x.de (Ada)"]
    assert [one.text for one in item.findall(CREATOR)] == ["Bob", "Eve"]


def test_only_one_enclosure_is_plain_and_it_is_one_to_play() -> None:
    picture = Enclosure(url="https://x.example/1.jpg", media_type="image/jpeg", length=9)
    sound = Enclosure(url="https://x.example/1.mp3", media_type="audio/mpeg")
    unknown = Enclosure(url="https://x.example/1")
    played, kept = items(article(enclosures=(picture, sound, unknown)), article(enclosures=(unknown,)))
    assert [dict(one.attrib) for one in played.findall("enclosure")] == [
        {"url": "https://x.example/1.mp3", "length": "0", "type": "audio/mpeg"}
    ]
    assert [dict(one.attrib) for one in played.findall(f"{MEDIA}content")] == [
        {"url": "https://x.example/1.jpg", "type": "image/jpeg", "medium": "image", "fileSize": "9"},
        {"url": "https://x.example/1"},
    ]
    assert kept.find("enclosure").get("type") == "application/octet-stream"


@pytest.mark.parametrize(
    ("title", "written"),
    [
        ("AT&T, R&D", "AT&T, R&D"),
        ("1 < 2 & 3 > 2", "1 < 2 & 3 > 2"),
        ("Bread & <b>butter</b>", "Bread & &lt;b>butter&lt;/b>"),
        ("What &amp; means", "What &amp;amp; means"),
        ("&copy and &#60;", "&amp;copy and &amp;#60;"),
        ("<!-- all of it", "&lt;!-- all of it"),
    ],
)
def test_a_title_is_escaped_once_more_where_a_reader_would_take_it_for_html(title: str, written: str) -> None:
    (item,) = items(article(title=title))
    assert item.findtext("title") == written


def test_the_page_of_the_answers_is_told_and_their_feed_is_not_taken_for_it() -> None:
    feed_of_them = Link(href="https://x.example/1/feed", rel="replies", media_type="application/atom+xml")
    page = Link(href="https://x.example/1#answers", rel="replies", media_type="text/html")
    assert [item.findtext("comments") for item in items(article(links=(feed_of_them, page)), article())] == [
        "https://x.example/1#answers", None,
    ]  # fmt: skip


def test_rights_are_the_articles_or_else_its_sources() -> None:
    source = Origin(title="G", rights="All rights reserved")
    rights = [entry.get("rights") for entry in read(article(rights="CC BY", origin=source), article(origin=source))]
    assert rights == ["CC BY", "All rights reserved"]


def test_an_article_in_no_known_language_does_not_pass_for_one_in_the_feeds() -> None:
    written = [item.get(rss._LANGUAGE) for item in items(*(article(language=each) for each in ("", "en", "de")))]
    assert written == ["und", None, "de"]


def test_a_tag_keeps_its_scheme_as_its_domain() -> None:
    (item,) = items(article(tags=(Tag(term="a", scheme="https://x.example/tags", label="A"),), own_categories=("a",)))
    assert [(one.text, one.get("domain")) for one in item.findall("category")] == [("a", "https://x.example/tags")]


def test_an_article_that_was_never_revised_has_one_date() -> None:
    once, twice = items(article(published=MONDAY), article(published=MONDAY, updated=TUESDAY))
    updated = "{http://www.w3.org/2005/Atom}updated"
    assert (once.findtext(updated), twice.findtext(updated)) == (None, "2026-11-03T08:00:00Z")
