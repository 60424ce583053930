"""Which article of a story stands on a shelf, and what it costs to find out. The judge of these tests reads titles."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy import event, func, select
from storing import of, save, titles, waiting, written

from builders import MONDAY, TUESDAY, article
from feeds.normalizing.categories import slugs
from feeds.records import Article, Origin, replace
from statements import statements
from storage import Store, articles, banding, covering, retention, saving, shelves, sources, stories, tables

HOUR = timedelta(hours=1)
NAMES = ("author", "planet", "digest", "wire")


def judge(*, best: str = "", told: list[tuple[str, str]] | None = None, apart: tuple[str | None, ...] = ()) -> Any:
    """One story where two titles have a letter in common; `told` lists what was compared."""

    def same(one: Article, other: Article) -> str:
        if told is not None:
            told.append((one.source, other.source))
        return "a letter in common" if set(one.title) & set(other.title) else ""

    def rank(name: str, _url: str, _origin: Origin) -> bool:
        return name != best

    return stories.Judge(may_be=lambda _one, _other: True, same=same, rank=rank, is_apart=lambda name: name in apart)


def one(source: str, title: str, hours: float = 0, **changes: Any) -> Article:
    made = article(
        source=source, guid=f"urn:{source}:{title}:{hours}", title=title, url="", published=MONDAY - hours * HOUR,
        bands=tuple(range(1, 20)), categories=("World",),
    )  # fmt: skip
    return replace(made, updated=made.published, **changes)


def tell(store: Store, *batch: Article, by: stories.Judge | None = None, now: Any = MONDAY) -> None:
    """These of one source come, and are settled."""
    by = by or judge()
    with store.begin() as db:
        if batch[0].source not in sources.states(db):
            sources.enroll(db, [of(known) for known in (*sources.states(db), batch[0].source)])
        saved = saving.save(
            db, saving.Batch(source=batch[0].source, articles=batch, now=now), slugs=slugs, rank=by.rank
        )
        stories.settle(db, saved.arrived, by, returned=saved.returned)


def covered(store: Store) -> set[tuple[str, str, str]]:
    """Of the category: what is covered by what, and why."""
    hidden, shown = tables.articles.alias(), tables.articles.alias()
    joined = tables.covered.join(hidden, hidden.c.id == tables.covered.c.article_id).join(
        shown, shown.c.id == tables.covered.c.by_article_id
    )
    with store.read() as db:
        query = select(hidden.c.title, shown.c.title, tables.covered.c.reason).select_from(joined)
        return {tuple(row) for row in db.execute(query.where(tables.covered.c.category_id == shelves.id_of("World")))}


def plans(store: Store, seen: list[tuple[str, Any]]) -> list[str]:
    """How the database goes about these statements, as if no table were small."""
    with store.begin() as db:
        if db.dialect.name == "postgresql":
            db.exec_driver_sql("SET LOCAL enable_seqscan = off")
        explain = "EXPLAIN " if db.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN "
        return [" ".join(map(str, row)) for each, values in seen for row in db.exec_driver_sql(explain + each, values)]


@contextmanager
def steps(store: Store) -> Iterator[list[int]]:
    """What SQLite's machine does inside the block: each row it looks at is a few steps. Nothing elsewhere."""
    count = [0]
    with store.outside() as sqlite:
        if sqlite is None:
            yield count
            return

        def note() -> int:
            count[0] += 1
            return 0

        sqlite.set_progress_handler(note, 1)
    try:
        yield count
    finally:
        with store.outside() as sqlite:
            assert sqlite is not None
            sqlite.set_progress_handler(None, 1)


