"""What podcast apps and video readers need passes through: from a source's entry into our feeds, and back again."""

from __future__ import annotations

import io
import re
from pathlib import Path

import feedparser
import pytest
from lxml import etree
from whole import feed, whole_article

from builders import WEDNESDAY, article, source
from feeds.normalizing import normalize
from feeds.normalizing.categories import Labels
from feeds.parsing import parse
from feeds.publishing import WRITERS, atom, jsonfeed, rss
from feeds.publishing.cleaning import clean
from feeds.publishing.validating import checked
from feeds.records import Article, Body, Enclosure, Extension, Feed, replace
from outside import jing, needs_jing, read_json_feed

DOCUMENTS = Path(__file__).parent.parent / "documents"
PUBLISHED = Path(__file__).parent.parent / "feeds"
NAMES = ("podcast.xml", "video_channel.xml", "rss20_media.xml", "rss20_podcast.xml", "extensions_hostile.xml")
MEDIA = "{http://search.yahoo.com/mrss/}"
SOUND = Enclosure(url="https://gazette.example/1.mp3", media_type="audio/mpeg", length=5)


def read(content: bytes) -> list[Article]:
    reading = source()
    document = parse(Body(content=content, url="https://gazette.example/feeds/news"), reading, now=WEDNESDAY)
    assert not document.problems
    return [
        normalize(one, one.guid or one.url, reading, labels=Labels(), authority="mill.example", now=WEDNESDAY)
        for one in document.entries
    ]


def from_sources() -> list[Article]:
    return [one for name in NAMES for one in read((DOCUMENTS / name).read_bytes())]


def itunes(name: str, text: str = "") -> Extension:
    return Extension(namespace="itunes", name=name, text=text)


def media(name: str, *children: Extension, **attributes: str) -> Extension:
    return Extension(namespace="media", name=name, attributes=tuple(attributes.items()), children=children)


def _files(one: Article) -> list[tuple[str, str]]:
    return [(enclosure.url, enclosure.media_type) for enclosure in one.enclosures]  # RSS writes 0 for an unknown length


def root(document: bytes) -> str:
    found = re.search(rb"<(?:feed|rss)[^>]*>", document)
    assert found
    return found[0].decode()


@needs_jing
def test_what_passes_through_is_valid_and_the_same_bytes_each_time(tmp_path: Path) -> None:
    everything = feed(*from_sources(), whole_article())
    for name in ("atom", "rss"):
        write = WRITERS[f"{name}.xml"]
        document = checked(f"{name}.xml", lambda: write(everything))  # noqa: B023 - called at once
        (tmp_path / f"{name}.xml").write_bytes(document)
        assert jing(f"{name}.rnc", tmp_path / f"{name}.xml") == ""
        assert document == write(feed(*from_sources(), whole_article()))
    read_json_feed(checked("feed.json", lambda: jsonfeed.write(everything)))


@pytest.mark.parametrize("path", WRITERS)
def test_an_episode_and_a_video_are_written_byte_for_byte_as_before(path: str) -> None:
    found = (read((DOCUMENTS / name).read_bytes())[0] for name in NAMES[:2])
    episode, video = (replace(one, language="en") for one in found)  # which is a guess, where it can be guessed
    assert WRITERS[path](feed(episode, video)) == (PUBLISHED / f"podcast.{path}").read_bytes()


@pytest.mark.parametrize("write", [atom.write, rss.write])
def test_our_own_parser_reads_the_same_extensions_back(write: object) -> None:
    articles = from_sources()
    back = read(write(feed(*articles)))  # type: ignore[operator]
    assert [one.extensions for one in back] == [one.extensions for one in articles]
    assert [one.image for one in back] == [one.image for one in articles]
    assert [_files(one) for one in back] == [_files(one) for one in articles]
    assert sum(len(one.extensions) for one in articles) > 100


def test_a_prefix_is_declared_once_on_the_root_where_it_is_in_use() -> None:
    plain, spoken = article(), article(guid="urn:2", extensions=(itunes("duration", "60"),))
    for write in (atom.write, rss.write):
        assert "itunes" not in root(write(feed(plain)))
        document = write(feed(plain, spoken))
        assert 'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"' in root(document)
        assert "podcast" not in root(document).replace("podcast-1.0.dtd", "")
        assert document.count(b"xmlns:itunes") == 1
        assert b"<itunes:duration>60</itunes:duration>" in document


