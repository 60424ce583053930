"""Private categories, as the command and the daemon treat them: no output, log or address tells of them."""

from __future__ import annotations

import gzip
import urllib.error
import urllib.request
from base64 import b64encode
from contextlib import suppress

import brotli
import pytest
from command import Feedmill
from newsboat import Newsboat, needs_newsboat
from pulse import Daemon, until

SECRET, PASSWORD = "q7zr0w2m9k4x8v1t5n3b", "correct-horse-battery"
PRIVATE = f"""
  - name: Board
    private: {{path: {SECRET}}}
  - name: Staff
    private: {{user: ombudsman, password: {PASSWORD}}}"""
WORDS = ("Agenda", "Payroll", "vault", "safe", SECRET, PASSWORD, "ombudsman")


def config(mill: Feedmill, categories: str) -> None:
    mill.config(
        f"server: {{port: 0}}\npush: {{hub: own}}\npages: {{articles: true}}\ncategories:\n  - Bread{categories}\n"
        "sources:\n  - {name: desk, path: desk/, categories: [Bread]}\n  - {name: vault, path: vault/, categories: [Board]}\n"
        "  - {name: safe, path: safe/, categories: [Staff]}\n"
    )


@pytest.fixture
def mill(feedmill: Feedmill) -> Feedmill:
    for source, title in (("desk", "Rye"), ("vault", "Agenda"), ("safe", "Payroll")):
        (feedmill.folder / source).mkdir()
        (feedmill.folder / source / "a.md").write_text(f"---\ntitle: {title}\ndate: 2026-11-02\n---\nText of {title}")
    return feedmill


def told(text: str) -> list[str]:
    return [word for word in WORDS if word in text]


def seen_in_public(mill: Feedmill) -> list[str]:
    """Also while files are replaced and removed: what is unfinished is not published."""
    unpack = {".gz": gzip.decompress, ".br": brotli.decompress}
    seen: list[str] = []
    for path in mill.public.rglob("*"):
        if path.is_file() and path.name[0] != "." and SECRET not in path.parts:
            with suppress(FileNotFoundError):
                seen += told(unpack.get(path.suffix, bytes)(path.read_bytes()).decode())
    return seen


def test_commands_know_them_by_name_and_show_no_secret(mill: Feedmill) -> None:
    config(mill, PRIVATE)
    assert not {SECRET, PASSWORD} & set(told(mill("-vv", "fetch", "--force").said))
    listed = mill("categories", "--json")
    assert [one["slug"] for one in listed.objects] == ["bread", "***", "staff"]
    assert "config.yaml:8: categories[1].private.path" in listed.stderr
    assert listed.objects[2]["path"].endswith("public.private/staff/atom.xml")
    assert [one["title"] for one in mill("articles", "--category", "Board", "--json").objects] == ["Agenda"]
    assert mill("publish", "Board").code == 0
    lines = ("categories", "check", f"publish {SECRET[:-1]}", f"articles --category {SECRET[1:]}", "status --json")
    assert not {SECRET, PASSWORD} & set(told("".join(mill(*line.split()).said for line in lines)))
    assert seen_in_public(mill) == []
    assert (mill.public / SECRET / "atom.xml").is_file()


def test_a_running_daemon_makes_them_private_at_once_and_tells_nobody(mill: Feedmill) -> None:
    config(mill, "\n  - Board\n  - {name: Staff}")
    daemon = Daemon(mill, tick=0.5)
    until(lambda: daemon.get("staff/atom.xml")[0] == 200 and daemon.get("board/atom.xml")[0] == 200)
    until(lambda: "Payroll" in seen_in_public(mill))
    daemon.get("status/")
    config(mill, PRIVATE)
    until(lambda: daemon.get("staff/atom.xml")[0] == 401 and daemon.get("board/atom.xml")[0] == 404)
    until(lambda: seen_in_public(mill) == [])
    until(
        lambda: daemon.get(f"{SECRET}/atom.xml")[0] == 200 and (mill.folder / "public.private/staff/atom.xml").is_file()
    )
    for path in ("status/?sort=articles", "metrics", "healthz", "feeds.opml", "subscriptions.opml", "feed.json", ""):
        assert told(daemon.get(path)[1].decode()) == []
    token = b64encode(f"ombudsman:{PASSWORD}".encode()).decode()
    request = urllib.request.Request(f"{daemon.address}staff/atom.xml", headers={"Authorization": f"Basic {token}"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        assert b"Payroll" in answer.read()
    form = f"hub.mode=subscribe&hub.callback=https://reader.example/&hub.topic=http://localhost:8080/{SECRET}/atom.xml"
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{daemon.address}hub", data=form.encode(), timeout=20)
    assert refused.value.code == 404
    refused.value.close()
    assert daemon.stop() == 0
    assert not {SECRET, PASSWORD, token, "Agenda", "Payroll"} & {w for w in (*WORDS, token) if w in daemon.log}


@needs_newsboat
def test_newsboat_reads_one_with_the_password_in_its_address(mill: Feedmill) -> None:
    config(mill, PRIVATE)
    assert mill("fetch").code == 0
    daemon = Daemon(mill)
    until(lambda: daemon.get("staff/atom.xml")[0] == 401)
    address = daemon.address.replace("http://", f"http://ombudsman:{PASSWORD}@")
    newsboat = Newsboat(mill.folder / "newsboat", [f"{address}staff/atom.xml"])
    newsboat.reload()
    assert [row["title"] for row in newsboat.articles()] == ["Payroll"]
    assert daemon.stop() == 0
