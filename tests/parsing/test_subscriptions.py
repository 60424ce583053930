from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.errors import ParseError
from feeds.parsing.subscriptions import read
from feeds.publishing import opml
from feeds.records import Subscription

OPML = """<?xml version="1.0"?><!-- exported -->
<opml version="2.0"><head><title>Mine</title></head><body>
  <outline text="Bread"><outline text="Rye"><outline text="Crust &amp; Crumb" type="rss"
    xmlUrl="https://crust.example/feed?a=1&amp;b=2" htmlUrl="https://crust.example/" category="/Food/Baking,Slow"/>
  </outline></outline>
  <outline text="Loose" xmlUrl="https://loose.example/feed"/>
  <outline text="Local" xmlUrl="file:///etc/passwd"/>
  <outline text="Tea"><outline text="Again" xmlUrl="https://loose.example/feed"/></outline>
</body></opml>"""


def test_nested_outlines_become_categories_and_an_address_in_two_folders_has_both() -> None:
    listed = read(OPML)
    assert listed.found == (
        Subscription(
            url="https://crust.example/feed?a=1&b=2",
            title="Crust & Crumb",
            site_url="https://crust.example/",
            categories=("Bread", "Rye", "Food", "Baking", "Slow"),
        ),
        Subscription(url="https://loose.example/feed", title="Loose", categories=("Tea",)),
    )
    assert listed.problems == ("Local: file: is no http address; left out",)


def test_an_ampersand_that_nobody_escaped_is_kept() -> None:
    listed = read(
        '<opml><body><outline text="Tom & Jerry&nbsp;&eacute;t&eacute;">'
        '<outline text="R&D" xmlUrl="https://a.example/?a=1&b=2&copy=3&amp;d=4"/></outline></body></opml>'
    )
    url = "https://a.example/?a=1&b=2&copy=3&d=4"
    assert listed.found == (Subscription(url=url, title="R&D", categories=("Tom & Jerry été",)),)
    assert not listed.flaw


@pytest.mark.parametrize("encoding", ["utf-16", "windows-1252", "UTF-8"])
def test_what_a_list_says_of_its_encoding_was_true_of_its_bytes(encoding: str) -> None:
    listed = read(f'<?xml version="1.0" encoding="{encoding}"?>\n{OPML.partition("-->")[2].replace("Rye", "Ryé")}')
    assert listed.found[0].categories[1] == "Ryé"


WHOLE = '<opml><body><outline xmlUrl="https://a.example/"/><outline xmlUrl="https://b.example/"/></body></opml>'


@pytest.mark.parametrize("end", [62, -3, -8, -16])
def test_opml_that_breaks_off_gives_what_can_be_read_and_says_so(end: int) -> None:
    listed = read(WHOLE[:end])
    assert listed.found[0].url == "https://a.example/"
    assert listed.flaw == "it breaks off before its end"
    assert not read(WHOLE).flaw


def test_all_that_stands_before_a_cut_is_taken() -> None:
    cut = WHOLE.partition("</body>")[0]
    assert [one.url for one in read(cut).found] == ["https://a.example/", "https://b.example/"]
    assert [one.url for one in read(f'{cut}<outline xmlUrl="https://c.exam').found][-1] == "https://b.example/"


def test_a_source_whose_end_was_forgotten_hides_no_other() -> None:
    listed = read(WHOLE.replace("/>", ">", 1))
    assert [one.url for one in listed.found] == ["https://a.example/", "https://b.example/"]
    assert listed.flaw == "it is no well-formed XML, or nested too deep"


@pytest.mark.parametrize(
    ("deep", "flaw", "problems"),
    [
        ("<outline>" * 25 + '<outline xmlUrl="https://c.example/"/>' + "</outline>" * 25, False, 0),
        ("<outline>" * 300 + "</outline>" * 300, True, 0),
        ('<outline text="a">' * 21 + '<outline xmlUrl="https://c.example/"/>' + "</outline>" * 21, False, 1),
        (f'<outline text="{"a" * 4_900_000}"/>', False, 0),
    ],
)
def test_what_lies_too_deep_is_told(deep: str, flaw: bool, problems: int) -> None:
    listed = read(WHOLE.replace("</body>", f"{deep}</body>"))
    assert listed.found[0].url == "https://a.example/"
    assert (bool(listed.flaw), len(listed.problems)) == (flaw, problems)


@pytest.mark.parametrize(
    "prolog",
    [
        '<?xml version="1.0"?><?xml-stylesheet href="a.xsl"?>\n<!-- a --><!-- b -->',
        '<!DOCTYPE opml SYSTEM "opml.dtd">',
        "<!--<!DOCTYPE[<!DOCTYPE[-->",
    ],
)
def test_what_may_stand_before_a_list_is_passed_over(prolog: str) -> None:
    assert len(read(prolog + WHOLE).found) == 2


