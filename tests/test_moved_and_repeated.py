"""Small documents that move, and what repeats itself honestly: neither floods, neither is swallowed."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from feeds import pipeline
from feeds.errors import NotFoundError
from feeds.records import replace
from moving import START, WORDS, Gazette, Item, item, items, words
from storage import articles, held, histories, sources, tombstones

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def gazette(one_gazette: Gazette) -> Gazette:
    one_gazette.publishes = False
    return one_gazette


def came(gazette: Gazette, of: list[Item], *, after: timedelta = HOUR) -> tuple[int, int]:
    refresh = gazette.sends(of, after=after)
    return refresh.new, refresh.revised


def named(number: int, **changes: object) -> Item:
    """One with a title of its own, a long text, and its address for a guid."""
    link = f"https://old.example/{number}/"
    title = " ".join(f"{word}" for word in words(number, 5).replace(str(number), "").split())
    long = {"text": f"<p>{words(number, 200)}</p>", "title": f"{title} at the house", "link": link, "guid": link}
    return item(number, **{**long, **changes})


def moved(one: Item, visit: str = "", **changes: object) -> Item:
    link = f"https://new.example/{visit}/{one.number}"
    return replace(one, **{"guid": link, "link": link, **changes})


def test_ten_articles_that_move_and_get_another_title_are_revised(gazette: Gazette):
    gazette.sends([named(number) for number in range(1, 11)])
    retitled = [moved(one, title=f"{one.title} | The Gazette") for one in (named(n) for n in range(1, 11))]
    assert came(gazette, retitled) == (0, 10)
    assert came(gazette, retitled) == (0, 0)


def test_ten_undated_articles_with_other_addresses_at_each_visit_stay_the_same(gazette: Gazette):
    undated = [named(number, date=None, title=" ".join(words(number, 2).split())) for number in range(1, 11)]
    gazette.sends(undated)
    for visit in "abc":
        assert came(gazette, [moved(one, visit) for one in undated]) == (0, 0)


def test_three_others_in_the_place_of_three_are_new(gazette: Gazette):
    gazette.sends(items(3, first=10))
    assert came(gazette, items(3, first=1), after=3 * DAY) == (3, 0)


def test_one_article_that_gets_another_title_and_with_it_another_address_is_revised(gazette: Gazette):
    gazette.sends([named(number) for number in range(1, 11)])
    first = moved(named(1), title=f"{named(1).title}s")
    assert came(gazette, [first, *(named(number) for number in range(2, 11))]) == (0, 1)


def test_two_parts_of_one_day_that_say_the_same_at_length_are_two(gazette: Gazette):
    notes = {"text": f"<p>{words(9, 200)}</p>", "date": START - DAY}
    gazette.sends([named(1, title="The mill at night, part 1", **notes)])
    assert came(gazette, [named(2, title="The mill at night, part 2", **notes)]) == (1, 0)


def test_two_short_notices_of_one_day_with_other_titles_are_two(gazette: Gazette):
    notes = {"text": "<p>The road is closed.</p>", "date": START - DAY}
    gazette.sends([named(1, title="Mill lane", **notes)])
    assert came(gazette, [named(2, title="Harbour road", **notes)]) == (1, 0)


def menu(number: int, **changes: object) -> Item:
    """One a day, at one address, under one title, under a guid of its own."""
    same = {"guid": f"menu-{number}", "link": "https://old.example/menu", "title": "Menu of the day at the mill"}
    text = f"<p>Soup of {words(number, 4)}, and potatoes. Dessert: {words(number + 50, 3)}.</p>"
    return item(number, **{**same, "text": text, "date": START + number * DAY + HOUR, **changes})


@pytest.mark.parametrize("ahead", [timedelta(minutes=3), 2 * HOUR])
def test_a_menu_that_is_dated_a_little_ahead_is_new_each_day(gazette: Gazette, ahead: timedelta):
    for number in range(1, 7):
        one = menu(number)
        assert came(gazette, [replace(one, date=one.date and one.date + ahead)], after=DAY) == (1, 0)


def test_an_article_that_was_dated_ahead_is_known_when_its_date_has_come(gazette: Gazette):
    ahead = replace(item(1), text="<p>Bread.</p>", date=START + 3 * HOUR)
    assert came(gazette, [ahead, *items(5, first=2)]) == (5 + 1, 0)
    later = replace(ahead, guid="other", text="<p>Bread and butter.</p>")
    assert came(gazette, [later, *items(5, first=2)], after=DAY) == (0, 1)


@pytest.mark.parametrize("title", ["Menu of the day at the mill", "Release notes", "Comment by Anna"])
def test_an_honest_source_of_one_entry_is_not_called_moving(gazette: Gazette, title: str):
    for number in range(1, 9):
        assert came(gazette, [menu(number, title=title, date=START + number * DAY - HOUR)], after=DAY) == (1, 0)
    with gazette.store.read() as db:
        assert sources.dating(db, "gazette").verdict is None


def holding(gazette: Gazette) -> Gazette:
    """Thirty that a person is to decide on, and two that wait for their date."""
    gazette.text = gazette.text.replace("categories: [News]", "categories: [News], future: hold")
    gazette.sends(items(10))
    old = [item(number, date=START - 200 * DAY - number * HOUR) for number in range(101, 131)]
    gazette.sends([item(201, date=START + 30 * DAY), item(202, date=START + 31 * DAY), *items(10), *old])
    return gazette


def left(gazette: Gazette) -> set[str]:
    with gazette.store.read() as db:
        return {one.guid for one in held.held(db)}


def test_what_waits_for_its_date_goes_on_waiting_when_the_rest_is_released(gazette: Gazette):
    assert pipeline.release(holding(gazette).store, gazette.settings, ["gazette"]) == 30
    assert left(gazette) == {"old-201", "old-202"}
    assert pipeline.release(gazette.store, gazette.settings, ["old-201"]) == 1
    with pytest.raises(NotFoundError, match="what waits for its date is named by its address or id"):
        pipeline.release(gazette.store, gazette.settings, ["gazette"])


def test_what_waits_for_its_date_goes_on_waiting_when_the_rest_is_dropped(gazette: Gazette):
    assert pipeline.drop(holding(gazette).store, ["gazette"], now=gazette.now) == 30
    assert left(gazette) == {"old-201", "old-202"}


def test_who_names_one_twice_or_with_its_source_releases_it_once(gazette: Gazette):
    holding(gazette)
    assert pipeline.release(gazette.store, gazette.settings, ["old-101", "old-101"]) == 1
    with pytest.raises(NotFoundError, match="nothing is held of 'herald'"):
        pipeline.release(gazette.store, gazette.settings, ["gazette", "herald"])
    assert pipeline.release(gazette.store, gazette.settings, ["gazette", "old-102"]) == 29


@pytest.mark.parametrize("is_dropped", [False, True])
def test_no_reader_is_told_of_a_withdrawn_article_that_was_held(gazette: Gazette, is_dropped: bool):
    holding(gazette)
    if is_dropped:
        pipeline.drop(gazette.store, ["old-103"], now=gazette.now)
    for word in ("old-1", "old-103", "old-201"):
        assert pipeline.withdraw(gazette.store, gazette.settings, word, now=gazette.now).articles == 1
    with gazette.store.read() as db:
        mark = articles.stored(db)[0].atom_id.replace(articles.stored(db)[0].guid, "")
        told = [one.atom_id.removeprefix(mark) for one in tombstones.withdrawn(db, category=None, limit=9)]
        (gone,) = histories.gone(db, ["old-103"])
    assert (told, gone.categories, gone.reason) == (["old-1"], (), "withdrawn")
    assert gazette.sends([item(103, guid="other"), item(201, guid="more"), *items(9, first=2)]).new == 0


def form(number: int, **changes: object) -> Item:
    """One a day, each under its own guid and address, in almost the same words."""
    link = f"https://old.example/weather/{number}"
    text = f"<p>{words(50, 150)} Today: {WORDS[number]}. {words(51, 150)}</p>"
    told = {"guid": link, "link": link, "title": "The weather in the valley of the mill", "text": text}
    return item(number, **{**told, "date": START + number * DAY - HOUR, **changes})


@pytest.mark.parametrize("text", ["", f"<p>{words(50, 300)}</p>"], ids=["a word differs", "the same words"])
def test_what_repeats_a_form_at_its_own_address_is_new_each_time(gazette: Gazette, text: str):
    for number in range(1, 6):
        one = form(number)
        assert came(gazette, [replace(one, text=text or one.text)], after=DAY) == (1, 0)


def test_what_repeats_a_form_and_is_no_later_than_the_last_visit_is_the_same(gazette: Gazette):
    gazette.sends([form(1)], after=DAY)
    assert came(gazette, [form(2, date=START + DAY - HOUR / 2)], after=DAY) == (0, 1)


def linking(to: str, **changes: object) -> Item:
    """One that links to an address."""
    return item(1, **{"text": f'<p>Bread: <a href="{to}">the recipe</a>.</p>', **changes})


def shown(gazette: Gazette) -> tuple[str, datetime]:
    with gazette.store.read() as db:
        (one,) = articles.stored(db)
    return one.summary_html or one.content_html, one.updated


def test_a_link_that_was_corrected_is_published_and_no_revision(gazette: Gazette):
    gazette.publishes = True
    gazette.sends([linking("https://old.example/brede")])
    _text, updated = shown(gazette)
    assert came(gazette, [linking("https://old.example/bread")]) == (0, 0)
    assert shown(gazette) == ('<p>Bread: <a href="https://old.example/bread">the recipe</a>.</p>', updated)
    assert b"https://old.example/bread" in gazette.published["atom.xml"]
    before = gazette.published
    assert came(gazette, [linking("https://old.example/bread?session=2", date=START - DAY)]) == (0, 0)
    assert gazette.published == before


def test_links_that_moved_with_their_article_stay_as_they_are(gazette: Gazette):
    gazette.publishes = True
    gazette.sends([linking("https://old.example/bread")])
    before = gazette.published
    for number, changes in enumerate([{"guid": "new"}, {"guid": "old-1", "link": "https://new.example/1"}]):
        assert came(gazette, [linking(f"https://new.example/{number}", **changes)]) == (0, 0)
        assert gazette.published == before
