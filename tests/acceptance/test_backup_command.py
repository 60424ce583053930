"""`feedmill backup`: a copy of the store, while feedmill is at work."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing

from command import Feedmill


def articles(feedmill: Feedmill, count: int) -> None:
    (feedmill.folder / "desk").mkdir(exist_ok=True)
    for number in range(count):
        text = f"---\ntitle: Written {number}\ndate: 2026-11-02 08:00:00\ncategories: [News]\n---\n\n<p>{'Text. ' * 100}</p>\n"
        (feedmill.folder / "desk" / f"{number}.md").write_text(text)


def test_a_backup_is_made_and_put_back(feedmill: Feedmill):
    feedmill.config("sources: [{name: desk, path: desk}]")
    articles(feedmill, 3)
    assert feedmill("fetch").code == 0
    made = feedmill("backup", "copy.db")
    assert (made.code, made.stdout) == (0, "")
    assert made.stderr.startswith("copy.db: the store as it is now, 0.")
    for leftover in feedmill.folder.glob("feedmill.db*"):
        leftover.unlink()
    shutil.rmtree(feedmill.public)
    (feedmill.folder / "copy.db").rename(feedmill.database)
    assert feedmill("publish").code == 0
    assert {entry.title for entry in feedmill.feed("news").entries} == {"Written 0", "Written 1", "Written 2"}
    again = feedmill("fetch", "--force", "--json")
    assert [one["new"] for one in again.objects] == [0]


def test_a_quiet_backup_says_nothing_and_goes_over_the_last_one(feedmill: Feedmill):
    feedmill.config("sources: [{name: desk, path: desk}]")
    articles(feedmill, 1)
    feedmill("fetch")
    for _night in range(2):
        assert feedmill("-q", "backup", "copy.db").said == ""
    with closing(sqlite3.connect(feedmill.folder / "copy.db")) as db:
        assert db.execute("SELECT count(*) FROM articles").fetchone() == (1,)


def test_a_backup_made_while_a_round_is_stored_is_whole(feedmill: Feedmill):
    feedmill.config("sources: [{name: desk, path: desk}]")
    feedmill("fetch")
    articles(feedmill, 400)
    at_work = feedmill.start("fetch", "--force")
    copies = 0
    while at_work.poll() is None or not copies:
        assert feedmill("backup", f"{copies}.db").code == 0
        with closing(sqlite3.connect(feedmill.folder / f"{copies}.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        copies += 1
    assert feedmill.end_of(at_work).code == 0


def test_a_place_where_no_backup_can_be_is_told_in_one_line(feedmill: Feedmill):
    feedmill.config("sources: [{name: desk, path: desk}]")
    articles(feedmill, 1)
    feedmill("fetch")
    for place, words in (("feedmill.db", "is the database itself"), ("public", "is a folder"), ("a/b", "create it")):
        refused = feedmill("backup", place)
        assert (refused.code, refused.stdout) == (1, "")
        assert words in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
    assert feedmill("backup").code == 2


def test_cron_users_have_retention_too(feedmill: Feedmill):
    feedmill.config("categories: [{name: News, keep: 2}]\nsources: [{name: desk, path: desk}]")
    articles(feedmill, 5)
    assert feedmill("fetch", "--json").objects[0]["new"] == 5
    assert len(feedmill.feed("news").entries) == len(feedmill("articles", "--json").objects) == 2
    articles(feedmill, 6)
    (feedmill.folder / "desk" / "0.md").write_text((feedmill.folder / "desk" / "0.md").read_text() + "More.\n")
    feedmill("fetch", "--force", "--strict")
    assert len(feedmill("articles", "--json").objects) == 2
