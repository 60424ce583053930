import pytest

from feeds.errors import ParseError
from feeds.parsing.page import feeds_of
from feeds.parsing.sniffing import sniff


@pytest.mark.parametrize(
    ("text", "parser"),
    [
        ("<rss>", "syndication"),
        (
            "\n\ufeff <?xml version='1.0'?>\n<!-- c --><atom:feed xmlns:atom='http://www.w3.org/2005/Atom'>",
            "syndication",
        ),
        ("<br />\n<b>Warning</b>: x\n<rss version='2.0'>", "syndication"),
        ("<rdf:RDF><html>", "syndication"),
        ("<CHANNEL HREF='x'>", "syndication"),
        ("\n" * 100_000 + "<rss>", "syndication"),
        (' {"version": "https://jsonfeed.org/version/1", "items": []}', "jsonfeed"),
        ("\n---\ntitle: <rss>\n---\nBody", "frontmatter"),
        ("\ufeff---  \r\ntitle: x\r\n---\r\nBody", "frontmatter"),
        ("+++\ntitle = 'x'\n+++\n", "frontmatter"),
    ],
)
def test_a_text_tells_its_parser(text: str, parser: str) -> None:
    assert sniff(text) == parser


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "an empty document"),
        (" \n\ufeff\t", "an empty document"),
        ('{"error": 404}', "JSON, but not a JSON Feed"),
        ("<!DOCTYPE html><rss>", "an HTML page where a feed should be; it advertises no feed"),
        ("<HTML><body><feed-list>", "an HTML page"),
        ("<opml version='2.0'><head/><body/></opml>", "an OPML list of sources"),
        ("---\ntitle: never closed\n", "the closing line of --- is missing"),
        ("+++\ntitle = 1\n---\n", "the closing line of +++ is missing"),
        ("\x89PNG\r\n\x1a\n\x00\x00\x07 <binary>", "'\N{REPLACEMENT CHARACTER}PNG' is neither a feed"),
    ],
)
def test_what_is_no_feed_is_named(text: str, said: str) -> None:
    with pytest.raises(ParseError) as caught:
        sniff(text)
    assert str(caught.value).startswith(said)


def test_a_page_tells_the_feeds_it_advertises_and_no_others() -> None:
    page = """<html><link rel=alternate type="application/rss+xml" href="/a" title="A &amp; B">
        <LINK REL="Alternate Home" TYPE="Application/Atom+XML; charset=utf-8" HREF="b">
        <!-- <link rel="alternate" type="application/rss+xml" href="/commented"> -->
        <link rel="alternate" type="text/html" href="/de"><link rel="stylesheet" href="/s.css">
        <![endif]><![weird <link rel="alternate" type="application/feed+json" href="/c">"""
    assert [(one.href, one.title) for one in feeds_of(page)] == [("/a", "A & B"), ("b", ""), ("/c", "")]
