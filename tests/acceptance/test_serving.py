"""feedmill serve, as it is: a reader subscribes to what it serves, and asks again at little cost."""

from __future__ import annotations

import json
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import feedparser
import pytest
from command import Feedmill
from newsboat import Newsboat, needs_newsboat


@pytest.fixture
def mill(feedmill: Feedmill) -> Feedmill:
    """Something is published."""
    (feedmill.folder / "desk").mkdir()
    (feedmill.folder / "desk" / "a.md").write_text("---\ntitle: Rye\ncategories: [Bread]\n---\nText")
    feedmill.config("server: {port: 0}\nsources: [{name: desk, path: desk/}]\n")
    assert feedmill("fetch").code == 0
    return feedmill


def serving(mill: Feedmill, *options: str) -> tuple[subprocess.Popen[str], str]:
    """The command at work, and the address it tells. It is at work until the test ends it, or the test is over."""
    process = mill.start(*options, "serve")
    assert process.stderr
    told = process.stderr.readline()
    address = re.search(r"http://\S+/", told)
    assert address, told
    return process, address[0]


def test_a_reader_reads_it_and_asks_again_for_nothing(mill: Feedmill) -> None:
    process, address = serving(mill)
    first = feedparser.parse(f"{address}bread/atom.xml")
    assert (first.status, [entry.title for entry in first.entries]) == (200, ["Rye"])
    assert first.headers["content-type"] == "application/atom+xml; charset=utf-8"
    assert not first.bozo
    again = feedparser.parse(f"{address}bread/atom.xml", etag=first.etag, modified=first.modified)
    assert (again.status, again.entries) == (304, [])
    assert feedparser.parse(f"{address}bread/atom.xml", modified=first.modified).status == 304
    assert mill("publish").code == 0  # the same articles
    assert feedparser.parse(f"{address}bread/atom.xml", etag=first.etag).status == 304
    result = mill.interrupt(process, signal.SIGTERM)
    assert (result.code, result.stdout, result.stderr) == (0, "", "")


# What is asked by somebody who keeps a feed with `reader`: added, updated, and updated again.
# Its own copy of feedparser wants `sgmllib`, which it does not ask for and feedparser brings under another name.
READER = """
import sys
import feedparser_sgmllib
sys.modules["sgmllib"] = feedparser_sgmllib
from reader import make_reader

reader = make_reader("reader.sqlite")
reader.add_feed(sys.argv[1])
for _ in range(2):
    reader.update_feeds(scheduled=False)
    print(*(entry.title for entry in reader.get_entries()))
"""


def statuses(mill: Feedmill, process: subprocess.Popen[str], path: str) -> list[int]:
    """What requests for a path were answered with, as the server, which is ended, logged it."""
    log = mill.interrupt(process, signal.SIGTERM).stderr.splitlines()
    told = (json.loads(line) for line in log if line.startswith("{"))
    return [one["status"] for one in told if one["event"] == "request" and one["path"] == path]


@needs_newsboat
@pytest.mark.parametrize("format_", ["atom", "rss"])
def test_newsboat_shows_each_article_once_and_asks_again_for_nothing(
    mill: Feedmill, tmp_path: Path, format_: str
) -> None:
    process, address = serving(mill, "-v")
    newsboat = Newsboat(tmp_path / "newsboat", [f"{address}bread/{format_}.xml"])
    for _ in range(3):  # its second reload asks unconditionally again
        newsboat.reload()
        assert [row["title"] for row in newsboat.articles()] == ["Rye"]
    assert statuses(mill, process, f"/bread/{format_}.xml") == [200, 200, 304]


def test_a_library_of_a_reader_finds_each_article_once_and_asks_again_for_nothing(mill: Feedmill) -> None:
    process, address = serving(mill, "-v")
    command = [sys.executable, "-c", READER, f"{address}bread/atom.xml"]
    read = subprocess.run(command, cwd=mill.folder, capture_output=True, text=True, timeout=60, check=True)
    assert read.stdout.splitlines() == ["Rye", "Rye"]
    assert statuses(mill, process, "/bread/atom.xml") == [200, 304]


def test_what_keeps_it_from_serving_anything_is_told(mill: Feedmill) -> None:
    for folder, words in (("nowhere", "nothing is published in"), ("desk/a.md", "no folder; move it away")):
        mill.config(f"sources: [{{name: desk, path: desk/}}]\nserver: {{port: 0}}\noutput: {folder}\n")
        process, _address = serving(mill)
        assert process.stderr
        told = process.stderr.readline()
        assert words in told
        assert str(mill.folder / folder) in told
        mill.interrupt(process, signal.SIGTERM)


