from __future__ import annotations

from datetime import UTC, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from storing import always, of, save, stored

from builders import MONDAY, TUESDAY, WEDNESDAY, article
from feeds.errors import StoreError
from feeds.records import Body, Rhythm, Source, SourceState, Validators, replace
from statements import statements
from storage import Store, claims, sources

HOUR = timedelta(hours=1)
DESK = Source(name="desk", kind="folder", path="/articles")


def enroll(store: Store, *configured: Source) -> None:
    with store.begin() as db:
        sources.enroll(db, configured)


def states(store: Store) -> dict[str, SourceState]:
    with store.read() as db:
        return sources.states(db)


def claim(
    store: Store, *wanted: Source, now=MONDAY, owner="me", living: tuple[str, ...] = ("me", "you"), is_due=always
) -> list[str]:
    """The names of the sources that were claimed."""
    with store.begin() as db:
        claimed = sources.claim(db, wanted, now=now, owner=owner, is_alive=lambda name: name in living, is_due=is_due)
        return [source.name for source, _state in claimed]


def claimed_state(store: Store, wanted: Source, now=MONDAY) -> SourceState:
    with store.begin() as db:
        ((_source, state),) = sources.claim(
            db, [wanted], now=now, owner="me", is_alive=lambda _name: True, is_due=always
        )
        return state


def learned(name: str = "gazette", **changes) -> SourceState:
    """A state in which nothing is as it is at first."""
    whole = SourceState(
        name=name,
        standing="parked",
        validators=Validators(etag='W/"é" ', last_modified="last tuesday"),
        body_digest="digest",
        rhythm=Rhythm(every=2 * HOUR, skip_hours=(0, 23), skip_days=(6,), gap=timedelta(days=1.5)),
        failures=3,
        problem="one entry was left out",
        slowed=2,
        slowed_at=MONDAY,
        moved_to="https://new.example/feed.xml",
        moved_since=MONDAY,
        move_is_proven=True,
        attempts=1,
        last_fetch_at=TUESDAY,
        last_success_at=MONDAY,
        last_new_at=MONDAY,
        next_fetch_at=WEDNESDAY,
    )
    return replace(whole, **changes)


def record(store: Store, *taught: SourceState, bodies: tuple[Body, ...] = ()) -> None:
    with store.begin() as db:
        for state in taught:
            sources.record(db, state, bodies)


def test_a_new_source_has_learned_nothing(store: Store):
    enroll(store, of("gazette"))
    assert claimed_state(store, of("gazette")) == SourceState(name="gazette")


def test_what_is_not_due_is_not_claimed_and_who_decides_sees_what_was_learned(store: Store):
    enroll(store, of("gazette"), of("herald"))
    record(store, learned("gazette"), learned("herald", next_fetch_at=MONDAY))
    seen = {}

    def is_due(source: Source, state: SourceState) -> bool:
        seen[source.name] = state
        return state.next_fetch_at <= TUESDAY

    assert claim(store, of("gazette"), of("herald"), is_due=is_due) == ["herald"]
    assert seen == states(store)
    assert claim(store, of("gazette"), of("herald"), owner="you") == ["gazette"]


def test_only_what_was_wanted_is_claimed_in_the_order_it_was_wanted(store: Store):
    enroll(store, of("a"), of("b"), of("c"))
    assert claim(store, of("c"), of("a")) == ["c", "a"]
    assert claim(store, of("a"), of("b"), of("c"), owner="you") == ["b"]


