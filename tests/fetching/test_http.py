"""One request and its answer: what is asked, what is read, what is told of a failure."""

from __future__ import annotations

import gzip
import shutil
import socket
import ssl
import subprocess
import zlib
from pathlib import Path

import brotli
import pytest
from asking import body, fetch, local, problem

from feeds.records import Fetched, FetchFailed, NotModified, SourceState, Validators
from origin import Origin, answer, feed


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
