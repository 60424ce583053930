"""How much work a refresh is: counted, never timed."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import deadly
from builders import MONDAY, TUESDAY, article, config, source
from feeds import normalizing, parsing, pipeline
from feeds.errors import StoreUnavailableError
from feeds.normalizing import articles as making_articles
from feeds.pipeline import apart, reading, refreshing, storing
from feeds.pipeline.patience import Patience
from feeds.pipeline.reading import Read
from feeds.pipeline.storing import Visit
from feeds.records import Body, Fetched, replace
from origin import answer, feed
from statements import statements
from storage import Store, articles, covering, documents, journal, open_store, sources, stories
from web_mill import WebMill, read, statuses, titles

JUDGE = stories.Judge(
    may_be=lambda _one, _other: True, same=lambda _one, _other: "", rank=covering.by_date, is_apart=lambda _name: False
)
FORTY = [f"a{number}" for number in range(40)]


@pytest.fixture
def mill(web_mill: WebMill) -> WebMill:
    return web_mill


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Callable[[Any, str], list[Any]]:
    """The first argument of each call of a function from now on; it works as before."""

    def watch(module: Any, name: str) -> list[Any]:
        seen: list[Any] = []
        function = getattr(module, name)

        def noting(first: Any, *rest: Any, **named: Any) -> Any:
            seen.append(first)
            return function(first, *rest, **named)

        monkeypatch.setattr(module, name, noting)
        return seen

    return watch


def test_a_body_equal_to_the_last_one_is_not_parsed(mill, origin, calls):
    read(mill, gazette=origin.play("/feed.xml", answer(body=feed(*FORTY))))  # without an ETag
    parsed = calls(parsing, "parse")
    assert statuses(mill, force=True) == {"gazette": "fetched"}
    assert statuses(mill, force=True) == {"gazette": "unchanged"}
    assert [len(body.content) for body in parsed] == [len(feed(*FORTY))]


def test_of_forty_entries_the_two_new_ones_are_normalized_and_sanitized_no_others(mill, origin, calls):
    read(mill, gazette=origin.play("/feed.xml", answer(body=feed(*FORTY))))
    mill.refresh()
    origin.play("/feed.xml", answer(body=feed("new", "newer", *FORTY[:38])))
    normalized, sanitized = calls(normalizing, "normalize"), calls(making_articles, "sanitize")
    assert mill.refresh(force=True)["gazette"].new == 2
    assert [entry.title.value for entry in normalized] == ["new", "newer"]
    assert [text.value for text in sanitized if text] == ["<p>new</p>", "<p>newer</p>"]


@pytest.mark.parametrize("entries", [FORTY[:3], FORTY])
def test_a_changed_source_costs_the_same_few_statements_whatever_its_length(mill, origin, entries):
    read(mill, gazette=origin.play("/feed.xml", answer(body=feed(*entries))))
    mill.refresh()
    origin.play("/feed.xml", answer(body=feed("new", "newer", *entries[:-2])))
    with statements(mill.store) as seen:
        mill.refresh(force=True)
    about_entries = [each for each in seen if "articles" in each and "guid IN" in each]
    assert len([each for each in about_entries if "raw_digest" in each]) == 1  # which entries are known
    assert len(about_entries) == 2, about_entries  # that, and what of the new is stored
    assert len([each for each in seen if "INSERT INTO articles" in each]) == 1
    assert len([each for each in seen if "documents" in each]) == 2  # it is kept, and one that is one too many goes


def test_reading_a_changed_document_asks_the_store_three_times(mill, origin):
    read(mill, gazette=origin.play("/feed.xml", answer(body=feed(*FORTY))))
    mill.refresh()
    one = mill.settings.sources[0]
    with mill.store.read() as db:
        state = sources.states(db)["gazette"]
    answered = Fetched(bodies=(Body(content=feed("new", *FORTY), url=one.url),))
    with statements(mill.store) as seen:
        found = reading.read(mill.store, reading.reader(mill.settings, one, TUESDAY, state), answered)
    assert [each.title for each in found.articles] == ["new"]
    # What is known of its entries and of its dates, in one transaction; and then what is like its news.
    assert len([each for each in seen if each.startswith("SELECT")]) == 3
    assert len(seen) <= 5


def test_a_changed_document_without_news_asks_nothing_about_stories(mill, origin):
    read(mill, gazette=origin.play("/feed.xml", answer(body=feed(*FORTY))))
    mill.refresh()
    origin.play("/feed.xml", answer(body=feed(*FORTY) + b"<!-- later -->"))
    with statements(mill.store) as seen:
        assert mill.refresh(force=True)["gazette"].new == 0
    assert [each for each in seen if "bands" in each or "covered" in each] == []


def test_a_source_without_news_is_one_row_in_two_tables_and_no_article_is_asked_for(mill, origin):
    read(mill, gazette=origin.play("/feed.xml", answer(body=feed(*FORTY))))
    mill.refresh()
    with statements(mill.store) as seen:
        assert statuses(mill, force=True) == {"gazette": "unchanged"}
    written = [each for each in seen if each.startswith(("INSERT", "UPDATE", "DELETE"))]
    assert len([each for each in written if "sources" in each and "journal" not in each]) == 3  # claim, state, release
    assert len([each for each in written if "journal" in each]) == 1
    assert len(written) == 4, written
    # The store follows the config, the source is claimed, its state is stored, and claims end.
    assert len([each for each in seen if each.startswith("BEGIN IMMEDIATE")]) == 4, seen
    assert [each for each in seen if "articles" in each] == []


def test_what_many_sources_bring_is_stored_in_one_transaction(store: Store):
    names = [f"s{number}" for number in range(10)]
    arrived = [_arrived(store, name) for name in names]
    with statements(store) as seen:
        done = storing.store_reads(store, arrived, judge=JUDGE, now=TUESDAY)
    assert [(refresh.source, refresh.new) for refresh in done] == [(name, 1) for name in names]
    assert len([each for each in seen if each.startswith(("BEGIN IMMEDIATE", "SELECT pg_advisory"))]) == 1
    # What is stored of what it brought, and what is new.
    of_each = [each for each in seen if "articles.fingerprint" in each or "INSERT INTO articles" in each]
    assert len(of_each) == 2 * len(names)
    assert len(seen) - len(of_each) <= 20, seen


def test_what_is_asked_of_what_came_is_answered_by_indexes(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/feedmill.db")
    visit, found = _arrived(store, "gazette")
    packed = documents.pack(visit.source, found.bodies[0], documents.Before(allowance=1), fetched_at=MONDAY)
    with statements(store) as seen:
        with store.read() as db:
            articles.known(db, "gazette", ["tag:gazette"])
        storing.store_reads(store, [(visit, replace(found, document=packed))], judge=JUDGE, now=TUESDAY)
    taken = steps(store, seen)
    store.close()
    assert [step for step in taken if step.startswith("SEARCH articles")]
    assert {*scans(taken)} <= {
        "SCAN tombstones USING INDEX ix_tombstones_withdrawn"
    }  # which holds these alone, and few


def test_a_round_looks_through_no_table_that_grows_with_what_is_stored(web_mill, origin):
    mill = web_mill
    read(mill, gazette=origin.play("/feed.xml", answer(body=feed(*FORTY))))
    mill.text += "pages: false"
    mill.round()
    for body in (feed(*FORTY), feed("new", *FORTY)):
        origin.play("/feed.xml", answer(body=body))
        with statements(mill.store) as seen:
            mill.refresh(force=True)
            pipeline.let_out(mill.store, mill.settings, now=TUESDAY)
            pipeline.prune(mill.store, mill.settings, now=TUESDAY)
            pipeline.publish(mill.store, mill.settings, is_thorough=True)
            pipeline.report(mill.store, mill.settings, now=TUESDAY)
        # Those have an index of their own: of what is held or withdrawn there is little.
        few = {
            f"SCAN {each}"
            for each in ("articles USING INDEX ix_articles_held", "tombstones USING INDEX ix_tombstones_withdrawn")
        }
        assert {*scans(steps(mill.store, seen))} <= few


def steps(store: Store, asked: list[str]) -> list[str]:
    """How SQLite goes about these statements."""
    with store.outside() as db:
        assert db is not None
        return [
            row[3]
            for each in {*asked}
            if not each.startswith(("BEGIN", "INSERT", "PRAGMA"))
            for row in db.execute(f"EXPLAIN QUERY PLAN {each}", [None] * each.count("?"))
        ]


def scans(steps: list[str]) -> list[str]:
    """Those steps that look at each row of a table, or of an index."""
    large = ("articles", "tombstones", "shelves", "bands", "documents", "covered", "aliases", "revisions", "archives")
    return [step for step in steps if step.startswith(tuple(f"SCAN {table}" for table in large))]


def test_an_archive_document_is_found_by_its_number_not_by_a_walk_through_its_shelf(tmp_path):
    store = open_store(f"sqlite:///{tmp_path}/feedmill.db")
    with statements(store) as seen, store.read() as db:
        articles.archived(db, 1, 2)
    (asked,) = [each for each in seen if "shelves" in each]
    with store.outside() as db:
        assert db is not None
        steps = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {asked}", (1, 2))]
    store.close()
    assert [step for step in steps if "ix_shelves_archive (category_id=? AND archive=?)" in step], steps


def test_of_sources_that_arrive_together_all_are_stored_or_none(store: Store):
    good, bad = _arrived(store, "good"), _arrived(store, "bad")
    broken = replace(bad[1].articles[0], published=MONDAY.replace(tzinfo=None))
    with pytest.raises(Exception, match="naive"):
        storing.store_reads(store, [good, (bad[0], replace(bad[1], articles=(broken,)))], judge=JUDGE, now=TUESDAY)
    with store.read() as db:
        assert articles.stored(db) == ()
        assert {state.body_digest for state in sources.states(db).values()} == {""}


def test_one_that_cannot_be_stored_costs_none_of_those_it_arrived_with(mill, origin, monkeypatch):
    read(mill, **{f"s{n}": origin.play(f"/{n}", answer(body=feed(f"a{n}"))) for n in range(6)})
    monkeypatch.setattr(refreshing, "FEW", 0)
    monkeypatch.setattr(reading, "read_apart", deadly.makes_unstorable("s3"))
    done = mill.refresh()
    assert {name for name, refresh in done.items() if refresh.status == "failed"} == {"s3"}
    assert "could not be stored" in done["s3"].problem
    assert {name: titles(mill, name) for name in ("s2", "s3", "s4")} == {"s2": {"a2"}, "s3": set(), "s4": {"a4"}}


def test_what_is_stored_one_by_one_is_stored_once_though_the_store_cannot_be_used_amid_it(mill, monkeypatch):
    names = ["s1", "s2", "s3"]
    arrived = [_arrived(mill.store, name) for name in names]
    patience = Patience(mill.clock, is_patient=True)
    waiting = apart.Apart(mill.store, clock=mill.clock, judge=JUDGE, patience=patience, nudge=lambda: None)
    waiting._arrived = [(apart._Reading(visit=one, reader=None, began_at=0.0), found) for one, found in arrived]
    store_reads, store_read, tried = storing.store_reads, storing.store_read, []

    def stores_what_comes_alone(store, arrived, **named):
        if len(arrived) > 1:
            raise ZeroDivisionError("a fault of ours")
        return store_reads(store, arrived, **named)

    def fails_at_the_second(store, visit, *arguments, **named):
        tried.append(visit.source.name)
        if len(tried) == 2:
            raise StoreUnavailableError("feedmill.db: database is locked")
        return store_read(store, visit, *arguments, **named)

    monkeypatch.setattr(storing, "store_reads", stores_what_comes_alone)
    monkeypatch.setattr(storing, "store_read", fails_at_the_second)
    assert [(each.refresh.source, each.refresh.new) for each in waiting.store()] == [(name, 1) for name in names]
    assert tried == ["s1", "s2", "s2", "s3"]
    with mill.store.read() as db:
        told = journal.of_sources(db, names, since=MONDAY.date())
    assert [tally.fetched for name in names for tally in told[name].values()] == [1, 1, 1]


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        (["--help"], {"sqlalchemy", "pycurl", "lxml", "feedparser", "jinja2", "rich", "structlog"}),
        (["fetch", "--help"], {"pycurl", "lxml", "feedparser", "jinja2", "rich", "structlog"}),
        (
            ["-q", "fetch"],
            {"feedparser", "jinja2", "frontmatter", "alembic", "rich", "structlog", "sqlalchemy.dialects.postgresql"}
            | {"feeds.parsing", "feeds.normalizing.html", "w3lib", "feeds.publishing.tracing"}
            | {"feeds.pipeline.pushing.announcing", "feeds.pipeline.reading"}
            | {"lxml", "feedgen", "dateutil", "nh3"},
        ),
    ],
)
def test_a_command_imports_nothing_that_it_does_not_use(tmp_path: Path, arguments: list[str], unwanted: set[str]):
    text = "site: {title: Mill, url: 'https://mill.example/'}\nsources:\n  - {name: desk, path: desk}\n"
    (tmp_path / "desk").mkdir()
    (tmp_path / "desk" / "one.md").write_text("---\ntitle: One\n---\n\nText.\n")
    arguments = ["--config", str(config(tmp_path, text)), *arguments]
    code = "import sys; from feeds.cli import run; run(sys.argv[1:]); print('\\n'.join(sys.modules), file=sys.stderr)"
    for _ in range(2):  # the first one makes the store and reads the article
        ran = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=True
        )
    assert unwanted & set(ran.stderr.splitlines()) == set()
    assert not list(tmp_path.glob("*.db-*"))  # the store is left as one file


def _arrived(store: Store, name: str) -> tuple[Visit, Read]:
    """A source, enrolled, with one new article."""
    one = replace(source(), name=name, url=f"https://{name}.example/feed.xml")
    with store.begin() as db:
        known = [replace(one, name=each, url=f"https://{each}.example/feed.xml") for each in sources.states(db)]
        sources.enroll(db, [*known, one])
        state = sources.states(db)[name]
    body = Body(content=name.encode(), url=one.url)
    new = article(source=name, guid=f"tag:{name}", atom_id=f"tag:{name}")
    return Visit(source=one, state=state, result=Fetched(bodies=(body,))), Read(articles=(new,), bodies=(body,))
