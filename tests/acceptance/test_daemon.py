"""The daemon's life: it fetches what is due, publishes, serves, follows its config, and ends when asked to."""

from __future__ import annotations

import signal
import time
from pathlib import Path

import pytest
from command import Feedmill
from pulse import DEADLINE, Daemon, until
from webserver import Origin

from postgres import Postgres


def rss(*titles: str) -> str:
    items = "".join(f"<item><guid>https://web.example/{one}</guid><title>{one}</title></item>" for one in titles)
    return f"<rss version='2.0'><channel><title>Web</title>{items}</channel></rss>"


def write(feedmill: Feedmill, title: str, category: str = "Bread") -> None:
    (feedmill.folder / "desk").mkdir(exist_ok=True)
    text = f"---\ntitle: {title}\ndate: 2026-11-02 08:00:00\ncategories: [{category}]\n---\nText"
    (feedmill.folder / "desk" / f"{title}.md").write_text(text)


def config(feedmill: Feedmill, *sources: str, more: str = "", output: str = "public", port: int = 0) -> Path:
    listed = "".join(f"  - {{name: {one}}}\n" for one in ("desk, path: desk/", *sources))
    return feedmill.config(f"server: {{port: {port}}}\noutput: {output}\n{more}\nsources:\n{listed}")


def titles(feedmill: Feedmill) -> set[str]:
    return {one["title"] for one in feedmill("articles", "--limit", "1000", "--json").objects}


@pytest.fixture
def mill(feedmill: Feedmill) -> Feedmill:
    """With one article on disk."""
    write(feedmill, "Rye")
    config(feedmill)
    return feedmill


def test_it_fetches_publishes_serves_and_ends_on_sigterm(mill: Feedmill, origin: Origin) -> None:
    config(mill, f"web, url: '{origin.serve('/web.xml', rss('One'))}', categories: [Net]")
    daemon = Daemon(mill)
    daemon.wait_for("source refreshed", source="desk", status="fetched", new=1)
    daemon.wait_for("source refreshed", source="web", status="fetched", new=1)
    until(lambda: daemon.get("net/atom.xml")[0] == 200)
    until(lambda: daemon.get("bread/atom.xml")[0] == 200)
    daemon.until_healthy()
    told = daemon.health()
    assert (told["status"], told["ready"], told["alive"], told["problems"]) == ("ok", True, True, [])
    assert daemon.metrics()["feedmill_articles"] == 2
    began_at = time.monotonic()
    assert daemon.stop() == 0
    assert time.monotonic() - began_at < DEADLINE
    assert [one["event"] for one in daemon.events][-2:] == ["stopping", "stopped"]
    assert titles(mill) == {"Rye", "One"}
    assert [one["running"] for one in mill("status", "--json").objects if one["what"] == "daemon"] == [False]


def test_without_a_server_it_listens_nowhere_and_publishes_all_the_same(mill: Feedmill) -> None:
    daemon = Daemon(mill, "--no-server")
    until((mill.public / "bread" / "atom.xml").exists, lambda: daemon.log)
    assert daemon.stop() == 0
    assert not daemon.told("serving")


def test_ctrl_c_ends_it_cleanly_while_a_source_hangs_and_that_one_stays_due(mill: Feedmill, origin: Origin) -> None:
    config(mill, f"slow, url: '{origin.serve('/slow.xml', rss('Late'), stalls=True)}'")
    daemon = Daemon(mill)
    origin.wait_for("/slow.xml")
    daemon.wait_for("source refreshed", source="desk")
    began_at = time.monotonic()
    assert daemon.stop(signal.SIGINT) == 130
    assert time.monotonic() - began_at < DEADLINE
    assert "Traceback" not in daemon.log
    assert "Rye" in (mill.public / "bread" / "atom.xml").read_text()  # what was stored is published
    origin.serve("/slow.xml", rss("Late"))
    assert {one["source"]: one["status"] for one in mill("fetch", "--json").objects}["slow"] == "fetched"


def test_sigterm_ends_it_within_the_deadline_while_a_document_takes_for_ever_to_read(mill: Feedmill) -> None:
    daemon = Daemon(mill, "1", "deadly.never_ends", tick=1)
    until(lambda: worker_of(daemon), lambda: daemon.log)
    daemon.until_healthy() if mill.public.is_dir() else daemon.wait_for("running")
    (worker,) = worker_of(daemon)
    began_at = time.monotonic()
    assert daemon.stop() == 0, daemon.log
    assert time.monotonic() - began_at < DEADLINE
    until(lambda: not Path(f"/proc/{worker}").exists())
    assert [one["new"] for one in mill("fetch", "--json").objects] == [1]


