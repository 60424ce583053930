from __future__ import annotations

import gzip
import itertools
import shutil
import socket
import ssl
import subprocess
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import brotli
import pytest

from builders import source
from feeds import fetching
from feeds.clock import SystemClock
from feeds.fetching import http
from feeds.fetching.politeness import PerHost
from feeds.records import Fetched, FetchFailed, FetchResult, NotModified, Postponed, Source, SourceState, Validators
from origin import Origin, Request, answer, conditional, feed

QUICK = http.Manners(user_agent="feedmill/test (+https://mill.example/)", per_host=PerHost(spacing=timedelta(0)))


def local(url: str, **changes: object) -> Source:
    return source(url=url, allow_private_addresses=True, timeout=timedelta(seconds=5), **changes)


def fetch(one: Source, state: SourceState | None = None, manners: http.Manners = QUICK) -> FetchResult:
    ((_source, result),) = fetching.fetch(
        [(one, state or SourceState(name=one.name))], clock=SystemClock(), manners=manners
    )
    return result


def problem(result: FetchResult) -> str:
    assert isinstance(result, FetchFailed), result
    return result.problem


def body(result: FetchResult) -> bytes:
    assert isinstance(result, Fetched), result
    return result.bodies[0].content


def test_a_document_comes_with_what_its_carrier_said_about_it(origin: Origin) -> None:
    url = origin.play(
        "/feed.xml",
        answer(
            body=feed("a"), ETag='W/"x"', Last_Modified="Tue, 03 Nov 2026 08:00:00 GMT",
            Content_Type="application/atom+xml; charset=GBK",
        ),
    )  # fmt: skip
    result = fetch(local(url))
    assert isinstance(result, Fetched)
    assert result.validators == Validators(etag='W/"x"', last_modified="Tue, 03 Nov 2026 08:00:00 GMT")
    (got,) = result.bodies
    assert (got.content, got.url, got.media_type, got.charset) == (feed("a"), url, "application/atom+xml", "GBK")


def test_both_validators_go_back_byte_for_byte(origin: Origin) -> None:
    opaque = Validators(etag='W/"a b\xe9"; x', last_modified="last tuesday")
    url = origin.play("/feed.xml", answer("304 Not Modified"))
    assert isinstance(fetch(local(url), SourceState(name="s", validators=opaque)), NotModified)
    (request,) = origin.requests
    assert request.headers["if-none-match"] == opaque.etag
    assert request.headers["if-modified-since"] == opaque.last_modified


def test_a_304_that_nothing_was_asked_for_is_a_failure(origin: Origin) -> None:
    assert "304" in problem(fetch(local(origin.play("/feed.xml", answer("304 Not Modified")))))


def test_a_request_says_who_we_are_and_carries_nothing_else(origin: Origin) -> None:
    fetch(local(origin.play("/feed.xml", answer(body=feed("a"), Set_Cookie="a=b"))))
    fetch(local(origin.url()))
    headers = origin.requests[1].headers
    assert headers["user-agent"] == "feedmill/test (+https://mill.example/)"
    assert "application/atom+xml" in headers["accept"]
    assert {"gzip", "br"} <= set(headers["accept-encoding"].replace(" ", "").split(","))
    assert headers["a-im"] == "feed"
    assert set(headers) == {"host", "user-agent", "accept", "accept-encoding", "a-im"}


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("x-gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda content: zlib.compress(content, wbits=-15)),
        ("br", brotli.compress),
        ("identity", bytes),
        ("gzip, br", lambda content: brotli.compress(gzip.compress(content))),
    ],
)
def test_compressed_answers_are_read(origin: Origin, encoding: str, encode) -> None:  # type: ignore[no-untyped-def]
    url = origin.play("/feed.xml", answer(body=encode(feed("a")), Content_Encoding=encoding))
    assert body(fetch(local(url))) == feed("a")


def test_redirects_are_followed_and_relative_ones_too(origin: Origin) -> None:
    origin.play("/a", answer("301 Moved Permanently", Location="/b?x=1#frag"))
    origin.play("/b?x=1", answer("302 Found", Location=origin.url("/c")))
    origin.play("/c", answer("307 Temporary Redirect", Location="d"))
    origin.play("/d", answer(body=feed("a")))
    result = fetch(local(origin.url("/a")))
    assert isinstance(result, Fetched)
    assert result.bodies[0].url == origin.url("/d")


def test_redirects_in_circles_end(origin: Origin) -> None:
    origin.play("/a", answer("302 Found", Location="/b"))
    origin.play("/b", answer("302 Found", Location="/a"))
    assert "circles" in problem(fetch(local(origin.url("/a"))))
    assert [request.path for request in origin.requests] == ["/a", "/b"]


