"""What the store keeps for push, on each database."""

from __future__ import annotations

from datetime import timedelta
from itertools import count

from storing import of

from builders import MONDAY, TUESDAY
from feeds.records import replace
from storage import Store, announcements, sources, subscribers, subscriptions

TOPIC = "https://mill.example/atom.xml"
HOUR = timedelta(hours=1)


def put(store: Store, callback: str = "https://reader.example/a", topic: str = TOPIC, **how) -> None:
    with store.begin() as db:
        subscribers.put(db, topic=topic, callback=callback, **({"secret": "", "until": TUESDAY} | how))


def due(store: Store, now=MONDAY) -> list[str]:
    with store.read() as db:
        return [one.callback for one in subscribers.due(db, now=now, limit=10)]


def announce(store: Store, *topics: str) -> None:
    with store.begin() as db:
        announcements.note(db, topics, hub="own")


def test_a_subscriber_is_due_once_its_topic_changed_and_until_its_lease_is_over(store):
    put(store)
    put(store, "https://reader.example/b", topic="https://mill.example/rss.xml")
    assert due(store) == []
    announce(store, TOPIC)
    assert due(store) == ["https://reader.example/a"]
    assert due(store, now=TUESDAY) == []
    with store.begin() as db:
        assert subscribers.has_expired(db, now=TUESDAY)
        subscribers.expire(db, now=TUESDAY)
        assert subscribers.count(db) == 0
        assert not subscribers.has_expired(db, now=TUESDAY)


def test_a_renewed_lease_keeps_what_was_delivered(store):
    put(store, secret="old")
    with store.begin() as db:
        one = subscribers.of(db, topic=TOPIC, callback="https://reader.example/a")
        subscribers.record(db, one, delivered="digest")
    put(store, secret="new", until=TUESDAY + HOUR)
    with store.read() as db:
        again = subscribers.of(db, topic=TOPIC, callback="https://reader.example/a")
    assert (again.delivered, again.secret, again.until) == ("digest", "new", TUESDAY + HOUR)
    assert "new" not in repr(again)


def test_a_subscriber_that_failed_waits_on_though_its_topic_changes_and_comes_behind_the_others(store):
    put(store)
    put(store, "https://reader.example/b")
    announce(store, TOPIC)
    with store.begin() as db:
        one = subscribers.of(db, topic=TOPIC, callback="https://reader.example/a")
        subscribers.record(db, one, delivered="", failures=1, next_attempt_at=MONDAY + HOUR)
    announce(store, TOPIC)
    assert due(store) == ["https://reader.example/b"]
    assert due(store, MONDAY + HOUR) == ["https://reader.example/b", "https://reader.example/a"]


def test_callbacks_are_counted_by_their_whole_host(store):
    for callback in (
        "https://a.example/",
        "http://a.example:81/x",
        "https://b.a.example/",
        "https://c.example/a.example",
    ):
        put(store, callback)
    with store.read() as db:
        assert subscribers.count_at(db, "a.example") == 2


def test_an_announcement_waits_until_the_hub_has_heard_and_what_changes_meanwhile_is_told_again(store):
    with store.begin() as db:
        announcements.note(db, [TOPIC, TOPIC], hub="https://hub.example/")
        announcements.note(db, ["https://mill.example/rss.xml"], hub="")
        (one,) = announcements.due(db, now=MONDAY)
        marked = replace(one, failures=1, next_attempt_at=MONDAY + HOUR)
        announcements.record(db, [marked])
        assert announcements.due(db, now=MONDAY) == ()
        announcements.note(db, [TOPIC], hub="https://hub.example/")  # while the hub is being told
        announcements.remove(db, [marked])
        (again,) = announcements.due(db, now=MONDAY + 2 * HOUR)
        assert again.failures == 1
        announcements.remove(db, [again])
        assert announcements.due(db, now=TUESDAY) == ()


def numbered():
    numbers = count()
    return lambda: f"drawn {next(numbers)}"


def note(store: Store, hub: str, topic: str = "https://web.example/feed", draw=None) -> subscriptions.Subscribed | None:
    with store.begin() as db:
        sources.enroll(db, [of("web")])
        subscriptions.note(db, {"web": (hub, topic)}, draw=draw or numbered())
        return subscriptions.of_source(db, "web")


def test_a_hub_that_a_source_names_is_noted_once_and_another_one_gets_another_token(store):
    draw = numbered()
    first = note(store, "https://hub.example/", draw=draw)
    assert (first.standing, first.token, first.secret) == ("wanted", "drawn 0", "drawn 1")
    assert "drawn" not in repr(first)
    assert note(store, "https://hub.example/", draw=draw) == first
    assert note(store, "https://other.example/", draw=draw).token == "drawn 2"
    assert note(store, "", draw=draw) is None
    with store.read() as db:
        assert subscriptions.of_token(db, "drawn 2") is None


def test_a_subscription_works_while_its_lease_lasts(store):
    one = note(store, "https://hub.example/")
    with store.begin() as db:
        assert subscriptions.working(db, now=MONDAY) == set()
        subscriptions.record(db, replace(one, standing="active", until=TUESDAY, next_attempt_at=MONDAY + HOUR))
        assert subscriptions.working(db, now=MONDAY) == {"web"}
        assert subscriptions.working(db, now=TUESDAY) == set()
        assert subscriptions.due(db, now=MONDAY, limit=5) == ()
        assert [each.source for each in subscriptions.due(db, now=MONDAY + HOUR, limit=5)] == ["web"]
        subscriptions.record_push(db, one, now=MONDAY)
        assert subscriptions.of_source(db, "web").last_push_at == MONDAY


def test_a_source_that_moves_to_another_address_loses_the_subscription_of_the_former(store):
    note(store, "https://hub.example/")
    with store.begin() as db:
        sources.enroll(db, [replace(of("web"), url="https://elsewhere.example/feed.xml")])
        assert subscriptions.everyone(db) == ()
