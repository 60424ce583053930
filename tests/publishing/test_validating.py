from __future__ import annotations

import pytest
from whole import feed, whole_article

from builders import article
from feeds.errors import OutputError
from feeds.publishing import WRITERS
from feeds.publishing.validating import CHECKS, checked


def test_every_format_is_looked_at() -> None:
    assert WRITERS.keys() <= CHECKS.keys()


@pytest.mark.parametrize("name", WRITERS)
def test_a_good_document_is_let_through_as_it_is(name: str) -> None:
    for one in (feed(), feed(whole_article(), article()), feed(article(title="\\u0000 and \\\\u001f"))):
        document = WRITERS[name](one)
        assert checked(f"finance/{name}", lambda given=document: given) == document  # type: ignore[misc]


@pytest.mark.parametrize("name", WRITERS)
def test_an_id_that_stands_twice_is_found_in_every_format(name: str) -> None:
    with pytest.raises(
        OutputError, match=f"^finance/{name}: .*'https://gazette.example/1' stands twice.*last good one"
    ):
        checked(f"finance/{name}", lambda: WRITERS[name](feed(article(), article(title="Other"))))


@pytest.mark.parametrize("name", WRITERS)
def test_a_writer_that_fails_is_told_with_its_reason(name: str) -> None:
    with pytest.raises(OutputError, match=f"^{name}: not published, .*Error"):
        checked(name, lambda: WRITERS[name](feed(article(updated="yesterday"))))


@pytest.mark.parametrize(
    ("name", "old", "new", "reason"),
    [
        ("atom.xml", b"</feed>", b"", "XMLSyntaxError"),
        ("atom.xml", b"First", b"Fi\x01rst", "XMLSyntaxError"),
        ("atom.xml", b"<feed ", b"<feed bare ", "XMLSyntaxError"),
        ("atom.xml", b"<updated>2026-11-02T08:00:00Z</updated>", b"", "the feed has no updated"),
        ("atom.xml", b"    <updated>2026", b"    <updated>at 2026", "Invalid isoformat"),
        ("atom.xml", b"    <title>One</title>", b"", "'https://gazette.example/1' has no title"),
        ("rss.xml", b"<link>https://mill.example/</link>", b"", "the channel has no link"),
        ("rss.xml", b"channel>", b"chan>", "no channel"),
        ("rss.xml", b"<title>One</title>", b"", "neither a title nor a description"),
        ("rss.xml", b">https://gazette.example/1</guid>", b">1</guid>", "is no address and says it is"),
        ("rss.xml", b"rss", b"rdf", "it is a <rdf>"),
        ("feed.json", b'"id": "https://gazette.example/1"', b'"id": 1', "Expected `str`"),
        ("feed.json", b"First", b"Fi\\u0001rst", "control character"),
        ("feed.json", b'"title": "Evening Mill",', b"", "missing required field `title`"),
        ("feed.json", b"]", b"", "DecodeError"),
    ],
)  # fmt: skip
def test_a_broken_document_is_told_with_its_file_and_reason(name: str, old: bytes, new: bytes, reason: str) -> None:
    document = WRITERS[name](feed(article()))
    assert old in document
    with pytest.raises(OutputError) as caught:
        checked(name, lambda: document.replace(old, new))
    assert str(caught.value).startswith(f"{name}: not published, ")
    assert reason in str(caught.value)


def test_an_atom_entry_needs_content_or_an_alternate_link() -> None:
    document = WRITERS["atom.xml"](feed(article(content_html="")))
    with pytest.raises(OutputError, match="neither content nor an alternate link"):
        checked("atom.xml", lambda: document.replace(b'rel="alternate"', b'rel="related"'))


@pytest.mark.parametrize(("old", "new"), [(b'text="A"', b""), (b"<head>", b"<heap>"), (b"2.0", b"1.0")])
def test_a_broken_list_is_told(old: bytes, new: bytes) -> None:
    document = b'<opml version="2.0"><head><title>M</title></head><body><outline text="A"/></body></opml>'
    assert checked("feeds.opml", lambda: document) == document
    with pytest.raises(OutputError, match=r"^feeds\.opml: "):
        checked("feeds.opml", lambda: document.replace(old, new))
