"""The compressed variants beside a published file: of its bytes, or not there."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import brotli
import pytest

from feeds.publishing import compressing, output

ONE, TWO = (b"<feed>" + word * 500 + b"</feed>" for word in (b" wheat", b" barley"))


def beside(folder: Path, name: str = "atom.xml") -> dict[str, bytes]:
    unpack = {".gz": gzip.decompress, ".br": brotli.decompress}
    there = {suffix: folder / f"{name}{suffix}" for suffix in unpack}
    return {suffix: unpack[suffix](path.read_bytes()) for suffix, path in there.items() if path.exists()}


def test_a_file_and_its_variants_have_one_time_and_one_content(tmp_path: Path) -> None:
    for content in (ONE, TWO):
        output.put(tmp_path, "atom.xml", content)
        assert beside(tmp_path) == {".gz": content, ".br": content}
        assert len({path.stat().st_mtime_ns for path in tmp_path.iterdir()}) == 1


def test_each_content_has_a_time_of_its_own_however_quickly_it_is_replaced(tmp_path: Path) -> None:
    times = []
    for content in (ONE, TWO) * 20:
        output.put(tmp_path, "atom.xml", content)
        times.append((tmp_path / "atom.xml").stat().st_mtime_ns)
    assert times == sorted(set(times))


@pytest.mark.parametrize(("name", "content"), [("atom.xml", b"<feed/>"), ("picture.png", ONE), ("sound.bin", ONE)])
def test_what_is_small_or_no_text_has_no_variants(tmp_path: Path, name: str, content: bytes) -> None:
    output.put(tmp_path, name, content)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_file_that_has_become_small_loses_its_variants(tmp_path: Path) -> None:
    output.put(tmp_path, "atom.xml", ONE)
    output.put(tmp_path, "atom.xml", b"<feed/>")
    assert [path.name for path in tmp_path.iterdir()] == ["atom.xml"]


def test_a_file_goes_with_its_variants(tmp_path: Path) -> None:
    output.put(tmp_path, "a/atom.xml", ONE)
    output.remove(tmp_path, "a/atom.xml")
    assert not (tmp_path / "a").exists()


def test_variants_that_are_lost_or_stale_are_written_again_and_the_file_is_not(tmp_path: Path) -> None:
    output.put(tmp_path, "atom.xml", ONE)
    before = (tmp_path / "atom.xml").stat()
    (tmp_path / "atom.xml.gz").unlink()
    os.utime(tmp_path / "atom.xml.br", ns=(0, before.st_mtime_ns - 1))
    assert not output.put(tmp_path, "atom.xml", ONE).changed
    after = (tmp_path / "atom.xml").stat()
    assert (after.st_mtime_ns, after.st_ino) == (before.st_mtime_ns, before.st_ino)
    assert beside(tmp_path) == {".gz": ONE, ".br": ONE}
    assert {path.stat().st_mtime_ns for path in tmp_path.iterdir()} == {before.st_mtime_ns}


def test_the_same_content_gives_the_same_bytes_in_any_process() -> None:
    code = "import sys; from feeds.publishing.compressing import variants\n"
    code += "for each in variants('a.xml', sys.stdin.buffer.read()).values(): sys.stdout.buffer.write(each)"
    done = subprocess.run([sys.executable, "-c", code], input=ONE, stdout=subprocess.PIPE, check=True, timeout=60)
    assert done.stdout == b"".join(compressing.variants("a.xml", ONE).values())


def test_who_is_ahead_after_a_crash_is_so_until_the_next_round_only(tmp_path: Path) -> None:
    output.put(tmp_path, "atom.xml", ONE)
    old = (tmp_path / "atom.xml").read_bytes()
    stamp = (tmp_path / "atom.xml").stat().st_mtime_ns
    output.put(tmp_path, "atom.xml", TWO)
    (tmp_path / "atom.xml").write_bytes(old)  # as if the crash had come before the last of three
    os.utime(tmp_path / "atom.xml", ns=(stamp, stamp))
    assert output.put(tmp_path, "atom.xml", TWO).changed
    assert beside(tmp_path) == {".gz": TWO, ".br": TWO}
    assert len({path.stat().st_mtime_ns for path in tmp_path.iterdir()}) == 1


def test_variants_that_were_left_unfinished_are_removed(tmp_path: Path) -> None:
    for name in (".feedmill-unfinished.gz", ".feedmill-unfinished.br"):
        (tmp_path / name).write_bytes(b"half")
    with output.writing(tmp_path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == [".feedmill.lock"]
