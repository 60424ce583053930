from __future__ import annotations

import sys

import pytest

from feeds.normalizing import languages


@pytest.mark.parametrize(
    ("said", "tag"),
    [
        ("en", "en"), ("EN-us", "en-US"), ("zh_hant_tw", "zh-Hant-TW"), (" de ", "de"), ("sl-rozaj", "sl-rozaj"), ("fil", "fil"),
        ("English", ""), ("en_US.UTF-8", ""), ("", ""), ("x", ""), ("e n", ""), ("javascript:x", ""), ("en\n", "en"),
        ("en-" + "a" * 9, ""), ("en" + "-a" * 9, ""), ("中文", ""), ("und", ""), ("UND-Latn", ""), ("undo", ""),
    ],
)  # fmt: skip
def test_a_language_tag_has_its_usual_capitals_or_is_none(said, tag):
    assert languages.tidy(said) == tag


def test_a_text_too_short_to_tell_is_not_looked_at(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(languages, "_identifier", lambda: pytest.fail("loaded"))
    assert languages.detect("Too short.") == ""


def test_without_the_detect_extra_no_language_is_guessed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "py3langid", None)
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)
    languages._identifier.cache_clear()
    assert languages.detect("A text that is long enough for anyone to tell which language it is in.") == ""
    languages._identifier.cache_clear()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Der Gemeinderat hat am Abend über den neuen Haushalt beraten und ihn schließlich angenommen.", "de"),
        (
            "市政府昨日公布了新的预算方案，预计明年将增加对公共交通和教育的投入，同时减少行政开支，以应对经济放缓。",
            "zh",
        ),
    ],
)
def test_with_the_detect_extra_the_text_tells(text, language):
    assert languages.detect(text) == language
