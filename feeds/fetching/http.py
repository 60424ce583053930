"""Sources on the web, through libcurl's multi interface: hundreds of transfers at once in one thread.

libcurl speaks HTTP; the manners are ours: conditional requests, redirects hop by hop, the guard on every connection,
one deadline and one size cap for a source, spacing by host.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Sequence
from datetime import timedelta
from queue import SimpleQueue
from typing import Any

import pycurl
from msgspec import Struct, field

from feeds.clock import Clock
from feeds.errors import SourceError
from feeds.fetching.answers import Answer, read_answer, read_pacing
from feeds.fetching.mailbox import Mailbox
from feeds.fetching.politeness import HostQueues, PerHost
from feeds.fetching.transfer import Transfer, address, new_handle
from feeds.records import FetchFailed, FetchResult, Postponed, Source, SourceState, replace

SPARED = timedelta(hours=1)  # for a host that says 429; how long in the end, the store knows
MAX_TRANSFERS = 100  # at once
MAX_CONNECTIONS = 2 * MAX_TRANSFERS  # those that are kept for a host's next source counted


class Manners(Struct, frozen=True, kw_only=True):
    """How we present ourselves, and what a host is spared."""

    user_agent: str = "feedmill"
    per_host: PerHost = field(default_factory=PerHost)


class Web:
    """Drives all transfers in a thread of its own; the methods up to `join` may be called from any other.

    Once stopped nothing more is asked and waited for: what has been answered still comes out, then Postponed for the
    rest.
    """

    def __init__(self, mailbox: Mailbox, clock: Clock, manners: Manners) -> None:
        self.mailbox = mailbox
        self.clock = clock
        self.manners = manners
        self.added: SimpleQueue[Sequence[tuple[Source, SourceState]]] = SimpleQueue()
        self.hosts: HostQueues[Transfer] = HostQueues(manners.per_host)
        self.left = 0  # transfers without a result
        self.held: dict[str, float] = {}  # hosts that said that we ask too often, and until when they are spared
        self.closing = threading.Event()
        self.stopping = threading.Event()
        self.thread: threading.Thread | None = None
        # Connections opened under an exception of one source's own are not shared with the others.
        self.common_allowance: bool | tuple[str, ...] = False
        self.idle: list[pycurl.Curl] = []  # none that was set apart
        self.active: dict[pycurl.Curl, Transfer] = {}
        self.timer: float | None = None

    def add(self, claimed: Sequence[tuple[Source, SourceState]]) -> None:
        self.added.put(claimed)
        if self.thread is None:
            self.begin(claimed)
        self.wake()

    def close(self) -> None:
        self.closing.set()
        self.wake()

    def stop(self) -> None:
        self.stopping.set()
        self.close()

    def join(self) -> None:
        if self.thread is not None:
            self.thread.join()

    def begin(self, claimed: Sequence[tuple[Source, SourceState]]) -> None:
        allowances = [source.allow_private_addresses for source, _state in claimed]
        self.common_allowance = max(set(allowances), key=allowances.count)
        self.waker, self.wakened = socket.socketpair()
        self.waker.setblocking(False)
        self.wakened.setblocking(False)
        # Not epoll: the sockets are few, and each transfer begins and ends the watch on one, a system call each there.
        self.poll = select.poll()
        self.poll.register(self.wakened, select.POLLIN)
        self.mailbox.when_there_is_room(self.wake)
        self.thread = threading.Thread(target=self.run, name="feedmill-fetching", daemon=True)
        self.thread.start()

    def wake(self) -> None:
        if self.thread is not None:
            with contextlib.suppress(OSError):  # the loop has ended, or its mailbox is full of wake-ups already
                self.waker.send(b"!")

    def run(self) -> None:
        try:
            self.multi = self.make_multi()
            try:
                while not self.stopping.is_set() and not self.is_done():
                    self.take_in()
                    self.start_what_may()
                    self.wait()
                self.take_in()
                self.postpone_all()
            finally:
                for curl in self.active:
                    self.multi.remove_handle(curl)
                    curl.close()
                for curl in self.idle:
                    curl.close()
                self.multi.close()
        except BaseException as error:
            self.mailbox.put(error)  # the reader's to see: here nobody would
        finally:
            self.mailbox.tell()
            self.waker.close()
            self.wakened.close()

    def is_done(self) -> bool:
        return self.closing.is_set() and not self.left and self.added.empty()

    def take_in(self) -> None:
        """What was added meanwhile; sources of one address share a transfer."""
        while not self.added.empty():
            by_address: dict[tuple[object, ...], list[tuple[Source, SourceState]]] = {}
            for source, state in self.added.get():
                by_address.setdefault(address(source, state), []).append((source, state))
            self.left += len(by_address)
            for members in by_address.values():
                transfer = Transfer(members)
                if self.is_held(transfer.host):
                    self.hand_out(transfer, Postponed())
                else:
                    self.hosts.put(transfer.host, transfer)

    def is_held(self, host: str) -> bool:
        """Whether a host said in this round that we ask too often, which need not be in the store yet."""
        return self.held.get(host, 0.0) > self.clock.monotonic()

    def make_multi(self) -> pycurl.CurlMulti:
        multi = pycurl.CurlMulti()
        multi.setopt(pycurl.M_SOCKETFUNCTION, self.watch)
        multi.setopt(pycurl.M_TIMERFUNCTION, self.set_timer)
        multi.setopt(pycurl.M_MAXCONNECTS, MAX_CONNECTIONS)
        multi.setopt(pycurl.M_PIPELINING, pycurl.PIPE_MULTIPLEX)
        return multi

    def watch(self, what: int, fd: int, _multi: Any, _data: Any) -> None:
        """libcurl tells which sockets to watch, and for what."""
        if what == pycurl.POLL_REMOVE:
            with contextlib.suppress(KeyError):
                self.poll.unregister(fd)
        else:
            self.poll.register(fd, _WATCHED[what])  # again, if what is watched for changes

    def set_timer(self, milliseconds: int) -> None:
        self.timer = None if milliseconds < 0 else self.clock.monotonic() + milliseconds / 1000

    def start_what_may(self) -> None:
        while self.has_room() and (transfer := self.hosts.take(self.clock.monotonic())):
            transfer.deadline = self.clock.monotonic() + transfer.seconds_left
            self.request(transfer)

    def wait(self) -> None:
        if not self.mailbox.is_empty:
            self.mailbox.tell()
        now = self.clock.monotonic()
        moments = [moment for moment in (self.timer, self.next_start()) if moment is not None]
        for fd, events in self.poll.poll(max(0.0, min(moments) - now) * 1000 if moments else None):
            if fd == self.wakened.fileno():
                self.wakened.recv(4096)
            else:
                self.multi.socket_action(fd, _action(events))
        if self.timer is not None and self.timer <= self.clock.monotonic():
            self.timer = None
            self.multi.socket_action(pycurl.SOCKET_TIMEOUT, 0)
        self.collect()

    def has_room(self) -> bool:
        return len(self.active) < MAX_TRANSFERS and self.mailbox.has_room_beside(len(self.active))

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
        is_shared = self.is_shared(transfer)
        curl = self.idle.pop() if is_shared and self.idle else new_handle()
        transfer.begin_answer()
        try:
            seconds = transfer.deadline - self.clock.monotonic()
            transfer.configure(curl, user_agent=self.manners.user_agent, seconds=seconds)
            if not is_shared:
                transfer.set_apart(curl)
        except (pycurl.error, UnicodeError, ValueError) as error:
            curl.close()
            self.deliver(transfer, FetchFailed(problem=f"cannot be asked for: {error}"))
            return
        self.active[curl] = transfer
        self.multi.add_handle(curl)

    def is_shared(self, transfer: Transfer) -> bool:
        """Whether handle and connection may serve other sources, too."""
        return transfer.is_plain and transfer.source.allow_private_addresses == self.common_allowance

    def finish(self, curl: pycurl.Curl, error: tuple[int, str] | None) -> None:
        transfer = self.active.pop(curl)
        self.multi.remove_handle(curl)
        answer = transfer.answer(curl)
        if self.is_shared(transfer):
            self.idle.append(curl)
        else:
            curl.close()
        if transfer.refusal or error:
            # What an answer's headers ask for holds, though the rest of it was refused or broke off.
            pacing = read_pacing(answer, self.clock.now())
            failed = transfer.failure(*error) if error else FetchFailed(problem="")
            problem = transfer.whereto + (transfer.refusal or failed.problem)
            self.deliver(transfer, replace(failed, problem=problem, pacing=pacing))
        elif answer.location:
            self.follow(transfer, answer)
        else:
            asked, most = bool(transfer.validators), transfer.max_size
            result = read_answer(answer, has_validators=asked, max_size=most, now=self.clock.now())
            if isinstance(result, FetchFailed):
                result = replace(result, problem=transfer.whereto + result.problem)
            self.deliver(transfer, result)

    def follow(self, transfer: Transfer, answer: Answer) -> None:
        """On to where a redirect leads; at another host, as soon as that may be asked once more."""
        left = transfer.host
        try:
            transfer.follow(answer)
        except SourceError as refusal:
            self.deliver(transfer, FetchFailed(problem=str(refusal)))
            return
        if transfer.host == left:
            self.request(transfer)
            return
        transfer.seconds_left = transfer.deadline - self.clock.monotonic()
        self.hosts.done(left)
        if self.is_held(transfer.host):
            self.hand_out(transfer, Postponed(was_asked=True))
            return
        self.hosts.put(transfer.host, transfer, is_first=True)

    def deliver(self, transfer: Transfer, result: FetchResult) -> None:
        self.hosts.done(transfer.host)
        began_at = transfer.deadline - transfer.timeout
        self.hand_out(transfer, replace(result, seconds=self.clock.monotonic() - began_at))
        if isinstance(result, FetchFailed) and result.kind == "throttled":
            wait = result.pacing.retry_after or SPARED
            self.held[transfer.host] = self.clock.monotonic() + min(wait, SPARED).total_seconds()
            for waiting in self.hosts.give_up(transfer.host):
                self.hand_out(waiting, Postponed())

    def postpone_all(self) -> None:
        """Nobody waits any longer: in no transfer is the end of the answer awaited."""
        for transfer in self.active.values():
            self.hand_out(transfer, Postponed(was_asked=True, is_over=True))
        for transfer in self.hosts.give_up_all():
            self.hand_out(transfer, Postponed(was_asked=transfer.hops > 0, is_over=True))

    def hand_out(self, transfer: Transfer, result: FetchResult) -> None:
        self.left -= 1
        for source, _state in transfer.members:
            self.mailbox.put((source, result))


_WATCHED = {
    pycurl.POLL_IN: select.POLLIN,
    pycurl.POLL_OUT: select.POLLOUT,
    pycurl.POLL_INOUT: select.POLLIN | select.POLLOUT,
}


def _action(events: int) -> int:
    """What happened to a socket, in libcurl's words."""
    return (
        (pycurl.CSELECT_IN if events & (select.POLLIN | select.POLLHUP) else 0)
        | (pycurl.CSELECT_OUT if events & select.POLLOUT else 0)
        | (pycurl.CSELECT_ERR if events & (select.POLLERR | select.POLLNVAL) else 0)
    )
