"""What stands between us and the client: proxies, other names, a path in front; and who asks too often."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from served import Served

from builders import MONDAY
from feeds import settings
from feeds.errors import SettingsError
from feeds.serving import Doors, Links, doors
from feeds.serving.answers import Answer, Request, Service
from feeds.serving.restraint import Restraint


class Hands:
    """A clock whose hands are set by the test."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return MONDAY + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


def configured(tmp_path: Path, text: str) -> Doors:
    path = tmp_path / "config.yaml"
    path.write_text(text, encoding="utf-8")
    return doors(settings.load(path, environ={}))


# Who the client is

PROXIES = Doors(trusted_proxies=(ip_network("127.0.0.1/32"), ip_network("10.0.0.0/8"), ip_network("fd00::/8")))


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("192.0.2.1", "", "192.0.2.1"),
        ("192.0.2.1", "198.51.100.9", "192.0.2.1"),  # no proxy of ours: it may write what it likes
        ("127.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("127.0.0.1", "198.51.100.9:4711", "198.51.100.9"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.9", "198.51.100.9"),
        ("127.0.0.1", "6.6.6.6, 198.51.100.9, 10.1.2.3", "198.51.100.9"),
        ("127.0.0.1", "[2001:db8::7]:443", "2001:db8::7"),
        ("::ffff:127.0.0.1", "::ffff:198.51.100.9", "198.51.100.9"),
        ("fd00::1", "2001:db8::7", "2001:db8::7"),
        ("127.0.0.1", "", ""),
        ("127.0.0.1", "unknown", ""),
        ("127.0.0.1", "10.0.0.1, 10.0.0.2", ""),
        ("127.0.0.1", "198.51.100.9, _hidden, 10.0.0.2", ""),
        ("127.0.0.1", "," * 9_000 + "\xff<script>", ""),
        ("", "198.51.100.9", ""),
    ],
)
def test_forwarded_addresses_are_believed_as_far_as_our_proxies_wrote_them(
    peer: str, forwarded: str, expected: str
) -> None:
    assert PROXIES.client(peer, forwarded) == expected


def test_a_service_is_told_who_asks(serve: Callable[..., Served]) -> None:
    seen: list[str] = []

    def answer(request: Request) -> Answer:
        seen.append(request.client)
        return Answer(body=b"one")

    served = serve(services=[Service(path="/hub", answer=answer)])
    served.ask("/hub")
    served.ask("/hub", X_Forwarded_For="198.51.100.9")
    assert seen == ["", "198.51.100.9"]


# Where we are


def test_the_sites_path_is_the_base_path(tmp_path: Path, serve: Callable[..., Served]) -> None:
    served = serve(doors=configured(tmp_path, "site: {url: 'https://mill.example/my%20planet/'}\nsources: []\n"))
    served.put("bread/atom.xml", b"bread")
    assert served.ask("/my%20planet/bread/atom.xml").body == b"bread"
    assert served.ask("/bread/atom.xml").body == b"bread"  # a proxy may take it away
    assert served.ask("/my%20planet/healthz").status == 200
    assert served.ask("/my%20planet").headers["location"] == "./my%20planet/"
    assert served.ask("/my%20planet/bread?x").headers["location"] == "./bread/?x"
    assert served.ask("/my%20planets/bread/atom.xml").status == 404
    assert served.ask("/my%20planet/my%20planet/bread/atom.xml").status == 404


def test_the_base_path_can_be_another(tmp_path: Path) -> None:
    site = "site: {url: 'https://mill.example/planet/'}\nsources: []\n"
    assert configured(tmp_path, site).path(b"/planet/atom.xml") == b"/atom.xml"
    assert configured(tmp_path, site + "server: {base_path: /}\n").path(b"/planet/atom.xml") == b"/planet/atom.xml"
    assert configured(tmp_path, site + "server: {base_path: /x/}\n").path(b"/x/atom.xml") == b"/atom.xml"


