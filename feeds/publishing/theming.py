"""The files of a theme: the user's own, and ours."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from feeds.errors import ThemeError

OURS = Path(__file__).parent / "theme"
ASSETS = "assets"
# Before a template's name it means ours, whatever a theme has: {% extends "feedmill/base.html" %}.
OUR_NAME = "feedmill"


def assets(theme: Path | None) -> dict[str, bytes]:
    """Our stylesheet and icon, and every file of the theme's own `assets/`, which win."""
    found: dict[str, bytes] = {}
    for folder in filter(None, (OURS, theme)):
        try:
            found |= {path: file.read_bytes() for path, file in _files(folder)}
        except OSError as error:
            raise _unreadable(error) from error
    return found


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for file in sorted((folder / ASSETS).glob("**/*")):
        path = file.relative_to(folder)
        if file.is_file() and not any(part.startswith(".") for part in path.parts):
            yield path.as_posix(), file


def digest(theme: Path | None) -> str:
    """Moves when any file of a theme does: ours moves with the version."""
    found = hashlib.sha256()
    for file in sorted(theme.rglob("*")) if theme else ():
        try:
            if file.is_file():
                found.update(f"{file.relative_to(theme)}\0".encode(errors="surrogateescape") + file.read_bytes())  # type: ignore[arg-type]
        except OSError as error:
            raise _unreadable(error) from error
    return found.hexdigest()


def _unreadable(error: OSError) -> ThemeError:
    return ThemeError(f"{error.filename}: {error.strerror}; check its permissions, or take it out of the theme")
