"""Deliveries to the subscribers of our hub."""

from __future__ import annotations

from datetime import timedelta

import pytest

from feeds.pipeline.pushing import delivering
from feeds.pipeline.pushing.delivering import WAITS, deliver
from feeds.publishing import websub
from feeds.records import replace
from station import PATIENCE, Asked, Told
from storage import subscribers

DAY = timedelta(days=1)


def subscribe(mill, station, topic: str, path: str = "/callback", secret: str = "stone") -> None:
    with mill.store.begin() as db:
        until = mill.clock.now() + 30 * DAY
        subscribers.put(db, topic=topic, callback=station.url(path), secret=secret, until=until)


def publish(mill, content: bytes, name: str = "atom.xml") -> str:
    topic = mill.put(content, name)
    with mill.store.begin() as db:
        subscribers.announce(db, [topic])
    return topic


def run(mill, **how) -> None:
    deliver(mill.store, mill.settings, replace(mill.post, **how), clock=mill.clock)


def of(mill, station, topic: str, path: str = "/callback") -> subscribers.Subscriber | None:
    with mill.store.read() as db:
        return subscribers.of(db, topic=topic, callback=station.url(path))


def test_a_document_is_delivered_once_signed_and_named(mill, station):
    topic = publish(mill, b"<feed/>")
    subscribe(mill, station, topic)
    subscribe(mill, station, topic, "/trusting", secret="")
    run(mill)
    assert station.all == []
    publish(mill, b"<feed>1</feed>")
    run(mill)
    run(mill)
    (asked,) = station.asked()
    assert asked.body == b"<feed>1</feed>"
    assert asked.headers["x-hub-signature"] == websub.signature("stone", asked.body)
    assert asked.headers["link"] == f'<https://mill.example/hub>; rel="hub", <{topic}>; rel="self"'
    assert asked.headers["content-type"] == "application/atom+xml; charset=utf-8"
    (trusting,) = station.asked("/trusting")
    assert "x-hub-signature" not in trusting.headers


def test_the_same_document_is_never_delivered_twice_in_a_row(mill, station):
    topic = publish(mill, b"1")
    subscribe(mill, station, topic)
    for content in (b"1", b"1", b"2", b"2", b"1"):
        publish(mill, content)
        run(mill)
    assert [asked.body for asked in station.asked()] == [b"1", b"2", b"1"]


def test_who_fails_is_tried_again_ever_later_and_dropped_in_the_end(mill, station):
    station.plays["/callback"] = lambda _asked: Told(500)
    topic = publish(mill, b"1")
    subscribe(mill, station, topic)
    publish(mill, b"2")
    began_at = mill.clock.moment
    for number, wait in enumerate(WAITS, 1):
        run(mill)
        one = of(mill, station, topic)
        assert (one.failures, one.next_attempt_at) == (number, mill.clock.now() + wait)
        mill.clock.moment += wait - timedelta(seconds=1)
        run(mill)
        assert len(station.all) == number
        mill.clock.moment += timedelta(seconds=1)
    assert timedelta(days=4) < mill.clock.moment - began_at < timedelta(days=6)
    run(mill)
    assert of(mill, station, topic) is None


def test_who_recovers_gets_the_latest_and_is_trusted_again(mill, station):
    station.plays["/callback"] = lambda _asked: Told(503)
    topic = publish(mill, b"1")
    subscribe(mill, station, topic)
    publish(mill, b"2")
    run(mill)
    publish(mill, b"3")
    run(mill)
    assert len(station.all) == 1
    del station.plays["/callback"]
    mill.clock.moment += WAITS[0]
    run(mill)
    assert station.all[-1].body == b"3"
    one = of(mill, station, topic)
    assert (one.failures, one.next_attempt_at) == (0, None)


def test_410_ends_it(mill, station):
    station.plays["/callback"] = lambda _asked: Told(410)
    topic = publish(mill, b"1")
    subscribe(mill, station, topic)
    publish(mill, b"2")
    run(mill)
    assert of(mill, station, topic) is None


def test_what_is_published_while_a_delivery_is_under_way_is_delivered_next(mill, station):
    topic = publish(mill, b"1")
    subscribe(mill, station, topic)
    publish(mill, b"2")

    def play(asked: Asked) -> Told:
        if asked.body == b"2":
            publish(mill, b"3")  # its announcement finds the subscriber waiting already
        return Told()

    station.plays["/callback"] = play
    run(mill)
    run(mill)
    assert [asked.body for asked in station.all] == [b"2", b"3"]


