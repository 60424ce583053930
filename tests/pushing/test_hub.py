"""Our hub: what it takes, what it refuses, and that whoever subscribes means it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from feeds.pipeline.pushing import hub as hubs
from feeds.pipeline.pushing.hub import Hub
from station import Asked, Told
from storage import subscribers

TOPIC = "https://mill.example/atom.xml"
DAY = timedelta(days=1)


@pytest.fixture
def hub(mill) -> Hub:
    return Hub(mill.store, clock=mill.clock, draw=mill.draw)


def wish(hub, mill, station, **fields):
    form = {"mode": "subscribe", "topic": TOPIC, "callback": station.url("/callback?mine=1")} | fields
    return hub.wish(mill.settings, {f"hub.{name}": value for name, value in form.items() if value is not None})


def known(mill) -> list[subscribers.Subscriber]:
    with mill.store.begin() as db:
        subscribers.announce(db, [TOPIC])
    with mill.store.read() as db:
        return list(subscribers.due(db, now=mill.clock.now(), limit=10))


def test_whoever_means_it_is_subscribed_for_the_time_that_was_agreed(hub, mill, station):
    assert wish(hub, mill, station, secret="stone", lease_seconds="864000").status == 202
    assert known(mill) == []
    hub.verify(mill.post, mill.settings)
    assert station.all[0].query == {
        "mine": "1",
        "hub.mode": "subscribe",
        "hub.topic": TOPIC,
        "hub.challenge": "drawn-0",
        "hub.lease_seconds": "864000",
    }
    (one,) = known(mill)
    assert (one.callback, one.secret) == (station.url("/callback?mine=1"), "stone")
    assert one.until == mill.clock.now() + 10 * DAY


@pytest.mark.parametrize(
    "told",
    [
        Told(404, b"drawn-0"),
        Told(302, b"drawn-0", {"Location": "/callback"}),
        Told(200, b"drawn-0\n"),
        Told(200, b"drawn"),
        Told(200, b""),
        Told(200, b"drawn-0" * 1000),
    ],
    ids=["404", "redirect", "longer", "shorter", "empty", "long"],
)
def test_who_does_not_repeat_the_challenge_exactly_is_not_subscribed(hub, mill, station, told):
    station.plays["/callback"] = lambda _asked: told
    wish(hub, mill, station)
    hub.verify(mill.post, mill.settings)
    assert len(station.all) == 1
    assert known(mill) == []


def test_whoever_wants_to_leave_is_asked_whether_he_means_that_too(hub, mill, station):
    wish(hub, mill, station)
    hub.verify(mill.post, mill.settings)
    station.plays["/callback"] = lambda _asked: Told(404)
    assert wish(hub, mill, station, mode="unsubscribe").status == 202
    hub.verify(mill.post, mill.settings)
    assert len(known(mill)) == 1
    del station.plays["/callback"]
    wish(hub, mill, station, mode="unsubscribe")
    hub.verify(mill.post, mill.settings)
    assert "hub.lease_seconds" not in station.all[-1].query
    assert known(mill) == []


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        (None, 10 * DAY),
        ("1", timedelta(minutes=5)),
        ("9" * 30, 30 * DAY),
        ("86400", DAY),
        ("0" * 20 + "86400", DAY),
        ("000", timedelta(minutes=5)),
    ],
)
def test_leases_are_bounded(hub, mill, station, asked, granted):
    wish(hub, mill, station, lease_seconds=asked)
    hub.verify(mill.post, mill.settings)
    assert known(mill)[0].until - mill.clock.now() == granted


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"mode": None}, 400),
        ({"mode": "denied"}, 400),
        ({"mode": "publish"}, 403),
        ({"topic": None}, 404),
        ({"topic": "https://mill.example/"}, 404),
        ({"topic": "https://mill.example/nowhere/atom.xml"}, 404),
        ({"topic": "https://elsewhere.example/atom.xml"}, 404),
        ({"topic": "file:///etc/passwd"}, 404),
        ({"callback": None}, 400),
        ({"callback": "callback"}, 400),
        ({"callback": "ftp://reader.example/"}, 400),
        ({"callback": "javascript:alert(1)"}, 400),
        ({"callback": "https://user:word@reader.example/"}, 400),
        ({"callback": "https://reader.example/#part"}, 400),
        ({"callback": "https://reader.example/\r\nX: y"}, 400),
        ({"callback": "https://reader.example:99999/"}, 400),
        ({"callback": "https://[::1"}, 400),
        ({"callback": "https://reader.example/" + "x" * 2000}, 400),
        ({"secret": "x" * 200}, 400),
        ({"secret": "ü" * 100}, 400),
        ({"secret": "\0"}, 400),
        ({"lease_seconds": "soon"}, 400),
        ({"lease_seconds": "-1"}, 400),
        ({"lease_seconds": "١"}, 400),
    ],
)
def test_malformed_requests_are_refused_in_plain_words(hub, mill, station, fields, status):
    verdict = wish(hub, mill, station, **fields)
    assert verdict.status == status
    assert "word@" not in verdict.words
    hub.verify(mill.post, mill.settings)
    assert station.all == []


@pytest.mark.parametrize(
    "callback",
    ["http://127.0.0.1/", "http://localhost:1/", "http://x.localhost/", "http://[::1]/", "http://10.1.2.3/",
     "http://169.254.169.254/latest/", "http://[::ffff:127.0.0.1]/", "http://192.168.1.1:8080/"],
)  # fmt: skip
def test_callbacks_at_private_addresses_are_refused_at_once(hub, mill, station, callback):
    mill.private = "false"
    assert wish(hub, mill, station, callback=callback).status == 400


def test_what_a_name_leads_to_is_guarded_when_it_is_connected_to(hub, mill, station):
    wish(hub, mill, station)
    mill.private = "false"
    hub.verify(mill.post, mill.settings)
    assert station.all == []
    assert known(mill) == []


def test_a_host_has_so_many_subscribers_and_all_together_so_many(hub, mill, station, monkeypatch):
    def status(name: str) -> int:
        return wish(hub, mill, station, callback=f"http://{name}").status

    monkeypatch.setattr(hubs, "MOST_AT_HOST", 2)
    with mill.store.begin() as db:
        for number in range(2):
            put = {"topic": TOPIC, "callback": f"http://reader.example/{number}", "secret": ""}
            subscribers.put(db, **put, until=mill.clock.now() + DAY)
    assert status("reader.example/9") == 503
    assert status("reader.example/1") == 202  # who is known already renews his lease
    assert status("other.example/") == 202
    monkeypatch.setattr(hubs, "MOST", 2)
    assert status("third.example/") == 503


def test_only_so_many_wait_to_be_asked_and_who_was_not_got_round_to_waits_on(hub, mill, station, monkeypatch):
    monkeypatch.setattr(hubs, "MOST_PENDING", 2)
    statuses = [wish(hub, mill, station, callback=station.url(f"/{number}")).status for number in (1, 2, 2, 3)]
    assert statuses == [202, 202, 202, 503]
    hub.verify(mill.post.__class__(user_agent="", clock=mill.clock, until=0.0), mill.settings)
    assert station.all == []
    hub.verify(mill.post, mill.settings)
    assert {asked.path for asked in station.all} == {"/1", "/2"}


def test_who_wishes_while_others_are_asked_is_asked_next(hub, mill, station):
    def play(asked: Asked) -> Told:
        wish(hub, mill, station, callback=station.url("/late"))
        return Told(body=asked.query["hub.challenge"].encode())

    station.plays["/callback"] = play
    wish(hub, mill, station)
    hub.verify(mill.post, mill.settings)
    assert not station.asked("/late")
    hub.verify(mill.post, mill.settings)
    assert len(known(mill)) == 2


def test_one_host_does_not_keep_the_others_waiting(hub, mill, station, monkeypatch):
    def statuses(*callbacks: str) -> list[int]:
        return [wish(hub, mill, station, callback=each).status for each in callbacks]

    monkeypatch.setattr(hubs, "MOST_PENDING_AT_HOST", 2)
    one, two, three, four = (station.url(f"/{number}") for number in range(4))
    assert statuses(one, two, two, three) == [202, 202, 202, 503]
    hub.verify(mill.post, mill.settings)
    assert statuses(three, four, one, "http://other.example/") == [202, 202, 503, 202]


def test_who_is_being_asked_counts_as_waiting(hub, mill, station, monkeypatch):
    monkeypatch.setattr(hubs, "MOST_PENDING_AT_HOST", 1)
    statuses = []

    def play(asked: Asked) -> Told:
        statuses.append(wish(hub, mill, station, callback=station.url("/late")).status)
        return Told(body=asked.query["hub.challenge"].encode())

    station.plays["/callback"] = play
    wish(hub, mill, station)
    hub.verify(mill.post, mill.settings)
    assert statuses == [503]
    assert len(known(mill)) == 1
