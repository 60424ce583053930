"""Old articles that come again are known, and what cannot be explained is held."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from builders import entry
from feeds import pipeline
from feeds.normalizing import identity
from feeds.records import Known, replace
from moving import FORMATS, START, Gazette, Item, document, held, item, items, words
from storage import articles, histories, open_store

Move = Callable[[Item], Item]


DAY = timedelta(days=1)


def to_new_host(one: Item) -> Item:
    """Guids, links and pictures follow the site."""
    return replace(
        one,
        guid=f"https://new.example/?p={one.number}",
        link=f"https://new.example/?p={one.number}",
        text=one.text.replace("http://www.old.example/files", "https://cdn.new.example/2026/11"),
    )


def to_https(one: Item) -> Item:
    return replace(
        one,
        guid=one.link.replace("http://www.", "https://"),
        link=one.link.replace("http://www.", "https://"),
        text=one.text.replace("http://www.", "https://"),
    )


def to_other_permalinks(one: Item) -> Item:
    return replace(one, guid=f"http://old.example/{one.number}/", link=f"http://old.example/2026/of-house-{one.number}")


def to_random_guids(one: Item) -> Item:
    return replace(one, guid=f"{hash((one.number, 'x')):x}-{one.number}")


def without_guids(one: Item) -> Item:
    return replace(one, guid="")


def to_another_scheme(one: Item) -> Item:
    return replace(one, guid=f"urn:uuid:00000000-0000-4000-8000-{one.number:012d}")


def to_links_as_guids(one: Item) -> Item:
    return replace(one, guid=one.link, is_permalink=True)


def to_new_host_with_its_guids(one: Item) -> Item:
    """Its pictures stay where they were below the host."""
    moved = to_new_host(one)
    return replace(moved, guid=one.guid, text=moved.text.replace("cdn.new.example/2026/11", "cdn.new.example/files"))


MOVES = [
    to_new_host,
    to_new_host_with_its_guids,
    to_https,
    to_other_permalinks,
    to_random_guids,
    without_guids,
    to_another_scheme,
    to_links_as_guids,
]


def survives(gazette: Gazette, move: Move) -> None:
    assert gazette.sends(items()).new == 50
    before = gazette.published
    moved = [move(one) for one in items()]
    refresh = gazette.sends(moved)
    assert (refresh.new, refresh.revised, refresh.problem) == (0, 0, "")
    assert gazette.published == before
    refresh = gazette.sends([move(item(0)), *moved])
    assert (refresh.new, refresh.revised) == (1, 0)
    assert len(gazette.last.articles) == 1
    assert gazette.titles()[0] == item(0).title
    assert held(gazette) == set()


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("move", MOVES, ids=lambda move: move.__name__)
def test_nothing_is_published_again_when_a_site_moves_and_what_is_new_passes(
    one_gazette: Gazette, move: Move, kind: str
):
    one_gazette.kind = kind
    survives(one_gazette, move)


def test_both_databases_know_moved_articles(gazette: Gazette):
    survives(gazette, to_new_host)


def test_without_the_guard_every_one_of_them_is_published_again(one_gazette: Gazette):
    one_gazette.text = one_gazette.text.replace("interval: 1h", "flood_guard: false")
    one_gazette.sends(items(20))
    assert one_gazette.sends([to_random_guids(one) for one in items(20)]).new == 20


def test_guids_that_differ_at_every_visit_publish_nothing_again(gazette: Gazette):
    gazette.sends(items(20))
    before = gazette.published
    for visit in range(4):
        refresh = gazette.sends([replace(one, guid=f"{visit}-{one.number}") for one in items(20)])
        assert (refresh.new, refresh.revised) == (0, 0)
    assert gazette.published == before


def test_an_article_keeps_its_twenty_newest_aliases(gazette: Gazette):
    gazette.publishes = False
    gazette.sends(items(2))
    for visit in range(25):
        gazette.sends([replace(one, guid=f"{visit}-{one.number}") for one in items(2)])
    with gazette.store.read() as db:
        (found,) = histories.named(db, ["old-1"])
    assert [each.guid for each in found.aliases] == [f"{visit}-1" for visit in range(5, 25)]
    assert {each.reason for each in found.aliases} == {"the same address"}


def test_undated_articles_are_known_by_title_and_text_when_all_else_moves(one_gazette: Gazette):
    undated = [replace(one, date=None) for one in items(20)]
    one_gazette.sends(undated)
    before = one_gazette.published
    refresh = one_gazette.sends([to_new_host(one) for one in undated])
    assert (refresh.new, refresh.revised, one_gazette.published) == (0, 0, before)


def test_dates_and_guids_that_move_together_publish_nothing_again(one_gazette: Gazette):
    long = [replace(one, text=f"<p>{words(one.number, 200)}</p>") for one in items(20)]
    one_gazette.sends(long)
    before = one_gazette.published
    moved = [replace(to_other_permalinks(one), date=one.date and one.date + timedelta(hours=8)) for one in long]
    refresh = one_gazette.sends(moved)
    assert (refresh.new, refresh.revised, one_gazette.published) == (0, 0, before)


def test_a_moved_article_that_was_rewritten_is_revised_once(one_gazette: Gazette):
    one_gazette.sends(items(5))
    moved = [to_random_guids(one) for one in items(5)]
    moved[2] = replace(moved[2], text=moved[2].text + "<p>Correction: it was the baker.</p>")
    refresh = one_gazette.sends(moved)
    assert (refresh.new, refresh.revised) == (0, 1)
    refresh = one_gazette.sends([*moved, item(7)])
    assert (refresh.new, refresh.revised) == (1, 0)


def test_the_order_of_a_moved_document_says_nothing(one_gazette: Gazette):
    one_gazette.sends(items(20))
    before = one_gazette.published
    refresh = one_gazette.sends([to_new_host(one) for one in reversed(items(20))])
    assert (refresh.new, refresh.revised, one_gazette.published) == (0, 0, before)


def test_a_document_that_lists_articles_under_both_ids_has_them_once(one_gazette: Gazette):
    one_gazette.sends(items(10))
    moved = [to_another_scheme(one) for one in items(10)]
    one_gazette.sends(moved)
    before = one_gazette.published
    for both in ([*items(10), *moved], [*moved, *items(10)], [*moved, *moved]):
        refresh = one_gazette.sends(both)
        assert (refresh.new, refresh.revised, one_gazette.published) == (0, 0, before)


def test_what_retention_let_go_of_stays_away_under_new_ids(gazette: Gazette):
    gazette.text = gazette.text.replace("categories: [News]", "categories: [News], keep: 5")
    gazette.sends(items(30))
    pipeline.prune(gazette.store, gazette.settings, now=gazette.now)
    gazette.sends(items(30))
    before = gazette.published
    for visit in range(3):
        refresh = gazette.sends([replace(to_https(one), guid=f"{visit}-{one.number}") for one in items(30)])
        assert (refresh.new, refresh.revised, refresh.problem) == (0, 0, "")
    assert gazette.published == before


def test_a_moved_article_that_retention_let_go_of_later_stays_away(one_gazette: Gazette):
    one_gazette.sends(items(12))
    moved = [to_another_scheme(one) for one in items(12)]
    one_gazette.sends(moved)
    one_gazette.text = one_gazette.text.replace("categories: [News]", "categories: [News], keep: 5")
    pipeline.prune(one_gazette.store, one_gazette.settings, now=one_gazette.now)
    assert one_gazette.sends([replace(one, title=f"{one.title}!") for one in moved]).new == 0


def test_articles_at_one_address_stay_apart(one_gazette: Gazette):
    def release(number: int) -> Item:
        return item(number, link="https://old.example/changelog", date=START + number * DAY, title=f"Release {number}")

    for number in range(1, 4):
        assert one_gazette.sends([release(number)], after=DAY).new == 1
    assert one_gazette.sends([release(number) for number in (5, 4)], after=3 * DAY).new == 2


@pytest.mark.parametrize("link", ["https://old.example/menu", "https://old.example/"], ids=["a page", "the front page"])
def test_a_page_that_says_another_thing_each_day_is_another_article_each_day(one_gazette: Gazette, link: str):
    for number in range(1, 4):
        menu = item(
            number,
            link=link,
            title="Menu of the day at the mill",
            date=START + number * DAY,
            text=f"<p>Soup of {words(number, 4)}</p>",
        )
        assert one_gazette.sends([menu], after=DAY).new == 1


def test_a_column_that_keeps_its_title_is_new_each_week(one_gazette: Gazette):
    for number in range(1, 5):
        column = item(number, title="Links of the week from our readers", date=START + 7 * number * DAY)
        assert one_gazette.sends([column, item(50)], after=7 * DAY).new == (2 if number == 1 else 1)


def test_a_renamed_file_is_the_same_article(one_gazette: Gazette):
    one_gazette.text = "pages: false\nsources: [{name: desk, path: desk}]\n"
    folder = one_gazette.folder / "desk"
    folder.mkdir()
    text = f"---\ntitle: The mill turns again\ndate: 2026-10-01 08:00:00\n---\n\n{words(1)}\n"
    (folder / "one.md").write_text(text)
    (folder / "two.md").write_text(text.replace("mill turns", "baker bakes"))
    one_gazette.fetches()
    (folder / "one.md").rename(folder / "uno.md")
    (folder / "three.md").write_text((folder / "two.md").read_text())  # a copy beside it is another article
    one_gazette.fetches()
    with one_gazette.store.read() as db:
        assert sorted(one.title for one in articles.stored(db)) == [
            "The baker bakes again", "The baker bakes again", "The mill turns again",
        ]  # fmt: skip


def test_a_feed_document_of_a_folder_may_change_its_guids(one_gazette: Gazette):
    one_gazette.text = "pages: false\nsources: [{name: desk, path: feed.xml}]\n"
    for of in (items(20), [to_another_scheme(one) for one in [item(0), *items(20)]]):
        (one_gazette.folder / "feed.xml").write_bytes(document(of))
        one_gazette.fetches()
    with one_gazette.store.read() as db:
        assert len(articles.stored(db)) == 21


def test_entries_that_say_next_to_nothing_cost_nothing(gazette: Gazette):
    gazette.sends(items(3))
    assert gazette.sends([Item(number=1, text="Rain."), *items(3)]).new == 1


def test_what_was_withdrawn_stays_away_under_its_aliases_and_feeds_tell_of_it_once(one_gazette: Gazette):
    one_gazette.sends(items(5))
    moved = [to_another_scheme(one) for one in items(5)]
    one_gazette.sends(moved)
    pipeline.withdraw(one_gazette.store, one_gazette.settings, "old-3", now=one_gazette.now)
    assert one_gazette.sends([replace(one, text=f"{one.text}<p>More.</p>") for one in moved]).new == 0
    assert len(one_gazette.titles()) == 4
    assert one_gazette.published["atom.xml"].count(b"deleted-entry ") == 1


def questions(gazette: Gazette, of: list[Item]) -> list[str]:
    """What is asked of the store about articles while a document is read and stored."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    event.listen(gazette.store._engine, "before_cursor_execute", note)
    try:
        gazette.sends(of)
    finally:
        event.remove(gazette.store._engine, "before_cursor_execute", note)
    return [one for one in seen if one.startswith("SELECT") and "link_key" in one and "articles.source_id = " in one]


