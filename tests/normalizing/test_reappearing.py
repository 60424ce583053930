"""Which stored article an entry of an unknown guid is, without a store."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import MONDAY, TUESDAY, article
from feeds.normalizing import flooding, likeness, links
from feeds.normalizing.reappearing import match, match_gone
from feeds.normalizing.tellings import tokens_of
from feeds.records import Article, Enclosure, Known
from moving import words

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def told(number: int, **changes: object) -> Article:
    """An article of its own words."""
    given = {
        "guid": f"old-{number}",
        "url": f"https://gazette.example/{number}",
        "title": f"A day at the house of miller {number}",
        "content_html": f"<p>{words(number, 60)}</p>",
        "published": MONDAY - number * DAY,
    } | changes
    return article(
        link_key=links.key(str(given["url"])), title_key=likeness.title_key(tokens_of(str(given["title"]))), **given
    )


def found(came: list[Article], stored: list[Article], *, present: set[str] = frozenset(), thorough: bool = False):  # type: ignore[assignment]
    return {one.guid: (one.of, one.reason) for one in match(came, stored, present=present, is_thorough=thorough)}


@pytest.mark.parametrize("url", ["http://www.gazette.example/1/?utm_medium=feed", "https://gazette.example/1#top"])
def test_an_address_says_the_same_however_it_is_written(url: str):
    assert found([told(1, guid="new", url=url)], [told(1)]) == {"new": ("old-1", "the same address")}


def test_a_title_and_its_date_tell_an_article_that_was_shortened():
    came = told(1, guid="new", url="https://elsewhere.example/uno", content_html=f"<p>{words(1, 30)}</p>")
    assert found([came], [told(1), told(2)]) == {"new": ("old-1", "the same title and date")}


def test_an_untitled_note_is_told_by_its_text_and_date():
    note = {"title": "", "content_html": "<p>Rain again.</p>"}
    came = told(1, guid="new", url="https://elsewhere.example/uno", **note)
    assert found([came], [told(1, **note)]) == {"new": ("old-1", "the same text and date")}


def test_a_long_text_tells_an_article_that_was_dated_anew():
    long = {"content_html": f"<p>{words(1, 200)}</p>"}
    came = told(1, guid="new", url="https://elsewhere.example/uno", published=TUESDAY, **long)
    assert found([came], [told(1, **long), told(2)]) == {"new": ("old-1", "the same text")}


def test_what_the_document_names_is_not_meant():
    assert found([told(1, guid="new")], [told(1)], present={"old-1"}) == {}


@pytest.mark.parametrize("is_thorough", [False, True])
def test_an_address_that_several_share_says_nothing(is_thorough: bool):
    shared = {"url": "https://gazette.example/changelog"}
    assert found([told(3, guid="new", **shared)], [told(1, **shared), told(2, **shared)], thorough=is_thorough) == {}
    came = [told(number, guid=f"new-{number}", **shared) for number in (2, 3)]
    assert found(came, [told(1, **shared)], thorough=is_thorough) == {}


@pytest.mark.parametrize("is_thorough", [False, True])
def test_other_words_under_one_title_are_another_article(is_thorough: bool):
    column = {"title": "What our readers wrote this week"}
    came = told(3, guid="new", **column)
    assert found([came], [told(1, **column), told(2, **column)], thorough=is_thorough) == {}


def test_a_short_text_that_comes_again_another_day_is_another_article():
    quiz = {"title": "The quiz of the day is here", "content_html": "<p>Play it now.</p>"}
    came = told(1, guid="new", url="https://gazette.example/2", published=TUESDAY, **quiz)
    assert found([came], [told(1, **quiz)], thorough=True) == {}


def test_copies_that_nobody_can_tell_apart_count_as_one():
    copies = [told(1, guid=f"copy-{number}") for number in range(3)]
    assert found([told(1, guid="new")], copies) == {"new": ("copy-0", "the same address")}


def test_pictures_and_enclosures_that_moved_with_their_site_are_no_revision():
    def one(host: str, guid: str, word: str = "") -> Article:
        picture = f"<p>Look{word}: <img src='x' /></p>".replace("'x'", f'"https://{host}/files/1.png"')
        sound = (Enclosure(url=f"https://{host}/1.mp3", media_type="audio/mpeg"),)
        return told(1, guid=guid, content_html=picture, enclosures=sound)

    (same,) = match([one("new.example", "new")], [one("old.example", "old")], present=())
    (other,) = match([one("new.example", "new", " here")], [one("old.example", "old")], present=())
    assert (same.is_readdressed, other.is_readdressed) == (True, False)


def test_what_is_gone_is_known_by_its_address_or_by_a_title_that_tells_enough():
    gone = [
        Known(guid=f"old-{number}", url=told(number).url, title=told(number).title, raw_digest="", is_gone=True)
        for number in (1, 2)
    ]
    came = [
        told(1, guid="new-1", url="http://www.gazette.example/1/"),
        told(2, guid="new-2", url="https://elsewhere.example/2"),
        told(3, guid="new-3"),
    ]
    assert {one.guid: one.of for one in match_gone(came, gone, present=())} == {"new-1": "old-1", "new-2": "old-2"}


def test_a_new_piece_of_a_column_is_not_the_one_of_its_title_that_is_gone():
    came = told(1, guid="new", url="https://elsewhere.example/1")
    said = came.said
    assert said is not None

    def is_found(of_the_gone: datetime | None) -> bool:
        gone = Known(guid="old", url="", title=came.title, raw_digest="", said=of_the_gone, is_gone=True)
        return bool(match_gone([came], [gone], present=()))

    assert is_found(None)
    assert is_found(said - timedelta(hours=30))
    assert not is_found(said - timedelta(days=7))


numbers = st.lists(st.integers(0, 60), unique=True, max_size=12)


@given(stored=numbers, came=numbers, is_thorough=st.booleans(), minutes=st.sampled_from([0, 60, 24 * 60]))
def test_where_nothing_moved_no_new_article_is_taken_for_an_old_one(
    stored: list[int], came: list[int], is_thorough: bool, minutes: int
):
    def one(number: int) -> Article:
        return told(number, published=MONDAY - timedelta(minutes=minutes * number))

    known = [one(number) for number in stored]
    new = [one(number) for number in came if number not in stored]
    assert match(new, known, present={f"old-{number}" for number in came}, is_thorough=is_thorough) == ()


@given(stored=numbers, is_thorough=st.booleans(), order=st.randoms(use_true_random=False))
def test_in_whatever_order_they_come_each_is_taken_for_itself(stored: list[int], is_thorough: bool, order):
    known = [told(number) for number in stored]
    moved = [told(number, guid=f"new-{number}", url=f"https://new.example/{number}") for number in stored]
    order.shuffle(moved)
    bound = {one.guid: one.of for one in match(moved, known, present=(), is_thorough=is_thorough)}
    assert bound == {f"new-{number}": f"old-{number}" for number in stored}


@pytest.mark.parametrize(
    ("gap", "away", "allowed"),
    [(None, DAY, 10), (HOUR, None, 10), (timedelta(0), DAY, 10), (DAY, HOUR, 10), (HOUR, DAY, 72), (HOUR, -DAY, 10)],
)
def test_as_many_may_come_as_the_rhythm_of_a_source_suggests(gap: timedelta, away: timedelta, allowed: int):
    assert flooding.allowance(gap, away and MONDAY - away, MONDAY) == allowed


def test_only_what_is_older_than_the_newest_known_is_held():
    old = [told(number) for number in range(1, 12)]
    undated = told(20, date_from="first-seen")
    new = told(30, published=TUESDAY)
    held = flooding.too_many([new, *old, undated], newest=MONDAY, allowance=10)
    assert held == {one.guid for one in old}
    assert not flooding.too_many(old[:10], newest=MONDAY, allowance=10)
    assert not flooding.too_many(old, newest=None, allowance=10)
