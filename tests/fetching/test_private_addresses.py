"""Private addresses are asked only where the config allows it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from asking import body, fetch, local, problem

from builders import source
from feeds import fetching
from feeds.clock import SystemClock
from feeds.fetching import http
from feeds.fetching.politeness import PerHost
from feeds.records import Fetched, SourceState, replace
from origin import Origin, answer, feed


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "0"],
)
def test_a_private_address_is_refused_however_it_is_written(origin: Origin, host: str) -> None:
    url = f"http://{host}:{origin.port}/feed.xml"
    result = fetch(source(url=url, timeout=timedelta(seconds=5)))
    assert "allow_private_addresses" in problem(result)
    assert not origin.requests


def test_a_redirect_to_a_private_address_is_refused(origin: Origin) -> None:
    with Origin() as inside:
        inside.play("/feed.xml", answer(body=feed("secret")))
        origin.play("/a", answer("302 Found", Location=inside.url()))
        only_first = replace(local(origin.url("/a")), allow_private_addresses=(f"127.0.0.1:{origin.port}",))
        assert "allow_private_addresses" in problem(fetch(only_first))
        assert not inside.requests


def test_a_connection_opened_under_an_exception_is_not_lent_to_others(origin: Origin) -> None:
    url = origin.play("/feed.xml", answer(body=feed("a")))
    trusted = local(url, name="trusted")
    others = [source(name=f"other{n}", url=f"{url}?{n}", timeout=timedelta(seconds=5)) for n in range(3)]
    one_by_one = http.Manners(per_host=PerHost(connections=1, spacing=timedelta(0)))
    results = {
        each.name: result
        for each, result in fetching.fetch(
            [(each, SourceState(name=each.name)) for each in (trusted, *others)],
            clock=SystemClock(),
            manners=one_by_one,
        )
    }
    assert isinstance(results["trusted"], Fetched)
    assert all("allow_private_addresses" in problem(results[each.name]) for each in others)


def test_a_host_may_be_allowed_by_its_name_and_port(origin: Origin) -> None:
    origin.play("/feed.xml", answer(body=feed("a")))
    url = f"http://localhost:{origin.port}/feed.xml"
    allowed = replace(local(url), allow_private_addresses=(f"localhost:{origin.port}",))
    assert body(fetch(allowed)) == feed("a")
    assert "no public address" in problem(fetch(replace(allowed, allow_private_addresses=("localhost:1",))))
