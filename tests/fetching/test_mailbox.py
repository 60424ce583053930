"""What bounds the memory that answers take while they wait to be read."""

from __future__ import annotations

import pytest

from builders import source
from feeds.fetching.mailbox import ALWAYS, MAX_SIZE, MAX_UNREAD, MAX_UNREAD_SIZE, Mailbox
from feeds.records import Body, Fetched, FetchResult, NotModified

ONE = source()
SIZE = 200_000


@pytest.fixture
def mailbox() -> Mailbox:
    """One that has handed on a hundred documents of one size."""
    made = Mailbox()
    for _ in range(100):
        made.put((ONE, document()))
        assert made.take(0) is not None
    return made


def document(size: int = SIZE) -> FetchResult:
    return Fetched(bodies=(Body(content=b" " * size),))


def most_beside(mailbox: Mailbox) -> int:
    """How many transfers may be under way at a time."""
    return next(number for number in range(10_000) if not mailbox.has_room_beside(number))


def test_what_transfers_will_bring_counts_beside_what_waits(mailbox: Mailbox) -> None:
    assert most_beside(mailbox) == pytest.approx(MAX_SIZE / SIZE, rel=0.1)
    for _ in range(8):
        mailbox.put((ONE, document()))
    assert most_beside(mailbox) == pytest.approx(MAX_SIZE / SIZE - 8, rel=0.1)
    mailbox.put((ONE, document(MAX_UNREAD_SIZE)))
    assert not mailbox.has_room_beside(0)


def test_a_few_transfers_may_always_be_under_way_for_some_never_end(mailbox: Mailbox) -> None:
    for _ in range(20):
        mailbox.put((ONE, document(3 * MAX_SIZE)))
        mailbox.take(0)
    assert most_beside(mailbox) == ALWAYS


def test_unchanged_sources_hold_nothing_back(mailbox: Mailbox) -> None:
    for _ in range(MAX_UNREAD - 1):
        mailbox.put((ONE, NotModified()))
    assert mailbox.has_room_beside(1_000)
    mailbox.put((ONE, NotModified()))
    assert not mailbox.has_room_beside(0)


def test_whoever_waits_for_room_is_told_when_a_document_is_taken(mailbox: Mailbox) -> None:
    told: list[int] = []
    mailbox.when_there_is_room(lambda: told.append(1))
    mailbox.put((ONE, document()))
    mailbox.put((ONE, NotModified()))
    mailbox.take(0)
    assert told == [1]
    mailbox.take(0)
    assert told == [1]
