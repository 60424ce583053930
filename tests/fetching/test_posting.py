"""Short requests to hubs and subscribers: guarded, bounded, and none waits for another."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest

from feeds.clock import SystemClock
from feeds.fetching.politeness import PerHost
from feeds.fetching.posting import AT_ONCE, MAX_ANSWER, Call, Post, Reply
from station import PATIENCE, Asked, Station, Told


@pytest.fixture
def station() -> Iterator[Station]:
    with Station() as running:
        yield running


def post(*calls: Call[str], connections: int = 2, **how: object) -> dict[str, Reply]:
    per_host = PerHost(spacing=timedelta(0), connections=connections)
    made = Post(user_agent="feedmill", clock=SystemClock(), per_host=per_host, **how)
    return {call.about: reply for call, reply in made.send(calls)}


def call(url: str, about: str = "it", **how: object) -> Call[str]:
    return Call(about=about, url=url, **({"allowed": True} | how))


def test_a_body_is_posted_with_its_headers_and_the_answer_comes_back(station):
    station.plays["/callback"] = lambda _asked: Told(202, b"thanks")
    replies = post(call(station.url(), body=b"text", headers=(("Content-Type", "text/plain"), ("Link", "<a>"))))
    (asked,) = station.all
    assert (asked.method, asked.body) == ("POST", b"text")
    told = asked.headers
    assert (told["content-type"], told["link"], told["user-agent"]) == ("text/plain", "<a>", "feedmill")
    assert "expect" not in told
    assert replies == {"it": Reply(status=202, content=b"thanks")}


def test_without_a_body_it_is_a_get(station):
    assert post(call(station.url("/callback?hub.challenge=x")))["it"].content == b"x"
    assert station.all[0].method == "GET"


def test_a_private_address_is_connected_to_only_where_that_is_allowed(station):
    refused = post(call(station.url(), allowed=False), call(station.url("/named"), "named", allowed=("127.0.0.0/8",)))
    assert refused["it"].status == 0
    assert "no public address" in refused["it"].problem
    assert refused["named"].is_good
    assert not station.asked()


def test_a_redirect_is_told_and_not_followed(station):
    station.plays["/callback"] = lambda _asked: Told(307, headers={"Location": "/elsewhere"})
    assert post(call(station.url(), body=b""))["it"] == Reply(status=307, location="/elsewhere")
    assert not station.asked("/elsewhere")


def test_of_a_long_answer_only_the_beginning_is_read(station):
    station.plays["/callback"] = lambda _asked: Told(200, b"x" * 5_000_000)
    reply = post(call(station.url()))["it"]
    assert (reply.status, len(reply.content)) == (200, MAX_ANSWER + 1)


def test_slow_ones_keep_no_other_waiting(station):
    def stall(_asked: Asked) -> Told:
        station.stopping.wait(PATIENCE)
        return Told()

    station.plays["/slow"] = stall
    slow = [call(station.url("/slow"), f"slow {n}") for n in range(4)]
    order = list(post(*slow, call(station.url(), "quick"), seconds=0.5, connections=5))
    assert order[0] == "quick"
    assert len(order) == 5


def test_nothing_is_begun_when_the_time_is_up_and_what_is_under_way_ends(station):
    assert post(call(station.url()), until=0.0) == {}
    assert not station.all


def test_it_breaks_off_when_told_to(station):
    stopping = threading.Event()

    def stall(_asked: Asked) -> Told:
        stopping.set()
        station.stopping.wait(PATIENCE)
        return Told()

    station.plays["/slow"] = stall
    assert post(call(station.url("/slow")), stopping=stopping) == {}


class CountingClock(SystemClock):
    """Knows how often it was looked at."""

    looks = 0

    def monotonic(self) -> float:
        self.looks += 1
        return super().monotonic()


def test_to_wait_for_a_host_costs_nothing(station):
    clock = CountingClock()
    spaced = Post(user_agent="", clock=clock, per_host=PerHost(spacing=timedelta(seconds=1)))
    assert len(list(spaced.send([call(station.url()), call(station.url())]))) == 2
    assert clock.looks < 100


def test_more_than_fit_at_once_are_all_made(station):
    replies = post(*(call(station.url(), str(n)) for n in range(3 * AT_ONCE)))
    assert len(replies) == len(station.all) == 3 * AT_ONCE


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "gopher://mill.example/", "http://[::1", "http://a\x00b/"])
def test_what_cannot_be_asked_says_why_without_its_address(url):
    reply = post(call(url))["it"]
    assert reply.status == 0
    assert reply.told
    assert url not in reply.told
