"""The journal: what refreshes came to, by source and day."""

from __future__ import annotations

from contextlib import suppress
from datetime import date, timedelta
from typing import Any

import pytest
from storing import of

from feeds.records import Refresh, Tally
from storage import Store, journal, sources

SUNDAY, MONDAY, TUESDAY = (date(2026, 11, day) for day in (1, 2, 3))
DAY = timedelta(days=1)


@pytest.fixture
def known(store: Store) -> Store:
    """A store that knows two sources."""
    with store.begin() as db:
        sources.enroll(db, [of("gazette"), of("almanac")])
    return store


def record(store: Store, day: date, *refreshes: Refresh) -> None:
    with store.begin() as db:
        journal.record(db, refreshes, day=day)


def refresh(name: str, status: Any, **changes: Any) -> Refresh:
    return Refresh(source=name, status=status, **changes)


def totals(store: Store, since: date = SUNDAY, **how: Any) -> dict[date, Tally]:
    with store.read() as db:
        return journal.totals(db, since=since, **how)


def test_an_empty_journal_has_no_days(known: Store) -> None:
    assert totals(known) == {}


def test_the_refreshes_of_a_day_add_up(known: Store) -> None:
    record(
        known,
        MONDAY,
        refresh("gazette", "fetched", new=3, fetch_seconds=0.5),
        refresh("almanac", "unchanged", fetch_seconds=0.25),
    )
    record(known, MONDAY, refresh("gazette", "unchanged", fetch_seconds=0.25))
    record(known, TUESDAY, refresh("gazette", "failed"))
    assert totals(known) == {MONDAY: Tally(MONDAY, 1, 2, 0, 3, 1.0), TUESDAY: Tally(TUESDAY, 0, 0, 1, 0, 0.0)}
    assert totals(known, since=TUESDAY).keys() == {TUESDAY}


def test_one_batch_may_hold_a_source_twice(known: Store) -> None:
    record(known, MONDAY, *[refresh("gazette", "unchanged", fetch_seconds=1.0)] * 3)
    assert totals(known) == {MONDAY: Tally(MONDAY, 0, 3, 0, 0, 3.0)}


def test_what_waits_counts_nothing(known: Store) -> None:
    record(known, MONDAY, refresh("gazette", "waiting"))
    assert totals(known) == {}


def test_a_failure_has_no_time_that_tells_how_quick_a_source_is(known: Store) -> None:
    record(
        known,
        MONDAY,
        refresh("gazette", "failed", fetch_seconds=30.0),
        refresh("gazette", "fetched", fetch_seconds=0.5),
    )
    assert totals(known)[MONDAY].latency == 0.5


def test_a_source_that_the_store_does_not_know_counts_nothing(known: Store) -> None:
    record(known, MONDAY, refresh("removed", "fetched", new=1), refresh("gazette", "fetched"))
    assert totals(known) == {MONDAY: Tally(MONDAY, 1)}


def test_sources_are_told_apart(known: Store) -> None:
    record(known, MONDAY, refresh("gazette", "fetched", new=2), refresh("almanac", "failed"))
    record(known, TUESDAY, refresh("gazette", "unchanged"))
    assert totals(known, names=["almanac", "nobody"]) == {MONDAY: Tally(MONDAY, 0, 0, 1)}
    assert totals(known, names=[]) == {}
    with known.read() as db:
        found = journal.of_sources(db, ["gazette", "nobody"], since=SUNDAY)
    assert found == {"gazette": {MONDAY: Tally(MONDAY, 1, 0, 0, 2), TUESDAY: Tally(TUESDAY, 0, 1)}, "nobody": {}}


def test_a_transaction_that_is_undone_counts_nothing(known: Store) -> None:
    with suppress(RuntimeError), known.begin() as db:
        journal.record(db, [refresh("gazette", "fetched")], day=MONDAY)
        raise RuntimeError
    assert totals(known) == {}


def test_after_ninety_days_a_day_is_forgotten_in_short_steps(known: Store) -> None:
    for ago in range(87, 95):
        record(known, TUESDAY - ago * DAY, refresh("gazette", "fetched"), refresh("almanac", "fetched"))
    assert journal.forget(known, today=TUESDAY, at_once=3) == 8
    assert min(totals(known, since=date(2026, 1, 1))) == TUESDAY - 90 * DAY
    assert journal.forget(known, today=TUESDAY, at_once=3) == 0


def test_forgetting_takes_no_longer_than_it_may_and_goes_on_the_next_time(known: Store) -> None:
    for ago in range(91, 98):
        record(known, TUESDAY - ago * DAY, refresh("gazette", "fetched"), refresh("almanac", "fetched"))
    assert [journal.forget(known, today=TUESDAY, at_once=1) for _time in range(3)] == [10, 4, 0]


def test_more_names_than_a_statement_takes_are_no_trouble(known: Store) -> None:
    record(known, MONDAY, refresh("gazette", "fetched"))
    names = [*(f"s{number}" for number in range(1200)), "gazette"]
    assert totals(known, names=names) == {MONDAY: Tally(MONDAY, 1)}
    with known.read() as db:
        assert sum(map(bool, journal.of_sources(db, names, since=SUNDAY).values())) == 1
