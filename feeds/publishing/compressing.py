"""A published file as it is sent to whoever takes it smaller: beside NAME stand NAME.br and NAME.gz."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Mapping

import brotli

# Of 200 KB of prose gzip 6 makes 2 % less than gzip 4 in twice the time, brotli 4 makes 3 % less than brotli 3 in half
# as much again (docs/decisions/serving.md): what is published anew after each article is not worth that.
_GZIP, _BROTLI = 4, 3
_GZIP_FRAME = 31  # zlib's word for: the largest window, in gzip's frame, which then names no time and no file
LEAST = 1_000  # bytes; what is smaller goes out in one packet anyway
TEXTS = frozenset({".atom", ".css", ".html", ".js", ".json", ".opml", ".rss", ".svg", ".txt", ".xml", ".xsl"})


def variants(path: str, content: bytes) -> dict[str, bytes]:
    """The suffix of each file that belongs beside `path`, and what it holds: the same content, the same bytes."""
    if not may_have_variants(path, content):
        return {}
    return {suffix: compress(content) for suffix, compress in COMPRESSORS.items()}


def may_have_variants(path: str, content: bytes) -> bool:
    """Whether it is worth while: a text, and not a tiny one."""
    return is_worth_while(path, len(content))


def is_worth_while(path: str, size: int) -> bool:
    """The same for a file of this many bytes."""
    return size >= LEAST and os.path.splitext(path)[1].lower() in TEXTS  # noqa: PTH122 - see `output.modified`


def gzip(content: bytes) -> bytes:
    compressor = zlib.compressobj(_GZIP, wbits=_GZIP_FRAME)
    return compressor.compress(content) + compressor.flush()


def br(content: bytes) -> bytes:
    compressed: bytes = brotli.compress(content, quality=_BROTLI, mode=brotli.MODE_TEXT)
    return compressed


COMPRESSORS: Mapping[str, Callable[[bytes], bytes]] = {".br": br, ".gz": gzip}
