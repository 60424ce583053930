"""What no honest client sends: refused with the right status, told once, and nothing leaks."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

import pytest
from served import PATIENCE, Served, read_all, status
from structlog.testing import capture_logs

from feeds.serving.answers import Answer, Request, Service
from feeds.serving.protocol import CONNECTIONS, HEAD_BYTES, HEADERS, Protocol

GET = b"GET /atom.xml HTTP/1.1\r\nHost: a\r\n"
POST = b"POST /hub HTTP/1.1\r\nHost: a\r\n"
END = b"Connection: close\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"

REFUSED = {
    "two lengths": (400, POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx"),
    "the same length twice": (400, POST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\nx"),
    "a list of lengths": (400, POST + b"Content-Length: 1, 1\r\n\r\nx"),
    "a length with a sign": (400, POST + b"Content-Length: +1\r\n\r\nx"),
    "a length and chunks": (400, POST + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\n"),
    "chunks and a length": (400, POST + CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n"),
    "an unknown transfer coding": (400, POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    "chunked twice": (400, POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
    "a chunk without a size": (400, POST + CHUNKED + b"\r\nzz\r\nabc\r\n0\r\n\r\n"),
    "a chunk beyond measure": (400, POST + CHUNKED + b"\r\nfffffffffffffffff\r\nabc\r\n"),
    "a chunk with a bare line end": (400, POST + CHUNKED + b"\r\n1\nx\r\n0\r\n\r\n"),
    "a folded header": (400, GET + b"X: a\r\n b\r\n" + END),
    "a folded host": (400, b"GET / HTTP/1.1\r\nHost: a\r\n b\r\n" + END),
    "NUL in a value": (400, GET + b"X: a\0b\r\n" + END),
    "NUL in a name": (400, GET + b"X\0: b\r\n" + END),
    "a space behind a name": (400, GET + b"X : b\r\n" + END),
    "a space in a name": (400, GET + b"X Y: b\r\n" + END),
    "no name": (400, GET + b": b\r\n" + END),
    "bare line ends": (400, b"GET /atom.xml HTTP/1.1\nHost: a\n\n"),
    "a bare carriage return": (400, GET + b"X: a\rY: b\r\n" + END),
    "a host with a space": (400, b"GET / HTTP/1.1\r\nHost: a b\r\n" + END),
    "a host with a path": (400, b"GET / HTTP/1.1\r\nHost: a/b\r\n" + END),
    "a host with a user": (400, b"GET / HTTP/1.1\r\nHost: u@a\r\n" + END),
    "a list of hosts": (400, b"GET / HTTP/1.1\r\nHost: a, b\r\n" + END),
    "a host that is no text": (400, b"GET / HTTP/1.1\r\nHost: \xff\r\n" + END),
    "an asterisk": (400, b"GET * HTTP/1.1\r\nHost: a\r\n" + END),
    "a relative path": (400, b"GET atom.xml HTTP/1.1\r\nHost: a\r\n" + END),
    "a fragment": (400, b"GET /atom.xml#x HTTP/1.1\r\nHost: a\r\n" + END),
    "a space in the path": (400, b"GET /atom xml HTTP/1.1\r\nHost: a\r\n" + END),
    "an address without a host": (400, b"GET http:///atom.xml HTTP/1.1\r\nHost: a\r\n" + END),
    "an address with an odd port": (400, b"GET http://b:99999/ HTTP/1.1\r\nHost: a\r\n" + END),
    "an unknown method": (400, b"FOO / HTTP/1.1\r\nHost: a\r\n" + END),
    "a method in small letters": (400, b"get / HTTP/1.1\r\nHost: a\r\n" + END),
    "TRACE": (405, b"TRACE / HTTP/1.1\r\nHost: a\r\nCookie: secret\r\n" + END),
    "HTTP/2": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "HTTP/2.0 as a version": (505, b"GET / HTTP/2.0\r\nHost: a\r\n" + END),
    "HTTP/0.9": (505, b"GET /atom.xml\r\n\r\n"),
    "HTTP/1.2": (400, b"GET / HTTP/1.2\r\nHost: a\r\n" + END),
    "too many headers": (431, GET + b"X: y\r\n" * (HEADERS + 1) + END),
    "a line of 1 MB": (431, GET + b"X: " + b"a" * 1_000_000 + b"\r\n\r\n"),
    "a path of 40 KB": (431, b"GET /" + b"a" * 40_000 + b" HTTP/1.1\r\nHost: a\r\n" + END),
    "an overlong slash": (404, b"GET /%c0%af%c0%ae%c0%ae HTTP/1.1\r\nHost: a\r\n" + END),
    "a path that looks like a host": (404, b"GET //evil.example/%2e%2e HTTP/1.1\r\nHost: a\r\n" + END),
    "markup": (404, b"GET /\"<script> HTTP/1.1\r\nHost: a\r\n" + END),
    "a body that is too long": (413, POST + b"Content-Length: 200000\r\n" + END + b"x" * 200_000),
}  # fmt: skip


def hub(request: Request) -> Answer:
    return Answer(body=request.body)


@pytest.fixture
def mill(serve: Callable[..., Served]) -> Served:
    served = serve(services=[Service(path="/hub", answer=hub, methods=("GET", "POST"))])
    served.put("atom.xml", b"one")
    return served


@pytest.mark.parametrize("name", REFUSED)
def test_it_is_refused_told_once_and_nothing_leaks(mill: Served, name: str) -> None:
    expected, request = REFUSED[name]
    with capture_logs() as told:
        answer = mill.raw(request)
    assert status(answer) == expected
    assert answer.count(b"HTTP/1.1 ") - answer.count(b"speaks HTTP/1.1 ") == 1
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"connection: close" in head
    assert b"\r\nserver:" not in head.lower()
    for leak in (b"Traceback", b"uvicorn", b"httptools", b"/feeds/", b"script>", b"secret", bytes(mill.folder)):
        assert leak not in body
    assert len([line for line in told if line.get("status") == expected]) == 1
    assert not [line for line in told if line["log_level"] in ("error", "critical")]
    assert mill.ask("/atom.xml").status == 200


def test_what_a_service_is_sent_arrives_as_it_was_sent(mill: Served) -> None:
    for request in (POST + CHUNKED + END + b"2\r\nab\r\n1;x=y\r\nc\r\n0\r\nTrailer: x\r\n\r\n", POST + b"Content-Length: 3\r\n" + END + b"abc"):  # fmt: skip
        answer = mill.raw(request)
        assert (status(answer), answer[-3:]) == (200, b"abc")


def test_nothing_is_answered_after_the_last_request(mill: Served) -> None:
    assert mill.raw(GET + END + GET + END).count(b"HTTP/1.1 200") == 1
    assert mill.raw(b"GET /atom.xml HTTP/1.0\r\n\r\n" + GET + END).count(b"HTTP/1.1 200") == 1


def test_a_body_with_a_get_is_no_second_request(mill: Served) -> None:
    inner = GET + b"\r\n"
    answers = mill.raw(GET + b"Content-Length: %d\r\n\r\n" % len(inner) + inner + GET + END)
    assert answers.count(b"HTTP/1.1 200") == 2


def test_the_host_of_an_absolute_address_needs_a_host_header_all_the_same(mill: Served) -> None:
    assert status(mill.raw(b"GET http://a/atom.xml HTTP/1.1\r\n" + END)) == 400
    assert status(mill.raw(b"GET http://a HTTP/1.1\r\nHost: a\r\n" + END)) == 404  # the front page, which is not there


# Patience


def test_300_half_sent_requests_keep_nobody_waiting_and_are_cut(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Protocol, "request_seconds", 1.0)
    served = serve()
    served.put("atom.xml", b"one")
    with ExitStack() as stack:
        clients = [stack.enter_context(served.connected()) for _ in range(300)]
        for number, client in enumerate(clients):
            client.sendall((GET + END)[: 1 + number % (len(GET + END) - 2)])
        began = time.monotonic()
        assert served.ask("/atom.xml").body == b"one"
        assert time.monotonic() - began < 5
        assert {status(read_all(client)) for client in clients} == {408}


def test_a_flood_of_requests_that_nobody_reads_the_answers_of_is_cut(
    mill: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    mill.put("large.bin", b"x" * 2_000_000)
    request = b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n"
    with mill.connected() as client:
        client.settimeout(PATIENCE)
        with pytest.raises(ConnectionError):
            send_for_ever(client, request * 5_000)
    assert mill.ask("/atom.xml").status == 200


def test_pipelined_requests_of_a_patient_client_are_all_answered_in_order(mill: Served) -> None:
    mill.put("large.bin", b"x" * 300_000)
    one = b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n" + GET + b"\r\n" + b"GET /none HTTP/1.1\r\nHost: a\r\n\r\n"
    answers = mill.raw(one * 15 + GET + END)
    codes = [int(each[:3]) for each in answers.split(b"HTTP/1.1 ")[1:]]
    assert codes == [200, 200, 404] * 15 + [200]
    assert answers.count(b"x") >= 15 * 300_000


@pytest.fixture
def hurried(serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch) -> Served:
    monkeypatch.setattr(Protocol, "write_seconds", 0.5)
    return serve()


def test_a_client_that_takes_nothing_of_its_answer_is_hung_up_on(hurried: Served) -> None:
    hurried.put("large.bin", b"x" * 30_000_000)
    with capture_logs() as told, hurried.connected() as client:
        client.sendall(b"GET /large.bin HTTP/1.1\r\nHost: a\r\n\r\n")
        until = time.monotonic() + PATIENCE
        while not any("takes no answer" in line["event"] for line in told) and time.monotonic() < until:
            threading.Event().wait(0.05)
        received = 0
        with suppress(ConnectionError):  # what is on its way comes still
            while chunk := client.recv(1_000_000):
                received += len(chunk)
    assert any("takes no answer" in line["event"] for line in told)
    assert received < 30_000_000


def test_a_client_that_takes_its_time_gets_everything(hurried: Served) -> None:
    hurried.put("large.bin", b"x" * 20_000_000)
    with hurried.connected() as client:
        client.sendall(b"GET /large.bin HTTP/1.1\r\nHost: a\r\n" + END)
        received = 0
        while chunk := client.recv(1_000_000):
            received += len(chunk)
            if received < 8_000_000:
                threading.Event().wait(0.1)
    assert received > 20_000_000


def test_an_idle_client_makes_room_for_another_and_a_busy_one_does_not(
    serve: Callable[..., Served], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Protocol, "max_connections", 3)
    served = serve()
    served.put("atom.xml", b"one")
    with ExitStack() as stack:
        idle, *busy = (stack.enter_context(served.connected()) for _ in range(3))
        idle.sendall(GET + b"\r\n")
        assert idle.recv(1_000)
        for client in busy:
            client.sendall(b"GET /")
        another = stack.enter_context(served.connected())
        another.sendall(GET)
        assert idle.recv(1) == b""  # hung up on
        refused = stack.enter_context(served.connected())
        answer = read_all(refused)
        assert status(answer) == 503
        assert b"retry-after: 10" in answer
        another.sendall(END)
        assert status(read_all(another)) == 200


def test_there_is_room_for_300_half_sent_requests_and_more() -> None:
    assert 300 < CONNECTIONS < 1_024
    assert HEAD_BYTES * CONNECTIONS < 32_000_000


def send_for_ever(client: socket.socket, data: bytes) -> None:
    while True:
        client.sendall(data)
