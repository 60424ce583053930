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

import pycurl

from feeds.clock import Clock
from feeds.errors import SourceError
from feeds.fetching.answers import read_answer
from feeds.fetching.politeness import HostQueues, PerHost
from feeds.fetching.transfer import Transfer, address
from feeds.records import FetchFailed, FetchResult, Postponed, Source, SourceState

MAX_TRANSFERS = 100  # at once
MAX_UNREAD = 100  # finished, and not yet taken by the caller: bounds memory where parsing is slower than the web


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
        self.hosts: HostQueues[Transfer] = HostQueues(manners.per_host)
        by_address: dict[tuple[object, ...], list[tuple[Source, SourceState]]] = {}
        for source, state in claimed:
            by_address.setdefault(address(source, state), []).append((source, state))
        self.left = len(by_address)
        for members in by_address.values():
            transfer = Transfer(members)
            self.hosts.put(transfer.host, transfer)
        # Connections opened under an exception of one source's own are not shared with the others.
        allowances = [source.allow_private_addresses for source, _state in claimed]
        self.common_allowance = max(set(allowances), key=allowances.count)
        self.stopping = threading.Event()
        self.idle: list[pycurl.Curl] = []
        self.active: dict[pycurl.Curl, Transfer] = {}
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
            transfer.deadline = self.clock.monotonic() + transfer.timeout
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

    def request(self, transfer: Transfer) -> None:
        curl = self.idle.pop() if self.idle else pycurl.Curl()
        transfer.begin_answer()
        try:
            transfer.configure(
                curl,
                user_agent=self.manners.user_agent,
                seconds=transfer.deadline - self.clock.monotonic(),
                is_shared=transfer.source.allow_private_addresses == self.common_allowance,
            )
        except (pycurl.error, UnicodeError, ValueError) as error:
            self.idle.append(curl)
            self.deliver(transfer, FetchFailed(problem=f"cannot be asked for: {error}"))
            return
        self.active[curl] = transfer
        self.multi.add_handle(curl)

    def finish(self, curl: pycurl.Curl, error: tuple[int, str] | None) -> None:
        transfer = self.active.pop(curl)
        self.multi.remove_handle(curl)
        answer = transfer.answer(curl)
        self.idle.append(curl)
        if transfer.refusal:
            self.deliver(transfer, FetchFailed(problem=transfer.refusal))
        elif error:
            self.deliver(transfer, transfer.failure(*error))
        elif answer.location:
            try:
                transfer.follow(answer)
            except SourceError as refusal:
                self.deliver(transfer, FetchFailed(problem=str(refusal)))
            else:
                self.request(transfer)
        else:
            asked, most, now = bool(transfer.validators), transfer.max_size, self.clock.now()
            self.deliver(transfer, read_answer(answer, has_validators=asked, max_size=most, now=now))

    def deliver(self, transfer: Transfer, result: FetchResult) -> None:
        self.hosts.done(transfer.host)
        began_at = transfer.deadline - transfer.timeout
        self.hand_out(transfer, replace(result, seconds=self.clock.monotonic() - began_at))
        if isinstance(result, FetchFailed) and result.kind == "throttled":
            for waiting in self.hosts.give_up(transfer.host):
                self.hand_out(waiting, Postponed())

    def hand_out(self, transfer: Transfer, result: FetchResult) -> None:
        self.left -= 1
        for source, _state in transfer.members:
            self.unread.put((source, result))
