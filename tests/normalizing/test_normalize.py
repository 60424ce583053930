from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from msgspec import Struct, structs

from builders import MONDAY, TUESDAY, WEDNESDAY, entry, source
from feeds.normalizing import identity, normalize
from feeds.normalizing.articles import MAX_LABEL, MAX_LABELS, MAX_RIGHTS
from feeds.normalizing.categories import Labels
from feeds.normalizing.identity import MAX_TITLE
from feeds.records import Article, Enclosure, Entry, Link, Origin, Person, RawOrigin, Tag, Text

SUNDAY = MONDAY - timedelta(days=1)


def article(guid: str = "https://gazette.example/1", **changes: Any) -> Article:
    """What is made of an entry on Tuesday."""
    return normalize(entry(**changes), guid, source(), labels=Labels(), authority="mill.example", now=TUESDAY)


@pytest.mark.parametrize(
    ("given_", "published", "date_from"),
    [
        ({"published": SUNDAY, "updated": MONDAY, "url_date": MONDAY}, SUNDAY, "published"),
        ({"published": None, "updated": MONDAY, "url_date": SUNDAY}, MONDAY, "updated"),
        ({"published": None, "updated": None, "url_date": SUNDAY}, SUNDAY, "url"),
        ({"published": None, "updated": None, "url_date": None}, TUESDAY, "first-seen"),
        ({"published": WEDNESDAY, "updated": None}, TUESDAY, "first-seen"),
        ({"published": TUESDAY, "updated": None}, TUESDAY, "published"),
    ],
)
def test_published_is_the_first_date_there_is_and_never_in_the_future(given_, published, date_from):
    one = article(**given_)
    assert (one.published, one.date_from) == (published, date_from)


@pytest.mark.parametrize(
    ("published", "updated", "shown"),
    [
        (SUNDAY, MONDAY, MONDAY),
        (MONDAY, SUNDAY, MONDAY),
        (MONDAY, None, MONDAY),
        (MONDAY, WEDNESDAY, TUESDAY),
        (None, None, TUESDAY),
    ],
    ids=["as said", "not before published", "none is published", "not in the future", "none at all"],
)
def test_updated_lies_between_published_and_now(published, updated, shown):
    assert article(published=published, updated=updated).updated == shown


def test_dates_have_no_fractions():
    one = article(published=MONDAY.replace(microsecond=5), updated=MONDAY.replace(second=9, microsecond=5))
    assert (one.published.microsecond, one.updated.microsecond) == (0, 0)


HOSTILE = ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "\x01javascript:alert(1)",
           "\u00a0javascript:alert(1)", "java\u2060script:alert(1)", "vbscript:msgbox(1)", "data:text/html;base64,PHg+",
           "livescript:x()"]  # fmt: skip


def hostile(evil: str) -> Entry:
    """An entry with the same evil in every field that a source may fill."""
    text, person = Text(value=evil), Person(name=evil, email=f"{evil}@x.example", url=evil)
    link = Link(href=evil, rel=evil, media_type=evil, language=evil, title=evil)
    linked = Link(href="https://gazette.example/other", rel=evil, media_type=evil, language=evil, title=evil)
    return entry(
        guid=evil, url=evil, base_url=evil, document_url="https://gazette.example/feed", title=text,
        content=Text(value=f'<a href="{evil}">x</a><img src="{evil}"><video poster="{evil}"></video>', base_url=evil, language=evil),
        summary=Text(value=f"<a href='{evil}'>y</a>"), authors=(person,),
        tags=(Tag(term=evil, scheme=evil, label=evil),), categories=(evil,), language=evil, links=(link, linked),
        enclosures=(Enclosure(url=evil, media_type=evil), Enclosure(url="https://gazette.example/1.mp3", media_type=evil)),
        image=evil, rights=text,
        origin=RawOrigin(guid=evil, title=text, site_url=evil, feed_url=evil, rights=text, icon=evil, language=evil,
                         authors=(person,)),
    )  # fmt: skip


