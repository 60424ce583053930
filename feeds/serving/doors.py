"""Who asks, under which name of ours, and what of the path is not ours: what stands between us and the client."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import quote, urlsplit

from msgspec import Struct

from feeds.serving.memory import remembered
from feeds.settings import Settings

_LOCAL = frozenset({"localhost", "127.0.0.1", "[::1]"})  # a health check's, from the machine or the container itself
_HOST = re.compile(r"(?:[A-Za-z0-9._~%!$&'()*+;=-]*|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")
_MOST = 20  # addresses that are looked at in X-Forwarded-For


class Doors(Struct, frozen=True, kw_only=True):
    """By which ways we are reached."""

    base_path: str = ""  # "/planet": what a proxy may have left in front of the path, percent-encoded
    hosts: frozenset[str] = frozenset()  # names that are answered, in lower case, without a port; empty: any
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))

    def path(self, raw_path: bytes) -> bytes:
        """The path below our root, whether or not the proxy has taken the base path away; empty for that itself."""
        base = self.base_path.encode("ascii")
        is_below = base and raw_path.startswith(base) and raw_path[len(base) : len(base) + 1] in (b"", b"/")
        return raw_path[len(base) :] if is_below else raw_path

    def is_ours(self, host: str) -> bool:
        """Whether requests for this host (`mill.example:8080`) are answered."""
        if not self.hosts:
            return True
        name = _name(host)
        return name in self.hosts or name in _LOCAL

    def client(self, peer: str, forwarded_for: str) -> str:
        """The client's address; "" where only a proxy is known, which may speak for anyone.

        X-Forwarded-For is believed from behind: as long as one of our proxies has written it.
        """
        return _client(peer, forwarded_for, self.trusted_proxies)


def doors(settings: Settings) -> Doors:
    """As the config has them. Without a word about it, the base path is that of the site's address."""
    server, site = settings.server, urlsplit(settings.site.url)
    base = site.path if server.base_path is None else server.base_path
    own = {_name(site.netloc)} if server.hosts else set()
    return Doors(
        base_path=quote(base.rstrip("/"), safe="/%:@!$&'()*+,;=~"),
        hosts=frozenset(_name(host) for host in server.hosts) | own,
        trusted_proxies=tuple(ip_network(each) for each in server.trusted_proxies),
    )


@remembered(256)
def is_host(written: str) -> bool:
    """Whether it is what a Host header may hold (RFC 9110, section 7.2), if not that it is one's."""
    return _HOST.fullmatch(written.strip(" \t")) is not None


def _name(host: str) -> str:
    """Without its port, in lower case."""
    name = host.strip().lower()
    end = name.rfind(":")
    return (name[:end] if end > name.rfind("]") else name).removesuffix(".")


@remembered(1024)
def _client(peer: str, forwarded_for: str, trusted: tuple[IPv4Network | IPv6Network, ...]) -> str:
    seen = _address(peer)
    if seen is None:
        return ""
    for written in reversed(forwarded_for.split(",")[-_MOST:]):
        if not _is_in(seen, trusted):
            break
        found = _address(written)
        if found is None:
            break
        seen = found
    return "" if _is_in(seen, trusted) else str(seen)


def _address(written: str) -> IPv4Address | IPv6Address | None:
    """An address, with a port or without: 192.0.2.7:5000, [2001:db8::7]:5000."""
    text = written.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def _is_in(address: IPv4Address | IPv6Address, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    return any(address in network for network in networks)
