from __future__ import annotations

import os
from pathlib import Path

import pytest

from builders import source
from feeds.fetching import folder
from feeds.records import Fetched, FetchFailed, FetchResult, NotModified, SourceState


def fetch(path: Path | str, stamps: dict[str, str] | None = None, **changes: object) -> FetchResult:
    one = source(kind="folder", url="", path=str(path), **changes)
    return folder.fetch(one, SourceState(name=one.name, stamps=stamps or {}))


def names(result: FetchResult) -> list[str]:
    assert isinstance(result, Fetched)
    return [body.path for body in result.bodies]


def stamps(result: FetchResult) -> dict[str, str]:
    assert isinstance(result, Fetched)
    return {body.path: body.stamp for body in result.bodies}


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    for name in ("b.md", "a.md", "sub/c.txt", ".hidden.md", ".git/x.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"---\ntitle: {name}\n---\n")
    return tmp_path


def test_a_folder_is_read_with_its_subfolders_in_order_and_without_what_is_hidden(articles: Path) -> None:
    assert names(fetch(articles)) == ["a.md", "b.md", "sub/c.txt"]


def test_a_file_and_a_glob_are_sources_too(articles: Path) -> None:
    assert names(fetch(articles / "a.md")) == ["a.md"]
    assert names(fetch(f"{articles}/*.md")) == ["a.md", "b.md"]
    assert names(fetch(f"{articles}/**/*.txt")) == ["sub/c.txt"]


def test_a_file_whose_name_looks_like_a_glob_is_that_file(tmp_path: Path) -> None:
    (tmp_path / "[draft] a.md").write_text("x")
    assert names(fetch(tmp_path / "[draft] a.md")) == ["[draft] a.md"]


def test_an_unchanged_file_is_not_opened_again(articles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = stamps(fetch(articles))
    (articles / "a.md").write_text("---\ntitle: new\n---\n")
    opened: list[str] = []
    real = Path.open
    monkeypatch.setattr(Path, "open", lambda self, *args: opened.append(self.name) or real(self, *args))
    assert names(fetch(articles, before)) == ["a.md"]
    assert opened == ["a.md"]


def test_a_folder_where_nothing_changed_is_not_modified(articles: Path) -> None:
    assert isinstance(fetch(articles, stamps(fetch(articles))), NotModified)


def test_a_copy_with_the_old_time_and_size_is_a_change_all_the_same(articles: Path) -> None:
    before = stamps(fetch(articles))
    path = articles / "a.md"
    times = path.stat()
    path.write_text("---\ntitle: A.MD\n---\n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert names(fetch(articles, before)) == ["a.md"]


@pytest.mark.parametrize("name", ["missing", "missing/*.md", "empty"])
def test_a_place_without_files_is_a_failure_that_names_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    result = fetch(tmp_path / name)
    assert isinstance(result, FetchFailed)
    assert str(tmp_path / name) in result.problem


def test_one_unreadable_file_costs_that_file(articles: Path) -> None:
    (articles / "gone.md").symlink_to(articles / "nowhere")
    os.mkfifo(articles / "pipe.md")
    result = fetch(articles)
    assert names(result) == ["a.md", "b.md", "sub/c.txt"]
    assert isinstance(result, Fetched)
    assert [problem.split(":")[0] for problem in result.problems] == ["gone.md", "pipe.md"]


def test_a_file_beyond_max_size_is_named(articles: Path) -> None:
    (articles / "big.md").write_bytes(b"x" * 101)
    result = fetch(articles, max_size=100)
    assert isinstance(result, Fetched)
    assert result.problems == ("big.md: larger than max_size (100 bytes); raise it for this source",)


def test_what_lies_beside_the_articles_and_is_none_is_left_out_unless_it_is_named(articles: Path) -> None:
    for name in ("style.css", "logo.SVG", "build.sh"):
        (articles / name).write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
    assert names(fetch(articles)) == ["a.md", "b.md", "sub/c.txt"]
    assert names(fetch(articles / "style.css")) == ["style.css"]
    assert names(fetch(f"{articles}/*.SVG")) == ["logo.SVG"]


def test_what_is_not_ready_or_a_copy_that_an_editor_keeps_is_no_article(articles: Path) -> None:
    for name in ("a.md~", "b.md.bak", "#b.md#", "b.md.orig", "_index.md", "_drafts/d.md", "sub/_drafts/deep/e.md"):
        (articles / name).parent.mkdir(parents=True, exist_ok=True)
        (articles / name).write_text("---\ntitle: Unready\n---\nDo not print")
    assert names(fetch(articles)) == ["a.md", "b.md", "sub/c.txt"]
    assert names(fetch(f"{articles}/**/*")) == ["a.md", "b.md", "sub/c.txt"]
    assert names(fetch(articles / "_drafts")) == names(fetch(f"{articles}/_drafts/*.md")) == ["d.md"]  # if it is meant
    assert names(fetch(articles / "a.md~")) == ["a.md~"]


def test_a_picture_beside_the_articles_is_no_article(articles: Path) -> None:
    (articles / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    with (articles / "film.mp4").open("wb") as film:
        film.write(b"\0\0\0\x18ftypmp42")
        film.truncate(100_000_000)  # more than is read of any source
    (articles / "a.pdf").write_bytes(b"%PDF-1.7\n\xe2\xe3\xcf\xd3")
    (articles / "utf16.xml").write_bytes("<rss/>".encode("utf-16"))
    found = fetch(articles)
    assert isinstance(found, Fetched)
    assert (names(found), found.problems) == (["a.md", "b.md", "sub/c.txt", "utf16.xml"], ())


def test_what_tells_about_the_folder_is_no_broken_article(articles: Path) -> None:
    for name in ("README", "readme.md", "LICENSE.txt", "sub/Contributing.rst", "readmes.md"):
        (articles / name).write_text("# The desk\n")
    (articles / "sub" / "README.md").write_text("---\ntitle: One all the same\n---\n")
    assert names(fetch(articles)) == ["a.md", "b.md", "readmes.md", "sub/README.md", "sub/c.txt"]
    assert names(fetch(articles / "readme.md")) == ["readme.md"]
