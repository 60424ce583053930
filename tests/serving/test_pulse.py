"""Health and metrics as a client sees them."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from served import PATIENCE, Served, read_all

from feeds.records import Health

MONDAY = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)


def health(**changes: Any) -> Health:
    return Health(**{"started_at": MONDAY, "last_tick_at": MONDAY, "is_ready": True, **changes})


@pytest.mark.parametrize(
    ("state", "code", "word"),
    [
        (health(), 200, "ok"),
        (health(problems=("the disk is nearly full",)), 200, "ok"),
        (health(is_ready=False, last_tick_at=None), 503, "starting"),
        (health(is_alive=False, problems=("fetching hangs",)), 503, "unwell"),
    ],
)
def test_healthz_tells_how_the_daemon_is(serve: Callable[..., Served], state: Health, code: int, word: str) -> None:
    response = serve(health=lambda: state).ask("/healthz")
    assert (response.status, response.headers["content-type"]) == (code, "application/json")
    assert response.headers["cache-control"] == "no-store"
    assert json.loads(response.body) == {
        "status": word,
        "ready": state.is_ready,
        "alive": state.is_alive,
        "started_at": "2026-11-02T10:00:00Z",
        "last_tick": "2026-11-02T10:00:00Z" if state.last_tick_at else None,
        "problems": list(state.problems),
    }


def test_without_a_daemon_healthz_says_that_the_folder_is_there(served: Served) -> None:
    response = served.ask("/healthz")
    assert response.status == 200
    assert json.loads(response.body) == {
        "status": "ok", "ready": True, "alive": True, "started_at": None, "last_tick": None, "problems": []
    }  # fmt: skip


@pytest.mark.parametrize("state", [None, health()])
def test_a_folder_that_vanishes_is_no_crash(serve: Callable[..., Served], tmp_path: Path, state: Health | None) -> None:
    served = serve(health=lambda: state)
    served.put("atom.xml")
    assert served.ask("/atom.xml").status == 200
    served.folder.rename(tmp_path / "away")
    assert served.ask("/atom.xml").status == 404
    unwell = served.ask("/healthz")
    assert (unwell.status, json.loads(unwell.body)["status"]) == (503, "unwell")
    assert "published folder is not there" in json.loads(unwell.body)["problems"][0]
    assert str(tmp_path) not in unwell.text
    (tmp_path / "away").rename(served.folder)
    assert (served.ask("/atom.xml").status, served.ask("/healthz").status) == (200, 200)


def test_metrics_are_what_the_daemon_tells(serve: Callable[..., Served]) -> None:
    response = serve(metrics=lambda: b"feedmill_articles 7\n").ask("/metrics")
    assert (response.status, response.body) == (200, b"feedmill_articles 7\n")
    assert response.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_without_a_daemon_there_are_no_metrics(served: Served) -> None:
    assert served.ask("/metrics").status == 404


def test_metrics_that_fail_take_nothing_with_them(
    serve: Callable[..., Served], capfd: pytest.CaptureFixture[str]
) -> None:
    def metrics() -> bytes:
        raise RuntimeError("no such table")

    served = serve(metrics=metrics)
    served.put("atom.xml")
    response = served.ask("/metrics")
    assert response.status == 500
    assert "no such table" not in response.text
    assert served.ask("/atom.xml").status == 200


def test_metrics_that_wait_for_the_store_hold_up_no_feed(serve: Callable[..., Served]) -> None:
    released, asked = threading.Event(), threading.Event()

    def metrics() -> bytes:
        asked.set()
        assert released.wait(PATIENCE)
        return b"at last"

    served = serve(metrics=metrics)
    served.put("atom.xml")
    with served.connected() as client:
        client.sendall(b"GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        assert asked.wait(PATIENCE)
        assert served.ask("/atom.xml").status == 200
        released.set()
        assert read_all(client).endswith(b"at last")
