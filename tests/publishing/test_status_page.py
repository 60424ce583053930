"""The page of all sources: valid, harmless and of use without a mouse, whatever sources are called and say."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit
from xml.etree.ElementTree import Element

import browsing
import pytest
from browsing import words

from builders import MONDAY
from feeds.errors import NotFoundError
from feeds.publishing import charts, status_page
from feeds.publishing.charts import Bar
from feeds.publishing.pages import SECURITY_POLICY
from feeds.publishing.status_page import COLUMNS, ROWS, STATES, Line, Overview, Wish
from feeds.records import Tally, replace

DAYS = tuple(MONDAY.date() - timedelta(days=ago) for ago in reversed(range(30)))
QUIET = tuple(Tally(day) for day in DAYS)
BUSY = tuple(Tally(day, number % 3, 20, number % 4, number, 5.0) for number, day in enumerate(DAYS))
ALLOWED = set(
    "html head meta title link body a header p main h1 h2 time div figure figcaption svg desc g rect path ul li span details "
    "summary table caption thead tbody tr th td nav bdi footer code".split()
)
HOSTILE = (
    "<script>alert(1)</script>",
    "\"' onmouseover='alert(1)' style='x",
    "{{ 7 * 7 }}{% raw %}",
    "رسائل الطاحونة",
    "\u202egnp.exe",
    "磨坊晚报" * 100,
    "x" * 5000,
    "nul \0 bell \a surrogate \ud800 end",
    "--><svg onload=alert(1)>",
)


def line(name: str = "gazette", **changes: Any) -> Line:
    return replace(
        Line(name=name, location="https://gazette.example/feed.xml", state="active", next_fetch=MONDAY, days=QUIET),
        **changes,
    )


def overview(*lines: Line, **changes: Any) -> Overview:
    one = Overview(
        title="Evening Mill",
        has_home=True,
        now=MONDAY,
        counts=dict.fromkeys(STATES, 0) | {"active": len(lines)},
        articles=7,
        last_fetch_at=MONDAY,
        days=QUIET,
        wish=Wish(),
        found=len(lines),
        lines=lines,
    )
    return replace(one, **changes)


def read(shown: Overview) -> Element:
    """The page as a browser reads it. Fails where it is not valid HTML."""
    return browsing.read(status_page.write(shown))


def rows(root: Element) -> list[list[str]]:
    table = next(each for each in root.iter("table") if each.get("class") == "each")
    return [[words(cell) for cell in row] for row in table.findall("tbody/tr")]


SHOWN = {
    "nothing": overview(days=(), last_fetch_at=None),
    "quiet": overview(line()),
    "busy": overview(line(days=BUSY, state="failing", failures=3, problem="HTTP 500", path="sources/gazette/"), days=BUSY),
    "hostile": overview(
        *(line(name, location=name, problem=name, next_fetch="now", days=BUSY) for name in HOSTILE), title=HOSTILE[0], days=BUSY
    ),
    "paged": overview(*(line(f"s{n}") for n in range(ROWS)), found=5 * ROWS + 1, wish=Wish(page=3, sort="next")),
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN)
def test_the_page_is_valid_and_nothing_on_it_runs(name: str) -> None:
    page = status_page.write(SHOWN[name])
    root = read(SHOWN[name])
    assert page.lstrip().startswith(b"<!doctype html>")
    assert {str(each.tag).rpartition("}")[2] for each in root.iter()} <= ALLOWED
    assert not [key for each in root.iter() for key in each.attrib if key.startswith("on") or key == "style"]
    ids = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(ids) == len(set(ids))
    assert len(root.findall(".//h1")) == len(root.findall(".//main")) == 1


@pytest.mark.parametrize("name", SHOWN)
def test_it_links_to_the_site_and_to_itself_alone(name: str) -> None:
    for element in read(SHOWN[name]).iter():
        for attribute in ("href", "src", "xlink:href"):
            found = urlsplit(urljoin("https://mill.example/planet/status/", element.get(attribute, "")))
            assert (found.scheme, found.netloc) == ("https", "mill.example")
            assert found.path.startswith("/planet/")


def test_it_says_what_browsers_and_search_engines_may_do() -> None:
    metas = {
        each.get("http-equiv") or each.get("name"): each.get("content") for each in read(SHOWN["quiet"]).iter("meta")
    }
    assert metas["Content-Security-Policy"] == SECURITY_POLICY
    assert (metas["robots"], metas["referrer"]) == ("noindex", "no-referrer")


def test_names_are_shown_as_they_are_and_never_taken_for_markup() -> None:
    told = [row[0] for row in rows(read(SHOWN["hostile"]))]
    assert told[0].startswith("<script>alert(1)</script>")
    assert told[2].startswith("{{ 7 * 7 }}{% raw %}")
    assert max(map(len, told)) < 200
    assert "\0" not in status_page.write(SHOWN["hostile"]).decode()


def test_a_row_tells_all_there_is_to_know() -> None:
    one = line(
        last_success_at=MONDAY, next_fetch="never", failures=1234, problem="HTTP 410", articles=5678, week=2.34, state="gone", days=BUSY
    )  # fmt: skip
    assert rows(read(overview(one))) == [
        ["gazette https://gazette.example/feed.xml", "gone", "2026-11-02 08:00", "never", "1,234", "5,678", "2.3", "HTTP 410",
         "435 new in 30 days, failures on 22 of them"],
    ]  # fmt: skip


def test_a_source_with_a_page_is_linked_to_it() -> None:
    found = [each.get("href") for each in read(SHOWN["busy"]).iter("a")]
    assert "../sources/gazette/" in found
    assert "../" in found
    bare = [each.get("href") for each in read(overview(line(), has_home=False)).iter("a")]
    assert not any(str(each).startswith("../") for each in bare)


def test_the_summary_counts_sources_by_what_they_are() -> None:
    counts = {"failing": 1, "parked": 0, "gone": 2, "never read": 0, "active": 1200}
    summary = words(next(each for each in read(overview(counts=counts)).iter("p") if each.get("class") == "summary"))
    assert summary == (
        "1,203 sources: 1 failing, 2 gone, 1,200 active. 7 articles. Last fetch at 2026-11-02 08:00. "
        "It is 2026-11-02 08:00; all times are UTC."
    )


# The table


def test_every_column_is_named_and_the_one_it_is_sorted_by_says_so() -> None:
    shown = overview(line(), wish=Wish(sort="failures", order="descending"))
    table = next(each for each in read(shown).iter("table") if each.get("class") == "each")
    heads = table.findall("thead/tr/th")
    assert [each.get("scope") for each in heads] == ["col"] * 9
    assert [each.get("aria-sort") for each in heads] == [None] * 4 + ["descending"] + [None] * 4
    assert table.find("caption") is not None
    assert all(row[0].tag == "th" and row[0].get("scope") == "row" for row in table.findall("tbody/tr"))


def test_a_columns_title_sorts_by_it_and_then_the_other_way_round() -> None:
    wish = Wish(show="failing", page=4)
    first = wish.sorted_by("failures")
    assert dict(parse_qsl(first[1:])) == {"sort": "failures", "show": "failing"}
    sorted_ = status_page.wish(dict(parse_qsl(first[1:])))
    assert sorted_ == Wish(sort="failures", order="descending", show="failing")
    again = status_page.wish(dict(parse_qsl(sorted_.sorted_by("failures")[1:])))
    assert again == replace(sorted_, order="ascending")


@pytest.mark.parametrize("sort", COLUMNS)
@pytest.mark.parametrize("order", status_page.ORDERS)
@pytest.mark.parametrize("show", ["all", "never read"])
def test_an_address_leads_to_what_it_was_made_of(sort: str, order: str, show: str) -> None:
    wish = Wish(sort=sort, order=order, show=show, page=3)
    assert status_page.wish(dict(parse_qsl(wish.address(page=3).removeprefix("?")))) == wish


def test_the_usual_page_has_the_shortest_address() -> None:
    assert (Wish().address(), Wish(sort="next", page=2).address(sort="state")) == ("./", "./")
    assert status_page.wish({}) == status_page.wish({"sort": "", "order": "", "show": "", "page": ""}) == Wish()


@pytest.mark.parametrize(
    "asked",
    [
        {"sort": "name"}, {"sort": "__class__"}, {"order": "up"}, {"show": "<script>"}, {"page": "0"}, {"page": "-1"},
        {"page": "1e3"}, {"page": "１"}, {"page": "9" * 5000}, {"page": " 1"},
    ],
)  # fmt: skip
def test_what_there_is_not_is_refused_without_an_echo(asked: dict[str, str]) -> None:
    with pytest.raises(NotFoundError) as refused:
        status_page.wish(asked)
    (value,) = asked.values()
    assert len(value) < 5 or value not in str(refused.value)


def test_pages_lead_to_the_first_the_last_and_those_around() -> None:
    links = [each for each in read(SHOWN["paged"]).iter("a") if "page" in words(each).lower() or each.get("rel")]
    assert [words(each) for each in links] == [
        "Previous",
        "Page 1",
        "Page 2",
        "Page 3",
        "Page 4",
        "Page 5",
        "Page 6",
        "Next",
    ]
    assert [each.get("aria-current") for each in links].index("page") == 3
    assert links[0].get("href") == "?sort=next&page=2"
    caption = next(each for each in read(SHOWN["paged"]).iter("caption") if each.get("id") == "sources")
    assert words(caption).startswith("Sources 401 to 600 of 1,001, by next fetch, ascending.")


# The charts


def test_what_charts_show_is_told_in_text_too() -> None:
    root = read(SHOWN["busy"])
    for chart in (each for each in root.iter() if each.get("class") == "bars"):
        named = str(chart.get("aria-labelledby")).split()
        told = {each.get("id"): words(each) for each in chart.iter() if each.get("id")}
        assert chart.get("role") == "img"
        assert set(named) == set(told)
        assert all(told.values())
    days = next(each for each in root.iter("table") if each.get("class") != "each")
    latest = [words(cell) for cell in days.findall("tbody/tr")[0]]
    assert latest == ["2026-11-02", "2", "20", "1", "29", "227 ms"]
    assert len(days.findall("tbody/tr")) == 30


def test_without_a_day_in_the_journal_there_is_no_chart() -> None:
    assert [each for each in read(SHOWN["quiet"]).iter() if each.get("class") == "bars"] == []


def test_bars_stand_on_each_other_within_the_chart() -> None:
    days = [Bar(MONDAY.date(), (("fetched", 1), ("unchanged", 998), ("failed", 1)), "words"), Bar(DAYS[0], (), "none")]
    found = re.findall(
        r'class="(\w+)" x="\d+" y="([\d.]+)" width="\d+" height="([\d.]+)"',
        charts.bars(days, key="k", title="t", told="d"),
    )
    assert [name for name, _y, _height in found] == ["fetched", "unchanged", "failed"]
    assert all(float(y) >= 0 and float(y) + float(height) <= 102 and float(height) > 0 for _name, y, height in found)
    ys = [float(y) for _name, y, _height in found]
    assert ys == sorted(ys, reverse=True)


@pytest.mark.parametrize(
    ("highest", "top"),
    [(0, 1), (0.004, 0.004), (1, 1), (7, 8), (9, 10), (1001, 1500), (200, 200), (0.25, 0.3), (10**12, 10**12)],
)
def test_a_charts_top_is_a_round_number_at_or_above_its_highest_bar(highest: float, top: float) -> None:
    assert charts.ceiling([Bar(date.min, (("fetched", highest),), "")]) == pytest.approx(top)


def test_a_spark_tells_articles_answers_and_failures_apart() -> None:
    days = (
        Tally(DAYS[0], 1, 0, 0, 2),
        Tally(DAYS[1], 0, 1),
        Tally(DAYS[2]),
        Tally(DAYS[3], 0, 0, 1),
        Tally(DAYS[4], 1, 0, 0, 4),
    )
    drawn = charts.spark(days)
    paths = dict(re.findall(r'class="(\w+)" d="([^"]*)"', drawn))
    assert paths["unchanged"] == "M0 15h8v1h-8zM16 15h4v1h-4z"
    assert paths["fetched"] == "M0 15v-7.5h3v7.5zM16 15v-15h3v15z"
    assert paths["failed"] == "M12 17h3v3h-3z"
    assert "<title>6 new in 5 days, failures on 1 of them</title>" in drawn
    assert "<title>not asked in 30 days</title>" in charts.spark(QUIET)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, "no answer"),
        (0.0, "0 ms"),
        (0.0123, "12.3 ms"),
        (0.9996, "1 s"),
        (1.234, "1.2 s"),
        (9.99, "10 s"),
        (31.4, "31 s"),
    ],
)
def test_a_time_is_told_as_people_would(seconds: float | None, told: str) -> None:
    assert status_page.duration(seconds) == told
