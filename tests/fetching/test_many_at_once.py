"""Many sources at once: how often a host is asked, and who waits for whom."""

from __future__ import annotations

import gc
import itertools
import threading
import time
from datetime import timedelta

from asking import QUICK, drip, local

from feeds import fetching
from feeds.clock import SystemClock
from feeds.fetching import http, mailbox
from feeds.fetching.politeness import PerHost
from feeds.fetching.transfer import Transfer
from feeds.records import Fetched, FetchFailed, Postponed, SourceState, replace
from origin import Origin, Request, answer, conditional, feed


def test_a_host_is_asked_by_two_at_a_time_and_never_more(origin: Origin) -> None:
    at_once, most, lock = 0, 0, threading.Lock()

    def play(_request: Request) -> bytes:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.03)
        with lock:
            at_once -= 1
        return answer(body=feed("a"))

    url = origin.play("/feed.xml", play)
    many = [local(f"{url}?{number}", name=f"s{number}") for number in range(12)]
    results = list(fetching.fetch([(s, SourceState(name=s.name)) for s in many], clock=SystemClock(), manners=QUICK))
    assert len(results) == 12
    assert most == 2


def test_requests_to_one_host_are_spaced(origin: Origin) -> None:
    moments: list[float] = []

    def play(_request: Request) -> bytes:
        moments.append(time.monotonic())
        return answer(body=feed("a"))

    url = origin.play("/feed.xml", play)
    spaced = http.Manners(per_host=PerHost(spacing=timedelta(seconds=0.1)))
    many = [local(f"{url}?{number}", name=f"s{number}") for number in range(4)]
    assert (
        len(list(fetching.fetch([(s, SourceState(name=s.name)) for s in many], clock=SystemClock(), manners=spaced)))
        == 4
    )
    assert all(later - earlier > 0.09 for earlier, later in itertools.pairwise(moments))


def test_while_much_is_unread_nothing_more_is_asked(origin: Origin) -> None:
    asked = 0

    def play(_request: Request) -> bytes:
        nonlocal asked
        asked += 1
        return answer(body=feed("a") + b" " * (mailbox.MAX_UNREAD_SIZE // 2))

    url = origin.play("/feed.xml", play)
    many = [local(f"{url}?{number}", name=f"s{number}") for number in range(12)]
    running = fetching.fetch([(s, SourceState(name=s.name)) for s in many], clock=SystemClock(), manners=QUICK)
    next(running)
    time.sleep(0.5)
    assert asked <= 5  # one was read, one was under way beside each of two that are not
    assert len(list(running)) == 11
    assert asked == 12


def test_what_the_reader_has_taken_is_held_by_nobody_else(origin: Origin) -> None:
    running = fetching.Fetching(clock=SystemClock(), manners=QUICK)
    running.add([(one := local(origin.play("/feed.xml", answer(body=feed("a")))), SourceState(name=one.name))])
    results = (each for each in running.results() if each)
    assert isinstance(next(results)[1], Fetched)
    # A handle without work keeps its last transfer alive.
    held = [each for each in gc.get_objects() if isinstance(each, Transfer) and each.source == one]
    assert not any(each.body for each in held)
    running.close()
    assert list(results) == []


def test_closing_the_generator_ends_the_transfers(origin: Origin) -> None:
    slow = origin.play("/slow", lambda _request: drip(origin, b"HTTP/1.1 103 Early Hints\r\n\r\n"))
    quick = origin.play("/quick", answer(body=feed("a")))
    claimed = [(local(url, name=url), SourceState(name=url)) for url in (quick, slow)]
    running = fetching.fetch(claimed, clock=SystemClock(), manners=QUICK)
    next(running)
    began = time.monotonic()
    running.close()
    assert time.monotonic() - began < 1
    assert not [thread for thread in threading.enumerate() if thread.name == "feedmill-fetching"]


def test_a_slow_caller_costs_no_source_its_deadline(origin: Origin) -> None:
    def play(_request: Request) -> bytes:
        time.sleep(0.1)
        return answer(body=feed("a"))

    url = origin.play("/feed.xml", play)
    many = [replace(local(f"{url}?{n}", name=f"s{n}"), timeout=timedelta(seconds=1)) for n in range(6)]
    results = []
    for _source, result in fetching.fetch(
        [(s, SourceState(name=s.name)) for s in many], clock=SystemClock(), manners=QUICK
    ):
        time.sleep(0.5)
        results.append(result)
    assert all(isinstance(result, Fetched) for result in results)


def test_a_hundred_sources_at_once_with_many_hosts_are_all_answered(origin: Origin) -> None:
    origin.play("/feed.xml", conditional(feed("a")))
    claimed = [
        (local(f"http://127.0.0.{n % 50 + 1}:{origin.port}/feed.xml?{n}", name=f"s{n}"), SourceState(name=f"s{n}"))
        for n in range(300)
    ]
    results = [result for _source, result in fetching.fetch(claimed, clock=SystemClock(), manners=QUICK)]
    assert len(results) == 300


def test_a_host_that_says_429_is_spared_the_rest_of_the_round(origin: Origin) -> None:
    throttled = origin.play("/a", answer("429 Too Many Requests", Retry_After="3600"))
    spared = [origin.play(f"/b{number}", answer(body=feed("b"))) for number in range(5)]
    one_by_one = http.Manners(per_host=PerHost(connections=1, spacing=timedelta(0)))
    claimed = [(local(url, name=url), SourceState(name=url)) for url in (throttled, *spared)]
    results = {each.url: result for each, result in fetching.fetch(claimed, clock=SystemClock(), manners=one_by_one)}
    assert isinstance(results[throttled], FetchFailed)
    assert all(isinstance(results[url], Postponed) for url in spared)
    assert [request.path for request in origin.requests] == ["/a"]


def test_a_host_that_said_429_is_spared_what_is_added_later(origin: Origin) -> None:
    running = fetching.Fetching(clock=SystemClock(), manners=QUICK)
    one, other = (
        local(origin.play(f"/{n}", answer("429 Too Many Requests", Retry_After="60")), name=f"s{n}") for n in "ab"
    )
    running.add([(one, SourceState(name=one.name))])
    results = (each for each in running.results() if each)
    assert isinstance(next(results)[1], FetchFailed)
    running.add([(other, SourceState(name=other.name))])
    assert isinstance(next(results)[1], Postponed)
    running.close()
    assert list(results) == []
    assert [request.path for request in origin.requests] == ["/a"]


def test_a_host_that_said_429_is_spared_what_redirects_to_it(origin: Origin) -> None:
    origin.play("/busy", answer("429 Too Many Requests", Retry_After="60"))
    busy = f"http://busy.localhost:{origin.port}/busy"  # which libcurl takes for this machine, whatever its name
    origin.play("/a", answer("302 Found", Location=busy))
    origin.play("/b", answer("302 Found", Location=busy))
    one, other = (local(f"http://{path}.localhost:{origin.port}/{path}", name=path) for path in "ab")
    running = fetching.Fetching(clock=SystemClock(), manners=QUICK)
    running.add([(one, SourceState(name=one.name))])
    results = (each for each in running.results() if each)
    assert isinstance(next(results)[1], FetchFailed)
    running.add([(other, SourceState(name=other.name))])
    assert next(results)[1] == Postponed(was_asked=True)
    running.close()
    assert list(results) == []
    assert [request.path for request in origin.requests] == ["/a", "/busy", "/b"]
