"""How small a client takes its answer (RFC 9110, section 12.5.3)."""

from __future__ import annotations

import re

from feeds.serving.memory import remembered

IDENTITY = "identity"
# The suffix of the file that holds it, and what is added to the ETag: two encodings never share one. Smallest first.
SUFFIXES = {"br": ".br", "gzip": ".gz"}
_CODING = re.compile(r"\s*([!#$%&'*+.^_`|~0-9a-z-]+)\s*(?:;\s*q\s*=\s*([0-9.]+)\s*)?")
_QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")
_ALIASES = {"x-gzip": "gzip"}  # RFC 9110, section 8.4.1.3
_LONGEST = 500  # characters; what browsers send has 30


@remembered(256)
def acceptable(accept_encoding: str | None) -> tuple[str, ...]:
    """The codings that a client takes, those it likes best first; without the header (None) only the bare bytes.

    Where it likes two alike, the smaller one. Empty where it takes none that we have.
    """
    if accept_encoding is None:
        return (IDENTITY,)
    named = _qualities(accept_encoding[:_LONGEST].lower())
    others = named.get("*", 0.0)
    qualities = {coding: named.get(coding, others) for coding in SUFFIXES}
    # It is acceptable unless it is refused by name, or by `*`; yet nobody who names another asks for it.
    qualities[IDENTITY] = named.get(IDENTITY, 0.0 if "*" in named and not others else 0.001)
    return tuple(sorted((coding for coding, quality in qualities.items() if quality), key=lambda one: -qualities[one]))


def _qualities(text: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for written in text.split(","):
        if (matched := _CODING.fullmatch(written)) and (weight := _weight(matched[2])) is not None:
            found[_ALIASES.get(matched[1], matched[1])] = weight
    return found


def _weight(written: str | None) -> float | None:
    if written is None:
        return 1.0
    return float(written) if _QUALITY.fullmatch(written) else None
