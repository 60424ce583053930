from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from feeds.errors import OutputError
from feeds.publishing import output


def test_a_file_is_replaced_only_when_its_bytes_moved(tmp_path: Path) -> None:
    first = output.put(tmp_path, "a/atom.xml", b"one")
    stamp = (tmp_path / "a/atom.xml").stat().st_mtime_ns
    same = output.put(tmp_path, "a/atom.xml", b"one")
    assert (first.changed, same.changed, same.etag) == (True, False, first.etag)
    assert (tmp_path / "a/atom.xml").stat().st_mtime_ns == stamp
    assert output.put(tmp_path, "a/atom.xml", b"two").etag != first.etag


def test_a_published_file_can_be_read_by_the_web_server(tmp_path: Path) -> None:
    old = os.umask(0o022)
    try:
        output.put(tmp_path, "atom.xml", b"one")
    finally:
        os.umask(old)
    assert (tmp_path / "atom.xml").stat().st_mode & 0o777 == 0o644


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    whole = {bytes([letter]) * 300_000 for letter in b"abcd"}
    output.put(tmp_path, "atom.xml", b"a" * 300_000)
    seen, stopping = set(), threading.Event()

    def look() -> None:
        while not stopping.is_set():
            seen.add((tmp_path / "atom.xml").read_bytes())

    looking = threading.Thread(target=look)
    looking.start()
    for _ in range(20):
        for content in sorted(whole):
            output.put(tmp_path, "atom.xml", content)
    stopping.set()
    looking.join()
    assert seen <= whole


def test_what_a_killed_process_left_unfinished_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".feedmill-unfinished").write_bytes(b"half")
    with output.writing(tmp_path):
        pass
    assert sorted(path.name for path in tmp_path.rglob("*") if path.is_file()) == [".feedmill.lock"]


def test_one_process_writes_at_a_time_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    code = "import sys,time; from pathlib import Path; from feeds.publishing import output\n"
    code += "with output.writing(Path(sys.argv[1])): print('in', flush=True); time.sleep(60)"
    other = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == b"in\n"
    entered = threading.Event()

    def enter() -> None:
        with output.writing(tmp_path):
            entered.set()

    waiting = threading.Thread(target=enter)
    waiting.start()
    assert not entered.wait(0.3)
    other.kill()
    other.wait()
    other.stdout.close()
    assert entered.wait(5)
    waiting.join()


@pytest.mark.parametrize("link", ["public", "public/a"])
def test_a_link_to_what_is_not_mounted_is_told_as_that(tmp_path: Path, link: str) -> None:
    public = tmp_path / "public"
    if link != "public":
        public.mkdir()
    (tmp_path / link).symlink_to(tmp_path / "disk")
    with (
        pytest.raises(OutputError, match=f"{tmp_path / link}: a link that leads nowhere; mount"),
        output.writing(public),
    ):
        output.put(public, "a/atom.xml", b"one")


@pytest.mark.parametrize(
    ("prepare", "word"),
    [
        (lambda folder: (folder / "a").write_bytes(b"x"), "a file stands where a folder should be"),
        (lambda folder: (folder / "a/atom.xml").mkdir(parents=True), "a folder stands where this file should be"),
    ],
)
def test_what_cannot_be_written_is_named_with_what_would_help(tmp_path: Path, prepare, word: str) -> None:  # type: ignore[no-untyped-def]
    prepare(tmp_path)
    with pytest.raises(OutputError, match=word) as caught:
        output.put(tmp_path, "a/atom.xml", b"one")
    assert str(tmp_path) in str(caught.value)


def test_a_full_disk_keeps_the_last_good_file(tmp_path: Path) -> None:
    full = Path("/dev/full")
    if not full.exists():
        pytest.skip("this system has no /dev/full")
    output.put(tmp_path, "atom.xml", b"good")
    (tmp_path / ".feedmill-unfinished").symlink_to(full)
    with pytest.raises(OutputError, match="free some space"):
        output.put(tmp_path, "atom.xml", b"new")
    assert (tmp_path / "atom.xml").read_bytes() == b"good"
