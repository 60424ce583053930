"""Who is measured side by side: feedmill, two other programs that people read feeds with, and the work done by hand.

Each is installed where it disturbs nothing and run as its users run it: one command that asks every source once.
`reader` comes from PyPI into an environment of its own below the user's cache, newsboat from Debian.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import venv
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

import rounds
from rounds import CATEGORIES, CONFIG, command

HERE = Path(__file__).resolve().parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "feedmill-benchmark"
PACKAGES = ("reader==3.26", "sgmllib3k==1.0.0")  # which its feedparser wants and does not ask for
TRANSFERS = 20  # workers of `reader`, threads of newsboat


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """A program that can ask all sources of a farm, each round from the folder that it keeps its things in."""

    name: str
    command: Callable[[Path], list[str]]  # of one round
    prepare: Callable[[Path, Sequence[str]], None]  # the folder, for sources at these addresses
    database: str
    table: str  # that holds a row for each article
    settles: bool = False  # its second round asks unconditionally again; it is not measured

    def articles(self, folder: Path) -> int:
        """How many articles it holds."""
        with closing(sqlite3.connect(folder / self.database)) as db:
            number: int = db.execute(f"SELECT count(*) FROM {self.table}").fetchone()[0]
            return number


def environment(folder: Path) -> dict[str, str]:
    """That of `rounds`, with a home that nobody else uses."""
    return {**rounds.environment(), "HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}


def _write_config(folder: Path, urls: Sequence[str], *, more: str = "") -> None:
    lines = (
        f"  - {{name: source-{index}, url: {url}, categories: [shelf-{index % CATEGORIES}]}}\n"
        for index, url in enumerate(urls)
    )
    (folder / "config.yaml").write_text(more + CONFIG + "".join(lines))


def _write_urls(folder: Path, urls: Sequence[str]) -> None:
    (folder / "urls").write_text("".join(f"{url}\n" for url in urls))
    (folder / "config").write_text(f"reload-threads {TRANSFERS}\nmax-items 0\n")


FEEDMILL = Contender(
    name="feedmill",
    command=lambda folder: [*command(), "--config", str(folder / "config.yaml"), "-q", "fetch", "--force"],
    prepare=_write_config,
    database="feedmill.db",
    table="articles",
)
FEEDS_ALONE = replace(
    FEEDMILL, name="feedmill without pages", prepare=partial(_write_config, more="pages: false\n")
)  # what it publishes then is still more than the others do
BY_HAND = Contender(
    name="by hand",
    command=lambda folder: [sys.executable, str(HERE / "by_hand.py"), str(folder)],
    prepare=_write_urls,
    database="by_hand.db",
    table="articles",
)
_READER_ROUND = f"""\
import sys
from reader import make_reader
reader = make_reader("reader.db")
for url in open("urls").read().split():
    reader.add_feed(url, exist_ok=True)
reader.update_feeds(scheduled=False, workers={TRANSFERS})
"""
READER = Contender(
    name="reader",
    command=lambda _folder: [str(_reader_python()), "-c", _READER_ROUND],
    prepare=_write_urls,
    database="reader.db",
    table="entries",
)
NEWSBOAT = Contender(
    name="newsboat",
    command=lambda _folder: ["newsboat", "-q", "-C", "config", "-u", "urls", "-c", "newsboat.db", "-x", "reload"],
    prepare=_write_urls,
    database="newsboat.db",
    table="rss_item",
    settles=True,
)


@cache
def environment_with(*packages: str) -> Path:
    """The folder of programs of an environment that holds these packages, made when first needed."""
    folder = CACHE / packages[0].partition("=")[0]
    programs = folder / "bin"
    if not (programs / "python").exists():
        venv.create(folder, with_pip=True)
    subprocess.run([programs / "python", "-m", "pip", "install", "--quiet", *packages], check=True)
    return programs


def _reader_python() -> Path:
    return environment_with(*PACKAGES) / "python"


def install_newsboat() -> bool:
    """Whether newsboat is here; by Debian's hand, where we may."""
    if shutil.which("newsboat") is None and shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", "newsboat"], check=False, stdout=subprocess.DEVNULL)
    return shutil.which("newsboat") is not None
