"""How the daemon is, for whoever watches over it: a load balancer, a service manager, a person."""

from __future__ import annotations

from datetime import datetime
from http import HTTPStatus

import msgspec

from feeds.records import Health
from feeds.serving.answers import Answer

_NO_FOLDER = "the published folder is not there; `feedmill publish` writes it, or correct output in the config"


def healthz(health: Health | None, *, has_folder: bool) -> Answer:
    """200 when all is well, else 503, with the reasons. Without a daemon (None), only the folder counts."""
    is_alive = health is None or health.is_alive
    is_ready = has_folder if health is None else health.is_ready
    # Nothing has been published yet, maybe.
    is_starting = health is not None and is_alive and not is_ready and not health.problems
    missing = () if has_folder or is_starting else (_NO_FOLDER,)
    is_well = is_alive and is_ready and has_folder
    told = {
        "status": "ok" if is_well else "starting" if is_starting else "unwell",
        "ready": is_ready,
        "alive": is_alive,
        "started_at": _moment(health.started_at if health else None),
        "last_tick": _moment(health.last_tick_at if health else None),
        "problems": [*(health.problems if health else ()), *missing],
    }
    return Answer(
        status=HTTPStatus.OK if is_well else HTTPStatus.SERVICE_UNAVAILABLE,
        headers=(("Content-Type", "application/json"), ("Cache-Control", "no-store")),
        body=msgspec.json.encode(told) + b"\n",
    )


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z") if moment else None
