"""config.yaml → `Settings`: frozen values, complete, with every default filled in.

`model` says which keys a person may write, `keys` reads them, `values` says what one value may be, `rules` how keys
must fit together, `building` what becomes of them. What is wrong is told all at once, each complaint with its line.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feeds.settings.advice import unlisted, warnings
    from feeds.settings.building import Server, Settings, Site
    from feeds.settings.loading import defaults, find, load, read_text

# Which module has it. Each is imported when it is first asked for: a worker judges addresses and reads no config.
_MODULES = {
    "unlisted": "advice",
    "warnings": "advice",
    "Server": "building",
    "Settings": "building",
    "Site": "building",
    "defaults": "loading",
    "find": "loading",
    "load": "loading",
    "read_text": "loading",
}

__all__ = ["Server", "Settings", "Site", "defaults", "find", "load", "read_text", "unlisted", "warnings"]


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
