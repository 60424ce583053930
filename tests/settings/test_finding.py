"""Where the config is looked for, and what in it was probably not meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from feeds import settings
from feeds.errors import SettingsError


def test_the_config_is_looked_for_in_the_order_of_the_contract(tmp_path):
    xdg = tmp_path / "xdg" / "feedmill" / "config.yaml"
    here = tmp_path / "config.yaml"
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    xdg.parent.mkdir(parents=True)
    xdg.touch()
    assert settings.find(None, environ=environ, cwd=tmp_path) == xdg
    here.touch()
    assert settings.find(None, environ=environ, cwd=tmp_path) == here
    environ["FEEDMILL_CONFIG"] = "other.yaml"
    assert settings.find(None, environ=environ, cwd=tmp_path) == tmp_path / "other.yaml"
    assert settings.find("mine.yaml", environ=environ, cwd=Path()) == Path("mine.yaml")


def test_a_config_that_is_nowhere_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(SettingsError) as nowhere:
        settings.find(None, environ={"HOME": "/nowhere", "XDG_CONFIG_HOME": "relative"}, cwd=tmp_path)
    for told in (f"{tmp_path}/config.yaml", "/nowhere/.config/feedmill/config.yaml", "--config", "$FEEDMILL_CONFIG"):
        assert told in str(nowhere.value)


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("site: {}", "config.yaml:1: sources: nothing to read"),
        ("sources:\n  - path: gone", "config.yaml:2: sources[0].path: nothing is at"),
        ("sources: [{path: '*.md'}]", "sources[0].path: nothing is at"),
        ("sources: [{url: http://127.0.0.1}]", "sources[0].url: a host of your own network is not asked"),
        ("sources: [{url: 'http://[fd00::1]/'}]", "sources[0].url: a host of your own network"),
        ("sources: [{url: http://localhost:8000/}]", "sources[0].url: a host of your own network"),
        (
            "categories: [a]\nsources: [{url: http://h.example}, {path: ., categories: a}]",
            "sources[0]: has no categories",
        ),
        ("categories: [Finance]\nsources: [{path: ., categories: [Finance, Finanze]}]", "did you mean 'Finance'?"),
        (
            "categories: [a, b]\nsources: [{url: http://h.example, categories: a}]",
            "categories[1]: no source names 'b'; list the labels",
        ),
        ("database: 'sqlite://'\nsources: [{path: .}]", "database: is in memory alone"),
        ("database: 'sqlite:///:memory:'\nsources: [{path: .}]", "database: is in memory alone"),
    ],
)
def test_what_is_allowed_and_probably_not_meant_is_a_warning(load, text, warning):
    (told,) = settings.warnings(load(text))
    assert warning in told


@pytest.mark.parametrize(
    "text",
    [
        "sources: [{path: .}, {path: 'config.*'}]",
        "sources: [{url: http://127.0.0.1, allow_private_addresses: [127.0.0.1]}, {url: http://1.1.1.1}]",
        "categories: [{name: a, aliases: b}]\nsources: [{path: ., categories: B}]",
        "categories: [{name: a, aliases: [A]}]\nsources: [{url: http://h.example}]",
        "categories: [{name: a, title: All of it}]\nsources: [{path: ., categories: all of it}]",
        "database: sqlite:///memory.db\nsources: [{path: .}]",
        "categories: [a]\nsources: [{url: http://h.example, kind: opml}]",
        "sources: [{url: http://h.example}]",
    ],
)
def test_what_is_in_order_gives_no_warning(load, text):
    assert settings.warnings(load(text)) == ()


def test_files_may_fill_a_category_that_no_source_names(load):
    assert settings.warnings(load("categories: [a, b]\nsources: [{path: ., categories: a}]")) == ()
