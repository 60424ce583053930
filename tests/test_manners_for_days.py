"""Nine days with sources that take longer to judge; then the record is judged, line by line."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

import awkward_origin as origin
from awkward_days import LONGEST, Lived, free_at, live, shown, unfaithful
from awkward_origin import ABSURD, DAY, HOUR, PAGE, Site, says, serves
from builders import MONDAY

# What comes out only after days, by name.
SLOW: dict[str, dict[str, Any]] = {
    "moved-301": {"way": (301,)},
    "moved-308": {"way": (308,)},
    "moved-chain": {"way": (301, 308, 302, 301)},
    "moved-twice": {"way": (301,), "way_until": MONDAY + 2 * DAY},
    "moved-to-a-page": {"way": (301,), "plays": origin.between(serves(PAGE), 1 * DAY, 100 * DAY)},
    "moved-and-lost": {"way": (301,), "plays": origin.between(says(410), 6 * DAY, 100 * DAY)},
    "temporary-302": {"way": (302,)},
    "temporary-303": {"way": (303, 301)},
    "temporary-307": {"way": (307,)},
    "away-404": {"plays": says(404)},
    "absurd-max-age": {"max_age": ABSURD},
    "absurd-503": {"plays": origin.now_and_then(says(503, retry_after=ABSURD), every=100, first=3)},
    "absurd-503-date": {"plays": origin.now_and_then(says(503, retry_after=ABSURD, as_date=True), every=100, first=0)},
    "absurd-expires": {"expires": ABSURD, "skew": -2000 * DAY},
    "usual": {},
}


@pytest.fixture(scope="module")
def nine_days(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    made = [
        Site(name=name, host=f"127.0.0.{number + 1}", start=MONDAY, **how)
        for number, (name, how) in enumerate(SLOW.items())
    ]
    return live(tmp_path_factory.mktemp("mill"), made, span=9 * DAY, tick=2 * HOUR)


def began(lived: Lived, name: str) -> list[tuple[timedelta, str]]:
    """When a source was asked, and at which address first."""
    (site,) = (site for site in lived.sites if site.name == name)
    return [(visit[0].at - MONDAY, visit[0].target.removeprefix(f"/{name}")) for visit in lived.visits(site)]


@pytest.mark.parametrize(
    ("name", "target", "held_since"),
    [
        ("moved-301", "/feed", 0 * DAY),
        ("moved-308", "/feed", 0 * DAY),
        ("moved-chain", "/hop2", 0 * DAY),  # up to the first temporary one
        ("moved-twice", "/feed-new", 2 * DAY),
    ],
)
def test_permanent_redirects_are_remembered_once_they_held_for_three_days(
    nine_days: Lived, name: str, target: str, held_since: timedelta
) -> None:
    early = {first for at, first in began(nine_days, name) if at < held_since + 3 * DAY}
    late = {first for at, first in began(nine_days, name) if at > held_since + 4 * DAY}
    assert (early, late) == ({"/hop0"}, {target})


@pytest.mark.parametrize("name", ["temporary-302", "temporary-303", "temporary-307"])
def test_temporary_redirects_are_never_remembered(nine_days: Lived, name: str) -> None:
    assert {first for _at, first in began(nine_days, name)} == {"/hop0"}
    assert len(began(nine_days, name)) > 50


def test_a_page_never_replaces_an_address(nine_days: Lived) -> None:
    assert {first for _at, first in began(nine_days, "moved-to-a-page")} == {"/hop0"}
    assert "moved-to-a-page" not in nine_days.moved_to


def test_where_the_new_address_is_lost_the_configured_one_is_asked_again(nine_days: Lived) -> None:
    assert [first for at, first in began(nine_days, "moved-and-lost") if at >= 6 * DAY] == ["/feed", "/hop0"]
    assert nine_days.standing["moved-and-lost"] == "gone"


def test_a_source_that_is_away_for_days_is_parked_and_asked_no_more(nine_days: Lived) -> None:
    moments = [at for at, _first in began(nine_days, "away-404")]
    assert len(moments) == 10
    assert 5 * DAY < moments[-1] < 7 * DAY
    assert nine_days.standing["away-404"] == "parked"


@pytest.mark.parametrize("name", ["absurd-max-age", "absurd-503", "absurd-503-date", "absurd-expires"])
def test_no_wait_is_longer_than_a_week(nine_days: Lived, name: str) -> None:
    longest = max(other - one for (one, _), (other, _) in pairwise(began(nine_days, name)))
    assert LONGEST <= longest <= LONGEST * 1.05 + 4 * HOUR


def test_validators_and_waits_are_kept_for_nine_days(nine_days: Lived) -> None:
    # Once an address is given up, its validators and its 410 say nothing about the other one.
    one_address = [site for site in nine_days.sites if site.name != "moved-and-lost"]
    assert [shown(visit) for site in one_address for visit in unfaithful(nine_days, site)] == []
    too_early = [
        shown(visits[number])
        for visits in map(nine_days.visits, one_address)
        for number in range(1, len(visits))
        if visits[number][0].at < free_at(nine_days, visits[:number])
    ]
    assert too_early == []
