"""Push, with the real daemon: to a subscriber, from a hub, and to somebody else's hub."""

from __future__ import annotations

import hashlib
import hmac
import sqlite3
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import feedparser
import pytest
from command import Feedmill
from pulse import PATIENCE, Daemon, until

from station import Station, Told

TICK = 1.5  # seconds; most of its jobs look twelve times as often
SECRET = "mill and stone"


@pytest.fixture
def station() -> Iterator[Station]:
    with Station() as running:
        yield running


def rss(*titles: str, hub: str = "", topic: str = "") -> str:
    links = f'<atom:link rel="hub" href="{hub}"/><atom:link rel="self" href="{topic}"/>' if hub else ""
    items = "".join(f"<item><guid>https://web.example/{one}</guid><title>{one}</title></item>" for one in titles)
    return (
        f'<rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel><title>Web</title>{links}{items}'
        "</channel></rss>"
    )


def config(feedmill: Feedmill, *sources: str, site: str = "http://mill.example/", hub: str = "") -> None:
    listed = "".join(f"  - {{{one}}}\n" for one in sources)
    push = f"push: {{hub: '{hub}'}}\n" if hub else ""
    feedmill.config(f"site: {{url: '{site}'}}\nserver: {{port: 0}}\npages: false\n{push}sources:\n{listed}")


def write(feedmill: Feedmill, title: str) -> None:
    (feedmill.folder / "desk").mkdir(exist_ok=True)
    text = f"---\ntitle: {title}\ndate: 2026-11-02 08:00:00\ncategories: [Bread]\n---\nText"
    (feedmill.folder / "desk" / f"{title}.md").write_text(text)


def announced(feedmill: Feedmill) -> list[tuple[str, ...]]:
    """What the hub is still to be told, by what is noted."""
    with closing(sqlite3.connect(feedmill.database)) as db:
        return db.execute("SELECT topic FROM announcements").fetchall()


