"""Requests to an origin of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from builders import source
from feeds import fetching
from feeds.clock import SystemClock
from feeds.fetching import http
from feeds.fetching.politeness import PerHost
from feeds.records import Fetched, FetchFailed, FetchResult, Source, SourceState
from origin import Origin

QUICK = http.Manners(user_agent="feedmill/test (+https://mill.example/)", per_host=PerHost(spacing=timedelta(0)))


def local(url: str, **changes: object) -> Source:
    return source(url=url, allow_private_addresses=True, timeout=timedelta(seconds=5), **changes)


def fetch(one: Source, state: SourceState | None = None, manners: http.Manners = QUICK) -> FetchResult:
    ((_source, result),) = fetching.fetch(
        [(one, state or SourceState(name=one.name))], clock=SystemClock(), manners=manners
    )
    return result


def problem(result: FetchResult) -> str:
    assert isinstance(result, FetchFailed), result
    return result.problem


def body(result: FetchResult) -> bytes:
    assert isinstance(result, Fetched), result
    return result.bodies[0].content


def drip(origin: Origin, chunk: bytes) -> Iterator[bytes]:
    for _ in range(200):
        yield chunk
        if origin.stopping.wait(0.05):
            return
