"""The daemon's endless stream of refreshes: under new settings, in trouble, and to its end."""

from __future__ import annotations

import multiprocessing
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

import deadly
from builders import MONDAY
from clocks import WebClock
from feeds.pipeline import reading, refreshing, streaming
from feeds.records import Body, Fetched
from origin import answer, conditional, feed
from river import PATIENCE, flowing, until
from storage import open_store
from web_mill import WebMill, read, states, titles, whole_second


@pytest.fixture
def mill(tmp_path) -> Iterator[WebMill]:
    one = WebMill(tmp_path, WebClock(), open_store(f"sqlite:///{tmp_path}/feedmill.db?timeout=0.2"))
    yield one
    one.store.close()


@contextmanager
def locked(mill: WebMill) -> Iterator[None]:
    with closing(sqlite3.connect(mill.folder / "feedmill.db", timeout=PATIENCE, isolation_level=None)) as db:
        db.execute("BEGIN EXCLUSIVE")
        yield
        db.execute("ROLLBACK")


def test_sources_are_added_as_they_fall_due_and_none_at_work_is_added_twice(mill, origin):
    read(
        mill,
        gazette=origin.play("/feed.xml", conditional(feed("a"))),
        slow=origin.play("/slow", lambda _request: origin.stopping.wait(PATIENCE) and b""),
    )
    with flowing(mill) as river:
        river.tick()
        until(lambda: river.saw("gazette") == ["fetched"])
        river.tick()
        mill.clock.moment = whole_second(states(mill)["gazette"].next_fetch_at)
        river.tick()
        until(lambda: river.saw("gazette") == ["fetched", "unchanged"])
    assert len(origin.asked("/slow")) == 1
    assert titles(mill, "gazette") == {"a"}


def test_what_a_hub_sends_while_its_source_is_found_due_is_read_and_breaks_nothing_off(mill, origin, monkeypatch):
    def play(_request):
        time.sleep(2)
        return answer(body=feed("asked"))

    read(mill, gazette=origin.play("/feed.xml", play))
    sent = Fetched(bodies=(Body(content=feed("sent"), url=origin.url()),), is_pushed=True)
    claim = streaming.claim

    def while_something_is_sent(*arguments, **named):
        river.stream.inbox.put(mill.settings.sources[0], sent)
        until(lambda: "gazette" in river.stream._refreshing.at_work)
        return claim(*arguments, **named)

    monkeypatch.setattr(streaming, "claim", while_something_is_sent)
    with flowing(mill) as river:
        river.tick()
        until(lambda: river.saw("gazette"))
        monkeypatch.undo()
        river.tick()
        until(lambda: len(river.saw("gazette")) == 2)
        assert river.stream.problem == ""
    assert titles(mill, "gazette") == {"asked", "sent"}
    assert len(origin.asked()) == 1


def test_a_source_that_falls_due_while_what_its_hub_sent_is_claimed_breaks_nothing_off(mill, origin, monkeypatch):
    read(mill, gazette=origin.play("/feed.xml", conditional(feed("asked"))))
    sent = Fetched(bodies=(Body(content=feed("sent"), url=origin.url()),), is_pushed=True)
    claim = refreshing.claim_pushed

    def while_a_tick_comes(*arguments, **named):
        river.tick()
        return claim(*arguments, **named)

    with flowing(mill) as river:
        river.tick()
        until(lambda: river.saw("gazette") == ["fetched"])
        origin.play("/feed.xml", conditional(feed("asked", "again"), etag='"two"'))
        monkeypatch.setattr(refreshing, "claim_pushed", while_a_tick_comes)
        mill.clock.moment = whole_second(states(mill)["gazette"].next_fetch_at)
        river.stream.inbox.put(mill.settings.sources[0], sent)
        until(lambda: len(river.saw("gazette")) == 2)
        monkeypatch.undo()
        assert len(origin.asked()) == 1  # it is free again: an answer that came now would be nobody's
        until(lambda: river.tick() or len(river.saw("gazette")) == 3)
        assert river.stream.problem == ""
    assert titles(mill, "gazette") == {"asked", "sent", "again"}


def test_what_hangs_under_old_settings_is_broken_off_and_the_new_ones_are_followed(mill, origin, monkeypatch):
    monkeypatch.setattr(streaming, "DRAIN", 0.2)
    slow = origin.play("/slow", lambda _request: origin.stopping.wait(PATIENCE) and b"")
    read(mill, slow=slow)
    with flowing(mill) as river:
        river.tick()
        until(lambda: origin.asked("/slow"))
        read(mill, gazette=origin.play("/feed.xml", answer(body=feed("a"))))
        river.adopt()
        until(lambda: river.stream.hurry() or river.tick() or river.saw("gazette"))
        assert river.stream.settings == mill.settings
    assert len(origin.asked("/slow")) == 1


def test_a_change_of_the_config_while_the_store_is_locked_loses_no_answer(mill, origin, monkeypatch):
    monkeypatch.setattr(streaming, "DRAIN", 0.0)
    read(mill, gazette=origin.play("/feed.xml", conditional(feed("a"))))
    with flowing(mill) as river:
        river.tick()
        until(lambda: river.saw("gazette") == ["fetched"])
        due = mill.clock.moment = whole_second(states(mill)["gazette"].next_fetch_at)
        river.tick()
        with locked(mill):
            until(lambda: river.saw("gazette") == ["fetched", "unchanged"])  # which is not written yet
            river.adopt()
            until(lambda: river.stream.problem)
            assert "database is locked" in river.stream.problem
            river.stream.hurry()
        until(lambda: states(mill)["gazette"].next_fetch_at > due)
        until(lambda: not river.stream.problem)
    assert len(origin.asked()) == 2


def test_it_begins_again_after_a_fault_and_says_what_is_wrong_meanwhile(mill, origin, monkeypatch):
    read(mill, gazette=origin.play("/feed.xml", conditional(feed("a"))))
    with flowing(mill) as river:
        river.tick()
        until(lambda: river.saw("gazette") == ["fetched"])
        with closing(sqlite3.connect(mill.folder / "feedmill.db")) as db:
            db.execute("ALTER TABLE articles RENAME TO away")
            mill.clock.moment = whole_second(states(mill)["gazette"].next_fetch_at)
            origin.play("/feed.xml", conditional(feed("a", "b"), etag='"two"'))
            river.tick()
            until(lambda: "no such table" in river.stream.problem)
            db.execute("ALTER TABLE away RENAME TO articles")
        until(lambda: river.tick() or river.saw("gazette") == ["fetched", "fetched"])
        assert river.stream.problem == ""
    assert titles(mill, "gazette") == {"a", "b"}


def test_a_document_that_is_read_for_ever_does_not_keep_it_from_ending(mill, origin, monkeypatch):
    monkeypatch.setattr(refreshing, "LAST_READS", 0.2)
    monkeypatch.setattr(reading, "read_apart", deadly.never_ends)
    read(mill, gazette=origin.play("/feed.xml", conditional(feed("a"))))
    with flowing(mill) as river:
        river.tick()
        until(multiprocessing.active_children)
        began_at = time.monotonic()
    assert time.monotonic() - began_at < PATIENCE
    assert river.saw("gazette") == []
    assert states(mill)["gazette"].failures == 0
    monkeypatch.undo()
    assert mill.refresh()["gazette"].new == 1  # it is due as before
    assert mill.clock.moment == MONDAY