@pytest.mark.parametrize(
    ("now", "living", "is_free"),
    [
        (MONDAY, ("me",), False),
        (MONDAY, (), True),
        (MONDAY + claims.LEASE - timedelta(seconds=1), ("me",), False),
        (MONDAY + claims.LEASE, ("me",), True),
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


def test_what_is_released_is_as_before_and_of_others_nothing_is(store: Store):
    enroll(store, of("gazette"), of("herald"))
    record(store, learned("gazette"))
    before = states(store)
    claim(store, of("gazette"), owner="me")
    claim(store, of("herald"), owner="you")
    with store.begin() as db:
        sources.release(db, owner="me")
    assert states(store) == before
    assert claim(store, of("gazette"), of("herald"), owner="third") == ["gazette"]


def test_one_source_is_released_and_the_others_stay_claimed(store: Store):
    enroll(store, of("a"), of("b"))
    claim(store, of("a"), of("b"), owner="me")
    with store.begin() as db:
        sources.release(db, owner="you", name="b")
        sources.release(db, owner="me", name="a")
    assert claim(store, of("a"), of("b"), owner="you") == ["a"]


def test_what_was_recorded_is_claimed_no_longer(store: Store):
    enroll(store, of("a"), of("b"))
    claim(store, of("a"), of("b"), owner="me")
    record(store, learned("a"))
    assert claim(store, of("a"), of("b"), owner="you") == ["a"]


def test_more_sources_than_a_statement_takes_values_are_claimed_and_recorded(store: Store):
    many = [of(f"s{n}") for n in range(1_201)]
    enroll(store, *many)
    assert len(claim(store, *many)) == 1_201
    assert claim(store, *many, owner="you") == []
    with statements(store) as seen, store.begin() as db:
        sources.record_all(db, [learned(source.name) for source in many])
    assert sum(statement.startswith("UPDATE") for statement in seen) == 1
    assert states(store) == {source.name: learned(source.name) for source in many}
    assert len(claim(store, *many, owner="you")) == 1_201


@pytest.mark.parametrize(
    "news", [{}, {"failures": 0, "problem": ""}, {"validators": Validators(etag="new")}, {"rhythm": Rhythm()}]
)
def test_a_visit_without_news_leaves_what_it_learned_and_ends_the_claim(store: Store, news):
    before = learned(attempts=0, standing="active")
    after = replace(before, last_fetch_at=WEDNESDAY, last_success_at=WEDNESDAY, next_fetch_at=WEDNESDAY + HOUR, **news)
    enroll(store, of("gazette"))
    record(store, before)
    claim(store, of("gazette"))
    with store.begin() as db:
        sources.begin_reading(db, "gazette")  # as if it had ended a process before
        sources.record_visits(db, [(before, after)])
    assert states(store) == {"gazette": after}
    assert claim(store, of("gazette"), owner="you") == ["gazette"]


def test_visits_without_news_share_a_statement_in_which_only_times_are_written(store: Store):
    before = {name: learned(name, attempts=0) for name in ("one", "two")}
    enroll(store, *map(of, before))
    record(store, *before.values())
    with statements(store) as seen, store.begin() as db:
        sources.record_visits(db, [(each, replace(each, last_fetch_at=WEDNESDAY)) for each in before.values()])
    (written,) = (statement for statement in seen if statement.startswith("UPDATE"))
    assert "etag" not in written
    assert {state.last_fetch_at for state in states(store).values()} == {WEDNESDAY}


def test_a_visit_to_an_address_that_is_no_more_says_nothing_about_the_new_one(store: Store):
    before = learned(attempts=0)
    enroll(store, of("gazette"))
    record(store, before)
    claim(store, of("gazette"))
    enroll(store, replace(of("gazette"), url="https://elsewhere.example/feed.xml"))
    with store.begin() as db:
        sources.record_visits(db, [(before, replace(before, last_fetch_at=WEDNESDAY))])
    assert states(store)["gazette"].validators == Validators()
    assert states(store)["gazette"].body_digest == ""


moments = st.none() | st.datetimes(timezones=st.just(UTC))
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
counts = st.integers(0, 2**31 - 1)
waits = st.none() | st.timedeltas(timedelta(0), timedelta(days=36_500))
learnable = st.builds(
    SourceState,
    name=st.just("gazette"),
    standing=st.sampled_from(["active", "parked", "gone"]),
    validators=st.builds(Validators, etag=texts, last_modified=texts),
    body_digest=texts,
    stamps=st.just({}),
    rhythm=st.builds(
        Rhythm,
        every=waits,
        skip_hours=st.lists(st.integers(0, 23)).map(tuple),
        skip_days=st.lists(st.integers(0, 6)).map(tuple),
        gap=waits,
    ),
    failures=counts, problem=texts, slowed=counts, slowed_at=moments,
    moved_to=texts, moved_since=moments, move_is_proven=st.booleans(), attempts=counts,
    last_fetch_at=moments, last_success_at=moments, last_new_at=moments, next_fetch_at=moments,
)  # fmt: skip


@given(taught=learnable)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_whatever_was_learned_comes_back_as_it_was_recorded(store: Store, taught: SourceState):
    enroll(store, of("gazette"), of("herald"))
    record(store, taught)
    assert claimed_state(store, of("gazette")) == taught
    assert states(store) == {"gazette": taught, "herald": SourceState(name="herald")}


def test_text_that_no_database_holds_is_stored_as_far_as_it_can_be(store: Store):
    enroll(store, of("gazette"))
    record(store, learned(problem="a\0b \ud800"))
    assert states(store)["gazette"].problem == "ab \\ud800"


def test_each_beginning_is_counted_until_the_source_was_read(store: Store):
    enroll(store, of("gazette"), of("herald"))
    for times in (1, 2):
        with store.begin() as db:
            sources.begin_reading(db, "gazette")
        assert states(store)["gazette"].attempts == times
    assert states(store)["herald"].attempts == 0
    record(store, learned(attempts=0))
    assert states(store)["gazette"].attempts == 0


def test_a_beginning_can_say_when_the_next_one_may_be(store: Store):
    enroll(store, of("gazette"))
    with store.begin() as db:
        sources.begin_reading(db, "gazette", again_at=TUESDAY)
    assert states(store)["gazette"] == SourceState(name="gazette", attempts=1, next_fetch_at=TUESDAY)


def test_hosts_are_held_each_until_its_own_time(store: Store):
    with store.begin() as db:
        assert sources.held_hosts(db) == {}
        sources.hold_host(db, "a.example", until=MONDAY, strikes=1)
        sources.hold_host(db, "b.example", until=MONDAY, strikes=1)
        sources.hold_host(db, "a.example", until=TUESDAY, strikes=2)
    with store.read() as db:
        assert sources.held_hosts(db) == {"a.example": (2, TUESDAY), "b.example": (1, MONDAY)}


def test_stamps_of_files_are_kept_and_renewed(store: Store):
    enroll(store, DESK)
    first = (Body(content=b"", path="a.md", stamp="1"), Body(content=b"", path="b.md", stamp="1"))
    then = (Body(content=b"", path="b.md", stamp="2"), Body(content=b"", path="\udcff", stamp="1"))
    record(store, learned("desk"), bodies=first)
    record(store, learned("desk"), bodies=then)
    assert claimed_state(store, DESK).stamps == {"a.md": "1", "b.md": "2", "\\udcff": "1"}


def test_a_new_address_forgets_everything_that_was_learned_of_the_old_one(store: Store):
    enroll(store, of("gazette"), of("herald"), DESK)
    record(store, learned("gazette"), learned("herald"))
    record(store, learned("desk"), bodies=(Body(content=b"", path="a.md", stamp="1"),))
    moved = Source(name="gazette", kind="http", url="https://new.example/feed.xml")
    moved_desk = Source(name="desk", kind="folder", path="/elsewhere")
    enroll(store, moved, of("herald"), moved_desk)
    assert claimed_state(store, moved) == SourceState(name="gazette")
    assert claimed_state(store, moved_desk) == SourceState(name="desk")
    assert claimed_state(store, of("herald")) == learned("herald")


def test_the_same_address_is_enrolled_again_without_a_loss(store: Store):
    enroll(store, of("gazette"))
    record(store, learned())
    before = states(store)
    enroll(store, of("gazette", categories=("Economy",)))
    assert states(store) == before


def test_a_renamed_source_stays_the_same_source(store: Store):
    enroll(store, of("gazette"), of("herald"))
    save(store, article())
    record(store, learned())
    renamed = Source(name="Evening Gazette", kind="http", url=of("gazette").url)
    enroll(store, renamed, of("herald"))
    assert states(store) == {
        "Evening Gazette": learned("Evening Gazette"),
        "herald": SourceState(name="herald"),
    }
    assert [one.source for one in stored(store)] == ["Evening Gazette"]


def test_a_second_source_at_the_same_address_is_another_source(store: Store):
    twin = Source(name="twin", kind="http", url=of("gazette").url)
    enroll(store, of("gazette"))
    record(store, learned())
    enroll(store, of("gazette"), twin)
    assert states(store) == {"gazette": learned(), "twin": SourceState(name="twin")}


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
