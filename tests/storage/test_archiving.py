from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from storing import save, standing

from builders import MONDAY, article
from feeds.normalizing.categories import slugs
from storage import Store, archiving, articles, retention, withdrawing

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
        shelf = everything(store)
        for number in archiving.unwritten(db, shelf):
            archiving.record_written(db, shelf, number, touched=archiving.touched(db, shelf, number))


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


def test_what_comes_late_stands_where_readers_look_until_it_leaves_with_the_oldest(store: Store):
    arrive(store, *range(10, 19))
    seal(store, 8)
    arrive(store, 1)  # a document of its own for each would be a request for each
    seal(store, 8)
    assert held(store) == [["11", "10"], ["18", "17", "16", "15", "14", "13", "12", "1"]]
    arrive(store, 19)
    seal(store, 8)
    assert held(store)[1:] == [["12", "1"], ["19", "18", "17", "16", "15", "14", "13"]]


def test_no_document_holds_more_than_its_size(store: Store, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archiving, "SIZE", 3)
    monkeypatch.setattr(archiving, "MOST", 2)
    arrive(store, *range(14))
    seal(store, 4)
    assert [len(document) for document in held(store)] == [3, 3, 3, 1, 4]


def test_an_archived_article_that_is_revised_stands_where_readers_look_and_leaves_for_a_newer_document(store: Store):
    arrive(store, *range(9))
    seal(store, 8)
    all_written(store)
    save(store, article(guid="urn:1", title="One", published=MONDAY + MINUTE))
    seal(store, 8)
    assert held(store) == [["0"], ["8", "7", "6", "5", "4", "3", "2", "One"]]
    assert unwritten(store) == []  # what is written does not change
    arrive(store, 9)
    seal(store, 8)
    assert held(store)[:2] == [["0"], ["2", "One"]]
    assert unwritten(store) == [2]


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
        assert withdrawing.withdraw(db, "urn:2", showing=(), now=MONDAY) == 1
    assert held(store)[0] == ["3", "1", "0"]
    assert unwritten(store) == [1]


def reshelve(store: Store, *names: str) -> None:
    with store.begin() as db:
        articles.reshelve(db, "gazette", (lambda _own, _tags: names) if names else None, slugs=slugs)


def test_an_article_that_leaves_a_shelf_leaves_its_archive_document_there_as_well(store: Store):
    save(store, *(article(guid=f"urn:{m}", title=str(m), published=MONDAY + m * MINUTE) for m in range(6)))
    seal(store, 4)
    all_written(store)
    reshelve(store, "News")
    assert unwritten(store) == []  # everything still holds it
    reshelve(store)
    assert unwritten(store) == [1]
    assert held(store) == [[], []]


def test_when_a_revised_article_leaves_all_documents_are_written_again_for_any_may_show_what_it_was(store: Store):
    arrive(store, *range(10))
    seal(store, 4)
    arrive(store, 10)
    seal(store, 4)
    all_written(store)
    save(store, article(guid="urn:1", title="One", published=MONDAY + MINUTE))
    reshelve(store)
    assert unwritten(store) == [1, 2]


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
        newest = sorted(seen, reverse=True)[: limit - max(limit // 4, 1)]
        assert [int(title) for title in now[-1]][: len(newest)] == newest
        assert all([int(title) for title in document] == sorted(map(int, document), reverse=True) for document in now)
        before = now[:-1]
