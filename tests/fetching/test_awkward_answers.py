"""Answers that are too large, too slow, or none."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from datetime import timedelta

import brotli
import pytest
from asking import drip, fetch, local, problem

from feeds.records import Fetched, FetchFailed, replace
from origin import Origin, Request, answer, feed


def test_an_answer_beyond_max_size_is_refused_also_as_a_bomb(origin: Origin) -> None:
    plain = origin.play("/plain", answer(body=b"x" * 2_000))
    bomb = gzip.compress(b"x" * 500_000)
    once = origin.play("/bomb", answer(body=bomb, Content_Encoding="gzip"))
    twice = origin.play("/bombs", answer(body=gzip.compress(bomb), Content_Encoding="gzip, gzip"))
    small = origin.play("/brotli", answer(body=brotli.compress(b"x" * 50_000_000), Content_Encoding="br"))
    for url in (plain, once, twice, small):
        assert "max_size" in problem(fetch(local(url, max_size=1_000)))


def test_headers_without_end_are_refused(origin: Origin) -> None:
    many = b"HTTP/1.1 200 OK\r\n" + b"X-Junk: " + b"x" * 900 + b"\r\n"
    url = origin.play("/feed.xml", many + b"X-Junk: y\r\n" * 20_000 + b"\r\n")
    assert isinstance(fetch(local(url)), FetchFailed)


@pytest.mark.parametrize(
    ("start", "chunk"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (b"", b""),
    ],
    ids=["body", "headers", "1xx", "nothing"],
)
def test_a_server_that_drips_ends_at_the_deadline(origin: Origin, start: bytes, chunk: bytes) -> None:
    def play(_request: Request) -> Iterator[bytes]:
        yield start
        yield from drip(origin, chunk)

    began = time.monotonic()
    slow = replace(local(origin.play("/feed.xml", play)), timeout=timedelta(seconds=0.6))
    assert "within 0.6 s" in problem(fetch(slow))
    assert time.monotonic() - began < 3


def test_the_deadline_is_one_for_all_hops(origin: Origin) -> None:
    def play(_request: Request) -> Iterator[bytes]:
        origin.stopping.wait(0.25)
        yield answer("302 Found", Location=f"/feed.xml?{len(origin.requests)}", Connection="close")

    slow = replace(local(origin.play("/feed.xml", play)), timeout=timedelta(seconds=0.6))
    assert "within 0.6 s" in problem(fetch(slow))


def test_early_hints_are_harmless(origin: Origin) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nETag: wrong\r\nLink: </x>\r\n\r\n"
    result = fetch(local(origin.play("/feed.xml", hints + answer(body=feed("a"), ETag='"right"'))))
    assert isinstance(result, Fetched)
    assert result.validators.etag == '"right"'


@pytest.mark.parametrize(
    "content",
    [
        answer(body=feed("a")[:-10], Content_Length=str(len(feed("a")))),
        answer(body=gzip.compress(feed("a"))[:-12], Content_Encoding="gzip"),
        answer(body=b"no gzip at all", Content_Encoding="gzip"),
        answer(body=brotli.compress(feed("a"))[:-4], Content_Encoding="br"),
        answer(body=feed("a"), Content_Encoding="sdch"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"",
        b"rubbish\r\n\r\n",
    ],
    ids=["short", "cut gzip", "no gzip", "cut brotli", "unknown", "cut chunks", "nothing", "no http"],
)
def test_a_broken_answer_is_a_failure_and_no_document(origin: Origin, content: bytes) -> None:
    def play(_request: Request) -> Iterator[bytes]:
        yield content  # and the connection is closed

    assert isinstance(fetch(local(origin.play("/feed.xml", play))), FetchFailed)
