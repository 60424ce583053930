"""The real command, in a process and an environment of its own."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import feedparser

FEEDMILL = Path(sys.executable).parent / "feedmill"
PATIENCE = 60  # seconds; every process ends long before


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """How a command ended and what it wrote."""

    code: int
    stdout: str
    stderr: str

    @property
    def said(self) -> str:
        return self.stdout + self.stderr

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Standard output, one JSON object a line."""
        return [json.loads(line) for line in self.stdout.splitlines()]


class Feedmill:
    """Runs `feedmill` in `folder`, where its config, database and published files lie."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.public = folder / "public"
        self.database = folder / "feedmill.db"
        self._running: list[subprocess.Popen[str]] = []
        self._endings: list[Callable[[], object]] = []

    def config(self, text: str, *, private: bool = True) -> Path:
        """Write config.yaml; our origins are on loopback, which it has to allow."""
        if private:
            text = f"fetch: {{allow_private_addresses: true, per_host: {{spacing: 0s}}}}\n{text}"
        path = self.folder / "config.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    def __call__(self, *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Result:
        process = self.start(*arguments, env=env, cwd=cwd)
        return self.end_of(process)

    def start(
        self, *arguments: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> subprocess.Popen[str]:
        """The command at work; whoever starts it waits for it with `end_of`."""
        process = subprocess.Popen(
            [str(FEEDMILL), *map(str, arguments)],
            cwd=cwd or self.folder,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        self._running.append(process)
        return process

    def end_of(self, process: subprocess.Popen[str]) -> Result:
        stdout, stderr = process.communicate(timeout=PATIENCE)
        return Result(code=process.returncode, stdout=stdout, stderr=stderr)

    def interrupt(self, process: subprocess.Popen[str], number: signal.Signals = signal.SIGINT) -> Result:
        process.send_signal(number)
        return self.end_of(process)

    def on_a_terminal(self, *arguments: str, env: Mapping[str, str] | None = None) -> Result:
        """As a person runs it: all three streams are one terminal of 24 lines of 80 characters."""
        leader, follower = pty.openpty()
        process = subprocess.Popen(
            [str(FEEDMILL), *arguments],
            cwd=self.folder,
            env=self.environment({"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", **(env or {})}),
            stdin=follower,
            stdout=follower,
            stderr=follower,
            start_new_session=True,
        )
        os.close(follower)
        seen = bytearray()
        try:
            while select.select([leader], [], [], PATIENCE)[0]:
                chunk = os.read(leader, 65536)
                if not chunk:
                    break
                seen += chunk
        except OSError:  # how Linux says that nobody has the terminal open any more
            pass
        finally:
            os.close(leader)
        return Result(code=process.wait(timeout=PATIENCE), stdout=seen.decode(), stderr="")

    def environment(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        """Nothing of the tester's own: no config, no proxy, no colours."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            **(more or {}),
        }

    def feed(self, slug: str = "") -> Any:
        """A published feed, as an unmodified reader understands it."""
        return feedparser.parse((self.public / slug / "atom.xml").read_bytes())

    def published(self) -> dict[str, tuple[bytes, int]]:
        """Every published file, with its bytes and the nanosecond it was written; its compressed variants are it."""
        return {
            path.relative_to(self.public).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in sorted(self.public.rglob("*"))
            if path.is_file() and not path.name.startswith(".") and path.suffix not in {".gz", ".br"}
        }

    def at_end(self, ending: Callable[[], object]) -> None:
        """Called when the test is over, however it ends."""
        self._endings.append(ending)

    def close(self) -> None:
        for ending in self._endings:
            ending()
        for process in self._running:
            if process.poll() is None:
                process.kill()
            process.wait()
            for stream in (process.stdout, process.stderr):
                with contextlib.suppress(OSError):
                    stream.close()  # type: ignore[union-attr]