def test_other_names_are_refused_where_names_are_listed(tmp_path: Path, serve: Callable[..., Served]) -> None:
    text = "site: {url: 'https://mill.example:8443/'}\nserver: {hosts: [Mill.lan]}\nsources: []\n"
    served = serve(doors=configured(tmp_path, text))
    served.put("atom.xml", b"one")

    def code(host: str, target: str = "/atom.xml") -> int:
        answer = served.raw(f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        return int(answer.split()[1])

    assert {code(host) for host in ("mill.example", "MILL.LAN:80", "mill.lan.", "localhost", "127.0.0.1:8080")} == {200}
    assert {code(host) for host in ("evil.example", "", "mill.lan.evil.example")} == {421}
    assert code("mill.lan", "http://evil.example/atom.xml") == 421
    assert code("evil.example", "http://mill.lan/atom.xml") == 200


def test_any_name_is_answered_otherwise(served: Served) -> None:
    served.put("atom.xml", b"one")
    assert served.ask("/atom.xml", Host="whatever.example").status == 200


@pytest.mark.parametrize(
    ("server", "complaint"),
    [
        ("trusted_proxies: [10.0.0.0/33]", "addresses or networks"),
        ("trusted_proxies: [proxy.example]", "addresses or networks"),
        ("hosts: ['mill.example:80']", "without a port"),
        ("hosts: ['https://mill.example/']", "without a port"),
        ("base_path: planet", "is no path"),
        ("base_path: '//evil.example'", "is no path"),
    ],
)
def test_what_cannot_be_is_a_complaint_with_its_line(tmp_path: Path, server: str, complaint: str) -> None:
    with pytest.raises(SettingsError, match=complaint) as error:
        configured(tmp_path, f"sources: []\nserver:\n  {server}\n")
    assert "config.yaml:3" in str(error.value)


# What is told beside the file


def test_feeds_name_themselves_and_their_hub(serve: Callable[..., Served]) -> None:
    links = Links("https://mill.example/", "https://hub.example/")
    served = serve(links=lambda: links)
    for path in ("atom.xml", "金融/feed.json", "index.html"):
        served.put(path)
    told = served.ask("/atom.xml").headers["link"]
    assert told == '<https://mill.example/atom.xml>; rel="self", <https://hub.example/>; rel="hub"'
    self_link = '<https://mill.example/%E9%87%91%E8%9E%8D/feed.json>; rel="self"'
    assert served.ask("/%E9%87%91%E8%9E%8D/%66eed.json", "HEAD").headers["link"].startswith(self_link)
    assert "link" not in served.ask("/").headers
    links = Links("https://mill.example/")
    assert served.ask("/atom.xml").headers["link"] == '<https://mill.example/atom.xml>; rel="self"'


def test_search_engines_are_to_find_the_originals_not_what_feeds_copy(serve: Callable[..., Served]) -> None:
    served = serve()
    copies = ("atom.xml", "rss.xml", "feed.json", "bread/archive/000001/atom.xml")
    for path in (*copies, "index.html", "feeds.opml"):
        served.put(path)
    assert {served.ask(f"/{path}").headers.get("x-robots-tag") for path in copies} == {"noindex"}
    assert not any("x-robots-tag" in served.ask(path).headers for path in ("/", "/feeds.opml"))


@pytest.mark.parametrize(
    ("until", "expected"),
    [(None, 300), (MONDAY + timedelta(seconds=500), 500), (MONDAY - timedelta(days=1), 60), (datetime(2030, 1, 1, tzinfo=UTC), 3600)],
)  # fmt: skip
def test_a_cache_may_answer_until_the_next_round(
    serve: Callable[..., Served], until: datetime | None, expected: int
) -> None:
    served = serve(fresh_until=lambda: until, clock=Hands())
    for path in ("atom.xml", "bread/archive/000001/atom.xml", "bread/archive/000001/index.html"):
        served.put(path)
    fresh = served.ask("/atom.xml")
    assert fresh.headers["cache-control"] == f"max-age={expected}"
    known = served.ask("/atom.xml", If_None_Match=fresh.headers["etag"])
    assert known.headers["cache-control"] == f"max-age={expected}"
    assert served.ask("/bread/archive/000001/atom.xml").headers["cache-control"] == "max-age=86400"
    assert served.ask("/bread/archive/000001/").headers["cache-control"] == "max-age=86400"


# Who asks too often


def test_who_fetches_the_same_again_and_again_is_asked_to_wait(serve: Callable[..., Served]) -> None:
    hands = Hands()
    served = serve(clock=hands)
    served.put("atom.xml", b"one")
    etag = served.ask("/atom.xml").headers["etag"]

    def ask(client: str, **headers: str) -> int:
        return served.ask("/atom.xml", X_Forwarded_For=client, **headers).status

    assert {ask("198.51.100.9") for _ in range(60)} == {200}
    hands.seconds = 100.5
    refused = served.ask("/atom.xml", X_Forwarded_For="198.51.100.9")
    assert (refused.status, refused.headers["retry-after"]) == (429, "500")
    assert "If-None-Match" in refused.text
    assert ask("198.51.100.9", If_None_Match=etag) == 304
    assert ask("198.51.100.9", If_None_Match='"old"') == 200
    assert ask("198.51.100.10") == 200
    assert served.ask("/atom.xml").status == 200  # whoever that is
    served.put("atom.xml", b"two")
    assert ask("198.51.100.9") == 200
    hands.seconds = 700
    served.put("atom.xml", b"one")
    assert ask("198.51.100.9") == 200


def test_nonsense_is_no_condition_and_a_part_counts_as_a_part(serve: Callable[..., Served]) -> None:
    served = serve(clock=Hands())
    served.put("atom.xml", b"x" * 100)

    def ask(client: str, **headers: str) -> int:
        return served.ask("/atom.xml", X_Forwarded_For=client, **headers).status

    for header in ("If_None_Match", "If_Modified_Since"):
        client = f"198.51.100.{len(header)}"
        assert {ask(client, **{header: "nonsense"}) for _ in range(60)} == {200}
        assert ask(client, **{header: "nonsense"}) == 429
    assert {ask("198.51.100.9", Range="bytes=0-49") for _ in range(120)} == {206}
    assert ask("198.51.100.9", Range="bytes=0-49") == 429
    assert ask("198.51.100.9", Range="bytes=999-") == 416


def test_a_network_of_ipv6_is_one_client_and_the_memory_of_all_is_bounded() -> None:
    restraint = Restraint(Hands(), times=2, seconds=60)
    assert [restraint.seconds_to_wait(f"2001:db8::{host}", "atom.xml", "x") for host in range(3)] == [0, 0, 60]
    assert restraint.seconds_to_wait("2001:db8:0:1::1", "atom.xml", "x") == 0
    for number in range(20_000):
        restraint.seconds_to_wait(f"10.0.{number // 256}.{number % 256}", "atom.xml", "x")
    assert restraint.seconds_to_wait("2001:db8::1", "atom.xml", "x") == 0
