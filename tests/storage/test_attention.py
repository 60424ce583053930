"""Reports are kept for a year, and finding the sources that they are about costs a statement each."""

from __future__ import annotations

from datetime import timedelta

from storing import of

from builders import MONDAY
from feeds.records import SourceState, replace
from statements import statements
from storage import Store, attention, reports, sources
from storage.reports import Report

DAY, WEEK = timedelta(days=1), timedelta(days=7)


def told(number: int) -> Report:
    return Report(written_at=MONDAY + number * WEEK, title=f"Week {number}", content_html="<p>x</p>")


def known(store: Store, *states: SourceState, taken_out: tuple[str, ...] = ()) -> None:
    """Put sources into the store, in these states."""
    with store.begin() as db:
        sources.enroll(db, [of(state.name) for state in states])
        sources.set_shelving_digest(db, [state.name for state in states if state.name not in taken_out], "x")
        sources.record_all(db, states)


def names(states: tuple[SourceState, ...]) -> list[str]:
    return [state.name for state in states]


def test_the_latest_fifty_two_reports_are_kept_the_newest_first(store: Store):
    with store.begin() as db:
        for number in range(60):
            reports.add(db, told(number))
    with store.read() as db:
        kept = reports.newest(db)
    assert kept == tuple(told(number) for number in range(59, 7, -1))


def test_what_comes_next_is_in_the_order_of_its_time_and_what_was_never_asked_is_first(store: Store):
    known(
        store,
        SourceState(name="late", next_fetch_at=MONDAY + 2 * DAY),
        SourceState(name="soon", next_fetch_at=MONDAY + DAY),
        SourceState(name="new"),
        SourceState(name="dead", standing="gone", next_fetch_at=MONDAY),
        SourceState(name="left", next_fetch_at=MONDAY),
        taken_out=("left",),
    )
    with store.read() as db:
        assert names(attention.coming(db, limit=10)) == ["new", "soon", "late"]
        assert names(attention.coming(db, limit=1)) == ["new"]


def test_what_fails_is_found_and_what_is_not_asked_any_more_is_first(store: Store):
    known(
        store,
        SourceState(name="fine"),
        SourceState(name="once", failures=1, problem="503"),
        SourceState(name="often", failures=9),
        SourceState(name="parked", standing="parked", failures=10),
        SourceState(name="left", failures=3),
        taken_out=("left",),
    )
    with store.read() as db:
        found = attention.failing(db)
        assert names(found) == ["parked", "often", "once"]
        assert found[2].problem == "503"
        assert names(attention.failing(db, limit=2)) == ["parked", "often"]


def test_what_has_been_silent_since_then_is_found(store: Store):
    known(
        store,
        SourceState(name="silent", last_new_at=MONDAY - DAY),
        SourceState(name="lively", last_new_at=MONDAY + DAY),
        SourceState(name="new"),
        SourceState(name="dead", standing="gone", last_new_at=MONDAY - DAY),
    )
    with store.read() as db:
        assert names(attention.silent(db, since=MONDAY)) == ["silent"]


def test_a_look_at_many_sources_takes_a_statement_each(store: Store):
    many = [SourceState(name=f"s{number}", next_fetch_at=MONDAY, failures=number % 2) for number in range(1_200)]
    known(store, *many)
    with store.read() as db, statements(store) as seen:
        attention.coming(db, limit=10)
        attention.failing(db)
        attention.silent(db, since=MONDAY)
    assert len([statement for statement in seen if statement.startswith("SELECT")]) == 3


def test_states_come_back_whole(store: Store):
    whole = replace(SourceState(name="one"), failures=3, problem="503", last_success_at=MONDAY, last_new_at=MONDAY)
    known(store, whole)
    with store.read() as db:
        assert attention.failing(db) == (whole,)