def test_the_daemons_own_hub_is_not_named_where_nobody_answers_for_it(mill: Feedmill) -> None:
    folder = "sources: [{name: desk, path: desk/}]\nserver: {port: 0}\n"
    for hub, is_named in (("own", False), ("https://hub.example/", True)):
        mill.config(f"{folder}push: {{hub: '{hub}'}}\n")
        process, address = serving(mill)
        with urllib.request.urlopen(f"{address}atom.xml", timeout=20) as answer:
            assert ('rel="hub"' in answer.headers["Link"]) == is_named
            assert 'rel="self"' in answer.headers["Link"]
        mill.interrupt(process, signal.SIGTERM)


def test_what_is_published_while_it_serves_is_there_at_once(mill: Feedmill) -> None:
    process, address = serving(mill)
    first = feedparser.parse(f"{address}atom.xml")
    (mill.folder / "desk" / "b.md").write_text("---\ntitle: Oats\ncategories: [Bread]\n---\nText")
    assert mill("fetch", "--force").code == 0
    second = feedparser.parse(f"{address}atom.xml", etag=first.etag)
    assert (second.status, [entry.title for entry in second.entries]) == (226, ["Oats"])  # it asks with A-IM: feed
    assert {entry.title for entry in feedparser.parse(f"{address}atom.xml").entries} == {"Rye", "Oats"}
    assert mill.interrupt(process, signal.SIGTERM).code == 0


def test_the_lock_and_the_folders_above_are_not_served(mill: Feedmill) -> None:
    process, address = serving(mill)
    for path in (".feedmill.lock", "../config.yaml", "%2e%2e/config.yaml", "..%2fconfig.yaml"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{address}{path}", timeout=20)
        assert refused.value.code == 404
        refused.value.close()
    with urllib.request.urlopen(f"{address}healthz", timeout=20) as answer:
        assert json.load(answer)["status"] == "ok"
    assert mill.interrupt(process, signal.SIGTERM).code == 0


def test_metrics_tell_of_the_store_without_a_daemon(mill: Feedmill) -> None:
    process, address = serving(mill)
    for _time in range(2):
        with urllib.request.urlopen(f"{address}metrics", timeout=20) as answer:
            assert answer.headers["Content-Type"].startswith("text/plain")
            lines = answer.read().decode().splitlines()
        assert "feedmill_articles 1.0" in lines
        assert 'feedmill_sources{state="active"} 1.0' in lines
    mill.interrupt(process, signal.SIGTERM)


def test_ctrl_c_ends_it_with_130(mill: Feedmill) -> None:
    process, _address = serving(mill)
    result = mill.interrupt(process, signal.SIGINT)
    assert result.code == 130
    assert "Traceback" not in result.stderr


def test_each_request_is_logged_with_v_and_not_without(mill: Feedmill) -> None:
    process, address = serving(mill, "-v")
    urllib.request.urlopen(f"{address}atom.xml?token=hidden", timeout=20).close()
    result = mill.interrupt(process, signal.SIGTERM)
    assert "hidden" not in result.stderr
    events = [json.loads(line) for line in result.stderr.splitlines()]
    (request,) = [event for event in events if event["event"] == "request"]
    assert (request["method"], request["path"], request["status"]) == ("GET", "/atom.xml", 200)


def test_where_nothing_is_published_yet_it_says_so_and_serves_what_comes(mill: Feedmill) -> None:
    mill.public.rename(mill.folder / "away")
    process, address = serving(mill)
    assert process.stderr
    assert "nothing is published" in process.stderr.readline()
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{address}atom.xml", timeout=20)
    assert refused.value.code == 404
    refused.value.close()
    (mill.folder / "away").rename(mill.public)
    urllib.request.urlopen(f"{address}atom.xml", timeout=20).close()
    assert mill.interrupt(process, signal.SIGTERM).code == 0


def test_a_taken_port_ends_it_with_1_and_says_what_helps(mill: Feedmill) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = mill("serve", "--port", str(port))
    assert result.code == 1
    assert f"127.0.0.1:{port}" in result.stderr
    assert "server.port" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_port_may_be_given_on_the_command_line_and_must_be_one(mill: Feedmill) -> None:
    assert mill("serve", "--port", "70000").code == 2
    assert mill("serve", "--host", "192.0.2.7").code == 1