def test_redirects_without_end_are_not_followed_for_ever(origin: Origin) -> None:
    for number in range(20):
        origin.play(f"/{number}", answer("302 Found", Location=f"/{number + 1}"))
    assert "more than 10 redirects" in problem(fetch(local(origin.url("/0"))))
    assert len(origin.requests) == 11


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "data:text/xml,x"])
def test_a_redirect_to_anything_but_http_is_refused(origin: Origin, target: str) -> None:
    origin.play("/a", answer("302 Found", Location=target))
    assert "neither http nor https" in problem(fetch(local(origin.url("/a"))))


def test_secrets_for_one_origin_are_not_taken_to_another(origin: Origin) -> None:
    with Origin() as other:
        other.play("/feed.xml", answer(body=feed("a")))
        origin.play("/a", answer("302 Found", Location=other.url()))
        fetch(local(origin.url("/a"), auth="Basic c2VjcmV0", headers=(("X-Key", "secret"),)))
        assert origin.requests[0].headers["authorization"] == "Basic c2VjcmV0"
        assert origin.requests[0].headers["x-key"] == "secret"
        assert not {"authorization", "x-key"} & other.requests[0].headers.keys()


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1", "127.1", "[::ffff:127.0.0.1]", "0"],
)
def test_a_private_address_is_refused_however_it_is_written(origin: Origin, host: str) -> None:
    url = f"http://{host}:{origin.port}/feed.xml"
    result = fetch(source(url=url, timeout=timedelta(seconds=5)))
    assert "allow_private_addresses" in problem(result)
    assert not origin.requests


def test_a_redirect_to_a_private_address_is_refused(origin: Origin) -> None:
    with Origin() as inside:
        inside.play("/feed.xml", answer(body=feed("secret")))
        origin.play("/a", answer("302 Found", Location=inside.url()))
        only_first = replace(local(origin.url("/a")), allow_private_addresses=(f"127.0.0.1:{origin.port}",))
        assert "allow_private_addresses" in problem(fetch(only_first))
        assert not inside.requests


def test_a_connection_opened_under_an_exception_is_not_lent_to_others(origin: Origin) -> None:
    url = origin.play("/feed.xml", answer(body=feed("a")))
    trusted = local(url, name="trusted")
    others = [source(name=f"other{n}", url=f"{url}?{n}", timeout=timedelta(seconds=5)) for n in range(3)]
    one_by_one = http.Manners(per_host=PerHost(connections=1, spacing=timedelta(0)))
    results = {
        each.name: result
        for each, result in fetching.fetch(
            [(each, SourceState(name=each.name)) for each in (trusted, *others)],
            clock=SystemClock(),
            manners=one_by_one,
        )
    }
    assert isinstance(results["trusted"], Fetched)
    assert all("allow_private_addresses" in problem(results[each.name]) for each in others)


def test_an_answer_beyond_max_size_is_refused_also_as_a_bomb(origin: Origin) -> None:
    plain = origin.play("/plain", answer(body=b"x" * 2_000))
    bomb = gzip.compress(b"x" * 500_000)
    once = origin.play("/bomb", answer(body=bomb, Content_Encoding="gzip"))
    twice = origin.play("/bombs", answer(body=gzip.compress(bomb), Content_Encoding="gzip, gzip"))
    small = origin.play("/brotli", answer(body=brotli.compress(b"x" * 50_000_000), Content_Encoding="br"))
    for url in (plain, once, twice, small):
        assert "max_size" in problem(fetch(local(url, max_size=1_000)))


def test_headers_without_end_are_refused(origin: Origin) -> None:
    many = b"HTTP/1.1 200 OK\r\n" + b"X-Junk: " + b"x" * 900 + b"\r\n"
    url = origin.play("/feed.xml", many + b"X-Junk: y\r\n" * 20_000 + b"\r\n")
    assert isinstance(fetch(local(url)), FetchFailed)


def drip(origin: Origin, chunk: bytes) -> Iterator[bytes]:
    for _ in range(200):
        yield chunk
        if origin.stopping.wait(0.05):
            return


