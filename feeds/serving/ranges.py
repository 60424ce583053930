"""A part of a file (RFC 9110, section 14): one range of bytes."""

from __future__ import annotations

import re

# More digits than any file has bytes are no number that we would calculate with.
_ONE = re.compile(r"\s*bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})\s*", re.IGNORECASE)


def part(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte of the range that is asked for; None where the whole is the answer: there is no range, it
    is none that we understand, or there are several.

    Raises ValueError where no byte of it exists.
    """
    matched = _ONE.fullmatch(header)
    if matched is None or not (matched[1] or matched[2]):
        return None
    if not matched[1]:
        first, last = max(0, size - int(matched[2])), size - 1
    else:
        first, last = int(matched[1]), min(int(matched[2] or size - 1), size - 1)
        if matched[2] and int(matched[2]) < first:
            return None  # invalid, and so ignored
    if first > last:
        raise ValueError("no such bytes")
    return first, last