def worker_of(daemon: Daemon) -> list[str]:
    """The processes that read documents for it."""
    pid = daemon.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    tasks = [one.read_text().split() for one in Path(f"/proc/{pid}/task").glob("*/children")]
    found = {child for each in (children, *tasks) for child in each}
    return [child for child in found if b"spawn_main" in command_line(child)]


def command_line(pid: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def test_a_second_daemon_on_the_same_store_says_so_and_ends_and_may_begin_once_the_first_is_killed(
    mill: Feedmill,
) -> None:
    first = Daemon(mill)
    first.wait_for("running")
    second = Daemon(mill)
    assert second.end() == 1
    assert f"at work on this store already, as process {first.process.pid} on" in second.log
    assert "stop that one" in second.log
    assert not second.told("serving")
    first.kill()
    third = Daemon(mill, tick=1)
    third.until_healthy()
    assert third.stop() == 0
    assert titles(mill) == {"Rye"}


def test_a_second_daemon_is_refused_on_postgresql_too(mill: Feedmill, postgres: Postgres) -> None:
    with postgres.schema() as address:
        config(mill, more=f"database: '{address}'")
        first = Daemon(mill, tick=1)
        first.until_healthy()
        second = Daemon(mill)
        assert second.end() == 1
        assert "at work on this store already" in second.log
        assert first.stop() == 0
        third = Daemon(mill)
        third.wait_for("running")
        assert third.stop() == 0


def test_a_taken_port_ends_it_with_1_says_what_helps_and_leaves_no_lease(mill: Feedmill) -> None:
    first = Daemon(mill)
    port = int(first.address.rstrip("/").rpartition(":")[2])
    other = Feedmill(mill.folder / "other")
    other.folder.mkdir()
    config(other, port=port)
    refused = Daemon(other)
    assert refused.end() == 1
    assert "another program listens there" in refused.log
    assert "Traceback" not in refused.log
    other.close()
    config(other)
    second = Daemon(other)
    second.wait_for("running")
    assert second.stop() == first.stop() == 0
    other.close()


# Reload


def test_a_changed_config_is_followed_without_a_restart(mill: Feedmill, origin: Origin) -> None:
    one, two = (origin.serve(f"/{name}.xml", rss(name)) for name in ("one", "two"))
    config(mill, f"one, url: '{one}', categories: [Net]", more="categories: [Bread, Net]")
    daemon = Daemon(mill, tick=1)
    daemon.wait_for("source refreshed", source="one", status="fetched")
    until(lambda: daemon.get("net/atom.xml")[0] == 200)

    config(
        mill,
        f"two, url: '{two}', categories: [Web]",
        more="categories: [Bread, {name: Web, aliases: [Net]}]",
        output="out",
    )
    daemon.wait_for("config reloaded", sources=2)
    daemon.wait_for("source refreshed", source="two", status="fetched", new=1)
    until(lambda: b"two" in daemon.get("web/atom.xml")[1], lambda: daemon.log)
    assert (mill.folder / "out" / "bread" / "atom.xml").exists()
    daemon.until_healthy()
    assert daemon.stop() == 0
    assert len(origin.asked_for("/one.xml")) == len(origin.asked_for("/two.xml")) == 1


def test_a_source_that_is_taken_out_is_never_asked_again(mill: Feedmill, origin: Origin) -> None:
    one, two = (origin.serve(f"/{name}.xml", rss(name)) for name in ("one", "two"))
    both = [f"{name}, interval: 1m, url: '{url}'" for name, url in (("one", one), ("two", two))]
    config(mill, *both)
    daemon = Daemon(mill, "60", tick=1)  # a minute of its clock is a second of ours
    daemon.wait_for("source refreshed", source="one", times=2)
    config(mill, both[1])
    daemon.wait_for("config reloaded", sources=2)
    daemon.wait_for("source refreshed", source="two", times=len(daemon.told("source refreshed", source="two")) + 1)
    asked = len(origin.asked_for("/one.xml"))
    daemon.wait_for("source refreshed", source="two", times=len(daemon.told("source refreshed", source="two")) + 3)
    assert len(origin.asked_for("/one.xml")) == asked
    assert daemon.stop() == 0


def test_sighup_reads_the_config_again_though_its_file_did_not_change(mill: Feedmill) -> None:
    daemon = Daemon(mill)
    daemon.wait_for("running")
    daemon.send(signal.SIGHUP)
    daemon.wait_for("config reloaded", sources=1)
    assert daemon.stop() == 0


def test_a_broken_config_keeps_the_old_settings_says_why_and_is_taken_once_it_is_mended(
    mill: Feedmill, origin: Origin
) -> None:
    daemon = Daemon(mill, tick=1)
    daemon.until_healthy()
    written = config(mill).read_text()
    daemon.wait_for("config reloaded")
    (mill.folder / "config.yaml").write_text(written + "sorces: []\n")
    told = daemon.wait_for("config cannot be used, the old settings stay")
    assert "did you mean sources" in told["problem"] or "sources" in told["problem"]
    problems = daemon.health()["problems"]
    assert any("config" in one and "sorces" in one for one in problems)
    daemon.until_healthy()  # nobody is kept from working, so its answer stays 200
    assert daemon.health()["problems"] == problems
    write(mill, "Oat")
    daemon.wait_for("source refreshed", source="desk", new=1, times=2)  # it goes on
    config(mill, f"web, url: '{origin.serve('/web.xml', rss('One'))}'")
    daemon.wait_for("source refreshed", source="web", new=1)
    daemon.until_healthy()
    assert daemon.health()["problems"] == []
    assert daemon.stop() == 0


def test_what_takes_a_restart_is_said(mill: Feedmill) -> None:
    daemon = Daemon(mill, tick=1)
    daemon.wait_for("running")
    config(mill, more="database: sqlite:///other.db", port=1)
    daemon.wait_for("takes a restart of feedmill run", setting="database")
    daemon.wait_for("takes a restart of feedmill run", setting="server")
    daemon.until_healthy()
    assert daemon.stop() == 0
    assert not (mill.folder / "other.db").exists()


def test_a_config_that_is_gone_is_told_and_taken_once_it_is_back(mill: Feedmill) -> None:
    daemon = Daemon(mill, tick=1)
    daemon.until_healthy()
    (mill.folder / "config.yaml").rename(mill.folder / "away.yaml")
    daemon.wait_for("config cannot be used, the old settings stay")
    (mill.folder / "away.yaml").rename(mill.folder / "config.yaml")
    daemon.wait_for("config reloaded")
    daemon.until_healthy()
    assert daemon.stop() == 0


# Numbers


def test_metrics_log_and_store_tell_the_same(mill: Feedmill, origin: Origin) -> None:
    asked = f"web, interval: 1m, url: '{origin.serve('/web.xml', rss('One', 'Two'))}'"
    config(mill, asked, f"gone, interval: 1m, url: '{origin.url('/gone.xml')}'")
    daemon = Daemon(mill, "60", tick=1)
    daemon.wait_for("source refreshed", source="web", status="unchanged")
    for number in range(3):
        write(mill, f"Loaf {number}")
        origin.serve("/web.xml", rss("One", "Two", f"More {number}"))
        daemon.wait_for("source refreshed", source="web", new=1, times=number + 1)
    daemon.wait_for("source refreshed", source="gone", status="failed")
    until(lambda: len(list((mill.folder / "desk").iterdir())) == daemon_count(daemon, "desk"), lambda: daemon.log)
    origin.pages["/web.xml"].body = rss("One, revised", "Two").replace("One, revised</guid", "One</guid").encode()
    daemon.wait_for("source refreshed", source="web", revised=1)

    daemon.send(signal.SIGHUP)  # which changes nothing about the numbers
    daemon.wait_for("config reloaded")
    until(lambda: (seen := daemon.metrics()) == seen and counted(seen) == logged(daemon), lambda: f"{daemon.metrics()}")
    metrics = daemon.metrics()
    assert daemon.stop() == 0
    refreshes = daemon.told("source refreshed")
    new, revised = (sum(int(one[what]) for one in refreshes) for what in ("new", "revised"))
    assert (metrics["feedmill_articles_new_total"], metrics["feedmill_articles_revised_total"]) == (new, revised)
    assert revised == 1
    assert metrics["feedmill_articles"] == new == len(titles(mill)) == 4 + 5


def counted(metrics: dict[str, float]) -> dict[str, float]:
    return {s: metrics[f"feedmill_refreshes_total{{{s}}}"] for s in ("fetched", "unchanged", "failed", "waiting")}


def logged(daemon: Daemon) -> dict[str, float]:
    return {s: len(daemon.told("source refreshed", status=s)) for s in ("fetched", "unchanged", "failed", "waiting")}


def daemon_count(daemon: Daemon, source: str) -> int:
    return sum(int(one["new"]) for one in daemon.told("source refreshed", source=source))
