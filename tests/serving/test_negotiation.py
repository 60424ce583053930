"""A feed's address, opened by a person and by a feed reader."""

from __future__ import annotations

import pytest
from served import Served

from feeds.publishing.pages import SECURITY_POLICY
from feeds.serving.negotiation import wants_page

CHROME = (
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
    "application/signed-exchange;v=b3;q=0.7"
)
BROWSERS = [
    CHROME,
    "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "text/html, text/plain, text/sgml, text/css, application/xhtml+xml, */*;q=0.01",
    "TEXT/HTML; charset=utf-8 ; Q=0.9 , */*;q=0.1",
    "text/html",
    'text/html;note="a, application/atom+xml", */*;q=0.5',
]
READERS = [
    "",
    "*/*",
    "text/*",
    "application/atom+xml,application/xml;q=0.9,text/html;q=0.8",
    "application/xml, application/atom+xml, application/rss+xml, application/feed+json, text/html, */*;q=0.9",
    "application/rss+xml, text/html",
    "text/html, */*",
    "text/html;q=0, */*",
    "text/html;q=0",
    "text/html;q=0.5, application/feed+json;q=0.6",
    "text/html;q=0.5, application/*;q=0.5",
    "text/html;q=0.5, text/xml",
    "text/html;q=0.1, text/*;q=0.2",
    "text/htmlx, application/xhtml+xml",
    "x;text/html",
    "\xff,,;;q=9," + "text/html;q=" * 3000,
]
FEEDS = ["/bread/atom.xml", "/rss.xml", "/feed.json"]


@pytest.mark.parametrize("accept", BROWSERS)
def test_browsers_want_the_page(accept: str) -> None:
    assert wants_page(accept)


@pytest.mark.parametrize("accept", READERS)
def test_whoever_does_not_name_html_above_all_else_wants_the_feed(accept: str) -> None:
    assert not wants_page(accept)


@pytest.fixture
def published(served: Served) -> Served:
    for path in FEEDS:
        served.put(path[1:], f"feed at {path}".encode())
    for path in ("bread/subscribe.html", "subscribe.html"):
        served.put(path, b"how to subscribe")
    return served


@pytest.mark.parametrize("path", FEEDS)
def test_one_address_shows_a_person_a_page_and_gives_a_reader_the_feed(published: Served, path: str) -> None:
    feed, page = published.ask(path), published.ask(f"{path}?from=blog", Accept=CHROME)
    assert (feed.status, feed.text) == (200, f"feed at {path}")
    assert (page.status, page.text) == (200, "how to subscribe")
    assert feed.headers["vary"] == page.headers["vary"] == "Accept"
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert feed.headers["etag"] != page.headers["etag"]
    assert "content-security-policy" not in feed.headers


def test_the_page_has_a_304_of_its_own_and_head(published: Served) -> None:
    etag = published.ask("/rss.xml", Accept=CHROME).headers["etag"]
    known = published.ask("/rss.xml", Accept=CHROME, If_None_Match=etag)
    assert (known.status, known.headers["etag"], known.headers["vary"]) == (304, etag, "Accept")
    assert published.ask("/rss.xml", If_None_Match=etag).text == "feed at /rss.xml"
    assert published.ask("/rss.xml", "HEAD", Accept=CHROME).headers["etag"] == etag


def test_a_reader_that_says_it_is_a_browser_is_known_by_the_feed_it_has(published: Served) -> None:
    etag = published.ask("/rss.xml").headers["etag"]
    known = published.ask("/rss.xml", Accept=CHROME, If_None_Match=f"W/{etag}")
    assert (known.status, known.headers["etag"]) == (304, etag)
    assert known.headers["vary"] == "Accept"


def test_without_a_page_everyone_gets_the_feed(served: Served) -> None:
    served.put("atom.xml", b"feed")
    served.put("rss.xml/subscribe.html", b"no feed at all")
    assert served.ask("/atom.xml", Accept=CHROME).body == b"feed"
    assert served.ask("/atom.xml", Accept=CHROME).headers["vary"] == "Accept"
    assert served.ask("/rss.xml", Accept=CHROME).status == 301


def test_where_there_is_no_feed_there_is_no_page_of_it(served: Served) -> None:
    served.put("subscribe.html", b"how to subscribe")
    assert served.ask("/atom.xml", Accept=CHROME).status == 404


def test_pages_come_with_the_policy_that_they_name_themselves(served: Served) -> None:
    served.put("index.html", b"all")
    page = served.ask("/", Accept=CHROME)
    assert page.headers["content-security-policy"] == f"{SECURITY_POLICY}; frame-ancestors 'none'"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "vary" not in page.headers
