from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import event, insert
from storing import of, save

from builders import MONDAY, TUESDAY, article
from feeds.records import Inventory, SourceState, replace
from storage import Store, sources
from storage.inventory import inventory, next_due
from storage.tables import tombstones

HOUR = timedelta(hours=1)


def enroll(store: Store, *states: SourceState) -> None:
    """Sources in these states."""
    with store.begin() as db:
        sources.enroll(db, [of(state.name) for state in states])
        sources.record_all(db, states)


def state(name: str, **changes: Any) -> SourceState:
    """One that is not due before Tuesday."""
    return replace(SourceState(name=name, next_fetch_at=TUESDAY), **changes)


def counted(store: Store, *names: str, now: Any = MONDAY) -> Inventory:
    with store.read() as db:
        return inventory(db, names=names, now=now)


def test_an_empty_store_counts_nothing_and_names_every_state(store: Store):
    assert counted(store) == Inventory(
        sources={"active": 0, "failing": 0, "parked": 0, "gone": 0}, due=0, lag=timedelta(), articles=0, tombstones=0
    )


def test_each_source_is_counted_once_as_what_it_is(store: Store):
    enroll(
        store,
        state("well"),
        state("well-too"),
        state("weak", failures=3),
        state("parked", failures=20, standing="parked"),
        state("gone", failures=1, standing="gone"),
    )
    found = counted(store, "well", "well-too", "weak", "parked", "gone")
    assert found.sources == {"active": 2, "failing": 1, "parked": 1, "gone": 1}


def test_a_source_that_is_no_longer_configured_is_not_counted(store: Store):
    enroll(store, state("kept"), state("dropped", failures=1, next_fetch_at=MONDAY - HOUR))
    found = counted(store, "kept", "not-yet-enrolled")
    assert found.sources == {"active": 1, "failing": 0, "parked": 0, "gone": 0}
    assert (found.due, found.lag) == (0, timedelta())


def test_the_lag_is_that_of_the_source_that_has_been_due_the_longest(store: Store):
    enroll(
        store,
        state("late", next_fetch_at=MONDAY - HOUR),
        state("later", next_fetch_at=MONDAY - 3 * HOUR, failures=1),
        state("now", next_fetch_at=MONDAY),
        state("never-asked", next_fetch_at=None),
        state("tomorrow"),
    )
    found = counted(store, "late", "later", "now", "never-asked", "tomorrow")
    assert (found.due, found.lag) == (4, 3 * HOUR)


def test_what_is_not_asked_any_more_is_never_due(store: Store):
    enroll(
        store,
        state("parked", standing="parked", next_fetch_at=MONDAY - HOUR),
        state("gone", standing="gone", next_fetch_at=None),
    )
    found = counted(store, "parked", "gone")
    assert (found.due, found.lag) == (0, timedelta())


def test_a_source_never_asked_is_due_without_lag(store: Store):
    enroll(store, state("new", next_fetch_at=None))
    found = counted(store, "new")
    assert (found.due, found.lag) == (1, timedelta())


def test_articles_and_tombstones_are_counted(store: Store):
    save(store, article(), article(guid="2"), article(guid="3"))
    with store.begin() as db:
        blank: dict[str, Any] = dict.fromkeys(tombstones.c.keys(), "") | {
            "source_id": 1,
            "deleted_at": MONDAY,
            "said": None,
        }
        db.execute(insert(tombstones), [blank | {"guid": guid} for guid in ("4", "5")])
    found = counted(store, "gazette")
    assert (found.articles, found.tombstones) == (3, 2)


def test_two_thousand_sources_take_no_more_statements_than_one(store: Store):
    names = [f"s{number}" for number in range(2000)]
    enroll(store, *(state(name, failures=1, next_fetch_at=MONDAY - HOUR) for name in names))
    statements: list[str] = []
    with store.read() as db:
        inventory(db, names=names, now=MONDAY)  # begins the transaction
        event.listen(db, "before_cursor_execute", lambda *arguments: statements.append(arguments[2]))
        found = inventory(db, names=names, now=MONDAY)
        of_all = len(statements)
        inventory(db, names=names[:1], now=MONDAY)
    assert (found.sources["failing"], found.due) == (2000, 2000)
    assert of_all == len(statements) - of_all


def test_the_next_due_time_is_that_of_the_first_source_that_is_asked(store: Store):
    enroll(
        store,
        state("soon", next_fetch_at=TUESDAY),
        state("later", next_fetch_at=TUESDAY + timedelta(hours=1)),
        state("gone", next_fetch_at=MONDAY, standing="gone"),
        state("elsewhere", next_fetch_at=MONDAY),
        state("never asked", next_fetch_at=None),
    )

    def due(*names: str) -> Any:
        with store.read() as db:
            return next_due(db, names=names, now=MONDAY)

    assert due("soon", "later", "gone") == TUESDAY
    assert due("later", "never asked") == MONDAY
    assert due("gone") is None
