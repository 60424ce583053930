from __future__ import annotations

from collections.abc import Mapping

from storing import save, standing, stored, titles, waiting, written

from builders import article
from feeds.normalizing.categories import Labels, assign, slugs
from feeds.records import Tag
from storage import Store, articles, shelves


def settle(store: Store, *names: str, chosen: Mapping[str, str] | None = None, slugs=slugs) -> dict[str | None, str]:
    """The slug of every category afterwards."""
    with store.begin() as db:
        shelves.settle(db, names, chosen=chosen or {}, slugs=slugs)
    return {name: shelf.slug for name, shelf in standing(store).items()}


def reshelve(store: Store, *of_source: str, aliases: Mapping[str, str] | None = None, name="gazette") -> None:
    with store.begin() as db:
        articles.reshelve(
            db, name, lambda own, tags: assign(of_source, own, tags, Labels(aliases=aliases or {})), slugs=slugs
        )


def take_off(store: Store, name="gazette") -> None:
    with store.begin() as db:
        articles.reshelve(db, name, None, slugs=slugs)


def test_everything_is_a_shelf_of_its_own_without_a_folder(store: Store):
    assert settle(store) == {None: ""}


def test_a_slug_once_given_stays(store: Store):
    first = settle(store, "C++", "C")
    assert settle(store, "C", "C#", "C++") == first | {"C#": slugs("C#")[1]}


def test_a_chosen_slug_moves_a_category_and_has_its_files_written_again(store: Store):
    settle(store, "金融", "Sports")
    written(store)
    assert settle(store, "金融", chosen={"金融": "finance"})["金融"] == "finance"
    assert {name: shelf.settings_digest for name, shelf in standing(store).items()} == {
        None: "settings", "金融": "", "Sports": "settings",
    }  # fmt: skip


def test_a_slug_chosen_once_stays_when_the_config_says_nothing_any_more(store: Store):
    settle(store, chosen={"金融": "finance"})
    assert settle(store, "金融")["金融"] == "finance"


def test_a_chosen_slug_is_taken_from_a_category_that_had_it(store: Store):
    settle(store, "finance")
    given = settle(store, "finance", chosen={"金融": "finance"})
    assert given == {None: "", "金融": "finance", "finance": slugs("finance")[1]}


def test_a_category_that_is_called_by_its_former_name_again_has_its_folder_back(store: Store):
    assert settle(store, "Economy")["Economy"] == "economy"
    assert settle(store, "Business", chosen={"Business": "economy"})["Business"] == "economy"
    with store.begin() as db:
        shelves.settle(db, ["Economy"], chosen={}, slugs=slugs, listed=["Economy"])
    assert {name: shelf.slug for name, shelf in standing(store).items()} == {
        None: "", "Economy": "economy", "Business": "business",
    }  # fmt: skip


def test_a_folder_is_not_taken_from_a_category_that_is_listed_nor_given_to_one_that_was_published(store: Store):
    settle(store, "Economy")
    settled = settle(store, "Economy", "Business", chosen={"Business": "economy"})
    with store.begin() as db:
        shelves.settle(db, ["Economy", "Business"], chosen={}, slugs=slugs, listed=["Economy", "Business"])
        shelves.settle(db, ["Economy"], chosen={}, slugs=slugs)  # every category that is found has a feed
        shelf = shelves.standing(db)["Economy"]
        shelves.record_written(db, shelf, settings_digest="written")
        shelves.settle(db, ["Economy"], chosen={}, slugs=slugs, listed=["Economy"])
    assert {name: shelf.slug for name, shelf in standing(store).items()} == settled


def test_two_categories_change_places(store: Store):
    settle(store, chosen={"A": "one", "B": "two"})
    assert settle(store, chosen={"A": "two", "B": "one"}) == {None: "", "A": "two", "B": "one"}


def test_three_categories_change_places_in_a_ring(store: Store):
    settle(store, chosen={"A": "one", "B": "two", "C": "three"})
    assert settle(store, chosen={"A": "two", "B": "three", "C": "one"}) == {
        None: "",
        "A": "two",
        "B": "three",
        "C": "one",
    }


def test_a_found_category_never_takes_a_slug_that_another_has_chosen(store: Store):
    assert settle(store, "finance", chosen={"金融": "finance"})["finance"] == slugs("finance")[1]


def test_slugs_that_some_file_systems_take_for_one_are_two(store: Store):
    given = settle(store, "straße", "strasse", "ΟΔΟΣ", "οδοσ", chosen={"x": "café", "y": "cafe\u0301s"})
    given |= settle(store, "CAFÉ", "cafés")
    assert len({slug.casefold() for slug in given.values()}) == len(given) == 9


def test_articles_make_the_categories_they_name(store: Store):
    save(store, article(categories=("金融", "")))
    assert set(standing(store)) == {None, "金融", ""}
    assert standing(store)["金融"].slug == "金融"


def test_a_shelf_waits_until_its_files_show_what_it_held(store: Store):
    save(store, article(categories=("Economy",)))
    assert waiting(store) == {None, "Economy"}
    written(store)
    assert waiting(store) == set()


def test_what_is_touched_while_its_files_are_written_waits_again(store: Store):
    save(store, article(categories=("Economy",)))
    seen = standing(store)["Economy"]
    save(store, article(guid="urn:2", title="Two", categories=("Economy",)))
    with store.begin() as db:
        shelves.record_written(db, seen, settings_digest="settings")
    assert waiting(store) == {None, "Economy"}


def test_files_written_under_a_slug_that_moved_meanwhile_do_not_count(store: Store):
    settle(store, "finance")
    seen = standing(store)["finance"]
    settle(store, chosen={"finance": "money"})
    with store.begin() as db:
        shelves.record_written(db, seen, settings_digest="settings")
    assert standing(store)["finance"].settings_digest == ""


def test_reshelving_touches_only_what_an_article_entered_or_left(store: Store):
    save(store, article(categories=("Economy", "News")))
    save(store, article(guid="urn:2", categories=("Sports",)), name="herald")
    written(store)
    reshelve(store, "News", "World")
    assert waiting(store) == {"Economy", "World"}
    assert (titles(store, "Economy"), titles(store, "News"), titles(store, "World")) == ([], ["One"], ["One"])


def test_reshelving_by_the_same_rules_touches_nothing(store: Store):
    save(store, article(categories=("Economy",)))
    written(store)
    reshelve(store, "Economy")
    assert waiting(store) == set()


def test_reshelving_goes_by_an_articles_own_categories_and_by_what_its_tags_are_aliases_of(store: Store):
    save(store, article(own_categories=("Local",), tags=(Tag(term="财经"),), categories=("Local",)))
    reshelve(store, "News", aliases={"财经": "金融"})
    assert stored(store)[0].categories == ("Local", "News", "金融")


def test_a_source_taken_out_leaves_every_shelf_and_comes_back_as_it_was(store: Store):
    save(store, article(categories=("Economy",)), article(guid="urn:2", title="Two", categories=("Economy",)))
    save(store, article(guid="urn:3", title="Three", categories=("Economy",)), name="herald")
    before = titles(store), titles(store, "Economy")
    written(store)
    take_off(store)
    assert waiting(store) == {None, "Economy"}
    assert (titles(store), titles(store, "Economy")) == (["Three"], ["Three"])
    assert len(stored(store)) == 3
    reshelve(store, "Economy")
    assert (titles(store), titles(store, "Economy")) == before


def test_a_source_that_is_off_the_shelves_already_touches_nothing(store: Store):
    save(store, article(categories=("Economy",)))
    take_off(store)
    written(store)
    take_off(store)
    assert waiting(store) == set()
