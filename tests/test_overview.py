"""All sources at a glance: chosen, sorted, counted, and what the journal tells of them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from builders import MONDAY, article, config
from clocks import WebClock
from feeds import pipeline, settings
from feeds.normalizing.categories import slugs
from feeds.pipeline.overview import overview, page
from feeds.publishing.status_page import Overview, Wish
from feeds.records import Dating, Refresh, Rhythm, SourceState, Tally, replace
from feeds.settings import Settings
from origin import Origin, answer, conditional, feed
from storage import Store, journal, saving, sources

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CONFIG = """
site: {title: Evening Mill, url: "https://mill.example/"}
sources:
  - {name: almanac, url: "https://almanac.example/feed.xml?key=open-sesame"}
  - {name: Bread, url: "https://bread.example/feed.xml"}
  - {name: corn, url: "https://corn.example/feed.xml"}
  - {name: dust, url: "https://dust.example/feed.xml"}
  - {name: desk, path: desk/}
"""
STATES = (
    SourceState(name="almanac", last_success_at=MONDAY - HOUR, next_fetch_at=MONDAY + HOUR, rhythm=Rhythm(gap=DAY)),
    SourceState(name="Bread", failures=3, problem="HTTP 500", next_fetch_at=MONDAY + 2 * HOUR, rhythm=Rhythm(gap=HOUR)),
    SourceState(name="corn", failures=10, standing="parked", problem="no such host", last_success_at=MONDAY - DAY),
    SourceState(name="dust", failures=1, standing="gone", problem="HTTP 410"),
    SourceState(name="desk", last_success_at=MONDAY, next_fetch_at=MONDAY - HOUR),
)


@pytest.fixture
def configured(tmp_path: Path) -> Settings:
    return settings.load(config(tmp_path, CONFIG), environ={})


@pytest.fixture
def mill(store: Store, configured: Settings) -> Store:
    """A store that knows each kind of source."""
    pipeline.prepare(store, configured)
    with store.begin() as db:
        sources.record_all(db, [replace(state, last_fetch_at=MONDAY) for state in STATES])
    return store


def look(store: Store, configured: Settings, hidden: frozenset[str] = frozenset(), **wish: Any) -> Overview:
    return overview(store, configured, Wish(**wish), now=MONDAY, hidden=hidden)


def names(shown: Overview) -> list[str]:
    return [line.name for line in shown.lines]


def test_the_worst_come_first_and_each_is_counted_as_what_it_is(mill: Store, configured: Settings) -> None:
    found = look(mill, configured)
    assert names(found) == ["Bread", "corn", "dust", "almanac", "desk"]
    assert [line.state for line in found.lines] == ["failing", "parked", "gone", "active", "active"]
    assert found.counts == {"failing": 1, "parked": 1, "gone": 1, "never read": 0, "active": 2}
    assert (found.found, found.pages, found.last_fetch_at) == (5, 1, MONDAY)


# By column: the sources in ascending order, and how many of them at the end have nothing to be sorted by.
SORTED = {
    "source": ("almanac Bread corn desk dust", 0),
    "success": ("corn almanac desk Bread dust", 2),
    "failures": ("almanac desk dust Bread corn", 0),
    "problem": ("dust Bread corn almanac desk", 2),
    "week": ("almanac Bread corn desk dust", 3),
    "articles": ("Bread corn desk dust almanac", 0),
    "next": ("desk almanac Bread corn dust", 2),
}


def test_each_column_sorts_and_what_is_not_known_is_last_in_either_order(mill: Store, configured: Settings) -> None:
    with mill.begin() as db:
        saving.save(db, saving.Batch(source="almanac", articles=[article()], now=MONDAY), slugs=slugs)
    ties = {"failures": "almanac desk", "articles": "Bread corn desk dust"}  # by name, in either order
    for sort, (told, unknown) in SORTED.items():
        upwards = told.split()
        known = upwards[: len(upwards) - unknown]
        tied = ties.get(sort, "").split()
        downwards = [name for name in reversed(known) if name not in tied] + tied + upwards[len(known) :]
        assert names(look(mill, configured, sort=sort)) == upwards
        assert names(look(mill, configured, sort=sort, order="descending")) == downwards


def test_only_those_are_shown_that_are_asked_for(mill: Store, configured: Settings) -> None:
    found = look(mill, configured, show="parked")
    assert (names(found), found.found, sum(found.counts.values())) == (["corn"], 1, 5)
    assert names(look(mill, configured, show="never read")) == []


def test_what_is_held_and_dates_that_are_not_believed_are_problems_too(mill: Store, configured: Settings) -> None:
    with mill.begin() as db:
        old = [article(source="almanac", guid=f"urn:{n}", held_at=MONDAY) for n in range(2)]
        saving.save(db, saving.Batch(source="almanac", articles=old, now=MONDAY), slugs=slugs)
        sources.record_datings(db, {"corn": Dating(verdict="moving", since=MONDAY)})
    told = {line.name: line.problem for line in look(mill, configured).lines}
    assert told["almanac"].startswith("2 old articles came as new and are held")
    assert "its entries have other dates at each visit" in told["corn"]
    assert "no such host" in told["corn"]
    assert told["desk"] == ""


def test_a_source_that_was_just_added_is_there_and_one_that_was_removed_is_not(
    mill: Store, configured: Settings
) -> None:
    fresh = replace(configured.sources[0], name="fresh")
    changed = replace(configured, sources=(*configured.sources[1:], fresh))
    found = look(mill, changed, sort="source")
    assert names(found) == ["Bread", "corn", "desk", "dust", "fresh"]
    assert (found.lines[-1].state, found.counts["never read"], found.counts["active"]) == ("never read", 1, 1)


def test_pages_hold_every_source_once_and_one_beyond_the_last_is_the_last(store: Store, configured: Settings) -> None:
    many = tuple(replace(configured.sources[1], name=f"s{number:03}") for number in range(450))
    every = replace(configured, sources=many)
    pipeline.prepare(store, every)
    pages = [names(look(store, every, page=number)) for number in (1, 2, 3)]
    assert [len(each) for each in pages] == [200, 200, 50]
    assert sum(pages, []) == [source.name for source in many]  # noqa: RUF017 - three lists
    beyond = look(store, every, page=999_999)
    assert (names(beyond), beyond.wish.page) == (pages[2], 3)


def test_what_is_hidden_counts_nowhere(mill: Store, configured: Settings) -> None:
    today = MONDAY.date()
    with mill.begin() as db:
        for name in ("almanac", "Bread"):
            saving.save(
                db, saving.Batch(source=name, articles=[article(guid=name, atom_id=name)], now=MONDAY), slugs=slugs
            )
        journal.record(db, [Refresh(source=name, status="fetched", new=1) for name in ("almanac", "Bread")], day=today)
    whole = look(mill, configured)
    assert (whole.articles, whole.days[-1]) == (2, Tally(today, 2, 0, 0, 2))
    part = look(mill, configured, hidden=frozenset({"Bread", "no-such-source"}))
    assert "Bread" not in names(part)
    assert (sum(part.counts.values()), part.counts["failing"]) == (4, 0)
    assert (part.articles, part.days[-1]) == (1, Tally(today, 1, 0, 0, 1))
    secret = page(mill, replace(configured, sources=configured.sources[1:]), {}, now=MONDAY)
    assert b"almanac" not in secret


def test_folders_are_left_out_of_fetches_and_their_articles_are_not(mill: Store, configured: Settings) -> None:
    today = MONDAY.date()
    with mill.begin() as db:
        journal.record(db, [Refresh(source="desk", status="unchanged")] * 50, day=today)
        journal.record(db, [Refresh(source="desk", status="fetched", new=4)], day=today)
        journal.record(db, [Refresh(source="almanac", status="unchanged", fetch_seconds=0.5)], day=today)
    found = look(mill, configured, sort="source")
    assert found.days[-1] == Tally(today, 0, 1, 0, 4, 0.5)
    assert found.lines[3].days[-1] == Tally(today, 1, 50, 0, 4)


def test_no_secret_and_no_path_of_this_machine_is_told(mill: Store, configured: Settings) -> None:
    path = configured.sources[-1].path
    with mill.begin() as db:
        secret = SourceState(
            name="almanac", failures=1, problem="asked https://almanac.example/feed.xml?key=open-sesame"
        )
        sources.record_all(db, [secret, SourceState(name="desk", failures=1, problem=f"{path}: No such file")])
    told = page(mill, configured, {}, now=MONDAY).decode()
    assert "open-sesame" not in told
    assert path not in told
    assert "its path: No such file" in told


def test_where_a_source_has_moved_is_told_without_what_its_new_server_gave_it(
    mill: Store, configured: Settings
) -> None:
    moved = "https://cdn.example/almanac?page=1&token=hidden77"
    with mill.begin() as db:
        sources.record_all(db, [replace(STATES[0], moved_to=moved, moved_since=MONDAY, move_is_proven=True)])
    (line,) = (each for each in look(mill, configured).lines if each.name == "almanac")
    assert line.problem.endswith("write it into the config: https://cdn.example/almanac?page=1&token=***")


def test_a_source_is_linked_to_its_page_once_that_is_there(mill: Store, configured: Settings) -> None:
    with mill.begin() as db:
        saving.save(db, saving.Batch(source="Bread", articles=[article(source="Bread")], now=MONDAY), slugs=slugs)
    assert look(mill, configured).lines[0].path == ""
    pipeline.publish(mill, configured)
    path = look(mill, configured).lines[0].path
    assert (configured.output / path / "index.html").is_file()
    assert look(mill, replace(configured, pages=None)).lines[0].path == ""


# What rounds come to


def test_the_journal_agrees_with_what_refreshes_did(store: Store, tmp_path: Path, origin: Origin) -> None:
    text = f"""
