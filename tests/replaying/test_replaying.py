"""Kept documents, replayed: without a request, and as if time had stood still."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import delete, select

from answering import HOUR, Mill, command, feed, item
from builders import MONDAY, TUESDAY, WEDNESDAY
from feeds import pipeline
from feeds.records import Person
from storage import articles, documents, held, tables


def arrivals(mill: Mill) -> None:
    """Two sources over three days: new articles, revised ones, undated ones, equal dates, one guid for both."""
    mill.answer("gazette", feed(item(2), item(1, date="")))
    mill.answer("desk", feed(item(7), item(2, "Not that stone")))
    mill.clock.moment = TUESDAY
    mill.answer("desk", feed(item(8, date="09 Nov 2026 09:00:00 GMT"), item(7, text="Revised.")))
    mill.answer("gazette", feed(item(3), item(2, "Stone two"), item(1, date="")))
    mill.clock.moment = WEDNESDAY
    mill.answer("gazette", feed(item(4, tag="Economy"), item(3), item(2, "Stone 2"), item(1, "One", date="")))
    mill.answer(
        "desk", "<rss><channel><item><title>磨坊的夜</title><guid>9</guid></item></channel></rss>".encode("gbk")
    )


def test_every_kept_document_replayed_into_an_empty_store_gives_the_same_feeds_byte_for_byte(
    mill: Mill, tmp_path: Path
) -> None:
    mill.pages = "{articles: true}"
    arrivals(mill)
    before = mill.publish()
    assert {"atom.xml", "news/rss.xml", "world/feed.json", "sources/desk/index.html"} <= before.keys()
    again = mill.without_articles(tmp_path / "other")
    assert again.replay() == (8, 4)
    after = again.publish()
    assert after == before
    again.store.close()


def test_a_replay_of_what_did_not_change_changes_no_byte(mill: Mill) -> None:
    arrivals(mill)
    before = mill.publish()
    assert mill.replay() == (0, 0)
    assert mill.publish() == before


def test_a_text_that_is_decoded_better_now_is_a_revision_and_its_date_stays(light: Mill) -> None:
    light.answer("gazette", feed(item(1, "磨坊", date="")))
    light.stored_by_an_older_version("urn:gazette:1", title="纾ㄥ潑", decoded="gb18030, by frequent characters")
    light.clock.moment = WEDNESDAY
    assert light.replay("gazette") == (0, 1)
    with light.store.read() as db:
        (one,) = articles.stored(db)
    assert (one.title, one.published, one.date_from) == ("磨坊", MONDAY, "first-seen")
    assert one.decoded == "utf-8, by valid UTF-8"
    assert one.updated > MONDAY
    assert light.replay("gazette") == (0, 0)


def test_an_older_document_does_not_bring_back_what_was_revised_since(light: Mill) -> None:
    light.answer("gazette", feed(item(1, "Old")))
    light.of_gazette = "documents: {max_size: 1kB}"
    light.clock.moment = TUESDAY
    light.answer("gazette", feed(item(1, "New", text="long " * 500)))  # which is too large to be kept
    assert len(light.kept()) == 1
    assert light.replay("gazette") == (0, 0)
    assert light.titles() == {"urn:gazette:1": "New"}


def test_what_an_update_reads_otherwise_is_made_anew_of_the_document_it_came_in_again_and_again(light: Mill) -> None:
    light.answer("gazette", feed(item(1, "One"), item(2)))
    for day, fault in ((TUESDAY, "Onr"), (WEDNESDAY, "Ome")):  # two versions with other faults, and raw digests
        light.clock.moment = day
        light.stored_by_an_older_version("urn:gazette:1", made_of=1, title=fault)
        assert light.replay("gazette") == (0, 1)
        with light.store.read() as db:
            (one,) = articles.of_guids(db, "gazette", ["urn:gazette:1"])
        assert (one.title, one.revised_at, one.updated) == ("One", day, max(day, one.updated))


def test_a_replay_mends_markup_without_a_revision_and_forgives_a_store_its_older_fingerprints(light: Mill) -> None:
    light.answer("gazette", feed(item(1, text="&lt;p&gt;The &lt;b&gt;sea&lt;/b&gt;.&lt;/p&gt;"), item(2)))
    light.stored_by_an_older_version("urn:gazette:1", made_of=1, summary_html="<p>The sea.</p>", content_html="")
    light.stored_by_an_older_version("urn:gazette:2", made_of=1)
    with light.store.read() as db:
        before = articles.of_guids(db, "gazette", ["urn:gazette:1"])[0]
    light.publish()
    light.clock.moment = WEDNESDAY
    assert light.replay("gazette") == (0, 0)
    with light.store.read() as db:
        after = articles.of_guids(db, "gazette", ["urn:gazette:1"])[0]
    assert (after.summary_html, after.updated) == ("<p>The <b>sea</b>.</p>", before.updated)
    assert b"&lt;b&gt;sea" in light.publish()["news/atom.xml"]


def test_an_author_that_is_read_better_now_is_a_revision(light: Mill) -> None:
    light.answer("gazette", feed(item(1).replace("<title>", "<author>ann@gazette.example (Ann)</author><title>")))
    light.stored_by_an_older_version("urn:gazette:1", made_of=1, authors=(Person(name="?nn"),))
    assert light.replay("gazette") == (0, 1)
    with light.store.read() as db:
        assert [person.name for one in articles.stored(db) for person in one.authors] == ["Ann"]


def test_an_entry_that_could_not_be_read_comes_in_with_the_time_of_its_document(light: Mill) -> None:
    light.answer("gazette", feed(item(1), item(2, date="")))
    with light.store.begin() as db:  # as if an older version had left it out
        db.execute(delete(tables.articles).where(tables.articles.c.guid == "urn:gazette:2"))
    light.clock.moment = WEDNESDAY
    assert light.replay() == (1, 0)
    with light.store.read() as db:
        found = {one.guid: one.published for one in articles.stored(db)}
    assert found["urn:gazette:2"] == MONDAY


def test_a_withdrawn_article_stands_in_no_kept_document_and_does_not_come_back(mill: Mill) -> None:
    mill.answer("gazette", feed(item(1), item(2)))
    mill.answer("desk", feed(item(7, text="It is told at https://gazette.example/1 as well")))
    mill.clock.moment = TUESDAY
    mill.answer("desk", feed(item(8)))
    mill.answer("gazette", feed(item(1, "Revised"), item(2)))
    pipeline.withdraw(mill.store, mill.settings, "urn:gazette:1", now=TUESDAY)
    with mill.store.read() as db:
        assert db.execute(select(tables.revisions.c.title)).all() == []
        left = [documents.read(db, row) for row, _name in mill.kept()]
    assert [(one.source, b"gazette.example/1" in one.body.content) for one in left] == [("desk", False)]
    mill.clock.moment = WEDNESDAY
    mill.answer("gazette", feed(item(1), item(2), item(3)))  # its source still lists it
    assert "gazette" not in {name for _row, name in mill.kept()}
    mill.answer("gazette", feed(item(2), item(3), item(4)))
    assert "gazette" in {name for _row, name in mill.kept()}
    mill.replay()
    assert "urn:gazette:1" not in mill.titles()


def test_entries_that_came_back_under_new_guids_are_known_to_a_replay_as_well(mill: Mill, tmp_path: Path) -> None:
    old = feed(*(item(n) for n in range(20, 0, -1)))
    mill.answer("gazette", old)
    mill.clock.moment = TUESDAY
    mill.answer("gazette", old.replace(b"urn:gazette:", b"urn:moved:"))
    before = mill.publish()
    assert mill.replay() == (0, 0)
    again = mill.without_articles(tmp_path / "other")
    assert again.replay() == (20, 0)
    assert again.publish() == before
    again.store.close()


@pytest.mark.parametrize(("is_read_daily", "number"), [(True, 20), (False, 0)])
def test_a_replay_holds_a_flood_by_what_was_known_when_its_document_came(
    light: Mill, tmp_path: Path, is_read_daily: bool, number: int
) -> None:
    usual = [item(n, date=f"{n:02} Oct 2026 09:00:00 GMT") for n in range(1, 6)]  # one a day
    light.answer("gazette", feed(*usual))
    for day in range(1, 30):  # nothing new: no document is kept of these
        light.clock.moment = MONDAY + day * 24 * HOUR
        if is_read_daily:
            light.answer("gazette", feed(*usual))
    flood = [item(n, text=f"Old matter {n * 7919}", date="01 Nov 2020 09:00:00 GMT") for n in range(30, 50)]
    light.clock.moment += HOUR
    light.answer("gazette", feed(*usual, *flood))
    before = light.publish()
    again = light.without_articles(tmp_path / "other")
    again.replay()
    with again.store.read() as db:
        assert len(held.held(db)) == number
    assert again.publish() == before
    again.store.close()


def test_a_flood_that_is_held_is_held_in_a_replay_into_an_empty_store_too(light: Mill, tmp_path: Path) -> None:
    light.answer("gazette", feed(item(1), item(2)))
    light.clock.moment = TUESDAY
    flood = [item(n, text=f"Old matter {n * 7919}", date="01 Nov 2020 09:00:00 GMT") for n in range(30, 50)]
    light.answer("gazette", feed(item(1), item(2), *flood))
    before = light.publish()
    again = light.without_articles(tmp_path / "other")
    again.replay()
    with again.store.read() as db:
        assert len(held.held(db)) == 20
    assert again.publish() == before
    again.store.close()


def test_a_dry_run_shows_what_would_change_and_changes_nothing(light: Mill, capsys: pytest.CaptureFixture[str]) -> None:
    light.answer("gazette", feed(item(1, "Morning"), item(2)))
    light.stored_by_an_older_version("urn:gazette:2", title="Stoned 2")
    capsys.readouterr()
    code, out, err = command(light, capsys, "replay", "gazette", "--dry-run")
    assert (code, err) == (0, "1 document, 2 articles: 0 would be new, 1 revised, 0 mended\n")
    assert out.startswith("revised  gazette  urn:gazette:2  Stone 2\n")
    assert "    -title: Stoned 2\n    +title: Stone 2\n" in out
    assert light.titles()["urn:gazette:2"] == "Stoned 2"
    code, out, err = command(light, capsys, "replay", "--all")
    assert (code, out, err) == (0, "", "1 document replayed: 0 new, 1 revised, 0 mended\n")
    assert light.titles()["urn:gazette:2"] == "Stone 2"
    assert b"Stone 2" in (light.folder / "public/news/atom.xml").read_bytes()


def test_a_replay_wants_to_be_told_of_what(light: Mill, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(light, capsys, "replay")[0] == 2
    assert command(light, capsys, "replay", "--all", "desk")[0] == 2
    code, _out, err = command(light, capsys, "replay", "dusk")
    assert (code, "did you mean desk?" in err) == (1, True)


def test_a_site_that_moved_is_as_it_was_after_a_replay(light: Mill) -> None:
    light.answer("gazette", feed(*(item(n) for n in range(1, 6))))
    light.clock.moment = TUESDAY
    moved = (
        item(n).replace(f"urn:gazette:{n}", f"urn:new:{n}").replace("gazette.example", "new.example")
        for n in range(1, 6)
    )
    light.answer("gazette", feed(*moved))
    before = light.publish()
    told = list(pipeline.replay(light.store, light.settings, light.settings.sources, now=WEDNESDAY))
    assert {(one.saved.new, one.saved.revised, one.mended) for one in told} == {(0, 0, 0)}
    assert light.publish() == before
