"""Kept documents, replayed: without a request, and as if time had stood still."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, select

from answering import HOUR, Mill, command, feed, item
from builders import MONDAY, TUESDAY, WEDNESDAY
from feeds import pipeline
from feeds.records import Body, Person
from storage import Store, articles, documents, held, open_store, revisions, tables


@pytest.fixture
def mill(tmp_path: Path, store: Store) -> Mill:
    return Mill(tmp_path, store)


@pytest.fixture
def light(tmp_path: Path) -> Iterator[Mill]:
    """On SQLite alone, where the database does not matter; in a file that the command finds."""
    one = Mill(tmp_path, open_store(f"sqlite:///{tmp_path}/mill.db"))
    yield one
    one.store.close()


def test_the_latest_documents_of_a_source_are_kept_as_they_came(mill: Mill) -> None:
    mill.fetch = "{documents: {keep: 2}}"
    sent = [feed(*(item(n) for n in range(count, 0, -1))) for count in (1, 2, 3)]
    for place, content in enumerate(sent):
        mill.clock.moment = MONDAY + place * HOUR
        mill.answer("gazette", content, charset="utf-8")
    rows = mill.kept()
    with mill.store.read() as db:
        found = [documents.read(db, row) for row, _name in rows]
    assert [(one.body.content, one.body.charset, one.fetched_at) for one in found] == [
        (sent[1], "utf-8", MONDAY + HOUR), (sent[2], "utf-8", MONDAY + 2 * HOUR),
    ]  # fmt: skip


def test_the_same_answer_again_is_not_kept_twice(mill: Mill) -> None:
    mill.answer("gazette", feed(item(1)))
    mill.clock.moment = TUESDAY
    assert mill.answer("gazette", feed(item(1))).status == "unchanged"
    assert len(mill.kept()) == 1


def test_documents_that_bring_nothing_but_another_stamp_take_no_room(mill: Mill) -> None:
    for hour in range(4):
        mill.clock.moment = MONDAY + hour * HOUR
        stamp = f"<title>Gazette</title><lastBuildDate>{hour}</lastBuildDate>".encode()
        sent = feed(item(1), *([item(2)] if hour == 2 else []))
        assert mill.answer("gazette", sent.replace(b"<title>Gazette</title>", stamp)).status == "fetched"
    with mill.store.begin() as db:
        assert [documents.read(db, row).fetched_at for row, _name in documents.rows(db, ["gazette"])] == [
            MONDAY, MONDAY + 2 * HOUR,
        ]  # fmt: skip
        documents.forget(db, (), [row for row, _name in documents.rows(db, ["gazette"])])
    mill.answer("gazette", feed(item(1)))  # as after an update to a version that keeps them
    assert len(mill.kept()) == 1


def test_nothing_is_kept_where_that_is_wanted_nor_what_is_too_large(light: Mill) -> None:
    light.of_gazette = "documents: {max_size: 1kB}"
    light.answer("gazette", feed(item(1)))
    light.answer("gazette", feed(item(1), item(2, text="long " * 500)))
    assert len(light.kept()) == 1
    light.of_gazette = "documents: {keep: 0}"
    light.answer("gazette", feed(item(1), item(3)))
    assert len(light.kept()) == 1


def test_what_is_kept_no_more_goes_with_the_next_round_also_of_a_source_without_news(mill: Mill) -> None:
    for number in range(4):
        mill.clock.moment = MONDAY + number * HOUR
        mill.answer("gazette", feed(item(number)))
        mill.answer("desk", feed(item(number)))
    mill.of_gazette = "documents: {keep: 0}"
    mill.fetch = "{documents: {keep: 2}}"
    pipeline.prune(mill.store, mill.settings, now=TUESDAY)
    assert mill.kept() == [(6, "desk"), (8, "desk")]


def test_a_source_says_one_thing_of_its_documents_and_fetch_says_the_other(light: Mill) -> None:
    light.fetch = "{documents: {keep: 7, max_size: 5kB}}"
    light.of_gazette = "documents: {max_size: 1MB}"
    told = {source.name: (source.documents.keep, source.documents.max_size) for source in light.settings.sources}
    assert told == {"gazette": (7, 1_000_000), "desk": (7, 5_000)}
    light.fetch, light.of_gazette = "{}", "documents: {keep: 0}"
    told = {source.name: (source.documents.keep, source.documents.max_size) for source in light.settings.sources}
    assert told == {"gazette": (0, 2_000_000), "desk": (3, 2_000_000)}


def test_what_cannot_be_read_is_not_kept(light: Mill) -> None:
    assert light.answer("gazette", b"<html><body>Log in</body></html>").status == "failed"
    assert light.kept() == []


def test_a_kept_document_holds_no_secret_of_its_source(light: Mill) -> None:
    light.answer("gazette", feed(item(1, text="see https://gazette.example/feed?key=sesame-open")))
    ((row, _name),) = light.kept()
    with light.store.read() as db:
        kept = documents.read(db, row)
    assert b"sesame-open" not in kept.body.content
    assert b"***" in kept.body.content


def test_nor_where_it_writes_utf_16(light: Mill) -> None:
    content = feed(item(1, text="see https://gazette.example/feed?key=sesame-open")).decode()
    light.answer("gazette", f'<?xml version="1.0" encoding="utf-16"?>{content}'.encode("utf-16"))
    ((row, _name),) = light.kept()
    with light.store.read() as db:
        kept = documents.read(db, row)
    assert "sesame-open" not in kept.body.content.decode("utf-16")
    assert light.replay() == (0, 0)


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


def test_a_document_on_its_way_while_its_article_is_withdrawn_is_not_kept(mill: Mill) -> None:
    mill.answer("gazette", feed(item(1), item(2)))
    source = mill.settings.sources[0]
    packed = documents.pack(
        source, Body(content=feed(item(1))), documents.Before(allowance=10), fetched_at=MONDAY + HOUR
    )
    pipeline.withdraw(mill.store, mill.settings, "urn:gazette:1", now=TUESDAY)
    with mill.store.begin() as db:
        assert packed is not None
        assert documents.keep(db, [(source, packed)]) == {}
        later = documents.pack(
            source, Body(content=feed(item(2))), documents.Before(allowance=10), fetched_at=WEDNESDAY
        )
        assert later is not None
        assert documents.keep(db, [(source, later)]).keys() == {source.name}


@pytest.mark.parametrize(
    ("text", "encoding"),
    [("水磨坊的夜晚很长", "gb18030"), ("水磨坊的夜晚很长", "utf-16-le"), ("Mühle & Söhne am Wehr", "cp1252")],
)
def test_documents_of_others_that_name_a_withdrawn_article_go_however_they_are_encoded(
    light: Mill, text: str, encoding: str
) -> None:
    light.answer("gazette", feed(item(1, text.replace("&", "&amp;"))))
    desk = light.settings.sources[1]
    with light.store.begin() as db:
        for place, told in enumerate((text.replace("&", "&amp;"), "Something else")):
            body = Body(content=f"<title>{told}</title>".encode(encoding))
            packed = documents.pack(desk, body, documents.Before(allowance=10), fetched_at=MONDAY + place * HOUR)
            assert packed is not None
            documents.keep(db, [(desk, packed)])
    light.clock.moment = TUESDAY
    pipeline.withdraw(light.store, light.settings, "urn:gazette:1", now=TUESDAY)
    assert light.kept() == [(3, "desk")]


def test_the_number_of_a_document_is_not_given_again(mill: Mill) -> None:
    mill.answer("gazette", feed(item(1)))
    with mill.store.begin() as db:
        documents.forget(db, (), [row for row, _name in documents.rows(db, ["gazette"])])
    mill.clock.moment = TUESDAY
    mill.answer("gazette", feed(item(1), item(2)))
    assert mill.kept() == [(2, "gazette")]


def test_a_document_with_a_copy_of_a_withdrawn_article_is_not_kept(light: Mill) -> None:
    light.answer("gazette", feed(item(1), item(2)))
    pipeline.withdraw(light.store, light.settings, "urn:gazette:1", now=TUESDAY)
    light.clock.moment = WEDNESDAY
    light.answer("gazette", feed(item(1).replace("urn:gazette:1", "urn:moved:1"), item(2)))
    assert light.kept() == []


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


def test_revisions_of_an_article_are_kept_the_latest_five(mill: Mill) -> None:
    for number in range(8):
        mill.clock.moment = MONDAY + number * HOUR
        mill.answer("gazette", feed(item(1, f"Title {number}"), item(2)))
    with mill.store.read() as db:
        one, other = revisions.versions(db, articles.named(db, "urn:gazette:1") + articles.named(db, "urn:gazette:2"))
    assert [said.title for said in one.said] == [f"Title {number}" for number in range(7, 1, -1)]
    assert [said.until for said in one.said] == [None, *(MONDAY + number * HOUR for number in range(7, 2, -1))]
    assert len(other.said) == 1


def test_what_no_reader_would_notice_leaves_no_revision(mill: Mill) -> None:
    for text in (
        '&lt;p class="a" id="b"&gt;The sea.&lt;/p&gt;&lt;p&gt;12 comments&lt;/p&gt;',
        '&lt;p id="b" class="a"&gt;The sea.&lt;/p&gt;&lt;p&gt;13 comments&lt;/p&gt;',
    ):
        mill.answer("gazette", feed(item(1, text=text)))
    with mill.store.read() as db:
        (one,) = revisions.versions(db, articles.named(db, "urn:gazette:1"))
    assert len(one.said) == 1


def test_a_category_with_notices_says_when_an_article_was_revised_and_others_do_not(light: Mill) -> None:
    light.extra = "categories: [{name: News, notices: true}, World]"
    light.of_gazette = "categories: [News, World]"
    light.answer("gazette", feed(item(1, "Mill"), item(2)))
    before = light.publish()
    assert not [path for path, content in before.items() if b"Revised" in content]
    light.clock.moment = TUESDAY
    light.answer("gazette", feed(item(1, "The mill"), item(2)))
    after = light.publish()
    assert {path for path, content in after.items() if b"Revised 2026-11-03 08:00 UTC" in content} == {
        "news/atom.xml", "news/rss.xml", "news/feed.json",
    }  # fmt: skip
    assert after["news/atom.xml"].count(b"Revised") == 1
    light.extra = "categories: [News, World]"
    assert b"Revised" not in light.publish()["news/atom.xml"]


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


def test_diff_shows_the_words_that_a_revision_changed(light: Mill, capsys: pytest.CaptureFixture[str]) -> None:
    for place, (title, text) in enumerate(
        (("Prices", "Flour costs 2 euros.&lt;p&gt;水磨在河边转。"), ("Prices", "Flour costs 3 euros.&lt;p&gt;水磨在溪边转。"),
         ("Prices of flour", "Flour costs 3 euros.&lt;p&gt;水磨在溪边转。"))
    ):  # fmt: skip
        light.clock.moment = MONDAY + place * HOUR
        light.answer("gazette", feed(item(1, title, text)))
    code, out, _err = command(light, capsys, "diff", "https://gazette.example/1")
    assert (code, out) == (
        0,
        """\
