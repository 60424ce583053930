"""What the server takes for a request, how it starts and how it ends."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from served import PATIENCE, Served, read_all, status

from feeds.errors import ServingError
from feeds.logs import log
from feeds.serving import Server, application
from feeds.serving.protocol import HEAD_BYTES, Protocol


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: a\r\n", b"Host: a\r\nHost: b\r\n"])
def test_a_request_has_exactly_one_host(served: Served, hosts: bytes) -> None:
    served.put("atom.xml")
    answer = served.raw(b"GET /atom.xml HTTP/1.1\r\n" + hosts + b"\r\n")
    assert status(answer) == 400
    assert b"exactly one Host" in answer


def test_http_1_0_needs_no_host(served: Served) -> None:
    served.put("atom.xml", b"one")
    answer = served.raw(b"GET /atom.xml HTTP/1.0\r\n\r\n")
    assert status(answer) == 200
    assert answer.endswith(b"one")


def test_several_requests_share_a_connection(served: Served) -> None:
    served.put("atom.xml", b"one")
    request = b"GET /atom.xml HTTP/1.1\r\nHost: a\r\n"
    answers = served.raw(request + b"\r\n" + request + b"\r\n" + request + b"Connection: close\r\n\r\n")
    assert answers.count(b"HTTP/1.1 200 OK") == answers.count(b"\r\n\r\none") == 3


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 41\r\n\r\n%b", b"Transfer-Encoding: chunked\r\n\r\n29\r\n%b\r\n0\r\n\r\n"]
)
def test_a_request_in_the_body_of_another_is_none(served: Served, framing: bytes) -> None:
    served.put("atom.xml", b"one")
    inner = b"GET /atom.xml HTTP/1.1\r\nHost: smuggled\r\n\r\n"[:41]
    outer = b"GET /atom.xml HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    answers = served.raw(b"POST / HTTP/1.1\r\nHost: a\r\n" + framing % inner + outer)
    assert [status(b"HTTP/1.1 " + each) for each in answers.split(b"HTTP/1.1 ")[1:]] == [405, 200]


@pytest.fixture
def only_warnings(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a command's log has it that was not asked for more."""
    monkeypatch.setattr(log, "telling", log.telling._replace(least="warning"))


@pytest.mark.usefixtures("only_warnings")
def test_an_upgrade_is_not_taken_up(
    served: Served, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    served.put("atom.xml", b"one")
    for protocol in (b"websocket", b"h2c"):
        head = b"GET /atom.xml HTTP/1.1\r\nHost: a\r\nConnection: close, upgrade\r\nUpgrade: " + protocol
        assert status(served.raw(head + b"\r\n\r\n")) == 200
    head = b"GET /atom.xml HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    assert b"connection: close" in served.raw(head)  # what follows would be read by nobody
    assert capfd.readouterr().err == ""
    assert not [each for each in caplog.messages if "install" in each or "Unsupported" in each]


@pytest.mark.parametrize(
    "request_",
    [
        b"nonsense\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /atom.xml HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n",
        b"GET /atom.xml HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # a TLS client
    ],
)
@pytest.mark.usefixtures("only_warnings")
def test_what_is_no_request_gets_a_400_and_nothing_on_standard_error(
    served: Served, capfd: pytest.CaptureFixture[str], request_: bytes
) -> None:
    answer = served.raw(request_)
    assert status(answer) == 400
    assert b"Connection: close" in answer or b"connection: close" in answer
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    "parts",
    [
        (b"X: " + b"a" * HEAD_BYTES + b"\r\n\r\n",),
        (b"X: y\r\n" * (HEAD_BYTES // 4) + b"\r\n",),
        (b"X: ", *[b"a" * 4096] * 9),  # no end of the line in sight
    ],
)
def test_a_head_of_any_size_is_not_taken_in(served: Served, parts: tuple[bytes, ...]) -> None:
    answer = served.raw(b"GET / HTTP/1.1\r\nHost: a\r\n", *parts)
    assert status(answer) == 431


def test_who_is_refused_while_still_sending_can_read_why(served: Served) -> None:
    with served.connected() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * HEAD_BYTES)
        assert client.recv(1, socket.MSG_PEEK)  # the answer is there
        for _ in range(20):
            client.sendall(b"a" * 10_000)
        answer = read_all(client)
    assert status(answer) == 431
    assert answer.endswith(b"bytes together\n")


def test_requests_that_never_end_are_hung_up_on(serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Protocol, "request_seconds", 0.3)
    served = serve()
    served.put("atom.xml")
    clients = [served.connected() for _ in range(20)]
    for client in clients:
        client.sendall(b"GET /atom.xml HTTP/1.1\r\nHost: a")
    assert served.ask("/atom.xml").status == 200  # meanwhile
    assert {status(read_all(client)) for client in clients} == {408}
    silent = served.connected()
    assert read_all(silent) == b""
    dripping = served.connected()
    dripping.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nx")
    assert status(read_all(dripping)) == 405
    for client in (*clients, silent, dripping):
        client.close()


def test_a_taken_port_is_an_error_that_says_what_helps(served: Served) -> None:
    second = Server(application(lambda: served.folder), "127.0.0.1", served.server.port)
    with pytest.raises(ServingError) as error:
        second.start()
    assert f"127.0.0.1:{served.server.port}: cannot listen: Address already in use" in str(error.value)
    assert "change server.port" in str(error.value)
    second.stop()
    assert served.ask("/healthz").status == 200


@pytest.mark.parametrize(
    ("host", "help_"),
    [("192.0.2.7", "change server.host"), ("no-such-host.invalid", "no address is known by this name")],
)
def test_an_address_that_is_not_ours_is_an_error_that_says_what_helps(tmp_path: Path, host: str, help_: str) -> None:
    with pytest.raises(ServingError, match=help_):
        Server(application(lambda: tmp_path), host, 0).start()


def test_it_tells_its_address(served: Served) -> None:
    assert served.server.port > 0
    assert served.server.address == f"http://127.0.0.1:{served.server.port}/"
    assert Server(application(Path), "::1", 8080).address == "http://[::1]:8080/"


def test_it_stops_in_time_whatever_its_clients_do(serve: Callable[..., Served]) -> None:
    served = serve()
    served.put("atom.xml", b"x" * 30_000_000)
    idle, half_sent, deaf = (served.connected() for _ in range(3))
    half_sent.sendall(b"GET /atom.xml HT")
    deaf.sendall(b"GET /atom.xml HTTP/1.1\r\nHost: a\r\n\r\n")  # and never reads all of it
    assert deaf.recv(100)
    started = time.monotonic()
    served.server.stop(3.0)
    assert time.monotonic() - started < 4
    assert not served.server.is_running
    with pytest.raises(ConnectionRefusedError):
        served.connected()
    for client in (idle, half_sent, deaf):
        client.close()


def test_what_is_being_answered_when_it_stops_is_answered(serve: Callable[..., Served]) -> None:
    released, asked = threading.Event(), threading.Event()

    def metrics() -> bytes:
        asked.set()
        assert released.wait(PATIENCE)
        return b"whole"

    served = serve(metrics=metrics)
    with served.connected() as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
        assert asked.wait(PATIENCE)
        stopper = threading.Thread(target=served.server.stop, args=(PATIENCE,))
        stopper.start()
        released.set()
        assert read_all(client).endswith(b"whole")
        stopper.join(PATIENCE)
    assert not served.server.is_running


def test_stopping_twice_or_before_the_start_is_nothing(tmp_path: Path) -> None:
    server = Server(application(lambda: tmp_path), "127.0.0.1", 0)
    server.stop()
    server.stop()
