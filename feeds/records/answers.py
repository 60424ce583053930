"""What came back from a source: everyday outcomes are values."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal, TypeAlias

from msgspec import Struct

from feeds.records.sources import Validators


class Body(Struct, frozen=True, kw_only=True):
    """The bytes of one document as received, with what their carrier said about them."""

    content: bytes
    url: str = ""  # the address that served it, after redirects; empty for a file
    path: str = ""  # a file's path, relative to its source's folder
    media_type: str = ""
    charset: str = ""
    stamp: str = ""  # a file's size and times: equal stamps mean an unchanged file
    is_delimited: bool = True  # its end was marked: it cannot have broken off unnoticed
    hub: str = ""  # of WebSub, and the address that this is kept at, as its carrier's Link headers say
    self_url: str = ""


class Pacing(Struct, frozen=True, kw_only=True):
    """How long an origin asks us to stay away, as its answer said."""

    max_age: timedelta | None = None  # Cache-Control: max-age, else Expires
    retry_after: timedelta | None = None


class Fetched(Struct, frozen=True, kw_only=True):
    """New bytes. A folder gives a body for each new or changed file, HTTP exactly one."""

    bodies: tuple[Body, ...]
    files: frozenset[str] = frozenset()  # all that a folder holds, new or not
    validators: Validators = Validators()
    moved_to: str = ""  # where permanent redirects led, up to the first temporary one
    pacing: Pacing = Pacing()
    seconds: float = 0.0
    problems: tuple[str, ...] = ()  # files that could not be read, in words
    is_pushed: bool = False  # nobody asked for it: its hub sent it


class NotModified(Struct, frozen=True, kw_only=True):
    """Nothing new since last time."""

    validators: Validators = Validators()  # those of a 304 replace the stored ones, one by one
    moved_to: str = ""
    pacing: Pacing = Pacing()
    seconds: float = 0.0


# dns, not-found: nobody is there. gone: it says so itself (410). throttled: we ask too often (429). refused: we may
# not (401, 403). Everything else may pass by itself.
FailureKind: TypeAlias = Literal["dns", "not-found", "gone", "throttled", "refused", "other"]


class FetchFailed(Struct, frozen=True, kw_only=True):
    """No usable answer. `problem` says what was seen and what would help."""

    problem: str
    kind: FailureKind = "other"
    host: str = ""  # that said so, where redirects led to another than was asked
    pacing: Pacing = Pacing()
    seconds: float = 0.0


class Postponed(Struct, frozen=True, kw_only=True):
    """No answer: its host told us, in this very round, that we ask too often, or the round was broken off."""

    was_asked: bool = False  # and the answer not waited for
    is_over: bool = False  # the round was broken off
    seconds: float = 0.0


Answered: TypeAlias = Fetched | NotModified | FetchFailed

FetchResult: TypeAlias = Answered | Postponed


def size_of(result: FetchResult) -> int:
    """Bytes that it brought, after decompression."""
    return sum(len(body.content) for body in result.bodies) if isinstance(result, Fetched) else 0