gazette  https://gazette.example/1  revised 2026-11-02T10:00:00Z
  title: Prices{+ of flour+}
  address: https://gazette.example/1
…
""".replace("…", "  …"),
    )
    code, out, _err = command(light, capsys, "diff", "urn:gazette:1", "--all")
    assert out.count("revised") == 2
    assert "  Flour costs [-2-]{+3+} euros.\n  水磨在[-河-]{+溪+}边转。\n" in out
    code, out, _err = command(light, capsys, "diff", "urn:gazette:1", "--json")
    assert '"changes":[["same","title: Prices"],["in"," of flour"]' in out


def test_diff_finds_an_article_by_any_name_and_shows_a_picture_that_changed(
    light: Mill, capsys: pytest.CaptureFixture[str]
) -> None:
    for place, picture in enumerate(("mill", "weir")):
        light.clock.moment = MONDAY + place * HOUR
        text = f'The river.&lt;img src="https://gazette.example/{picture}.jpg"&gt;'
        light.answer("gazette", feed(item(1, text=text)))
    _code, out, _err = command(light, capsys, "diff", "https://gazette.example/1?utm_source=mail")
    assert "  picture: https://gazette.example/[-mill-]{+weir+}.jpg\n" in out


def test_diff_says_so_where_nothing_was_revised_or_known(light: Mill, capsys: pytest.CaptureFixture[str]) -> None:
    light.answer("gazette", feed(item(1)))
    code, out, err = command(light, capsys, "diff", "urn:gazette:1")
    assert (code, out, err) == (0, "", "gazette: Stone 1: no revision is kept\n")
    code, _out, err = command(light, capsys, "diff", "urn:nobody")
    assert (code, "feedmill articles" in err) == (1, True)


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
