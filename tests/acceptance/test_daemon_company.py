"""A daemon is not alone: any number of commands work on the same store, and none is in another's way.

As long as `$FEEDMILL_LONG` says, in seconds; a good part of a minute otherwise.
"""

from __future__ import annotations

import itertools
import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from command import Feedmill, Result
from pulse import Daemon
from webserver import Origin

LONG = float(os.environ.get("FEEDMILL_LONG", "30"))  # seconds
FLOOR = 60.0 - 1.0  # seconds between two requests to a source; times of ours are whole seconds
PLAIN = [f"plain-{number}" for number in range(20)]
FORCED = [f"forced-{number}" for number in range(4)]


class World:
    """What the sources offer, which grows; and what was told to grow."""

    def __init__(self, feedmill: Feedmill, origin: Origin) -> None:
        self.feedmill, self.origin = feedmill, origin
        self.served: dict[str, set[str]] = {name: set() for name in (*PLAIN, *FORCED, "desk")}
        (feedmill.folder / "desk").mkdir()

    def grow(self, number: int) -> None:
        for name in (*PLAIN, *FORCED):
            self.served[name].add(f"{name} {number}")
            self.serve(name, self.served[name])
        self.served["desk"].add(f"desk {number}")
        text = f"---\ntitle: desk {number}\ncategories: [Desk]\n---\nText"
        (self.feedmill.folder / "desk" / f"{number}.md").write_text(text)

    def serve(self, name: str, titles: set[str]) -> str:
        items = "".join(
            f"<item><guid>https://{name}.example/{one}</guid><title>{one}</title></item>" for one in sorted(titles)
        )
        body = f"<rss version='2.0'><channel><title>{name}</title>{items}</channel></rss>"
        return self.origin.serve(f"/{name}.xml", body, etag=f'"{len(titles)}"')

    def config(self) -> None:
        lines = "".join(
            f"  - {{name: {name}, interval: 1m, url: '{self.origin.url(f'/{name}.xml')}', categories: [Shelf {number % 4}]}}\n"
            for number, name in enumerate((*PLAIN, *FORCED))
        )
        self.feedmill.config(f"server: {{port: 0}}\nsources:\n  - {{name: desk, path: desk/}}\n{lines}")


@pytest.mark.timeout(LONG + 240)
def test_a_daemon_and_six_commands_share_one_store(feedmill: Feedmill, origin: Origin) -> None:
    world = World(feedmill, origin)
    world.grow(0)
    world.config()
    daemon = Daemon(feedmill, tick=1)
    daemon.wait_for("running")
    results = _in_company(feedmill, world)
    assert daemon.stop() == 0, daemon.log

    bad = [(line, result.said) for line, result in results if result.code or "Traceback" in result.said]
    assert bad == []
    assert "locked" not in daemon.log + "".join(result.said for _line, result in results)
    assert {line.split()[0] for line, _result in results} == {
        *("fetch", "publish", "articles", "backup", "sources", "add", "remove")
    }
    assert [one for one in daemon.events if one["level"] in ("error", "critical")] == []

    added = [line.split()[-1] for line, _result in results if line.startswith("add")]
    _assert_nothing_was_asked_within_its_floor(origin, [*PLAIN, *added])
    assert feedmill("fetch", "--force", "--strict").code == 0
    _assert_the_store_holds_what_was_served(feedmill, world)
    print(f"{len(results)} commands in {LONG:g} s, {len(origin.requests)} requests, {len(daemon.events)} log lines")


def _in_company(feedmill: Feedmill, world: World) -> list[tuple[str, Result]]:
    """Commands one after another, six at a time, while the world grows; each with its result."""
    is_over = threading.Event()
    results: list[tuple[str, Result]] = []

    def work(lines: Iterator[str]) -> None:
        for line in lines:
            if is_over.is_set() and not line.startswith("remove"):
                return
            results.append((line, feedmill(*line.split())))

    threads = [threading.Thread(target=work, args=(lines(world),)) for lines in LINES]
    for thread in threads:
        thread.start()
    for number in range(1, int(LONG / 5) + 1):
        is_over.wait(5)
        world.grow(number)
    is_over.set()
    for thread in threads:
        thread.join()
    return results


def _repeated(*lines: str) -> Callable[[World], Iterator[str]]:
    return lambda _world: itertools.cycle(lines)


def _edits(world: World) -> Iterator[str]:
    for number in itertools.count():
        name = f"added-{number}"
        yield f"add {world.serve(name, {f'{name} 0'})} --category Shelf --name {name}"
        yield f"remove {name}"


LINES = (
    _repeated("fetch"),
    _repeated(*(f"fetch --force {name}" for name in FORCED)),
    _repeated("publish"),
    _repeated("articles --json", "sources --json"),
    _repeated("backup copy.db"),
    _edits,
)


def _assert_nothing_was_asked_within_its_floor(origin: Origin, names: list[str]) -> None:
    soon = []
    for name in names:
        times = [request.at for request in origin.asked_for(f"/{name}.xml")]
        soon += [(name, round(later - one, 2)) for one, later in itertools.pairwise(times) if later - one < FLOOR]
    assert soon == []
    assert all(origin.asked_for(f"/{name}.xml") for name in names)


def _assert_the_store_holds_what_was_served(feedmill: Feedmill, world: World) -> None:
    for path in (feedmill.database, feedmill.folder / "copy.db"):
        with closing(sqlite3.connect(path)) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
    with closing(sqlite3.connect(feedmill.database)) as db:
        assert db.execute("SELECT name FROM sources WHERE claimed_by IS NOT NULL").fetchall() == []
    held = [(one["source"], one["title"]) for one in feedmill("articles", "--limit", "100000", "--json").objects]
    held = [one for one in held if not one[0].startswith("added-")]
    assert len(held) == len(set(held))
    assert set(held) == {(name, title) for name, titles in world.served.items() for title in titles}
