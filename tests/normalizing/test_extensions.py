"""The extensions of an entry made an article's: known, plain, absolute, and nothing that it says elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from builders import TUESDAY, entry, source
from feeds.normalizing import extensions, normalize
from feeds.normalizing.categories import Labels
from feeds.parsing import parse
from feeds.records import Article, Body, Enclosure, Entry, Extension, Person, Tag, replace

FOLDER = Path(__file__).parent.parent / "documents"


def made(one: Entry) -> Article:
    return normalize(one, one.guid or one.url, source(), labels=Labels(), authority="mill.example", now=TUESDAY)


def articles(name: str) -> list[Article]:
    body = Body(content=(FOLDER / name).read_bytes(), url="https://gazette.example/feeds/news")
    return [made(one) for one in parse(body, source(), now=TUESDAY).entries]


def itunes(name: str, text: str = "", **attributes: str) -> Extension:
    return Extension(namespace="itunes", name=name, text=text, attributes=tuple(attributes.items()))


def media(name: str, *children: Extension, text: str = "", **attributes: str) -> Extension:
    return replace(itunes(name, text, **attributes), namespace="media", children=children)


def kept(*given: Extension, **changes: Any) -> tuple[Extension, ...]:
    return made(entry(extensions=given, **changes)).extensions


def told(one: Extension) -> str:
    """An element in a line."""
    attributes = "".join(f" {name}={value}" for name, value in one.attributes)
    return f"{one.namespace}:{one.name}{attributes} {one.text}".strip() + "".join(f" ({told(c)})" for c in one.children)


def test_what_a_podcast_app_needs_of_an_episode_is_kept() -> None:
    (one,) = articles("podcast.xml")
    assert [told(each) for each in one.extensions] == [
        "itunes:title Rye & rain",
        "itunes:summary What rain does to rye, at length. And what it leaves.",
        "itunes:duration 1:02:03",
        "itunes:season 2",
        "itunes:episode 12",
        "itunes:episodeType full",
        "itunes:explicit false",
        "itunes:block No",
        "itunes:image href=https://furrow.example/12.jpg",
        "podcast:transcript url=https://furrow.example/12.vtt type=text/vtt language=en rel=captions",
        "podcast:chapters url=https://furrow.example/12.json type=application/json+chapters",
        "podcast:soundbite startTime=73.0 duration=60.0 Rain on a tin roof",
        "podcast:person role=guest img=https://furrow.example/bo.jpg href=https://bo.example/ Bo Miller",
        "podcast:location geo=geo:48.2,16.3 osm=R109166 The lower field",
        "podcast:season name=Wet years 2",
        "podcast:episode display=XII 12",
        "podcast:license url=https://furrow.example/licence cc-by-4.0",
        "podcast:alternateEnclosure type=audio/opus length=900 bitrate=64000 title=Small default=false"
        " (podcast:source uri=https://furrow.example/12.opus) (podcast:integrity type=sri value=sha384-abc)",
        "podcast:value type=lightning method=keysend suggested=0.00000005"
        " (podcast:valueRecipient name=Ada type=node"
        " address=02d5c1bf8b940dc9cadca86d1b0a3c37fbe39cee4c7e839e33bef9174531d27f52 split=90)"
        " (podcast:valueRecipient name=Bo type=node"
        " address=032f4ffbbafffbe51726ad3c164a3d0d37ec27bc67b29a159b0f49ae8ac21b8508 split=10)",
        "podcast:socialInteract uri=https://furrow.example/@ada/12 protocol=activitypub accountId=@ada"
        " accountUrl=https://furrow.example/@ada",
        "podcast:txt purpose=verify S6lpp-7ZCn8-dZfGc-OoyaG",
    ]
    # Said by the article itself.
    assert one.authors == (Person(name="Ada Furrow"),)
    assert [tag.term for tag in one.tags] == ["rye", "rain"]


def test_a_video_keeps_its_group_less_the_title_and_the_text_that_are_the_articles() -> None:
    (one,) = articles("video_channel.xml")
    assert [told(each) for each in one.extensions] == [
        "media:group"
        " (media:content url=https://videos.example/v/a1?version=3 type=application/x-shockwave-flash height=390 width=640)"
        " (media:thumbnail url=https://i.videos.example/a1/hq.jpg height=360 width=480)"
        " (media:community (media:starRating average=5.00 count=421 min=1 max=5) (media:statistics views=10382))"
    ]
    assert one.image == "https://i.videos.example/a1/hq.jpg"
    assert "04:10 The furrows" in one.summary_html


def test_of_hostile_extensions_only_the_harmless_part_is_left() -> None:
    runs, none, deep, many, markup = articles("extensions_hostile.xml")
    assert [told(each) for each in runs.extensions] == [
        "podcast:person img=https://x.example/p.jpg A person",
        "media:content url=https://x.example/1.mp4 type=video/mp4 duration=60",
    ]
    assert [told(each) for each in none.extensions] == ["media:group (media:credit role=author Cy)"]
    assert [told(each) for each in deep.extensions] == ["itunes:duration 3"]
    assert len(many.extensions) < 300
    assert [told(each) for each in markup.extensions] == [
        "itunes:subtitle A picture", "itunes:summary ]]> bold", "media:text alert(1)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "<b>x</b>", "&lt;b&gt;x&lt;/b&gt;", "&amp;amp;lt;b&amp;amp;gt;x", "<b", "<<b>script>alert(1)</script>", "&am<i>p;</i>lt;b>",
        "one\n\n two\u2028<three>\nfour", "x\x00\x1f\ud800\u202ey", "AT&amp;amp;T", "1 < 2 &amp; 3 > 2", "&" + "amp;" * 40 + "lt;b>",
    ],
)  # fmt: skip
def test_a_text_is_plain_and_reads_the_same_ever_after(text: str) -> None:
    once = kept(itunes("subtitle", text))
    assert kept(*once) == once
    assert all(one.text.encode() and "<b>" not in one.text and "&lt;" not in one.text for one in once)


def test_lines_are_kept_where_a_text_comes_without_markup() -> None:
    assert kept(media("description", text=" One.\r\n\r\nTwo  words. ")) == (
        media("description", text="One.\nTwo words."),
    )


def test_what_is_too_long_goes_and_the_rest_stays() -> None:
    long = [itunes("summary", f"{number}" + "w" * 9_000) for number in range(20)]
    found = kept(*long, itunes("duration", "60"), media("credit", text="Cy", role="r" * 501))
    assert sum(len(one.text) for one in found) <= extensions.MAX_SIZE
    assert found[-2:] == (itunes("duration", "60"), media("credit", text="Cy"))
    assert [len(one.text) for one in kept(itunes("summary", "w" * 20_000))] == [extensions.MAX_TEXT]


def test_an_element_that_says_nothing_is_left_out() -> None:
    empty = (
        itunes("duration", " "), itunes("image"), itunes("image", href="mailto:a@gazette.example"), media("group"),
        media("content", type="video/mp4"), media("community", media("statistics")), media("thumbnail", url=""),
        itunes("toString", "x"), media("starRating", average="5"), media("starrating", average="5"),
        Extension(namespace="podcast", name="soundbite", text="no times"), Extension(namespace="urn:x", name="title", text="x"),
    )  # fmt: skip
    assert kept(*empty) == ()


def test_a_child_of_another_namespace_or_in_a_wrong_place_is_left_out() -> None:
    given = media("group", itunes("duration", "1"), media("statistics", views="1"), media("credit", text="Cy"))
    assert kept(given) == (media("group", media("credit", text="Cy")),)


def test_what_the_article_says_itself_is_not_said_twice() -> None:
    sound = Enclosure(url="https://gazette.example/1.mp3", media_type="audio/mpeg", length=5)
    given = (
        media("thumbnail", url="/1.jpg"),
        media("content", url="/1.mp3", type="audio/mpeg", fileSize="5"),
        itunes("title", "One"), media("title", text="One"), itunes("summary", "First."), media("description", text="In\nshort."),
        itunes("author", "Ada"), itunes("keywords", "rye, oats"), media("category", text="rye"), itunes("season", "1"), itunes("season", "1"),
    )  # fmt: skip
    assert kept(
        *given,
        summary="<p>In <b>short</b>.</p>", authors=(Person(name="Ada"),), tags=(Tag(term="rye"), Tag(term="oats")),
        enclosures=(sound,), image="https://gazette.example/1.jpg",
    ) == (itunes("season", "1"),)  # fmt: skip


def test_a_picture_or_a_file_of_which_more_is_said_stays() -> None:
    given = (
        media("thumbnail", url="https://gazette.example/1.jpg", width="480"),
        media("content", url="https://gazette.example/1.mp3", type="audio/mpeg", duration="60"),
        itunes("image", href="https://gazette.example/1.jpg"),
    )
    enclosed = Enclosure(url="https://gazette.example/1.mp3")
    assert kept(*given, image="https://gazette.example/1.jpg", enclosures=(enclosed,)) == given


def test_an_extension_that_moves_is_no_reason_to_read_the_article_again() -> None:
    first, second = (made(entry(extensions=(media("community", media("statistics", views=n)),))) for n in ("1", "2"))
    assert first.extensions != second.extensions
    assert first.fingerprint == second.fingerprint
