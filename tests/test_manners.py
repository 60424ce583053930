"""Two days among awkward origins, and nine with those that take longer; then the record is judged, line by line.

Time is simulated: the clock stands still during a round, and the origin reads the same clock.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import pytest

import awkward_origin as origin
from awkward_hosts import Hosts
from awkward_origin import ABSURD, BOMB, DAY, HOUR, NONE, PAGE, Asked, Site, Validators, says, serves
from builders import MONDAY, config
from clocks import WebClock
from feeds import pipeline, settings
from feeds.records import Refresh
from storage import Store, articles, open_store, sources

pytestmark = pytest.mark.xdist_group("manners")  # each of the two simulations is lived through once, for all tests

MINUTE = timedelta(minutes=1)
NEVER = MONDAY + 1000 * DAY
LONGEST = 7 * DAY

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


def kind_of(name: str) -> str:
    return name.rpartition("-")[0]


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


@dataclass
class Mill:
    """A feedmill that is run for days."""

    folder: Path
    hosts: Hosts
    clock: WebClock
    chance: random.Random
    store: Store = field(init=False)
    settings: settings.Settings = field(init=False)
    unfinished: set[tuple[str, datetime]] = field(default_factory=set)  # asked perhaps, when a round was broken off

    def __post_init__(self) -> None:
        lines = [
            f"  - {{name: {name}, url: '{self.hosts.url(site)}#part'}}"
            for site in self.hosts.sites.values()
            for name in ([site.name, f"{site.name}-again"] if kind_of(site.name) == "twice" else [site.name])
        ]
        text = "fetch: {allow_private_addresses: true, per_host: {spacing: 0s}}\nsources:\n" + "\n".join(lines)
        self.settings = settings.load(config(self.folder, text), environ={})
        self.open()

    def open(self) -> None:
        self.store = open_store(f"sqlite:///{self.folder}/feedmill.db")

    def restart(self) -> None:
        self.store.close()
        self.open()

    def round(self, names: Sequence[str] = (), *, stop_after: int | None = None) -> list[Refresh]:
        """One round, of all sources or those named; broken off after so many refreshes."""
        wanted = [source for source in self.settings.sources if not names or source.name in names]
        started = pipeline.start_round(self.store, self.settings, wanted, clock=self.clock)
        done: list[Refresh] = []
        waiting = {refresh.source for refresh in started.waiting}
        with closing(started.refreshes) as refreshes:
            for refresh in refreshes:
                done.append(refresh)
                if len(done) == stop_after:
                    self.unfinished |= {
                        (source.name, self.clock.moment) for source in wanted if source.name not in waiting
                    } - {(each.source, self.clock.moment) for each in done}
                    break
        self.hosts.settle()
        return done

    def live(self, span: timedelta, tick: timedelta) -> None:
        """A tick after the other; restarts, one-off commands and ends of the process in between, at random."""
        end = self.clock.moment + span
        while self.clock.moment < end:
            self.round(stop_after=self.chance.randint(1, 20) if self.chance.random() < 0.1 else None)
            if self.chance.random() < 0.1:
                self.restart()
            if self.chance.random() < 0.3:
                self.clock.moment += tick / 2
                names = [source.name for source in self.settings.sources]
                self.round(self.chance.sample(names, self.chance.randint(1, len(names) // 3)))
                self.clock.moment -= tick / 2
            self.clock.moment += tick


@dataclass(frozen=True)
class Lived:
    """What is left of the days: who was asked what and when, and what is in the store."""

    asked: tuple[Asked, ...]
    sites: tuple[Site, ...]
    unfinished: frozenset[tuple[str, datetime]]
    stored: dict[str, list[str]]  # guids by source
    standing: dict[str, str]
    moved_to: dict[str, str]

    def visits(self, site: Site) -> list[list[Asked]]:
        """A site's requests, those of one moment together."""
        mine = [each for each in self.asked if each.site is site]
        return [list(same) for _moment, same in groupby(mine, key=lambda each: each.at)]

    def each_visit(self) -> Iterator[tuple[Site, list[list[Asked]]]]:
        return ((site, self.visits(site)) for site in self.sites)

    def named(self, kind: str) -> list[Site]:
        return [site for site in self.sites if kind_of(site.name) == kind]

    def was_broken_off(self, visit: Sequence[Asked]) -> bool:
        return (visit[0].site.name, visit[0].at) in self.unfinished


