"""One address being asked: its hops, what is sent, what comes back, and where it ends."""

from __future__ import annotations

import socket
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urljoin, urlsplit

import pycurl

from feeds.errors import SourceError
from feeds.fetching import timing
from feeds.fetching.answers import Answer
from feeds.fetching.certificates import ca_bundle
from feeds.fetching.compression import ACCEPTED, too_large
from feeds.fetching.guard import is_allowed
from feeds.records import FailureKind, FetchFailed, Source, SourceState, Validators

MAX_HOPS = 10
MAX_HEADER_BYTES = 100_000
PERMANENT = frozenset({301, 308})

ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/rdf+xml;q=0.9, "
    "application/xml;q=0.8, text/xml;q=0.8, application/json;q=0.7, text/html;q=0.3, */*;q=0.1"
)


def address(source: Source, state: SourceState) -> tuple[object, ...]:
    """What makes two sources one request: sources of one address are asked once."""
    return (
        timing.address(source, state),
        source.url,
        source.path,
        source.headers,
        source.auth,
        source.proxy,
        source.user_agent,
        source.verify_tls,
        source.allow_private_addresses,
    )


def host(source: Source, state: SourceState) -> str:
    """The host a source is asked at, "" for a file."""
    return urlsplit(timing.address(source, state)).hostname or ""


class Socket(socket.socket):
    """pycurl duplicates the descriptor it is given and lets this object go, which must take its own along."""

    def __del__(self) -> None:
        self.close()


def new_handle() -> pycurl.Curl:
    """A handle with all that is the same in every request; libcurl speaks HTTP, and nothing else, as we tell it to."""
    curl = pycurl.Curl()
    curl.setopt(pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS)
    curl.setopt(pycurl.FOLLOWLOCATION, False)
    curl.setopt(pycurl.NOSIGNAL, True)
    curl.setopt(pycurl.NETRC, pycurl.NETRC_IGNORED)
    curl.setopt(pycurl.PROXY, "")  # none from the environment either
    curl.setopt(pycurl.HTTP_CONTENT_DECODING, False)
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_2TLS)
    if bundle := ca_bundle():
        curl.setopt(pycurl.CAINFO, bundle)
    return curl


