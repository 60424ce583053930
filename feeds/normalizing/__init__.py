"""Entries to articles. Pure: no clock, no store, no network."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feeds.normalizing.articles import changes, normalize

__all__ = ["changes", "normalize"]


def __getattr__(name: str) -> Any:
    # Imported when it is first asked for: whoever needs the names of categories alone sanitizes nothing.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.articles"), name)
