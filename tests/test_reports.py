"""The weekly report: who needs a person is told in a feed of its own, and nobody else is."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import feedparser
import pytest
from sqlalchemy import event

from builders import MONDAY, config
from feeds import pipeline, settings
from feeds.records import Rhythm, SourceState, Subscription
from storage import Store, articles, lists, open_store, reports, sources

HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(days=7)

CONFIG = """
site: {title: Evening Mill, url: "https://mill.example/"}
sources:
  - {name: gazette, url: "https://gazette.example/feed.xml"}
  - {name: herald, url: "https://herald.example/feed.xml?key=open-sesame"}
  - {name: desk, path: desk}
"""


@dataclass
class Mill:
    folder: Path
    store: Store
    text: str = CONFIG
    states: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def settings(self) -> settings.Settings:
        return settings.load(config(self.folder, self.text), environ={})

    @property
    def file(self) -> Path:
        return self.folder / "public" / "status" / "atom.xml"

    def has(self, name: str, **state: Any) -> None:
        """From now on a source is in this state."""
        pipeline.prepare(self.store, self.settings)
        with self.store.begin() as db:
            sources.record_all(db, [SourceState(name=name, **state)])

    def report(self, now: datetime = MONDAY) -> bool:
        return pipeline.report(self.store, self.settings, now=now)

    def told(self, now: datetime = MONDAY) -> str:
        """The text of a report written now; "" if there is none."""
        return feedparser.parse(self.file.read_bytes()).entries[0].content[0].value if self.report(now) else ""

    @property
    def titles(self) -> list[str]:
        return [entry.title for entry in feedparser.parse(self.file.read_bytes()).entries]


@pytest.fixture
def mill(store: Store, tmp_path: Path) -> Mill:
    return Mill(tmp_path, store)


GONE = {"standing": "gone", "failures": 1, "problem": "410 Gone", "last_fetch_at": MONDAY - 2 * DAY}
PARKED = {"standing": "parked", "failures": 10, "problem": "404 Not Found", "last_fetch_at": MONDAY - DAY}


def test_its_page_is_one_that_any_web_server_has(mill: Mill):
    mill.report()
    feed = feedparser.parse(mill.file.read_bytes()).feed
    assert feed.link == mill.settings.site.url
    (own,) = [link.href for link in feed.links if link.rel == "self"]
    assert own == f"{mill.settings.site.url}status/atom.xml"


def test_where_all_is_well_there_is_no_report_and_the_feed_can_be_subscribed_to(mill: Mill):
    mill.has("gazette", last_success_at=MONDAY, last_new_at=MONDAY - DAY, rhythm=Rhythm(gap=DAY))
    assert not mill.report()
    feed = feedparser.parse(mill.file.read_bytes())
    assert (feed.feed.title, feed.feed.id, feed.entries) == (
        "Evening Mill: sources that need you", "tag:mill.example,2026:report", [],
    )  # fmt: skip


def test_a_source_that_is_gone_is_told_with_since_when_and_what_would_help(mill: Mill):
    mill.has("gazette", **GONE)
    told = mill.told()
    assert "<strong>gazette</strong>: gone (410 Gone), and not asked any more since 2026-10-31" in told
    assert "Give it a new url, or take it out of the config: feedmill remove gazette" in told
    assert mill.titles == ["1 source needs you: week 45 of 2026"]


def test_one_that_a_list_names_is_mended_there(mill: Mill):
    mill.text += '  - {name: friends, kind: opml, url: "https://friends.example/list.opml"}\n'
    pipeline.prepare(mill.store, mill.settings)
    with mill.store.begin() as db:
        lists.replace_list(db, "friends", [Subscription(url="https://a.example/feed.xml")])
    listed = pipeline.complete(mill.store, mill.settings)
    pipeline.prepare(mill.store, listed)
    with mill.store.begin() as db:
        sources.record_all(db, [SourceState(name="a.example/feed", **GONE)])
    pipeline.report(mill.store, listed, now=MONDAY)
    told = feedparser.parse(mill.file.read_bytes()).entries[0].content[0].value
    assert "Give it a new url in the list friends, or take it out there. feedmill fetch --force" in told


def test_a_parked_one_and_one_that_fails_for_long_are_told_together(mill: Mill):
    mill.has("gazette", **PARKED)
    mill.has("herald", failures=30, problem="503", last_fetch_at=MONDAY, last_success_at=MONDAY - 9 * DAY)
    told = mill.told()
    assert mill.titles == ["2 sources need you: week 45 of 2026"]
    assert "<strong>gazette</strong>: not there 10 times in a row (404 Not Found), and not asked any more" in told
    assert "<strong>herald</strong>: failed 30 times in a row (503) since 2026-10-24" in told


@pytest.mark.parametrize(
    "state",
    [
        GONE | {"last_fetch_at": MONDAY - HOUR},
        {"failures": 1, "problem": "503", "last_success_at": MONDAY - 30 * DAY},
        {"failures": 30, "problem": "503", "last_success_at": MONDAY - 6 * DAY},
        {"failures": 9, "problem": "503"},
        {"last_new_at": MONDAY - 59 * DAY, "rhythm": Rhythm(gap=HOUR)},
        {"last_new_at": MONDAY - 250 * DAY, "rhythm": Rhythm(gap=30 * DAY)},
        {"last_new_at": MONDAY - 170 * DAY},
        {},
    ],
    ids=["gone an hour ago", "an accident", "a bad week", "new and failing", "quiet", "a slow one", "undated", "new"],
)
def test_what_may_be_an_accident_or_a_habit_is_no_noise(mill: Mill, state: dict[str, Any]):
    mill.has("gazette", **state)
    assert mill.told() == ""


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ({"last_new_at": MONDAY - 61 * DAY, "rhythm": Rhythm(gap=HOUR)}, "nothing new since 2026-09-02"),
        ({"last_new_at": MONDAY - 301 * DAY, "rhythm": Rhythm(gap=30 * DAY)}, "nothing new since 2026-01-05"),
        ({"last_new_at": MONDAY - 181 * DAY}, "nothing new since 2026-05-05"),
        ({"failures": 10, "problem": "503"}, "failed 10 times in a row (503). Look at"),
    ],
    ids=["a lively one", "a slow one", "undated", "never answered"],
)
def test_a_source_that_is_silent_for_much_longer_than_usual_or_never_answered_is_told(mill: Mill, state, told):
    mill.has("gazette", **state)
    assert told in mill.told()


def test_a_folder_may_be_silent_and_a_source_that_was_taken_out_is_not_told(mill: Mill):
    mill.has("desk", last_new_at=MONDAY - 900 * DAY, rhythm=Rhythm(gap=DAY))
    mill.has("gazette", **GONE)
    mill.text = CONFIG.replace("gazette", "paper")
    assert mill.told() == ""


def test_there_is_one_report_a_week_as_long_as_something_is_wrong(mill: Mill):
    mill.has("gazette", **GONE)
    at = [MONDAY + hours * HOUR for hours in (0, 1, 24, 167, 168, 169, 400)]
    assert [mill.report(now) for now in at] == [True, False, False, False, True, False, True]
    mill.has("gazette", last_success_at=MONDAY)
    assert not mill.report(MONDAY + 5 * WEEK)
    assert mill.titles == [f"1 source needs you: week {week} of 2026" for week in (47, 46, 45)]


def test_a_report_by_a_clock_that_was_years_ahead_silences_none(mill: Mill):
    mill.has("gazette", **GONE)
    assert mill.report(MONDAY + 3650 * DAY)
    assert mill.report(MONDAY)
    assert not mill.report(MONDAY + DAY)


def test_the_same_reports_give_the_same_bytes_and_the_file_comes_back_where_it_was_lost(mill: Mill):
    mill.has("gazette", **GONE)
    assert mill.report(MONDAY.replace(microsecond=123456))
    assert ".123" not in mill.file.read_text(encoding="utf-8")
    before, written = mill.file.read_bytes(), mill.file.stat().st_mtime_ns
    assert not mill.report(MONDAY + DAY)
    assert (mill.file.read_bytes(), mill.file.stat().st_mtime_ns) == (before, written)
    mill.file.unlink()
    assert not mill.report(MONDAY + DAY)
    assert mill.file.read_bytes() == before


def test_publishing_leaves_the_report_alone_and_the_report_stays_out_of_what_is_published(mill: Mill):
    mill.has("gazette", **GONE)
    assert mill.report()
    before = mill.file.read_bytes()
    pipeline.publish(mill.store, mill.settings, force=True)
    assert mill.file.read_bytes() == before
    assert feedparser.parse((mill.folder / "public" / "atom.xml").read_bytes()).entries == []
    with mill.store.read() as db:
        assert articles.stored(db) == ()


def test_a_report_shows_no_secret_and_no_markup_of_a_sources_own(mill: Mill):
    mill.has(
        "herald",
        standing="gone",
        problem='"https://herald.example/feed.xml?key=open-sesame"\x1b[2J\x00\ufffe <script>alert(1)</script>',
    )
    told = mill.told()
    assert b"open-sesame" not in mill.file.read_bytes()
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in told
    assert not {"\x1b", "\ufffe"} & set(told)
    with mill.store.read() as db:
        assert "<script" not in reports.newest(db)[0].content_html


def test_a_report_on_very_many_sources_names_a_hundred_and_counts_the_rest(mill: Mill):
    listed = "\n".join(f'  - {{name: s{n}, url: "https://s{n}.example/"}}' for n in range(130))
    mill.text = f"sources:\n{listed}\n"
    pipeline.prepare(mill.store, mill.settings)
    with mill.store.begin() as db:
        sources.record_all(db, [SourceState(name=f"s{n}", **GONE) for n in range(130)])
    told = mill.told()
    assert told.count("<li>") == 100
    assert "And 30 more" in told


def test_each_report_has_an_id_and_a_date_of_its_own_and_the_feed_moves_with_them(mill: Mill):
    mill.has("gazette", **GONE)
    for week in range(3):
        mill.report(MONDAY + week * WEEK)
    atom = {"a": "http://www.w3.org/2005/Atom"}
    root = ET.fromstring(mill.file.read_text(encoding="utf-8"))
    assert [each.text for each in root.findall("a:entry/a:id", atom)] == [
        f"tag:mill.example,2026:report/2026-11-{day}T08:00:00Z" for day in ("16", "09", "02")
    ]
    assert root.findtext("a:updated", namespaces=atom) == "2026-11-16T08:00:00Z"


def test_two_processes_that_report_at_once_write_one(tmp_path: Path):
    first, second = (Mill(tmp_path, open_store(f"sqlite:///{tmp_path}/shared.db")) for _ in range(2))
    first.has("gazette", **GONE)
    quicker: list[bool] = []

    def overtake(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement == "BEGIN IMMEDIATE" and not quicker:
            quicker.append(True)
            quicker.append(second.report())

    event.listen(first.store._engine, "before_cursor_execute", overtake)
    assert not first.report()
    assert quicker == [True, True]
    with first.store.read() as db:
        assert len(reports.newest(db)) == 1
    first.store.close()
    second.store.close()


def test_reports_are_dated_in_utc(mill: Mill):
    mill.has("gazette", **GONE)
    mill.report(datetime(2027, 1, 3, 23, 30, tzinfo=UTC))
    assert mill.titles == ["1 source needs you: week 53 of 2026"]
