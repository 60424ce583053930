"""A server in a thread of its own: it listens from `start` to `stop`, and leaves signals to the main thread."""

from __future__ import annotations

import asyncio
import errno
import resource
import socket
import threading
from contextlib import suppress
from typing import Any

import uvicorn

from feeds.borrowed_logs import borrowed
from feeds.errors import ServingError
from feeds.logs import log
from feeds.serving.application import Served
from feeds.serving.protocol import Protocol
from feeds.serving.seldom import Seldom

_BACKLOG = 512
_KEEP_ALIVE = 30  # seconds for which a client that has its answer may think of something more
_GRACEFUL = 0.7  # of the time there is to stop; the rest is for hanging up, on a busy machine
_FILES = 65_536  # that we wish to have open; more would only cost memory
# Of the files that may be open, one connection takes one. The others are for fetching and for what is served.
_SHARE = 4
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_HELP = {
    errno.EADDRINUSE: "another program listens there: stop it, or change server.port in the config",
    errno.EACCES: "ports below 1024 are for root: take a higher server.port, or let a web server pass requests on",
    errno.EADDRNOTAVAIL: "this machine has no such address: change server.host in the config",
}


class Server:
    """Serves an application at `host` and `port`; port 0 takes any that is free."""

    def __init__(self, application: Served, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._sockets: list[socket.socket] = []
        self._uvicorn = _Uvicorn(
            uvicorn.Config(
                application,
                http=Protocol,
                interface="asgi3",
                loop="asyncio",
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_keep_alive=_KEEP_ALIVE,
                backlog=_BACKLOG,
                workers=1,
            )
        )
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="feedmill-server", daemon=True)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return int(self._sockets[0].getsockname()[1]) if self._sockets else self._port

    @property
    def address(self) -> str:
        """Where it is found, as an address to open."""
        return f"http://{_authority(self._host, self.port)}/"

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    def start(self) -> None:
        """Listen, from now on. Raises ServingError where that cannot be."""
        borrowed("uvicorn", event="server")  # its errors are ours to tell, malformed requests are everyday
        most = {"max_connections": most_connections(open_files())}
        self._uvicorn.config.http = type("Protocol", (Protocol,), most)
        self._sockets = _listening(self._host, self._port)
        self._port = self.port
        self._thread.start()

    def wait(self) -> None:
        """Until somebody stops it. Raises ServingError if it ends by itself."""
        # Not by a join: one that a signal ends takes the thread for ended, and stop() would not wait for it any more.
        self._ended.wait()
        if not self._uvicorn.should_exit:
            raise ServingError(f"{self.address}: the server ended by itself; the log before this line tells why")

    def stop(self, seconds: float = 5.0) -> None:
        """Stop listening and finish what is being answered; after `seconds`, hang up on those who still read."""
        self._uvicorn.end(seconds * _GRACEFUL)
        if self._thread.ident is not None:
            self._thread.join(seconds)
        for listening in self._sockets:
            listening.close()
        self._sockets = []

    def _serve(self) -> None:
        try:
            self._uvicorn.run(self._sockets.copy())
        except Exception as error:
            log.error("the server ended", address=self.address, problem=str(error) or repr(error), exc_info=True)
        finally:
            self._ended.set()


class _Uvicorn(uvicorn.Server):
    """uvicorn, which looks once a second instead of ten times, and is told when it shall end."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._is_ending = asyncio.Event()
        self._troubles = Seldom(1)
        self._loop: asyncio.AbstractEventLoop | None = None

    def end(self, seconds: float) -> None:
        """From any thread: end, and wait no longer than this for clients."""
        self.config.timeout_graceful_shutdown = seconds  # type: ignore[assignment]  # which may be a fraction, too
        self.should_exit = True
        if self._loop is not None:
            with suppress(RuntimeError):  # it has ended already
                self._loop.call_soon_threadsafe(self._is_ending.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._loop.set_exception_handler(self._trouble)
        await super().startup(sockets)

    def _trouble(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Told now and then, where nobody can be let in: asyncio would tell of each, with all that called it."""
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in _EXHAUSTED:
            loop.default_exception_handler(context)
        elif self._troubles.may_tell(loop.time()):
            help_ = "raise the limit of open files (LimitNOFILE= of a unit, ulimit -n)"
            log.error("no connection can be taken", problem=error.strerror, help=help_, **self._troubles.untold())

    async def main_loop(self) -> None:
        assert self._loop
        while not await self.on_tick(0):  # which renews the Date header
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_ending.wait(), 1.0)
            for connection in list(self.server_state.connections):
                connection.look(self._loop.time(), _KEEP_ALIVE)  # type: ignore[union-attr]

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):  # whoever did not finish in time
            connection.transport.abort()
        await asyncio.sleep(0)  # in which they are told


def open_files() -> int:
    """How many files we may have open, which are connections, too; raised as far as that goes without being root."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return _FILES
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(hard, _FILES)
    if soft < wanted:
        with suppress(OSError, ValueError):  # some systems have a lower limit, which they do not tell
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return soft


def most_connections(files: int) -> int:
    """How many clients are let in where so many files may be open."""
    return min(Protocol.max_connections, max(1, files // _SHARE))


def _listening(host: str, port: int) -> list[socket.socket]:
    """A socket for each address that `host` stands for, all at one port."""
    opened: list[socket.socket] = []
    try:
        for family, address in _addresses(host, port):
            opened.append(_bound(family, address, opened[0].getsockname()[1] if opened else port))
    except OSError as error:
        for bound in opened:
            bound.close()
        help_ = _HELP.get(error.errno or 0, "change server.host or server.port in the config")
        if isinstance(error, socket.gaierror):
            help_ = "no address is known by this name: change server.host in the config"
        raise ServingError(f"{_authority(host, port)}: cannot listen: {error.strerror or error}; {help_}") from error
    return opened


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    found = socket.getaddrinfo(host.strip("[]") or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    every = list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))
    # A name such as localhost may have an IPv6 address on a machine without IPv6.
    return [one for one in every if one[0] == socket.AF_INET or _has_ipv6() or len(every) == 1]


def _has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def _bound(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    # With the protocol, or asyncio would not see that it is TCP, and leave Nagle's algorithm on: the second answer of a
    # connection would wait for the first to be confirmed, which takes 40 ms.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # or a restart waits for old connections to end
        if family == socket.AF_INET6:
            bound.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        bound.bind((address, port))
        bound.listen(_BACKLOG)
    except BaseException:
        bound.close()
        raise
    return bound


def _authority(host: str, port: int) -> str:
    name = host.strip("[]")
    return f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
