"""The fast reader and feedparser agree on every document that the fast one takes: field by field, byte by byte.

What it takes is tested as well, as a reader that is never sure of anything would agree, too.
"""

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import feedparser.html
import feedparser.mixin
import msgspec
import pytest
from feeds_at_random import NAMESPACES, XHTML, documents
from hypothesis import given, settings
from hypothesis import strategies as st
from test_documents import FOLDER

from builders import MONDAY, source
from feeds.parsing import elements, parse, strict, syndication
from feeds.parsing.encoding import decode
from feeds.parsing.strict import channels, found, names, texts
from feeds.records import Body, Document, Rhythm

WRITTEN = Path(__file__).parent.parent / "feeds"
PATHS = sorted((*FOLDER.glob("*.xml"), *WRITTEN.rglob("*.xml")))
TEXTS = {path.name: decode(path.read_bytes()).text for path in PATHS}

# What hardly a source sends any more, what is not well-formed, and what has a document type, is feedparser's.
LEFT_TO_FEEDPARSER = {
    *("atom03", "rss091", "cdf", "opml", "rdf_no_feed", "odd_names", "extensions_hostile"),
    *("atom10_content", "atom10_elsewhere"),  # contents that are no text
    *("broken_markup", "broken_start", "broken_style_sheet", "broken_text"),
    *("cut_before_items", "cut_in_cdata", "cut_in_first_item", "cut_in_item", "cut_in_tag", "cut_rdf"),
    *("entities_declared", "entities_external", "entities_laughing"),
}

# Where ours is better than feedparser's on purpose, and why.
BETTER = {
    "rhythm": "hours to skip count where the channel names them, not where an article quotes <skipHours> in CDATA",
}

SETTINGS = {
    "url": "https://gazette.example/feed.xml",
    "base_url": "https://gazette.example/feed.xml",
    "zone": ZoneInfo("Asia/Shanghai"),
    "now": MONDAY,
}


def fast(text: str) -> Document | None:
    """What the fast reader makes of it; None where it leaves it to feedparser."""
    try:
        return strict.parse(text, **SETTINGS)  # type: ignore[arg-type]
    except strict.UnsureError:
        return None


def compare(ours: Document, text: str) -> None:
    """Fails with the first field in which the two differ."""
    theirs = syndication.parse(text, **SETTINGS)  # type: ignore[arg-type]
    assert len(ours.entries) == len(theirs.entries)
    for place, (one, other) in enumerate(zip(ours.entries, theirs.entries, strict=True)):
        for field in one.__struct_fields__:
            assert getattr(one, field) == getattr(other, field), f"{field} of entry {place} in {text}"
        # The raw digest is made of these bytes: were they others, all articles of all sources would look revised.
        assert msgspec.json.encode(one) == msgspec.json.encode(other)
    for field in ours.__struct_fields__:
        if field not in BETTER or "skipHours" not in text:
            assert getattr(ours, field) == getattr(theirs, field), f"{field} of {text}"


@pytest.mark.parametrize("name", TEXTS)
def test_a_document_is_read_as_feedparser_reads_it_or_left_to_it(name: str) -> None:
    document = fast(TEXTS[name])
    assert (document is None) == (name.removesuffix(".xml") in LEFT_TO_FEEDPARSER)
    if document:
        compare(document, TEXTS[name])


# An order of elements that feedparser muddles up.
MUDDLED = {"an author in two ways", "a title of a picture after a source"}


@settings(max_examples=150)
@given(documents(odd=False))
def test_a_usual_document_is_read_fast_and_as_feedparser_reads_it(text: str) -> None:
    try:
        document = strict.parse(text, **SETTINGS)  # type: ignore[arg-type]
    except strict.UnsureError as doubt:
        if str(doubt) not in MUDDLED:
            raise
    else:
        compare(document, text)


@settings(max_examples=200)
@given(documents(odd=True))
def test_an_odd_document_is_read_as_feedparser_reads_it_or_left_to_it(text: str) -> None:
    if document := fast(text):
        compare(document, text)


