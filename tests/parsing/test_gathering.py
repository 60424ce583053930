"""Extensions as an entry has them: whole, nested, bounded, however the document is read."""

from __future__ import annotations

import pytest

from builders import MONDAY, source
from feeds.parsing import extensions, parse
from feeds.records import Body, Document, Entry, Extension

ITUNES = 'xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd"'
MEDIA = 'xmlns:media="http://search.yahoo.com/mrss/"'
SAID = Extension(namespace="itunes", name="duration", text="12:34")


def document(items: str, namespaces: str = f"{ITUNES} {MEDIA}") -> Document:
    text = f'<rss version="2.0" {namespaces}><channel><title>T</title>{items}</channel></rss>'
    return parse(Body(content=text.encode(), url="https://gazette.example/feed"), source(), now=MONDAY)


def entry(inside: str, namespaces: str = f"{ITUNES} {MEDIA}") -> Entry:
    (one,) = document(f"<item><title>One</title>{inside}</item>", namespaces).entries
    return one


@pytest.mark.parametrize(
    ("uri", "namespace"),
    [
        ("http://www.itunes.com/dtds/podcast-1.0.dtd", "itunes"),
        ("http://www.itunes.com/DTDs/Podcast-1.0.dtd", "itunes"),
        ("https://www.itunes.com/DTDs/PodCast-1.0.dtd", "itunes"),
        ("https://podcastindex.org/namespace/1.0", "podcast"),
        ("https://github.com/Podcastindex-org/podcast-namespace/blob/main/docs/1.0.md", "podcast"),
        ("http://search.yahoo.com/mrss", "media"),
        ("https://search.yahoo.com/mrss/", "media"),
        ("http://podcastindex.example/namespace/1.0", ""),
        ("http://www.itunes.com/dtds/podcast-1.0.dtd" + "/" * 100, ""),
    ],
)
def test_a_namespace_is_known_in_every_spelling_by_any_prefix(uri: str, namespace: str) -> None:
    wanted = (Extension(namespace=namespace, name="person", text="Bo"),) if namespace else ()
    assert entry("<x:person>Bo</x:person>", f'xmlns:x="{uri}"').extensions == wanted


def test_a_prefix_means_nothing_where_it_stands_for_another_namespace() -> None:
    assert entry("<itunes:duration>1</itunes:duration>", 'xmlns:itunes="urn:other"').extensions == ()


def test_elements_of_other_namespaces_and_their_words_are_left_out_of_those_around_them() -> None:
    (group,) = entry(
        '<media:group> a <o:o xmlns:o="urn:o">b<media:title>c</media:title></o:o><media:title>T</media:title></media:group>'
    ).extensions
    assert group == Extension(
        namespace="media", name="group", text="a", children=(Extension(namespace="media", name="title", text="T"),)
    )


def test_the_podcasts_own_and_those_of_a_copied_entrys_source_are_not_an_entrys() -> None:
    found = document("<itunes:duration>1</itunes:duration><item><title>One</title></item>").entries
    assert [one.extensions for one in found] == [()]
    atom = (
        f'<feed xmlns="http://www.w3.org/2005/Atom" {ITUNES}><title>T</title><entry><id>urn:1</id><title>One</title>'
        "<source><id>urn:s</id><itunes:duration>1</itunes:duration></source><itunes:duration>12:34</itunes:duration>"
        '<content type="xhtml"><div xmlns="http://www.w3.org/1999/xhtml"><itunes:duration>2</itunes:duration></div>'
        "</content></entry></feed>"
    )
    (one,) = parse(Body(content=atom.encode(), url="https://gazette.example/feed"), source(), now=MONDAY).entries
    assert one.extensions == (SAID,)


def test_loose_reading_finds_them_too() -> None:
    broken = (
        "<item><title>One</title><<<itunes:duration>12:34</itunes:duration>"
        '<media:content url="https://gazette.example/1?a=1&amp;b=2" isDefault="true"><media:title>A &lt;b> <![CDATA[& c]]>'
        "</media:title></wrong></media:content></item>"
    )
    found = document(broken)
    (one,) = found.entries
    media = Extension(
        namespace="media",
        name="content",
        attributes=(("url", "https://gazette.example/1?a=1&b=2"), ("isdefault", "true")),
        children=(Extension(namespace="media", name="title", text="A <b> & c"),),
    )
    assert one.extensions == (SAID, media)


def test_an_entry_has_so_many_elements_so_deep_and_so_long_and_the_next_entry_starts_anew() -> None:
    many = "<itunes:keywords>k</itunes:keywords>" * (extensions.MAX_ELEMENTS * 10)
    first, second = document(
        f"<item><title>One</title>{many}</item><item><title>Two</title><itunes:duration>12:34</itunes:duration></item>"
    ).entries
    assert (len(first.extensions), second.extensions) == (extensions.MAX_ELEMENTS, (SAID,))

    deep = "<media:group>" * 5_000 + "</media:group>" * 5_000
    (one,) = entry(deep).extensions
    depth = 0
    while one:
        depth, one = depth + 1, one.children[0] if one.children else None  # type: ignore[assignment]
    assert depth == extensions.MAX_DEPTH

    long = "w" * 100_000
    (summary,) = entry(f'<itunes:summary a="{long}" b="c">{long}</itunes:summary>').extensions
    assert (len(summary.text), summary.attributes) == (extensions.MAX_TEXT, (("b", "c"),))
