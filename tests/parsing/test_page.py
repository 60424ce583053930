from __future__ import annotations

import pytest

from feeds.parsing.page import diagnosis, feeds_of

HEAD = """<!doctype html><html><head><title>Gazette</title>
<!-- <link rel="alternate" type="application/rss+xml" href="/old"> -->
<link rel=stylesheet href=/x.css>
<link rel="alternate" hreflang="de" href="/de">
<link rel="alternate" type="application/json" href="/wp-json/posts/1">
<LINK href='/feed?a=1&amp;b=2' TYPE='application/rss+xml; charset=utf-8' REL='alternate nofollow' title="News">
<link rel="alternate" type="application/atom+xml" href="atom.xml">
<link rel="alternate" type="application/atom+xml" href="atom.xml" title="again">
</head>"""


def test_the_feeds_that_a_page_announces_are_found_in_order_and_once() -> None:
    found = feeds_of(HEAD + '<body><a href="/comments/feed/">x</a>')
    assert [(one.href, one.title) for one in found] == [("/feed?a=1&b=2", "News"), ("atom.xml", "")]


@pytest.mark.parametrize(
    ("href", "is_feed"),
    [
        ("/feed/", True), ("/index.xml", False), ("/rss.xml", True), ("https://x.example/blog/atom.xml", True),
        ("/news.rss", True), ("?feed=rss2", True), ("/feed.json", True), ("/rss", True), ("/feedback", False),
        ("/about", False), ("/sitemap.xml", False), ("/atomic", False), ("javascript:feed", False),
    ],
)  # fmt: skip
def test_where_nothing_is_announced_links_that_look_like_feeds_are_hints(href: str, is_feed: bool) -> None:
    assert bool(feeds_of(f'<html><body><a class=x href="{href}">follow</a>')) is is_feed


def test_an_announced_feed_is_named() -> None:
    assert "it advertises /feed?a=1&b=2, atom.xml: use that address" in diagnosis(HEAD)


@pytest.mark.parametrize(
    ("page", "words"),
    [
        ("<html><head><title>Just a moment...</title></head>", "wants to see a human"),
        ('<html><body><div class="g-recaptcha"></div>', "wants to see a human"),
        ('<html><body><form><input name=p type="password">', "log in"),
        ("<html><body>Welcome", "advertises no feed"),
    ],
)
def test_pages_of_different_kinds_are_told_apart(page: str, words: str) -> None:
    assert words in diagnosis(page)


@pytest.mark.parametrize("piece", ["<link ", "<a href=", "<!--", "<link rel=alternate href='", "&#", "<![", "<a\x00 "])
def test_hostile_pages_cost_little_and_raise_nothing(piece: str) -> None:
    feeds_of("<html>" + piece * 200_000)
    diagnosis("<html>" + piece * 200_000)


@pytest.mark.timeout(20)  # a pattern that looks at each end from each beginning takes minutes
def test_a_hostile_address_costs_little() -> None:
    page = f'<a href="/feed#top">a</a><a href="{"/rss?" * 50_000}#">b</a>'
    assert [one.href for one in feeds_of(page)] == ["/feed#top"]
    assert [one.href for one in feeds_of(f'<a href="{"/rss?" * 300}#">b</a>')] == [f"{'/rss?' * 300}#"]


def test_what_a_page_advertises_moves_no_cursor() -> None:
    page = '<link rel=alternate type="application/rss+xml" href="feed\x1b]0;pwned\x07.xml" title="\x1b[2JNews">'
    (one,) = feeds_of(page)
    assert (one.href, one.title) == ("feed]0;pwned.xml", "[2JNews")
