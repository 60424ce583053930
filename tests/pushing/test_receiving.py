"""What hubs deliver: checked, read like everything else, and no visit."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta

import pytest

from builders import MONDAY
from feeds.fetching import timing
from feeds.pipeline import refreshing
from feeds.pipeline.claiming import claim
from feeds.pipeline.pushing import inbox as inboxes
from feeds.pipeline.pushing import subscribing
from feeds.pipeline.pushing.inbox import Inbox
from feeds.pipeline.pushing.receiving import Delivery, Receiver
from feeds.publishing import websub
from feeds.records import Body, Fetched, Refresh, Seen
from origin import Origin, answer, conditional, feed
from river import flowing, until
from storage import articles, sources, subscriptions
from web_mill import WebMill, pass_time, states, titles, whole_second

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOON = MONDAY + timedelta(hours=4)


def document(origin: Origin, *entries: str, hub: str = "https://hub.example/") -> bytes:
    links = f"<link rel='hub' href='{hub}'/><link rel='self' href='{origin.url()}'/>" if hub else ""
    return feed(*entries).replace(b"</title>", b"</title>" + links.encode(), 1)


@pytest.fixture
def web(mill, origin, tmp_path) -> WebMill:
    """A source that names a hub, at an origin that knows its own ETag."""
    one = WebMill(tmp_path, mill.clock, mill.store)
    origin.play("/feed.xml", conditional(document(origin, "a")))
    one.text = (
        "site: {title: Mill, url: 'https://mill.example/'}\nfetch: {allow_private_addresses: true}\n"
        f"sources: [{{name: web, url: '{origin.url()}', max_size: 5kB}}]"
    )
    return one


@pytest.fixture
def inbox(web) -> Inbox:
    """Of a source that was asked once."""
    assert web.refresh()["web"].status == "fetched"
    return Inbox()


def read(web, inbox: Inbox) -> Refresh:
    """What comes of the first that waits in the inbox, as the stream would read it."""
    running = refreshing.Refreshing(web.store, web.settings, clock=web.clock, inbox=inbox)
    running.nudge()
    with closing(running.refreshes()) as refreshes:
        return next(refreshes)


@pytest.fixture
def river(web):
    with flowing(web) as running:
        running.stream.is_told = True
        running.tick()
        until(lambda: running.saw("web") == ["fetched"])
        yield running


def subscription(web) -> subscriptions.Subscribed:
    with web.store.read() as db:
        return subscriptions.of_source(db, "web")


def activate(web, **fields: str) -> subscriptions.Subscribed:
    """As if its hub had been asked, and had confirmed."""
    one = subscription(web)
    with web.store.begin() as db:
        subscriptions.record(db, subscribing.replace(one, standing="asked"))
    form = {"hub.mode": "subscribe", "hub.topic": one.topic, "hub.challenge": "x", "hub.lease_seconds": "864000"}
    assert subscribing.confirm(web.store, one.token, form, now=web.clock.now()) == "x"
    return one


def deliver(web, inbox: Inbox, content: bytes, **changes: str) -> int:
    one = subscription(web)
    how = {"token": one.token, "signature": websub.signature(one.secret, content)} | changes
    receiver = Receiver(web.store, inbox)
    return int(receiver.take(web.settings, Delivery(content=content, **how), now=web.clock.now()))


def test_the_hub_and_topic_that_a_document_names_are_noted_and_forgotten_with_it(web, origin, inbox):
    one = subscription(web)
    assert (one.hub, one.topic, one.standing) == ("https://hub.example/", origin.url(), "wanted")
    assert len(one.token) >= 43
    assert one.token != one.secret
    origin.play("/feed.xml", answer(body=document(origin, "a", hub="")))
    pass_time(web)
    web.refresh()
    assert subscription(web) is None


def test_link_headers_come_before_what_the_document_says(web, origin):
    link = f'<https://other.example/hub>; rel="hub", <{origin.url("/self")}>; rel=self'
    origin.play("/feed.xml", answer(body=document(origin, "a"), Link=link))
    web.refresh()
    assert (subscription(web).hub, subscription(web).topic) == ("https://other.example/hub", origin.url("/self"))


@pytest.mark.parametrize(
    "hub", ["ftp://hub.example/", "javascript:alert(1)", "http://user:word@hub.example/", "http://[::1"]
)
def test_hubs_that_cannot_be_asked_are_not_noted(web, origin, hub):
    origin.play("/feed.xml", answer(body=document(origin, "a", hub=hub)))
    web.refresh()
    assert subscription(web) is None


@pytest.mark.parametrize(
    "written",
    ["auth: {bearer: wordword}", "headers: {X-Wanted: all}", "headers: {X-Key: wordword}",
     "url: 'http://user:wordword@HOST'", "url: 'http://HOST?token=wordword'"],
)  # fmt: skip
def test_of_a_source_with_secrets_no_hub_is_told(web, origin, written):
    address = origin.url().removeprefix("http://")
    if written.startswith("url"):
        web.text = web.text.replace(f"url: '{origin.url()}'", written.replace("HOST", address))
    else:
        web.text = web.text.replace("max_size", f"{written}, max_size")
    web.refresh()
    assert titles(web, "web") == {"a"}
    assert subscription(web) is None


def test_what_a_hub_delivers_is_stored_and_changes_nothing_about_visits(web, origin, inbox):
    activate(web)
    before = states(web)["web"]
    assert deliver(web, inbox, document(origin, "b", "a")) == 202
    assert read(web, inbox).new == 1
    assert titles(web, "web") == {"a", "b"}
    after = states(web)["web"]
    assert (after.validators, after.next_fetch_at, after.last_fetch_at, after.failures) == (
        before.validators, before.next_fetch_at, before.last_fetch_at, 0
    )  # fmt: skip
    assert len(origin.asked()) == 1
    assert subscription(web).last_push_at == web.clock.now()
    pass_time(web)
    web.refresh()
    assert origin.asked()[-1].headers["if-none-match"] == '"one"'


def test_the_same_once_more_is_harmless(web, origin, inbox):
    activate(web)
    statuses = []
    for _number in range(3):
        assert deliver(web, inbox, document(origin, "b")) == 202
        statuses.append(read(web, inbox).status)
    assert statuses == ["fetched", "unchanged", "unchanged"]
    assert titles(web, "web") == {"a", "b"}


def test_a_daemon_reads_deliveries_at_once(web, origin, river):
    activate(web)
    assert deliver(web, river.stream.inbox, document(origin, "b")) == 202
    until(lambda: river.saw("web") == ["fetched", "fetched"])
    assert titles(web, "web") == {"a", "b"}


def test_a_source_with_push_is_asked_once_a_day_and_as_ever_once_that_is_over(web, origin, river):
    activate(web)

    def visit() -> timedelta:
        web.clock.moment = whole_second(states(web)["web"].next_fetch_at)
        number = len(river.saw("web"))
        river.tick()
        until(lambda: len(river.saw("web")) > number)
        until(lambda: states(web)["web"].last_fetch_at == web.clock.now())
        return states(web)["web"].next_fetch_at - web.clock.now()

    assert DAY <= visit() < 1.1 * DAY
    with web.store.begin() as db:
        subscriptions.record(db, subscribing.replace(subscription(web), standing="denied", until=None))
    assert visit() < DAY


def test_only_who_takes_deliveries_asks_rarely_and_only_while_they_tell_all_that_is_new(web, inbox):
    activate(web)
    (source,) = web.settings.sources
    web.clock.moment += DAY

    def claimed(**how: bool):
        ours = claim(web.store, web.settings, [source], now=web.clock.now(), **how)
        ((_source, state),) = ours.claimed
        return state

    def wait(state, *, has_new: bool) -> timedelta:
        visit = Fetched(bodies=(), validators=state.validators)
        return timing.after(source, state, visit, seen=Seen(has_new=has_new), now=NOON).next_fetch_at - NOON

    assert wait(claimed(), has_new=False) < DAY
    told = claimed(is_told=True)
    assert DAY <= wait(told, has_new=False) < 1.1 * DAY
    assert wait(told, has_new=True) < 2 * HOUR  # which no delivery had told of


def test_a_wrong_signature_is_answered_like_a_right_one_ignored_and_logged_once(web, inbox, capsys):
    activate(web)
    receiver = Receiver(web.store, inbox)
    token = subscription(web).token
    for signature in ("", "sha256=00", "sha1=", websub.signature("guessed", b"x"), "md5=x"):
        delivery = Delivery(token=token, content=b"x", signature=signature)
        assert receiver.take(web.settings, delivery, now=web.clock.now()) == 202
    assert receiver.forged == {"web": 5}
    assert capsys.readouterr().err.count("not signed as agreed") == 1
    assert not inbox.waiting(())


def test_what_cannot_be_read_costs_the_source_nothing(web, inbox):
    activate(web)
    before = states(web)["web"]
    assert deliver(web, inbox, b"<html>log in</html>") == 202
    refresh = read(web, inbox)
    assert refresh.status == "waiting"
    assert "its hub sent" in refresh.problem
    assert states(web)["web"] == before


def test_compressed_deliveries_are_read_and_bombs_are_not(web, origin, inbox):
    activate(web)
    assert deliver(web, inbox, gzip.compress(document(origin, "b")), content_encoding="gzip") == 202
    assert read(web, inbox).new == 1
    assert deliver(web, inbox, gzip.compress(b"x" * 10_000), content_encoding="gzip") == 415
    assert deliver(web, inbox, b"x", content_encoding="gzip") == 415
    assert deliver(web, inbox, b"x" * 6_000) == 413
    assert not inbox.waiting(())


def test_what_nobody_wants_is_refused(web, inbox):
    assert deliver(web, inbox, b"x") == 410  # not confirmed yet
    assert deliver(web, inbox, b"x", token="guessed") == 404
    activate(web)
    web.text = web.text.replace("name: web", "name: other")
    assert deliver(web, inbox, b"x") == 410
    assert not inbox.waiting(())


def test_a_delivery_waits_while_its_source_is_asked(web, origin, river):
    activate(web)
    origin.play("/feed.xml", lambda _request: origin.stopping.wait(1.0) or answer(body=document(origin, "a", "c")))
    web.clock.moment = whole_second(states(web)["web"].next_fetch_at)
    river.tick()
    until(lambda: len(origin.asked()) == 2)
    assert deliver(web, river.stream.inbox, document(origin, "b")) == 202
    until(lambda: titles(web, "web") == {"a", "b", "c"})


@contextmanager
def another_at_work(web) -> Iterator[None]:
    """On all sources, and in another process."""
    with web.store.begin() as db:
        everyone = web.settings.sources
        sources.claim(
            db, everyone, now=web.clock.now(), owner="other/1/1", is_alive=lambda _name: True, is_due=lambda *_: True
        )
    yield
    with web.store.begin() as db:
        sources.release(db, owner="other/1/1")


def test_a_delivery_waits_while_another_process_is_at_work_on_its_source(web, origin, river):
    activate(web)
    with another_at_work(web):
        assert deliver(web, river.stream.inbox, document(origin, "b")) == 202
        assert river.stream.inbox.waiting(())
    until(lambda: titles(web, "web") == {"a", "b"})


def test_a_delivery_that_waits_follows_its_source_to_another_name_and_other_settings(web, origin, river):
    activate(web)
    with another_at_work(web):
        assert deliver(web, river.stream.inbox, document(origin, "b")) == 202
        web.text = web.text.replace("name: web", "name: net, categories: [Bread]")
        river.adopt()
        until(lambda: river.tick() or river.stream.settings == web.settings)
    until(lambda: titles(web, "net") == {"a", "b"})
    assert not river.stream.inbox.waiting(())
    with web.store.read() as db:
        assert {each.categories for each in articles.stored(db)} == {("Bread",)}


def test_a_delivery_is_read_once_the_store_follows_the_settings_that_it_is_read_by(web, origin, river):
    activate(web)
    web.text = web.text.replace("name: web", "name: web, categories: [Bread]")
    river.adopt()
    assert deliver(web, river.stream.inbox, document(origin, "b")) == 202
    until(lambda: not river.stream._refreshing.is_closed)
    assert river.stream.inbox.waiting(()) == []
    assert titles(web, "web") == {"a"}
    until(lambda: river.tick() or titles(web, "web") == {"a", "b"})
    with web.store.read() as db:
        assert {each.categories for each in articles.stored(db)} == {("Bread",)}


@pytest.mark.parametrize("name", ["web", "net"])
def test_a_delivery_that_waits_goes_with_the_address_it_came_for(web, origin, river, name):
    activate(web)
    origin.play("/other.xml", conditional(feed("c")))
    with another_at_work(web):
        assert deliver(web, river.stream.inbox, document(origin, "b")) == 202
        web.text = web.text.replace("name: web", f"name: {name}").replace("/feed.xml", "/other.xml")
        river.adopt()
        until(lambda: river.tick() or river.stream.settings == web.settings)
        assert not river.stream.inbox.waiting(())


def test_the_inbox_is_bounded_and_keeps_what_each_delivery_says(monkeypatch, web):
    monkeypatch.setattr(inboxes, "MOST", 5)
    inbox, (source,) = Inbox(), web.settings.sources

    def put(content: bytes) -> bool:
        return inbox.put(source, Fetched(bodies=(Body(content=content),), is_pushed=True))

    assert (put(b"ab"), put(b"ab"), put(b"cd"), put(b"ef")) == (True, True, True, False)
    for content in (b"ab", b"cd"):
        (first,) = inbox.waiting(())
        assert first[1].bodies[0].content == content
        assert inbox.waiting({"web"}) == []
        inbox.remove(first)
    assert inbox.waiting(()) == []
