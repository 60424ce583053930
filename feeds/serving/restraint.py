"""Clients that fetch the same again and again, and look at none of what we tell them, are asked to wait."""

from __future__ import annotations

import math
from collections import OrderedDict
from ipaddress import ip_address

from feeds.clock import Clock

TIMES = 60  # whole answers with the same bytes for one client
SECONDS = 600.0  # within which it may have so many
_REMEMBERED = 10_000  # clients and addresses; the memory of it is bounded by this


class Restraint:
    """Counts whole, identical answers to unconditional requests. Who sends back an ETag is never counted."""

    def __init__(self, clock: Clock, *, times: int = TIMES, seconds: float = SECONDS) -> None:
        self._clock = clock
        self._times = times
        self._seconds = seconds
        self._counts: OrderedDict[tuple[str, str], tuple[str, float, float]] = OrderedDict()

    def seconds_to_wait(self, client: str, address: str, etag: str, share: float = 1.0) -> int:
        """0 where the client may have it, which counts as `share` of one; else for how many seconds it is to wait."""
        now = self._clock.monotonic()
        key = (network(client), address)
        known, since, count = self._counts.get(key, ("", now, 0.0))
        if known != etag or now - since >= self._seconds:
            since, count = now, 0.0
        if count >= self._times:
            return max(1, math.ceil(since + self._seconds - now))
        self._counts[key] = (etag, since, count + share)
        self._counts.move_to_end(key)
        while len(self._counts) > _REMEMBERED:
            self._counts.popitem(last=False)
        return 0

    def seconds_left(self, client: str, address: str, etag: str = "") -> int:
        """The same without counting."""
        now = self._clock.monotonic()
        known, since, count = self._counts.get((network(client), address), ("", now, 0.0))
        is_over = count >= self._times and known == etag and now - since < self._seconds
        return max(1, math.ceil(since + self._seconds - now)) if is_over else 0


def network(client: str) -> str:
    """An IPv6 client has a whole network of addresses to ask from."""
    if ":" not in client:
        return client
    return str(int(ip_address(client.partition("%")[0])) >> 64)