def test_the_order_of_prefixes_does_not_come_from_the_articles() -> None:
    spoken = article(extensions=(itunes("duration", "60"),))
    seen = article(guid="urn:2", extensions=(Extension(namespace="podcast", name="txt", text="x"),))
    for write in (atom.write, rss.write):
        assert root(write(feed(spoken, seen))) == root(write(feed(seen, spoken)))


@pytest.mark.parametrize("write", [atom.write, rss.write])
def test_a_picture_and_a_file_that_an_extension_shows_are_written_once(write: object) -> None:
    film = Enclosure(url="https://gazette.example/1.mp4", media_type="video/mp4")
    one = article(
        image="https://gazette.example/1.jpg",
        enclosures=(SOUND, film),
        extensions=(
            media("group", media("content", url=film.url, duration="60"), media("thumbnail", url="https://gazette.example/1.jpg", width="9")),
        ),
    )  # fmt: skip
    written = etree.fromstring(write(feed(one)))  # type: ignore[operator]
    assert [dict(found.attrib) for found in written.iter(f"{MEDIA}thumbnail")] == [
        {"url": "https://gazette.example/1.jpg", "width": "9"}
    ]
    assert [dict(found.attrib) for found in written.iter(f"{MEDIA}content")] == [{"url": film.url, "duration": "60"}]


def test_another_reader_finds_them_in_atom_and_rss() -> None:
    (episode,) = read((DOCUMENTS / "podcast.xml").read_bytes())
    (video,) = read((DOCUMENTS / "video_channel.xml").read_bytes())
    for write in (atom.write, rss.write):
        found = feedparser.parse(io.BytesIO(write(feed(episode, video))))
        assert not found.bozo
        spoken, seen = found.entries
        assert (spoken.itunes_duration, spoken.itunes_episode, spoken.itunes_season) == ("1:02:03", "12", "2")
        assert (spoken.image["href"], spoken.itunes_episodetype) == ("https://furrow.example/12.jpg", "full")
        assert spoken.podcast_transcript["url"] == "https://furrow.example/12.vtt"
        assert (spoken.author, spoken.podcast_person["role"]) == ("Ada Furrow", "guest")
        assert [tag.term for tag in spoken.tags] == ["rye", "rain"]
        assert seen.media_statistics == {"views": "10382"}
        assert [one["width"] for one in seen.media_thumbnail] == ["480"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3723", 3723),
        ("62:03", 3723),
        ("1:02:03", 3723),
        ("60.5", 60),
        ("0", None),
        ("an hour", None),
        ("1:2:3:4", None),
    ],
)
def test_an_attachment_says_how_long_it_plays(text: str, seconds: int | None) -> None:
    page = Enclosure(url="https://gazette.example/1.pdf", media_type="application/pdf")
    one = article(enclosures=(SOUND, page), extensions=(itunes("duration", text),))
    (item,) = read_json_feed(jsonfeed.write(feed(one)))["items"]
    assert [each.get("duration_in_seconds") for each in item["attachments"]] == [seconds, None]


def test_a_file_that_says_itself_how_long_it_plays_is_believed_before_the_episode() -> None:
    described = media("group", media("content", url=SOUND.url, duration="59"))
    one = article(enclosures=(SOUND,), extensions=(itunes("duration", "1:00"), described))
    (item,) = read_json_feed(jsonfeed.write(feed(one)))["items"]
    assert item["attachments"][0]["duration_in_seconds"] == 59


def test_the_length_of_an_attachment_reaches_podcast_apps() -> None:
    document: Feed = feed(article(enclosures=(SOUND,), extensions=(itunes("duration", "1:00"),)))
    (back,) = read(jsonfeed.write(document))
    assert back.extensions == (itunes("duration", "60"),)
    assert b"<itunes:duration>60</itunes:duration>" in rss.write(feed(back))


def test_what_no_document_may_hold_is_taken_out_of_extensions_too() -> None:
    broken = Extension(namespace="media", name="credit", text="a\x00b\ud800", attributes=(("role", "c\x01d"),))
    (one,) = clean(feed(replace(article(), extensions=(media("group", broken),)))).articles
    credit = Extension(namespace="media", name="credit", text="ab", attributes=(("role", "cd"),))
    assert one.extensions == (media("group", credit),)
