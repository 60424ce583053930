"""Which documents are kept, for how long, and what none of them holds."""

from __future__ import annotations

import pytest

from answering import HOUR, Mill, feed, item
from builders import MONDAY, TUESDAY, WEDNESDAY
from feeds import pipeline
from feeds.records import Body
from storage import documents


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
