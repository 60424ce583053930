"""Two days among awkward origins; then the record is judged, line by line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

import awkward_origin as origin
from awkward_days import Lived, free_at, kind_of, live, sent, shown, unfaithful
from awkward_origin import ABSURD, BOMB, DAY, HOUR, NONE, PAGE, Asked, Site, says, serves
from builders import MONDAY

MINUTE = timedelta(minutes=1)

# What a source's far end does, by the name of the kind. Four sources of each.
KINDS: dict[str, dict[str, Any]] = {
    "both": {},
    "busy": {"every": 1 * HOUR},
    "quiet": {"every": 90 * DAY},
    "etag-only": {"names": lambda v, _n: (f'"v{v}"', "")},
    "modified-only": {"names": lambda v, _n: ("", f"Mon, 02 Nov 2026 08:{v:02}:00 GMT")},
    "modified-is-no-date": {"names": lambda v, _n: ("", f"last Thursday, {v} o'clock")},
    "weak": {"names": lambda v, _n: (f'W/"v{v}"', "")},
    "etag-without-quotes": {"names": lambda v, _n: (f"v{v}", "")},
    "etag-of-odd-bytes": {"names": lambda v, _n: (f'"{v}:\xe9\xff, W/"', "")},
    "etag-always-new": {"names": lambda v, n: (f'"v{v}.{n}"', "")},
    "etag-new-modified-not": {"names": lambda v, _n: (f'"v{v}"', "Sun, 01 Nov 2026 00:00:00 GMT")},
    "validators-that-come-and-go": {"names": lambda v, n: (f'"v{v}.{n}"' if n % 4 else "", "then" if n % 3 else "")},
    "no-validators": {"names": lambda _v, _n: NONE},
    "no-validators-and-trouble": {"names": lambda _v, _n: NONE, "plays": origin.now_and_then(says(500), every=2)},
    "304-with-news": {"names": lambda v, n: (f'"v{v}.{n}"', f"visit {n}"), "has_news_in_304": True},
    "delta": {"is_delta": True, "every": 2 * HOUR},
    "query": {"query": "?format=atom&x=%41"},
    "twice": {},  # the next one is the same address under another name
    "301": {"way": (301,)},
    "302": {"way": (302,)},
    "303": {"way": (303,)},
    "307": {"way": (307,)},
    "308": {"way": (308,)},
    "chain": {"way": (301, 308, 302, 301)},
    "loop": {"way": (301, 302), "is_loop": True},
    "elsewhere": {"way": (301, 302), "far": "127.0.0.2"},
    "403": {"plays": says(403)},
    "403-now-and-then": {"plays": origin.now_and_then(says(403))},
    "404": {"plays": says(404)},
    "404-for-a-while": {"plays": origin.between(says(404), 10 * HOUR, 20 * HOUR)},
    "410": {"plays": says(410)},
    "410-later": {"plays": origin.between(says(410), 20 * HOUR, 100 * DAY)},
    "500-now-and-then": {"plays": origin.now_and_then(says(500))},
    "503-for-a-while": {"plays": origin.between(says(503), 0 * HOUR, 5 * HOUR)},
    "503-seconds": {"plays": origin.now_and_then(says(503, retry_after=5 * HOUR))},
    "503-date": {"plays": origin.now_and_then(says(503, retry_after=7 * HOUR, as_date=True)), "skew": -900 * DAY},
    "503-absurd": {"plays": origin.now_and_then(says(503, retry_after=ABSURD), first=2)},
    "max-age-short": {"max_age": 60 * timedelta(seconds=1)},
    "max-age-long": {"max_age": 10 * HOUR},
    "max-age-absurd": {"max_age": ABSURD},
    "expires": {"expires": 6 * HOUR, "skew": 400 * DAY},
    "ttl": {"is_rss": True, "channel": "<ttl>240</ttl>", "ttl": 4 * HOUR},
    "sy": {
        "is_rss": True,
        "channel": "<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>3</sy:updateFrequency>",
        "ttl": 8 * HOUR,
    },
    "skip-hours": {
        "is_rss": True,
        "channel": f"<skipHours>{''.join(f'<hour>{hour}</hour>' for hour in range(7))}</skipHours>",
        "skip_hours": tuple(range(7)),
        "every": 1 * HOUR,
    },
    "skip-days": {"is_rss": True, "channel": "<skipDays><day>Tuesday</day></skipDays>", "skip_days": (1,)},
    "gzip-br-deflate": {},  # one of each, see `sites`
    "bomb-now-and-then": {"plays": origin.now_and_then(serves(BOMB, "gzip"))},
    "cut-now-and-then": {"plays": origin.now_and_then(origin.breaks_off("cut"), first=0)},
    "unmarked-end": {"ending": "close", "plays": origin.now_and_then(origin.breaks_off("close"))},
    "chunked": {"ending": "chunked", "plays": origin.now_and_then(origin.breaks_off("cut chunks"))},
    "wrong-length": {"ending": "short"},
    "wrong-charset": {"charset": "cp1252"},
    "page-now-and-then": {"plays": origin.now_and_then(serves(PAGE))},
    "empty-now-and-then": {"plays": origin.now_and_then(serves(b""), first=0)},
}  # fmt: skip

# These slow their whole host, and so have hosts of their own, with a few well-behaved neighbours each.
THROTTLING: dict[str, dict[str, Any]] = {
    "429-seconds": {"plays": origin.now_and_then(says(429, retry_after=3 * HOUR), first=2)},
    "429-date": {"plays": origin.now_and_then(says(429, retry_after=5 * HOUR, as_date=True)), "skew": 30 * DAY},
    "429": {"plays": says(429)},
    "429-now-and-then": {"plays": origin.now_and_then(says(429), first=2)},
}

WELL_BEHAVED = frozenset(
    "both busy quiet etag-only modified-only modified-is-no-date weak etag-without-quotes etag-of-odd-bytes "
    "etag-always-new etag-new-modified-not 304-with-news delta query twice 301 302 303 307 308 chain elsewhere "
    "410-later max-age-short max-age-long max-age-absurd expires ttl sy skip-hours skip-days gzip-br-deflate "
    "wrong-length wrong-charset neighbour".split()
)

ENOUGH = 200
QUIET_HOSTS = 16


def sites() -> list[Site]:
    """Two hundred, on twenty hosts; the last four are those that throttle."""
    made: list[Site] = []
    for number, kind in enumerate(THROTTLING):
        host = f"127.0.0.{QUIET_HOSTS + number + 1}"
        made += [Site(name=f"{kind}-1", host=host, start=MONDAY, **THROTTLING[kind])]
        made += [Site(name=f"neighbour-{number}{n}", host=host, start=MONDAY, every=HOUR) for n in range(3)]
    for number in range(ENOUGH - len(made) - 4):  # four addresses are named twice
        kind, copy = list(KINDS)[number % len(KINDS)], number // len(KINDS)
        site = Site(name=f"{kind}-{copy}", host=f"127.0.0.{number % QUIET_HOSTS + 1}", start=MONDAY, **KINDS[kind])
        if kind == "gzip-br-deflate":
            site.coding = ("gzip", "br", "deflate", "Deflate")[copy]
        made.append(site)
    return made


@pytest.fixture(scope="module")
def two_days(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return live(tmp_path_factory.mktemp("mill"), sites(), span=2 * DAY, tick=20 * MINUTE)


def violations(pairs: Iterator[tuple[Any, bool]]) -> list[str]:
    return [shown(visit) for visit, is_fine in pairs if not is_fine]


def test_validators_come_back_byte_for_byte_and_always_the_latest(two_days: Lived) -> None:
    assert [shown(visit) for site in two_days.sites for visit in unfaithful(two_days, site)] == []


def test_each_source_that_offers_validators_is_asked_once_without_them(two_days: Lived) -> None:
    once = [site for site in two_days.sites if kind_of(site.name) in WELL_BEHAVED]
    unconditional = {site.name: sum(sent(visit[-1]) == NONE for visit in two_days.visits(site)) for site in once}
    assert {name: count for name, count in unconditional.items() if count != 1} == {}
    assert len(once) > 100


def test_no_source_is_asked_before_its_time(two_days: Lived) -> None:
    too_early = [
        f"{shown(visits[number])} though free at {free_at(two_days, visits[:number]) - MONDAY}"
        for _site, visits in two_days.each_visit()
        for number in range(1, len(visits))
        if visits[number][0].at < free_at(two_days, visits[:number])
    ]
    assert too_early == []


def test_no_source_is_asked_in_its_skipped_hours_or_days_once_they_are_known(two_days: Lived) -> None:
    wrong = [
        shown(visit)
        for site, visits in two_days.each_visit()
        for visit in visits[1:]
        if visit[0].at.hour in site.skip_hours or visit[0].at.weekday() in site.skip_days
    ]
    assert wrong == []


def backs_off(visits: Sequence[list[Asked]], status: int) -> bool:
    """Whether the wait doubles with each `status` in a row, up to a day."""
    in_a_row = 0
    for visit, following in pairwise(visits):
        in_a_row = in_a_row + 1 if visit[-1].reply.status == status else 0
        if in_a_row and following[0].at - visit[0].at < min(HOUR * 2 ** (in_a_row - 1), DAY):
            return False
    return True


@pytest.mark.parametrize("status", [403, 404, 429])
def test_who_refuses_again_and_again_is_asked_ever_less_often(two_days: Lived, status: int) -> None:
    refused = [visits for _site, visits in two_days.each_visit() if any(v[-1].reply.status == status for v in visits)]
    assert refused
    assert [shown(visits[0]) for visits in refused if not backs_off(visits, status)] == []


def test_a_429_slows_all_sources_of_its_host(two_days: Lived) -> None:
    told: dict[str, Asked] = {}
    under_way: Counter[str] = Counter()  # at the moment of the 429
    wrong = []
    for each in two_days.asked:
        if last := told.get(each.host):
            under_way[each.host] += each.at == last.at
            wait = max(last.reply.stay_away, HOUR)
            if last.at < each.at < last.at + wait or under_way[each.host] > 1:
                wrong.append(f"{shown([each])} after {shown([last])}")
        if each.reply.status == 429:
            told[each.host] = each
            under_way[each.host] = 0
    assert wrong == []


def test_a_source_that_may_be_asked_is_asked_at_least_once_a_day(two_days: Lived) -> None:
    end = MONDAY + 2 * DAY
    forgotten = []
    for site, visits in two_days.each_visit():
        if not site.host.startswith(tuple(f"127.0.0.{n}" for n in range(1, 17))):
            continue
        moments = [*(visit[0].at for visit in visits), end]
        for number, (one, other) in enumerate(pairwise(moments), 1):
            longest = (
                max(DAY, free_at(two_days, visits[:number]) - one) * 1.05 + 60 * MINUTE
            )  # a few ticks for the queue of its host
            if other - one > longest + (DAY if site.skip_days else 7 * HOUR if site.skip_hours else timedelta(0)):
                forgotten.append(f"{shown(visits[number - 1])}, then {other - MONDAY}")
    assert forgotten == []


def test_a_busy_source_is_asked_more_often_than_a_quiet_one(two_days: Lived) -> None:
    asked = {kind: min(len(two_days.visits(site)) for site in two_days.named(kind)) for kind in ("busy", "quiet")}
    assert asked["busy"] >= 30
    assert asked["quiet"] <= 20


def test_at_most_two_requests_at_a_time_per_host(two_days: Lived) -> None:
    assert [shown([each]) for each in two_days.asked if each.together > 2] == []
    assert any(each.together == 2 for each in two_days.asked)


def test_one_address_in_two_sources_is_asked_once(two_days: Lived) -> None:
    again = [
        shown(visit)
        for site, visits in two_days.each_visit()
        for visit in visits
        if not site.is_loop and len({each.target for each in visit}) < len(visit)
    ]
    assert again == []


def test_every_request_looks_alike_and_carries_nothing_it_should_not(two_days: Lived) -> None:
    for each in two_days.asked:
        assert each.line == f"GET {each.target} HTTP/1.1"
        assert "#" not in each.target
        assert each.target.partition("?")[2] == (each.site.query.strip("?") if "/feed" in each.target else "")
        names = [name.lower() for name, _value in each.headers]
        assert sorted(set(names) - {"if-none-match", "if-modified-since"}) == [
            "a-im", "accept", "accept-encoding", "host", "user-agent",
        ]  # fmt: skip
        assert len(names) == len(set(names))
        assert each.header("a-im") == "feed"
        assert "application/rss+xml" in each.header("accept")
        assert {"gzip", "br"} <= set(each.header("accept-encoding").split(", "))
    agents = {each.header("user-agent") for each in two_days.asked}
    assert len(agents) == 1
    assert agents.pop().startswith("feedmill/")


def test_every_visit_starts_at_the_configured_address_while_no_redirect_is_proven(two_days: Lived) -> None:
    assert [shown(v) for site, visits in two_days.each_visit() for v in visits if v[0].target != site.entry] == []


def test_redirects_in_circles_end(two_days: Lived) -> None:
    assert all(len(visit) <= 11 for site in two_days.named("loop") for visit in two_days.visits(site))


def test_nobody_is_asked_after_410(two_days: Lived) -> None:
    for site in [*two_days.named("410"), *two_days.named("410-later")]:
        heard = [visit for visit in two_days.visits(site) if not two_days.was_broken_off(visit)]
        statuses = [visit[-1].reply.status for visit in heard]
        assert statuses.count(410) == 1
        assert statuses[-1] == 410
        assert two_days.standing[site.name] == "gone"


def test_the_store_holds_what_was_served_and_nothing_twice(two_days: Lived) -> None:
    wrong = {}
    for site, visits in two_days.each_visit():
        certain: frozenset[str] = frozenset()
        perhaps: frozenset[str] = frozenset()
        for visit in visits:
            served = visit[-1].reply.articles if visit[-1].reply.is_readable else frozenset()
            perhaps |= served
            certain |= frozenset() if two_days.was_broken_off(visit) else served
        for name in [site.name, f"{site.name}-again"] if kind_of(site.name) == "twice" else [site.name]:
            stored = two_days.stored.get(name, [])
            if len(set(stored)) != len(stored) or not certain <= set(stored) <= perhaps:
                wrong[name] = (sorted(certain), sorted(stored))
    assert wrong == {}
