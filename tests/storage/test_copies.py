from __future__ import annotations

from typing import Any

import pytest
from storing import save, stored

from builders import MONDAY, TUESDAY, WEDNESDAY, article
from feeds.records import Article, Origin, replace
from storage import Store, articles, histories, retention, tombstones, withdrawing

URL = "https://gazette.example/mill"


def one(guid: str, title: str = "Stones", url: str = URL, **changes: Any) -> Article:
    return article(guid=guid, title=title, url=url, **changes)


def withdraw(store: Store, *words: str) -> int:
    with store.begin() as db:
        return withdrawing.withdraw(db, *words, showing=(), now=TUESDAY)


def comes_back(store: Store, one: Article, name: str = "gazette") -> bool:
    return save(store, replace(one, source=name), name=name, now=WEDNESDAY).new == 1


def test_a_withdrawn_address_stays_away_whatever_guid_and_title_it_comes_with(store: Store):
    save(store, one("urn:1"))
    withdraw(store, URL)
    assert not comes_back(store, one("urn:2"))
    assert not comes_back(store, one("urn:3", "Stones, corrected"))
    assert not comes_back(store, one("urn:4", "Stones, corrected", URL.replace("https:", "http:")))
    assert comes_back(store, one("urn:5", "Sails", f"{URL}/sails"))


@pytest.mark.parametrize("names", [(), ("",), ("News",), ("", "News")])
def test_readers_are_told_of_a_withdrawn_article_wherever_it_stood_also_in_a_category_without_a_name(
    store: Store, names: tuple[str, ...]
):
    save(store, replace(one("urn:1"), categories=names))
    withdraw(store, "urn:1")
    with store.read() as db:
        for category in (None, *names):
            told = tombstones.withdrawn(db, category=category, limit=5)
            assert [each.atom_id for each in told] == ["urn:1"]
        assert [sorted(each.categories) for each in histories.gone(db, ["urn:1"])] == [sorted(names)]


@pytest.mark.parametrize("names", [(), ("",), ("News",)])
def test_nobody_is_told_of_a_withdrawn_article_that_was_held(store: Store, names: tuple[str, ...]):
    save(store, replace(one("urn:1"), categories=names, held_at=MONDAY))
    withdraw(store, "urn:1")
    with store.read() as db:
        assert [tombstones.withdrawn(db, category=category, limit=5) for category in (None, "", "News")] == [()] * 3


def test_a_revised_article_that_was_withdrawn_does_not_come_back_with_its_former_title(store: Store):
    save(store, one("urn:1", "Stones"))
    save(store, one("urn:1", "Stones turn"))
    withdraw(store, "urn:1")
    assert not comes_back(store, one("urn:2", "Stones"))


def test_a_copy_in_another_source_stays_away_with_the_address(store: Store):
    save(store, one("urn:1"))
    withdraw(store, URL)
    assert not comes_back(store, one("urn:2", "Stones, seen elsewhere"), "planet")


def test_of_entries_that_share_an_address_only_the_withdrawn_one_stays_away(store: Store):
    save(store, one("urn:1", "Version 1"), one("urn:2", "Version 2"))
    withdraw(store, "urn:1")
    assert not comes_back(store, one("urn:3", "Version 1"))
    assert comes_back(store, one("urn:4", "Version 3"))


def test_an_address_that_purged_entries_shared_is_no_article_s_own(store: Store):
    save(store, one("urn:1", "Version 1"), one("urn:2", "Version 2"))
    with store.begin() as db:
        retention.purge(db, articles.named(db, "urn:2"), now=TUESDAY)
    withdraw(store, "urn:1")
    assert not comes_back(store, one("urn:3", "Version 1"))
    assert comes_back(store, one("urn:4", "Version 3"))


def test_an_address_withdrawn_with_all_its_articles_stays_away(store: Store):
    save(store, one("urn:1", "Version 1"), one("urn:2", "Version 2"))
    assert withdraw(store, URL) == 2
    assert not comes_back(store, one("urn:3", "Version 3"))


@pytest.mark.parametrize(
    "front", ["https://gazette.example/", "https://gazette.example", "https://gazette.example/blog/"]
)
def test_the_front_page_of_a_site_is_no_article_s_own_address(store: Store, front: str):
    about = Origin(site_url="https://gazette.example/blog")
    save(store, one("urn:1", "Monday", front, origin=about))
    withdraw(store, "urn:1")
    assert not comes_back(store, one("urn:2", "Monday", front, origin=about))
    assert comes_back(store, one("urn:3", "Tuesday", front, origin=about))


def test_without_an_address_the_title_tells_within_its_source(store: Store):
    save(store, one("a.md", "Notes", url=""))
    withdraw(store, "a.md")
    assert not comes_back(store, one("b.md", "Notes", url=""))
    assert comes_back(store, one("c.md", "Other notes", url=""))
    assert comes_back(store, one("d.md", "Notes", url=""), "planet")


def test_without_an_address_a_title_stays_away_whatever_its_date_is_now(store: Store):
    save(store, one("a.md", "Notes", url="", published=MONDAY, date_from="published"))
    withdraw(store, "a.md")
    assert not comes_back(store, one("d.md", "Notes", url="", published=WEDNESDAY, date_from="published"))


def test_a_title_that_others_of_the_source_have_tells_nothing(store: Store):
    save(store, one("a.md", "Weekly", url=""), one("b.md", "Weekly", url=""))
    withdraw(store, "a.md")
    assert comes_back(store, one("c.md", "Weekly", url=""))


def test_no_title_is_no_title_to_know_an_article_by(store: Store):
    save(store, one("a.md", "", url=""))
    withdraw(store, "a.md")
    assert comes_back(store, one("b.md", "", url=""))


def test_the_empty_word_names_no_article(store: Store):
    save(store, one("urn:1", url=""), one("urn:2", "Sails", url=""))
    withdraw(store, "urn:1")
    assert withdraw(store, "") == 0
    assert [each.guid for each in stored(store)] == ["urn:2"]
    with store.read() as db:
        assert withdrawing.published_ids(db, "") == ()


def test_what_was_only_purged_keeps_no_copy_away(store: Store):
    save(store, one("urn:1"))
    with store.begin() as db:
        retention.purge(db, articles.named(db, "urn:1"), now=TUESDAY)
    assert comes_back(store, one("urn:2"))
