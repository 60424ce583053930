"""Short requests that are no fetch: to hubs, and to those who subscribed at ours. A few at once, none for long.

Whoever names the address is a stranger: each connection is guarded as a source's is, redirects are not followed, and
next to nothing of an answer is read.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator, Sequence
from typing import Any, Generic, TypeAlias, TypeVar
from urllib.parse import urlsplit

import pycurl
from msgspec import Struct, field

from feeds.clock import Clock
from feeds.fetching.guard import is_allowed
from feeds.fetching.politeness import HostQueues, PerHost
from feeds.fetching.transfer import CURL_ERRORS, MAX_HEADER_BYTES, Socket, new_handle
from feeds.records import Discreet

K = TypeVar("K")

SECONDS = 10.0  # for a whole exchange
AT_ONCE = 20
MAX_ANSWER = 4_096  # bytes: a challenge, or a word on what was wrong
SHORTLY = 0.02  # seconds between two looks at a name that is looked up
LOOK = 0.25  # seconds between two looks at whether to stop


class Call(Discreet, Generic[K], frozen=True, kw_only=True):
    """One request, a GET where there is no body; `about` is the caller's own."""

    hidden = ("url", "body")

    about: K
    url: str
    body: bytes | None = None
    headers: tuple[tuple[str, str], ...] = ()
    allowed: bool | tuple[str, ...] = False  # addresses that may be connected to beside the public ones


class Reply(Struct, frozen=True, kw_only=True):
    """What came back: status 0 and a problem in words, where nothing did."""

    status: int = 0
    content: bytes = b""
    location: str = ""
    problem: str = ""

    @property
    def is_good(self) -> bool:
        return 200 <= self.status < 300

    @property
    def told(self) -> str:
        """What was wrong, in words that name no address."""
        return self.problem or f"it answered {self.status}"


class Post(Struct, frozen=True, kw_only=True):
    """How requests are made. Nothing is begun once `until` has passed, by the monotonic clock, and `stopping` breaks
    off what is under way: neither has a reply then."""

    user_agent: str
    per_host: PerHost = field(default_factory=PerHost)
    clock: Clock
    seconds: float = SECONDS
    until: float = math.inf
    stopping: threading.Event = field(default_factory=threading.Event)

    def send(self, calls: Sequence[Call[K]]) -> Iterator[tuple[Call[K], Reply]]:
        """Each with its reply, in the order in which they arrive: a slow one keeps no other waiting."""
        waiting: HostQueues[Call[K]] = HostQueues(self.per_host)
        for call in calls:
            waiting.put(_host(call.url), call)
        multi = pycurl.CurlMulti()
        active: _Active[K] = {}
        try:
            while not self.stopping.is_set():
                yield from self._start(multi, active, waiting)
                next_at = waiting.next_at() if self._has_time() and len(active) < AT_ONCE else None
                if not active and next_at is None:
                    return
                multi.perform()
                if ended := list(_ended(multi)):
                    for curl, error in ended:
                        yield self._end(multi, active, waiting, curl, error)
                else:
                    self._wait(multi, is_active=bool(active), next_at=next_at)
        finally:
            for curl in active:
                multi.remove_handle(curl)
                curl.close()
            multi.close()

    def _start(self, multi: Any, active: _Active[K], waiting: HostQueues[Call[K]]) -> Iterator[tuple[Call[K], Reply]]:
        """Begin with those that may; the reply of those that cannot."""
        while self._has_time() and len(active) < AT_ONCE and (call := waiting.take(self.clock.monotonic())):
            exchange = _Exchange(call)
            curl = new_handle()
            try:
                exchange.configure(curl, self.user_agent, self.seconds)
            except (pycurl.error, UnicodeError, ValueError):
                curl.close()
                waiting.done(_host(call.url))
                yield call, Reply(problem="its address cannot be asked")
            else:
                active[curl] = exchange
                multi.add_handle(curl)

    def _end(
        self, multi: Any, active: _Active[K], waiting: HostQueues[Call[K]], curl: pycurl.Curl, error: int | None
    ) -> tuple[Call[K], Reply]:
        exchange = active.pop(curl)
        multi.remove_handle(curl)
        reply = exchange.reply(curl, error)
        curl.close()
        waiting.done(_host(exchange.call.url))
        return exchange.call, reply

    def _wait(self, multi: Any, *, is_active: bool, next_at: float | None) -> None:
        """Until something may have happened."""
        pause = LOOK if next_at is None else min(LOOK, max(0.001, next_at - self.clock.monotonic()))
        if any(multi.fdset()):
            multi.select(pause)
        else:  # libcurl would not wait: a host is spared, or its name is being looked up
            self.stopping.wait(min(pause, SHORTLY) if is_active else pause)

    def _has_time(self) -> bool:
        return self.clock.monotonic() < self.until


