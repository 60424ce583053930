from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st
from sqlalchemy import event, select, text
from storing import of, save, stored, titles, waiting, written

from builders import MONDAY, TUESDAY, WEDNESDAY, article
from feeds.normalizing.categories import slugs
from feeds.records import Article, Known, replace
from statements import statements
from storage import Store, articles, retention, sources
from storage.retention import Pruned, Rule, Rules
from storage.tables import tombstones

HOUR = timedelta(hours=1)
NOW = WEDNESDAY


def of_day(number: int, **changes: Any) -> Article:
    """An article of its own, published this many days before Monday."""
    guid = changes.pop("guid", f"urn:{number}")
    return article(**{"guid": guid, "title": guid[4:], "published": MONDAY - number * 24 * HOUR, **changes})


def prune(store: Store, rules: Rules, *, limit: int = 500) -> Pruned:
    with store.begin() as db:
        return retention.purge(db, retention.let_go(db, rules, limit=limit), now=NOW)


def portions(store: Store, rules: Rules) -> tuple[Rules, ...]:
    with store.read() as db:
        return retention.portions(db, rules)


def of_source(**rule: Any) -> Rules:
    return Rules(sources={"gazette": Rule(**rule)})


def of_categories(**rules: Rule) -> Rules:
    return Rules(categories=rules)


def buried(store: Store) -> dict[str, Any]:
    with store.read() as db:
        return {row.guid: row for row in db.execute(select(tombstones))}


def left(store: Store) -> list[str]:
    return [one.title for one in stored(store)]


def test_a_source_keeps_its_newest(store: Store):
    save(store, *(of_day(number) for number in (2, 0, 3, 1)))
    assert prune(store, of_source(keep=2)) == Pruned(articles=2)
    assert left(store) == ["0", "1"]


def test_of_articles_of_one_date_those_are_kept_that_stand_first_in_feeds(store: Store):
    save(store, *(of_day(0, guid=f"urn:{number}") for number in range(5)))
    in_feed = titles(store)
    prune(store, of_source(keep=3))
    assert left(store) == titles(store) == in_feed[:3]


def test_a_source_keeps_nothing_from_before_its_time(store: Store):
    save(store, *(of_day(number) for number in range(4)))
    prune(store, of_source(since=MONDAY - 24 * HOUR))
    assert left(store) == ["0", "1"]


def test_whichever_of_the_two_lets_go_of_more_counts(store: Store):
    save(store, *(of_day(number) for number in range(9)))
    prune(store, of_source(keep=7, since=MONDAY - 5 * 24 * HOUR))
    assert len(left(store)) == 6
    prune(store, of_source(keep=4, since=MONDAY - 5 * 24 * HOUR))
    assert len(left(store)) == 4


def test_a_source_without_a_rule_keeps_everything(store: Store):
    save(store, *(of_day(number) for number in range(3)))
    save(store, *(of_day(number, source="herald", guid=f"urn:h{number}") for number in range(3)), name="herald")
    prune(store, of_source(keep=1))
    assert left(store) == ["0", "h0", "h1", "h2"]


def test_a_category_lets_go_of_what_stands_in_no_other(store: Store):
    save(store, *(of_day(number, categories=("News",)) for number in range(3)))
    assert prune(store, of_categories(News=Rule(keep=1))) == Pruned(articles=2, categories={"News": 2})
    assert left(store) == titles(store, "News") == ["0"]


def test_a_category_without_a_rule_holds_what_stands_in_it(store: Store):
    save(
        store, of_day(0, categories=("News",)), of_day(1, categories=("News", "Local")), of_day(2, categories=("News",))
    )
    prune(store, of_categories(News=Rule(keep=1)))
    assert left(store) == ["0", "1"]


def test_an_article_goes_when_all_of_its_categories_let_go_of_it(store: Store):
    save(store, *(of_day(number, categories=("News", "Local")) for number in range(5)))
    rules = {"News": Rule(keep=1), "Local": Rule(since=MONDAY - 3 * 24 * HOUR)}
    prune(store, Rules(categories=rules))
    assert left(store) == ["0", "1", "2", "3"]
    prune(store, Rules(categories=rules | {"Local": Rule(keep=2)}))
    assert left(store) == ["0", "1"]


def test_an_article_in_no_category_is_held_by_its_source_alone(store: Store):
    save(store, of_day(0), of_day(1), of_day(2, categories=("News",)))
    rules = of_categories(News=Rule(since=NOW))
    prune(store, rules)
    assert left(store) == ["0", "1"]
    prune(store, Rules(sources={"gazette": Rule(keep=1)}, categories=rules.categories))
    assert left(store) == ["0"]


