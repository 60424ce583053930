"""`A-IM: feed`: readers that ask for it get the newer entries alone."""

from __future__ import annotations

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import feedparser
import pytest
from served import Response, Served

from builders import MONDAY, TUESDAY, article
from feeds.publishing import atom, rss
from feeds.records import Article, Deleted, Feed, replace
from feeds.serving.deltas import Deltas, is_wanted
from outside import jing, needs_jing

WRITERS: dict[str, Callable[[Feed], bytes]] = {"atom.xml": atom.write, "rss.xml": rss.write}
HOSTILE = "</entry>\n  </entry>\n    </item>\n  <entry>\n    <item>"


def feed(*articles: Article) -> Feed:
    url = "https://mill.example/"
    deleted = (Deleted(atom_id="tag:mill.example,2026:gone", when=MONDAY),)
    return Feed(
        id="tag:x,2026:all", title="Mill", folder_url=url, site_title="Mill", site_url=url, articles=articles,
        deleted=deleted,
    )  # fmt: skip


def numbered(number: int, text: str = HOSTILE) -> Article:
    return article(guid=f"https://gazette.example/{number}", title=f"Number {number}", content_html=text)


ONE, TWO, THREE = numbered(1), numbered(2), numbered(3)


@pytest.fixture(params=WRITERS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def ask(served: Served, name: str, etag: str, a_im: str = "feed") -> Response:
    return served.ask(f"/{name}", A_IM=a_im, If_None_Match=etag)


def titles(body: bytes) -> list[str]:
    return [entry.title for entry in feedparser.parse(body).entries]


def test_who_has_an_older_version_gets_what_is_new_and_what_was_revised(served: Served, name: str) -> None:
    served.put(name, WRITERS[name](feed(TWO, ONE)))
    old = served.ask(f"/{name}").headers["etag"]
    revised = replace(ONE, title="Number 1, again", updated=TUESDAY)
    served.put(name, WRITERS[name](feed(THREE, TWO, revised)))
    whole = served.ask(f"/{name}")
    part = ask(served, name, f'"x", W/{old}', "gzip;q=0.5, feed")
    assert (part.status, part.headers["im"], part.headers["etag"]) == (226, "feed", whole.headers["etag"])
    assert titles(part.body) == ["Number 3", "Number 1, again"]
    assert titles(whole.body) == ["Number 3", "Number 2", "Number 1, again"]
    assert part.headers["content-type"] == whole.headers["content-type"]
    assert part.headers["cache-control"] == "no-store, im, max-age=300"
    assert "A-IM" in part.headers["vary"].split(", ")
    assert ask(served, name, part.headers["etag"]).status == 304
    assert ask(served, name, old).body == part.body
    assert feedparser.parse(part.body).feed.title == "Mill"


@needs_jing
def test_a_part_is_a_valid_document_also_without_any_entry(served: Served, name: str, tmp_path: Path) -> None:
    served.put(name, WRITERS[name](feed(TWO, ONE)))
    old = served.ask(f"/{name}").headers["etag"]
    documents = []
    for number, shown in enumerate([(THREE, TWO, ONE), (TWO,)]):
        served.put(name, WRITERS[name](feed(*shown)))
        part = ask(served, name, old)
        assert (part.status, len(titles(part.body))) == (226, (1, 0)[number])
        documents.append(tmp_path / f"{number}.xml")
        documents[-1].write_bytes(part.body)
    assert jing(f"{name.removesuffix('.xml')}.rnc", *documents) == ""


def test_a_compressed_version_is_known_as_well(served: Served) -> None:
    served.put("atom.xml", atom.write(feed(numbered(1, "wheat " * 500))))
    old = served.ask("/atom.xml", Accept_Encoding="gzip").headers["etag"]
    assert "gzip" in old
    served.put("atom.xml", atom.write(feed(TWO, numbered(1, "wheat " * 500))))
    part = served.ask("/atom.xml", Accept_Encoding="gzip", A_IM="feed", If_None_Match=old)
    assert (part.status, titles(gzip.decompress(part.body))) == (226, ["Number 2"])
    assert part.headers["content-encoding"] == "gzip"
    assert part.headers["etag"] == served.ask("/atom.xml", Accept_Encoding="gzip").headers["etag"]


def test_a_part_names_the_version_in_the_encoding_that_it_has(served: Served) -> None:
    known = numbered(1, random.Random(1).randbytes(2_000).hex())
    served.put("atom.xml", atom.write(feed(known)))
    old = served.ask("/atom.xml").headers["etag"]
    served.put("atom.xml", atom.write(feed(TWO, known)))
    for accepted, coding in (("br, gzip", "gzip"), ("identity", "identity")):
        part = served.ask("/atom.xml", A_IM="feed", If_None_Match=old, Accept_Encoding=accepted)
        whole = served.ask("/atom.xml", Accept_Encoding=coding)
        assert (part.status, part.headers["etag"]) == (226, whole.headers["etag"])
        assert len(part.body) < len(whole.body)
        again = served.ask("/atom.xml", A_IM="feed", If_None_Match=part.headers["etag"], Accept_Encoding=accepted)
        assert again.status == 304
        head = served.ask("/atom.xml", "HEAD", A_IM="feed", If_None_Match=old, Accept_Encoding=accepted)
        assert (head.status, head.body) == (226, b"")
        assert {**head.headers, "date": ""} == {**part.headers, "date": ""}


def test_a_part_that_is_larger_than_the_whole_is_not_sent(served: Served) -> None:
    new = numbered(2, random.Random(1).randbytes(2_000).hex())
    served.put("atom.xml", atom.write(feed(ONE)))
    old = served.ask("/atom.xml").headers["etag"]
    served.put("atom.xml", atom.write(feed(new, ONE)))
    whole = served.ask("/atom.xml", Accept_Encoding="br")
    assert whole.headers["content-encoding"] == "br"
    given = served.ask("/atom.xml", A_IM="feed", If_None_Match=old, Accept_Encoding="br")  # which no part has
    assert (given.status, given.body) == (200, whole.body)


def test_whoever_cannot_be_helped_gets_the_whole(served: Served, name: str) -> None:
    served.put(name, WRITERS[name](feed(ONE)))
    old = served.ask(f"/{name}").headers["etag"]
    served.put(name, WRITERS[name](feed(TWO, ONE)))
    for answer in (
        ask(served, name, '"0123456789abcdef0123456789abcdef"'),  # never served, or forgotten
        ask(served, name, old, "feed;q=0"),
        ask(served, name, old, "vcdiff"),
        served.ask(f"/{name}", A_IM="feed"),
    ):
        assert (answer.status, len(titles(answer.body))) == (200, 2)
    served.put(name, WRITERS[name](feed(THREE)))  # nothing of what it has stands there any more
    assert ask(served, name, old).status == 200


def test_other_files_are_not_cut(served: Served) -> None:
    for path in ("feed.json", "archive/000001/index.html", "other.xml"):
        served.put(path, b"one")
        old = served.ask(f"/{path}").headers["etag"]
        served.put(path, b"two, and longer")
        assert served.ask(f"/{path}", A_IM="feed", If_None_Match=old).status == 200


@pytest.mark.parametrize("a_im", ["feed", " FEED ; q=0.5", "gzip, feed;q=1.0", "vcdiff, feed"])
def test_the_wish_is_understood(a_im: str) -> None:
    assert is_wanted(a_im)


@pytest.mark.parametrize("a_im", ["", "feed;q=0", "feed;q=0.0", "feeds", "x-feed", "feed;q=", "gzip"])
def test_another_wish_is_none(a_im: str) -> None:
    assert not is_wanted(a_im)


def test_so_many_versions_are_remembered_and_no_more() -> None:
    deltas = Deltas()
    first, last = atom.write(feed(ONE)), atom.write(feed(TWO, ONE))
    deltas.remember("atom.xml", '"first"', first)
    assert deltas.since("atom.xml", frozenset({'"first"'}), '"last"', last)
    for number in range(500):
        deltas.remember("atom.xml", f'"{number}"', first)
    assert deltas.since("atom.xml", frozenset({'"first"'}), '"last"', last) is None