class Transfer:
    """The fetch of one address for all sources that have it: all hops of it, within one deadline.

    Thousands wait for their turn: what only an answer needs, they have from `begin_answer` on.
    """

    def __init__(self, members: Sequence[tuple[Source, SourceState]]) -> None:
        self.members = tuple(members)
        self.source, first = members[0]
        # A 304 tells nothing to a source that does not hold what the others hold.
        common = all(state.validators == first.validators for _source, state in members)
        self.validators = first.validators if common else Validators()
        self.max_size = max(source.max_size for source, _state in members)
        self.timeout = max(source.timeout for source, _state in members).total_seconds()
        self.url = timing.address(self.source, first)
        self.host = host(self.source, first)
        self.hops = 0
        self.visited: tuple[str, ...] = (self.url,)
        self.moved_to = ""
        self.is_move = True  # until the first redirect that is not permanent
        self.deadline = 0.0
        self.seconds_left = self.timeout  # while it waits for a host no time passes for it

    def begin_answer(self) -> None:
        self.header_lines: list[bytes] = []
        self.header_bytes = 0
        self.body = bytearray()
        self.refusal = ""
        self.refused_address = ""

    def on_header(self, line: bytes) -> int | None:
        self.header_bytes += len(line)
        if self.header_bytes > MAX_HEADER_BYTES:
            return self.refuse(f"headers of more than {MAX_HEADER_BYTES:,} bytes; its server is broken or hostile")
        self.header_lines.append(line)
        return None

    def on_body(self, chunk: bytes) -> int | None:
        if len(self.body) + len(chunk) > self.max_size:
            return self.refuse(too_large(self.max_size))
        self.body += chunk
        return None

    def on_socket(self, _purpose: int, address: Any) -> Socket | int:
        ip, port = address.addr[0], address.addr[1]
        ip = ip.decode() if isinstance(ip, bytes) else ip
        name = urlsplit(self.url).hostname or ""
        if not self.source.proxy and not is_allowed(ip, port, self.source.allow_private_addresses, host=name):
            # Of a host's several addresses another one may be allowed: this counts only if none could be had.
            what = f"{name} is no public address" if name == ip else f"{name} is at {ip}, which is no public address"
            named = f'"{name}"' if ":" in name else name  # as YAML has it
            self.refused_address = f"{what}; if that is meant, name it in fetch: {{allow_private_addresses: [{named}]}}"
            return int(pycurl.SOCKET_BAD)
        return Socket(address.family, address.socktype, address.protocol)

    def refuse(self, problem: str) -> int:
        """Give up for a reason of ours; 0 bytes taken tells libcurl."""
        self.refusal = self.refusal or problem
        return 0

    @property
    def is_plain(self) -> bool:
        """Whether its requests may go out on the connections and handles of the other sources."""
        return self.source.verify_tls and not self.source.proxy

    def configure(self, curl: pycurl.Curl, *, user_agent: str, seconds: float) -> None:
        """Make `curl`, one of `new_handle`, ask for the current address, with all that differs between requests."""
        curl.setopt(pycurl.URL, self.url.encode())
        curl.setopt(pycurl.HTTPHEADER, [line.encode("latin-1") for line in self._request_lines(user_agent)])
        curl.setopt(pycurl.TIMEOUT_MS, max(1, int(seconds * 1000)))
        curl.setopt(pycurl.HEADERFUNCTION, self.on_header)
        curl.setopt(pycurl.WRITEFUNCTION, self.on_body)
        curl.setopt(pycurl.OPENSOCKETFUNCTION, self.on_socket)

    def set_apart(self, curl: pycurl.Curl) -> None:
        """Give `curl` what this source alone wants, and a connection of its own; it is good for no other source."""
        curl.setopt(pycurl.PROXY, self.source.proxy)
        if not self.source.verify_tls:
            curl.setopt(pycurl.SSL_VERIFYPEER, 0)
            curl.setopt(pycurl.SSL_VERIFYHOST, 0)
        curl.setopt(pycurl.FRESH_CONNECT, True)
        curl.setopt(pycurl.FORBID_REUSE, True)

    def _request_lines(self, user_agent: str) -> list[str]:
        source = self.source
        lines = [
            f"User-Agent: {source.user_agent or user_agent}",
            f"Accept: {ACCEPT}",
            f"Accept-Encoding: {ACCEPTED}",
            "A-IM: feed",
        ]
        if self.validators.etag:
            lines.append(f"If-None-Match: {self.validators.etag}")
        if self.validators.last_modified:
            lines.append(f"If-Modified-Since: {self.validators.last_modified}")
        if is_one_origin(self.url, source.url):
            # What is secret between us and one origin stays there.
            lines += [f"{name}: {value}" for name, value in source.headers]
            lines += [f"Authorization: {source.auth}"] if source.auth else []
        return lines

    def answer(self, curl: pycurl.Curl) -> Answer:
        """What came back, once libcurl is done with it."""
        content, self.body = bytes(self.body), bytearray()  # a handle without work keeps its last transfer alive
        return Answer(
            url=self.url,
            status=int(curl.getinfo(pycurl.RESPONSE_CODE)),
            is_framed=int(curl.getinfo(pycurl.INFO_HTTP_VERSION)) >= pycurl.CURL_HTTP_VERSION_2_0,
            headers=_headers(self.header_lines),
            content=content,
            moved_to=self.moved_to,
        )

    def follow(self, answer: Answer) -> None:
        """Go on to where a redirect leads. Raises SourceError where it leads nowhere that may be asked."""
        self.hops += 1
        if self.hops > MAX_HOPS:
            raise SourceError(f"more than {MAX_HOPS} redirects; see in a browser where it went")
        try:
            target = urljoin(self.url, answer.location).partition("#")[0]
            scheme = urlsplit(target).scheme
        except ValueError:
            raise SourceError("redirects to something that is no address; see in a browser where it went") from None
        if target in self.visited:  # without cookies nothing would be different the second time
            raise SourceError("redirects in circles; see in a browser whether it is still there")
        self.visited = (*self.visited, target)
        if scheme not in {"http", "https"}:
            raise SourceError("redirects to an address that is neither http nor https; see in a browser where it went")
        self.is_move = self.is_move and answer.status in PERMANENT
        self.moved_to = target if self.is_move else self.moved_to
        self.url = target
        self.host = urlsplit(target).hostname or ""

    @property
    def whereto(self) -> str:
        """The beginning of a sentence on what was found where redirects led, without what may be a secret of theirs."""
        if self.url == self.source.url:
            return ""
        place = urlsplit(self.url)
        return (
            f"it redirects to {place.scheme}://{place.netloc.rpartition('@')[2]}, and there: "  # a path may be secret
        )

    def failure(self, number: int, message: str) -> FetchFailed:
        """What libcurl's error means."""
        if self.refused_address and number == pycurl.E_COULDNT_CONNECT:
            return FetchFailed(problem=self.refused_address)
        if number == pycurl.E_OPERATION_TIMEDOUT:
            words = f"no complete answer within {self.timeout:g} s; raise timeout if it is always slow"
            return FetchFailed(problem=words)
        kind: FailureKind = "dns" if number == pycurl.E_COULDNT_RESOLVE_HOST else "other"
        return FetchFailed(problem=CURL_ERRORS.get(number, f"the request failed ({message})"), kind=kind)


