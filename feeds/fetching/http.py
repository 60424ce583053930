"""Sources on the web, through libcurl's multi interface: hundreds of transfers at once in one thread.

libcurl speaks HTTP; the manners are ours: conditional requests, redirects hop by hop, the guard on every connection,
one deadline and one size cap for a source, spacing by host.
"""

from __future__ import annotations

import contextlib
import queue
import selectors
import socket
import threading
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urljoin, urlsplit

import pycurl

from feeds.clock import Clock
from feeds.fetching.answers import Answer, read_answer
from feeds.fetching.certificates import ca_bundle
from feeds.fetching.compression import ACCEPTED, too_large
from feeds.fetching.guard import is_allowed
from feeds.fetching.politeness import HostQueues, PerHost
from feeds.records import FetchFailed, FetchResult, Source, SourceState

MAX_TRANSFERS = 100  # at once
MAX_UNREAD = 100  # finished, and not yet taken by the caller: bounds memory where parsing is slower than the web
MAX_HOPS = 10
MAX_HEADER_BYTES = 100_000

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, text/html;q=0.3, */*;q=0.1"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How we present ourselves, and what a host is spared."""

    user_agent: str = "feedmill"
    per_host: PerHost = field(default_factory=PerHost)


def fetch(
    claimed: Sequence[tuple[Source, SourceState]], *, clock: Clock, manners: Manners
) -> Generator[tuple[Source, FetchResult]]:
    """What each source answers, in the order in which the answers are complete.

    Transfers go on in a thread of their own while the caller works on a result, so that slow work here costs no
    source its deadline. Closing the generator ends them.
    """
    if not claimed:
        return
    unread: queue.Queue[tuple[Source, FetchResult] | BaseException] = queue.Queue()
    loop = _Loop(claimed, unread, clock=clock, manners=manners)
    thread = threading.Thread(target=loop.run, name="feedmill-fetching", daemon=True)
    thread.start()
    try:
        for _ in claimed:
            result = unread.get()
            if isinstance(result, BaseException):
                raise result
            yield result
            loop.unread_taken()
    finally:
        loop.stop()
        thread.join()


class _Socket(socket.socket):
    """pycurl duplicates the descriptor it is given and lets this object go, which must take its own along."""

    def __del__(self) -> None:
        self.close()


class _Transfer:
    """One source's fetch: all hops of it, within one deadline."""

    def __init__(self, source: Source, state: SourceState) -> None:
        self.source = source
        self.state = state
        self.url = source.url
        self.hops = 0
        self.deadline = 0.0
        self.begin_answer()

    @property
    def host(self) -> str:
        return urlsplit(self.source.url).hostname or ""

    def begin_answer(self) -> None:
        self.status_line = ""
        self.headers: list[tuple[str, str]] = []
        self.header_bytes = 0
        self.body = bytearray()
        self.refusal = ""

    def on_header(self, line: bytes) -> int | None:
        self.header_bytes += len(line)
        if self.header_bytes > MAX_HEADER_BYTES:
            return self.refuse(f"headers of more than {MAX_HEADER_BYTES:,} bytes; its server is broken or hostile")
        text = line.decode("latin-1").rstrip("\r\n")  # opaque: every byte comes back as it was
        if text.startswith("HTTP/"):  # the answer proper after a 1xx, such as 103 Early Hints
            self.status_line, self.headers = text, []
        elif ":" in text:
            name, _colon, value = text.partition(":")
            self.headers.append((name.strip().lower(), value.strip()))
        return None

    def on_body(self, chunk: bytes) -> int | None:
        if len(self.body) + len(chunk) > self.source.max_size:
            return self.refuse(too_large(self.source.max_size))
        self.body += chunk
        return None

    def on_socket(self, _purpose: int, address: Any) -> _Socket | int:
        ip, port = address.addr[0], address.addr[1]
        ip = ip.decode() if isinstance(ip, bytes) else ip
        if not self.source.proxy and not is_allowed(ip, port, self.source.allow_private_addresses):
            self.refuse(
                f"{urlsplit(self.url).hostname} is at {ip}, which is no public address; "
                "if that is meant, name it in allow_private_addresses"
            )
            return int(pycurl.SOCKET_BAD)
        return _Socket(address.family, address.socktype, address.protocol)

    def refuse(self, problem: str) -> int:
        """Give up for a reason of ours; 0 bytes taken tells libcurl."""
        self.refusal = self.refusal or problem
        return 0

    def answer(self, curl: pycurl.Curl) -> Answer:
        return Answer(
            url=self.url,
            status=int(curl.getinfo(pycurl.RESPONSE_CODE)),
            headers=tuple(self.headers),
            content=bytes(self.body),
        )


class _Loop:
    """Drives all transfers of a round. Runs in its own thread; `stop` and `unread_taken` may be called from another."""

    def __init__(
        self,
        claimed: Sequence[tuple[Source, SourceState]],
        unread: queue.Queue[tuple[Source, FetchResult] | BaseException],
        *,
        clock: Clock,
        manners: Manners,
    ) -> None:
        self.clock = clock
        self.manners = manners
        self.unread = unread
        self.hosts: HostQueues[_Transfer] = HostQueues(manners.per_host)
        self.left = 0
        for source, state in claimed:
            transfer = _Transfer(source, state)
            self.hosts.put(transfer.host, transfer)
            self.left += 1
        # Connections opened under an exception of one source's own are not shared with the others.
        allowances = [source.allow_private_addresses for source, _state in claimed]
        self.common_allowance = max(set(allowances), key=allowances.count)
        self.stopping = threading.Event()
        self.idle: list[pycurl.Curl] = []
        self.active: dict[pycurl.Curl, _Transfer] = {}
        self.timer: float | None = None
        self.waker, self.wakened = socket.socketpair()
        self.waker.setblocking(False)
        self.wakened.setblocking(False)

    def stop(self) -> None:
        self.stopping.set()
        self.wake()

    def unread_taken(self) -> None:
        self.wake()

    def wake(self) -> None:
        with contextlib.suppress(OSError):  # the loop has ended, or its mailbox is full of wake-ups already
            self.waker.send(b"!")

    def run(self) -> None:
        try:
            with selectors.DefaultSelector() as self.selector:
                self.selector.register(self.wakened, selectors.EVENT_READ)
                self.multi = self.make_multi()
                try:
                    while self.left and not self.stopping.is_set():
                        self.start_what_may()
                        self.wait()
                finally:
                    for curl in self.active:
                        self.multi.remove_handle(curl)
                        curl.close()
                    for curl in self.idle:
                        curl.close()
                    self.multi.close()
        except BaseException as error:
            self.unread.put(error)  # the caller's to see: here nobody would
        finally:
            self.waker.close()
            self.wakened.close()

    def make_multi(self) -> pycurl.CurlMulti:
        multi = pycurl.CurlMulti()
        multi.setopt(pycurl.M_SOCKETFUNCTION, self.watch)
        multi.setopt(pycurl.M_TIMERFUNCTION, self.set_timer)
        multi.setopt(pycurl.M_MAXCONNECTS, MAX_TRANSFERS)
        multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        return multi

    def watch(self, what: int, fd: int, _multi: Any, _data: Any) -> None:
        """libcurl tells which sockets to watch, and for what."""
        is_known = fd in self.selector.get_map()
        if what == pycurl.POLL_REMOVE:
            if is_known:
                self.selector.unregister(fd)
            return
        events = (selectors.EVENT_READ if what & pycurl.POLL_IN else 0) | (
            selectors.EVENT_WRITE if what & pycurl.POLL_OUT else 0
        )
        if is_known:
            self.selector.modify(fd, events)
        else:
            self.selector.register(fd, events)

    def set_timer(self, milliseconds: int) -> None:
        self.timer = None if milliseconds < 0 else self.clock.monotonic() + milliseconds / 1000

    def start_what_may(self) -> None:
        while self.has_room() and (transfer := self.hosts.take(self.clock.monotonic())):
            transfer.deadline = self.clock.monotonic() + transfer.source.timeout.total_seconds()
            self.request(transfer)

    def wait(self) -> None:
        now = self.clock.monotonic()
        moments = [moment for moment in (self.timer, self.next_start()) if moment is not None]
        ready = self.selector.select(max(0.0, min(moments) - now) if moments else None)
        for key, events in ready:
            if key.fileobj is self.wakened:
                self.wakened.recv(4096)
            else:
                action = (pycurl.CSELECT_IN if events & selectors.EVENT_READ else 0) | (
                    pycurl.CSELECT_OUT if events & selectors.EVENT_WRITE else 0
                )
                self.multi.socket_action(key.fd, action)
        if self.timer is not None and self.timer <= self.clock.monotonic():
            self.timer = None
            self.multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self.collect()

    def has_room(self) -> bool:
        return len(self.active) < MAX_TRANSFERS and self.unread.qsize() < MAX_UNREAD

    def next_start(self) -> float | None:
        return self.hosts.next_at() if self.has_room() else None

    def collect(self) -> None:
        queued = 1
        while queued:
            queued, succeeded, failed = self.multi.info_read()
            for curl in succeeded:
                self.finish(curl, None)
            for curl, number, message in failed:
                self.finish(curl, (number, message))

    def request(self, transfer: _Transfer) -> None:
        curl = self.idle.pop() if self.idle else pycurl.Curl()
        transfer.begin_answer()
        try:
            self.configure(curl, transfer)
        except (pycurl.error, UnicodeError, ValueError) as error:
            self.idle.append(curl)
            self.deliver(transfer, FetchFailed(problem=f"cannot be asked for: {error}"))
            return
        self.active[curl] = transfer
        self.multi.add_handle(curl)

    def configure(self, curl: pycurl.Curl, transfer: _Transfer) -> None:
        source = transfer.source
        curl.reset()
        curl.setopt(pycurl.URL, transfer.url.encode())
        curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
        curl.setopt(pycurl.FOLLOWLOCATION, False)
        curl.setopt(pycurl.NOSIGNAL, True)
        curl.setopt(pycurl.NETRC, pycurl.NETRC_IGNORED)
        curl.setopt(pycurl.PROXY, source.proxy)  # an empty one: none from the environment either
        curl.setopt(pycurl.HTTP_CONTENT_DECODING, False)
        curl.setopt(pycurl.HTTPHEADER, [line.encode("latin-1") for line in self.header_lines(transfer)])
        curl.setopt(pycurl.TIMEOUT_MS, max(1, int((transfer.deadline - self.clock.monotonic()) * 1000)))
        curl.setopt(pycurl.HEADERFUNCTION, transfer.on_header)
        curl.setopt(pycurl.WRITEFUNCTION, transfer.on_body)
        curl.setopt(pycurl.OPENSOCKETFUNCTION, transfer.on_socket)
        curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
        if bundle := ca_bundle():
            curl.setopt(pycurl.CAINFO, bundle)
        if not source.verify_tls:
            curl.setopt(pycurl.SSL_VERIFYPEER, 0)
            curl.setopt(pycurl.SSL_VERIFYHOST, 0)
        if source.allow_private_addresses != self.common_allowance or source.proxy or not source.verify_tls:
            curl.setopt(pycurl.FRESH_CONNECT, True)
            curl.setopt(pycurl.FORBID_REUSE, True)

    def header_lines(self, transfer: _Transfer) -> list[str]:
        source, validators = transfer.source, transfer.state.validators
        lines = [
            f"User-Agent: {source.user_agent or self.manners.user_agent}",
            f"Accept: {ACCEPT}",
            f"Accept-Encoding: {ACCEPTED}",
            "A-IM: feed",
        ]
        if validators.etag:
            lines.append(f"If-None-Match: {validators.etag}")
        if validators.last_modified:
            lines.append(f"If-Modified-Since: {validators.last_modified}")
        if _origin(transfer.url) == _origin(source.url):  # what is secret between us and one origin stays there
            lines += [f"{name}: {value}" for name, value in source.headers]
            lines += [f"Authorization: {source.auth}"] if source.auth else []
        return lines

    def finish(self, curl: pycurl.Curl, error: tuple[int, str] | None) -> None:
        transfer = self.active.pop(curl)
        self.multi.remove_handle(curl)
        answer = transfer.answer(curl)
        self.idle.append(curl)
        if transfer.refusal:
            self.deliver(transfer, FetchFailed(problem=transfer.refusal))
        elif error:
            self.deliver(transfer, FetchFailed(problem=_words(*error, source=transfer.source)))
        elif answer.location:
            self.follow(transfer, answer)
        else:
            now = self.clock.now()
            source, state = transfer.source, transfer.state
            asked = bool(state.validators)
            self.deliver(transfer, read_answer(answer, has_validators=asked, max_size=source.max_size, now=now))

    def follow(self, transfer: _Transfer, answer: Answer) -> None:
        transfer.hops += 1
        target = urljoin(transfer.url, answer.location)
        if transfer.hops > MAX_HOPS:
            self.deliver(transfer, FetchFailed(problem=f"more than {MAX_HOPS} redirects; it may be going in circles"))
        elif urlsplit(target).scheme not in {"http", "https"}:
            problem = "redirects to an address that is neither http nor https; see in a browser where the feed went"
            self.deliver(transfer, FetchFailed(problem=problem))
        else:
            transfer.url = target.partition("#")[0]
            self.request(transfer)

    def deliver(self, transfer: _Transfer, result: FetchResult) -> None:
        self.left -= 1
        self.hosts.done(transfer.host)
        began_at = transfer.deadline - transfer.source.timeout.total_seconds()
        self.unread.put((transfer.source, replace(result, seconds=self.clock.monotonic() - began_at)))


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


def _words(number: int, message: str, *, source: Source) -> str:
    if number == pycurl.E_OPERATION_TIMEDOUT:
        return f"no complete answer within {source.timeout.total_seconds():g} s; raise timeout if it is always slow"
    return _CURL_ERRORS.get(number, f"the request failed ({message})")


_CURL_ERRORS: dict[int, str] = {
    pycurl.E_URL_MALFORMAT: "is no address that can be asked; correct the url",
    pycurl.E_COULDNT_RESOLVE_HOST: "its host name was not found; check the spelling, or whether the site still exists",
    pycurl.E_COULDNT_CONNECT: "its server refused the connection; it may be down, or the port may be wrong",
    pycurl.E_PARTIAL_FILE: "the answer broke off before its end",
    pycurl.E_GOT_NOTHING: "the server closed the connection without an answer",
    pycurl.E_RECV_ERROR: "the connection broke while the answer was being read",
    pycurl.E_SEND_ERROR: "the connection broke while the request was being sent",
    pycurl.E_PEER_FAILED_VERIFICATION: "its TLS certificate is not valid; see it in a browser",
    pycurl.E_SSL_CACERT_BADFILE: "there is no list of certificate authorities; install your system's ca-certificates",
    pycurl.E_SSL_CONNECT_ERROR: "no TLS connection could be made; its server may be set up wrongly",
    pycurl.E_TOO_MANY_REDIRECTS: "redirects in circles",
    pycurl.E_HTTP2: "its server broke the rules of HTTP/2",
    92:  # CURLE_HTTP2_STREAM, which pycurl does not name
    "its server broke the rules of HTTP/2",
    pycurl.E_UNSUPPORTED_PROTOCOL: "is neither http nor https",
}