def live(folder: Path, made: Sequence[Site], *, span: timedelta, tick: timedelta) -> Lived:
    clock = WebClock()
    with Hosts(made, now=clock.now) as hosts:
        mill = Mill(folder, hosts, clock, random.Random(17))
        try:
            mill.live(span, tick)
            with mill.store.read() as db:
                guids = defaultdict(list)
                for article in articles.stored(db):
                    guids[article.source].append(article.guid)
                states = sources.states(db)
        finally:
            mill.store.close()
        return Lived(
            asked=tuple(hosts.asked),
            sites=tuple(made),
            unfinished=frozenset(mill.unfinished),
            stored=guids,
            standing={name: state.standing for name, state in states.items()},
            moved_to={name: state.moved_to for name, state in states.items() if state.move_is_proven},
        )


@pytest.fixture(scope="module")
def two_days(tmp_path_factory: pytest.TempPathFactory) -> Lived:
    return live(tmp_path_factory.mktemp("mill"), sites(), span=2 * DAY, tick=20 * MINUTE)


def shown(visit: Sequence[Asked]) -> str:
    first = visit[0]
    return f"{first.site.name} at {first.at - MONDAY}: {[(each.target, each.reply.status) for each in visit]}"


def violations(pairs: Iterator[tuple[Any, bool]]) -> list[str]:
    return [shown(visit) for visit, is_fine in pairs if not is_fine]


def held_after(held: Validators, asked: Asked) -> Validators:
    """The validators a client has after an answer, having had `held` before."""
    reply = asked.reply
    if not reply.is_readable:
        return held
    if reply.status == 304:
        return reply.validators[0] or held[0], reply.validators[1] or held[1]
    return reply.validators


def sent(asked: Asked) -> Validators:
    return asked.header("if-none-match"), asked.header("if-modified-since")


def unfaithful(lived: Lived, site: Site) -> Iterator[list[Asked]]:
    """Visits that did not send back exactly the latest validators, both of them, at every hop."""
    possible = {NONE}
    for visit in lived.visits(site):
        if any(sent(each) not in possible for each in visit):
            yield visit
        held = sent(visit[-1])
        after = held_after(held, visit[-1])
        possible = {after, held} if lived.was_broken_off(visit) else {after}


def test_validators_come_back_byte_for_byte_and_always_the_latest(two_days: Lived) -> None:
    assert [shown(visit) for site in two_days.sites for visit in unfaithful(two_days, site)] == []


def test_each_source_that_offers_validators_is_asked_once_without_them(two_days: Lived) -> None:
    once = [site for site in two_days.sites if kind_of(site.name) in WELL_BEHAVED]
    unconditional = {site.name: sum(sent(visit[-1]) == NONE for visit in two_days.visits(site)) for site in once}
    assert {name: count for name, count in unconditional.items() if count != 1} == {}
    assert len(once) > 100


def is_known_to_offer_none(visits: Sequence[list[Asked]]) -> bool:
    readable = [each for visit in visits for each in visit if each.reply.is_readable]
    return bool(readable) and held_after(sent(readable[-1]), readable[-1]) == NONE


def free_at(lived: Lived, visits: Sequence[list[Asked]]) -> datetime:
    """The earliest moment for the next visit, after these."""
    last, site = visits[-1][-1], visits[-1][-1].site
    if lived.was_broken_off(visits[-1]):  # perhaps its answer was not waited for
        return last.at + HOUR
    if last.reply.status == 410:
        return NEVER
    floor = DAY if is_known_to_offer_none(visits) else HOUR
    if last.reply.is_readable:
        floor = max(floor, site.ttl)
    return last.at + max(floor, min(last.reply.stay_away, LONGEST))


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