@pytest.mark.parametrize(
    ("start", "chunk"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x"),
        (b"HTTP/1.1 200 OK\r\n", b"X-Slow: 1\r\n"),
        (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        (b"", b""),
    ],
    ids=["body", "headers", "1xx", "nothing"],
)
def test_a_server_that_drips_ends_at_the_deadline(origin: Origin, start: bytes, chunk: bytes) -> None:
    def play(_request: Request) -> Iterator[bytes]:
        yield start
        yield from drip(origin, chunk)

    began = time.monotonic()
    slow = replace(local(origin.play("/feed.xml", play)), timeout=timedelta(seconds=0.6))
    assert "within 0.6 s" in problem(fetch(slow))
    assert time.monotonic() - began < 3


def test_the_deadline_is_one_for_all_hops(origin: Origin) -> None:
    def play(_request: Request) -> Iterator[bytes]:
        origin.stopping.wait(0.25)
        yield answer("302 Found", Location=f"/feed.xml?{len(origin.requests)}", Connection="close")

    slow = replace(local(origin.play("/feed.xml", play)), timeout=timedelta(seconds=0.6))
    assert "within 0.6 s" in problem(fetch(slow))


def test_early_hints_are_harmless(origin: Origin) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nETag: wrong\r\nLink: </x>\r\n\r\n"
    result = fetch(local(origin.play("/feed.xml", hints + answer(body=feed("a"), ETag='"right"'))))
    assert isinstance(result, Fetched)
    assert result.validators.etag == '"right"'


@pytest.mark.parametrize(
    "content",
    [
        answer(body=feed("a")[:-10], Content_Length=str(len(feed("a")))),
        answer(body=gzip.compress(feed("a"))[:-12], Content_Encoding="gzip"),
        answer(body=b"no gzip at all", Content_Encoding="gzip"),
        answer(body=brotli.compress(feed("a"))[:-4], Content_Encoding="br"),
        answer(body=feed("a"), Content_Encoding="sdch"),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        b"",
        b"rubbish\r\n\r\n",
    ],
    ids=["short", "cut gzip", "no gzip", "cut brotli", "unknown", "cut chunks", "nothing", "no http"],
)
def test_a_broken_answer_is_a_failure_and_no_document(origin: Origin, content: bytes) -> None:
    def play(_request: Request) -> Iterator[bytes]:
        yield content  # and the connection is closed

    assert isinstance(fetch(local(origin.play("/feed.xml", play))), FetchFailed)


@pytest.mark.parametrize(
    ("status", "word"),
    [("401 X", "auth"), ("403 X", "refuses"), ("404 X", "correct the url"), ("410 X", "gone"), ("500 X", "later"),
     ("418 X", "browser"), ("204 X", "browser"), ("206 X", "browser")],
)  # fmt: skip
def test_every_status_says_what_would_help(origin: Origin, status: str, word: str) -> None:
    result = fetch(local(origin.play("/feed.xml", answer(status))))
    assert word in problem(result)
    assert isinstance(result, FetchFailed)
    assert (result.kind == "gone") == status.startswith("410")


def test_a_host_that_is_not_there_is_told_from_one_that_refuses(origin: Origin) -> None:
    assert "host name" in problem(fetch(local("http://nowhere.invalid/feed.xml")))
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    assert "refused" in problem(fetch(local(f"http://127.0.0.1:{port}/")))


def test_a_host_is_asked_by_two_at_a_time_and_never_more(origin: Origin) -> None:
    at_once, most, lock = 0, 0, threading.Lock()

    def play(_request: Request) -> bytes:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.03)
        with lock:
            at_once -= 1
        return answer(body=feed("a"))

    url = origin.play("/feed.xml", play)
    many = [local(f"{url}?{number}", name=f"s{number}") for number in range(12)]
    results = list(fetching.fetch([(s, SourceState(name=s.name)) for s in many], clock=SystemClock(), manners=QUICK))
    assert len(results) == 12
    assert most == 2


def test_requests_to_one_host_are_spaced(origin: Origin) -> None:
    moments: list[float] = []

    def play(_request: Request) -> bytes:
        moments.append(time.monotonic())
        return answer(body=feed("a"))

    url = origin.play("/feed.xml", play)
    spaced = http.Manners(per_host=PerHost(spacing=timedelta(seconds=0.1)))
    many = [local(f"{url}?{number}", name=f"s{number}") for number in range(4)]
    assert (
        len(list(fetching.fetch([(s, SourceState(name=s.name)) for s in many], clock=SystemClock(), manners=spaced)))
        == 4
    )
    assert all(later - earlier > 0.09 for earlier, later in itertools.pairwise(moments))


def test_closing_the_generator_ends_the_transfers(origin: Origin) -> None:
    slow = origin.play("/slow", lambda _request: drip(origin, b"HTTP/1.1 103 Early Hints\r\n\r\n"))
    quick = origin.play("/quick", answer(body=feed("a")))
    claimed = [(local(url, name=url), SourceState(name=url)) for url in (quick, slow)]
    running = fetching.fetch(claimed, clock=SystemClock(), manners=QUICK)
    next(running)
    began = time.monotonic()
    running.close()
    assert time.monotonic() - began < 1
    assert not [thread for thread in threading.enumerate() if thread.name == "feedmill-fetching"]


