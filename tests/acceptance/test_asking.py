"""feedmill fetch as an origin sees it."""

from __future__ import annotations

import gzip
import re
import socket
import zlib
from datetime import datetime

import pytest
from command import Feedmill
from desk import rss
from webserver import Origin


class TestManners:
    def test_within_the_hour_nothing_is_asked_again(self, web: Feedmill, origin: Origin) -> None:
        web("fetch")
        result = web("fetch")
        assert result.code == 0
        assert "1 not due yet" in result.stderr
        web("fetch", "gazette")
        assert len(origin.requests) == 1
        (health,) = web("sources", "--json").objects
        wait = datetime.fromisoformat(health["next_fetch"]) - datetime.fromisoformat(health["last_success"])
        assert 3600 <= wait.total_seconds() <= 3600 * 1.06

    def test_force_asks_with_both_validators_byte_for_byte_and_understands_304(
        self, web: Feedmill, origin: Origin
    ) -> None:
        web("fetch")
        (refresh,) = web("fetch", "--force", "--json").objects
        assert refresh["status"] == "unchanged"
        first, second = origin.requests
        assert first["If-None-Match"] is None
        assert second["If-None-Match"] == 'W/"a b\u00fc"'
        assert second["If-Modified-Since"] == "Mon, 02 Nov 2026 08:00:00 gmt (about)"
        assert len(web.feed().entries) == 1

    def test_force_says_that_another_is_at_work_on_a_source(self, feedmill: Feedmill, origin: Origin) -> None:
        url = origin.serve("/slow.xml", stalls=True)
        feedmill.config(f"sources: [{{name: slow, url: '{url}'}}]")
        other = feedmill.start("fetch")
        origin.wait_for("/slow.xml")
        result = feedmill("fetch", "--force")
        assert (result.code, "1 source left alone (slow): another feedmill is at work" in result.stderr) == (0, True)
        assert len(origin.requests) == 1
        feedmill.interrupt(other)

    def test_it_tells_who_it_is_and_what_it_takes(self, web: Feedmill, origin: Origin) -> None:
        web("fetch")
        (request,) = origin.requests
        assert str(request["User-Agent"]).startswith("feedmill/")
        assert {"gzip", "br"} <= set(re.split(", *", str(request["Accept-Encoding"])))
        assert request["Cookie"] is None

    def test_redirects_are_followed(self, feedmill: Feedmill, origin: Origin) -> None:
        origin.serve("/new.xml", rss("One"))
        url = origin.serve("/old.xml", status=301, headers={"Location": "/new.xml"})
        feedmill.config(f"sources: [{{name: moved, url: '{url}'}}]")
        assert feedmill("fetch", "--json").objects[0]["new"] == 1

    def test_a_redirect_in_circles_ends(self, feedmill: Feedmill, origin: Origin) -> None:
        url = origin.serve("/round.xml", status=302, headers={"Location": "/round.xml"})
        feedmill.config(f"sources: [{{name: round, url: '{url}'}}]")
        assert "redirects" in feedmill("fetch").stderr
        assert len(origin.requests) <= 11

    @pytest.mark.parametrize("encoding", ["gzip", "br", "deflate"])
    def test_a_compressed_body_is_read(self, feedmill: Feedmill, origin: Origin, encoding: str) -> None:
        text = rss("One").encode()
        body = {"gzip": gzip.compress, "deflate": zlib.compress, "br": _brotli}[encoding](text)
        url = origin.serve("/feed.xml", body, headers={"Content-Encoding": encoding})
        feedmill.config(f"sources: [{{name: packed, url: '{url}'}}]")
        assert feedmill("fetch", "--json").objects[0]["new"] == 1

    def test_a_body_is_measured_after_decompression(self, feedmill: Feedmill, origin: Origin) -> None:
        bomb = gzip.compress(b" " * 5_000_000)
        assert len(bomb) < 10_000
        url = origin.serve("/bomb.xml", bomb, headers={"Content-Encoding": "gzip"})
        feedmill.config(f"sources: [{{name: bomb, url: '{url}', max_size: 100kB}}]")
        result = feedmill("fetch")
        assert result.code == 1
        assert "more than max_size (100,000 bytes)" in result.stderr

    def test_a_dripping_server_meets_one_deadline_for_the_whole(self, feedmill: Feedmill, origin: Origin) -> None:
        url = origin.serve("/slow.xml", rss("One"), drip=0.1)
        feedmill.config(f"sources: [{{name: slow, url: '{url}', timeout: 1s}}]")
        result = feedmill("fetch", "--json")
        assert result.code == 1
        assert "no complete answer within 1 s" in result.objects[0]["problem"]
        assert 0.9 < result.objects[0]["time"] < 3

    def test_a_refused_connection_says_so(self, feedmill: Feedmill) -> None:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # bound and not listening
            feedmill.config(f"sources: [{{name: down, url: 'http://127.0.0.1:{nobody.getsockname()[1]}/'}}]")
            assert "refused the connection" in feedmill("fetch").stderr

    def test_a_private_address_is_refused_unless_allowed(self, feedmill: Feedmill, origin: Origin) -> None:
        url = origin.serve("/feed.xml", rss("One"))
        feedmill.config(f"sources: [{{name: inside, url: '{url}'}}]", private=False)
        result = feedmill("fetch")
        assert result.code == 1
        assert "127.0.0.1 is no public address" in result.stderr
        allowing = "fetch: {allow_private_addresses: [127.0.0.1]}"
        assert allowing in result.stderr
        assert origin.requests == []
        checked = feedmill("check")
        assert (checked.code, "good, but for 1 warning; 1 source" in checked.stdout) == (0, True)
        assert "feedmill: warning: " in checked.stderr
        feedmill.config(f"sources: [{{name: inside, url: '{url}'}}]\n{allowing}", private=False)
        assert feedmill("check").stderr == ""
        assert feedmill("fetch").code == 0
        feedmill.config(
            f"sources: [{{name: inside, url: '{url}', allow_private_addresses: ['127.0.0.1:{origin.port}']}}]",
            private=False,
        )
        assert feedmill("fetch", "--force").code == 0


def _brotli(content: bytes) -> bytes:
    """One uncompressed meta-block and an empty last one (RFC 7932, section 9.2): reading is what is tested."""
    # From the lowest bit: WBITS 0, ISLAST 0, MNIBBLES 00, MLEN - 1 in sixteen bits, ISUNCOMPRESSED 1.
    header = (len(content) - 1) << 4 | 1 << 20
    return header.to_bytes(3, "little") + content + b"\x03"
