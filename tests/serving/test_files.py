"""What the server holds in memory."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from served import Served
from structlog.testing import capture_logs

from feeds.publishing import output
from feeds.serving import files as files_module
from feeds.serving.files import File, Files


def find(files: Files, folder: Path, name: str) -> File:
    found = files.find(folder, f"/{name}")
    assert isinstance(found, File)
    return found


def published(folder: Path, **sizes: int) -> Path:
    for name, size in sizes.items():
        (folder / name).write_bytes(b"x" * size)
    return folder


def test_a_file_is_read_once_as_long_as_it_stays(tmp_path: Path) -> None:
    files, folder = Files(), published(tmp_path, a=10)
    first = find(files, folder, "a")
    assert find(files, folder, "a") is first
    published(tmp_path, a=11)
    assert len(find(files, folder, "a").content) == 11


def test_the_file_that_nobody_asked_for_longest_makes_room(tmp_path: Path) -> None:
    files, folder = Files(capacity=25), published(tmp_path, a=10, b=10, c=10)
    a, b = find(files, folder, "a"), find(files, folder, "b")
    assert find(files, folder, "a") is a
    find(files, folder, "c")
    assert find(files, folder, "a") is a
    assert find(files, folder, "b") is not b


def test_a_file_larger_than_the_memory_is_not_held_and_drives_nothing_out(tmp_path: Path) -> None:
    files, folder = Files(capacity=25), published(tmp_path, a=10, large=26)
    a, large = find(files, folder, "a"), find(files, folder, "large")
    assert large.is_large
    assert (large.content, large.size) == (b"", 26)
    assert find(files, folder, "large").etag == large.etag
    assert find(files, folder, "a") is a
    published(tmp_path, large=27)
    assert find(files, folder, "large").etag != large.etag


def test_a_file_that_grows_again_and_again_counts_once(tmp_path: Path) -> None:
    files, folder = Files(capacity=25), published(tmp_path, a=10)
    a = find(files, folder, "a")
    for size in range(1, 15):
        find(files, published(tmp_path, b=size), "b")
    assert find(files, folder, "a") is a


def test_so_many_ways_to_write_a_path_are_remembered_and_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files_module, "_PATHS", 3)
    files, folder = Files(), published(tmp_path, abcd=10)
    for spelt in ("abcd", "%61bcd", "a%62cd", "ab%63d", "abc%64"):
        find(files, folder, spelt)
    assert [spelt for _, spelt in files._paths] == ["/a%62cd", "/ab%63d", "/abc%64"]
    (tmp_path / ("x" * 200)).write_bytes(b"x")
    find(files, folder, "%78" * 200)
    assert [spelt for _, spelt in files._paths] == ["/a%62cd", "/ab%63d", "/abc%64"]


def test_a_variant_that_comes_later_is_noticed(tmp_path: Path) -> None:
    files, path = Files(), tmp_path / "atom.xml"
    output.put(tmp_path, "atom.xml", b"<feed/>" * 1_000)
    aside = [path.with_name(path.name + suffix) for suffix in (".gz", ".br")]
    for each in aside:
        each.rename(f"{each}.aside")
    first = find(files, tmp_path, "atom.xml")
    assert (list(first.representations), find(files, tmp_path, "atom.xml")) == (["identity"], first)
    for each in aside:
        Path(f"{each}.aside").rename(each)
    mended = find(files, tmp_path, "atom.xml")
    assert set(mended.representations) == {"identity", "gzip", "br"}
    assert find(files, tmp_path, "atom.xml") is mended


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.EIO, errno.EACCES, errno.ENOMEM])
def test_what_cannot_be_read_now_is_not_missing(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def fails(path: str, *_how: object) -> int:
        raise OSError(number, os.strerror(number), path)

    served = serve()
    served.put("atom.xml", b"one")
    with capture_logs() as told, monkeypatch.context() as patched:
        patched.setattr(files_module.os, "open", fails)  # the system's, which is the far end here
        answers = [served.ask("/atom.xml") for _ in range(3)]
    assert {(each.status, each.headers["retry-after"]) for each in answers} == {(503, "30")}
    assert str(served.folder) not in answers[0].text
    assert [line["problem"] for line in told if line["log_level"] == "error"] == [os.strerror(number)]
    assert served.ask("/atom.xml").body == b"one"
    assert served.ask("/" + "a" * 300).status == served.ask("/atom.xml/x").status == 404