TAKEN = [text for name, text in TEXTS.items() if name.removesuffix(".xml") not in LEFT_TO_FEEDPARSER]
ELEMENT = re.compile(r"<([\w:.-]+)[^<>]*>[^<]*</\1>|<[\w:.-]+[^<>]*/>|<!\[CDATA\[.*?\]\]>", re.DOTALL)
ATTRIBUTE = re.compile(r'\s[\w:]+="[^"<]*"')
ELEMENTS = [match[0] for text in TEXTS.values() for match in ELEMENT.finditer(text)]
ATTRIBUTES = sorted({match for text in TEXTS.values() for match in ATTRIBUTE.findall(text)})
PIECES = [
    "&#146;",
    "\u00a0",
    "é",
    "Ã©",
    "<b>x</b>",
    "<!-- x -->",
    "<?p q?>",
    "]]&gt;",
    "<![CDATA[<z>]]>",
    "粉",
    "&#xe9;",
]


@st.composite
def altered(draw: st.DrawFn) -> str:
    """A document of tests/documents with elements left out, said twice, moved, or told otherwise."""
    text = draw(st.sampled_from(TAKEN))
    for _ in range(draw(st.integers(1, 4))):
        here = draw(st.sampled_from([match.span() for match in ELEMENT.finditer(text)] or [(0, 0)]))
        start, end = here
        inside = min(text.find(">", start) + 1, end)
        text = draw(
            st.one_of(
                st.just(text[:start] + text[end:]),
                st.just(text[:end] + text[start:end] + text[end:]),
                st.sampled_from(ELEMENTS).map(lambda new, t=text, e=end: t[:e] + new + t[e:]),  # type: ignore[misc]
                st.sampled_from(PIECES).map(lambda new, t=text, i=inside: t[:i] + new + t[i:]),  # type: ignore[misc]
                st.sampled_from(ATTRIBUTES).map(  # type: ignore[misc]
                    lambda new, t=text, i=inside: re.sub(r"(/?>)$", rf"{new}\1", t[:i]) + t[i:]
                ),
            )
        )
    return text


@settings(max_examples=250)
@given(altered())
def test_an_altered_document_is_read_as_feedparser_reads_it_or_left_to_it(text: str) -> None:
    if document := fast(text):
        compare(document, text)


# Each a rule of feedparser's about the order of elements, or about their texts. Chance would seldom find them.
ITEMS = [
    "<title></title><title>Second</title>",
    "<title>First</title><title>Second</title><media:title>Third</media:title>",
    "<media:title>Only this</media:title>",
    "<title>First</title><source url='https://far.example/f'>Far</source><title>After a source</title>",
    "<source/><title>t</title>",
    "<guid>https://a.example/1</guid><guid isPermaLink='false'>2</guid>",
    "<link></link><guid>https://a.example/1</guid>",
    "<guid isPermaLink='false'>https://a.example/1</guid><guid>https://a.example/2</guid>",
    "<guid>https://a.example/1</guid><guid>https://a.example/2</guid>",
    "<guid>/1</guid>",
    "<link>https://a.example/?a=1&amp;amp;b=2&amp;c;=3</link>",
    "<link>https://a.example/1</link><feedburner:origLink>https://b.example/1</feedburner:origLink>",
    "<description>One</description><description>Two</description><description>Three</description>",
    "<content:encoded>One</content:encoded><description>Two</description><description>Three</description>",
    "<description/><description>Two</description>",
    "<author>Ada</author><author/><author>Ada</author><dc:creator>Ben</dc:creator>",
    "<author/><atom:author><atom:name>Ada</atom:name><atom:email>a@b.example</atom:email></atom:author>",
    "<atom:author><mill:image src='x'/><atom:uri>/ada</atom:uri></atom:author>",
    "<category domain='d'/><category>Rye</category><category>Rye</category><category domain=''>Rye</category>",
    "<itunes:keywords>rye, , rye,oats</itunes:keywords><media:keywords>rye</media:keywords>",
    "<media:category label='Rye'/><media:category>Oats</media:category>",
    "<itunes:summary xml:base='https://b.example/' xml:lang='de'>One</itunes:summary>",
    "<license:license>https://a.example/by</license:license><comments>/c</comments>",
    "<media:content url='/a.jpg' type='Image/JPEG'/><media:content url='/b.mp3' type='audio/mpeg' fileSize='7'/>",
    "<media:thumbnail/><media:thumbnail url='/t.jpg'/><itunes:image href='/i.jpg'/>",
    "<title>It&#146;s &#133;</title><description>&#160;x&#8217;&#133;</description>",
    "<pubDate/><dc:date>2024-05-06</dc:date><dcterms:created>2024-05-05</dcterms:created>",
    "<mill:a><mill:b c='d'>e</mill:b>f</mill:a><slash:comments>3</slash:comments>",
    "<podcast:value x='y'>a<podcast:valueRecipient split='1'/>b</podcast:value>",
]
ENTRIES = [
    "<title xml:lang='de_AT'/><summary>One</summary>",
    "<content type='text'>longer than nothing</content><content/>",
    "<content type='html'>&lt;b>x</content><content>a longer text</content>",
    "<content xml:base='../c/' type='html'>x</content><link href='d'/>",
    "<summary>One</summary><summary>Two</summary><content>Three</content>",
    "<dc:description>x</dc:description><content:encoded>y</content:encoded>",
    "<link href='a' rel='ALTERNATE' type='Text/HTML'/><link href='b' rel='enclosure' type='Audio/MPEG' length='1x'/>",
    "<content type='xhtml'><h:div>a<h:br/><h:P/></h:div></content>",
    "<content type='xhtml'><h:div>a</h:div><h:div>b</h:div></content>",
    "<content type='xhtml'> <h:div><h:div REL='A'>a &lt; <h:hr/></h:div></h:div>\n</content>",
    "<content type='xhtml'>x<h:div>a</h:div></content>",
    "<content type='xhtml'><h:body>a</h:body></content>",
    "<source xml:lang='de_AT' xml:base='/s/'><link rel='enclosure' href='e'/><link href='x'/><author><uri>u</uri></author></source>",
    "<source/><title>t</title>",
    "<title>One</title><source><title>Far</title></source><title>Two</title>",
    "<author><name>Ada (a@b.example)</name></author><contributor><name>Ben</name><uri>/b</uri></contributor>",
    "<category term='a' scheme=''/><category term='a'/><category>b</category>",
]
DECLARED = " ".join(
    f'xmlns:{prefix}="{address}"'
    for prefix, address in {**NAMESPACES, "h": XHTML, "license": names.LICENSE[1:-1]}.items()
)


