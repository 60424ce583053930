"""Addresses on the network, and which parts of them are secret."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from html import escape
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from msgspec import Struct

from feeds.settings.headers import basic
from feeds.settings.values import shown, text

_UNREADABLE = (
    "its host or port cannot be read; write https://HOST:PORT/PATH, and / ? # @ in a password as %2F %3F %23 %40"
)
_HOST = re.compile(r"[^\x00-\x20\x7f-\xa0<>\"{}|\\^`%/?#@:\[\]!$&'()*+,;=.]{1,63}", re.UNICODE)
# What nearly all addresses are made of: a config of ten thousand need not take each of them apart.
_PLAIN = re.compile(r"https?://[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*(?::[1-9][0-9]{0,3})?/[A-Za-z0-9._~/-]*")
LONGEST = 2_000  # bytes of an address: the store has it in an index, where PostgreSQL takes little more
_PROXY_SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")


def web_address(value: object) -> str:
    """An http(s) address. It may hold a password, so that no complaint quotes it."""
    found = text(value).strip()
    if len(found.encode(errors="replace")) > LONGEST:
        raise ValueError(f"longer than {LONGEST:,} bytes; look for a shorter address")
    if _PLAIN.fullmatch(found):
        return found
    if found.lower().startswith("file:"):
        raise ValueError("file: addresses are not read; write `path:` with the path of the file or folder")
    _refuse_strange_characters(found)
    if not re.match(r"https?://", found, re.IGNORECASE):
        raise ValueError("does not begin with http:// or https://; write the whole address")
    _refuse_strange_host(found)
    return found


def site_address(value: object) -> str:
    """The public base address: it ends in a slash, and carries nothing that is not public."""
    found = web_address(value)
    parts = urlsplit(found)
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("a base address has no user, query or fragment; write for instance https://mill.example/")
    return found.rstrip("/") + "/"


def base_path(value: object) -> str:
    """The beginning of every path, with a slash before and none behind; "" where it is the root."""
    found = text(value).strip()
    _refuse_strange_characters(found)
    if not found.startswith("/") or re.search("[?#]|//", found):
        raise ValueError("is no path; write for instance /planet, or / for none")
    return found.rstrip("/")


def hosts(value: object) -> list[str]:
    """Names by which a server is asked, without ports."""
    listed = value if isinstance(value, list) else [value]
    if wrong := [shown(each) for each in listed if not (isinstance(each, str) and _is_name(each))]:
        raise ValueError(f"{', '.join(wrong)}: write names without a port, such as [mill.example, mill.lan]")
    return [str(each).lower() for each in listed]


def _is_name(written: str) -> bool:
    return _is_host(written) or (written.startswith("[") and _is_network(written))


def networks(value: object) -> list[str]:
    """Addresses and networks."""
    listed = value if isinstance(value, list) else [value]
    if wrong := [shown(each) for each in listed if not (isinstance(each, str) and _is_network(each))]:
        raise ValueError(f"{', '.join(wrong)}: write addresses or networks, such as [127.0.0.1, 10.0.0.0/8]")
    return [str(_network(str(each))) for each in listed]


def hub(value: object) -> str:
    """`own`, or the address of a hub, which feeds tell everyone."""
    found = text(value).strip()
    if not found or found == "own":
        return found
    try:
        found = web_address(found)
    except ValueError as error:
        raise ValueError(f"{error}; or write own for feedmill's") from None
    parts = urlsplit(found)
    if parts.username is not None or parts.fragment:
        raise ValueError("a hub's address stands in every feed: it has no user and no fragment")
    return found


def proxy(value: object) -> str:
    """The address of a proxy; empty means none."""
    found = text(value).strip()
    if not found:
        return ""
    _refuse_strange_characters(found)
    scheme, separator, _ = found.partition("://")
    if not separator or scheme.lower() not in _PROXY_SCHEMES:
        raise ValueError(f"is no address of a proxy; write {', '.join(_PROXY_SCHEMES)} and ://HOST:PORT")
    _refuse_strange_host(found)
    return found


def _refuse_strange_characters(url: str) -> None:
    if re.search(r"[\x00-\x20\x7f-\xa0\u2028\u2029\\]", url):
        raise ValueError("holds a space, a backslash or a control character; write a space as %20")


def _refuse_strange_host(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise ValueError(_UNREADABLE) from None  # its own words would quote a password
    if not host:
        raise ValueError("has no host; write https://HOST/PATH")
    if ":" not in host and not _is_host(host):
        raise ValueError(_UNREADABLE)


def _is_host(name: str) -> bool:
    return all(_HOST.fullmatch(label) for label in name.removesuffix(".").split("."))


class Split(Struct, frozen=True):
    """An address and what was written before its `@`."""

    url: str
    user: str = ""
    password: str = ""

    @property
    def auth(self) -> str:
        return basic(f"{self.user}:{self.password}") if self.user or self.password else ""


def split(url: str) -> Split:
    """An address without credentials and fragment, and its credentials decoded."""
    if _PLAIN.fullmatch(url):
        return Split(url)
    parts = urlsplit(url)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
    return Split(bare, unquote(parts.username or ""), unquote(parts.password or ""))


def private_addresses(value: object) -> bool | tuple[str, ...]:
    """true, false, or the addresses that may be asked although they are not public."""
    if isinstance(value, bool) or (isinstance(value, str) and value.lower() in {"true", "false"}):
        return str(value).lower() == "true"
    listed = value if isinstance(value, list) else [value]
    if wrong := [shown(each) for each in listed if not (isinstance(each, str) and _is_exception(each))]:
        raise ValueError(f"{', '.join(wrong)}: write true, false, or a list such as [127.0.0.1:8000, 192.168.0.0/16]")
    return tuple(str(each) for each in listed)


def _is_exception(written: str) -> bool:
    """Whether it is an address, a network, or either or a host with a port."""
    if _is_network(written):
        return True
    host, _, port = written.rpartition(":")
    if not re.fullmatch("[0-9]{1,5}", port) or not 0 < int(port) < 65_536:
        return False
    if ":" in host:
        return host.startswith("[") and _is_network(host)
    return _is_network(host) or (bool(host) and _is_host(host) and not re.fullmatch(r"[0-9.]+", host))


def _is_network(written: str) -> bool:
    try:
        _network(written)
    except ValueError:
        return False
    return True


def _network(written: str) -> IPv4Network | IPv6Network:
    return ip_network(re.sub(r"^\[(.*)\]", r"\1", written), strict=False)


def is_private(url: str) -> bool:
    """Whether the address names, by number or as localhost, a host that is not public."""
    host = urlsplit(url).hostname or ""
    try:
        return not ip_address(host).is_global
    except ValueError:
        return host.rstrip(".") == "localhost" or host.endswith(".localhost")


# `feed_token`, `accessToken`, `X-Amz-Signature`, and what is short enough to be part of other words only by itself.
_SECRET_QUERY = re.compile(
    r".*(?:token|secret|signature|credentials?|password|passwd)|(?:.*[_.-])?(?:auth|pwd|jwt)|sig"
    r"|(?:.*[_.-])?(?:(?:api|access|app|auth|client|consumer|feed|private|rss|secret|session|user)[_-]?)key|key|sessionid",
    re.IGNORECASE,
)
_LONG_WORD = 9  # letters: what has as many may be a token


def is_plain_part(value: str, url: str) -> bool:
    """Whether something that stands in an address is no secret, wherever it came from: part of its scheme, host and
    port, which every link of the source names, or words of its path."""
    parts = urlsplit(url)
    origin, host = f"{parts.scheme}://{parts.netloc}", f".{parts.hostname or ''}."
    known = value.lower()
    if known in (origin, parts.netloc, str(parts.port), parts.scheme) or f".{known.strip('.')}." in host:
        return True
    begins = next((each for each in (origin, parts.netloc) if each and known.startswith(f"{each}/")), "")
    words = [word for word in re.split(r"[/._~-]", value[len(begins) :]) if word]
    return value not in parts.query and all(_is_plain_word(word, parts.path) for word in words)


def _is_plain_word(word: str, path: str) -> bool:
    is_word = len(word) < _LONG_WORD and word.isalpha() and word in (word.lower(), word.title())
    return is_word and word in re.split(r"[/._~-]", path)


def url_secrets(url: str) -> Iterator[str]:
    """Passwords and tokens of an address, as written and decoded."""
    if "@" not in url and "?" not in url:  # as most are
        return
    parts = urlsplit(url)
    password = parts.password or parts.username or ""  # a token may stand alone before the @
    yield from (password, unquote(password))
    yield split(url).auth.removeprefix("Basic ")
    for pair in re.split("[&;]", parts.query):
        if _SECRET_QUERY.fullmatch(unquote(pair.partition("=")[0])):
            yield pair.partition("=")[2]
            yield from (decoded for _, decoded in parse_qsl(pair))


def worth_hiding(secrets: Iterable[str]) -> tuple[str, ...]:
    """Each as a source may write it. Longest first, so that none hides part of another; a very short one would deface
    every text."""
    return longest_first({form for each in secrets if len(each) >= 4 for form in _forms(each)})


def longest_first(secrets: Iterable[str]) -> tuple[str, ...]:
    """In the order in which they are to be taken out of a text."""
    return tuple(sorted(secrets, key=lambda each: (-len(each), each)))


def _forms(secret: str) -> Iterator[str]:
    """As it is, in an address, in markup, in markup within markup, and in JSON."""
    for form in (secret, quote(secret), quote(secret, safe="")):
        yield from (form, _HEX.sub(lambda found: found[0].lower(), form), escape(form), escape(escape(form)))
    yield secret.replace("/", "\\/")


_HEX = re.compile("%[0-9A-F]{2}")