def strings(value: object) -> list[str]:
    if isinstance(value, Struct):
        return [found for inner in structs.astuple(value) for found in strings(inner)]
    if isinstance(value, Mapping):
        return [found for inner in value.values() for found in strings(inner)]
    if isinstance(value, list | tuple):
        return [found for inner in value for found in strings(inner)]
    return [value] if isinstance(value, str) else []


@pytest.mark.parametrize("evil", HOSTILE)
def test_what_would_run_survives_in_no_field(evil):
    one = hostile(evil)
    (candidate,) = identity.candidates([one])
    made = normalize(one, candidate.guid, source(), labels=Labels(), authority="mill.example", now=TUESDAY)
    everything = "\n".join(strings(made)).lower()
    assert not any(scheme in everything for scheme in ("javascript:", "vbscript:", "livescript:", "data:text"))
    assert made.enclosures == (Enclosure(url="https://gazette.example/1.mp3"),)


def test_ordinary_words_about_scripts_survive():
    one = article(title="JavaScript: the good parts", tags=(Tag(term="JavaScript"),), categories=("JavaScript",))
    assert (one.title, one.tags, one.own_categories) == (
        "JavaScript: the good parts",
        (Tag(term="JavaScript"),),
        ("JavaScript",),
    )


def test_a_summary_that_equals_the_content_is_dropped():
    assert article(summary="<p>First.</p>").summary_html == ""
    assert article(summary="<p>In short.</p>").summary_html == "<p>In short.</p>"


@pytest.mark.parametrize(
    ("entry_", "address"),
    [
        ({"base_url": "https://base.example/b/", "url": "https://gazette.example/p/1"}, "https://base.example/b/x.png"),
        ({"base_url": "/b/", "document_url": "https://gazette.example/f"}, "https://gazette.example/b/x.png"),
        (
            {"url": "https://gazette.example/p/1", "document_url": "https://doc.example/"},
            "https://gazette.example/p/x.png",
        ),
        ({"url": "", "document_url": "https://doc.example/d/feed"}, "https://doc.example/d/x.png"),
        ({"url": "", "document_url": ""}, ""),
    ],
    ids=["its xml:base", "a relative xml:base", "its own address", "its document", "nothing"],
)
def test_relative_addresses_are_relative_to(entry_, address):
    one = article(
        **entry_, image="x.png", content='<img src="x.png" alt="x">', enclosures=(Enclosure(url="x.png"),),
        links=(Link(href="x.png", rel="related"),), authors=(Person(name="A", url="x.png"),),
    )  # fmt: skip
    found = [one.image, *(e.url for e in one.enclosures), *(link.href for link in one.links)]
    assert [place for place in found if place] == ([address] * 3 if address else [])
    assert (f'src="{address}"' in one.content_html) == bool(address)
    assert one.authors[0].url == address


def test_an_entrys_own_link_is_relative_to_its_xml_base_else_to_its_document():
    assert (
        article(url="a", base_url="https://base.example/b/", document_url="https://doc.example/").url
        == "https://base.example/b/a"
    )
    assert article(url="a", document_url="https://doc.example/d/").url == "https://doc.example/d/a"


def test_a_content_with_a_base_of_its_own_goes_by_that():
    one = article(
        base_url="https://base.example/", content=Text(value='<a href="x">x</a>', base_url="https://own.example/")
    )
    assert 'href="https://own.example/x"' in one.content_html


