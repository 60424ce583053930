"""Archive documents as a reader meets them: by walking from a feed to the one before it, to the end (RFC 5005)."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import feedparser
import pytest
from lxml import etree

from builders import TUESDAY
from clocks import Clock
from feeds import pipeline
from feeds.pipeline import edition
from mill import CONFIG, Mill
from statements import statements
from storage import archiving, articles, open_store, shelves

SITE = "https://mill.example/"
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def mill(tmp_path: Path) -> Iterator[Mill]:
    one = Mill(tmp_path, Clock(), open_store(f"sqlite:///{tmp_path}/feedmill.db"))
    one.article("Morning")
    one.feed("Far", "Away")
    yield one
    one.store.close()


def fill_without_publishing(mill: Mill, first: int, last: int) -> None:
    """The gazette lists articles of these numbers, one a minute."""
    items = "".join(
        f"<item><title>{n}</title><guid>https://gazette.example/{n}</guid>"
        f"<pubDate>Sun, 01 Nov 2026 {n // 60:02}:{n % 60:02}:00 GMT</pubDate></item>"
        for n in range(first, last)
    )
    mill.put("gazette.xml", f'<rss version="2.0"><channel><title>Gazette</title>{items}</channel></rss>')
    mill.clock.moment = TUESDAY
    mill.refresh()


def fill(mill: Mill, first: int, last: int) -> None:
    fill_without_publishing(mill, first, last)
    mill.publish()


def link(feed: feedparser.FeedParserDict, rel: str) -> str:
    return next((each.href for each in feed.feed.links if each.rel == rel), "")


def walk(mill: Mill, address: str) -> list[tuple[str, list[str]]]:
    """Each document's path and the ids in it, from the subscription document to the oldest archive document."""
    found = []
    while address:
        path = address.removeprefix(SITE)
        feed = feedparser.parse((mill.output / path).read_bytes())
        assert not feed.bozo
        assert link(feed, "self") == address
        if found:
            assert link(feed, "current") == f"{SITE}{found[0][0]}"
        found.append((path, [entry.id for entry in feed.entries]))
        address = link(feed, "prev-archive")
    return found


def ids(walked: list[tuple[str, list[str]]]) -> list[str]:
    return [each for _path, some in walked for each in some]


def stored(mill: Mill, category: str | None = None) -> list[str]:
    with mill.store.read() as db:
        return [one.atom_id for one in articles.stored(db, category=category)]


def archived(mill: Mill) -> dict[Path, tuple[bytes, int]]:
    return {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in mill.output.rglob("archive/*/*")}


@pytest.mark.parametrize("folder", ["", "world/"])
def test_a_walk_finds_every_article_once_before_and_after_two_hundred_more(mill: Mill, folder: str):
    category = "World" if folder else None
    fill(mill, 0, 450)
    before = walk(mill, f"{SITE}{folder}atom.xml")
    assert ids(before) == stored(mill, category)  # newest first, all the way
    assert len(before[0][1]) == 100
    kept = archived(mill)
    fill(mill, 450, 650)
    after = walk(mill, f"{SITE}{folder}atom.xml")
    assert ids(after) == stored(mill, category)
    assert kept.items() <= archived(mill).items()
    assert after[-len(before) + 1 :] == before[1:]


def test_a_feed_that_holds_all_there_is_leads_to_no_archive(mill: Mill):
    mill.round()
    assert len(walk(mill, f"{SITE}atom.xml")) == 1
    assert not archived(mill)


def test_an_archive_document_says_that_it_is_one(mill: Mill):
    fill(mill, 0, 150)
    document = etree.parse(mill.output / "archive/000001/atom.xml").getroot()
    assert document.find("{http://purl.org/syndication/history/1.0}archive") is not None
    assert etree.parse(mill.output / "atom.xml").find("{http://purl.org/syndication/history/1.0}archive") is None


def test_a_lost_folder_is_written_again_with_its_archives(mill: Mill):
    fill(mill, 0, 450)
    seen = mill.tree()
    shutil.rmtree(mill.output)
    mill.publish()
    assert {path: content for path, (content, _) in mill.tree().items()} == {
        p: content for p, (content, _) in seen.items()
    }


