"""What of the published files not everybody gets: the addresses of private categories, and passwords for them."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from http import HTTPStatus
from pathlib import Path
from urllib.parse import quote, unquote

from msgspec import field

from feeds.clock import Clock
from feeds.records import Discreet, replace
from feeds.serving.answers import Answer, Request, lines, plain
from feeds.serving.published import Published
from feeds.serving.restraint import Restraint
from feeds.settings import Settings

TIMES, SECONDS = 20, 600.0  # wrong passwords that one client may try, and within which time
_LONGEST = 2_000  # characters of an Authorization header
# Whoever follows a link from a private page tells nobody where he found it.
_HEADERS = (("Referrer-Policy", "no-referrer"), ("X-Robots-Tag", "noindex"))


class Login(Discreet, frozen=True):
    """Who may read a category."""

    hidden = ("user", "password")

    user: bytes
    password: bytes

    def admits(self, written: str) -> bool:
        """Whether an Authorization header names both (RFC 7617). It takes as long whichever is wrong."""
        user, password = _credentials(written)
        is_user = hmac.compare_digest(user, self.user)
        return hmac.compare_digest(password, self.password) and is_user


class Privacy(Discreet, frozen=True):
    """What is private, by the first name of its path."""

    hidden = ("paths", "logins")

    paths: frozenset[str] = frozenset()
    logins: Mapping[str, Login] = field(default_factory=dict)
    folder: Path = Path()  # of what needs a password

    def __bool__(self) -> bool:
        return bool(self.paths or self.logins)

    def shown(self, path: str) -> str:
        """A path as a log may tell it."""
        plain_path = unquote(path)
        return "/***" if any(secret in plain_path for secret in self.paths) else path


def privacy(written: Settings, *coming: Settings) -> Privacy:
    """As the config has it; with those that are to be followed next, whatever is private in one of them, and the
    passwords of the last."""
    private = [(each.slug, each.private) for one in (written, *coming) for each in one.categories or () if each.private]
    return Privacy(
        frozenset(slug for slug, how in private if how.path),
        {slug: Login(how.user.encode(), how.password.encode()) for slug, how in private if not how.path},
        written.private_output,
    )


class Guard:
    """Answers for what is private, and for nothing else."""

    def __init__(
        self,
        privacy: Callable[[], Privacy],
        publish: Callable[[Callable[[], Path]], Published],
        *,
        folder: Callable[[], Path],
        client: Callable[[Request], str],
        clock: Clock,
    ) -> None:
        self._privacy = privacy
        self._by_address = publish(folder)
        self._by_password = publish(lambda: privacy().folder)
        self._client = client
        self._restraint = Restraint(clock, times=TIMES, seconds=SECONDS)

    def answer(self, request: Request) -> Answer | None:
        """None where nothing at this path is private."""
        privacy = self._privacy()
        if not privacy:
            return None
        name = unquote(request.raw_path.partition("?")[0][1:].partition("/")[0])
        if name in privacy.paths:
            return _private(self._by_address.answer(request))
        if (login := privacy.logins.get(name)) is None:
            return None
        return self._refusal(request, name, login) or _private(self._by_password.answer(request))

    def shown(self, path: str) -> str:
        return self._privacy().shown(path)

    def _refusal(self, request: Request, name: str, login: Login) -> Answer | None:
        """Before anything is looked for: whether there is something is nobody's business, either."""
        client, written = self._client(request), request.header(b"authorization")
        if written and client and (seconds := self._restraint.seconds_left(client, name)):
            told = "too many wrong passwords came from your address; try again later"
            return _private(plain(HTTPStatus.TOO_MANY_REQUESTS, told, ("Retry-After", str(seconds))))
        if login.admits(written):
            return None
        if written and client:
            self._restraint.seconds_to_wait(client, name, "")
        challenge = ("WWW-Authenticate", f'Basic realm="{quote(name)}", charset="UTF-8"')
        return _private(plain(HTTPStatus.UNAUTHORIZED, "this feed is for those who know its password", challenge))


def _private(answer: Answer) -> Answer:
    missing = [
        (name, value) for name, value in _HEADERS if f"\r\n{name.lower()}:".encode() not in b"\r\n" + answer.lines
    ]
    return replace(answer, lines=answer.lines + lines(*missing))


def _credentials(written: str) -> tuple[bytes, bytes]:
    """User and password, or none."""
    scheme, _, token = written[:_LONGEST].partition(" ")
    if scheme.lower() != "basic":
        return b"", b""
    try:
        user, _, password = base64.b64decode(token.strip(), validate=True).partition(b":")
    except (binascii.Error, ValueError):
        return b"", b""
    return user, password