def _headers(lines: Iterable[bytes]) -> tuple[tuple[str, str], ...]:
    """Those of the answer proper, without what a 1xx before it said, such as 103 Early Hints."""
    headers: list[tuple[str, str]] = []
    for line in b"".join(lines).decode("latin-1").split("\n"):  # opaque: every byte comes back as it was
        if line.startswith("HTTP/"):
            headers.clear()
        elif ":" in line:
            name, _colon, value = line.partition(":")
            headers.append((name.strip().lower(), value.strip()))
    return tuple(headers)


def is_one_origin(url: str, other: str) -> bool:
    """Whether both addresses are of one server, which may know what is secret between it and us (RFC 6454)."""
    return url == other or _origin(url) == _origin(other)


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port


CURL_ERRORS: dict[int, str] = {
    pycurl.E_URL_MALFORMAT: "is no address that can be asked; correct the url",
    pycurl.E_COULDNT_RESOLVE_HOST: "its host name was not found; check the spelling, or whether the site still exists",
    pycurl.E_COULDNT_CONNECT: "its server refused the connection; it may be down, or the port may be wrong",
    pycurl.E_PARTIAL_FILE: "the answer broke off before its end",
    pycurl.E_GOT_NOTHING: "the server closed the connection without an answer",
    pycurl.E_RECV_ERROR: "the connection broke while the answer was being read",
    pycurl.E_SEND_ERROR: "the connection broke while the request was being sent",
    pycurl.E_PEER_FAILED_VERIFICATION: "its TLS certificate is not valid; see it in a browser",
    pycurl.E_SSL_CACERT_BADFILE: "there is no list of certificate authorities; install your system's ca-certificates",
    pycurl.E_SSL_CONNECT_ERROR: "no TLS connection could be made; its server may be set up wrongly",
    pycurl.E_TOO_MANY_REDIRECTS: "redirects in circles",
    pycurl.E_HTTP2: "its server broke the rules of HTTP/2",
    92:  # CURLE_HTTP2_STREAM, which pycurl does not name
    "its server broke the rules of HTTP/2",
    pycurl.E_UNSUPPORTED_PROTOCOL: "is neither http nor https",
}
