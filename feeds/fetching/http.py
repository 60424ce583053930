"""Sources on the web, through libcurl's multi interface: hundreds of transfers at once in one thread.

libcurl speaks HTTP; the manners are ours: conditional requests, redirects hop by hop, the guard on every connection,
one deadline and one size cap for a source, spacing by host.
"""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections import deque
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pycurl

from feeds.clock import Clock
from feeds.errors import SourceError
from feeds.fetching.answers import Answer, read_answer, read_pacing
from feeds.fetching.politeness import HostQueues, PerHost
from feeds.fetching.transfer import Transfer, address, new_handle
from feeds.records import FetchFailed, FetchResult, Postponed, Source, SourceState

MAX_TRANSFERS = 100  # at once
MAX_CONNECTIONS = 2 * MAX_TRANSFERS  # those that are kept for a host's next source counted
MAX_UNREAD = 100  # finished, and not yet taken by the caller: bounds memory where parsing is slower than the web


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How we present ourselves, and what a host is spared."""

    user_agent: str = "feedmill"
    per_host: PerHost = field(default_factory=PerHost)


def fetch(
    claimed: Sequence[tuple[Source, SourceState]],
    *,
    clock: Clock,
    manners: Manners,
    stopping: threading.Event | None = None,
) -> Generator[tuple[Source, FetchResult]]:
    """What each source answers, in the order in which the answers are complete.

    Transfers go on in a thread of their own while the caller works on a result, so that slow work here costs no
    source its deadline. Once `stopping` is set, or Ctrl-C pressed, nothing more is asked and waited for: what has been
    answered still comes out, then Postponed for the rest. Closing the generator drops it all.
    """
    if not claimed:
        return
    loop = _Loop(claimed, clock=clock, manners=manners)
    thread = threading.Thread(target=loop.run, name="feedmill-fetching", daemon=True)
    interruption: KeyboardInterrupt | None = None
    if stopping is not None and stopping.is_set():
        loop.stop()
    thread.start()
    try:
        for _ in claimed:
            try:
                result = loop.take()
            except KeyboardInterrupt as error:  # what has been answered is handed out all the same
                interruption = error
                loop.stop()
                result = loop.take()
            if result is None:
                break
            yield result
            if stopping is not None and stopping.is_set():
                loop.stop()
    finally:
        loop.stop()
        thread.join()
    if interruption is not None:
        raise interruption


class _Loop:
    """Drives all transfers of a round. Runs in its own thread; `take` and `stop` may be called from another."""

    def __init__(
        self,
        claimed: Sequence[tuple[Source, SourceState]],
        *,
        clock: Clock,
        manners: Manners,
    ) -> None:
        self.clock = clock
        self.manners = manners
        self.unread: deque[tuple[Source, FetchResult] | BaseException] = deque()
        # Told once a turn, not once a result: threads that wake each other for every one do little else.
        self.has_unread = threading.Event()
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
        self.has_ended = False
        self.idle: list[pycurl.Curl] = []  # none that was set apart
        self.active: dict[pycurl.Curl, Transfer] = {}
        self.timer: float | None = None
        self.waker, self.wakened = socket.socketpair()
        self.waker.setblocking(False)
        self.wakened.setblocking(False)
        # Not epoll: the sockets are few, and each transfer begins and ends the watch on one, a system call each there.
        self.poll = select.poll()
        self.poll.register(self.wakened, select.POLLIN)

    def stop(self) -> None:
        self.stopping.set()
        self.wake()

    def take(self) -> tuple[Source, FetchResult] | None:
        """The next result, waited for; None if there will be none. Raises what ended the loop."""
        while not self.unread:
            if self.has_ended:  # an interruption can have cost a result
                return None
            self.has_unread.wait()
            self.has_unread.clear()
        result = self.unread.popleft()
        if len(self.unread) == MAX_UNREAD - 1:  # there is room again
            self.wake()
        if isinstance(result, BaseException):
            raise result
        return result

    def wake(self) -> None:
        with contextlib.suppress(OSError):  # the loop has ended, or its mailbox is full of wake-ups already
            self.waker.send(b"!")

    def run(self) -> None:
        try:
            self.multi = self.make_multi()
            try:
                while self.left and not self.stopping.is_set():
                    self.start_what_may()
                    self.wait()
                self.postpone_all()
            finally:
                for curl in self.active:
                    self.multi.remove_handle(curl)
                    curl.close()
                for curl in self.idle:
                    curl.close()
                self.multi.close()
        except BaseException as error:
            self.unread.append(error)  # the caller's to see: here nobody would
        finally:
            self.has_ended = True
            self.has_unread.set()
            self.waker.close()
            self.wakened.close()

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
        if self.unread:
            self.has_unread.set()
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
        return len(self.active) < MAX_TRANSFERS and len(self.unread) < MAX_UNREAD

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
            problem = transfer.refusal or failed.problem
            self.deliver(transfer, replace(failed, problem=problem, pacing=pacing))
        elif answer.location:
            self.follow(transfer, answer)
        else:
            asked, most = bool(transfer.validators), transfer.max_size
            self.deliver(transfer, read_answer(answer, has_validators=asked, max_size=most, now=self.clock.now()))

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
        self.hosts.put(transfer.host, transfer, is_first=True)

    def deliver(self, transfer: Transfer, result: FetchResult) -> None:
        self.hosts.done(transfer.host)
        began_at = transfer.deadline - transfer.timeout
        self.hand_out(transfer, replace(result, seconds=self.clock.monotonic() - began_at))
        if isinstance(result, FetchFailed) and result.kind == "throttled":
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
            self.unread.append((source, result))


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