def test_the_guard_asks_one_question_where_something_is_new_and_none_where_nothing_is(one_gazette: Gazette):
    one_gazette.sends(items(40))
    revised = [replace(item(1), text="Other words."), *items(39, first=2)]
    assert questions(one_gazette, revised) == []
    assert len(questions(one_gazette, [item(0), *revised])) == 1
    assert len(questions(one_gazette, [to_https(one) for one in [item(0), *revised]])) == 1


def test_the_question_is_answered_by_indexes(one_gazette: Gazette):
    one_gazette.sends(items(40))
    (question,) = questions(one_gazette, [item(0), *items(40)])
    with one_gazette.store.outside() as db:
        plan = [row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {question}", [0] * question.count("?"))]
    assert not [step for step in plan if step.startswith("SCAN articles")], plan
    for index in ("ix_articles_link_key", "ix_articles_title_key", "ix_articles_source_id_published"):
        assert [step for step in plan if index in step], plan


numbers = st.lists(st.integers(1, 10), min_size=1, max_size=6)


@given(
    visits=st.lists(numbers, min_size=2, max_size=4),
    dates=st.sampled_from(["own", "none", "equal"]),
    title=st.sampled_from(["", "Links", "What our readers wrote this week"]),
    link=st.sampled_from(["", "https://old.example/", "https://old.example/changelog"]),
)
@hypothesis.settings(max_examples=15)
def test_without_a_move_nothing_is_otherwise_than_without_the_guard(
    visits: list[list[int]], dates: str, title: str, link: str
):
    """Entries in any order, some twice, some gone for a while; alike in title, date or address."""

    def one(number: int) -> Item:
        plain = item(number)
        date = {"own": plain.date, "none": None, "equal": START - DAY}[dates]
        return replace(plain, date=date, title=title or plain.title, link=link or plain.link)

    results = []
    for guard in ("true", "false"):
        with TemporaryDirectory() as folder:
            gazette = Gazette(open_store("sqlite://"), Path(folder), publishes=False)
            gazette.text = gazette.text.replace("interval: 1h", f"flood_guard: {guard}")
            told = [gazette.sends([one(number) for number in visit]) for visit in visits]
            with gazette.store.read() as db:
                results.append(([(each.new, each.revised) for each in told], articles.stored(db)))
            gazette.store.close()
    assert results[0] == results[1]


def test_an_entry_under_an_alias_is_the_article_it_was_bound_to():
    known = {"new": Known(guid="old", url="https://gazette.example/1", title="One", raw_digest="1")}
    came = entry(guid="new", url="https://elsewhere.example/1")
    assert identity.identify(identity.candidates([came]), known) == {"old": came}


def test_of_two_entries_the_one_under_its_own_guid_counts():
    known = {
        word: Known(guid="old", url="https://gazette.example/1", title="One", raw_digest="1") for word in ("old", "new")
    }
    first, second = entry(guid="new", content="Theirs."), entry(guid="old")
    assert identity.identify(identity.candidates([first, second]), known) == {"old": second}