fetch: {{allow_private_addresses: true}}
sources:
  - {{name: well, url: "{origin.play("/well", conditional(feed("1", "2")))}"}}
  - {{name: broken, url: "{origin.play("/broken", answer(body=b"no feed at all"))}"}}
  - {{name: missing, url: "{origin.url("/missing")}"}}
  - {{name: desk, path: desk}}
"""
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "a.md").write_text("---\ntitle: Rye\n---\nText")
    configured = settings.load(config(tmp_path, text), environ={})
    configured = replace(configured, per_host=replace(configured.per_host, spacing=timedelta(0)))
    clock, done = WebClock(), list[Refresh]()
    for moment in (MONDAY, MONDAY + HOUR, MONDAY + DAY):
        clock.moment = moment
        if moment == MONDAY + DAY:
            origin.play("/well", conditional(feed("1", "2", "3"), etag='"two"'))
        done += pipeline.start_round(store, configured, configured.sources, clock=clock, force=True).refreshes
    with store.read() as db:
        kept = journal.of_sources(db, [source.name for source in configured.sources], since=MONDAY.date())
    for name, days in kept.items():
        ours = [refresh for refresh in done if refresh.source == name]
        assert len(ours) == 3
        for status in ("fetched", "unchanged", "failed"):
            assert sum(getattr(day, status) for day in days.values()) == sum(one.status == status for one in ours)
        assert sum(day.new for day in days.values()) == sum(one.new for one in ours)
        answered = [one.fetch_seconds for one in ours if one.status != "failed"]
        assert sum(day.seconds for day in days.values()) == pytest.approx(sum(answered))
    monday, tuesday = MONDAY.date(), (MONDAY + DAY).date()
    assert replace(kept["well"][monday], seconds=0.0) == Tally(monday, 1, 1, 0, 2)
    assert replace(kept["well"][tuesday], seconds=0.0) == Tally(tuesday, 1, 0, 0, 1)
    assert kept["broken"] == kept["missing"] == {monday: Tally(monday, 0, 0, 2), tuesday: Tally(tuesday, 0, 0, 1)}
    assert kept["desk"][monday].new == 1


def test_a_round_forgets_what_is_too_old(store: Store, configured: Settings) -> None:
    pipeline.prepare(store, configured)
    long_ago = MONDAY.date() - 91 * DAY
    with store.begin() as db:
        journal.record(db, [Refresh(source="almanac", status="failed")], day=long_ago)
    assert list(pipeline.start_round(store, configured, (), clock=WebClock()).refreshes) == []
    with store.read() as db:
        assert journal.totals(db, since=long_ago) == {}
