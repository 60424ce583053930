"""Entries that are dated ahead, as `future` has it: held until their date comes, or dropped."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import timedelta

import pytest

from clocks import Clock
from commanding import run as feedmill
from feeds import pipeline
from feeds.daemon.freshness import fresh_until
from feeds.errors import NotFoundError
from feeds.records import replace
from moving import START, Gazette, item, words
from scheduler import Daemon
from storage import held, sources

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def holding(gazette: Gazette, policy: str = "hold") -> Gazette:
    gazette.text = gazette.text.replace("categories: [News]", f"categories: [News], future: {policy}")
    return gazette


def let_out(gazette: Gazette, *, after: timedelta) -> int:
    gazette.now += after
    count = pipeline.let_out(gazette.store, gazette.settings, now=gazette.now)
    pipeline.publish(gazette.store, gazette.settings)
    return count


SOON = item(1, date=START + 5 * HOUR)
OLD = item(2, date=START - DAY)


def test_what_lies_ahead_waits_and_comes_out_by_itself_at_its_own_date(gazette: Gazette):
    refresh = holding(gazette).sends([SOON, OLD])
    assert (refresh.new, refresh.problem, gazette.titles()) == (1, "", [OLD.title])
    before = gazette.published
    assert (let_out(gazette, after=2 * HOUR), gazette.published) == (0, before)
    with gazette.store.read() as db:
        assert (held.next_at(db), held.numbers(db)) == (SOON.date, {})
    assert let_out(gazette, after=2 * HOUR + MINUTE) == 1
    one = gazette.stored["old-1"]
    assert (gazette.titles(), one.published, one.updated) == ([SOON.title, OLD.title], SOON.date, SOON.date)
    assert (one.date_note, one.held_at) == ("it was seen on 2026-11-02T09:00:00Z, before its date", None)
    before = gazette.published
    assert (let_out(gazette, after=HOUR), gazette.published) == (0, before)
    assert (gazette.sends([SOON, OLD]).new, gazette.published) == (0, before)


def test_what_waits_follows_the_date_that_its_source_gives_it(gazette: Gazette):
    holding(gazette).sends([SOON, OLD])
    revised = replace(SOON, text=f"{SOON.text}<p>More.</p>", date=START + 8 * HOUR)
    assert gazette.sends([revised, OLD]).revised == 0
    assert let_out(gazette, after=4 * HOUR) == 0
    assert let_out(gazette, after=2 * HOUR) == 1
    assert gazette.stored["old-1"].published == gazette.stored["old-1"].updated == revised.date


def test_what_waits_comes_out_when_its_source_finds_the_date_wrong(one_gazette: Gazette):
    holding(one_gazette).sends([replace(SOON, date=START + 365 * DAY), OLD])
    one_gazette.sends([replace(SOON, date=START), OLD])
    assert let_out(one_gazette, after=MINUTE) == 1
    assert one_gazette.titles() == [SOON.title, OLD.title]


def test_what_waits_can_be_released_and_dropped(gazette: Gazette):
    later = replace(item(3), date=START + 30 * DAY)
    holding(gazette).sends([later, SOON, OLD])
    with gazette.store.read() as db:
        assert [(one.title, one.is_waiting) for one in held.held(db)] == [(later.title, True), (SOON.title, True)]
    # Of a source only what a person is to decide on: said twice, it must not mean something else.
    with pytest.raises(NotFoundError, match="by its address or id"):
        pipeline.drop(gazette.store, ["gazette"], now=gazette.now)
    assert pipeline.release(gazette.store, gazette.settings, ["old-1"]) == 1
    one = gazette.stored["old-1"]
    assert (one.published, one.updated, one.date_from) == (START + HOUR, START + HOUR, "first-seen")
    assert pipeline.drop(gazette.store, ["old-3"], now=gazette.now) == 1
    assert let_out(gazette, after=40 * DAY) == 0
    assert gazette.sends([later, SOON, OLD]).new == 0


def test_what_is_to_be_dropped_comes_with_a_document_that_lists_it_after_its_date(gazette: Gazette):
    holding(gazette, "drop")
    assert gazette.sends([SOON, OLD]).new == 1
    assert gazette.sends([SOON, OLD, item(3)]).new == 1
    assert set(gazette.stored) == {"old-2", "old-3"}
    gazette.now += 5 * HOUR
    assert gazette.sends([SOON, OLD, item(3), item(4)]).new == 2
    assert gazette.stored["old-1"].published == SOON.date


def test_an_article_that_is_stored_is_not_dropped_when_its_date_moves_ahead(one_gazette: Gazette):
    holding(one_gazette, "drop").sends([OLD])
    revised = replace(OLD, date=START + 30 * DAY, text=f"{OLD.text}<p>More.</p>")
    assert one_gazette.sends([revised]).revised == 1
    assert one_gazette.stored["old-2"].published == OLD.date


def test_held_tells_what_waits_for_its_date_from_what_waits_for_a_person(
    one_gazette: Gazette, capsys: pytest.CaptureFixture[str]
):
    holding(one_gazette).sends([SOON, OLD])
    assert feedmill(["--config", str(one_gazette.folder / "config.yaml"), "held"]) == 0
    assert "its date" in capsys.readouterr().out
    assert feedmill(["--config", str(one_gazette.folder / "config.yaml"), "held", "--json"]) == 0
    assert "before its date" in json.loads(capsys.readouterr().out)["date_note"]


def test_a_round_lets_out_what_waited_though_no_source_is_asked(one_gazette: Gazette):
    holding(one_gazette).sends([replace(SOON, date=START + 2 * HOUR), OLD])  # which is past by the machine's clock
    one_gazette.text = one_gazette.text.replace("https://old.example/feed", "http://127.0.0.1:9/feed")
    assert one_gazette.titles() == [OLD.title]
    with one_gazette.store.begin() as db:
        (state,) = sources.states(db).values()
        sources.record_all(db, [replace(state, standing="parked")])
    command = [
        sys.executable,
        "-c",
        "import sys; from feeds.cli import run; sys.exit(run(sys.argv[1:]))",
        "--config",
        str(one_gazette.folder / "config.yaml"),
        "fetch",
    ]
    subprocess.run(command, check=False, timeout=60, capture_output=True)
    assert one_gazette.titles() == [SOON.title, OLD.title]


def test_the_daemon_lets_out_what_waited_and_promises_no_cache_more_time_than_that(one_gazette: Gazette):
    one_gazette.text = "pages: false\nfetch: {future: hold}\nsources: [{name: desk, path: desk}]\n"
    (one_gazette.folder / "desk").mkdir()
    for number, day in ((1, "2026-11-01"), (2, "2026-11-05")):
        text = f"---\ntitle: No. {number}\ndate: {day} 08:00:00\n---\n\n{words(number)}\n"
        (one_gazette.folder / "desk" / f"{number}.md").write_text(text)
    one_gazette.fetches()
    clock = Clock(moment=START + 3 * DAY - MINUTE)
    daemon = Daemon(one_gazette.store, one_gazette.settings, clock=clock)
    daemon.work.refresh()
    daemon.work.publish()
    assert one_gazette.titles() == ["No. 1"]
    opens = fresh_until(one_gazette.store, (), now=clock.now(), tick=DAY)
    assert opens == START + 3 * DAY
    clock.pass_time(60)
    daemon.work.publish()
    assert one_gazette.titles() == ["No. 2", "No. 1"]
    daemon.work.stream.stop()
