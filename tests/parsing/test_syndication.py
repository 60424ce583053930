"""What documents in tests/documents cannot show: bounds, and that nothing but ParseError comes out."""

import resource
import time
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_documents import DOCUMENTS

from builders import MONDAY, source
from feeds.errors import ParseError
from feeds.parsing import parse
from feeds.parsing.elements import MAX_ELEMENTS, MAX_ENTRIES
from feeds.records import Body, Document, Entry, replace

ITEM = "<item><title>Good</title><link>https://gazette.example/good</link></item>"


def read(document: str | bytes, kind: str = "http") -> Document:
    content = document if isinstance(document, bytes) else document.encode()
    body = Body(content=content, url="https://gazette.example/feed.xml", path="article.md")
    return parse(body, source(kind=kind), now=MONDAY)


def channel(items: str, root: str = '<rss version="2.0">') -> str:
    return f"{root}<channel><title>Gazette</title>{items}</channel></rss>"


def titles(document: Document) -> list[str]:
    return [entry.title.value for entry in document.entries]


CUT_ANYWHERE = ["atom03", "atom10", "atom10_content", "atom10_source", "rss10", "rss20", "rss20_podcast", "rss20_media"]


@pytest.mark.parametrize("name", CUT_ANYWHERE)
def test_a_document_cut_off_anywhere_gives_exactly_the_entries_before_the_cut(name: str) -> None:
    content = next(path for path in DOCUMENTS if path.stem == name).read_bytes()
    whole = read(content).entries
    root = next(position for mark in (b"<rss", b"<feed", b"<rdf:RDF") if (position := content.find(mark)) >= 0)
    for cut in range(root + 1, len(content.rstrip()) - 1, 5):
        try:
            entries = read(content[:cut]).entries
        except ParseError:
            entries = ()
        ended = content.count(b"</item>", 0, cut) + content.count(b"</entry>", 0, cut)
        assert [plain(entry) for entry in entries] == [plain(entry) for entry in whole[:ended]], content[:cut][-60:]


def plain(entry: Entry) -> Entry:
    return replace(entry, origin=None, raw_digest="")


SPLICED = [
    b"&#xD800;",
    b"&#0;",
    b"<![CDATA[",
    b"]]>",
    b"<!--",
    b"<item>",
    b"</item>",
    b"<image>",
    b"<svg>",
    b"<source>",
]
SPLICED += [b"<textinput>", b"<category>", b"\x00", b"\xff\xfe", b" xml:base='//['", b"<![", b"\\ud800", b"- - -", b"%"]
CONTENTS = [path.read_bytes() for path in DOCUMENTS]


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """A document of tests/documents with a byte changed, a piece cut out or off, said twice or put in."""
    content = draw(st.sampled_from(CONTENTS))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        end = min(len(content), start + draw(st.integers(1, 200)))
        middle = draw(
            st.one_of(
                st.just(b""),
                st.just(content[start:end] * 2),
                st.binary(min_size=1, max_size=2),
                st.sampled_from(SPLICED).map(lambda splice, piece=content[start:end]: splice + piece),  # type: ignore[misc]
            )
        )
        content = content[:start] + middle + draw(st.sampled_from([content[end:], b""]))
    return content


@settings(max_examples=600)
@given(broken(), st.sampled_from(["http", "folder"]))
def test_a_broken_document_raises_nothing_but_parse_error(content: bytes, kind: str) -> None:
    with suppress(ParseError):
        read(content, kind)


def many(template: str, count: int) -> str:
    return "".join(template.format(i) for i in range(count))


