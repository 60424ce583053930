"""A theme's templates, words and style are used first; what is wrong with one is told with its place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from browsing import read, words

from builders import article
from feeds.errors import OutputError, ThemeError
from feeds.publishing import theming
from feeds.publishing.pages import Pages
from sample_pages import feed


def themed(folder: Path, **files: str | bytes) -> Pages:
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return Pages(folder, has_articles=True)


def test_a_themes_templates_are_used_first_and_may_build_on_ours(tmp_path: Path) -> None:
    base = '{% extends "feedmill/base.html" %}{% block footer %}<p>Of the guild.</p>{{ super() }}{% endblock %}'
    pages = themed(tmp_path, base_html=base)
    for page in (pages.front(feed()), pages.subscribe(feed()), pages.article(article(), feed())):
        assert "Of the guild." in words(read(page).find("body/footer"))
    assert sorted(each.name for each in tmp_path.rglob("*")) == ["base.html"]  # nothing is written beside it


def test_a_theme_can_say_it_in_other_words(tmp_path: Path) -> None:
    spoken = '{% set languages = {"de": {"subscribe": "Abonnieren"}, "zh": {"subscribe": "來訂"}} %}'
    pages = themed(tmp_path, words_html=spoken)
    german, chinese = (read(pages.front(feed(language=each))) for each in ("de-AT", "zh-Hant"))
    assert words(german.find(".//p[@class='subscribe']")) == "Abonnieren"
    assert words(german.find(".//main/p")) == "There are no articles yet."
    assert words(chinese.find(".//p[@class='subscribe']")) == "來訂"
    assert words(chinese.find(".//main/p")) == "还没有文章。"


def test_what_a_theme_prints_is_escaped(tmp_path: Path) -> None:
    pages = themed(tmp_path, front_html="{{ feed.title }}{{ article_title | default('<i>') }}")
    assert pages.front(feed(title="<script>")) == b"&lt;script&gt;&lt;i&gt;"


@pytest.mark.parametrize(
    ("files", "place", "reason"),
    [
        ({"front_html": "one\n{% if %}"}, "front.html:2", "Expected an expression"),
        ({"front_html": "one\n\n{{ feed.titel }}"}, "front.html:3", "has no attribute 'titel'"),
        ({"front_html": "{{ nothing.at.all }}"}, "front.html:1", "'nothing' is undefined"),
        ({"front_html": "\n{{ 1 / 0 }}"}, "front.html:2", "division by zero"),
        ({"front_html": "\n{% include 'none.html' %}"}, "front.html:2", "there is no template 'none.html'"),
        ({"front_html": "\n\n{{ feed.articles() }}"}, "front.html:3", "not callable"),
        ({"front_html": b"one\n\xff"}, "front.html:2", "not UTF-8"),
        ({"front_html": "{% include 'mine.html' %}", "mine_html": "\n\n{{ x }}"}, "mine.html:3", "'x' is undefined"),
        ({"base_html": "\n{{ words.subscripe }}"}, "base.html:2", "has no attribute 'subscripe'"),
        ({"front_html": "{% include 'front.html' %}"}, "front.html:1", "recursion"),
        ({"words_html": "\n{% set languages = {"}, "words.html:2", "unexpected"),
    ],
)
def test_a_template_that_fails_is_told_with_its_file_and_line(
    tmp_path: Path, files: dict[str, Any], place: str, reason: str
) -> None:
    with pytest.raises(ThemeError) as failed:
        themed(tmp_path, **files).front(feed())
    assert str(failed.value).startswith(f"{tmp_path}/{place}: ")
    assert reason in str(failed.value)
    assert "; mend it" in str(failed.value)
    assert isinstance(failed.value, OutputError)


def test_a_template_that_fails_leaves_the_other_pages_standing(tmp_path: Path) -> None:
    pages = themed(tmp_path, article_html="{{ nonsense }}")
    with pytest.raises(ThemeError):
        pages.article(article(), feed())
    assert pages.front(feed(article())) == Pages(has_articles=True).front(feed(article()))


def test_a_theme_brings_its_own_style_and_more(tmp_path: Path) -> None:
    pages = themed(
        tmp_path, assets__style_css="p {}", assets__fonts__mill_woff2=b"\x00", assets___hidden="", note_txt=""
    )
    found = pages.assets()
    assert set(found) == {"assets/style.css", "assets/icon.svg", "assets/fonts/mill.woff2"}
    assert found["assets/style.css"] == b"p {}"
    assert set(Pages().assets()) == {"assets/style.css", "assets/icon.svg"}


def test_a_theme_that_is_gone_is_feedmills_own(tmp_path: Path) -> None:
    pages = Pages(tmp_path / "gone")
    assert pages.front(feed()) == Pages().front(feed())
    assert pages.assets() == Pages().assets()


def test_a_theme_that_changes_can_be_told(tmp_path: Path) -> None:
    themed(tmp_path, front_html="one", assets__style_css="p {}")
    (tmp_path / os.fsdecode(b"caf\xe9.html")).touch()
    seen = [theming.digest(tmp_path), theming.digest(tmp_path)]
    for files in ({"front_html": "two"}, {"assets__style_css": "a {}"}, {"parts_html": ""}):
        themed(tmp_path, **files)
        seen.append(theming.digest(tmp_path))
    assert seen[0] == seen[1]
    assert len(set(seen)) == 4
    assert theming.digest(None) == theming.digest(tmp_path / "gone") not in seen


def test_our_style_asks_nothing_of_others() -> None:
    style = Pages().assets()["assets/style.css"].decode()
    assert "@import" not in style
    assert "url(" not in style
