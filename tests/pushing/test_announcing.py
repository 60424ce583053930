"""Somebody else's hub hears of what changed, and of nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from feeds import pipeline
from feeds.pipeline.pushing.announcing import BATCH, WAITS, announce
from station import Asked, Told
from storage import announcements, categories, open_store

FORMATS = ("atom.xml", "rss.xml", "feed.json")


@pytest.fixture
def hub(mill, station) -> str:
    url = station.url("/hub")
    (mill.folder / "desk").mkdir()
    mill.more = f"pages: false\npush: {{hub: '{url}'}}\nsources: [{{name: desk, path: desk}}]"
    return url


def note(mill, *topics: str) -> None:
    with mill.store.begin() as db:
        announcements.note(db, topics, hub=mill.settings.push.hub)


def tell(mill, **how) -> None:
    announce(mill.store, mill.settings, replace(mill.post, **how), now=mill.clock.now())


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
        patch.setattr(categories, "record_written", die)
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
    note(mill, "a", "b")
    for number, wait in enumerate(WAITS, 1):
        tell(mill)
        tell(mill)
        assert (len(station.all), left(mill)) == (number, {"a": number, "b": number})
        mill.clock.moment += wait
    tell(mill)
    assert left(mill) == {}
    note(mill, "a")  # what changes then is told as ever
    assert left(mill) == {"a": 0}


def test_a_hub_that_takes_one_topic_at_a_time_is_told_one_by_one(mill, station, hub):
    station.plays["/hub"] = lambda asked: Told(400 if len(asked.form["hub.url"]) > 1 else 202)
    note(mill, "a", "b", "c")
    tell(mill)
    assert told(station) == [{"a", "b", "c"}, {"a"}, {"b"}, {"c"}]
    assert left(mill) == {}


@pytest.mark.parametrize("status", [401, 403, 404, 410, 429])
def test_a_hub_that_will_hear_nothing_is_not_asked_for_each_topic(mill, station, hub, status):
    station.plays["/hub"] = lambda _asked: Told(status)
    note(mill, "a", "b")
    tell(mill)
    assert len(station.all) == 1
    assert left(mill) == {"a": 1, "b": 1}


def test_many_topics_go_in_a_few_requests(mill, station, hub):
    topics = [f"https://mill.example/{n}" for n in range(2 * BATCH + 1)]
    note(mill, *topics)
    tell(mill)
    assert sorted(len(some) for some in told(station)) == [1, BATCH, BATCH]
    assert set().union(*told(station)) == set(topics)


def test_what_changes_while_the_hub_is_told_is_told_again(mill, station, hub):
    def play(_asked: Asked) -> Told:
        if len(station.all) == 1:
            note(mill, "a")
        return Told(204)

    station.plays["/hub"] = play
    note(mill, "a", "b")
    tell(mill)
    assert set(left(mill)) == {"a"}
    mill.clock.moment += WAITS[1]
    tell(mill)
    assert told(station) == [{"a", "b"}, {"a"}]
    assert left(mill) == {}


def test_a_hub_at_a_private_address_is_asked_only_where_that_is_allowed(mill, station, hub):
    note(mill, "a")
    mill.private = "false"
    tell(mill)
    assert station.all == []
    assert left(mill) == {"a": 1}
