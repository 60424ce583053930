from __future__ import annotations

from datetime import timedelta

import pytest
from storing import of, save, stored

from builders import MONDAY, TUESDAY, WEDNESDAY, article
from feeds.errors import StoreError
from feeds.records import Body, Source, SourceState, Validators
from storage import Store, sources

HOUR = timedelta(hours=1)


def enroll(store: Store, *configured: Source) -> None:
    with store.begin() as db:
        sources.enroll(db, configured)


def states(store: Store) -> dict[str, SourceState]:
    with store.read() as db:
        return sources.states(db)


def claim(
    store: Store, *wanted: Source, now=MONDAY, owner="me", living: tuple[str, ...] = ("me", "you"), force=False
) -> list[str]:
    """The names of the sources that were claimed."""
    with store.begin() as db:
        claimed = sources.claim(db, wanted, now=now, owner=owner, is_alive=lambda name: name in living, force=force)
        return [source.name for source, _state in claimed]


def claimed_state(store: Store, wanted: Source, now=MONDAY) -> SourceState:
    with store.begin() as db:
        ((_source, state),) = sources.claim(db, [wanted], now=now, owner="me", is_alive=lambda _name: True, force=True)
        return state


def succeed(
    store: Store, name: str, *, now=MONDAY, due=TUESDAY, etag='W/"1"', bodies: tuple[Body, ...] = (), **changes
):
    with store.begin() as db:
        sources.record_success(
            db, name, now=now, next_fetch_at=due, validators=Validators(etag=etag), bodies=bodies,
            **{"body_digest": "digest", **changes},
        )  # fmt: skip


def fail(store: Store, name: str, *, now=MONDAY, due=TUESDAY, problem="404"):
    with store.begin() as db:
        sources.record_failure(db, name, now=now, next_fetch_at=due, problem=problem)


def test_a_new_source_is_due_at_once(store: Store):
    enroll(store, of("gazette"))
    assert claim(store, of("gazette")) == ["gazette"]


def test_a_source_is_due_when_its_time_has_come_and_not_a_second_before(store: Store):
    enroll(store, of("gazette"))
    succeed(store, "gazette", due=TUESDAY)
    assert claim(store, of("gazette"), now=TUESDAY - timedelta(seconds=1)) == []
    assert claim(store, of("gazette"), now=TUESDAY) == ["gazette"]


def test_force_overrules_the_due_time_and_not_another_worker(store: Store):
    enroll(store, of("gazette"), of("herald"))
    succeed(store, "gazette")
    assert claim(store, of("gazette"), force=True) == ["gazette"]
    assert claim(store, of("gazette"), of("herald"), owner="you", force=True) == ["herald"]


def test_a_folder_is_looked_at_in_every_round(store: Store):
    desk = Source(name="desk", kind="folder", path="/articles")
    enroll(store, desk)
    succeed(store, "desk", due=TUESDAY)
    assert claim(store, desk) == ["desk"]


def test_only_what_was_wanted_is_claimed_in_the_order_it_was_wanted(store: Store):
    enroll(store, of("a"), of("b"), of("c"))
    assert claim(store, of("c"), of("a")) == ["c", "a"]
    assert claim(store, of("a"), of("b"), of("c"), owner="you") == ["b"]


@pytest.mark.parametrize(
    ("now", "living", "is_free"),
    [
        (MONDAY, ("me",), False),
        (MONDAY, (), True),
        (MONDAY + sources.LEASE - timedelta(seconds=1), ("me",), False),
        (MONDAY + sources.LEASE, ("me",), True),
        (MONDAY - timedelta(days=365), ("me",), True),
    ],
    ids=["its worker lives", "its worker is dead", "the lease runs", "the lease is over", "the clock was a year ahead"],
)
def test_a_claim_holds_while_its_worker_lives_and_its_lease_runs(store: Store, now, living, is_free):
    enroll(store, of("gazette"))
    assert claim(store, of("gazette"), owner="me") == ["gazette"]
    assert claim(store, of("gazette"), owner="you", now=now, living=living) == (["gazette"] if is_free else [])


def test_a_worker_takes_up_again_what_it_claimed_itself(store: Store):
    enroll(store, of("gazette"))
    assert claim(store, of("gazette")) == claim(store, of("gazette")) == ["gazette"]


def test_what_is_released_is_due_as_before(store: Store):
    enroll(store, of("gazette"), of("herald"))
    claim(store, of("gazette"), owner="me")
    claim(store, of("herald"), owner="you")
    with store.begin() as db:
        sources.release(db, owner="me")
    assert claim(store, of("gazette"), of("herald"), owner="third") == ["gazette"]


@pytest.mark.parametrize("record", [succeed, fail])
def test_what_was_recorded_is_claimed_no_longer(store: Store, record):
    enroll(store, of("gazette"))
    claim(store, of("gazette"), owner="me")
    record(store, "gazette", due=MONDAY)
    assert claim(store, of("gazette"), owner="you") == ["gazette"]


def test_a_clock_that_was_years_ahead_silences_nobody(store: Store):
    enroll(store, of("gazette"))
    succeed(store, "gazette", now=MONDAY + timedelta(days=3650), due=MONDAY + timedelta(days=3651))
    assert claim(store, of("gazette"), now=MONDAY) == ["gazette"]