def test_trackers_go_from_the_articles_address_and_the_link_that_repeats_it():
    tracked = "https://gazette.example/1?id=7&utm_source=rss"
    one = article(url=tracked, links=(Link(href=tracked), Link(href="https://other.example/?utm_source=x", rel="via")))
    assert one.url == "https://gazette.example/1?id=7"
    assert [link.href for link in one.links] == [one.url, "https://other.example/?utm_source=x"]


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("alternate", "alternate"), ("", "alternate"), ("replies", "replies"), ("http://schemas.example/x#y", "http://schemas.example/x#y"),
        ("nofollow noopener", "nofollow"), ("金", "related"), ("<b>", "related"), ("javascript:x", "related"),
    ],
)  # fmt: skip
def test_a_relation_is_a_name_or_an_iri(said, kept):
    assert article(links=(Link(href="https://other.example/", rel=said),)).links[0].rel == kept


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("audio/mpeg", "audio/mpeg"), (" text/html; charset=utf-8 ", "text/html; charset=utf-8"),
        ('audio/ogg; codecs="opus, flac"', 'audio/ogg; codecs="opus, flac"'), ("application/vnd.x+xml", "application/vnd.x+xml"),
        ("image/*", "image/*"), ("mp3", ""), ("audio/mpeg<script>", ""), ("a" * 1000 + "/b", ""), ("音/乐", ""), ("a/b; c=javascript:x", ""),
    ],
)  # fmt: skip
def test_a_media_type_is_one_or_nothing(said, kept):
    assert article(enclosures=(Enclosure(url="https://a.example/1", media_type=said),)).enclosures[0].media_type == kept


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("ann@gazette.example", "ann@gazette.example"), ("mailto:ann@gazette.example", "ann@gazette.example"),
        ("Ann", ""), ("a b@c", ""), ("<a@b>", ""), ("a@b@c", ""), ("x" * 1000 + "@b", ""), ("javascript:x@y", ""),
    ],
)  # fmt: skip
def test_a_mail_address_is_one_or_nothing(said, kept):
    assert article(authors=(Person(name="Ann", email=said),)).authors == (Person(name="Ann", email=kept),)


def test_labels_are_bounded_in_number_and_length():
    many = range(10_000)
    one = article(
        title="x" * 1_000_000, rights="x" * 1_000_000,
        authors=tuple(Person(name=f"{n}" + "x" * 10_000) for n in many),
        tags=tuple(Tag(term=f"{n}" + "x" * 10_000, label="x" * 10_000) for n in many),
        categories=tuple(f"{n}" + "x" * 10_000 for n in many),
        links=tuple(Link(href=f"https://a.example/{n}", title="x" * 10_000) for n in many),
        enclosures=tuple(Enclosure(url=f"https://a.example/{n}") for n in many),
    )  # fmt: skip
    assert (len(one.title), len(one.rights)) == (MAX_TITLE, MAX_RIGHTS)
    assert {len(some) for some in (one.authors, one.tags, one.own_categories, one.links, one.enclosures)} == {
        MAX_LABELS
    }
    names = [
        *(p.name for p in one.authors),
        *(t.term + t.label for t in one.tags),
        *one.own_categories,
        *(k.title for k in one.links),
    ]
    assert max(map(len, names)) <= 2 * MAX_LABEL


def test_what_is_said_twice_is_kept_once_and_what_says_nothing_not_at_all():
    one = article(
        authors=(Person(name="Ann"), Person(name=" Ann "), Person(), Person(name="<b></b>")),
        tags=(Tag(term="a"), Tag(term="a"), Tag(term=" ")),
        enclosures=(
            Enclosure(url="https://a.example/1"),
            Enclosure(url="https://a.example/1"),
            Enclosure(url="mailto:x@y"),
        ),
    )
    assert (one.authors, one.tags) == ((Person(name="Ann"),), (Tag(term="a"),))
    assert one.enclosures == (Enclosure(url="https://a.example/1"),)


def test_the_lead_image_is_the_entrys_own_else_the_first_of_its_text():
    assert (
        article(image="https://a.example/lead.png", content='<img src="https://a.example/1.png">').image
        == "https://a.example/lead.png"
    )
    assert (
        article(content='<p><img src="https://a.example/1.png"><img src="https://a.example/2.png">').image
        == "https://a.example/1.png"
    )
    assert article(content="", summary='<img src="https://a.example/1.png">').image == "https://a.example/1.png"
    assert article().image == ""


