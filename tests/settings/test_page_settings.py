"""`pages:` in config.yaml."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import config
from feeds import settings
from feeds.errors import SettingsError
from feeds.settings import Settings
from feeds.settings.building import Pages


def load(folder: Path, text: str, **environ: str) -> Settings:
    return settings.load(config(folder, text), environ={"HOME": str(folder / "home"), **environ})


@pytest.mark.parametrize(
    "text", ["", "pages:", "pages: true", "pages: {}", "pages: {articles: false}", "pages: {theme: }"]
)
def test_there_are_pages_unless_the_config_says_otherwise(tmp_path: Path, text: str) -> None:
    assert load(tmp_path, text).pages == Pages(articles=False, theme=None)


def test_pages_can_be_turned_off(tmp_path: Path) -> None:
    assert load(tmp_path, "pages: false").pages is None
    assert load(tmp_path, "pages: ${PAGES}", PAGES="false").pages is None


@pytest.mark.parametrize("written", ["looks", "./looks/", "~/looks"])
def test_a_theme_lies_beside_the_config(tmp_path: Path, written: str) -> None:
    (tmp_path / "looks").mkdir()
    (tmp_path / "home/looks").mkdir(parents=True)
    pages = load(tmp_path, f"pages: {{articles: true, theme: {written}}}").pages
    assert pages is not None
    assert pages.articles
    assert pages.theme == tmp_path / ("home/looks" if written.startswith("~") else "looks")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("site: {}\npages:\n  theme: loks", "config.yaml:3: pages.theme: 'loks' is no folder; make the folder"),
        ("pages: {theme: config.yaml}", "config.yaml:1: pages.theme: 'config.yaml' is no folder"),
        ("pages: {theme: ''}", "config.yaml:1: pages.theme: no path; write the name"),
        ("pages: {theme: [a]}", "config.yaml:1: pages.theme: a list where text is wanted"),
        ("pages: {theme: ~somebody}", "config.yaml:1: pages.theme: only `~/` stands for a home folder"),
        ("pages: {article: true}", "config.yaml:1: pages.article: unknown key; did you mean articles?"),
        ("pages: {articles: maybe}", "config.yaml:1: pages.articles: 'maybe' is neither true nor false"),
        ("pages: 3", "config.yaml:1: pages: a number where a mapping is wanted"),
        ("pages: [articles]", "config.yaml:1: pages: a list where a mapping is wanted"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_pages_is_told_once_with_its_line(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, text)
    (told,) = str(refused.value).splitlines()
    assert complaint in told


def test_a_missing_theme_is_told_together_with_all_else(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, "pages: {theme: none}\noutput: 3")
    assert len(str(refused.value).splitlines()) == 2
