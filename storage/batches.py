"""Long lists in pieces, since a statement takes only so many values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar

Value = TypeVar("Value")

SIZE = 500  # values in one IN (…): below every database's limit


def batches(values: Iterable[Value]) -> Iterator[list[Value]]:
    """The distinct `values`, in lists of at most SIZE."""
    distinct = list(dict.fromkeys(values))
    return (distinct[start : start + SIZE] for start in range(0, len(distinct), SIZE))
