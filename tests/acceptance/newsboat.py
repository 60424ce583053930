"""Debian's newsboat, as a reader of what we publish."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

needs_newsboat = pytest.mark.skipif(
    not shutil.which("newsboat"), reason="newsboat is not installed; .ci/run installs it"
)


class Newsboat:
    """The reader, with a home, a cache and subscriptions of its own."""

    def __init__(self, folder: Path, feeds: list[str]) -> None:
        self.folder = folder
        folder.mkdir()
        (folder / "config").write_text("")
        self.subscribe(feeds)

    def subscribe(self, feeds: list[str]) -> None:
        (self.folder / "urls").write_text("\n".join(feeds) + "\n")

    def reload(self) -> None:
        subprocess.run(
            ["newsboat", "-x", "reload", "-c", "cache.db", "-u", "urls", "-C", "config"],
            cwd=self.folder,
            env={"HOME": str(self.folder), "PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "TERM": "dumb"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=True,
        )

    def articles(self) -> list[dict[str, Any]]:
        with closing(sqlite3.connect(self.folder / "cache.db")) as cache:
            cache.row_factory = sqlite3.Row
            return [dict(row) for row in cache.execute("SELECT * FROM rss_item ORDER BY guid")]