def test_a_clock_set_back_by_minutes_makes_nobody_due_early(store: Store):
    enroll(store, of("gazette"))
    succeed(store, "gazette", now=MONDAY, due=MONDAY + HOUR)
    assert claim(store, of("gazette"), now=MONDAY - timedelta(minutes=30)) == []


def test_more_sources_than_a_statement_takes_values_are_claimed(store: Store):
    many = [of(f"s{n}") for n in range(1_201)]
    enroll(store, *many)
    assert len(claim(store, *many)) == 1_201
    assert claim(store, *many, owner="you") == []


def test_what_a_success_taught_is_known_at_the_next_claim(store: Store):
    enroll(store, of("gazette"))
    fail(store, "gazette")
    succeed(store, "gazette", now=TUESDAY, due=WEDNESDAY, etag='W/"é"', problem="one entry was left out")
    assert claimed_state(store, of("gazette")) == SourceState(
        name="gazette",
        validators=Validators(etag='W/"é"'),
        body_digest="digest",
        failures=0,
        problem="one entry was left out",
        last_fetch_at=TUESDAY,
        last_success_at=TUESDAY,
        next_fetch_at=WEDNESDAY,
    )


def test_a_failure_is_counted_and_forgets_nothing(store: Store):
    enroll(store, of("gazette"))
    succeed(store, "gazette")
    fail(store, "gazette", now=TUESDAY, problem="500")
    fail(store, "gazette", now=WEDNESDAY, problem="a\0b \ud800")
    state = states(store)["gazette"]
    assert (state.failures, state.last_fetch_at, state.last_success_at) == (2, WEDNESDAY, MONDAY)
    assert (state.validators.etag, state.body_digest) == ('W/"1"', "digest")
    assert state.problem == "ab \\ud800"


def test_stamps_of_files_are_kept_and_renewed(store: Store):
    desk = Source(name="desk", kind="folder", path="/articles")
    enroll(store, desk)
    succeed(
        store, "desk", bodies=(Body(content=b"", path="a.md", stamp="1"), Body(content=b"", path="b.md", stamp="1"))
    )
    succeed(
        store, "desk", bodies=(Body(content=b"", path="b.md", stamp="2"), Body(content=b"", path="\udcff", stamp="1"))
    )
    assert claimed_state(store, desk).stamps == {"a.md": "1", "b.md": "2", "\\udcff": "1"}


def test_a_new_address_forgets_what_was_learned_of_the_old_one(store: Store):
    desk = Source(name="desk", kind="folder", path="/articles")
    enroll(store, of("gazette"), desk)
    succeed(store, "gazette")
    succeed(store, "desk", bodies=(Body(content=b"", path="a.md", stamp="1"),))
    fail(store, "gazette", due=WEDNESDAY)
    moved = Source(name="gazette", kind="http", url="https://new.example/feed.xml")
    moved_desk = Source(name="desk", kind="folder", path="/elsewhere")
    enroll(store, moved, moved_desk)
    state = claimed_state(store, moved)
    assert (state.validators, state.body_digest, state.failures, state.problem) == (Validators(), "", 0, "")
    assert state.next_fetch_at is None
    assert claimed_state(store, moved_desk).stamps == {}


def test_the_same_address_is_enrolled_again_without_a_loss(store: Store):
    enroll(store, of("gazette"))
    succeed(store, "gazette")
    before = states(store)
    enroll(store, of("gazette", categories=("Economy",)))
    assert states(store) == before


def test_a_renamed_source_stays_the_same_source(store: Store):
    enroll(store, of("gazette"), of("herald"))
    save(store, article())
    succeed(store, "gazette")
    renamed = of("gazette")
    renamed = Source(name="Evening Gazette", kind="http", url=renamed.url)
    enroll(store, renamed, of("herald"))
    assert set(states(store)) == {"Evening Gazette", "herald"}
    assert states(store)["Evening Gazette"].validators.etag == 'W/"1"'
    assert [one.source for one in stored(store)] == ["Evening Gazette"]
    assert claim(store, renamed) == []


def test_a_second_source_at_the_same_address_is_another_source(store: Store):
    twin = Source(name="twin", kind="http", url=of("gazette").url)
    enroll(store, of("gazette"))
    succeed(store, "gazette")
    enroll(store, of("gazette"), twin)
    assert set(states(store)) == {"gazette", "twin"}
    assert claim(store, of("gazette"), twin) == ["twin"]


def test_names_are_unique(store: Store):
    from storage.tables import sources as table

    enroll(store, of("gazette"))
    with pytest.raises(StoreError), store.begin() as db:
        db.execute(table.insert().values(name="gazette", location_digest="other"))


def test_what_shelved_a_source_is_remembered_until_it_leaves_the_shelves(store: Store):
    enroll(store, of("gazette"), of("herald"))
    with store.begin() as db:
        sources.set_shelving_digest(db, ["gazette"], "rules")
        assert sources.shelving_digests(db) == {"gazette": "rules", "herald": None}
        sources.set_shelving_digest(db, ["gazette"], None)
        assert sources.shelving_digests(db) == {"gazette": None, "herald": None}
