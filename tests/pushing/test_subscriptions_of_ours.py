"""Our subscriptions at the hubs that sources name."""

from __future__ import annotations

from datetime import timedelta

import pytest

from feeds.pipeline import prepare
from feeds.pipeline.pushing import subscribing
from feeds.pipeline.pushing.subscribing import DENIED, LEASE, MOST_LEAVING, WAITS
from feeds.records import replace
from station import Asked, Told
from storage import subscriptions

TOPIC = "https://web.example/feed.xml"
SOURCE = f"sources: [{{name: web, url: '{TOPIC}'}}]"
DAY = timedelta(days=1)


@pytest.fixture
def mill(mill, station):
    """With a source that names the station's hub."""
    mill.more = SOURCE
    prepare(mill.store, mill.settings)
    with mill.store.begin() as db:
        subscriptions.note(db, {"web": (station.url("/hub"), TOPIC)}, draw=mill.draw)
    return mill


def one(mill) -> subscriptions.Subscribed | None:
    with mill.store.read() as db:
        return subscriptions.of_source(db, "web")


def ask(mill) -> None:
    subscribing.work(mill.store, mill.settings, mill.post, now=mill.clock.now())


def confirm(mill, mode: str = "subscribe", **fields: str) -> str | None:
    form = {"hub.mode": mode, "hub.topic": TOPIC, "hub.challenge": "say this"}
    form |= {f"hub.{name}": value for name, value in fields.items()}
    return subscribing.confirm(mill.store, "drawn-0", form, now=mill.clock.now())


def is_working(mill) -> bool:
    with mill.store.read() as db:
        return subscriptions.working(db, now=mill.clock.now()) == {"web"}


def test_a_hub_is_asked_with_a_secret_and_an_address_that_nobody_can_guess(mill, station):
    ask(mill)
    (asked,) = station.all
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    assert {name: values[0] for name, values in asked.form.items()} == {
        "hub.mode": "subscribe",
        "hub.topic": TOPIC,
        "hub.callback": "https://mill.example/websub/drawn-0",
        "hub.secret": "drawn-1",
        "hub.lease_seconds": "864000",
    }
    assert one(mill).standing == "asked"
    assert not is_working(mill)


def test_it_may_confirm_before_it_has_answered(mill, station):
    def play(_asked: Asked) -> Told:
        assert confirm(mill, lease_seconds="864000") == "say this"
        return Told(204)

    station.plays["/hub"] = play
    ask(mill)
    assert one(mill).standing == "active"
    assert is_working(mill)


def test_a_lease_is_renewed_after_two_thirds_of_it_and_works_meanwhile(mill, station):
    ask(mill)
    confirm(mill, lease_seconds="864000")
    assert one(mill).until == mill.clock.now() + 10 * DAY
    mill.clock.moment += timedelta(seconds=864000 * 2 / 3 - 1)
    ask(mill)
    assert len(station.all) == 1
    mill.clock.moment += timedelta(seconds=1)
    ask(mill)
    assert len(station.all) == 2
    assert is_working(mill)
    confirm(mill, lease_seconds="86400")
    assert one(mill).until == mill.clock.now() + DAY


def test_a_lease_that_is_not_renewed_ends_and_the_hub_is_asked_on(mill, station):
    ask(mill)
    confirm(mill, lease_seconds="86400")
    station.plays["/hub"] = lambda _asked: Told(500)
    mill.clock.moment += timedelta(hours=16)
    ask(mill)
    assert is_working(mill)
    mill.clock.moment += timedelta(hours=8)
    assert not is_working(mill)
    ask(mill)
    assert len(station.all) == 3


def test_a_hub_that_does_not_confirm_is_asked_ever_more_rarely(mill, station):
    for number, wait in enumerate((*WAITS, WAITS[-1]), 1):
        ask(mill)
        ask(mill)
        assert len(station.all) == number
        assert one(mill).next_attempt_at == mill.clock.now() + wait
        mill.clock.moment += wait


@pytest.mark.parametrize("lease", ["", "soon", "-5", "²"])
def test_a_lease_that_is_no_number_is_what_we_asked_for(mill, lease):
    ask(mill)
    confirm(mill, lease_seconds=lease)
    assert one(mill).until == mill.clock.now() + LEASE


def test_absurd_leases_are_bounded(mill):
    ask(mill)
    confirm(mill, lease_seconds="9" * 40)
    assert one(mill).until <= mill.clock.now() + subscribing.LONGEST
    confirm(mill, lease_seconds="0" * 20 + "86400")
    assert one(mill).until == mill.clock.now() + DAY
    confirm(mill, lease_seconds="0")
    assert one(mill).next_attempt_at == mill.clock.now() + subscribing.SOONEST