@pytest.fixture(params=[10**9, 2, 1], ids=["recent", "mixed", "in order"])
def _bands(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the bands of articles stand that came before: with the latest, in order, or some here and some there."""
    monkeypatch.setattr(banding, "PARTS", 1)
    monkeypatch.setattr(banding, "STEP", request.param)


@pytest.mark.usefixtures("_bands")
@pytest.mark.parametrize("order", list(permutations(["ab", "bc", "cd"])))
def test_a_chain_is_one_story_in_every_order(store: Store, order: tuple[str, ...]):
    hours = {"ab": 3, "bc": 2, "cd": 1}
    for title, name in zip(order, NAMES, strict=False):
        tell(store, one(name, title, hours[title]))
    assert titles(store, "World") == titles(store) == ["ab"]
    assert {(hidden, by) for hidden, by, _reason in covered(store)} == {("bc", "ab"), ("cd", "ab")}


def test_a_copy_says_why_it_is_one(store: Store):
    tell(store, one("author", "a", 1))
    tell(store, one("planet", "a"))
    assert {reason for _hidden, _by, reason in covered(store)} == {"a letter in common"}


def test_a_source_alone_never_covers_what_it_tells_itself(store: Store):
    tell(store, one("author", "a", 1), one("author", "a", 2))
    assert titles(store, "World") == ["a", "a"]


def test_what_shares_no_key_is_not_compared(store: Store):
    told: list[tuple[str, str]] = []
    tell(store, one("author", "a", bands=(1,)))
    tell(store, one("planet", "a", bands=(2,)), by=judge(told=told))
    assert told == []


@pytest.mark.parametrize(
    ("changes", "apart", "is_compared"),
    [
        ({"bands": (7,)}, 20 * 24, True),
        ({"bands": (7,)}, 22 * 24, False),
        ({"bands": (), "title_key": 7}, 47, True),
        ({"bands": (), "title_key": 7}, 49, False),
        ({"bands": (), "link_key": 7}, 9_000, True),
        ({"bands": (), "guid": "urn:one", "atom_id": "urn:one"}, 9_000, True),
        ({"bands": (), "guid": "12", "atom_id": ""}, 0, False),  # counted by each source for itself
    ],
)
def test_what_is_compared(store: Store, changes: dict[str, Any], apart: int, is_compared: bool):
    told: list[tuple[str, str]] = []
    for name, hours in (("author", apart), ("planet", 0)):
        made = one(name, "a", hours, minted_id=f"tag:{name}")
        tell(
            store,
            replace(made, **({"atom_id": made.guid} | changes))
            if changes.get("atom_id", "x")
            else replace(made, **(changes | {"atom_id": f"tag:{name}"})),
            by=judge(told=told),
        )
    assert bool(told) is is_compared


def test_what_is_together_is_not_compared_again(store: Store):
    tell(store, one("author", "a", 1))
    tell(store, one("planet", "a"))
    told: list[tuple[str, str]] = []
    revised = replace(one("planet", "a"), fingerprint="moved", raw_digest="moved", content_html="<p>Uno.</p>")
    tell(store, revised, by=judge(told=told), now=TUESDAY)
    assert (told, titles(store, "World")) == ([], ["a"])


@pytest.mark.usefixtures("_bands")
def test_a_revised_article_is_found_by_its_new_text(store: Store):
    tell(store, one("author", "a", 1, bands=(5,)))
    tell(store, one("planet", "a", bands=(6,)))
    assert titles(store, "World") == ["a", "a"]
    tell(store, replace(one("planet", "a", bands=(5,)), fingerprint="moved", raw_digest="moved"), now=TUESDAY)
    assert titles(store, "World") == ["a"]
    with store.read() as db:
        assert banding.bands_of(db, list(db.scalars(select(tables.articles.c.id)))) == {1: [5], 2: [5]}


def test_a_copy_touches_the_shelf_that_names_it_and_no_other(store: Store):
    tell(store, one("author", "a", 1, categories=("World", "Arts")))
    tell(store, one("planet", "a"))
    written(store)
    moved = replace(one("planet", "a"), fingerprint="moved", raw_digest="moved", url="https://planet.example/2")
    tell(store, moved, now=TUESDAY)
    assert waiting(store) == {None, "World"}


def test_a_shelf_that_wants_all_is_left_alone(store: Store):
    by = judge(apart=("World",))
    tell(store, one("author", "a", 1), by=by)
    tell(store, one("planet", "a"), by=by)
    assert (titles(store, "World"), titles(store)) == (["a", "a"], ["a"])


def test_the_best_of_the_copies_succeeds_and_the_others_follow(store: Store):
    by = judge(best="wire")
    for hours, name in enumerate(NAMES):
        tell(store, one(name, "a" * (hours + 1), 9 - hours))
    assert titles(store, "World") == ["a"]
    with store.begin() as db:
        gone = [next(iter(db.scalars(select(tables.articles.c.id).where(tables.articles.c.title == "a"))))]
        retention.purge(db, gone, now=MONDAY, rank=by.rank)
    assert titles(store, "World") == ["aaaa"]
    assert {(hidden, shown) for hidden, shown, _ in covered(store)} == {("aa", "aaaa"), ("aaa", "aaaa")}


@pytest.mark.usefixtures("_bands")
def test_a_story_of_which_all_goes_leaves_nothing_behind(store: Store):
    for name in NAMES:
        tell(store, one(name, "a"))
    with store.begin() as db:
        retention.purge(db, list(db.scalars(select(tables.articles.c.id))), now=MONDAY)
    with store.read() as db:
        emptied = (tables.covered, tables.bands, tables.recent_bands)
        assert [db.scalar(select(func.count()).select_from(table)) for table in emptied] == [0, 0, 0]
    assert titles(store) == []


def test_what_a_category_no_longer_holds_is_no_copy_there(store: Store):
    tell(store, one("author", "a", 1))
    tell(store, one("planet", "a"))
    with store.begin() as db:
        articles.reshelve(db, "planet", lambda _own, _tags: ("Arts",), slugs=slugs, rank=covering.by_date)
    assert covered(store) == set()
    assert (titles(store, "World"), titles(store, "Arts"), titles(store)) == (["a"], ["a"], ["a"])


def costs(store: Store, number: int) -> tuple[int, int, int]:
    """What one more article costs behind a store of so many: statements, steps of SQLite, comparisons."""
    told: list[tuple[str, str]] = []
    by = judge(told=told)
    with statements(store) as seen, steps(store) as taken:
        tell(store, one("planet", "a", number, bands=tuple(range(500, 519)), link_key=9, title_key=9), by=by)
    return len(seen), taken[0], len(told)


def fill(store: Store, first: int, last: int) -> None:
    """Articles of another source: each tells something else, but its first band, its title and its address are those of
    all, as with forms that are filled in daily."""
    batch = [
        one("author", "b", bands=(500, *range(1000 + 20 * n, 1018 + 20 * n)), link_key=9, title_key=9, guid=f"urn:{n}",
            atom_id=f"urn:{n}")
        for n in range(first, last)
    ]  # fmt: skip
    save(store, *batch, name="author")


def test_a_new_article_costs_the_same_behind_ten_articles_as_behind_two_thousand(store: Store):
    fill(store, 0, 100)
    tell(store, one("planet", "z"))  # its source is there
    few = costs(store, 1)
    fill(store, 100, 2_000)
    many = costs(store, 2)
    assert many[0] == few[0]
    assert many[1] <= 1.2 * few[1]
    assert few[2] == many[2] == stories.MOST


def test_whoever_may_tell_the_same_is_found_by_indexes(store: Store):
    fill(store, 0, 300)
    tell(store, one("planet", "z"))
    seen: list[tuple[str, Any]] = []

    def note(_db: Any, _cursor: Any, statement: str, values: Any, *_rest: Any) -> None:
        seen.append((statement, values))

    event.listen(store._engine, "before_cursor_execute", note)
    tell(store, one("planet", "b", bands=tuple(range(500, 519)), link_key=9, title_key=9))
    with store.read() as db:
        (named,) = stories.copies_of(db, shelves.standing(db)["World"].id, [f"urn:{n}" for n in range(300)])
        assert stories.without_place(db, [named]) == set()
    event.remove(store._engine, "before_cursor_execute", note)
    asked = [each for each in seen if each[0].startswith("SELECT") and re.search("bands|link_key|covered", each[0])]
    assert len(asked) > 6
    tables_ = "articles|other|(other_)?(recent_)?bands|shown|covered|shelves"
    assert [line for line in plans(store, asked) if re.search(rf"(SCAN|Seq Scan on) ({tables_})\b", line)] == []


def test_articles_that_share_nothing_with_others_are_told_by_one_statement(store: Store):
    fill(store, 0, 100)
    tell(store, one("planet", "z"))
    batch = [
        one("planet", "y", n, bands=range(9000 + 20 * n, 9019 + 20 * n), link_key=n, title_key=n) for n in range(20, 60)
    ]
    with statements(store) as seen:
        tell(store, *batch)
    assert len([each for each in seen if each.startswith("SELECT") and "bands.band" in each]) == 1
