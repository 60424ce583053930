"""Whose article a source's article is."""

from __future__ import annotations

import pytest

from builders import source
from feeds import settings
from feeds.pipeline import judging
from feeds.records import Origin

PLANET = source(name="planet", url="https://planet.example/atom.xml")
OF_PLANET = Origin(site_url="https://planet.example/", feed_url="https://planet.example/atom.xml")


@pytest.mark.parametrize(
    ("feed", "link", "origin", "is_own"),
    [
        ("https://author.example/feed", "https://author.example/1", Origin(), True),
        ("https://www.author.example/feed", "https://blog.author.example/1", Origin(), True),
        ("https://feeds.example/author", "https://author.example/1", Origin(site_url="https://author.example/"), True),
        (  # moved to a service that names its own address
            "https://author.example/feed",
            "https://author.example/1",
            Origin(site_url="https://author.example/", feed_url="https://feeds.example/author"),
            True,
        ),
        ("https://planet.example/rss.xml", "https://author.example/1", OF_PLANET, False),
        (  # a planet that says where it has it from (atom:source)
            "https://planet.example/atom.xml",
            "https://author.example/1",
            Origin(site_url="https://author.example/", feed_url="https://author.example/feed", is_stated=True),
            False,
        ),
        (  # one that a service serves under its own name
            "https://feeds.example/author",
            "https://author.example/1",
            Origin(site_url="https://author.example/", feed_url="https://author.example/feed"),
            True,
        ),
        (  # one that leads to pages of its own
            "https://planet.example/atom.xml",
            "https://planet.example/42",
            Origin(site_url="https://author.example/", feed_url="https://author.example/feed", is_stated=True),
            False,
        ),
        ("https://author.example/feed", "", Origin(), True),
        ("https://author.github.example/feed", "https://other.github.example/1", Origin(), False),
        ("https://author.example/feed", "https://[broken/1", Origin(), False),
    ],
)
def test_whose_article_it_is(feed: str, link: str, origin: Origin, is_own: bool):
    assert judging.is_own(source(url=feed), link, origin) is is_own


def test_a_file_of_ones_own_is_ones_own():
    assert judging.is_own(source(kind="folder", url="", path="/articles"), "", Origin())


def test_priority_comes_before_whose_it_is():
    ranks = {"planet": source(name="planet", url="https://planet.example/rss.xml", priority=1), "author": source()}
    copy = judging.rank(ranks, "planet", "https://gazette.example/1", OF_PLANET)
    own = judging.rank(ranks, "author", "https://gazette.example/1", Origin())
    assert copy < own < judging.rank(ranks, "gone", "https://gazette.example/1", Origin())


def test_of_what_one_site_says_twice_the_feed_that_does_not_name_the_other_comes_first():
    both = {name: source(name=name, url=f"https://author.example/{name}.xml") for name in ("news", "all")}
    origin = Origin(site_url="https://author.example/", feed_url="https://author.example/news.xml", is_stated=True)
    ranks = {name: judging.rank(both, name, "https://author.example/1", origin) for name in both}
    assert ranks["news"] < ranks["all"]
    assert not ranks["all"][1]


def test_what_cannot_be_one_by_its_title_is_told_at_once():
    may_be = judging.judge(settings.defaults()).may_be
    assert may_be("The mill turns", "The mill turns again")
    assert may_be("[repost] Report 12", "Report 12")
    assert not may_be("Report 12 of the mill", "Report 13 of the mill")