def post(address: str, body: bytes, **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(address, body, named)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def subscribe(daemon: Daemon, topic: str, callback: str, mode: str = "subscribe") -> int:
    fields = {"hub.mode": mode, "hub.topic": topic, "hub.callback": callback, "hub.secret": SECRET}
    return post(daemon.address + "hub", urllib.parse.urlencode(fields).encode())


def sign(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def titles(document: bytes) -> set[str]:
    return {entry.title for entry in feedparser.parse(document).entries}


def test_an_article_reaches_a_subscriber_of_our_hub_signed_and_within_seconds_also_after_a_kill(
    feedmill: Feedmill, station: Station
) -> None:
    config(feedmill, "name: desk, path: desk/", hub="own")
    write(feedmill, "Rye")
    daemon = Daemon(feedmill, tick=TICK)
    until(lambda: daemon.get("bread/atom.xml")[0] == 200)
    feed = feedparser.parse(daemon.get("bread/atom.xml")[1])
    links = {link.rel: link.href for link in feed.feed.links}
    assert links["hub"] == "http://mill.example/hub"

    assert subscribe(daemon, links["self"], station.url()) == 202
    asked = station.wait_for(method="GET").query
    assert (asked["hub.mode"], asked["hub.topic"]) == ("subscribe", links["self"])
    assert int(asked["hub.lease_seconds"]) == timedelta(days=10).total_seconds()
    daemon.wait_for("subscriber verified", mode="subscribe")

    write(feedmill, "Oat")
    began_at = time.monotonic()
    delivered = station.wait_for(method="POST")
    assert time.monotonic() - began_at < 30
    assert titles(delivered.body) == {"Rye", "Oat"}
    assert delivered.headers["x-hub-signature"] == sign(SECRET, delivered.body)
    assert delivered.headers["content-type"].startswith("application/atom+xml")
    assert f'<{links["self"]}>; rel="self"' in delivered.headers["link"]
    assert delivered.body == daemon.get("bread/atom.xml")[1]

    daemon.kill()
    write(feedmill, "Spelt")
    again = Daemon(feedmill, tick=TICK)
    # What was under way at the kill, and not noted yet, comes once more before it.
    until(lambda: titles(station.asked(method="POST")[-1].body) == {"Rye", "Oat", "Spelt"}, lambda: again.log)
    assert subscribe(again, links["self"], station.url(), mode="unsubscribe") == 202
    again.wait_for("subscriber verified", mode="unsubscribe")
    write(feedmill, "Wheat")
    until(lambda: b"Wheat" in again.get("bread/atom.xml")[1], lambda: again.log)
    assert again.stop() == 0
    assert len(station.asked(method="POST")) in (2, 3)
    assert not [each for each in station.asked(method="POST") if "Wheat" in titles(each.body)]
    assert SECRET not in daemon.log + again.log
    assert "Traceback" not in daemon.log + again.log


class Hub:
    """Somebody else's, at `/hub` of a station: it verifies what it is asked, and delivers when it is told to."""

    def __init__(self, station: Station, daemon: Daemon) -> None:
        self.station = station
        self.daemon = daemon
        self.form = station.wait_for("/hub").form

    @property
    def token(self) -> str:
        return self.form["hub.callback"][0].rpartition("/")[2]

    @property
    def callback(self) -> str:
        return f"{self.daemon.address}websub/{self.token}"

    def verify(self, mode: str = "subscribe", topic: str | None = None) -> tuple[int, bytes]:
        fields = {
            "hub.mode": mode,
            "hub.topic": self.form["hub.topic"][0] if topic is None else topic,
            "hub.challenge": "say this",
            "hub.lease_seconds": "864000",
        }
        return self.daemon.get(f"websub/{self.token}?{urllib.parse.urlencode(fields)}")

    def deliver(self, body: str, secret: str | None = None) -> int:
        signed = sign(self.form["hub.secret"][0] if secret is None else secret, body.encode())
        return post(self.callback, body.encode(), Content_Type="application/rss+xml", X_Hub_Signature=signed)


def test_a_source_that_names_a_hub_is_subscribed_and_what_the_hub_sends_is_published(
    feedmill: Feedmill, station: Station
) -> None:
    hub_url, topic = station.url("/hub"), station.url("/feed.xml")
    station.plays["/hub"] = lambda _asked: Told(202)
    station.plays["/feed.xml"] = lambda _asked: Told(body=rss("One", hub=hub_url, topic=topic).encode())
    config(feedmill, f"name: web, url: '{topic}', categories: [Net]", site=station.url("/mill/"))
    daemon = Daemon(feedmill, tick=TICK)
    hub = Hub(station, daemon)
    assert hub.form["hub.mode"] == ["subscribe"]
    assert hub.form["hub.topic"] == [topic]
    assert hub.form["hub.callback"] == [station.url(f"/mill/websub/{hub.token}")]

    assert hub.verify(topic="http://elsewhere.example/")[0] == 404
    assert hub.verify(mode="unsubscribe")[0] == 404
    assert hub.verify() == (200, b"say this")
    daemon.wait_for("hub tells us what is new", source="web")

    pushed = rss("Two", "One", hub=hub_url, topic=topic)
    assert hub.deliver(pushed.replace("Two", "Forged"), secret="guessed") == 202  # which tells the forger nothing
    assert hub.deliver(pushed) == 202
    told = daemon.wait_for("source refreshed", source="web", status="fetched", times=2)
    assert told["new"] == 1
    until(lambda: titles(daemon.get("net/atom.xml")[1]) == {"One", "Two"}, lambda: daemon.log)
    assert hub.deliver(pushed) == 202
    daemon.wait_for("source refreshed", source="web", status="unchanged")
    assert daemon.get("websub/nobody?hub.mode=subscribe")[0] == 404
    assert post(daemon.address + "websub/nobody", b"x" * 1_000_000) == 404

    assert len(station.asked("/feed.xml")) == 1  # push is no visit
    assert len(station.asked("/hub")) == 1
    assert daemon.stop() == 0
    again = Daemon(feedmill, tick=TICK)
    again.wait_for("running")
    hub.daemon = again
    assert hub.deliver(rss("Three", hub=hub_url, topic=topic)) in (202, 503)  # before its first tick it takes nothing
    until(lambda: hub.deliver(rss("Three", hub=hub_url, topic=topic)) == 202)
    again.wait_for("source refreshed", source="web", new=1)

    config(feedmill, "name: desk, path: desk/", site=station.url("/mill/"))
    assert station.wait_for("/hub", times=2).field("hub.mode") == "unsubscribe"
    assert hub.verify(mode="unsubscribe") == (200, b"say this")
    assert hub.deliver(pushed) == 404
    assert again.stop() == 0
    for secret in (hub.token, hub.form["hub.secret"][0]):
        assert secret not in daemon.log + again.log
    assert daemon.log.count("not signed as agreed") == 1


def test_somebody_elses_hub_hears_of_all_that_changed_in_one_request_and_again_if_it_was_down(
    feedmill: Feedmill, station: Station
) -> None:
    station.plays["/hub"] = lambda _asked: Told(503)
    config(feedmill, "name: desk, path: desk/", hub=station.url("/hub"))
    write(feedmill, "Rye")
    assert feedmill("fetch").code == 0
    first = station.wait_for("/hub").form
    folders = ("http://mill.example/", "http://mill.example/bread/")
    topics = {f"{folder}{name}" for folder in folders for name in ("atom.xml", "rss.xml", "feed.json")}
    assert (first["hub.mode"], set(first["hub.url"])) == (["publish"], topics)

    station.plays["/hub"] = lambda _asked: Told(204)
    daemon = Daemon(feedmill, "60", tick=TICK)  # a minute of its clock is a second of ours
    assert set(station.wait_for("/hub", times=2).form["hub.url"]) == topics
    write(feedmill, "Oat")
    assert set(station.wait_for("/hub", times=3).form["hub.url"]) == topics
    until(lambda: not announced(feedmill), lambda: daemon.log)  # or what it hears at a stop it hears once more
    assert daemon.stop() == 0
    assert feedmill("fetch").code == 0  # which finds nothing new, and has nothing to tell
    assert len(station.asked("/hub")) == 3