def test_opml_reaches_no_file_and_does_not_blow_up() -> None:
    bomb = '<!DOCTYPE o [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    text = f'{bomb}<opml><body><outline text="&b;&f;x" xmlUrl="https://a.example/"/></body></opml>'
    with pytest.raises(ParseError):  # a document type in front is nothing an export writes
        read(text)
    assert read(text.replace(bomb, "")).found


def test_planets_sections_are_sources() -> None:
    text = "[Planet]\nname = Planet Mill\n[https://a.example/feed]\nname = Ada\n[https://b.example/?x=%20]\n[tmpl/x]\na=b\n"
    assert read(text).found == (
        Subscription(url="https://a.example/feed", title="Ada"),
        Subscription(url="https://b.example/?x=%20"),
    )


def test_planets_filters_are_told_as_what_they_left_out_would_be_published() -> None:
    text = "[Planet]\nfilters = excerpt.py\nfilter_directories = x\n[https://a.example/feed]\nname = Ada\nfilter: (?i)mill\n"
    told = read(text)
    assert [one.title for one in told.found] == ["Ada"]
    assert [problem.partition(",")[0] for problem in told.problems] == ["line 2: a filter", "line 6: a filter"]


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("feed://a.example/f", "http://a.example/f"),
        ("feed:https://a.example/f", "https://a.example/f"),
        ("FEED:http://a.example/f", "http://a.example/f"),
    ],
)
def test_an_address_that_browsers_were_to_subscribe_to_is_one_of_the_web(written: str, url: str) -> None:
    assert [one.url for one in read(f'<opml><body><outline xmlUrl="{written}"/></body></opml>').found] == [url]


def test_newsboats_commands_are_reported_and_never_run() -> None:
    text = """# mine
https://a.example/feed bread "slow food" "~Ada's bread" !
"exec:~/bin/rm -rf /" tag
filter:~/bin/f:https://c.example/
"query:Unread:unread = \\"yes\\""
https://b.example/#frag
https://c.example/ "unclosed
"""
    listed = read(text)
    assert listed.found == (
        Subscription(url="https://a.example/feed", title="Ada's bread", categories=("bread", "slow food")),
        Subscription(url="https://b.example/#frag"),
    )
    assert [problem.split(":")[0] for problem in listed.problems] == ["line 3", "line 4", "line 5", "line 7"]
    assert "never runs commands" in listed.problems[0]


PAGE = "<!doctype html><p>We are down. See\nhttps://status.example/ for news.</p>"


@pytest.mark.parametrize("text", ["<html><body>hello", PAGE, f"<b>Warning</b>\nhttps://a.example/\n{WHOLE}", "hello"])
def test_what_is_no_list_is_refused(text: str) -> None:
    with pytest.raises(ParseError, match="no OPML"):
        read(text)


def test_a_page_of_plain_text_is_told_from_a_list() -> None:
    assert read("We are down.\nhttps://status.example/ tells more").flaw
    assert not read("https://a.example/\nhttps://b.example/ x\nexec:a\nfilter:b\nquery:c:d").flaw


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "text",
    [
        "<!--a-->" * 100_000 + "<rss/>",
        "".join(f"https://a.example/ c{number}\n" for number in range(100_000)),
        "[http://\n" * 500_000,
        "[https://a.example/]\nname=a" + " " * 1_000_000 + "b",
        "https://a.example/ " + "a" * 4_000_000,
        "<!--" + "<!DOCTYPE[" * 100_000 + "-->" + WHOLE.replace("https", "&", 1),
        WHOLE.replace("https", "<!--" * 1_000_000, 1),
    ],
)
def test_no_list_takes_long_to_read(text: str) -> None:
    with contextlib.suppress(ParseError):
        read(text)
    with pytest.raises(ParseError, match="5,000,000"):
        read(text + " " * 5_000_000)


@given(st.text())
def test_nothing_else_is_ever_raised(text: str) -> None:
    for start in ("", "<opml>", "[https://a.example/]\n", "https://a.example/ "):
        with contextlib.suppress(ParseError):
            read(start + text)


def test_what_is_exported_can_be_imported() -> None:
    found = (
        Subscription(url="https://a.example/?a=1&b=2", title="<A> & 饮食", categories=("饮食", "Slow")),
        Subscription(url="https://b.example/", title="b", site_url="https://b.example/home"),
        Subscription(url="https://c.example/", title="c", categories=("饮食",)),
    )
    assert sorted(read(opml.write("Mine", found).decode()).found, key=lambda one: one.url) == list(found)