HOSTILE = {
    "attributes": lambda: channel("<item " + many("a{0}='x' ", 100_000) + "/>" + ITEM),
    "prefixes declared": lambda: channel(
        "<u:x/>" * 20_000 + ITEM, "<rss version='2.0' " + many("xmlns:a{0}='urn:{0}' ", 100_000) + "xmlns:u='urn:u'>"
    ),
    "prefixes undeclared": lambda: channel(f"{ITEM}{many('<p{}:x/>', 50_000)}"),
    "nesting": lambda: channel(f"<item>{'<b>' * 100_000}{'</b>' * 100_000}</item>{ITEM}"),
    "nesting in XHTML": lambda: channel(
        f'<item><body xmlns="http://www.w3.org/1999/xhtml">{"<b>" * 100_000}{"</b>" * 100_000}</body></item>{ITEM}'
    ),
    "nesting, never closed": lambda: channel(f"{ITEM}<item><description>{'<b>' * 50_000}"),
    "one long text": lambda: channel(f"<item><description>{'word &lt;p&gt; ' * 700_000}</description></item>{ITEM}"),
    "one long name": lambda: channel(f"<item><author>{'a.' * 500_000}</author></item>{ITEM}"),
    "one long name in brackets": lambda: channel(f"<item><author>a@b.example ({' ' * 500_000}x</author></item>{ITEM}"),
    "one long date": lambda: channel(f"<item><pubDate>{'1 2 Mon, ' * 500_000}</pubDate></item>{ITEM}"),
    "tags": lambda: channel(f"<item>{many('<category>c{}</category>', 100_000)}</item>{ITEM}"),
    "authors": lambda: channel(f"<item>{many('<author>a{}</author>', 50_000)}</item>{ITEM}"),
    "unclosed quotes": lambda: channel(ITEM + "<item><description>" + "<a x='" * 50_000 + "</description></item>"),
    "stray brackets": lambda: channel(f"{ITEM}<item><description>{'a < b <! <![ </ ' * 50_000}</description></item>"),
    "ampersands": lambda: channel(f"{ITEM}<item><description><b>{'&a &; &#' * 50_000}</description></item>"),
    "entities": lambda: f"<!DOCTYPE rss [{many('<!ENTITY e{} ', 50_000)}]>{channel(ITEM)}",
    "entities used": lambda: (
        "<!DOCTYPE rss [<!ENTITY a '" + "x" * 50_000 + "'>]>" + channel(f"{ITEM}<item>{'&a;' * 50_000}</item>")
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_document_takes_neither_long_nor_much_memory(name: str) -> None:
    document = HOSTILE[name]()
    before, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    try:
        found = titles(read(document))
    except ParseError:
        assert name == "entities"  # which push the root out of sight
    else:
        assert "Good" in found
    assert time.process_time() - started < 8  # about two, on a machine that does nothing else
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 300_000  # KiB


def test_of_very_many_entries_the_first_are_read() -> None:
    document = read(channel("<item><title>t</title></item>" * 50_000))
    assert len(document.entries) == MAX_ENTRIES
    assert document.problems == ("more than 10,000 entries, of which the first 10,000 were read",)


def test_of_very_many_elements_the_entries_before_are_read() -> None:
    document = read(channel(ITEM + "<item>" + "<x/>" * MAX_ELEMENTS + "</item>" + ITEM))
    assert titles(document) == ["Good"]
    assert document.problems == ("more than 150,000 elements; only the entries before that were read",)


def test_an_entry_that_cannot_be_read_costs_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    from feeds.parsing import syndication

    def fail_at_two(address: str, **_: object) -> None:
        if address.endswith("2"):
            raise RuntimeError

    monkeypatch.setattr(syndication, "date_in_address", fail_at_two)
    items = many("<item><title>{0}</title><link>https://gazette.example/{0}</link></item>", 4)
    document = read(channel(f"<odd/>{items}"))  # for which it is feedparser that reads it
    assert titles(document) == ["0", "1", "3"]
    assert document.problems == ("entry 3 cannot be read and was left out (RuntimeError)",)


def test_an_element_where_feedparser_does_not_expect_it_costs_that_element() -> None:
    document = read(channel("<textInput><item><title>Odd</title></item></textInput><image><item/></image>" + ITEM))
    assert titles(document)[-1] == "Good"


def test_no_xml_base_leaves_relative_addresses_to_the_entrys_own() -> None:
    served_by = "https://gazette.example/a/../feed.xml?#"  # not in the form that joining gives it
    body = Body(content=channel(ITEM).encode(), url=served_by)
    (entry,) = parse(body, source(), now=MONDAY).entries
    assert entry.base_url == ""


def test_an_entry_of_nothing_but_a_title_starts_its_addresses_from_the_title_s_base() -> None:
    root = '<rss version="2.0" xml:base="https://other.example/x/">'
    (entry,) = read(channel("<item><title>t</title><guid>/g</guid></item>", root)).entries
    assert (entry.url, entry.base_url) == ("/g", "https://other.example/x/")
