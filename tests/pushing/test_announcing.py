"""Somebody else's hub hears of what changed, and of nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest

from feeds import pipeline
from feeds.fetching.politeness import PerHost
from feeds.pipeline.pushing import announcing
from feeds.pipeline.pushing.announcing import WAITS, Announcer
from feeds.records import replace
from station import Asked, Told
from storage import announcements, open_store, shelves

FORMATS = ("atom.xml", "rss.xml", "feed.json")
A, B, C = sorted(f"https://mill.example/{name}" for name in FORMATS)


@dataclass
class Hand:
    """Of a clock that stands still until it is set."""

    seconds: float = 0.0

    def monotonic(self) -> float:
        return self.seconds


@pytest.fixture
def hub(mill, station) -> str:
    url = station.url("/hub")
    (mill.folder / "desk").mkdir()
    mill.more = f"pages: false\npush: {{hub: '{url}'}}\nsources: [{{name: desk, path: desk}}]"
    return url


def note(mill, *topics: str) -> None:
    with mill.store.begin() as db:
        announcements.note(db, topics, hub=mill.settings.push.hub)


def tell(mill, announcer: Announcer | None = None, **how) -> None:
    (announcer or Announcer(mill.store)).announce(mill.settings, replace(mill.post, **how), now=mill.clock.now())


def left(mill) -> dict[str, int]:
    with mill.store.read() as db:
        return {one.topic: one.failures for one in announcements.due(db, now=mill.clock.now() + timedelta(days=9))}


def told(station) -> list[set[str]]:
    return [set(asked.form["hub.url"]) for asked in station.all]


def write(mill, title: str, category: str = "") -> None:
    shelved = f"categories: [{category}]\n" if category else ""
    (mill.folder / "desk" / f"{title}.md").write_text(f"---\ntitle: {title}\n{shelved}---\nText")


def round_of(mill) -> None:
    refreshing = pipeline.start_round(mill.store, mill.settings, mill.settings.sources, clock=mill.clock)
    assert all(refresh.status != "failed" for refresh in refreshing.refreshes)
    pipeline.publish(mill.store, mill.settings)


def test_only_feeds_that_changed_are_announced(mill, station, hub):
    write(mill, "Rye", "Bread")
    write(mill, "Milk", "Dairy")
    round_of(mill)
    tell(mill)
    site = "https://mill.example/"
    assert told(station) == [{f"{site}{folder}{name}" for folder in ("", "bread/", "dairy/") for name in FORMATS}]
    write(mill, "Oat", "Bread")
    round_of(mill)
    tell(mill)
    assert told(station)[1:] == [{f"{site}{folder}{name}" for folder in ("", "bread/") for name in FORMATS}]
    round_of(mill)
    pipeline.publish(mill.store, mill.settings, force=True)
    tell(mill)
    assert len(station.all) == 2
    assert left(mill) == {}


def test_what_a_killed_process_wrote_and_told_nobody_of_is_announced(mill, station, hub, monkeypatch):
    class KilledError(BaseException):
        pass

    def die(*_arguments, **_named):
        raise KilledError

    write(mill, "Rye")
    with monkeypatch.context() as patch:
        patch.setattr(shelves, "record_written", die)
        with pytest.raises(KilledError):
            round_of(mill)
    assert (mill.folder / "public" / "atom.xml").exists()
    assert left(mill) == {}
    mill.store.close()
    mill.store = open_store(f"sqlite:///{mill.folder}/feedmill.db")
    pipeline.publish(mill.store, mill.settings)
    assert set(left(mill)) == {f"https://mill.example/{name}" for name in FORMATS}


def test_a_new_hub_is_named_by_every_feed_at_once_and_by_no_archive_document(mill, station, hub):
    with_hub, mill.more = mill.more, "pages: false\nsources: [{name: desk, path: desk}]"
    write(mill, "Rye")
    round_of(mill)
    assert hub not in (mill.folder / "public" / "atom.xml").read_text()
    mill.more = with_hub
    round_of(mill)
    for name in FORMATS:
        assert hub in (mill.folder / "public" / name).read_text().replace("\\/", "/")


def test_a_hub_that_fails_is_told_again_ever_later_and_given_up_in_the_end(mill, station, hub):
    station.plays["/hub"] = lambda _asked: Told(500)
    note(mill, A, B)
    for number, wait in enumerate(WAITS, 1):
        tell(mill)
        tell(mill)
        assert (len(station.all), left(mill)) == (number, {A: number, B: number})
        mill.clock.moment += wait
    tell(mill)
    assert left(mill) == {}
    note(mill, A)  # what changes then is told as ever
    assert left(mill) == {A: 0}


def test_a_hub_that_takes_one_topic_at_a_time_is_told_one_by_one(mill, station, hub):
    station.plays["/hub"] = lambda asked: Told(400 if len(asked.form["hub.url"]) > 1 else 202)
    note(mill, A, B, C)
    tell(mill)
    assert told(station)[0] == {A, B, C}
    assert sorted(map(tuple, told(station)[1:])) == [(A,), (B,), (C,)]
    assert left(mill) == {}


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429])
def test_a_hub_that_will_hear_nothing_is_not_asked_for_each_topic(mill, station, hub, status):
    station.plays["/hub"] = lambda _asked: Told(status)
    note(mill, A, B)
    tell(mill)
    assert len(station.all) == 1
    assert left(mill) == {A: 1, B: 1}


def test_many_topics_go_in_a_few_requests(mill, station, hub, monkeypatch):
    monkeypatch.setattr(announcing, "BATCH", 2)
    note(mill, A, B, C)
    tell(mill)
    assert sorted(len(some) for some in told(station)) == [1, 2]
    assert set().union(*told(station)) == {A, B, C}


def test_what_changes_while_the_hub_is_told_is_told_again(mill, station, hub):
    def play(_asked: Asked) -> Told:
        if len(station.all) == 1:
            note(mill, A)
        return Told(204)

    station.plays["/hub"] = play
    note(mill, A, B)
    tell(mill)
    assert set(left(mill)) == {A}
    mill.clock.moment += WAITS[1]
    tell(mill)
    assert told(station) == [{A, B}, {A}]
    assert left(mill) == {}


def test_a_hub_at_a_private_address_is_asked_only_where_that_is_allowed(mill, station, hub):
    note(mill, A)
    mill.private = "false"
    tell(mill)
    assert station.all == []
    assert left(mill) == {A: 1}


def test_that_a_hub_takes_one_topic_at_a_time_is_remembered(mill, station, hub):
    station.plays["/hub"] = lambda asked: Told(400 if len(asked.form["hub.url"]) > 1 else 202)
    announcer = Announcer(mill.store)
    note(mill, A, B)
    tell(mill, announcer)
    note(mill, A, B)
    tell(mill, announcer)
    assert [len(some) for some in told(station)] == [2, 1, 1, 1, 1]
    assert left(mill) == {}
    station.plays["/other"] = lambda _asked: Told(202)
    mill.more = mill.more.replace("/hub'", "/other'")
    note(mill, A, B)
    tell(mill, announcer)
    assert told(station)[5:] == [{A, B}]


def test_what_there_was_no_time_for_is_due_as_before(mill, station, hub):
    note(mill, A, B)
    tell(mill, until=0.0)
    assert station.all == []
    assert left(mill) == {A: 0, B: 0}


def test_who_takes_one_at_a_time_is_told_as_many_as_there_is_time_for(mill, station, hub):
    clock = Hand()

    def play(asked: Asked) -> Told:
        if len(asked.form["hub.url"]) > 1:
            return Told(400)
        clock.seconds = 2.0
        return Told(503)

    station.plays["/hub"] = play
    note(mill, A, B)
    tell(mill, clock=clock, until=1.0, per_host=PerHost(spacing=timedelta(0), connections=1))
    assert told(station) == [{A, B}, {A}]
    assert left(mill) == {A: 1, B: 0}


def test_what_turned_private_before_the_hub_heard_of_it_is_told_nobody(mill, station, hub):
    write(mill, "Rye", "Bread")
    round_of(mill)
    assert "https://mill.example/bread/atom.xml" in left(mill)
    mill.more += "\ncategories: [{name: Bread, private: {user: mill, password: stone-and-water}}]"
    pipeline.prepare(mill.store, mill.settings)
    tell(mill)
    assert told(station) == [{A, B, C}]
    assert left(mill) == {}
