"""What holds for every format: valid by outside schemas, the same bytes again, and nothing lost on the way back."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import feedparser
import pytest
from lxml import etree
from whole import feed, whole_article

from builders import MONDAY, TUESDAY, WEDNESDAY, article, source
from feeds.normalizing import normalize
from feeds.normalizing.categories import Labels
from feeds.parsing import parse
from feeds.publishing import WRITERS, atom, jsonfeed, opml, rss
from feeds.publishing.cleaning import clean
from feeds.publishing.validating import checked
from feeds.records import Article, Body, Copy, Enclosure, Feed, Link, Origin, Person, Source, Subscription, Tag, replace
from outside import jing, needs_jing, read_json_feed

COPIES = (
    Copy(source="planet", title="Planet & Co.", url="https://planet.example/1"),
    Copy(source="digest", title="", url=""),
)
ATOM = "{http://www.w3.org/2005/Atom}"
CONTENT = "{http://purl.org/rss/1.0/modules/content/}encoded"
HOSTILE = {
    "CJK": "麦子熟了，磨坊转了",
    "right to left": "טחנת הרוח مطحنة",
    "emoji": "🌾👩‍🌾🏳️‍🌈",
    "end of CDATA": "a ]]> b <![CDATA[ c ]]>",
    "control characters": "a\x00b\x01\x08\x0b\x0c\x1f c\x7f\x85",
    "a control character": "a\x1fb",
    "a back space": "a\x08b",
    "a form feed": "a\\\x0cb",
    "a pattern": r"\bword\b\f \\b",
    "half an emoji": "a\ud83cb\udf3e",
    "no characters": "a\ufffe\uffffb",
    "no character": "a\uffffb",
    "markup": "<script>alert(1)</script><b>x</b> </title></item></entry>",
    "references": "&amp; &lt;b&gt; &#0; &#x1F; &nosuch; &copy",
    "escapes": '\\u0000 \\" \\\\u001f "}]}',
    "white space": "a\r\nb\tc\u2028d\u00a0e",
    "a tag that never ends": '<img alt="' + "x" * 300,
}


def hostile(text: str, number: int = 0) -> Article:
    """An article that says `text` wherever a source can say anything."""
    return article(
        guid=f"tag:x.example,2026:{number}",
        title=text,
        summary_html=f"<p>{text}</p>",
        content_html=text,
        authors=(Person(name=text), Person(name=text, email="a@x.de")),
        tags=(Tag(term=text, label=text),),
        own_categories=(f"{text}!",),
        rights=text,
        links=(Link(href="https://x.example/", rel="related", title=text),),
        enclosures=(Enclosure(url="https://x.example/a"),),
        origin=Origin(title=text, feed_url="https://x.example/feed", rights=text, authors=(Person(name=text),)),
        copies=(Copy(source="planet", title=text, url="https://x.example/2"),),
    )


def written(one: Feed) -> dict[str, bytes]:
    """Every format of a feed, as it would be published."""
    return {name: checked(name, lambda write=write: write(one)) for name, write in WRITERS.items()}  # type: ignore[misc]


def assert_valid(folder: Path, documents: dict[str, bytes]) -> None:
    for name in ("atom", "rss"):
        (folder / f"{name}.xml").write_bytes(documents[f"{name}.xml"])
        assert jing(f"{name}.rnc", folder / f"{name}.xml") == ""
    read_json_feed(documents["feed.json"])


@needs_jing
def test_what_an_article_can_have_is_valid_in_every_format(tmp_path: Path) -> None:
    bare = article(guid="tag:x.example,2026:bare", title="", content_html="", url="", language="de")
    assert_valid(tmp_path, written(feed(replace(whole_article(), copies=COPIES), bare, article())))
    assert_valid(tmp_path, written(feed(language="")))


@needs_jing
def test_the_schemas_find_what_is_wrong(tmp_path: Path) -> None:
    documents = written(feed(whole_article()))
    for name, old, new in [
        ("atom", b"<updated>2026-11-03T08:00:00Z", b"<updated>yesterday"),
        ("atom", b'xml:lang="zh-Hans"', b'xml:lang=""'),
        ("rss", b'isPermaLink="false"', b'isPermaLink="no"'),
        ("rss", b'length="1234" ', b""),
        ("rss", b"08:00:00 GMT", b"08:00:00 +0000"),
    ]:
        assert old in documents[f"{name}.xml"]
        path = tmp_path / "broken.xml"
        path.write_bytes(documents[f"{name}.xml"].replace(old, new))
        assert jing(f"{name}.rnc", path).startswith(f"{path}:")


@needs_jing
def test_hostile_text_comes_out_valid_in_every_format(tmp_path: Path) -> None:
    articles = [hostile(text, number) for number, text in enumerate(HOSTILE.values())]
    assert_valid(tmp_path, written(feed(*articles, title=HOSTILE["markup"])))


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_reads_as_it_stands_less_what_is_no_character(text: str) -> None:
    documents = written(feed(hostile(text)))
    (one,) = clean(feed(hostile(text))).articles
    entry = etree.fromstring(documents["atom.xml"]).find(f"{ATOM}entry")
    assert (entry.findtext(f"{ATOM}title"), entry.findtext(f"{ATOM}content")) == (one.title, one.content_html)
    item = etree.fromstring(documents["rss.xml"]).find("channel/item")
    assert item.findtext(CONTENT) == one.content_html
    as_html = etree.fromstring(f"<p>{item.findtext('title')}</p>", etree.HTMLParser()).find("body/p")
    assert (as_html.text, len(as_html)) == (one.title.replace("\r\n", "\n"), 0)
    (member,) = read_json_feed(documents["feed.json"])["items"]
    assert (member["title"], member["content_html"]) == (one.title, one.content_html)
    assert (member["authors"][0]["name"], member["tags"][0]) == (one.title, one.title)


def test_characters_that_are_none_are_taken_out_and_all_others_stay() -> None:
    (one,) = clean(feed(hostile("\ud83ca\x00b\ufffe\t\r\n🌾\x85"))).articles
    texts = {one.title, one.content_html, one.authors[0].name, one.tags[0].label, one.origin.authors[0].name}
    assert texts == {"ab\t\r\n🌾\x85"}
    untouched = feed(whole_article())
    assert clean(untouched) is untouched


@needs_jing
def test_a_body_of_5_mb_is_published_whole(tmp_path: Path) -> None:
    body = f"<p>{'麦 & ]]> ' * 500_000}</p>"
    assert len(body.encode()) > 5_000_000
    documents = written(feed(article(content_html=body)))
    assert_valid(tmp_path, documents)
    huge = etree.XMLParser(huge_tree=True)
    assert etree.fromstring(documents["atom.xml"], huge).findtext(f"{ATOM}entry/{ATOM}content") == body
    assert etree.fromstring(documents["rss.xml"], huge).findtext(f"channel/item/{CONTENT}") == body
    assert read_json_feed(documents["feed.json"])["items"][0]["content_html"] == body


@needs_jing
def test_a_category_of_10_000_articles_is_valid_and_in_order(tmp_path: Path) -> None:
    articles = [
        article(guid=f"tag:x.example,2026:{n}", title=f"{n}", published=MONDAY - timedelta(minutes=n))
        for n in range(10_000)
    ]
    documents = written(feed(*articles))
    assert_valid(tmp_path, documents)
    ids = [one.guid for one in articles]
    assert [one.findtext(f"{ATOM}id") for one in etree.fromstring(documents["atom.xml"]).iter(f"{ATOM}entry")] == ids
    assert [entry.id for entry in feedparser.parse(io.BytesIO(documents["rss.xml"])).entries] == ids
    assert [item["id"] for item in read_json_feed(documents["feed.json"])["items"]] == ids


def test_the_same_articles_give_the_same_bytes_in_every_format() -> None:
    first, second = (written(feed(whole_article(), article())) for _ in range(2))
    assert first == second
    assert first.keys() == WRITERS.keys()


def came_back(write: Callable[[Feed], bytes], path: str, *articles: Article) -> list[Article]:
    """What our own parser makes of a feed of ours."""
    reading = source(url=f"https://mill.example/{path}")
    document = parse(Body(content=write(feed(*articles)), url=reading.url), reading, now=WEDNESDAY)
    assert not document.problems
    return [_read(entry, reading) for entry in document.entries]


def _read(entry: object, reading: Source) -> Article:
    return normalize(entry, entry.guid, reading, labels=Labels(), authority="mill.example", now=WEDNESDAY)  # type: ignore[arg-type, attr-defined]


@pytest.mark.parametrize(
    ("write", "path"), [(atom.write, "atom.xml"), (rss.write, "rss.xml"), (jsonfeed.write, "feed.json")]
)
def test_our_own_parser_reads_back_what_every_format_can_hold(write: Callable[[Feed], bytes], path: str) -> None:
    sound = Enclosure(url="https://gazette.example/7.mp3", media_type="audio/mpeg", length=1234)
    film = Enclosure(url="https://gazette.example/7.mp4", media_type="video/mp4", length=5)
    given = replace(
        whole_article(), enclosures=(sound, film), authors=(Person(name="Ada"), Person(name="磨坊")),
        tags=(Tag(term="R&D"), Tag(term="饮食")), own_categories=()
    )  # fmt: skip
    note = article(
        guid="tag:x.example,2026:2",
        title="",
        url="",
        content_html="<p>A note.</p>",
        updated=TUESDAY,
        authors=(Person(name="Bob"),),
    )
    back = came_back(write, path, given, note)
    for one, other in zip((given, note), back, strict=True):
        for name in "guid url title content_html summary_html authors tags published updated enclosures image".split():
            assert getattr(other, name) == getattr(one, name), name
    assert back[0].language == "zh-Hans"


@pytest.mark.parametrize("title", ["Bread & <b>butter</b>", "AT&T & R&D", "&amp; means &", "a < b > c", "<3", "]]>"])
@pytest.mark.parametrize("path", WRITERS)
def test_our_own_parser_reads_back_a_title_made_of_markup(path: str, title: str) -> None:
    assert [one.title for one in came_back(WRITERS[path], path, article(title=title))] == [title]


def test_rss_keeps_an_authors_address_and_the_source() -> None:
    ada = Person(name="Ada", email="ada@gazette.example")
    (back,) = came_back(rss.write, "rss.xml", replace(whole_article(), authors=(ada, Person(name="磨坊"))))
    assert back.authors == (ada, Person(name="磨坊"))
    assert (back.origin.title, back.origin.feed_url) == ("The Gazette", "https://gazette.example/feed.xml")
    assert [tag.scheme for tag in back.tags] == ["https://gazette.example/tags", "", ""]
    assert back.rights == "© Gazette"


@needs_jing
def test_lists_are_valid_and_hold_no_date(tmp_path: Path) -> None:
    found = [Subscription(url="https://a.example/", title="磨 <坊> & Co", categories=("饮食", "a,b", "c")), Subscription(url="https://b.example/")]  # fmt: skip
    for number, subscriptions in enumerate((found, [])):
        path = tmp_path / f"{number}.opml"
        path.write_bytes(checked("feeds.opml", lambda given=subscriptions: opml.write("Mill", given)))  # type: ignore[misc]
        assert jing("opml.rnc", path) == ""
        assert b"date" not in path.read_bytes()
