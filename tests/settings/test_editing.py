from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds import marked_yaml, settings
from feeds.errors import SettingsError
from feeds.settings import editing

CONFIG = """\
# Ours.
site: {title: Mill}

sources:
  # the desk's own
  - name: desk        # short
    path: articles/

  - name: gazette
    url: https://gazette.example/feed.xml
    categories: [Finance,
      Trade]
    # asked seldom
    interval: 12h

# Some more to come:
#   - name: later

output: public
"""
NEW = {"name": "bread", "url": "https://bread.example/feed.xml?a=1#x", "categories": ("饮食", "yes", "a: b")}


def load(text: str, tmp_path: Path) -> settings.Settings:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return settings.load(path, environ={})


def test_a_source_is_added_behind_the_last_one_and_every_other_line_stays(tmp_path: Path) -> None:
    changed = editing.with_sources(CONFIG, NEW)
    added = [line for line in changed.splitlines() if line not in CONFIG.splitlines()]
    assert added == [
        "  - name: bread",
        "    url: https://bread.example/feed.xml?a=1#x",
        "    categories: [饮食, 'yes', 'a: b']",
    ]
    assert changed.index("interval: 12h\n\n  - name: bread") < changed.index("# Some more")
    assert [line for line in changed.splitlines() if line not in added and line] == [
        line for line in CONFIG.splitlines() if line
    ]
    one = load(changed, tmp_path).sources[2]
    assert (one.name, one.url, one.categories) == (
        "bread",
        "https://bread.example/feed.xml?a=1",
        ("饮食", "yes", "a: b"),
    )


@pytest.mark.parametrize(
    ("number", "gone"),
    [
        (0, ["  - name: desk        # short", "    path: articles/"]),
        (
            1,
            ["  - name: gazette", "    url: https://gazette.example/feed.xml", "    categories: [Finance,",
             "      Trade]", "    # asked seldom", "    interval: 12h"],
        ),
    ],
)  # fmt: skip
def test_a_source_is_taken_out_and_every_other_line_stays(tmp_path: Path, number: int, gone: list[str]) -> None:
    changed = editing.without_source(CONFIG, number)
    kept = [line for line in CONFIG.splitlines() if line not in gone and line]
    assert [line for line in changed.splitlines() if line] == kept
    assert len(load(changed, tmp_path).sources) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "site: {title: a}\n",
        "site: {title: a}",
        "sources:\n",
        "sources: []\n",
        "sources: [ ]  # none yet\noutput: x\n",
        "sources: ~\noutput: x\n",
        "sources:   # nothing yet\n",
        "sources: ~  # nothing yet\noutput: x\n",
        "sources:\n- url: https://a.example/\noutput: x\n",
        "sources:\n    -   url: https://a.example/\n        name: a\n# end\n",
        "sources:\n  -\n    url: https://a.example/\n",
        "sources:\n  - {url: 'https://a.example/', name: a}\n",
        'sources:\n  - url: "https://a.example/\\\n      feed"\n    name: a\n',
        "sources:\n  - name: a\n    user_agent: >-\n      folded\n      text\n    url: https://a.example/\n\n# end\n",
        "sources:\n  - name: a\n    url: https://a.example/\n    user_agent: |\n      literal\n\n# end\noutput: x\n",
    ],
)
def test_adding_and_taking_out_again_leaves_what_was_there(tmp_path: Path, text: str) -> None:
    before = load(text, tmp_path) if text else load("sources: []\n", tmp_path)
    changed = editing.with_sources(text, NEW)
    after = load(changed, tmp_path)
    assert after.sources[:-1] == before.sources
    assert after.sources[-1].name == "bread"
    assert (after.output, after.site) == (before.output, before.site)
    back = editing.without_source(changed, len(after.sources) - 1)
    assert load(back, tmp_path).sources == before.sources
    assert back.count("#") == text.count("#")


def test_lines_end_as_they_did() -> None:
    text = CONFIG.replace("\n", "\r\n")
    added = editing.with_sources(text, {"name": "mill", "url": "https://mill.example/feed"})
    assert added == editing.with_sources(CONFIG, {"name": "mill", "url": "https://mill.example/feed"}).replace(
        "\n", "\r\n"
    )
    assert editing.without_source(added, 2) == text


def test_sources_between_brackets_are_left_to_a_person() -> None:
    with pytest.raises(SettingsError, match="by hand"):
        editing.with_sources("sources: [{url: 'https://a.example/'}]\n", NEW)
    with pytest.raises(SettingsError, match="by hand"):
        editing.without_source("sources: [{url: 'https://a.example/'}]\n", 0)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff"), min_size=1))
def test_whatever_is_written_is_read_back_as_it_was(value: str) -> None:
    text = editing.with_sources("", {"name": value, "categories": (value, value)})
    (one,) = marked_yaml.load(text).value["sources"]  # type: ignore[index]
    assert one["name"].replace("$${", "${") == value
    assert [name.replace("$${", "${") for name in one["categories"]] == [value, value]


def test_a_config_that_cannot_be_written_stays_whole(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    path.write_text("old")
    (tmp_path / ".config.yaml.new").mkdir()
    with pytest.raises((SettingsError, OSError)):
        editing.replace_file(path, "new")
    assert path.read_text() == "old"
    (tmp_path / ".config.yaml.new").rmdir()
    path.chmod(0o640)
    editing.replace_file(path, "new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o640)


def test_nobody_else_reads_a_config_while_it_is_written(tmp_path, monkeypatch):
    file = tmp_path / "config.yaml"
    file.write_text("sources: []\n")
    file.chmod(0o600)
    modes = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda number: (modes.append(os.fstat(number).st_mode & 0o777), fsync(number)))
    editing.replace_file(file, "sources: []\n# and more\n")
    assert modes == [0o600]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file to somebody else")
def test_the_config_stays_its_owners(tmp_path):
    file = tmp_path / "config.yaml"
    file.write_text("sources: []\n")
    os.chown(file, 65534, 65534)
    file.chmod(0o640)
    editing.replace_file(file, "sources: []\n# and more\n")
    status = file.stat()
    assert (status.st_uid, status.st_gid, status.st_mode & 0o7777) == (65534, 65534, 0o640)