def test_a_slow_one_costs_the_others_nothing(mill, station):
    station.plays["/slow"] = lambda _asked: Told(200 if station.stopping.wait(PATIENCE) else 500)
    topic = publish(mill, b"1")
    for path in ("/slow", "/callback"):
        subscribe(mill, station, topic, path)
    publish(mill, b"2")
    run(mill, seconds=0.5)
    assert len(station.asked()) == 1
    assert of(mill, station, topic).failures == 0
    assert of(mill, station, topic, "/slow").failures == 1


def test_whose_lease_is_over_gets_nothing_more(mill, station):
    topic = publish(mill, b"1")
    subscribe(mill, station, topic)
    publish(mill, b"2")
    mill.clock.moment += 30 * DAY
    run(mill)
    assert station.all == []
    assert of(mill, station, topic) is None


def test_a_feed_that_is_no_more_is_not_delivered(mill, station):
    topic = "https://mill.example/gone/atom.xml"
    subscribe(mill, station, topic)
    publish(mill, b"1", "gone/atom.xml")
    run(mill)
    assert station.all == []
    assert of(mill, station, topic) is None


def test_a_private_callback_is_not_connected_to(mill, station):
    topic = publish(mill, b"1")
    subscribe(mill, station, topic)
    publish(mill, b"2")
    mill.private = "false"
    run(mill)
    assert station.all == []
    assert of(mill, station, topic).failures == 1


@pytest.mark.parametrize("batch", [1, 2, 100])
def test_all_of_many_get_it_in_batches(mill, station, monkeypatch, batch):
    monkeypatch.setattr(delivering, "BATCH", batch)
    topic = publish(mill, b"1")
    for number in range(5):
        subscribe(mill, station, topic, f"/{number}")
    publish(mill, b"2")
    run(mill)
    assert sorted(asked.path for asked in station.all) == [f"/{number}" for number in range(5)]


def test_what_is_published_while_nothing_new_was_found_is_delivered_next(mill, station):
    """Between the look at the file and the note that there was nothing to do."""
    topic = publish(mill, b"1")
    for path in ("/callback", "/late"):
        subscribe(mill, station, topic, path)
    publish(mill, b"1")
    run(mill)
    publish(mill, b"1")
    with mill.store.read() as db:
        due = subscribers.due(db, now=mill.clock.now(), limit=10)
    known = delivering.topics(mill.store, mill.settings)
    documents = delivering._documents(known, [topic])
    publish(mill, b"2")  # its announcement finds them waiting already
    delivering._pass_over(mill.store, due, known, documents, mill.clock)
    run(mill)
    assert [asked.body for asked in station.asked()] == [b"1", b"2"]
    assert [asked.body for asked in station.asked("/late")] == [b"1", b"2"]


def test_a_feed_that_was_not_there_and_is_written_meanwhile_is_delivered_next(mill, station):
    topic = "https://mill.example/atom.xml"
    subscribe(mill, station, topic)
    with mill.store.begin() as db:
        subscribers.announce(db, [topic])
        (one,) = subscribers.due(db, now=mill.clock.now(), limit=10)
    publish(mill, b"1")
    delivering._pass_over(mill.store, [one], delivering.topics(mill.store, mill.settings), {}, mill.clock)
    run(mill)
    assert [asked.body for asked in station.asked()] == [b"1"]


def test_a_feed_that_cannot_be_read_keeps_nobody_busy_and_is_delivered_once_it_can(mill, station, monkeypatch):
    monkeypatch.setattr(delivering, "BATCH", 2)
    topic = publish(mill, b"1")
    for number in range(3):
        subscribe(mill, station, topic, f"/{number}")
    publish(mill, b"2")
    file = mill.settings.output / "atom.xml"
    file.rename(file.with_suffix(".away"))
    file.mkdir()
    run(mill)
    assert station.all == []
    file.rmdir()
    file.with_suffix(".away").rename(file)
    run(mill)
    assert sorted(asked.path for asked in station.all) == ["/0", "/1", "/2"]


def test_who_renews_is_tried_again_at_once_and_gets_what_he_lacks(mill, station):
    station.plays["/callback"] = lambda _asked: Told(500)
    topic = publish(mill, b"1")
    subscribe(mill, station, topic)
    publish(mill, b"2")
    run(mill)
    del station.plays["/callback"]
    subscribe(mill, station, topic)
    assert of(mill, station, topic).failures == 0
    run(mill)
    assert [asked.body for asked in station.asked()] == [b"2", b"2"]
    subscribe(mill, station, topic)
    run(mill)
    assert len(station.all) == 2