def test_archive_documents_of_all_shelves_are_looked_for_with_one_question(mill: Mill):
    fill(mill, 0, 450)
    with statements(mill.store) as usual:
        assert not pipeline.publish(mill.store, mill.settings)
    with statements(mill.store) as thorough:
        assert not pipeline.publish(mill.store, mill.settings, is_thorough=True)
    assert len([each for each in thorough if "archive" in each]) == 1 + len(
        [each for each in usual if "archive" in each]
    )
    with mill.store.read() as db:
        assert list(archiving.linked(db).values()) == [range(1, 5), range(1, 5)]  # of everything, of the category


def test_a_lost_archive_document_is_found_by_whoever_looks_for_all_and_no_other_is_written(mill: Mill):
    fill(mill, 0, 1_000)
    before = archived(mill)
    place = mill.output / "world/archive"
    for number in ("000002", "000003"):
        shutil.rmtree(place / number)
    pipeline.publish(mill.store, mill.settings, is_thorough=True)
    after = archived(mill)
    moved = {path for path, seen in after.items() if before[path] != seen}
    assert {path: content for path, (content, _time) in after.items()} == {
        path: content for path, (content, _time) in before.items()
    }
    assert {path.parent.name for path in moved} == {"000002", "000003"}
    assert all(path.is_relative_to(place) for path in moved)
    assert not pipeline.publish(mill.store, mill.settings, is_thorough=True)


@pytest.mark.parametrize("name", ["atom.xml", "index.html"])
def test_a_single_file_of_an_old_archive_document_is_written_again(mill: Mill, name: str):
    mill.text = mill.text.replace("pages: false", "pages: true")
    fill(mill, 0, 450)
    lost = mill.output / "world/archive/000001" / name
    before = lost.read_bytes()
    lost.unlink()
    (written,) = (each for each in pipeline.publish(mill.store, mill.settings, is_thorough=True) if each.changed)
    assert written.path == f"world/archive/000001/{name}"
    assert lost.read_bytes() == before


def test_a_lost_archive_document_is_found_in_a_category_that_has_news_each_time(mill: Mill):
    fill(mill, 0, 450)
    before = archived(mill)
    shutil.rmtree(mill.output / "world/archive/000002")
    fill_without_publishing(mill, 450, 451)
    pipeline.publish(mill.store, mill.settings, is_thorough=True)
    after = archived(mill)
    assert {path: after[path][0] for path in before} == {path: content for path, (content, _time) in before.items()}
    assert ids(walk(mill, f"{SITE}world/atom.xml")) == stored(mill, "World")


def test_a_category_of_a_new_name_in_the_same_folder_leaves_the_archives_there_as_they_are(mill: Mill):
    categories_ = "categories: [{name: %s, slug: world, limit: 100}]\n"
    source = mill.text
    mill.text = source + categories_ % "World"
    fill(mill, 0, 500)
    former = {path: seen for path, seen in archived(mill).items() if path.is_relative_to(mill.output / "world")}
    mill.text = source + categories_ % "Globe, aliases: [World]"
    pipeline.prepare(mill.store, mill.settings)
    mill.publish()
    walked = walk(mill, f"{SITE}world/atom.xml")
    assert sorted(ids(walked)) == sorted(stored(mill, "Globe"))
    assert {path: seen for path, seen in archived(mill).items() if path in former} == former
    last = max(path.parent.name for path in former)
    assert all(path.split("/")[2] > last for path, _ids in walked[1:])


def test_a_moved_category_takes_its_archives_along(mill: Mill):
    fill(mill, 0, 250)
    mill.text = CONFIG + "categories: [{name: World, slug: planet}, News]\n"
    mill.round()
    assert ids(walk(mill, f"{SITE}planet/atom.xml")) == stored(mill, "World")


def test_a_new_title_of_the_site_leaves_archives_as_they_are(mill: Mill):
    fill(mill, 0, 250)
    kept = archived(mill)
    mill.text = CONFIG.replace("Evening Mill", "Morning Mill")
    mill.round()
    assert archived(mill) == kept


