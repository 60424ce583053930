"""Files of a folder that is read again and again: what a broken one costs, and what is opened."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mill import Mill


def test_one_broken_file_among_good_ones_costs_that_file_alone_and_is_told(mill: Mill):
    mill.put("desk/broken.md", "---\ntitle: [\n---\nText")
    desk = mill.round()["desk"]
    assert (desk.status, desk.new) == ("fetched", 2)
    assert "broken.md" in desk.problem
    assert mill.titles("news/atom.xml") == {"Morning", "Noon"}


def test_a_file_that_stays_broken_is_told_every_time_and_makes_no_failed_source(mill: Mill):
    mill.put("desk/broken.md", "---\ntitle: [\n---\nText")
    mill.round()
    desk = mill.round()["desk"]
    assert (desk.status, desk.new) == ("fetched", 0)
    assert "broken.md" in desk.problem
    mill.article("broken")
    assert (mill.round()["desk"].new, mill.round()["desk"].problem) == (1, "")


def test_a_file_that_stays_unreadable_makes_no_failed_source(mill: Mill):
    (mill.folder / "desk/loop.md").symlink_to(mill.folder / "desk/loop.md")
    for _ in range(2):
        desk = mill.round()["desk"]
        assert desk.status == "fetched"
        assert "loop.md" in desk.problem


def test_a_single_file_that_becomes_unreadable_is_a_failed_source(mill: Mill):
    mill.round()
    (mill.folder / "gazette.xml").unlink()
    (mill.folder / "gazette.xml").symlink_to(mill.folder / "gazette.xml")
    assert mill.round()["gazette"].status == "failed"


def test_a_file_name_that_is_no_text_costs_nothing(mill: Mill):
    mill.put(os.fsdecode(b"desk/caf\xe9.md"), "---\ntitle: Coffee\ndate: 2026-11-01\n---\n\nText.\n")
    assert mill.round()["desk"].new == 3
    assert mill.round()["desk"].new == 0
    assert mill.titles("news/atom.xml") == {"Morning", "Noon", "Coffee"}


def test_unchanged_files_are_not_opened_again(mill: Mill, monkeypatch: pytest.MonkeyPatch):
    mill.round()
    mill.article("Evening")
    opened: list[str] = []
    open_ = Path.open

    def noting(path: Path, *arguments, **keywords):
        if path.suffix in {".md", ".xml"} and mill.output not in path.parents:
            opened.append(path.name)
        return open_(path, *arguments, **keywords)

    monkeypatch.setattr(Path, "open", noting)
    mill.refresh()
    assert opened == ["Evening.md"]
