"""Content-Encoding undone by us: libcurl would take a stream that breaks off for a whole one."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Protocol

import brotli

from feeds.errors import SourceError

ACCEPTED = "gzip, br, deflate"
MAX_LAYERS = 2


class _Stream(Protocol):
    """What zlib's and brotli's decompressors share once their names are made alike."""

    def feed(self, data: bytes, room: int) -> bytes: ...

    def is_done(self) -> bool: ...


def decompress(content: bytes, content_encoding: str, *, limit: int) -> bytes:
    """The bytes behind the encodings of a Content-Encoding header (RFC 9110, section 8.4).

    Raises SourceError where they are damaged, break off, are of a kind nobody asked for, or grow beyond `limit`.
    """
    layers = [name.strip().lower() for name in content_encoding.split(",") if name.strip()]
    if len(layers) > MAX_LAYERS:
        raise SourceError(f"an answer compressed {len(layers)} times over; its server is broken or hostile")
    for name in reversed(layers):
        if name == "identity" or not content:
            continue
        if name not in _STREAMS:
            raise SourceError(f"an answer in the encoding {name[:40]!r}, which was not asked for")
        content = _read(_STREAMS[name](content), content, limit)
    return content


def _read(stream: _Stream, content: bytes, limit: int) -> bytes:
    try:
        result = stream.feed(content, limit + 1)
    except (zlib.error, brotli.error) as error:
        raise SourceError("the answer's compression is damaged") from error
    if len(result) > limit:
        raise SourceError(too_large(limit))
    if not stream.is_done():
        raise SourceError("the answer broke off before its end")
    return result


def too_large(limit: int) -> str:
    """What to say of an answer beyond `max_size`."""
    return f"an answer of more than max_size ({limit:,} bytes); raise it for this source if it is right"


class _Zlib:
    """gzip, or deflate, which is zlib to the standard and a bare stream to some servers."""

    def __init__(self, window: int) -> None:
        self.inflater = zlib.decompressobj(window)

    def feed(self, data: bytes, room: int) -> bytes:
        return self.inflater.decompress(data, room)

    def is_done(self) -> bool:
        return self.inflater.eof


class _Brotli:
    def __init__(self) -> None:
        self.decompressor = brotli.Decompressor()

    def feed(self, data: bytes, room: int) -> bytes:
        return bytes(self.decompressor.process(data, output_buffer_limit=room))

    def is_done(self) -> bool:
        return bool(self.decompressor.is_finished())


def _deflate(content: bytes) -> _Stream:
    is_zlib = len(content) > 1 and content[0] & 0x0F == 8 and int.from_bytes(content[:2]) % 31 == 0
    return _Zlib(zlib.MAX_WBITS if is_zlib else -zlib.MAX_WBITS)


_STREAMS: dict[str, Callable[[bytes], _Stream]] = {
    "gzip": lambda _content: _Zlib(16 + zlib.MAX_WBITS),
    "x-gzip": lambda _content: _Zlib(16 + zlib.MAX_WBITS),
    "deflate": _deflate,
    "br": lambda _content: _Brotli(),
}
