"""Parts of a file."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from served import Served

from feeds.serving import files
from feeds.serving.ranges import part

CONTENT = bytes(range(256)) * 8


@pytest.fixture
def published(served: Served) -> Served:
    served.put("assets/sound.bin", CONTENT)
    served.put("atom.xml", CONTENT)
    return served


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("bytes=0-0", (0, 0)),
        ("bytes=10-", (10, 2047)),
        ("bytes=-5", (2043, 2047)),
        ("bytes=-5000", (0, 2047)),
        ("bytes=5-99999", (5, 2047)),
        ("BYTES = 1 - 2", (1, 2)),
        ("bytes=0-1,4-5", None),
        ("bytes=5-4", None),
        ("bytes=-", None),
        ("lines=0-1", None),
        ("bytes=a-b", None),
        ("bytes=" + "9" * 400 + "-", None),
        ("", None),
    ],
)
def test_one_range_is_a_part_and_anything_odd_is_the_whole(asked: str, expected: tuple[int, int] | None) -> None:
    assert part(asked, len(CONTENT)) == expected


@pytest.mark.parametrize("asked", ["bytes=2048-", "bytes=99999-100000", "bytes=-0"])
def test_bytes_that_there_are_not_cannot_be_had(published: Served, asked: str) -> None:
    answer = published.ask("/assets/sound.bin", Range=asked)
    assert (answer.status, answer.headers["content-range"]) == (416, "bytes */2048")


def test_an_empty_file_has_no_range(served: Served) -> None:
    served.put("empty.txt", b"")
    assert served.ask("/empty.txt", Range="bytes=0-0").status == 416
    assert served.ask("/empty.txt").body == b""


def test_a_part_says_which_it_is(published: Served) -> None:
    whole = published.ask("/assets/sound.bin")
    assert whole.headers["accept-ranges"] == "bytes"
    got = published.ask("/assets/sound.bin", Range="bytes=100-199")
    assert (got.status, got.body) == (206, CONTENT[100:200])
    assert got.headers["content-range"] == "bytes 100-199/2048"
    assert got.headers["content-length"] == "100"
    assert got.headers["etag"] == whole.headers["etag"]


def test_several_ranges_and_head_give_the_whole(published: Served) -> None:
    assert published.ask("/assets/sound.bin", Range="bytes=0-1,5-6").body == CONTENT
    head = published.ask("/assets/sound.bin", "HEAD", Range="bytes=0-1")
    assert (head.status, head.headers["content-length"]) == (200, "2048")


def test_a_part_is_given_only_of_the_file_it_began_with(published: Served) -> None:
    whole = published.ask("/assets/sound.bin").headers
    for same in (whole["etag"], whole["last-modified"], f" {whole['etag']} "):
        assert published.ask("/assets/sound.bin", Range="bytes=0-1", If_Range=same).status == 206
    for other in ("", '"other"', f"W/{whole['etag']}", "Sun, 09 Sep 2001 01:46:40 GMT", "nonsense"):
        got = published.ask("/assets/sound.bin", Range="bytes=0-1", If_Range=other)
        assert (got.status, got.body) == (200, CONTENT)


def test_conditions_come_before_ranges(published: Served) -> None:
    etag = published.ask("/assets/sound.bin").headers["etag"]
    assert published.ask("/assets/sound.bin", Range="bytes=0-1", If_None_Match=etag).status == 304


def test_a_part_is_of_the_bare_bytes(published: Served) -> None:
    got = published.ask("/atom.xml", Range="bytes=0-9", Accept_Encoding="gzip, br")
    assert (got.status, got.body) == (206, CONTENT[:10])
    assert "content-encoding" not in got.headers
    gzipped = published.ask("/atom.xml", Accept_Encoding="gzip").headers["etag"]
    assert published.ask("/atom.xml", Range="bytes=0-9", If_Range=gzipped, Accept_Encoding="gzip").body == CONTENT


def test_a_file_too_large_for_the_memory_is_sent_whole_and_in_parts(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(files, "CAPACITY", 1_000_000)
    served = serve()
    content = CONTENT * 2_000  # four chunks
    served.put("assets/film.bin", content)
    whole = served.ask("/assets/film.bin")
    assert whole.body == content
    part = served.ask("/assets/film.bin", Range="bytes=1000000-3500000", If_Range=whole.headers["etag"])
    assert (part.status, part.body) == (206, content[1_000_000:3_500_001])
    assert served.ask("/assets/film.bin", If_None_Match=whole.headers["etag"]).status == 304
    head = served.ask("/assets/film.bin", "HEAD")
    assert head.headers["content-length"] == str(len(content))
