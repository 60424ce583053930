"""Pages for people: valid, harmless and stable, whatever the articles hold."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise
from urllib.parse import urljoin, urlsplit

import pytest
from browsing import links, read, words

import sample_pages
from builders import MONDAY, article
from feeds.publishing import archives
from feeds.publishing.pages import SECURITY_POLICY, Pages
from feeds.records import Feed, Person, replace
from sample_pages import DIRECTORY, SITE, feed

RUNNING = re.compile(r"<(?:script|iframe|object|embed|form|base|svg|math)\b|\son\w+\s*=|\sstyle\s*=", re.IGNORECASE)


SITE_OF_ALL = sample_pages.tree(Pages(has_articles=True), sample_pages.articles())
PATHS = sorted(path for path in SITE_OF_ALL if path.endswith(".html"))


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_valid_whatever_the_articles_hold(path: str) -> None:
    page = SITE_OF_ALL[path]
    root = read(page)
    assert page.startswith(b"<!doctype html>")
    assert len(root.findall(".//main")) == len(root.findall("body/header")) == len(root.findall("body/footer")) == 1
    assert len(root.findall(".//h1")) == 1
    levels = [int(each.tag[1]) for each in root.iter() if re.fullmatch("h[1-6]", str(each.tag))]
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert not RUNNING.search(re.sub(r"&lt;.*?&gt;", "", page.decode()))
    ids = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", PATHS)
def test_no_page_links_to_anything_but_the_web_and_the_site_itself(path: str) -> None:
    for element in read(SITE_OF_ALL[path]).iter():
        for name in ("href", "src", "poster", "cite", "srcset"):
            address = urljoin(SITE + path, element.get(name, SITE))
            assert urlsplit(address).scheme in ("http", "https"), address


@pytest.mark.parametrize("path", PATHS)
def test_the_ways_between_pages_lead_somewhere_and_the_tree_can_be_moved(path: str) -> None:
    later = {"feeds.opml", "subscriptions.opml", "bread/archive/000001/"}
    for element in read(SITE_OF_ALL[path]).iter():
        for name in ("href", "src"):
            written = element.get(name)
            if written is None or re.match("https?:|#", written):
                assert not (written or "").startswith(SITE)
                continue
            found = urljoin(SITE + path, written).removeprefix(SITE)
            is_feed = found.rpartition("/")[2] in ("atom.xml", "rss.xml", "feed.json")
            is_of_directory = re.match("sources/|wind/|%E9|archive/", found)
            assert is_feed or is_of_directory or found in later or _file(found) in SITE_OF_ALL, (path, written)


def _file(path: str) -> str:
    return f"{path}index.html" if path.endswith("/") or not path else path


@pytest.mark.parametrize("path", PATHS)
def test_every_page_names_its_language_its_policy_and_its_feeds(path: str) -> None:
    root = read(SITE_OF_ALL[path])
    assert (root.get("lang"), root.get("dir")) == ("en", "ltr")
    metas = {each.get("http-equiv") or each.get("name"): each.get("content") for each in root.iter("meta")}
    assert metas["Content-Security-Policy"] == SECURITY_POLICY
    assert metas["referrer"] == "no-referrer"
    assert "width=device-width" in str(metas["viewport"])
    found = {each.get("type"): each.get("href", "") for each in root.iter("link") if each.get("rel") == "alternate"}
    assert list(found) == ["application/atom+xml", "application/rss+xml", "application/feed+json"]
    folder = f"{SITE}bread/" if path.startswith("bread/") else SITE
    assert urljoin(SITE + path, found["application/atom+xml"]) == f"{folder}atom.xml"
    assert root.find("body")[0].get("href") == "#content"  # type: ignore[index]
    is_copy = "articles/" in path or "archive" in path or "subscribe" in path
    assert metas.get("robots", "") == ("noindex" if is_copy else "")


def test_the_same_records_give_the_same_bytes() -> None:
    again = sample_pages.tree(Pages(has_articles=True), sample_pages.articles())
    assert again == SITE_OF_ALL


def test_a_front_of_a_hundred_articles_stays_small() -> None:
    pages = Pages(has_articles=True)
    assert len(pages.front(feed(*sample_pages.many(100)), DIRECTORY)) < 300_000
    worst = replace(
        sample_pages.articles()[0],
        title="长" * 5_000_000,
        content_html=f"<p>{'字' * 1_000_000}</p>",
        summary_html=f"<p>{'&amp;' * 1_000_000}",
        rights="©" * 1_000_000,
        authors=tuple(Person(name="磨" * 1000) for _ in range(1000)),
    )
    assert len(pages.front(feed(*[worst] * 100))) < 400_000


# Archives, and how to subscribe


def test_the_pages_of_a_source_promise_no_feed() -> None:
    one = feed(*sample_pages.articles(), folder="sources/gazette/", title="The Gazette", previous=1)
    for page in (Pages().front(one, has_feeds=False), Pages().archive(replace(one, number=1), has_feeds=False)):
        assert b"atom.xml" not in page
        assert b"subscribe.html" not in page
        read(page)


def test_an_archive_page_leads_to_the_front_and_to_the_one_before_it() -> None:
    one = feed(*sample_pages.articles(), folder="bread/", number=12, previous=11)
    root = read(Pages().archive(one))
    here = archives.own_url(one, "", "html")
    ways = {urljoin(here, each) for each in links(root) if not each.startswith("#")}
    ours = {each for each in ways if each.startswith(SITE)}
    assert ours == {SITE, f"{SITE}bread/", f"{SITE}bread/subscribe.html", archives.previous_url(one, "html")}
    assert words(root.find(".//h1")) == "Evening Mill Archive 12"
    first = read(Pages().archive(replace(one, number=1, previous=0)))
    assert not [each for each in first.iter("a") if each.get("rel") == "prev"]


def test_a_front_leads_to_the_latest_archive() -> None:
    one = feed(folder="bread/", previous=3)
    (way,) = [each.get("href", "") for each in read(Pages().front(one)).iter("a") if each.get("rel") == "prev"]
    assert urljoin(one.folder_url, way) == archives.previous_url(one, "html")


def test_a_person_is_told_how_to_subscribe_and_given_the_address_to_copy() -> None:
    one = feed(*sample_pages.many(30), folder="%E9%87%91/", title="金")
    root = read(Pages().subscribe(one))
    (field,) = root.iter("input")
    assert (field.get("value"), field.get("readonly")) == (f"{SITE}%E9%87%91/atom.xml", "")
    (label,) = root.iter("label")
    assert label.get("for") == field.get("id")
    assert [each.text for each in root.iter("code")] == [
        f"{SITE}%E9%87%91/{name}" for name in ("atom.xml", "rss.xml", "feed.json")
    ]
    assert len(root.findall(".//ul[@class='titles']/li")) == 10
    assert "feed reader" in words(root.find(".//main"))


def test_an_article_that_says_nothing_is_called_by_its_date_once() -> None:
    nothing = article(title="", summary_html="", content_html="")
    (line,) = read(Pages().subscribe(feed(nothing))).findall(".//ul[@class='titles']/li")
    assert len(line.findall(".//time")) == 1


def test_articles_of_another_day_are_another_page() -> None:
    one, other = article(), article(published=MONDAY - timedelta(days=1))
    assert Pages().article(one, feed()) != Pages().article(other, feed())


def test_a_feed_outside_of_its_site_still_has_a_page() -> None:
    elsewhere: Feed = feed(folder_url="https://other.example/x/")
    assert links(read(Pages().front(elsewhere)), "link")[0] == "./assets/style.css"