def test_a_source_lets_go_also_of_what_a_category_would_hold(store: Store):
    save(store, *(of_day(number, categories=("News",)) for number in range(3)))
    prune(store, Rules(sources={"gazette": Rule(keep=1)}, categories={"News": Rule(keep=2)}))
    assert left(store) == ["0"]


def test_the_articles_of_a_source_taken_out_of_the_config_are_left_alone(store: Store):
    save(store, *(of_day(number, categories=("News",)) for number in range(3)))
    with store.begin() as db:
        articles.reshelve(db, "gazette", None, slugs=slugs)
    prune(store, of_categories(News=Rule(keep=1)))
    assert len(left(store)) == 3


def test_the_shelves_that_an_article_stood_on_are_touched_and_no_others(store: Store):
    save(store, of_day(0, categories=("Local", "World")), of_day(1, categories=("News",)))
    written(store)
    prune(store, of_source(keep=1))
    assert waiting(store) == {None, "News"}
    assert titles(store, "News") == []


def test_no_more_go_at_once_than_asked_for_and_the_newest_go_first(store: Store):
    save(store, *(of_day(number) for number in range(6)))
    assert prune(store, of_source(keep=2), limit=3).articles == 3
    assert left(store) == ["0", "1", "5"]
    assert prune(store, of_source(keep=2), limit=3).articles == 1
    assert left(store) == ["0", "1"]


def test_a_tombstone_tells_what_the_article_was(store: Store):
    one = of_day(1, guid="urn:old", url="https://gazette.example/old", path="old.md", categories=("News", "Local"))
    save(store, of_day(0), one)
    prune(store, of_source(keep=1))
    (row,) = buried(store).values()
    assert (row.guid, row.atom_id, row.url, row.title) == ("urn:old", one.atom_id, one.url, one.title)
    assert (row.path, row.reason, row.deleted_at) == ("old.md", "purged", NOW)
    assert msgspec.json.decode(row.categories) == ["Local", "News"]


def test_a_transaction_that_fails_leaves_the_article_and_no_tombstone(store: Store):
    save(store, of_day(0), of_day(1))
    with suppress(RuntimeError), store.begin() as db:
        assert retention.purge(db, retention.let_go(db, of_source(keep=1), limit=9), now=NOW).articles == 1
        raise RuntimeError
    assert (len(left(store)), buried(store)) == (2, {})


def known(store: Store, *guids: str, source: str = "gazette") -> dict[str, Known]:
    with store.read() as db:
        return articles.known(db, source, iter(guids))


def test_what_is_gone_is_known_as_such_in_its_own_source_only(store: Store):
    save(store, of_day(0, guid="urn:new"), of_day(1, guid="urn:old", path="old.md"))
    save(store, of_day(0, source="herald", guid="urn:h"), name="herald")
    prune(store, of_source(keep=1))
    here = known(store, "urn:new", "urn:old", "urn:other")
    assert {guid: one.is_gone for guid, one in here.items()} == {"urn:new": False, "urn:old": True}
    assert (here["urn:old"].title, here["urn:old"].path) == ("old", "old.md")
    assert known(store, "urn:old", source="herald") == {}


def test_what_went_while_its_source_was_read_does_not_come_back(store: Store):
    save(store, of_day(0), of_day(1))
    assert not known(store, "urn:1")["urn:1"].is_gone  # so that it is normalized again, for it changed
    prune(store, of_source(keep=1))
    saved = save(store, of_day(1, title="revised"), of_day(2))
    assert (saved.new, saved.revised) == (1, 0)
    assert left(store) == ["0", "2"]


def test_the_id_of_what_is_gone_is_given_to_no_other(store: Store):
    save(store, of_day(0), of_day(1, atom_id="urn:shared"))
    prune(store, of_source(keep=1))
    other = of_day(0, source="herald", guid="urn:shared", title="Other")
    save(store, other, name="herald")
    (one,) = stored(store, source="herald")
    assert one.atom_id == other.minted_id


def test_an_article_that_is_gone_does_not_return_by_way_of_another_mill(store: Store):
    ours = of_day(1, guid="1", atom_id="tag:gazette.example,2026:gazette/1")
    save(store, of_day(0), ours)
    prune(store, of_source(keep=1))
    returned = of_day(1, source="mirror", guid=ours.atom_id, atom_id=ours.atom_id)
    assert save(store, returned, name="mirror").new == 0


def test_a_source_that_is_renamed_keeps_its_tombstones(store: Store):
    save(store, of_day(0), of_day(1))
    prune(store, of_source(keep=1))
    with store.begin() as db:
        sources.enroll(db, [replace(of("gazette"), name="courier")])
    assert known(store, "urn:1", source="courier")["urn:1"].is_gone