def test_an_article_without_an_iri_for_a_guid_is_published_under_an_id_of_ours():
    assert article("42").atom_id == article("42").minted_id == "tag:mill.example,2026:gazette/42"
    assert article("urn:42").atom_id == "urn:42"


def test_the_origin_says_who_the_source_is():
    raw = RawOrigin(
        guid="urn:gazette", title=Text(value="<b>Gazette</b>"), site_url="/", feed_url="feed.xml", icon="/i.png",
        rights=Text(value="&copy; us"), language="EN", authors=(Person(name="Ann"),), updated=MONDAY.replace(microsecond=5),
    )  # fmt: skip
    assert article(origin=raw, document_url="https://gazette.example/feed.xml").origin == Origin(
        guid="urn:gazette", title="Gazette", site_url="https://gazette.example/", feed_url="https://gazette.example/feed.xml",
        icon="https://gazette.example/i.png", rights="© us", language="en", authors=(Person(name="Ann"),), updated=MONDAY,
    )  # fmt: skip


@pytest.mark.parametrize("guid", ["", "42", "javascript:x", "urn:" + "x" * 100_000, "urn:a\ud800\ufffe"])
def test_an_origin_always_has_an_id_that_a_feed_may_hold(guid):
    found = article(origin=RawOrigin(guid=guid)).origin.guid
    assert found.startswith(("urn:a", "tag:mill.example,2026:gazette/"))
    assert len(found) < 1_600
    assert found.isprintable()


def test_the_language_is_that_of_the_text_else_of_the_entry():
    assert article(content=Text(value="x", language="de"), language="en").language == "de"
    assert article(language="en_us").language == "en-US"
    assert article(language="English").language == ""


def test_categories_are_the_sources_the_articles_own_and_what_tags_are_aliases_of():
    given_ = entry(categories=(" Local\0 ",), tags=(Tag(term="money"),))
    gazette = source(categories=("News",))
    one = normalize(
        given_, "urn:1", gazette, labels=Labels(aliases={"money": "Economy"}), authority="mill.example", now=TUESDAY
    )
    assert one.categories == ("News", "Local", "Economy")
    assert one.own_categories == ("Local",)


_odd = st.text(st.characters(), max_size=30) | st.sampled_from(HOSTILE)
_texts = st.builds(Text, value=_odd, is_html=st.booleans(), base_url=_odd, language=_odd)
_people = st.lists(st.builds(Person, name=_odd, email=_odd, url=_odd), max_size=2).map(tuple)
_moments = st.none() | st.integers(-(10**9), 10**9).map(
    lambda seconds: MONDAY + timedelta(seconds=seconds, microseconds=5)
)
_entries = st.builds(
    Entry, guid=_odd, url=_odd, base_url=_odd, document_url=_odd, title=_texts, summary=_texts, content=_texts, authors=_people,
    tags=st.lists(st.builds(Tag, term=_odd, scheme=_odd, label=_odd), max_size=2).map(tuple),
    categories=st.lists(_odd, max_size=2).map(tuple), published=_moments, updated=_moments, url_date=_moments, language=_odd,
    links=st.lists(st.builds(Link, href=_odd, rel=_odd, media_type=_odd, language=_odd, title=_odd), max_size=2).map(tuple),
    enclosures=st.lists(st.builds(Enclosure, url=_odd, media_type=_odd), max_size=2).map(tuple), image=_odd, rights=_texts,
    origin=st.none() | st.builds(RawOrigin, guid=_odd, title=_texts, site_url=_odd, feed_url=_odd, rights=_texts, icon=_odd,
                                 language=_odd, authors=_people),
)  # fmt: skip


@given(given_=_entries)
def test_whatever_an_entry_holds_its_article_can_be_stored_and_published(given_: Entry):

    (candidate,) = identity.candidates([given_])
    one = normalize(given_, candidate.guid, source(), labels=Labels(), authority="mill.example", now=TUESDAY)
    for found in strings(one):
        etree.Element("x").text = found  # refuses what XML may not hold
        assert "\0" not in found.encode().decode()
    assert one.published <= one.updated <= TUESDAY