def test_what_we_never_asked_for_is_not_confirmed(mill):
    assert confirm(mill) is None  # not asked yet
    ask(mill)
    assert confirm(mill, topic="https://web.example/other") is None
    assert confirm(mill, mode="unsubscribe") is None
    assert confirm(mill, mode="publish") is None
    assert confirm(mill, challenge="") is None
    other = {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.challenge": "x"}
    assert subscribing.confirm(mill.store, "guessed", other, now=mill.clock.now()) is None
    assert one(mill).standing == "asked"


def test_a_hub_that_denies_is_left_alone_for_a_week(mill, station):
    ask(mill)
    confirm(mill, lease_seconds="864000")
    assert confirm(mill, mode="denied", reason="no") == ""
    assert one(mill).standing == "denied"
    assert not is_working(mill)
    assert confirm(mill) is None
    mill.clock.moment += DENIED - timedelta(seconds=1)
    ask(mill)
    assert len(station.all) == 1
    mill.clock.moment += timedelta(seconds=1)
    ask(mill)
    assert len(station.all) == 2


def test_a_hub_may_send_us_on_once(mill, station):
    station.plays["/hub"] = lambda _asked: Told(308, headers={"Location": "/better"})
    station.plays["/better"] = lambda _asked: Told(307, headers={"Location": "/best"})
    ask(mill)
    assert station.asked("/better")[0].form == station.asked("/hub")[0].form
    assert not station.asked("/best")


@pytest.mark.parametrize("location", ["ftp://hub.example/", "http://user:word@x y/", "http://[::1"])
def test_where_it_may_not_send_us_we_do_not_go(mill, station, location):
    station.plays["/hub"] = lambda _asked: Told(307, headers={"Location": location})
    ask(mill)
    assert len(station.all) == 1


def test_a_source_that_is_taken_out_is_unsubscribed(mill, station):
    ask(mill)
    confirm(mill, lease_seconds="864000")
    mill.more = ""
    ask(mill)
    assert station.all[-1].field("hub.mode") == "unsubscribe"
    assert "hub.secret" not in station.all[-1].form
    assert confirm(mill) is None
    assert confirm(mill, mode="unsubscribe") == "say this"
    assert one(mill) is None


def test_a_hub_that_does_not_let_us_go_is_asked_a_few_times(mill, station):
    ask(mill)
    mill.more = SOURCE + "\npush: {subscribe: false}"
    for _number in range(MOST_LEAVING + 3):
        ask(mill)
        mill.clock.moment += DAY
    assert len(station.all) == 1 + MOST_LEAVING
    assert one(mill) is None


def test_nothing_is_asked_of_a_hub_that_was_never_asked(mill, station):
    mill.more = ""
    ask(mill)
    assert station.all == []
    assert one(mill) is None


def test_a_hub_at_a_private_address_is_not_asked_unless_its_source_may_be(mill, station):
    mill.private = "false"
    ask(mill)
    assert station.all == []
    mill.more = SOURCE.replace("}]", ", allow_private_addresses: [127.0.0.1]}]")
    mill.clock.moment += WAITS[0]
    ask(mill)
    assert len(station.all) == 1


@pytest.mark.parametrize(
    ("site", "private", "is_possible"),
    [
        ("https://mill.example/", "false", True),
        ("https://93.184.216.34/", "false", True),
        ("http://localhost:8080/", "false", False),
        ("http://mill/", "false", False),
        ("http://mill.lan/", "false", False),
        ("http://nas.local:8080/", "false", False),
        ("http://192.168.1.5/", "false", False),
        ("http://127.0.0.1:8080/", "false", False),
        ("http://[::1]:8080/", "false", False),
        ("http://127.0.0.1:8080/", "true", True),
        ("http://127.0.0.1:8080/", "['127.0.0.1:8080']", True),
        ("http://127.0.0.1:8080/", "['127.0.0.1:80']", False),
    ],
)
def test_hubs_are_asked_only_where_they_can_reach_us(mill, site, private, is_possible):
    mill.site, mill.private = site, private
    assert subscribing.is_possible(mill.settings) is is_possible
    mill.more = "push: {subscribe: false}"
    assert not subscribing.is_possible(mill.settings)


def test_a_renewal_that_is_under_way_is_not_undone_by_its_own_note(mill, station):
    ask(mill)
    confirm(mill, lease_seconds="86400")
    due = one(mill).next_attempt_at
    station.plays["/hub"] = lambda _asked: Told(202 if confirm(mill, lease_seconds="86400") else 500)
    mill.clock.moment = due
    ask(mill)
    assert one(mill) == replace(one(mill), failures=0, until=due + DAY)


def test_a_source_that_gets_a_secret_is_unsubscribed(mill, station):
    ask(mill)
    confirm(mill, lease_seconds="864000")
    mill.more = SOURCE.replace("}]", ", headers: {X-Key: stone-and-water}}]")
    ask(mill)
    assert station.all[-1].field("hub.mode") == "unsubscribe"
    assert one(mill).standing == "leaving"