def test_a_slow_caller_costs_no_source_its_deadline(origin: Origin) -> None:
    def play(_request: Request) -> bytes:
        time.sleep(0.1)
        return answer(body=feed("a"))

    url = origin.play("/feed.xml", play)
    many = [replace(local(f"{url}?{n}", name=f"s{n}"), timeout=timedelta(seconds=1)) for n in range(6)]
    results = []
    for _source, result in fetching.fetch(
        [(s, SourceState(name=s.name)) for s in many], clock=SystemClock(), manners=QUICK
    ):
        time.sleep(0.5)
        results.append(result)
    assert all(isinstance(result, Fetched) for result in results)


def test_a_hundred_sources_at_once_with_many_hosts_are_all_answered(origin: Origin) -> None:
    origin.play("/feed.xml", conditional(feed("a")))
    claimed = [
        (local(f"http://127.0.0.{n % 50 + 1}:{origin.port}/feed.xml?{n}", name=f"s{n}"), SourceState(name=f"s{n}"))
        for n in range(300)
    ]
    results = [result for _source, result in fetching.fetch(claimed, clock=SystemClock(), manners=QUICK)]
    assert len(results) == 300


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that nobody vouches for, its key behind it."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("tls")
    key, cert = folder / "key.pem", folder / "cert.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject]
    subprocess.run([*command, "-keyout", str(key), "-out", str(cert)], check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_bytes(cert.read_bytes() + key.read_bytes())
    return both


def test_a_certificate_is_verified_unless_the_config_says_not_to(origin: Origin, certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    origin.server.socket = context.wrap_socket(origin.server.socket, server_side=True)
    origin.play("/feed.xml", answer(body=feed("a")))
    url = f"https://127.0.0.1:{origin.port}/feed.xml"
    assert "certificate" in problem(fetch(local(url)))
    assert not origin.requests
    assert body(fetch(local(url, verify_tls=False))) == feed("a")
    assert "certificate" in problem(fetch(local(url)))  # the unverified connection was not kept


def test_a_host_that_says_429_is_spared_the_rest_of_the_round(origin: Origin) -> None:
    throttled = origin.play("/a", answer("429 Too Many Requests", Retry_After="3600"))
    spared = [origin.play(f"/b{number}", answer(body=feed("b"))) for number in range(5)]
    one_by_one = http.Manners(per_host=PerHost(connections=1, spacing=timedelta(0)))
    claimed = [(local(url, name=url), SourceState(name=url)) for url in (throttled, *spared)]
    results = {each.url: result for each, result in fetching.fetch(claimed, clock=SystemClock(), manners=one_by_one)}
    assert isinstance(results[throttled], FetchFailed)
    assert all(isinstance(results[url], Postponed) for url in spared)
    assert [request.path for request in origin.requests] == ["/a"]


def test_permanent_redirects_are_told_up_to_the_first_temporary_one(origin: Origin) -> None:
    origin.play("/a", answer("301 Moved", Location="/b"))
    origin.play("/b", answer("308 Moved", Location="/c"))
    origin.play("/c", answer("302 Found", Location="/d"))
    origin.play("/d", answer("301 Moved", Location="/e"))
    origin.play("/e", answer(body=feed("a")))
    result = fetch(local(origin.url("/a")))
    assert isinstance(result, Fetched)
    assert (result.moved_to, result.bodies[0].url) == (origin.url("/c"), origin.url("/e"))


def test_a_host_may_be_allowed_by_its_name_and_port(origin: Origin) -> None:
    origin.play("/feed.xml", answer(body=feed("a")))
    url = f"http://localhost:{origin.port}/feed.xml"
    allowed = replace(local(url), allow_private_addresses=(f"localhost:{origin.port}",))
    assert body(fetch(allowed)) == feed("a")
    assert "no public address" in problem(fetch(replace(allowed, allow_private_addresses=("localhost:1",))))


def test_a_host_that_said_429_is_spared_what_is_added_later(origin: Origin) -> None:
    running = fetching.Fetching(clock=SystemClock(), manners=QUICK)
    one, other = (
        local(origin.play(f"/{n}", answer("429 Too Many Requests", Retry_After="60")), name=f"s{n}") for n in "ab"
    )
    running.add([(one, SourceState(name=one.name))])
    results = (each for each in running.results() if each)
    assert isinstance(next(results)[1], FetchFailed)
    running.add([(other, SourceState(name=other.name))])
    assert isinstance(next(results)[1], Postponed)
    running.close()
    assert list(results) == []
    assert [request.path for request in origin.requests] == ["/a"]
