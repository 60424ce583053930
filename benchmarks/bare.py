"""The yardstick: how cheap an unchanged source could be. One pycurl multi loop that asks and throws away.

python benchmarks/bare.py --sources 1000        starts a farm, prints CPU and wall time of a 304, in microseconds

It keeps what any polite client must (conditional requests, at most two connections to a host) and does nothing else:
no config, no database, no schedule. What feedmill takes beyond this is the price of what it does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pycurl
from farm import RunningFarm, running

PARALLEL = 200
PER_HOST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request to make: the address and what we know of it."""

    url: str
    etag: str = ""
    last_modified: str = ""

    @property
    def headers(self) -> list[str]:
        conditions = (("If-None-Match", self.etag), ("If-Modified-Since", self.last_modified))
        return ["Accept-Encoding: gzip, br", *(f"{name}: {value}" for name, value in conditions if value)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds for each request."""

    cpu: float
    wall: float


class Transfer:
    """A curl handle with the headers of its last answer; used for one request after another."""

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.curl = pycurl.Curl()
        self.curl.transfer = self  # type: ignore[attr-defined]
        self.curl.setopt(pycurl.WRITEFUNCTION, _discard)
        self.curl.setopt(pycurl.HEADERFUNCTION, self._header)
        self.curl.setopt(pycurl.USERAGENT, "feedmill-benchmark")
        self.curl.setopt(pycurl.PROXY, "")

    def prepare(self, asked: Asked) -> pycurl.Curl:
        self.headers = {}
        self.curl.setopt(pycurl.URL, asked.url)
        self.curl.setopt(pycurl.HTTPHEADER, asked.headers)
        return self.curl

    def answer(self) -> tuple[int, Asked]:
        """The status, and what to ask next time."""
        url = self.curl.getinfo(pycurl.EFFECTIVE_URL)
        etag, last_modified = self.headers.get("etag", ""), self.headers.get("last-modified", "")
        return self.curl.getinfo(pycurl.RESPONSE_CODE), Asked(url=url, etag=etag, last_modified=last_modified)

    def _header(self, line: bytes) -> None:
        name, colon, value = line.decode("latin-1").partition(":")
        if colon:
            self.headers[name.lower()] = value.strip()


def _discard(_data: bytes) -> None:
    pass


def ask_all(requests: Iterable[Asked]) -> list[tuple[int, Asked]]:
    """Makes all the requests, many at once, over fresh connections; answers come in any order."""
    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_MAX_HOST_CONNECTIONS, PER_HOST)
    idle, waiting, answers = [Transfer() for _ in range(PARALLEL)], list(requests), []
    while waiting or len(idle) < PARALLEL:
        while waiting and idle:
            multi.add_handle(idle.pop().prepare(waiting.pop()))
        multi.perform()
        for transfer in _finished(multi):
            answers.append(transfer.answer())
            idle.append(transfer)
        if not (waiting and idle) and len(idle) < PARALLEL:
            multi.select(1.0)
    multi.close()
    return answers


def _finished(multi: pycurl.CurlMulti) -> list[Transfer]:
    _, done, failed = multi.info_read()
    if failed:
        raise SystemExit(f"the farm did not answer: {failed[0][2]}")
    for curl in done:
        multi.remove_handle(curl)
    return [curl.transfer for curl in done]  # type: ignore[attr-defined]


def unchanged_rounds(farm: RunningFarm, *, repeat: int) -> list[Cost]:
    """What a 304 from the farm cost, in each of `repeat` rounds over all its sources."""
    known = [asked for _, asked in ask_all(Asked(url=url) for url in farm.urls())]
    return [_timed_round(known) for _ in range(repeat)]


def _timed_round(known: Sequence[Asked]) -> Cost:
    cpu, wall = time.process_time(), time.perf_counter()
    answers = ask_all(known)
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    if {status for status, _ in answers} != {304} or len(answers) != len(known):
        raise SystemExit("the farm changed during an unchanged round")
    return Cost(cpu=cpu / len(known), wall=wall / len(known))


def median(costs: Sequence[Cost]) -> Cost:
    return Cost(cpu=statistics.median(c.cpu for c in costs), wall=statistics.median(c.wall for c in costs))


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what a 304 costs a bare pycurl multi loop.")
    parser.add_argument("--sources", type=int, default=1000)
    parser.add_argument("--repeat", type=int, default=5)
    options = parser.parse_args()
    with running(sources=options.sources) as farm:
        cost = median(unchanged_rounds(farm, repeat=options.repeat))
    print(json.dumps({"cpu_us": round(cost.cpu * 1e6, 1), "wall_us": round(cost.wall * 1e6, 1)}))


if __name__ == "__main__":
    main()
