from __future__ import annotations

import pytest

from feeds.fetching.guard import is_allowed

PRIVATE = """
0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1 172.31.255.255 192.0.0.8
192.0.2.1 192.88.99.1 192.168.1.1 198.18.0.1 198.51.100.7 203.0.113.9 224.0.0.1 239.255.255.250 240.0.0.1
255.255.255.255 :: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1
64:ff9b:1::1 100::1 2001::1 2001:db8::1 2002:7f00:1:: fc00::1 fd00:ec2::254 fe80::1 fe80::1%eth0 fec0::1 ff02::1
""".split()


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_refused_and_allowed_on_demand(address: str) -> None:
    assert not is_allowed(address, 80, False)
    assert not is_allowed(address, 80, ())
    assert is_allowed(address, 80, True)


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "::ffff:93.184.216.34", "2606:4700::1111", "2a00::1"])
def test_what_is_public_is_allowed(address: str) -> None:
    assert is_allowed(address, 80, False)


@pytest.mark.parametrize(
    ("rule", "address", "port", "allowed"),
    [
        ("127.0.0.1:8000", "127.0.0.1", 8000, True),
        ("127.0.0.1:8000", "127.0.0.1", 8001, False),
        ("127.0.0.1:8000", "127.0.0.2", 8000, False),
        ("127.0.0.1", "127.0.0.1", 1, True),
        ("127.0.0.1", "::ffff:127.0.0.1", 1, True),
        ("192.168.0.0/16", "192.168.7.7", 80, True),
        ("192.168.0.0/16", "192.169.0.1", 80, True),  # public, and so not the rule's to forbid
        ("192.168.0.0/16", "10.0.0.1", 80, False),
        ("[::1]:8000", "::1", 8000, True),
        ("[::1]:8000", "::1", 80, False),
        ("fd00::/8", "fd12::1", 80, True),
        ("::1", "::1", 80, True),
        ("::1", "127.0.0.1", 80, False),
        ("nonsense", "127.0.0.1", 80, False),
    ],
)
def test_an_exception_opens_what_it_names_and_nothing_beside_it(
    rule: str, address: str, port: int, allowed: bool
) -> None:
    assert is_allowed(address, port, (rule,)) is allowed


def test_what_is_no_address_is_refused() -> None:
    assert not is_allowed("gazette.example", 80, True)