@pytest.mark.parametrize("inside", ITEMS)
def test_an_item_is_read_as_feedparser_reads_it(inside: str) -> None:
    text = f'<rss version="2.0" {DECLARED}><channel><title>t</title><item>{inside}</item></channel></rss>'
    document = fast(text)
    assert document
    compare(document, text)


@pytest.mark.parametrize(
    "inside",
    [
        "<source url='/f'>Far</source><media:title>Of a picture</media:title>",
        "<author>Ada</author><atom:author><atom:email>a@b.example</atom:email></atom:author>",
        "<itunes:category text='Rye'/>",
        "<itunes:link href='/x'/>",
        "<title>a<b>c</b></title>",
        "<description type='image/gif'>R0lGODlhAQABAAAAACw=</description>",
        "<media:thumbnail>/t.jpg</media:thumbnail>",
        "<title lang='de'>Rye</title>",
        "<image><url>/i.jpg</url></image>",
        "<item><title>Within</title></item>",
    ],
)
def test_an_item_that_feedparser_reads_in_ways_of_its_own_is_left_to_it(inside: str) -> None:
    assert fast(f'<rss version="2.0" {DECLARED}><channel><title>t</title><item>{inside}</item></channel></rss>') is None


@pytest.mark.parametrize("inside", ENTRIES)
def test_an_entry_is_read_as_feedparser_reads_it(inside: str) -> None:
    text = (
        f'<feed xmlns="{NAMESPACES["atom"]}" {DECLARED} xml:lang="pt_BR" xml:base="https://base.example/x/">'
        f"<title>t</title><entry>{inside}</entry></feed>"
    )
    if document := fast(text):
        compare(document, text)
    assert (document is None) == ("<h:P/>" in inside or "<h:body>" in inside)


def test_hours_to_skip_that_an_article_quotes_are_not_the_source_s() -> None:
    quoted = "<![CDATA[Write <skipHours><hour>3</hour></skipHours>]]>"
    text = (
        f'<rss version="2.0"><channel><title>t</title><item><description>{quoted}</description></item></channel></rss>'
    )
    theirs = syndication.parse(text, **SETTINGS)  # type: ignore[arg-type]
    assert theirs.rhythm == Rhythm(skip_hours=(3,))
    document = fast(text)
    assert document
    assert document.rhythm == Rhythm()


