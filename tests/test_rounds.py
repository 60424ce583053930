"""Rounds over a local origin: what is asked, when, and what comes of it."""

from __future__ import annotations

import multiprocessing
import time
from datetime import timedelta
from functools import partial

import pytest

import deadly
from feeds import pipeline, workers
from feeds.fetching import timing
from feeds.fetching.politeness import PerHost
from feeds.pipeline import reading, refreshing
from feeds.records import SourceState, Validators, replace
from mill import Mill
from origin import Chunks, Origin, Request, answer, conditional, feed
from river import until
from storage import open_store, sources
from web_mill import WebMill, pass_time, read, states, statuses, titles, whole_second

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def mill(web_mill: WebMill) -> WebMill:
    return web_mill


def killed_while_reading(mill: Mill, name: str) -> None:
    """As a process leaves the store that was ended by a document."""
    pipeline.prepare(mill.store, mill.settings)
    with mill.store.begin() as db:
        sources.begin_reading(db, name)


# What can end us


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The sources that are read in a process of their own, as they are."""
    run: list[str] = []
    submit = workers.Workers.submit

    def noting(self, function, location, one, answer):
        run.append(one.source.name)
        return submit(self, function, location, one, answer)

    monkeypatch.setattr(workers.Workers, "submit", noting)
    return run


def test_a_document_that_ended_our_process_is_read_in_another_and_then_trusted_again(mill, origin, apart):
    read(
        mill,
        gazette=origin.play("/feed.xml", lambda _request: answer(body=feed(f"n{len(origin.requests)}"), ETag='"x"')),
    )
    killed_while_reading(mill, "gazette")
    assert (statuses(mill), titles(mill, "gazette")) == ({"gazette": "fetched"}, {"n1"})
    assert apart == ["gazette"]
    pass_time(mill)
    assert (statuses(mill), states(mill)["gazette"].attempts) == ({"gazette": "fetched"}, 0)
    assert apart == ["gazette"]


@pytest.mark.parametrize("ends", [deadly.exits, deadly.is_killed, deadly.eats_memory])
def test_a_document_that_ends_that_process_too_is_a_failure_in_words_and_stays_suspect(mill, origin, monkeypatch, ends):
    play = answer(body=feed("a"), ETag='"x"', Cache_Control="max-age=14400")
    read(mill, gazette=origin.play("/feed.xml", play), herald=origin.play("/herald", answer(body=feed("b"))))
    killed_while_reading(mill, "gazette")
    monkeypatch.setattr(reading, "read_apart", ends)
    gazette = mill.refresh("gazette")["gazette"]
    assert gazette.status == "failed"
    assert "please report it" in gazette.problem
    known = states(mill)["gazette"]
    assert (known.failures, known.attempts > 0, known.validators) == (1, True, Validators())
    assert known.next_fetch_at - mill.clock.moment >= 4 * HOUR  # its answer's max-age
    monkeypatch.undo()
    assert statuses(mill) == {"gazette": "waiting", "herald": "fetched"}
    pass_time(mill, "gazette")
    assert statuses(mill, "gazette") == {"gazette": "fetched"}


def test_a_suspect_that_ends_even_us_waits_before_it_is_read_again(mill, origin, monkeypatch):
    read(mill, gazette=origin.play("/feed.xml", answer(body=feed("a"))))
    killed_while_reading(mill, "gazette")

    class Killed(BaseException):
        pass

    def kill(*_arguments):
        raise Killed

    monkeypatch.setattr(workers.Workers, "submit", kill)
    with pytest.raises(Killed):
        mill.refresh()
    monkeypatch.undo()
    assert statuses(mill) == {"gazette": "waiting"}
    mill.clock.moment += HOUR
    assert statuses(mill) == {"gazette": "fetched"}


def test_a_suspect_that_a_broken_off_round_did_not_reach_stays_suspect(mill, origin):
    def waits(_request: Request) -> bytes:
        origin.stopping.wait(10)
        return answer(body=feed("a"))

    read(mill, gazette=origin.play("/feed.xml", waits), herald=origin.play("/herald", answer(body=feed("b"))))
    killed_while_reading(mill, "gazette")
    started = pipeline.start_round(mill.store, mill.settings, mill.settings.sources, clock=mill.clock)
    assert next(started.refreshes).source == "herald"
    started.refreshes.close()
    assert states(mill)["gazette"] == SourceState(name="gazette", attempts=1)


# One address


def test_two_sources_with_one_address_are_one_request_and_both_get_its_articles(mill, origin):
    url = origin.play("/feed.xml", conditional(feed("a", "b")))
    read(mill, gazette=url, twin=url)
    assert statuses(mill) == {"gazette": "fetched", "twin": "fetched"}
    assert len(origin.requests) == 1
    assert titles(mill, "gazette") == titles(mill, "twin") == {"a", "b"}


def test_two_sources_with_one_address_keep_to_one_clock(mill, origin):
    url = origin.play("/feed.xml", conditional(feed("a")))
    read(mill, gazette=url, twin=url)
    mill.refresh()
    earlier, later = sorted(known.next_fetch_at for known in states(mill).values())
    assert later - earlier > timedelta(seconds=1)
    mill.clock.moment = whole_second(earlier)
    assert set(statuses(mill).values()) == {"waiting"}
    mill.clock.moment = whole_second(later)
    assert set(statuses(mill).values()) == {"unchanged"}
    assert [request.headers.get("if-none-match") for request in origin.requests] == [None, '"one"']


def test_a_source_added_at_the_address_of_another_waits_for_its_time(mill, origin):
    url = origin.play("/feed.xml", conditional(feed("a")))
    read(mill, gazette=url)
    mill.refresh()
    read(mill, gazette=url, twin=url)
    mill.clock.moment += 30 * MINUTE
    assert set(statuses(mill).values()) == {"waiting"}
    pass_time(mill, "gazette")
    # The twin holds nothing yet: a 304 would tell it nothing.
    assert statuses(mill) == {"gazette": "unchanged", "twin": "fetched"}
    assert titles(mill, "twin") == {"a"}
    pass_time(mill)
    assert set(statuses(mill).values()) == {"unchanged"}
    assert [request.headers.get("if-none-match") for request in origin.requests] == [None, None, '"one"']


def test_sources_that_hold_different_documents_of_one_address_both_get_the_new_one(mill, origin):
    url = origin.play("/feed.xml", conditional(feed("a"), etag='"one"'))
    read(mill, gazette=url, twin=url)
    mill.refresh()
    origin.play("/feed.xml", conditional(feed("a", "b"), etag='"two"'))
    with mill.store.begin() as db:  # as if another process had asked for it alone
        sources.record(db, replace(states(mill)["twin"], validators=Validators(etag='"two"'), body_digest="other"))
    pass_time(mill)
    assert statuses(mill) == {"gazette": "fetched", "twin": "fetched"}
    assert titles(mill, "gazette") == titles(mill, "twin") == {"a", "b"}
    assert {known.validators.etag for known in states(mill).values()} == {'"two"'}


# One host


def throttled(mill: WebMill, origin: Origin, count: int = 8, **headers: str) -> None:
    origin.play("/0", answer("429 Too Many Requests", **headers))
    paths = {f"s{n}": origin.url(f"/{n}") for n in range(count)}
    for n in range(1, count):
        origin.play(f"/{n}", conditional(feed(f"a{n}")))
    read(mill, **paths)
    mill.per_host = PerHost(connections=1, spacing=timedelta(0))


def test_a_429_holds_all_sources_of_its_host_until_its_time_is_over(mill, origin):
    throttled(mill, origin, Retry_After="7200")
    assert statuses(mill) == {"s0": "failed"} | {f"s{n}": "waiting" for n in range(1, 8)}
    mill.clock.moment += 2 * HOUR - timedelta(seconds=1)
    assert set(statuses(mill).values()) == {"waiting"}
    assert len(origin.requests) == 1
    origin.play("/0", answer(body=feed("a0")))
    mill.clock.moment += timedelta(seconds=1)
    assert statuses(mill) == {"s0": "waiting"} | {f"s{n}": "fetched" for n in range(1, 8)}  # s0 by its own spread


def test_a_held_host_holds_no_other(mill, origin):
    throttled(mill, origin, count=2)
    elsewhere = origin.play("/elsewhere", answer(body=feed("b"))).replace("127.0.0.1", "localhost")
    mill.refresh()
    mill.text += f"  - {{name: elsewhere, url: '{elsewhere}'}}\n"
    assert statuses(mill) == {"s0": "waiting", "s1": "waiting", "elsewhere": "fetched"}


def test_one_429_for_several_sources_of_an_address_is_one_strike(mill, origin):
    url = origin.play("/feed.xml", answer("429 Too Many Requests"))
    read(mill, **{f"s{n}": url for n in range(4)})
    assert set(statuses(mill).values()) == {"failed"}
    with mill.store.read() as db:
        assert sources.held_hosts(db) == {"127.0.0.1": (1, mill.clock.moment + HOUR)}


# By hand


def test_force_asks_what_waits_and_not_what_is_gone_and_revive_asks_even_that(mill, origin):
    read(
        mill,
        gazette=origin.play("/feed.xml", conditional(feed("a"))),
        gone=origin.play("/gone", answer("410 Gone")),
    )
    mill.refresh()
    assert statuses(mill) == {"gazette": "waiting", "gone": "waiting"}
    assert statuses(mill, force=True) == {"gazette": "unchanged", "gone": "waiting"}
    mill.clock.moment += 1000 * DAY
    assert statuses(mill) == {"gazette": "unchanged", "gone": "waiting"}
    assert len(origin.asked("/gone")) == 1
    origin.play("/gone", answer(body=feed("b")))
    assert statuses(mill, "gone", force=True, revive=True) == {"gone": "fetched"}
    pass_time(mill)
    assert statuses(mill, "gone") == {"gone": "unchanged"}


def test_force_overrules_the_patience_of_a_host(mill, origin):
    throttled(mill, origin, count=2, Retry_After="7200")
    mill.refresh()
    assert statuses(mill, "s1", force=True) == {"s1": "fetched"}


def test_a_parked_source_is_not_asked_though_another_of_its_address_is(mill, origin):
    url = origin.play("/feed.xml", answer("404 Not Found"))
    read(mill, gazette=url)
    for _ in range(timing.PARK_AFTER):
        mill.refresh()
        pass_time(mill)
    origin.play("/feed.xml", conditional(feed("a")))
    read(mill, gazette=url, twin=url)
    mill.clock.moment += DAY
    assert statuses(mill) == {"gazette": "waiting", "twin": "fetched"}
    assert states(mill)["gazette"].standing == "parked"


# What is stored


CUT = feed("a", "b").partition(b"<entry><id>tag:gazette.example,2026:b")[0]


def test_a_304_and_an_equal_body_keep_telling_that_a_document_is_cut(mill, origin):
    read(mill, gazette=origin.play("/feed.xml", conditional(CUT)))
    first = mill.refresh()["gazette"]
    assert (first.status, first.new, first.problem != "") == ("fetched", 1, True)
    for play in (conditional(CUT), answer(body=CUT, ETag='"two"')):
        origin.play("/feed.xml", play)
        pass_time(mill)
        again = mill.refresh()["gazette"]
        assert (again.status, again.problem) == ("unchanged", first.problem)
    origin.play("/feed.xml", answer(body=feed("a", "b"), ETag='"three"'))
    pass_time(mill)
    assert mill.refresh()["gazette"].problem == ""


def test_a_document_that_is_cut_before_its_first_whole_entry_is_a_failure(mill, origin):
    head = CUT.partition(b"<entry>")[0]
    read(mill, gazette=origin.play("/feed.xml", conditional(head + b"<entry><title>a")))
    gazette = mill.refresh()["gazette"]
    assert (gazette.status, states(mill)["gazette"].validators) == ("failed", Validators())
    assert gazette.problem.startswith("cut off")
    origin.play("/feed.xml", conditional(feed()))  # whole, though it has none
    pass_time(mill)
    assert statuses(mill) == {"gazette": "fetched"}


def test_an_answer_that_broke_off_unnoticed_is_a_failure_whose_validators_are_not_believed(mill, origin):
    def breaks_off(_request: Request) -> Chunks:
        yield b'HTTP/1.1 200 OK\r\nContent-Type: application/atom+xml\r\nETag: "cut"\r\nConnection: close\r\n\r\n' + CUT

    read(mill, gazette=origin.play("/feed.xml", breaks_off))
    gazette = mill.refresh()["gazette"]
    assert (gazette.status, gazette.problem) == ("failed", "the answer broke off before its end")
    assert (states(mill)["gazette"].validators, titles(mill, "gazette")) == (Validators(), set())
    origin.play("/feed.xml", lambda _request: iter([b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + feed("a", "b")]))
    pass_time(mill)
    assert statuses(mill) == {"gazette": "fetched"}
    assert titles(mill, "gazette") == {"a", "b"}


def test_the_validators_of_a_page_that_is_no_feed_are_not_believed(mill, origin):
    read(mill, gazette=origin.play("/feed.xml", conditional(feed("a"))))
    mill.refresh()
    origin.play("/feed.xml", answer(body=b"<html><body>Log in</body></html>", ETag='"page"'))
    pass_time(mill)
    assert statuses(mill) == {"gazette": "failed"}
    assert states(mill)["gazette"].validators.etag == '"one"'


def test_what_was_unchanged_is_stored_though_the_round_is_broken_off(mill, origin):
    read(mill, **{f"s{n}": origin.play(f"/{n}", conditional(feed("a"))) for n in range(9)})
    mill.refresh()
    pass_time(mill)
    started = pipeline.start_round(mill.store, mill.settings, mill.settings.sources, clock=mill.clock)
    done = {next(started.refreshes).source for _ in range(5)}
    started.refreshes.close()
    fresh = {name for name, known in states(mill).items() if known.last_fetch_at == mill.clock.moment}
    assert fresh >= done  # and what else had been answered by then
    rest = {name for name, status in statuses(mill).items() if status == "unchanged"}
    assert not rest & done


def test_what_was_answered_is_stored_though_ctrl_c_comes_while_something_else_is(mill, origin, monkeypatch):
    read(mill, **{f"s{n}": origin.play(f"/{n}", answer(body=feed(f"a{n}"))) for n in range(5)})
    store_read = refreshing.storing.store_read

    def interrupted(*arguments, **named):
        monkeypatch.setattr(refreshing.storing, "store_read", store_read)
        until(lambda: len(origin.requests) == 5)
        time.sleep(0.2)  # their answers are on their way
        raise KeyboardInterrupt

    monkeypatch.setattr(refreshing.storing, "store_read", interrupted)
    with pytest.raises(KeyboardInterrupt):
        mill.refresh()
    assert sorted(len(titles(mill, f"s{n}")) for n in range(5)) == [0, 1, 1, 1, 1]


def test_a_whole_round_is_one_clock_for_whoever_asks_next(mill, origin):
    read(mill, **{f"s{n}": origin.play(f"/{n}", conditional(feed("a"))) for n in range(3)})
    mill.refresh()
    mill.store.close()
    mill.store = open_store(f"sqlite:///{mill.folder}/feedmill.db")
    mill.clock.moment += 59 * MINUTE
    assert set(statuses(mill).values()) == {"waiting"}
    assert len(origin.requests) == 3


def test_a_permanent_redirect_is_asked_directly_once_it_is_proven(mill, origin):
    origin.play("/new", conditional(feed("a")))
    read(mill, gazette=origin.play("/feed.xml", answer("301 Moved Permanently", Location="/new")))
    mill.refresh()
    since = mill.clock.moment
    while mill.clock.moment < since + timing.PROVEN_AFTER:
        pass_time(mill)
        assert statuses(mill) == {"gazette": "unchanged"}
    asked = len(origin.asked())
    pass_time(mill)
    assert statuses(mill) == {"gazette": "unchanged"}
    assert (len(origin.asked()), origin.requests[-1].path) == (asked, "/new")


def test_what_never_ends_is_told_in_words(mill, origin, monkeypatch):
    read(mill, gazette=origin.play("/feed.xml", answer(body=feed("a"))))
    killed_while_reading(mill, "gazette")
    monkeypatch.setattr("feeds.pipeline.apart.Workers", partial(workers.Workers, seconds=3))
    monkeypatch.setattr(reading, "read_apart", deadly.never_ends)
    assert "took more than 3 s" in mill.refresh("gazette")["gazette"].problem
    assert states(mill)["gazette"].attempts > 0


def test_a_large_round_is_read_in_other_processes_and_comes_to_the_same(mill, origin, apart, monkeypatch):
    read(mill, **{f"s{n}": origin.play(f"/{n}", answer(body=feed(f"a{n}", f"b{n}"))) for n in range(12)})
    monkeypatch.setattr(refreshing, "FEW", 4)
    assert set(statuses(mill).values()) == {"fetched"}
    assert len(apart) == 8
    for n in range(12):
        assert titles(mill, f"s{n}") == {f"a{n}", f"b{n}"}
    assert multiprocessing.active_children() == []


def test_a_worker_that_dies_costs_the_one_source_it_was_reading(mill, origin, monkeypatch):
    read(mill, **{f"s{n}": origin.play(f"/{n}", answer(body=feed(f"a{n}"))) for n in range(6)})
    monkeypatch.setattr(refreshing, "FEW", 0)
    monkeypatch.setattr(reading, "read_apart", deadly.reads_all_but("s3"))
    done = mill.refresh()
    assert {name for name, refresh in done.items() if refresh.status == "failed"} == {"s3"}
    assert "ends the process" in done["s3"].problem
    assert states(mill)["s3"].attempts == 1
    assert titles(mill, "s5") == {"a5"}
