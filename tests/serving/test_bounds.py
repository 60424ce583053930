"""What nobody can have too much of: memory, threads, connections, lines in the log."""

from __future__ import annotations

import os
import resource
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from typing import Any

import pytest
from served import PATIENCE, Served, read_all, status
from structlog.testing import capture_logs

from feeds.serving import Doors, conditions, encodings, negotiation
from feeds.serving.answers import PIECE, Answer, Request, Service
from feeds.serving.doors import _client, is_host
from feeds.serving.memory import LONGEST
from feeds.serving.protocol import HEAD_BYTES, Protocol
from feeds.serving.server import most_connections, open_files

GET = b"GET /atom.xml HTTP/1.1\r\nHost: a\r\n"
END = b"Connection: close\r\n\r\n"
BIG = b"GET /big.bin HTTP/1.1\r\nHost: a\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
NO_PROXIES = Doors(trusted_proxies=())  # so that this machine is a client like any other


def until(is_so: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not is_so() and time.monotonic() < deadline:
        threading.Event().wait(0.02)
    assert is_so()


def connections(served: Served) -> list[Protocol]:
    return [one for one in served.server._uvicorn.server_state.connections.copy() if isinstance(one, Protocol)]


def echo(request: Request) -> Answer:
    return Answer(body=request.body)


# What comes behind a body


def test_a_trailer_is_no_header(served: Served) -> None:
    served.put("atom.xml", b"one")
    etag = served.ask("/atom.xml").headers["etag"].encode()
    for trailer in (b"If-None-Match: " + etag, b"Host: b", b"X: y\r\n" * 200 + b"Z: z"):
        answer = served.raw(GET + CHUNKED + END + b"0\r\n" + trailer + b"\r\n\r\n")
        assert (status(answer), answer[-3:]) == (200, b"one")


@pytest.mark.parametrize(
    "endless", [b"X: y\r\n", b"X: " + b"y" * 30_000 + b"\r\n", b"y" * 1_000], ids=["many", "long", "one"]
)
def test_trailers_without_an_end_are_cut(serve: Callable[..., Served], endless: bytes) -> None:
    served = serve(services=[Service(path="/hub", answer=echo, methods=("POST",))])
    with served.connected() as client:
        client.sendall(b"POST /hub HTTP/1.1\r\nHost: a\r\n" + CHUNKED + b"\r\n1\r\nx\r\n0\r\n")
        client.sendall(endless * (3 * HEAD_BYTES // len(endless)))
        assert status(read_all(client)) == 431


def test_a_body_that_goes_wrong_after_its_answer_has_no_second_answer(served: Served) -> None:
    served.put("atom.xml", b"one")
    with served.connected() as client:
        client.sendall(GET + CHUNKED + b"\r\n")
        assert client.recv(5, socket.MSG_PEEK)
        client.sendall(b"nonsense\r\n")
        assert read_all(client).count(b"HTTP/1.1 ") == 1


# Memory


@pytest.mark.parametrize("function", [conditions.tags, conditions._moment, encodings.acceptable, is_host, _client])
def test_nothing_long_is_remembered(function: Callable[..., object]) -> None:
    others = ("127.0.0.1", ()) if function is _client else ()
    kept: Any = next(one for cell in function.__closure__ if hasattr(one := cell.cell_contents, "cache_info"))  # type: ignore[attr-defined]
    before = kept.cache_info()
    for number in range(3):
        function(*others[:1], "a" * LONGEST + str(number), *others[1:])
    assert kept.cache_info() == before
    function(*others[:1], "a", *others[1:])
    assert kept.cache_info() != before
    assert before.maxsize <= 1_024


def test_quotes_without_an_end_cost_no_time() -> None:
    began = time.monotonic()
    assert negotiation._QUOTED.sub("", "text/html," + '\\"' * 20_000).startswith("text/html")
    assert negotiation._QUOTED.sub("", "text/html," + '"' * 40_001) == "text/html,"
    assert time.monotonic() - began < 2


def test_of_an_answer_that_nobody_reads_little_is_held(served: Served) -> None:
    content = os.urandom(1_000) * 30_000
    served.put("big.bin", content)
    with served.connected() as client:
        client.sendall(BIG + BIG + GET + END)
        until(lambda: any(one.transport.get_write_buffer_size() for one in connections(served)))
        assert all(one.transport.get_write_buffer_size() < 2 * PIECE for one in connections(served))
        answers = read_all(client)
    first, second = answers.find(content), answers.rfind(content)
    assert 0 < first < first + len(content) < second
    assert status(answers[second + len(content) :]) == 404


def test_a_server_that_stops_finishes_what_is_being_read(serve: Callable[..., Served]) -> None:
    served = serve()
    served.put("big.bin", b"x" * 30_000_000)
    with served.connected() as client:
        client.sendall(BIG)
        assert client.recv(1)
        stopper = threading.Thread(target=served.server.stop, args=(PATIENCE,))
        stopper.start()
        assert len(read_all(client)) > 30_000_000
        stopper.join(PATIENCE)


# Slow readers


def test_a_client_that_takes_too_little_is_hung_up_on(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Protocol, "write_seconds", 0.5)
    monkeypatch.setattr(Protocol, "write_bytes", 2_000_000)
    served = serve()
    served.put("big.bin", b"x" * 60_000_000)
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        client.settimeout(PATIENCE)
        client.connect(("127.0.0.1", served.server.port))
        client.sendall(BIG)
        received, deadline = 0, time.monotonic() + PATIENCE
        with suppress(ConnectionError):
            while (chunk := client.recv(2_000)) and time.monotonic() < deadline:
                received += len(chunk)
                threading.Event().wait(0.02)
    assert received < 60_000_000
    assert time.monotonic() < deadline


# Connections


def test_one_client_has_so_many_connections_and_a_proxy_any(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Protocol, "max_of_one", 3)
    for doors_, expected in ((NO_PROXIES, 429), (Doors(), 200)):
        served = serve(doors=doors_)
        served.put("atom.xml", b"one")
        with ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(served.connected()).sendall(b"GET /")
            last = stack.enter_context(served.connected())
            with suppress(ConnectionError):
                last.sendall(GET + END)
            answer = read_all(last)
            assert status(answer) == expected
            assert (b"retry-after: 10" in answer) == (expected == 429)


def test_its_own_idle_connection_makes_room_for_another(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Protocol, "max_of_one", 1)
    served = serve(doors=NO_PROXIES)
    served.put("atom.xml", b"one")
    with served.connected() as idle, served.connected() as refused:
        assert status(read_all(refused)) == 429
        idle.sendall(GET + b"\r\n")
        assert status(idle.recv(1_000)) == 200
        until(lambda: len(connections(served)) == 1)
        with served.connected() as another:
            another.sendall(GET + END)
            assert status(read_all(another)) == 200
        assert idle.recv(1) == b""


@pytest.mark.parametrize(("files", "expected"), [(2, 1), (1_024, 256), (65_536, 512)])
def test_most_files_are_left_for_fetching(files: int, expected: int) -> None:
    assert most_connections(files) == expected


@pytest.fixture
def limits() -> Iterator[tuple[int, int]]:
    former = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield former
    resource.setrlimit(resource.RLIMIT_NOFILE, former)


def test_the_limit_of_open_files_is_raised_as_far_as_it_goes(limits: tuple[int, int]) -> None:
    hard = limits[1]
    lower = min(1_000, hard - 1) if hard > 0 else 1_000
    resource.setrlimit(resource.RLIMIT_NOFILE, (lower, hard))
    assert open_files() == resource.getrlimit(resource.RLIMIT_NOFILE)[0] > lower
    assert open_files() <= 65_536


def test_without_a_file_to_spare_connections_wait_and_one_line_tells(served: Served, limits: tuple[int, int]) -> None:
    served.put("atom.xml", b"one")
    filled: list[int] = []
    with socket.socket() as client, capture_logs() as told:
        client.settimeout(PATIENCE)
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (client.fileno() + 50, limits[1]))
            with suppress(OSError):
                while True:
                    filled.append(os.open("/dev/null", os.O_RDONLY))
            client.connect(("127.0.0.1", served.server.port))
            client.sendall(GET + END)
            until(lambda: told)
        finally:
            for each in filled:
                os.close(each)
        assert status(read_all(client)) == 200
    assert [line["event"] for line in told if line["log_level"] == "error"] == ["no connection can be taken"]
    assert "exc_info" not in told[0]


def test_answers_are_not_held_back_to_be_joined(served: Served) -> None:
    with served.connected() as client:
        client.sendall(b"GET /")
        until(lambda: connections(served))
        accepted = connections(served)[0].transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


# Threads


def test_pages_that_take_their_time_starve_neither_health_nor_hub(serve: Callable[..., Served]) -> None:
    released = threading.Event()

    def page(_request: Request) -> Answer:
        assert released.wait(PATIENCE)
        return Answer(body=b"at last")

    served = serve(
        services=[
            Service(path="/status/", answer=page, lane="page"),
            Service(path="/hub", answer=echo, methods=("POST",)),
        ],
        metrics=lambda: b"",
    )
    with ExitStack() as stack:
        clients = [stack.enter_context(served.connected()) for _ in range(40)]
        for client in clients:
            client.sendall(b"GET /status/ HTTP/1.1\r\nHost: a\r\n" + END)
        assert (
            served.ask("/healthz").status == served.ask("/metrics").status == served.ask("/hub", "POST").status == 200
        )
        refused = [answer for client in clients[8:] if status(answer := read_all(client)) == 503]
        assert len(refused) == 32
        assert all(b"retry-after: 10" in answer for answer in refused)
        released.set()
        assert {read_all(client)[-7:] for client in clients[:8]} == {b"at last"}


# The log


def test_of_many_that_are_refused_a_few_are_told_of(served: Served) -> None:
    with capture_logs() as told:
        for _ in range(50):
            assert status(served.raw(b"nonsense\r\n\r\n")) == 400
    assert len([line for line in told if line["event"] == "request refused"]) == 20
