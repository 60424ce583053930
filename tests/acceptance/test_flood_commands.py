"""feedmill held, release and drop, as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from commanding import run as feedmill
from moving import Gazette, items, strangers
from storage import open_store

DOCUMENTED = "http://www.old.example/?p=103"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a mill that holds 30 articles of its one source."""
    store = open_store(f"sqlite:///{tmp_path}/feedmill.db")
    gazette = Gazette(store, tmp_path)
    gazette.sends(items(10))
    gazette.sends([*items(10), *strangers(30)])
    store.close()
    return tmp_path


def run(folder: Path, *arguments: str) -> int:
    return feedmill(["--config", str(folder / "config.yaml"), *arguments])


def shown(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_what_is_held_is_listed_released_and_dropped(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert run(folder, "held", "gazette", "--json") == 0
    held = shown(capsys)
    assert (len(held), held[0]["held"]) == (30, "2026-11-02T10:00:00Z")
    assert run(folder, "sources", "--json") == 0
    (source,) = shown(capsys)
    assert source["held"] == 30
    assert "30 old articles came as new and are held" in str(source["problem"])
    assert run(folder, "release", DOCUMENTED) == 0
    assert capsys.readouterr().err == "1 article released\n"
    assert run(folder, "drop", "gazette") == 0
    assert capsys.readouterr().err == "29 articles dropped\n"
    assert run(folder, "held", "--json") == 0
    assert shown(capsys) == []
    assert run(folder, "articles", "--json") == 0
    assert len(shown(capsys)) == 11


def test_articles_that_are_held_are_marked_as_such(folder: Path, capsys: pytest.CaptureFixture[str]):
    assert run(folder, "articles", "--limit", "12") == 0
    lines = capsys.readouterr().out.splitlines()
    assert ["(held)" in line for line in lines] == [False] * 11 + [True] * 2
    assert run(folder, "held") == 0
    assert len(capsys.readouterr().out.splitlines()) == 31


@pytest.mark.parametrize("command", ["release", "drop"])
def test_what_is_not_held_can_be_neither_released_nor_dropped(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str
):
    assert run(folder, command, "http://www.old.example/?p=1") == 1
    assert "nothing is held of 'http://www.old.example/?p=1'" in capsys.readouterr().err