class _Exchange(Generic[K]):
    """One call under way."""

    def __init__(self, call: Call[K]) -> None:
        self.call = call
        self.body = bytearray()
        self.header_bytes = 0
        self.location = ""
        self.problem = ""

    def configure(self, curl: pycurl.Curl, user_agent: str, seconds: float) -> None:
        lines = [("User-Agent", user_agent), ("Accept", "*/*"), *self.call.headers]
        curl.setopt(pycurl.URL, self.call.url.encode())
        if self.call.body is not None:
            curl.setopt(pycurl.POST, True)
            curl.setopt(pycurl.POSTFIELDS, self.call.body)
        # Without `Expect` libcurl would wait a second for a 100 that many servers never send.
        curl.setopt(pycurl.HTTPHEADER, [*(f"{name}: {value}".encode("latin-1") for name, value in lines), b"Expect:"])
        # A connection that one call was allowed to open is for no other.
        curl.setopt(pycurl.FRESH_CONNECT, True)
        curl.setopt(pycurl.FORBID_REUSE, True)
        curl.setopt(pycurl.TIMEOUT_MS, int(seconds * 1000))
        curl.setopt(pycurl.HEADERFUNCTION, self.on_header)
        curl.setopt(pycurl.WRITEFUNCTION, self.on_body)
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self.on_socket)

    def on_header(self, line: bytes) -> int | None:
        self.header_bytes += len(line)
        if self.header_bytes > MAX_HEADER_BYTES:
            return 0
        name, _colon, value = line.decode("latin-1").partition(":")
        if name.lower() == "location":
            self.location = value.strip()
        return None

    def on_body(self, chunk: bytes) -> int | None:
        """The rest of a long answer is of no interest; what was read of it is no challenge."""
        self.body += chunk[: MAX_ANSWER + 1 - len(self.body)]
        return 0 if len(self.body) > MAX_ANSWER else None

    def on_socket(self, _purpose: int, address: Any) -> Socket | int:
        ip, port = address.addr[0], address.addr[1]
        ip = ip.decode() if isinstance(ip, bytes) else ip
        if not is_allowed(ip, port, self.call.allowed, host=_host(self.call.url)):
            self.problem = "it is at no public address; if that is meant, name it in fetch.allow_private_addresses"
            return int(pycurl.SOCKET_BAD)
        return Socket(address.family, address.socktype, address.protocol)

    def reply(self, curl: pycurl.Curl, error: int | None) -> Reply:
        status = int(curl.getinfo(pycurl.RESPONSE_CODE))
        is_long = error == pycurl.E_WRITE_ERROR and len(self.body) > MAX_ANSWER  # which we broke off, but an answer
        if error is None or is_long:
            return Reply(status=status, content=bytes(self.body), location=self.location)
        if error == pycurl.E_OPERATION_TIMEDOUT:
            return Reply(problem="it gave no answer in time")
        is_refused = self.problem and error == pycurl.E_COULDNT_CONNECT
        return Reply(problem=self.problem if is_refused else CURL_ERRORS.get(error, "the request failed"))


_Active: TypeAlias = dict[pycurl.Curl, _Exchange[K]]


def _ended(multi: Any) -> Iterator[tuple[pycurl.Curl, int | None]]:
    """The handles that are done, with libcurl's error or None."""
    left = 1
    while left:
        left, succeeded, failed = multi.info_read()
        yield from ((curl, None) for curl in succeeded)
        yield from ((curl, number) for curl, number, _message in failed)


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # which libcurl will say, too
        return ""