def test_portions_name_only_what_there_is_to_do_for(store: Store):
    names = [f"s{number}" for number in range(120)]
    with store.begin() as db:
        sources.enroll(db, [of(name) for name in names])
    for name in names:
        save(store, *(of_day(number, source=name, guid=f"urn:{name}:{number}") for number in range(2)), name=name)
    everyone = Rules(sources=dict.fromkeys(names, Rule(keep=1)), categories={"News": Rule(keep=1)})
    found = portions(store, everyone)
    assert [len(each.sources) for each in found] == [50, 50, 20]
    assert sorted(name for each in found for name in each.sources) == sorted(names)
    for each in found:
        prune(store, each)
    assert len(left(store)) == len(names)
    assert portions(store, everyone) == ()


def test_portions_name_categories_only_where_something_goes(store: Store):
    save(store, *(of_day(number, categories=("News", "Local")) for number in range(3)))
    assert portions(store, of_categories(News=Rule(keep=1))) == ()
    rules = of_categories(News=Rule(keep=1), Local=Rule(keep=2))
    assert portions(store, rules) == (rules,)


def test_a_look_that_finds_nothing_to_do_takes_a_few_statements_however_many_sources_there_are(store: Store):
    with store.begin() as db:
        sources.enroll(db, [of(f"s{number}") for number in range(400)])
    rule = Rule(keep=1, since=MONDAY - HOUR)
    with statements(store) as seen:
        assert portions(store, Rules(sources={f"s{number}": rule for number in range(400)})) == ()
    assert len([one for one in seen if "SELECT" in one]) <= 2


def test_nothing_is_read_but_through_indexes(store: Store):
    save(store, *(of_day(number, categories=("News", "Local")) for number in range(9)))
    rules = Rules(
        sources={"gazette": Rule(keep=5, since=MONDAY - 4 * 24 * HOUR)},
        categories={"News": Rule(keep=5, since=MONDAY - 4 * 24 * HOUR), "Local": Rule(keep=5)},
    )
    for plan in plans(store, rules):
        for table in ("articles", "shelves", "covered"):
            assert f"SCAN {table}" not in plan, plan
            assert f"Seq Scan on {table}" not in plan, plan


def plans(store: Store, rules: Rules) -> list[str]:
    """How the database goes about each query of a look."""
    explain = "EXPLAIN QUERY PLAN" if store._engine.dialect.name == "sqlite" else "EXPLAIN"
    queries: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            queries.append((statement, parameters))

    event.listen(store._engine, "before_cursor_execute", note)
    portions(store, rules)
    event.remove(store._engine, "before_cursor_execute", note)
    with store.read() as db:
        if store._engine.dialect.name == "postgresql":
            db.execute(text("SET enable_seqscan = off"))  # so few rows it would read whole
        return [
            "\n".join(str(row) for row in db.exec_driver_sql(f"{explain} {statement}", parameters))
            for statement, parameters in queries
        ]


CATEGORIES = ("A", "B", "C")
some_rules = st.builds(
    Rule,
    keep=st.none() | st.integers(1, 4),
    since=st.none() | st.integers(0, 5).map(lambda days: MONDAY - days * 24 * HOUR),
).filter(lambda rule: rule.keep is not None or rule.since is not None)


def kept(here: Collection[Article], rule: Rule | None) -> set[str]:
    """What a rule keeps of these, by the words of the documentation; `here` is in reading order."""
    newest = list(here) if rule is None or rule.keep is None else list(here)[: rule.keep]
    return {one.guid for one in newest if rule is None or rule.since is None or one.published >= rule.since}


@hypothesis(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    made=st.lists(st.tuples(st.integers(0, 6), st.sets(st.sampled_from(CATEGORIES))), max_size=12),
    by_source=st.none() | some_rules,
    by_category=st.dictionaries(st.sampled_from(CATEGORIES), some_rules),
)
def test_what_goes_is_what_the_documentation_says(store: Store, made, by_source, by_category):
    with store.begin() as db:
        for table in ("shelves", "articles", "tombstones"):
            db.execute(text(f"DELETE FROM {table}"))
    batch = [
        of_day(day, guid=f"urn:{number}", categories=tuple(sorted(names))) for number, (day, names) in enumerate(made)
    ]
    save(store, *batch)
    here = stored(store)
    by_name = {
        name: kept([one for one in here if name in one.categories], by_category.get(name)) for name in CATEGORIES
    }
    expected = kept(here, by_source) & {
        one.guid for one in here if not one.categories or any(one.guid in by_name[name] for name in one.categories)
    }

    found = Rules(sources={"gazette": by_source} if by_source else {}, categories=by_category)
    before = {one.guid for one in here}
    with store.begin() as db:
        gone = retention.let_go(db, found, limit=1000)
        retention.purge(db, gone, now=TUESDAY)
    assert {one.guid for one in stored(store)} == expected
    assert set(buried(store)) == before - expected
