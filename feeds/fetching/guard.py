"""The addresses we refuse to connect to, unless the config allows them.

A source decides where its redirects and its DNS point: without a guard it could make us ask our own network's
services, or a cloud's metadata address, for what they tell to their neighbours only.
"""

from __future__ import annotations

import ipaddress
from ipaddress import IPv4Address, IPv6Address

# Not public, and yet let through by `is_global` of Python 3.11: see docs/decisions/fetching.md.
_REFUSED = tuple(
    ipaddress.ip_network(network)
    for network in (
        "0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/4", "240.0.0.0/4",
        "::/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2002::/16", "fec0::/10", "ff00::/8",
    )
)  # fmt: skip


def is_allowed(address: str, port: int, allowed: bool | tuple[str, ...], *, host: str = "") -> bool:
    """Whether a connection to this IP address and port, for a URL of that `host`, may be opened.

    Public addresses always; others where `allowed` is True, or names the address, its network or the host, and the
    port, where it names one.
    """
    try:
        ip = _real(ipaddress.ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    if allowed is True or _is_public(ip):
        return True
    return bool(allowed) and any(_matches(ip, port, host, rule) for rule in allowed or ())


def _real(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    return ip.ipv4_mapped or ip if isinstance(ip, IPv6Address) else ip


def _is_public(ip: IPv4Address | IPv6Address) -> bool:
    return ip.is_global and not any(ip in network for network in _REFUSED if network.version == ip.version)


def _matches(ip: IPv4Address | IPv6Address, port: int, host: str, rule: str) -> bool:
    """`192.168.0.0/16`, `10.0.0.5`, `127.0.0.1:8000`, `[::1]:8000`, `::1`, `nas.lan:80`."""
    named, rule_port = _split(rule)
    if rule_port not in (None, port):
        return False
    try:
        network = ipaddress.ip_network(named, strict=False)
    except ValueError:
        return bool(host) and named.lower() == host.lower()
    return ip.version == network.version and ip in network


def _split(rule: str) -> tuple[str, int | None]:
    if rule.startswith("["):
        host, _bracket, port = rule[1:].partition("]")
        return host, int(port[1:]) if port.startswith(":") else None
    if rule.count(":") == 1:
        host, port = rule.split(":")
        return host, int(port)
    return rule, None
