"""What the server holds in memory."""

from __future__ import annotations

from pathlib import Path

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
