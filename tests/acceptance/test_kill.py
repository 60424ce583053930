"""`kill -9` at any moment: nothing is lost, nothing comes twice, no published file is ever half a file."""

from __future__ import annotations

import random
import sqlite3
import subprocess
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from command import Feedmill
from webserver import Origin

RUNS = 50
GROWTH = 4  # new articles in the folder before each run
ATOM = "{http://www.w3.org/2005/Atom}"


class World:
    """What the sources offer. It grows before each run, so that every run has something to store and to publish."""

    def __init__(self, folder: Path, origin: Origin) -> None:
        self.folder = folder
        self.origin = origin
        self.articles: set[tuple[str, str]] = set()  # source and title
        self.size = 0
        folder.mkdir()

    def grow(self) -> None:
        for number in range(self.size, self.size + GROWTH):
            title = f"Written {number}"
            text = f"---\ntitle: {title}\ndate: 2026-11-02 08:00:00\nlang: en\ncategories: [Shelf {number % 5}]\n---\n\n<p>{'Text. ' * 200}</p>\n"
            (self.folder / f"{number}.md").write_text(text)
            self.articles.add(("folder", title))
        for name in ("web", "net"):
            titles = [f"{name} {number}" for number in range(0, self.size + GROWTH, 2)]
            items = "".join(f"<item><guid>https://{name}.example/{n}</guid><title>{n}</title></item>" for n in titles)
            self.origin.serve(
                f"/{name}.xml",
                f"<rss version='2.0'><channel><title>{name}</title>{items}</channel></rss>",
                etag=f'"{len(titles)}"',
            )
            self.articles.update((name, title) for title in titles)
        self.size += GROWTH


@pytest.mark.timeout(280)
def test_after_fifty_runs_killed_at_any_moment_and_one_clean_run_everything_is_there_once_and_whole(
    feedmill: Feedmill, origin: Origin
) -> None:
    world = World(feedmill.folder / "articles", origin)
    feedmill.config(
        "categories: [{name: News, limit: 1000}, "
        + ", ".join(f"{{name: Shelf {number}, limit: 1000}}" for number in range(5))
        + "]\nsources:\n"
        "  - {name: folder, path: articles}\n"
        f"  - {{name: web, url: '{origin.url('/web.xml')}', categories: [News]}}\n"
        f"  - {{name: net, url: '{origin.url('/net.xml')}', categories: [News]}}\n"
    )
    run, work = _durations(feedmill, world)
    chance = random.Random(4287)
    # Half of them spread over a whole run; half over its work, from its first write on: most of a run is Python
    # starting up. Both a little beyond the end, for the machine may be slower now.
    moments = [(number % 2, 1.2 * (number + chance.random()) / RUNS) for number in range(RUNS)]
    chance.shuffle(moments)

    ends = [
        _end_of_a_run_killed(feedmill, world, at_work=bool(at_work), after=share * (work if at_work else run))
        for at_work, share in moments
    ]

    assert ends.count("amid its work") > RUNS / 5, ends  # or the test proves nothing
    world.grow()
    assert feedmill("fetch", "--force", "--strict").code == 0
    _assert_all_is_there_once(feedmill, world)
    published = feedmill.published()
    assert feedmill("fetch", "--force").code == 0
    assert feedmill.published() == published


@pytest.mark.parametrize("moment", range(6))
def test_a_first_run_killed_while_it_makes_its_database_leaves_no_harm(
    feedmill: Feedmill, origin: Origin, moment: int
) -> None:
    World(feedmill.folder / "articles", origin).grow()
    feedmill.config("sources: [{name: folder, path: articles}]")
    process = feedmill.start("fetch")
    while process.poll() is None and not feedmill.database.exists():
        time.sleep(0.001)
    time.sleep(moment / 20)
    process.kill()
    feedmill.end_of(process)

    assert feedmill("fetch").code == 0
    assert len(feedmill.feed().entries) == GROWTH


def _durations(feedmill: Feedmill, world: World) -> tuple[float, float]:
    """Of a whole run, and of the part of it that follows its first write."""
    durations = []
    for _ in range(3):  # the first makes the database, which takes longer
        world.grow()
        began_at = time.monotonic()
        process = feedmill.start("fetch", "--force")
        _wait_for_a_write(feedmill, process)
        wrote_at = time.monotonic()
        assert feedmill.end_of(process).code == 0
        durations.append((time.monotonic() - began_at, time.monotonic() - wrote_at))
    return min(run for run, _ in durations), min(work for _, work in durations)


def _end_of_a_run_killed(feedmill: Feedmill, world: World, *, at_work: bool, after: float) -> str:
    world.grow()
    process = feedmill.start("fetch", "--force")
    if at_work:
        _wait_for_a_write(feedmill, process)
    time.sleep(after)
    process.kill()
    result = feedmill.end_of(process)
    for path in feedmill.public.rglob("atom.xml"):
        ElementTree.fromstring(path.read_bytes())  # whole at every moment
    return "after its end" if result.code == 0 else "amid its work" if at_work else "anywhere"


def _wait_for_a_write(feedmill: Feedmill, process: subprocess.Popen[str]) -> None:
    log = feedmill.folder / "feedmill.db-wal"  # where SQLite writes first
    before = _written_at(log)
    while process.poll() is None and _written_at(log) == before:
        time.sleep(0.001)


def _written_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0


def _assert_all_is_there_once(feedmill: Feedmill, world: World) -> None:
    stored = [(article["source"], article["title"]) for article in feedmill("articles", "--json").objects]
    assert len(stored) == len(set(stored))
    assert set(stored) == world.articles

    shelves = {each["slug"]: each["articles"] for each in feedmill("categories", "--json").objects}
    assert sum(shelves.values()) == len(stored)
    for slug, number in shelves.items():
        entries = ElementTree.parse(feedmill.public / slug / "atom.xml").getroot().findall(f"{ATOM}entry")
        ids = [entry.findtext(f"{ATOM}id") for entry in entries]
        assert len(ids) == len(set(ids)) == number
    ids = [
        entry.findtext(f"{ATOM}id")
        for entry in ElementTree.parse(feedmill.public / "atom.xml").getroot().findall(f"{ATOM}entry")
    ]
    assert len(ids) == len(set(ids)) <= 100

    leftovers = [path.name for path in feedmill.public.rglob("*") if path.is_file() and path.name[0] == "."]
    assert leftovers == [".feedmill.lock"]
    with sqlite3.connect(feedmill.database) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        assert db.execute("SELECT count(*) FROM sources WHERE claimed_by IS NOT NULL").fetchone() == (0,)
    db.close()
