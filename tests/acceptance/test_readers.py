"""Readers that know nothing of us read back what we publish: feedparser as it comes, and newsboat."""

from __future__ import annotations

import json
import re
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any

import feedparser
import pytest
from command import Feedmill
from newsboat import Newsboat, needs_newsboat
from webserver import Origin

ATOM_SOURCE = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="de"><title>Abendblatt</title><id>urn:uuid:f00d</id>
<link href="https://abend.example/"/><updated>2026-11-02T10:00:00Z</updated>
<author><name>Redaktion</name><email>r@abend.example</email></author>
<entry><id>urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a</id><title type="html">Kräuter &amp;amp; &amp;lt;Rüben&amp;gt;</title>
<link href="https://abend.example/kraeuter?a=1&amp;b=2"/><link rel="enclosure" href="https://abend.example/a.mp3"
type="audio/mpeg" length="1337"/><link rel="enclosure" href="https://abend.example/a.pdf" type="application/pdf" length="42"/>
<author><name>Anna Öl</name></author><author><name>Bert</name></author>
<published>2026-11-01T23:30:00+02:00</published><updated>2026-11-02T09:00:00Z</updated>
<category term="kueche" scheme="https://abend.example/tags" label="Küche"/><rights>CC BY</rights>
<summary>Kurz.</summary><content type="html">&lt;p&gt;Ein &lt;b&gt;Beet&lt;/b&gt; &amp;amp; mehr&lt;/p&gt;</content></entry>
<entry><id>tag:abend.example,2026:2</id><title>Ohne Adresse</title><updated>2026-11-01T08:00:00Z</updated>
<content type="text">Nur Text &lt;nicht Markup&gt;</content></entry></feed>"""

RSS_SOURCE = """<rss version="2.0"><channel><title>Radio</title><link>https://radio.example/</link>
<item><title>第一回：磨坊</title><link>https://radio.example/1</link><guid isPermaLink="false">radio 1</guid>
<enclosure url="https://radio.example/1.ogg" type="audio/ogg" length="9000000000"/>
<pubDate>Sun, 01 Nov 2026 07:00:00 +0800</pubDate><description>&lt;p&gt;听。&lt;/p&gt;</description></item></channel></rss>"""

JSON_SOURCE = """{"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": [{"id": "https://j.example/1",
"url": "https://j.example/1", "title": "Jay", "content_html": "<p>Jay's <a href='/x'>text</a></p>",
"date_published": "2026-10-31T06:00:00-05:00", "authors": [{"name": "Jo"}],
"attachments": [{"url": "https://j.example/1.mp4", "mime_type": "video/mp4", "size_in_bytes": 7}]}]}"""

FRONT_MATTER = """---
title: 'It's late'
author: Night Desk
date: 2026-10-30 22:00:00
categories: [Evening]
---

# Late

