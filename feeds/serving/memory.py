"""What is worked out again and again from what clients write, remembered; but never much of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

LONGEST = 300  # characters that an honest client writes: longer ones are worked out anew, or they would fill the memory

_P = ParamSpec("_P")
_R = TypeVar("_R")


def remembered(most: int) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]:
    """Remembers the last `most` results of a function of texts, as long as they are short."""

    def decorate(function: Callable[_P, _R]) -> Callable[_P, _R]:
        cached = lru_cache(most)(function)

        @wraps(function)
        def short_or_anew(*args: _P.args, **kwargs: _P.kwargs) -> _R:
            for each in args:
                if isinstance(each, str) and len(each) > LONGEST:
                    return function(*args, **kwargs)
            return cached(*args, **kwargs)  # type: ignore[arg-type]

        return short_or_anew

    return decorate
