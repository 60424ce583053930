"""The story that `feedmill why` tells in many situations, each beside the answer expected from it, in tests/why/.

Digests stand as HASH: they move with what else is read of an entry.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from answering import Mill, command, feed, item
from builders import MONDAY, TUESDAY, WEDNESDAY
from feeds import pipeline
from feeds.normalizing import categories as shelving
from feeds.records import Category, Tag
from storage import Store, histories, open_store, tables

ANSWERS = Path(__file__).parent / "why"
ONE = "https://gazette.example/1"


@pytest.fixture
def mill(tmp_path: Path) -> Iterator[Mill]:
    one = Mill(tmp_path, open_store(f"sqlite:///{tmp_path}/mill.db"))
    yield one
    one.store.close()


def plain(mill: Mill) -> str:
    mill.answer("gazette", feed(item(1), item(2)))
    mill.publish()
    return ONE


def not_published_yet(mill: Mill) -> str:
    mill.answer("gazette", feed(item(1)))
    return "urn:gazette:1"


def an_alias_gave_its_category(mill: Mill) -> str:
    mill.extra = "categories: [News, {name: 金融, slug: money, aliases: [Bourse]}]"
    mill.answer("gazette", feed(item(1, tag="bourse"), item(2)))
    mill.publish()
    return ONE


def its_category_has_no_feed(mill: Mill) -> str:
    mill.extra = "categories: [World]"
    mill.answer("gazette", feed(item(1)))
    mill.publish()
    return ONE


def in_no_category(mill: Mill) -> str:
    mill.of_gazette = "categories: []"
    mill.answer("gazette", feed(item(1, tag="Sea")))
    mill.answer("desk", feed(item(7)))
    mill.publish()
    return ONE


def its_tag_is_no_alias(mill: Mill) -> str:
    mill.extra, mill.of_gazette = "categories: [World]", "categories: []"
    mill.answer("gazette", feed(item(1, tag="world")))
    mill.answer("desk", feed(item(7)))
    mill.publish()
    return ONE


def from_a_file(mill: Mill) -> str:
    mill.more = "  - {name: shelf, path: shelf/, categories: [World]}\n"
    (mill.folder / "shelf").mkdir()
    text = "---\ntitle: At the weir\ncategory: Rivers\ndate: 2026-11-01 08:00:00\n---\n\nIt falls.\n"
    (mill.folder / "shelf/weir.md").write_text(text)
    started = pipeline.start_round(mill.store, mill.settings, mill.settings.sources[-1:], clock=mill.clock)
    assert [refresh.new for refresh in started.refreshes] == [1]
    mill.publish()
    with mill.store.read() as db:
        return str(db.execute(select(tables.articles.c.guid)).scalar_one())


def dated_by_its_address(mill: Mill) -> str:
    mill.answer("gazette", feed(item(1, date="").replace(ONE, "https://gazette.example/2026/10/05/weir")))
    mill.publish()
    return "https://gazette.example/2026/10/05/weir"


def dated_by_its_update(mill: Mill) -> str:
    entry = "<entry><id>urn:weir</id><title>Weir</title><updated>2026-10-05T08:00:00Z</updated><content>Falls.</content></entry>"
    mill.answer("gazette", f"<feed xmlns='http://www.w3.org/2005/Atom'><title>G</title>{entry}</feed>".encode())
    mill.publish()
    return "urn:weir"


def dated_by_first_sight(mill: Mill) -> str:
    mill.answer("gazette", feed(item(1, date="01 Nov 2027 09:00:00 GMT")))
    mill.publish()
    return ONE


def a_note_on_its_date(mill: Mill) -> str:
    mill.of_gazette = "categories: [News], dates: -8h"
    mill.answer("gazette", feed(item(1)))
    mill.publish()
    return ONE


def waiting_for_its_date(mill: Mill) -> str:
    mill.of_gazette = "categories: [News], future: hold"
    mill.answer("gazette", feed(item(1, date="09 Nov 2026 09:00:00 GMT")))
    mill.publish()
    return ONE


def its_address_is_its_guid(mill: Mill) -> str:
    mill.answer(
        "gazette", feed("<item><link>https://gazette.example/weir?utm_source=x</link><title>Weir</title></item>")
    )
    mill.publish()
    return "https://gazette.example/weir?utm_source=mail"


def a_hash_is_its_guid(mill: Mill) -> str:
    mill.answer("gazette", feed("<item><title>Weir</title><description>It falls.</description></item>"))
    mill.publish()
    with mill.store.read() as db:
        return str(db.execute(select(tables.articles.c.guid)).scalar_one())


def told_apart(mill: Mill) -> str:
    items = (f"<item><guid>https://gazette.example/</guid><link>{ONE}{n}</link><title>{n}</title></item>" for n in "ab")
    mill.answer("gazette", feed(*items))
    mill.publish()
    return f"{ONE}b"


def decoded_by_its_characters(mill: Mill) -> str:
    text = "水磨在河边转了一百年，没有人知道它是什么时候建的。"
    mill.answer("gazette", feed(item(1, "水磨", text)).decode().encode("gbk"))
    mill.publish()
    return ONE


def decoded_as_http_said_with_bad_bytes(mill: Mill) -> str:
    content = feed(item(1, "Mühle", "Die Mühle dreht sich für uns täglich, früh und spät.")).replace(
        b"dreht", b"dre\xffht"
    )
    mill.answer("gazette", content, charset="utf-8")
    mill.publish()
    return ONE


def revised(mill: Mill) -> str:
    mill.answer("gazette", feed(item(1, "Mill")))
    mill.clock.moment = TUESDAY
    mill.answer("gazette", feed(item(1, "The mill")))
    mill.clock.moment = WEDNESDAY
    mill.answer("gazette", feed(item(1, "The mill, at last")))
    mill.publish()
    return "urn:gazette:1"


def its_document_made_room(mill: Mill) -> str:
    mill.of_gazette = "categories: [News], documents: {keep: 1}"
    mill.answer("gazette", feed(item(1)))
    mill.clock.moment = TUESDAY
    mill.answer("gazette", feed(item(1), item(2)))
    mill.publish()
    return ONE


def its_document_was_too_large(mill: Mill) -> str:
    mill.of_gazette = "categories: [News], documents: {max_size: 1kB}"
    mill.answer("gazette", feed(item(1, text="It turns. " * 200)))
    mill.publish()
    return ONE


def withdrawn(mill: Mill) -> str:
    mill.answer("gazette", feed(item(1), item(2)))
    mill.publish()
    pipeline.withdraw(mill.store, mill.settings, ONE, now=TUESDAY)
    return ONE


def purged(mill: Mill) -> str:
    mill.of_gazette = "categories: [News], keep: 1"
    mill.answer("gazette", feed(item(1), item(2, date="02 Nov 2026 07:00:00 GMT")))
    pipeline.prune(mill.store, mill.settings, now=TUESDAY)
    mill.publish()
    return ONE


def held(mill: Mill) -> str:
    mill.answer("gazette", feed(item(50)))
    mill.clock.moment = TUESDAY
    old = (item(n, date=f"{n:02} Oct 2026 09:00:00 GMT", text=f"Of day {n}. " * n) for n in range(1, 13))
    mill.answer("gazette", feed(item(50), *old))
    mill.publish()
    return ONE


def under_another_guid(mill: Mill) -> str:
    mill.answer("gazette", feed(item(1), item(2)))
    mill.clock.moment = TUESDAY
    mill.answer("gazette", feed(item(1).replace("urn:gazette:1", "urn:new:1"), item(2)))
    mill.publish()
    return "urn:new:1"


def in_a_private_category(mill: Mill) -> str:
    path = "0123456789abcdef0123456789abcdef"
    mill.extra = f"categories: [News, World, {{name: Board, private: {{path: {path}}}}}]"
    mill.of_gazette = "categories: [News, Board]"
    mill.answer("gazette", feed(item(1)))
    mill.publish()
    return ONE


def in_an_archive(mill: Mill) -> str:
    mill.extra = "categories: [{name: News, limit: 4}]"
    mill.answer("gazette", feed(*(item(n, date=f"01 Nov 2026 09:{n:02}:00 GMT") for n in range(1, 8))))
    mill.publish()
    return ONE


def older_than_what_its_feed_holds(mill: Mill) -> str:
    mill.extra = "categories: [{name: News, limit: 4}]"
    mill.answer("gazette", feed(*(item(n, date=f"01 Nov 2026 09:{n:02}:00 GMT") for n in range(1, 8))))
    return ONE


def its_source_left_the_config(mill: Mill) -> str:
    mill.answer("gazette", feed(item(1)))
    mill.publish()
    mill.without_gazette = True
    mill.publish()
    return ONE


def at_two_sources(mill: Mill) -> str:
    mill.answer("gazette", feed(item(1)))
    mill.answer("desk", feed(item(1).replace("urn:gazette:1", "urn:desk:1")))
    mill.publish()
    return ONE


def with_a_secret(mill: Mill) -> str:
    mill.answer("gazette", feed(item(1, "Weir").replace("urn:gazette:1", "urn:sesame-open:1")))
    mill.publish()
    return ONE


def unknown(mill: Mill) -> str:
    plain(mill)
    return "https://gazette.example/nowhere"


SITUATIONS: dict[str, Callable[[Mill], str]] = {
    tell.__name__: tell
    for tell in (
        plain, not_published_yet, an_alias_gave_its_category, its_category_has_no_feed, in_no_category,
        its_tag_is_no_alias, from_a_file,
        dated_by_its_address, dated_by_its_update, dated_by_first_sight, a_note_on_its_date, its_address_is_its_guid,
        a_hash_is_its_guid, told_apart, decoded_by_its_characters, decoded_as_http_said_with_bad_bytes, revised,
        its_document_made_room, its_document_was_too_large, withdrawn, purged, held, waiting_for_its_date,
        under_another_guid, in_a_private_category, in_an_archive, older_than_what_its_feed_holds,
        its_source_left_the_config, at_two_sources, with_a_secret, unknown,
    )
}  # fmt: skip


def answered(mill: Mill, situation: str, capsys: pytest.CaptureFixture[str], *options: str) -> str:
    word = SITUATIONS[situation](mill)
    code, out, err = command(mill, capsys, "why", word, *options)
    said = f"{out}{err}" + (f"[exit code {code}]\n" if code else "")
    return re.sub(r"\b[0-9a-f]{64}\b", "HASH", said).replace(str(mill.folder), "FOLDER")


@pytest.mark.parametrize("situation", SITUATIONS)
def test_why_gives_the_answer_expected_from_it(mill: Mill, situation: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert answered(mill, situation, capsys) == (ANSWERS / f"{situation}.txt").read_text(encoding="utf-8")


def test_every_answer_belongs_to_a_situation() -> None:
    assert {path.stem for path in ANSWERS.iterdir()} == SITUATIONS.keys()


def test_no_answer_tells_a_secret(mill: Mill, capsys: pytest.CaptureFixture[str]) -> None:
    for options in ((), ("--json",)):
        assert "sesame" not in answered(mill, "with_a_secret", capsys, *options)


def test_as_json_it_says_the_same_in_one_object_an_article(mill: Mill, capsys: pytest.CaptureFixture[str]) -> None:
    lines = answered(mill, "at_two_sources", capsys, "--json").splitlines()
    first, second = (json.loads(line) for line in lines)
    assert (first["source"], second["source"]) == ("gazette", "desk")
    assert first["location"] == "https://gazette.example/feed?key=***"
    assert (first["published"], first["date_from"]) == ("2026-11-01T09:00:00Z", "published")
    assert first["categories"] == [{"name": "News", "reason": "its source's categories"}]
    assert {each["feed"]: each["shown"] for each in first["feeds"]} == {"": True, "News": True, "World": False}
    assert {each["feed"]: each["shown"] for each in second["feeds"]} == {"": False, "News": False, "World": True}
    assert first["copies"] == ["urn:desk:1 of desk, in everything: one address"]


def test_both_databases_know_the_same_of_an_article(tmp_path: Path, store: Store) -> None:
    mill = Mill(tmp_path, store)
    in_an_archive(mill)
    mill.clock.moment = MONDAY + timedelta(hours=1)
    mill.answer("gazette", feed(item(1, "Revised")))
    with store.read() as db:
        (one,) = histories.named(db, ["urn:gazette:1"])
    assert (one.revisions, one.revised_at, one.document_at) == (1, mill.clock.moment, mill.clock.moment)
    assert [(place.archive, place.newer, place.is_written) for place in one.places if place.key == "News"] == [
        (None, 4, False)
    ]
    pipeline.withdraw(store, mill.settings, "urn:gazette:1", now=TUESDAY)
    with store.read() as db:
        assert histories.named(db, ["urn:gazette:1"]) == ()
        (gone,) = histories.gone(db, ["urn:gazette:1", ONE])
    assert (gone.reason, gone.categories) == ("withdrawn", ("News",))


@pytest.mark.parametrize("own", [(), ("Rivers", "news"), ("  ", "Bourse")])
@pytest.mark.parametrize("tags", [(), ("Bourse", "Sea"), ("NEWS", "bourse")])
def test_the_reasons_name_the_categories_that_are_assigned(own: tuple[str, ...], tags: tuple[str, ...]) -> None:
    labels = shelving.by_label((Category(name="News"), Category(name="Money", aliases=("Bourse",))))
    of_article = (("News", "World"), own, tuple(Tag(term=tag) for tag in tags), labels)
    assert tuple(name for name, _reason in shelving.reasons(*of_article)) == shelving.assign(*of_article)


@pytest.mark.parametrize("word", ["http://gazette.example/1", f"{ONE}#comments", f" {ONE}?utm_source=mail "])
@pytest.mark.parametrize("name", ["why", "diff"])
def test_an_address_may_be_spelled_otherwise(
    mill: Mill, name: str, word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    plain(mill)
    code, out, err = command(mill, capsys, name, word)
    assert (code, "gazette" in out + err) == (0, True)