Text with [a link](https://desk.example/).
"""


@pytest.fixture
def mill(feedmill: Feedmill) -> Feedmill:
    """One category of five articles out of four formats, with everything a reader may show."""
    for name, text in {
        "a.atom": ATOM_SOURCE, "r.rss": RSS_SOURCE, "j.json": JSON_SOURCE, "late.md": FRONT_MATTER
    }.items():  # fmt: skip
        (feedmill.folder / name).write_text(text, encoding="utf-8")
    names = ("a.atom", "r.rss", "j.json", "late.md")
    sources = ", ".join(f"{{name: {name}, path: {name}, categories: [Evening]}}" for name in names)
    feedmill.config(f"site: {{title: Evening Mill, language: en}}\nsources: [{sources}]")
    assert feedmill("fetch", "--strict").code == 0
    return feedmill


class TestFeedparser:
    def test_each_article_is_read_back_as_it_is_stored(self, mill: Feedmill) -> None:
        stored = mill("articles", "--json").objects
        assert len(stored) == 5
        for feed in (mill.feed(), mill.feed("evening")):
            assert not feed.bozo
            assert feed.version == "atom10"
            assert [_as_read(entry) for entry in feed.entries] == [_as_stored(article) for article in stored]

    def test_rss_and_json_hold_the_same_articles(self, mill: Feedmill) -> None:
        stored = {entry.id: entry for entry in mill.feed("evening").entries}
        rss = feedparser.parse((mill.public / "evening" / "rss.xml").read_bytes())
        assert (rss.bozo, rss.version) == (False, "rss20")
        assert [(entry.id, unescape(entry.title)) for entry in rss.entries] == [
            (id_, entry.title) for id_, entry in stored.items()
        ]
        items = json.loads((mill.public / "evening" / "feed.json").read_bytes())["items"]
        assert [(item["id"], item["title"], item["date_published"]) for item in items] == [
            (id_, entry.title, entry.published) for id_, entry in stored.items()
        ]

    def test_ids_of_the_sources_are_kept_and_others_are_made_addresses(self, mill: Feedmill) -> None:
        ids = {entry.title: entry.id for entry in mill.feed().entries}
        assert ids["Kräuter & <Rüben>"] == "urn:uuid:1225c695-cfb8-4ebb-aaaa-80da344efa6a"
        assert ids["Ohne Adresse"] == "tag:abend.example,2026:2"
        assert ids["Jay"] == "https://j.example/1"
        assert ids["第一回：磨坊"] == "tag:localhost,2026:r.rss/radio%201"

    def test_what_the_source_said_of_itself_and_its_article_comes_along(self, mill: Feedmill) -> None:
        entry = next(entry for entry in mill.feed().entries if entry.title.startswith("Kräuter"))
        assert entry.source.id == "urn:uuid:f00d"
        assert entry.source.title == "Abendblatt"
        assert [(tag.term, tag.scheme, tag.label) for tag in entry.tags] == [
            ("kueche", "https://abend.example/tags", "Küche")
        ]
        assert entry.rights == "CC BY"
        assert _text(entry.summary) == "Kurz."
        assert entry.content[0].language == "de"

    def test_the_feed_says_whose_it_is_and_where(self, mill: Feedmill) -> None:
        feed = mill.feed("evening").feed
        assert feed.title == "Evening"
        assert feed.id == "tag:localhost,2026:category/Evening"
        assert feed.updated == "2026-11-02T09:00:00Z"
        assert {(link.rel, link.href) for link in feed.links} == {
            ("self", "http://localhost:8080/evening/atom.xml"),
            ("alternate", "http://localhost:8080/evening/"),
        }
        assert feed.generator == "feedmill"


@needs_newsboat
class TestNewsboat:
    @pytest.fixture(params=["atom", "rss"])
    def newsboat(self, request: pytest.FixtureRequest, mill: Feedmill, origin: Origin, tmp_path: Path) -> Newsboat:
        """Subscribed to a category over HTTP, in either format."""
        self.mill, self.origin, self.format = mill, origin, request.param
        self.serve()
        return Newsboat(tmp_path / "newsboat", [origin.url(f"/evening/{self.format}.xml")])

    def serve(self) -> None:
        path = f"/evening/{self.format}.xml"
        body = (self.mill.public / path.lstrip("/")).read_bytes()
        self.origin.serve(path, body, media_type=f"application/{self.format}+xml")

    def test_it_shows_each_article_as_it_is_stored(self, newsboat: Newsboat) -> None:
        newsboat.reload()
        # It is of the few that take the titles of RSS for plain text: it shows `<` as `&lt;`.
        shown = {unescape(row["title"]): row for row in newsboat.articles()}
        stored = {article["title"]: article for article in self.mill("articles", "--json").objects}
        assert shown.keys() == stored.keys()
        ids = {entry.title: entry.id for entry in self.mill.feed("evening").entries}
        for title, row in shown.items():
            article = stored[title]
            assert row["guid"] == ids[title]
            assert row["url"] == article["url"]
            assert row["pubDate"] == datetime.fromisoformat(article["published"]).timestamp()
            assert row["author"] == ", ".join(article["authors"]) or row["author"] in article["authors"]
            assert _text(row["content"]) == _text(article["content_html"] or article["summary_html"])
            enclosures = {(each["url"], each["media_type"]) for each in article["enclosures"]}
            assert (row["enclosure_url"], row["enclosure_type"]) in (enclosures or {("", "")})

    def test_a_second_reload_adds_nothing_and_a_new_article_adds_one(self, newsboat: Newsboat) -> None:
        newsboat.reload()
        first = newsboat.articles()
        newsboat.reload()
        assert newsboat.articles() == first

        (self.mill.folder / "late.md").write_text(FRONT_MATTER.replace("# Late", "# Later"), encoding="utf-8")
        path = self.mill.folder / "a.atom"
        path.write_text(ATOM_SOURCE.replace("2026:2</id>", "2026:3</id>").replace("Ohne Adresse", "Neu"), encoding="utf-8")  # fmt: skip
        self.mill("fetch", "--strict")
        self.serve()
        newsboat.reload()
        assert {row["title"] for row in newsboat.articles()} - {row["title"] for row in first} == {"Neu"}
        assert len(newsboat.articles()) == len(first) + 1

    def test_an_article_in_several_feeds_is_shown_once(self, newsboat: Newsboat) -> None:
        newsboat.subscribe([f"file://{self.mill.public}/{folder}{self.format}.xml" for folder in ("", "evening/")])
        newsboat.reload()
        assert len(newsboat.articles()) == 5


def _as_read(entry: Any) -> dict[str, Any]:
    return {
        "title": entry.title,
        "link": "" if entry.link == entry.id and "links" not in entry else entry.link,  # it takes an id for a link
        "published": entry.published,
        "updated": entry.updated,
        "authors": [author.name for author in entry.get("authors", [])],
        "enclosures": [(each.href, each.type, int(each.length)) for each in entry.get("enclosures", [])],
        "content": _text(entry.content[0].value if "content" in entry else entry.summary),
    }


def _as_stored(article: dict[str, Any]) -> dict[str, Any]:
    return {
        "title": article["title"],
        "link": article["url"],
        "published": article["published"],
        "updated": article["updated"],
        "authors": article["authors"],
        "enclosures": [(each["url"], each["media_type"], each["length"]) for each in article["enclosures"]],
        "content": _text(article["content_html"] or article["summary_html"]),
    }


def _text(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())
