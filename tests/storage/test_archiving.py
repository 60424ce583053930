from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from storing import save, standing

from builders import MONDAY, article
from storage import Store, archiving, articles, retention

MINUTE = timedelta(minutes=1)


def arrive(store: Store, *minutes: int) -> None:
    """Articles published so many minutes after Monday, called by that number."""
    save(store, *(article(guid=f"urn:{m}", title=str(m), published=MONDAY + m * MINUTE) for m in minutes))


def everything(store: Store) -> int:
    return standing(store)[None].id


def seal(store: Store, limit: int) -> None:
    has_more = True
    while has_more:
        with store.begin() as db:
            has_more = archiving.seal(db, everything(store), limit=limit)


def held(store: Store) -> list[list[str]]:
    """What each archive document holds, the oldest document first; last what is in none."""
    shelf = everything(store)
    with store.read() as db:
        numbers = [*range(1, archiving.latest(db, shelf) + 1), None]
        return [[one.title for one in articles.archived(db, shelf, number)] for number in numbers]


def unwritten(store: Store) -> list[int]:
    with store.read() as db:
        return archiving.unwritten(db, everything(store))


def all_written(store: Store) -> None:
    with store.begin() as db:
        for number in archiving.unwritten(db, everything(store)):
            archiving.record_written(db, everything(store), number)


def test_up_to_the_limit_nothing_is_archived(store: Store):
    arrive(store, *range(8))
    seal(store, 8)
    assert held(store) == [["7", "6", "5", "4", "3", "2", "1", "0"]]


def test_what_is_too_many_leaves_the_oldest_first(store: Store):
    arrive(store, *range(12))
    seal(store, 8)
    assert held(store) == [["3", "2", "1", "0"], ["11", "10", "9", "8", "7", "6", "5", "4"]]
    assert unwritten(store) == [1]


def test_one_too_many_makes_a_quarter_leave_so_that_documents_are_not_made_for_single_articles(store: Store):
    arrive(store, *range(9))
    seal(store, 8)
    assert [len(document) for document in held(store)] == [2, 7]
    arrive(store, 9)
    seal(store, 8)
    assert [len(document) for document in held(store)] == [2, 8]


def test_what_is_older_than_something_archived_follows_it_at_once(store: Store):
    arrive(store, *range(10, 22))
    seal(store, 8)
    arrive(store, 1, 2)
    seal(store, 8)
    assert held(store)[:2] == [["13", "12", "11", "10"], ["2", "1"]]


def test_no_document_holds_more_than_its_size(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archiving, "SIZE", 3)
    monkeypatch.setattr(archiving, "MOST", 2)
    arrive(store, *range(14))
    seal(store, 4)
    assert [len(document) for document in held(store)] == [3, 3, 3, 1, 4]


def test_an_archived_article_that_is_revised_leaves_for_a_newer_document(store: Store):
    arrive(store, *range(12))
    seal(store, 8)
    all_written(store)
    save(store, article(guid="urn:1", title="One", published=MONDAY + MINUTE))
    seal(store, 8)
    assert held(store)[:2] == [["3", "2", "0"], ["One"]]
    assert unwritten(store) == [2]  # what is written does not change


def test_a_document_of_which_nothing_is_left_goes_and_the_next_one_is_written_without_it(store: Store):
    arrive(store, *range(6))
    seal(store, 4)
    arrive(store, *range(6, 10))
    seal(store, 4)
    all_written(store)
    with store.begin() as db:
        gone = [id_ for title in ("0", "1") for id_ in articles.named(db, f"urn:{title}")]
        retention.purge(db, gone, now=MONDAY)
        assert unwritten(store) == []  # half a document that retention let go of still shows it
        assert archiving.emptied(db, everything(store)) == [1]
        assert archiving.before(db, everything(store), 2) == 0
        archiving.write_oldest_again(db, everything(store))
        archiving.forget(db, everything(store), [1])
        assert archiving.emptied(db, everything(store)) == []
    assert unwritten(store) == [2]


def test_a_number_is_not_given_twice_though_all_documents_went(store: Store):
    arrive(store, *range(6))
    seal(store, 4)
    with store.begin() as db:
        retention.purge(db, [id_ for n in range(6) for id_ in articles.named(db, f"urn:{n}")], now=MONDAY)
        archiving.forget(db, everything(store), archiving.emptied(db, everything(store)))
        assert archiving.before(db, everything(store)) == 0
    arrive(store, *range(10, 16))
    seal(store, 4)
    assert unwritten(store)[-1] == 2
    with store.read() as db:
        assert archiving.before(db, everything(store)) == 2


def test_a_withdrawn_article_has_its_documents_written_again(store: Store):
    arrive(store, *range(12))
    seal(store, 8)
    all_written(store)
    with store.begin() as db:
        retention.purge(db, articles.named(db, "urn:2"), now=MONDAY, reason="withdrawn")
    assert held(store)[0] == ["3", "1", "0"]
    assert unwritten(store) == [1]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rounds=st.lists(st.sets(st.integers(0, 200), min_size=1, max_size=30), min_size=1, max_size=6),
    limit=st.integers(1, 9),
)
def test_every_article_is_in_one_place_and_no_archive_document_ever_changes(store: Store, rounds, limit):
    with store.begin() as db:
        retention.purge(db, [id_ for n in range(201) for id_ in articles.named(db, f"urn:{n}")], now=MONDAY)
        for table in ("shelves", "archives", "tombstones"):
            db.exec_driver_sql(f"DELETE FROM {table}")
    before: list[list[str]] = []
    seen: set[int] = set()
    for minutes in rounds:
        arrive(store, *minutes)
        seen |= minutes
        seal(store, limit)
        now = held(store)
        assert sorted(int(title) for document in now for title in document) == sorted(seen)
        assert now[: len(before)] == before
        assert len(now[-1]) <= limit
        newest = sorted(map(str, sorted(seen)[-len(now[-1]) :]), key=int, reverse=True) if now[-1] else []
        assert now[-1] == newest
        before = now[:-1]
