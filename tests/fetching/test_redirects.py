"""Redirects: followed, told, and refused where they lead to nowhere good."""

from __future__ import annotations

import socket

import pytest
from asking import fetch, local, problem

from feeds.records import Fetched
from origin import Origin, answer, feed


def test_redirects_are_followed_and_relative_ones_too(origin: Origin) -> None:
    origin.play("/a", answer("301 Moved Permanently", Location="/b?x=1#frag"))
    origin.play("/b?x=1", answer("302 Found", Location=origin.url("/c")))
    origin.play("/c", answer("307 Temporary Redirect", Location="d"))
    origin.play("/d", answer(body=feed("a")))
    result = fetch(local(origin.url("/a")))
    assert isinstance(result, Fetched)
    assert result.bodies[0].url == origin.url("/d")


def test_redirects_in_circles_end(origin: Origin) -> None:
    origin.play("/a", answer("302 Found", Location="/b"))
    origin.play("/b", answer("302 Found", Location="/a"))
    assert "circles" in problem(fetch(local(origin.url("/a"))))
    assert [request.path for request in origin.requests] == ["/a", "/b"]


def test_redirects_without_end_are_not_followed_for_ever(origin: Origin) -> None:
    for number in range(20):
        origin.play(f"/{number}", answer("302 Found", Location=f"/{number + 1}"))
    assert "more than 10 redirects" in problem(fetch(local(origin.url("/0"))))
    assert len(origin.requests) == 11


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "data:text/xml,x"])
def test_a_redirect_to_anything_but_http_is_refused(origin: Origin, target: str) -> None:
    origin.play("/a", answer("302 Found", Location=target))
    assert "neither http nor https" in problem(fetch(local(origin.url("/a"))))


def test_secrets_for_one_origin_are_not_taken_to_another(origin: Origin) -> None:
    with Origin() as other:
        other.play("/feed.xml", answer(body=feed("a")))
        origin.play("/a", answer("302 Found", Location=other.url()))
        fetch(local(origin.url("/a"), auth="Basic c2VjcmV0", headers=(("X-Key", "secret"),)))
        assert origin.requests[0].headers["authorization"] == "Basic c2VjcmV0"
        assert origin.requests[0].headers["x-key"] == "secret"
        assert not {"authorization", "x-key"} & other.requests[0].headers.keys()


def test_permanent_redirects_are_told_up_to_the_first_temporary_one(origin: Origin) -> None:
    origin.play("/a", answer("301 Moved", Location="/b"))
    origin.play("/b", answer("308 Moved", Location="/c"))
    origin.play("/c", answer("302 Found", Location="/d"))
    origin.play("/d", answer("301 Moved", Location="/e"))
    origin.play("/e", answer(body=feed("a")))
    result = fetch(local(origin.url("/a")))
    assert isinstance(result, Fetched)
    assert (result.moved_to, result.bodies[0].url) == (origin.url("/c"), origin.url("/e"))


def test_what_is_wrong_where_a_redirect_leads_is_told_of_that_place(origin: Origin) -> None:
    origin.play("/a", answer("301 Moved Permanently", Location="/nowhere?token=s3cret"))
    origin.play("/nowhere?token=s3cret", answer("404 Not Found"))
    told = problem(fetch(local(origin.url("/a"))))
    assert told.startswith(f"it redirects to {origin.url('')}, and there: 404: no such address")
    assert "s3cret" not in told


def test_a_connection_that_fails_where_a_redirect_leads_is_told_of_that_place(origin: Origin) -> None:
    with socket.socket() as closed:  # bound and not listening: nobody else gets the port meanwhile
        closed.bind(("127.0.0.1", 0))
        elsewhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
        origin.play("/a", answer("302 Found", Location=f"{elsewhere}/feed"))
        told = problem(fetch(local(origin.url("/a"))))
    assert told.startswith(f"it redirects to {elsewhere}, and there: its server refused the connection")
