"""What `private` of a category may say, and what else it forbids."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import config
from feeds import settings

PATH = "q7zr0w2m9k4x8v1t5n3b"
OTHER_PATH = "h2d6s0f8j4l1a9g3c7y5"


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{path: short}", "private.path: an address of less than 20 characters can be guessed"),
        ("{path: Not/A/Slug/At/All/Not/At/All}", "private.path: no address; write lower-case letters"),
        ("{user: 'a:b', password: correct-horse}", "private.user: a user's name is on one line, without a colon"),
        ("{user: a, password: short}", "private.password: a password has 8 characters or more"),
        ("{user: a}", "private: lacks the password; write {path: ADDRESS}"),
        ("{password: correct-horse}", "private: lacks the user; write {path: ADDRESS}"),
        (f"{{path: {PATH}, user: a, password: correct-horse}}", "private: an address and a password at once; keep"),
        ("{}", "private: says not how; write {path: ADDRESS}"),
        ("true", "private: true or false where a mapping is wanted"),
        ("{pth: x}", "private.pth: unknown key; did you mean path?"),
    ],
)
def test_check_says_what_is_wrong_and_what_would_help(tmp_path: Path, written: str, told: str) -> None:
    path = config(tmp_path, f"categories:\n  - News\n  - {{name: Board, private: {written}}}\n")
    with pytest.raises(settings.loading.SettingsError) as refused:
        settings.load(path, environ={})
    assert f"config.yaml:3: categories[1].{told}" in str(refused.value)
    assert not [secret for secret in ("correct-horse", PATH, "Not/A") if secret in str(refused.value)]


def test_addresses_are_told_apart_and_private_files_never_lie_among_public_ones(tmp_path: Path) -> None:
    listed = [f"{{name: A, private: {{path: {PATH}}}}}", f"{{name: B, slug: {PATH}}}", "{name: C, slug: staff}"]
    listed += [
        "{name: Staff, private: {user: ombudsman, password: correct-horse}}",
        f"{{name: E, slug: e, private: {{path: {OTHER_PATH}}}}}",
    ]
    lines = "\n".join(f"  - {one}" for one in listed)
    path = config(tmp_path, f"output: site\nprivate_output: site/private\ncategories:\n{lines}\n")
    with pytest.raises(settings.loading.SettingsError) as refused:
        settings.load(path, environ={})
    told = str(refused.value)
    assert "config.yaml:2: private_output: lies in the published tree" in told
    assert "categories[0].private: its address is that of the category on line 5" in told
    assert "categories[3].private: its address is that of the category on line 6" in told
    assert "categories[4].slug: its address is private.path" in told
    assert OTHER_PATH not in told


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("output: /", "1: output: this file lies in it"),
        ("output: .", "1: output: this file lies in it"),
        ("output: ..", "1: output: this file lies in it"),
        ("output: site\ndatabase: sqlite:///site/feedmill.db", "2: database: lies in `output`"),
        ("database: 'sqlite:///file:public/x.db?uri=true'", "1: database: lies in `output`"),
        ("database: 'sqlite+pysqlite:///./public/deep/../mill.db?timeout=3'", "1: database: lies in `output`"),
    ],
)
def test_neither_config_nor_store_is_published(tmp_path: Path, written: str, told: str) -> None:
    with pytest.raises(settings.loading.SettingsError) as refused:
        settings.load(config(tmp_path, f"{written}\n"), environ={})
    assert f"config.yaml:{told}" in str(refused.value)


@pytest.mark.parametrize("written", ["output: ./site", "database: sqlite:///public.db", "database: 'sqlite://'"])
def test_what_lies_beside_is_good(tmp_path: Path, written: str) -> None:
    assert settings.load(config(tmp_path, f"{written}\n"), environ={})