RSS = '<rss version="2.0"><channel><title>t</title>{}</channel></rss>'
TOO_MUCH = {
    "entries": RSS.format("<item/>" * (channels.MAX_ENTRIES + 1)),
    "elements": RSS.format(f"<item>{'<category/>' * (strict.MAX_ELEMENTS + 1)}</item>"),
    "markup": RSS.format(f"<item>{'<x a=' * strict.MAX_MARKUP}</item>"),
    "tags": RSS.format(f"<item>{''.join(f'<category>{i}</category>' for i in range(found.MAX_TAGS + 1))}</item>"),
    "attributes": RSS.format("<item " + " ".join(f"a{i}=''" for i in range(50_000)) + "/>"),
    "namespaces": RSS.format("<item " + " ".join(f"xmlns:a{i}='urn:{i}'" for i in range(50_000)) + "/>"),
    "name": RSS.format(f"<item><author>{'a.' * found.MAX_NAME}</author></item>"),
    "depth": RSS.format(f"<item>{'<b>' * 5_000}{'</b>' * 5_000}</item>"),
    "document type": '<!DOCTYPE rss [<!ENTITY a "b">]>' + RSS.format("<item><title>&a;</title></item>"),
    "document type behind what looks like a root": "<!-- <rss> --><!DOCTYPE rss>" + RSS.format("<item/>"),
    "half a character": RSS.format("<item><title>\ud83c</title></item>"),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_what_is_too_much_is_left_to_feedparser(name: str) -> None:
    assert fast(TOO_MUCH[name]) is None


def test_the_fast_reader_s_bounds_lie_within_feedparser_s() -> None:
    assert channels.MAX_ENTRIES <= elements.MAX_ENTRIES
    assert strict.MAX_ELEMENTS <= elements.MAX_ELEMENTS
    assert found.MAX_TAGS <= elements.MAX_LABELS
    assert found.MAX_NAME <= elements.MAX_NAME
    assert names.MAX_DECLARATIONS <= elements.MAX_PREFIXES


def test_the_fast_reader_knows_the_namespaces_and_letters_that_feedparser_knows() -> None:
    theirs = feedparser.mixin._FeedParserMixin.namespaces
    assert {address.lower(): prefix for address, prefix in theirs.items() if address} == names.KNOWN
    assert feedparser.html._cp1252 == texts.CP1252


TRICKS = {
    "a prefix that another namespace usually has": ('xmlns:itunes="urn:x"', "<itunes:author>Ada</itunes:author>"),
    "a prefix declared twice": ('xmlns:m="urn:x"', '<m:a xmlns:m="urn:y">b</m:a><m:title/>'),
    "a foreign default": ("", '<title xmlns="urn:x">Not a title</title>'),
    "a name under which feedparser files something else": ('xmlns:title="urn:x"', "<title:detail>x</title:detail>"),
    "a namespace that makes it RSS 1.0": ('xmlns:r="http://purl.org/rss/1.0/"', ""),
    "a foreign default that has a prefix, too": ('xmlns:x="urn:x"', '<title xmlns="urn:x">Not a title</title>'),
    "a podcast's element without a prefix": ("", '<title xmlns="https://podcastindex.org/namespace/1.0">x</title>'),
    "a namespace of links": ('xmlns:x="http://www.w3.org/1999/xlink"', "<guid>1</guid>"),
}


@pytest.mark.parametrize("name", TRICKS)
def test_namespaces_that_feedparser_trips_over_are_left_to_it(name: str) -> None:
    declared, inside = TRICKS[name]
    text = f'<rss version="2.0" {declared}><channel><title>t</title><item>{inside}</item></channel></rss>'
    assert fast(text) is None


def test_what_the_fast_reader_is_not_sure_of_is_read_nevertheless() -> None:
    body = Body(content=RSS.format("<item><title>One</title><odd/></item>").encode(), url=str(SETTINGS["url"]))
    assert [entry.title.value for entry in parse(body, source(), now=MONDAY).entries] == ["One"]
