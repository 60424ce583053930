"""One story once, from files to feeds: whoever tells it, in whatever order. Only the clock is ours."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import feedparser
import pytest
from lxml import etree

from feeds import pipeline
from feeds.pipeline import reading, site, storing
from feeds.pipeline.judging import judge
from feeds.records import Body, Fetched, replace
from ferry import CONFIG, LINK, NAMES, OTHER, STORY, TEXT, also, arrive, begun, item, read, shown
from mill import Mill
from moving import CONFIG as ONE
from moving import START, Gazette, document, items
from moving import item as item_
from storage import Store, articles, sources

TWO = ONE + '  - {name: planet, url: "https://planet.example/rss.xml", categories: [News]}\n'  # copies of the first


@pytest.fixture
def mill(tmp_path: Path, store: Store) -> Mill:
    return begun(tmp_path, store)


ORDERS = list(permutations(NAMES))


@pytest.mark.parametrize(
    ("order", "is_published_between"), [*((order, True) for order in ORDERS), (ORDERS[0], False), (ORDERS[-1], False)]
)
def test_the_original_is_shown_once_whoever_came_first(mill: Mill, order: tuple[str, ...], is_published_between: bool):
    for name in order:
        arrive(mill, name)
        if is_published_between:
            assert len(read(mill, "world/atom.xml").entries) == 1
    assert shown(mill, "World") == shown(mill) == ["author"]
    assert shown(mill, "Copies") == ["digest"]  # a category of its own knows no other that tells it
    assert also(mill) == [("digest", "https://digest.example/42"), ("planet", LINK)]
    before = mill.tree()
    for name in order:  # all of them say it once more
        arrive(mill, name, STORY[name], "<!-- again -->")
    mill.publish()
    assert mill.moved(before) == set()


def test_a_copy_that_goes_and_comes_back_changes_nothing(mill: Mill):
    for name in NAMES:
        arrive(mill, name)
    mill.publish()
    before = mill.tree()
    for _ in range(3):
        arrive(mill, "planet", "<!-- nothing here -->")
        mill.publish()
        arrive(mill, "planet")
        mill.publish()
    assert mill.moved(before) == set()


def test_a_copy_that_comes_does_not_have_readers_see_the_entry_again(mill: Mill):
    arrive(mill, "author")
    (before,) = read(mill, "world/atom.xml").entries
    arrive(mill, "planet")
    (after,) = read(mill, "world/atom.xml").entries
    assert (after.id, after.updated, after.published) == (before.id, before.updated, before.published)
    assert also(mill) == [("planet", LINK)]


def test_a_copy_that_is_revised_into_something_else_stays_one(mill: Mill):
    for name in NAMES:
        arrive(mill, name)
    changed = STORY["digest"].replace(TEXT, OTHER)
    arrive(mill, "digest", changed)
    assert shown(mill, "World") == ["author"]
    arrive(mill, "author", STORY["author"].replace(TEXT, f"{OTHER} {OTHER.upper()}"))
    assert shown(mill, "World") == ["author"]
    assert len(also(mill)) == 2


def test_articles_of_one_title_that_tell_different_things_stay_apart(mill: Mill):
    arrive(mill, "author", item("author", title="Weekly links", link="https://author.example/links-9"))
    arrive(mill, "planet", item("planet", title="Weekly links", link="https://planet.example/w9", text=OTHER))
    arrive(mill, "digest", item("digest", title="Weekly links", link="https://digest.example/l", text="See the page."))
    assert sorted(shown(mill, "World")) == sorted(NAMES)


@pytest.mark.parametrize("names", [("author", "planet"), ("planet", "author")])
def test_a_mirror_does_not_connect_what_its_source_tells_apart(mill: Mill, names: tuple[str, str]):
    def report(name: str, title: str, of: str, hours: int) -> str:
        chapters = (
            f"The package of the week is a tale of patches and failures, chapter {at} of {of}. " for at in (1, 2)
        )
        text = "".join(3 * chapter for chapter in chapters)
        return item(name, title=title, link=f"https://author.example/{hours}", text=text, hours=hours)

    for name in names:
        arrive(
            mill,
            name,
            report(name, "Alice writes: fresh 1", "alice fresh 1", 1),
            report(name, "Alice writes: post number 1", "alice 1", 90),
        )
    assert len({entry.link for entry in read(mill, "world/atom.xml").entries}) == 2


def test_one_source_in_two_categories_stands_in_both(mill: Mill):
    arrive(mill, "digest")
    assert shown(mill, "World") == shown(mill, "Copies") == ["digest"]


def test_the_one_of_higher_priority_is_shown_and_config_can_say_so_later(mill: Mill):
    for name in NAMES:
        arrive(mill, name)
    mill.publish()
    mill.text = CONFIG.replace("path: planet.xml,", "path: planet.xml, priority: 5,")
    pipeline.prepare(mill.store, mill.settings)
    assert shown(mill, "World") == ["planet"]
    mill.text = CONFIG
    pipeline.prepare(mill.store, mill.settings)
    assert shown(mill, "World") == ["author"]


def test_the_best_copy_takes_the_place_of_one_that_is_withdrawn_under_its_own_date(mill: Mill):
    arrive(
        mill, "planet", STORY["planet"], item("planet", title="Bees", text=OTHER, link="https://a.example/b", hours=1)
    )
    arrive(mill, "author")
    arrive(mill, "digest")
    assert shown(mill, "World") == ["planet", "author"]
    mill.publish()
    with mill.store.read() as db:
        (original,) = (one for one in articles.stored(db, source="author"))
    pipeline.withdraw(mill.store, mill.settings, original.guid, now=mill.clock.now())
    entries = read(mill, "world/atom.xml").entries
    assert [entry.title for entry in entries] == ["Bees", "The last ferry"]
    assert entries[1].published == "2026-11-02T06:00:00Z"  # the digest's: nothing new stands on top
    assert [link.title for link in entries[1].links if link.rel == "related"] == ["planet"]


def test_the_copies_of_a_source_that_leaves_the_config_take_its_place_until_it_comes_back(mill: Mill):
    for name in NAMES:
        arrive(mill, name)
    mill.publish()
    mill.text = CONFIG.replace("  - {name: author, path: author.xml, categories: [World]}\n", "")
    pipeline.prepare(mill.store, mill.settings)
    assert shown(mill, "World") == ["digest"]  # at an address of its own: before one that leads to another's
    mill.publish()
    mill.text = CONFIG
    pipeline.prepare(mill.store, mill.settings)
    assert shown(mill, "World") == ["author"]
    assert len(also(mill)) == 2


def test_an_article_that_retention_lets_go_of_is_succeeded_by_a_copy(mill: Mill):
    mill.text = CONFIG.replace("path: author.xml,", "path: author.xml, keep: 1,")
    arrive(mill, "author")
    arrive(mill, "planet")
    arrive(
        mill,
        "author",
        STORY["author"],
        item("author", title="Bees", text=OTHER, link="https://author.example/b", hours=1),
    )
    pipeline.prune(mill.store, mill.settings, now=mill.clock.now())
    assert shown(mill, "World") == ["author", "planet"]


def test_a_story_that_a_category_no_longer_keeps_goes_with_its_copies(mill: Mill):
    mill.text = CONFIG + "categories: [{name: World, keep: 1}, {name: Copies, keep: 1}]\n"
    for name in ("author", "planet"):
        arrive(mill, name)
    fresh = item("digest", title="Bees", text=OTHER, link="https://digest.example/b", hours=1)
    arrive(mill, "digest", fresh)
    done = pipeline.prune(mill.store, mill.settings, now=mill.clock.now())
    assert (done.articles, shown(mill, "World"), shown(mill)) == (2, ["digest"], ["digest"])


def test_what_a_category_holds_as_a_copy_is_kept_though_another_one_lets_go_of_it(mill: Mill):
    mill.text = CONFIG + "categories: [World, {name: Copies, keep: 1}]\n"
    arrive(mill, "author")
    fresh = item("digest", title="Bees", text=OTHER, link="https://digest.example/b", hours=1)
    arrive(mill, "digest", STORY["digest"], fresh)
    assert (shown(mill, "World"), shown(mill, "Copies")) == (["digest", "author"], ["digest", "digest"])
    assert pipeline.prune(mill.store, mill.settings, now=mill.clock.now()).articles == 0
    with mill.store.read() as db:
        (original,) = articles.stored(db, source="author")
    pipeline.withdraw(mill.store, mill.settings, original.guid, now=mill.clock.now())
    assert (shown(mill, "World"), shown(mill)) == (["digest", "digest"], ["digest", "digest"])


def test_a_copy_goes_when_the_last_category_that_has_it_lets_go_of_it(mill: Mill):
    mill.text = CONFIG + "categories: [{name: World, keep: 2}, {name: Copies, keep: 1}]\n"
    arrive(mill, "author")
    fresh = [
        item("digest", title=title, text=text, link=f"https://digest.example/{title}", hours=1)
        for title, text in (("Bees", OTHER), ("Tram", "Line four runs late."))
    ]
    arrive(mill, "digest", STORY["digest"], *fresh)
    done = pipeline.prune(mill.store, mill.settings, now=mill.clock.now())
    assert (done.articles, shown(mill, "World"), shown(mill, "Copies")) == (2, ["digest"] * 2, ["digest"] * 2)


def test_a_copy_belongs_in_its_categories_as_before(mill: Mill):
    mill.text = CONFIG.replace("path: author.xml, categories: [World]", "path: author.xml, categories: [World, Near]")
    for name in NAMES:
        arrive(mill, name)
    with mill.store.read() as db:
        of = {one.source: one.categories for one in articles.stored(db)}
    assert of == {"author": ("Near", "World"), "planet": ("World",), "digest": ("Copies", "World")}


def test_a_category_that_wants_them_all_shows_them_all(mill: Mill):
    mill.text = CONFIG + "categories: [{name: World, stories: false}, Copies]\n"
    for name in NAMES:
        arrive(mill, name)
    assert sorted(shown(mill, "World")) == sorted(NAMES)
    assert shown(mill) == ["author"]


def test_stories_are_turned_off_and_on_again(mill: Mill):
    for name in NAMES:
        arrive(mill, name)
    mill.publish()
    before = mill.tree()
    mill.text = CONFIG + "stories: false\n"
    pipeline.prepare(mill.store, mill.settings)
    assert sorted(shown(mill, "World")) == sorted(shown(mill)) == sorted(NAMES)
    mill.text = CONFIG
    pipeline.prepare(mill.store, mill.settings)
    assert shown(mill, "World") == shown(mill) == ["author"]
    assert {path: seen[0] for path, seen in mill.tree().items()} == {path: seen[0] for path, seen in before.items()}


def test_what_an_archive_document_holds_stays_there_and_what_tells_it_again_is_a_copy(mill: Mill):
    mill.text = CONFIG + "categories: [{name: World, limit: 1}, Copies]\n"
    arrive(mill, "planet")
    arrive(
        mill,
        "digest",
        *(item("digest", title=f"Note {n}", text="", link=f"https://d.example/{n}", hours=1) for n in "ab"),
    )
    mill.publish()
    before = {path: seen for path, seen in mill.tree().items() if path.startswith("world/archive")}
    assert before
    arrive(mill, "author")
    assert shown(mill, "World").count("author") == 0
    assert shown(mill).count("author") == 1  # where it has not left, the original takes its place
    mill.publish()
    assert not mill.moved(before) & before.keys()


def test_a_copy_that_is_revised_and_so_comes_back_from_an_archive_makes_room_for_the_original(mill: Mill):
    mill.text = CONFIG + "categories: [{name: World, limit: 1}, Copies]\n"
    arrive(mill, "planet")
    arrive(
        mill,
        "digest",
        *(item("digest", title=f"Note {n}", text="", link=f"https://d.example/{n}", hours=1) for n in "ab"),
    )
    mill.publish()
    arrive(mill, "author")
    mill.publish()
    assert shown(mill, "World") == ["digest", "digest", "planet"]
    before = {path: seen for path, seen in mill.tree().items() if path.startswith("world/archive")}
    arrive(mill, "author", STORY["author"].replace("forty", "forty-one"))
    assert shown(mill, "World") == ["digest", "digest", "planet"]  # what is in the archive stays
    arrive(mill, "planet", STORY["planet"].replace("forty", "forty-one"))
    assert shown(mill, "World") == ["digest", "digest", "author"]
    mill.publish()
    assert not mill.moved(before) & before.keys()
    arrive(mill, "planet", STORY["planet"].replace("forty", "forty-two"))
    assert shown(mill, "World") == ["digest", "digest", "author"]


def test_pages_and_json_name_who_else_tells_it(mill: Mill):
    mill.text = CONFIG.replace("pages: false", "pages: {articles: true}")
    for name in NAMES:
        arrive(mill, name)
    mill.publish()
    page = (mill.output / "world/index.html").read_text()
    assert "also in" in page
    assert '<a href="https://digest.example/42">digest</a>' in page
    assert '"also_in"' in (mill.output / "world/feed.json").read_text()
    # Each article has its page: the planet's own shelf leads to that of the copy.
    own = (mill.output / "sources/planet/index.html").read_text()
    (path,) = {part.split('"')[0] for part in own.split('href="../../')[1:] if part.startswith("articles/")}
    assert (mill.output / path).is_file()
    assert any("also in" in each.read_text() for each in mill.output.glob("articles/*/*.html"))


def test_rss_names_the_others_too(mill: Mill):
    for name in NAMES:
        arrive(mill, name)
    mill.publish()
    document = etree.parse(mill.output / "world/rss.xml")
    links = document.findall("channel/item/{http://www.w3.org/2005/Atom}link")
    assert [dict(link.attrib) for link in links] == [
        {"href": "https://digest.example/42", "rel": "related", "title": "digest"},
        {"href": LINK, "rel": "related", "title": "planet"},
    ]
    (entry,) = read(mill, "world/rss.xml").entries
    assert entry.link == LINK


def test_who_is_not_shown_has_a_page_that_its_sources_own_pages_lead_to_however_many_come(mill: Mill, monkeypatch):
    monkeypatch.setattr(site, "LIMIT", 4)
    mill.text = CONFIG.replace("pages: false", "pages: {articles: true}")
    texts = [" ".join(f"{word.strip(',.')}{'abcdefghi'[number]}" for word in TEXT.split()) for number in range(9)]
    for name, hours in (("author", 30), ("planet", 10)):
        items = (
            item(
                name,
                title=f"The last ferry of town {n}",
                text=text,
                link=f"https://{name}.example/{n}",
                hours=hours + n,
            )
            for n, text in enumerate(texts)
        )
        arrive(mill, name, *items)
    assert shown(mill, "World") == ["author"] * 9
    mill.publish()
    for name in ("author", "planet"):
        lists = list((mill.output / "sources" / name).rglob("index.html"))
        paths = {found for path in lists for found in re.findall(r'href="[./]*(articles/[^"]+)"', path.read_text())}
        assert len(lists) > 1
        assert len(paths) == 9
        assert all((mill.output / path).is_file() for path in paths)


def test_two_that_arrive_together_are_one_story(store: Store, tmp_path: Path):
    gazette = Gazette(store, tmp_path, TWO)
    arrived = []
    for gazette.name in ("planet", "gazette"):
        pipeline.prepare(store, gazette.settings)
        (one,) = (each for each in gazette.settings.sources if each.name == gazette.name)
        with store.read() as db:
            state = sources.states(db)[one.name]
        answer = Fetched(bodies=(Body(content=document(items(3)), url=one.url),))
        found = reading.read(store, reading.reader(gazette.settings, one, START, state), answer)
        arrived.append((storing.Visit(source=one, state=state, result=answer), found))
    done = storing.store_reads(store, arrived, judge=judge(gazette.settings), now=START)
    assert [refresh.new for refresh in done] == [3, 3]
    with store.read() as db:
        assert [one.source for one in articles.stored(db, category="News")] == ["gazette"] * 3


def test_what_is_held_takes_no_part_until_it_is_released(store: Store, tmp_path: Path):
    gazette = Gazette(store, tmp_path, TWO)
    old = [replace(item_(n), date=START - timedelta(days=200, hours=n)) for n in range(101, 131)]
    gazette.sends(items(10))
    gazette.sends([*items(10), *old])  # of which 30 are held
    gazette.name = "planet"
    gazette.sends([*items(5), *old[:20]])

    def told() -> dict[str, tuple[str, ...]]:
        entries = feedparser.parse(gazette.published["news/atom.xml"]).entries
        return {e.title: tuple(link.title for link in e.links if link.rel == "related") for e in entries}

    assert told() == {one.title: ("Gazette",) * (n < 5) for n, one in enumerate(items(10))} | {
        one.title: () for one in old[:20]
    }
    assert pipeline.release(store, gazette.settings, ["gazette"]) == 30
    assert told() == {one.title: ("Gazette",) * (n < 5) for n, one in enumerate(items(10))} | {
        one.title: ("Gazette",) * (n < 20) for n, one in enumerate(old)
    }
    with store.read() as db:
        assert {one.source for one in articles.stored(db, category="News")} == {"gazette"}


def test_what_is_dropped_leaves_its_copies_alone(store: Store, tmp_path: Path):
    gazette = Gazette(store, tmp_path, TWO)
    old = [replace(item_(n), date=START - timedelta(days=200, hours=n)) for n in range(101, 131)]
    gazette.sends(items(10))
    gazette.sends([*items(10), *old])
    gazette.name = "planet"
    gazette.sends([*items(5), *old[:20]])
    before = gazette.published
    assert pipeline.drop(store, ["gazette"], now=gazette.now) == 30
    pipeline.publish(store, gazette.settings, force=True)
    assert gazette.published == before


def test_no_page_is_left_as_it_was_before_another_article_was_shown(mill: Mill):
    mill.text = CONFIG.replace("pages: false", "pages: {articles: true}")
    for name in ("planet", "digest", "author"):
        arrive(mill, name)
        mill.publish()
    before = mill.tree()
    assert sum("also in" in path.read_text() for path in mill.output.glob("articles/*/*.html")) == 1
    pipeline.publish(mill.store, mill.settings, force=True)
    assert mill.moved(before) == set()
