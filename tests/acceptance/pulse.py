"""A daemon at work, and its pulse: what it logs, what its server tells."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from command import FEEDMILL, Feedmill
from prometheus_client.parser import text_string_to_metric_families

PATIENCE = 60.0  # seconds; every wait ends long before
DEADLINE = 20.0  # in which a daemon that is asked to has to end
AGAIN = 0.05  # seconds between two looks at what cannot call us

Event = dict[str, Any]


class Daemon:
    """`feedmill run`; with `tick` (seconds) the same from a script, which ticks faster than once a minute."""

    def __init__(
        self, feedmill: Feedmill, *arguments: str, tick: float | None = None, env: Mapping[str, str] | None = None
    ) -> None:
        quick = (sys.executable, str(Path(__file__).with_name("quick.py")), str(tick))
        program = (str(FEEDMILL), "run") if tick is None else quick
        self.process = subprocess.Popen(
            [*program, *arguments],
            cwd=feedmill.folder,
            env=feedmill.environment(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )
        self.lines: list[str] = []
        self.has_ended = False
        self._told = threading.Condition()
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()
        feedmill.at_end(self.close)

    # What it logs

    @property
    def events(self) -> list[Event]:
        """Every line of its log, which has to be JSON, but for what a command says when it cannot begin."""
        return [json.loads(line) for line in self.lines.copy() if not line.startswith("feedmill: ")]

    def told(self, event: str, **fields: object) -> list[Event]:
        return [one for one in self.events if one["event"] == event and fields.items() <= one.items()]

    def wait_for(self, event: str, *, times: int = 1, **fields: object) -> Event:
        """The event that makes it so many of its kind."""
        with self._told:
            self._told.wait_for(lambda: self.has_ended or len(self.told(event, **fields)) >= times, PATIENCE)
        found = self.told(event, **fields)
        assert len(found) >= times, f"{event} {fields} was told {len(found)} times in\n{self.log}"
        return found[times - 1]

    @property
    def log(self) -> str:
        return "\n".join(self.lines)

    # What its server tells

    @property
    def address(self) -> str:
        return str(self.wait_for("serving")["address"])

    def get(self, path: str) -> tuple[int, bytes]:
        try:
            with urllib.request.urlopen(self.address + path, timeout=PATIENCE) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read()

    def health(self) -> Event:
        return dict(json.loads(self.get("healthz")[1]))

    def until_healthy(self) -> None:
        until(lambda: self.get("healthz")[0] == 200, lambda: f"{self.health()}\n{self.log}")

    def until_unwell(self, *words: str) -> Event:
        """Its health, once it answers 503 and its problems hold all of these words."""
        seen: list[tuple[int, Event]] = []

        def is_told() -> bool:
            status, body = self.get("healthz")
            seen.append((status, json.loads(body)))
            return status == 503 and all(word in str(seen[-1][1]["problems"]) for word in words)

        until(is_told, lambda: f"{seen[-1]}\n{self.log}")
        return seen[-1][1]

    def metrics(self) -> dict[str, float]:
        """Each sample that has a label at most, by `name` or `name{label}`."""
        found = {}
        for family in text_string_to_metric_families(self.get("metrics")[1].decode()):
            for sample in family.samples:
                label = ",".join(sample.labels.values())
                found[sample.name + (f"{{{label}}}" if label else "")] = sample.value
        return found

    # Life

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Its exit code, when asked to end."""
        if number == signal.SIGINT:  # as a terminal does: to all of its processes
            os.killpg(self.process.pid, number)
        else:
            self.send(number)
        return self.end()

    def end(self) -> int:
        code = self.process.wait(timeout=PATIENCE)
        self._listener.join(PATIENCE)
        return code

    def kill(self) -> None:
        self.process.kill()
        self.end()

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()  # also one that is stopped
        self.end()
        assert self.process.stderr
        self.process.stderr.close()

    def _listen(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            with self._told:
                self.lines.append(line.rstrip("\n"))
                self._told.notify_all()
        with self._told:
            self.has_ended = True
            self._told.notify_all()


def until(is_so: Callable[[], object], seen: Callable[[], object] = lambda: "") -> None:
    """Wait until it is so; what is `seen` instead is told if it never is."""
    end_at = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end_at, seen()
        time.sleep(AGAIN)
