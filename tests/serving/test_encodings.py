"""Compressed answers: who gets which, and that no two encodings are ever taken for each other."""

from __future__ import annotations

import gzip
import os

import brotli
import pytest
from served import Served

from feeds.serving.encodings import acceptable

FEED = b"<feed>\n" + b"".join(b"  <entry>%d</entry>\n" % number for number in range(500)) + b"</feed>\n"
UNPACK = {"": bytes, "gzip": gzip.decompress, "br": brotli.decompress}


@pytest.fixture
def published(served: Served) -> Served:
    served.put("atom.xml", FEED)
    return served


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        (None, ["identity"]),
        ("", ["identity"]),
        ("gzip, deflate", ["gzip", "identity"]),
        ("gzip, deflate, br, zstd", ["br", "gzip", "identity"]),
        ("GZIP;q=1.0, br;q=0.5", ["gzip", "br", "identity"]),
        ("x-gzip", ["gzip", "identity"]),
        ("*", ["br", "gzip", "identity"]),
        ("*;q=0.5, gzip;q=0", ["br", "identity"]),
        ("br;q=0, gzip ; q=0.000", ["identity"]),
        ("identity;q=0.5, gzip;q=0.2", ["identity", "gzip"]),
        ("identity;q=0, gzip", ["gzip"]),
        ("*;q=0", []),
        ("*;q=0, identity", ["identity"]),
        ("identity;q=0", []),
        ("gzip;q=2", ["identity"]),
        ("gzip;q=0.0001, \xff, ,;q=1", ["identity"]),
        ("gzip;level=9", ["identity"]),
        ("deflate," * 5_000 + "gzip", ["identity"]),
    ],
)
def test_codings_are_taken_as_rfc_9110_says(accept_encoding: str | None, expected: list[str]) -> None:
    assert list(acceptable(accept_encoding)) == expected


@pytest.mark.parametrize(
    ("accept_encoding", "coding"),
    [("gzip", "gzip"), ("gzip, br", "br"), ("br;q=0, gzip", "gzip"), ("deflate", ""), ("identity", "")],
)
def test_the_feed_comes_as_small_as_its_reader_takes_it(published: Served, accept_encoding: str, coding: str) -> None:
    got = published.ask("/atom.xml", Accept_Encoding=accept_encoding)
    assert (got.status, got.headers.get("content-encoding", "")) == (200, coding)
    assert UNPACK[coding](got.body) == FEED
    assert got.headers["vary"] == "Accept, Accept-Encoding"
    assert int(got.headers["content-length"]) == len(got.body)
    head = published.ask("/atom.xml", "HEAD", Accept_Encoding=accept_encoding)
    assert {**head.headers, "date": ""} == {**got.headers, "date": ""}


def test_who_takes_no_encoding_that_there_is_gets_a_406(published: Served) -> None:
    assert published.ask("/atom.xml", Accept_Encoding="identity;q=0, zstd").status == 406
    published.put("small.xml", b"<small/>")
    assert published.ask("/small.xml", Accept_Encoding="identity;q=0, gzip").status == 406


def test_each_encoding_has_an_etag_and_a_304_of_its_own(published: Served) -> None:
    etags = {}
    for coding in ("identity", "gzip", "br"):
        etags[coding] = published.ask("/atom.xml", Accept_Encoding=coding).headers["etag"]
    assert len(set(etags.values())) == 3
    for coding, etag in etags.items():
        known = published.ask("/atom.xml", Accept_Encoding=coding, If_None_Match=f'"x", W/{etag}')
        assert (known.status, known.headers["etag"]) == (304, etag)
        assert known.headers["vary"] == "Accept, Accept-Encoding"
        assert known.headers["cache-control"] == "max-age=300"
        assert "content-encoding" not in known.headers
    everything = ", ".join(etags.values())
    assert published.ask("/atom.xml", Accept_Encoding="gzip", If_None_Match=everything).headers["etag"] == etags["gzip"]


def test_a_cache_is_not_told_to_use_what_its_client_cannot_read(published: Served) -> None:
    gzipped = published.ask("/atom.xml", Accept_Encoding="gzip").headers["etag"]
    assert published.ask("/atom.xml", If_None_Match=gzipped).status == 200
    plain = published.ask("/atom.xml").headers["etag"]
    assert published.ask("/atom.xml", Accept_Encoding="gzip", If_None_Match=plain).status == 304


def test_a_page_at_a_feeds_address_varies_by_both(published: Served) -> None:
    published.put("subscribe.html", b"<p>how to subscribe</p>" * 100)
    page = published.ask("/atom.xml", Accept="text/html", Accept_Encoding="gzip")
    assert gzip.decompress(page.body).startswith(b"<p>how to subscribe")
    assert page.headers["vary"] == "Accept, Accept-Encoding"


def test_a_stale_variant_is_never_sent(published: Served) -> None:
    path = published.folder / "atom.xml"
    modified = path.stat().st_mtime_ns
    path.write_bytes(b"<feed>written by hand</feed>")  # and atom.xml.gz is of the bytes before
    os.utime(path, ns=(modified + 1, modified + 1))
    got = published.ask("/atom.xml", Accept_Encoding="gzip, br")
    assert (got.body, got.headers.get("content-encoding")) == (b"<feed>written by hand</feed>", None)
    assert got.headers["vary"] == "Accept"
    published.put("atom.xml", FEED)
    assert brotli.decompress(published.ask("/atom.xml", Accept_Encoding="gzip, br").body) == FEED


def test_variants_have_no_address_of_their_own(published: Served) -> None:
    assert published.ask("/atom.xml.gz").status == published.ask("/atom.xml.br").status == 404
    published.put("download.gz", b"of somebody's own")
    assert published.ask("/download.gz").body == b"of somebody's own"


def test_a_variant_that_leads_elsewhere_is_not_followed(
    published: Served, tmp_path_factory: pytest.TempPathFactory
) -> None:
    secret = tmp_path_factory.mktemp("elsewhere") / "secret"
    secret.write_bytes(b"secret")
    published.put("rss.xml", FEED)
    variant = published.folder / "rss.xml.gz"
    variant.unlink()
    variant.symlink_to(secret)
    modified = (published.folder / "rss.xml").stat().st_mtime_ns
    os.utime(secret, ns=(modified, modified))
    assert published.ask("/rss.xml", Accept_Encoding="gzip").body == FEED