def test_what_was_killed_between_sealing_and_writing_is_written_next(mill: Mill, monkeypatch: pytest.MonkeyPatch):
    class Killed(BaseException):
        pass

    def kill(*_arguments: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(edition, "put", kill)
        with pytest.raises(Killed):
            fill(mill, 0, 250)
    mill.publish()
    assert ids(walk(mill, f"{SITE}world/atom.xml")) == stored(mill, "World")


def test_what_leaves_an_archive_document_while_that_is_written_is_not_shown_there_for_good(
    mill: Mill, monkeypatch: pytest.MonkeyPatch
):
    mill.text = CONFIG.replace("categories: [News]", "categories: [World]") + "categories: [News, World]"
    mill.article("Departing", date="2026-10-01 08:00:00")
    fill_without_publishing(mill, 0, 250)
    put = edition.put

    def while_the_config_changes(tree, documents):
        if any(path.startswith("world/archive/") for path in documents):
            mill.text = CONFIG + "categories: [News, World]"
            pipeline.prepare(mill.store, mill.settings)
        return put(tree, documents)

    with monkeypatch.context() as patch:
        patch.setattr(edition, "put", while_the_config_changes)
        mill.publish()
    assert shows(mill, "Departing") > {"world/archive/000001/atom.xml"}
    mill.publish()
    assert not [path for path in shows(mill, "Departing") if path.startswith("world/")]


def shows(mill: Mill, title: str) -> set[str]:
    """The published files in which a title stands."""
    return {path for path, (content, _moved) in mill.tree().items() if title.encode() in content}


def test_when_the_oldest_articles_are_purged_the_walk_ends_before_them(mill: Mill):
    fill(mill, 0, 450)
    mill.text = CONFIG.replace("path: gazette.xml", "path: gazette.xml, keep: 150")
    with mill.store.read() as db:
        assert len(articles.stored(db, source="gazette")) == 450
    pipeline.prune(mill.store, mill.settings, now=TUESDAY)
    mill.publish()
    walked = walk(mill, f"{SITE}world/atom.xml")
    assert set(ids(walked)) >= set(stored(mill, "World"))
    assert len(walked) < 4
    assert not any(mill.output.rglob("world/archive/000001/*"))


def test_a_late_article_and_a_revised_one_stand_in_the_feed_and_the_archives_do_not_change(mill: Mill):
    fill(mill, 10, 120)
    kept = archived(mill)
    items = "".join(
        f"<item><title>{title}</title><guid>https://gazette.example/{n}</guid>"
        f"<pubDate>Sun, 01 Nov 2026 00:{n:02}:00 GMT</pubDate></item>"
        for n, title in ((3, "Late"), (12, "Twelve"))
    )
    mill.put("gazette.xml", f'<rss version="2.0"><channel><title>Gazette</title>{items}</channel></rss>')
    mill.round()
    assert kept.items() <= archived(mill).items()
    for folder in ("", "world/"):
        assert {"Late", "Twelve"} <= mill.titles(f"{folder}atom.xml")
        found = ids(walk(mill, f"{SITE}{folder}atom.xml"))
        assert found.count("https://gazette.example/3") == 1
        assert found.count("https://gazette.example/12") == 2  # as it was, too: RFC 5005 has readers take the newer


def revise_twelve(mill: Mill) -> None:
    item = (
        "<item><title>Twelve</title><guid>https://gazette.example/12</guid>"
        "<pubDate>Sun, 01 Nov 2026 00:12:00 GMT</pubDate></item>"
    )
    mill.put("gazette.xml", f'<rss version="2.0"><channel><title>Gazette</title>{item}</channel></rss>')
    mill.round()


def test_all_that_is_published_again_leaves_archive_documents_as_they_are(mill: Mill):
    mill.text = CONFIG.replace("pages: false", "pages: true")
    fill(mill, 10, 250)
    kept = {path: seen for path, seen in archived(mill).items() if path.name == "atom.xml"}
    revise_twelve(mill)
    page = mill.output / "world/archive/000001/index.html"
    page.write_text("of another look")
    edited = mill.output / "world/archive/000002/atom.xml"
    edited.write_text("by hand")
    pipeline.publish(mill.store, mill.settings, force=True)
    after = archived(mill)
    assert {path: after[path] for path in kept if path != edited} == {
        path: seen for path, seen in kept.items() if path != edited
    }
    assert edited.read_bytes() == kept[edited][0]
    assert "another look" not in page.read_text()


def test_a_lost_document_has_no_other_written(mill: Mill):
    fill(mill, 0, 450)
    revise_twelve(mill)
    before = archived(mill)
    newest = max(mill.output.glob("world/archive/*"))
    shutil.rmtree(newest)
    mill.publish()
    after = archived(mill)
    assert {path.parent for path in before if before[path] != after[path]} == {newest}


WITHOUT_GAZETTE = CONFIG.replace("  - {name: gazette, path: gazette.xml, categories: [World]}\n", "")


def test_a_source_that_is_removed_and_comes_back_stands_in_a_walk_once(mill: Mill):
    mill.text = CONFIG.replace("categories: [News]", "categories: [World]")
    for n in range(8):
        mill.article(f"Old {n}", date=f"2026-10-0{n + 1} 08:00:00")
    fill(mill, 0, 350)
    full = mill.text
    for text in (WITHOUT_GAZETTE.replace("[News]", "[World]"), full):
        mill.text = text
        mill.round()
        for folder, category in (("", None), ("world/", "World")):
            assert sorted(ids(walk(mill, f"{SITE}{folder}atom.xml"))) == sorted(stored_on(mill, category))


def test_a_document_in_the_middle_that_lost_all_its_articles_holds_the_chain(mill: Mill):
    mill.text = CONFIG.replace("categories: [News]", "categories: [World]")
    for n in range(9):
        mill.article(f"Old {n}", date=f"2026-10-0{n + 1} 08:00:00")
    fill(mill, 0, 350)
    many = [path for path, _ids in walk(mill, f"{SITE}atom.xml")]
    for n in range(300):  # more than the documents behind the oldest hold
        mill.article(f"New {n}", date=f"2026-11-02 {n // 60:02}:{n % 60:02}:00")
    mill.round()
    longer = [path for path, _ids in walk(mill, f"{SITE}atom.xml")]
    assert longer[-len(many) + 1 :] == many[1:]
    mill.text = WITHOUT_GAZETTE.replace("[News]", "[World]")
    mill.round()
    left = walk(mill, f"{SITE}atom.xml")
    assert sorted(ids(left)) == sorted(stored_on(mill, None))
    for path in set(longer) - {path for path, _ids in left}:  # who was on the way there comes to the end
        assert ids(walk_on(mill, path)) == ids(left)[-9:]


def stored_on(mill: Mill, category: str | None) -> list[str]:
    """What stands on a shelf: the store holds the articles of a source that was removed, too."""
    with mill.store.read() as db:
        shelf = shelves.standing(db)[category]
        numbers = [None, *range(1, archiving.latest(db, shelf.id) + 1)]
        return [one.atom_id for number in numbers for one in articles.archived(db, shelf.id, number)]


def walk_on(mill: Mill, path: str) -> list[tuple[str, list[str]]]:
    """From an archive document to the oldest one."""
    found = []
    while path:
        feed = feedparser.parse((mill.output / path).read_bytes())
        found.append((path, [entry.id for entry in feed.entries]))
        path = link(feed, "prev-archive").removeprefix(SITE)
    return found


def test_one_new_article_writes_as_little_with_a_large_archive_as_with_a_small_one(mill: Mill):
    fill(mill, 0, 1000)
    fill_without_publishing(mill, 1000, 1001)
    assert len([path for path in mill.publish() if "archive/" in path]) == 2  # one of the category, one of everything
    with mill.store.read() as db:
        assert len(articles.stored(db, source="gazette")) == 1001


def test_what_comes_in_while_archives_are_written_is_published_with_the_next_look(
    mill: Mill, monkeypatch: pytest.MonkeyPatch
):
    put = edition.put
    late: list[int] = []

    def slowly(tree, documents):
        if not late and any("archive/" in path for path in documents):
            late.append(600)
            fill_without_publishing(mill, 0, 600)
        return put(tree, documents)

    with monkeypatch.context() as patch:
        patch.setattr(edition, "put", slowly)
        fill(mill, 0, 350)
    assert all(len(walk(mill, f"{SITE}{folder}atom.xml")[0][1]) <= 100 for folder in ("", "world/"))
    mill.publish()
    for folder, category in (("", None), ("world/", "World")):
        assert sorted(ids(walk(mill, f"{SITE}{folder}atom.xml"))) == sorted(stored(mill, category))
    before = mill.tree()
    mill.publish()
    assert mill.moved(before) == set()
