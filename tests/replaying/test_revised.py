"""What an article said before: kept, told in feeds that want it, and shown by `diff`."""

from __future__ import annotations

import pytest

from answering import HOUR, Mill, command, feed, item
from builders import MONDAY, TUESDAY
from storage import articles, revisions


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
