"""feedmill serve: only the HTTP server."""

from __future__ import annotations

import signal
import sys
from collections.abc import Mapping
from contextlib import closing
from functools import cache, partial
from typing import TYPE_CHECKING

import click

from feeds.cli import Context, logs, showing
from feeds.clock import SystemClock
from feeds.serving import Links, Server, application, doors, privacy
from feeds.serving.status import StatusPage
from feeds.settings import Settings
from storage import look

if TYPE_CHECKING:
    from feeds.daemon.metrics import Metrics


@click.command("serve")
@click.option("--host", metavar="ADDRESS", help="The address to listen on, instead of the config's server.host.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="The port, instead of server.port; 0 takes any that is free."
)
@click.pass_obj
def command(context: Context, host: str | None, port: int | None) -> None:
    """Serve the published files until SIGTERM or Ctrl-C. Nothing is fetched; `feedmill run` does both. As
    `feedmill -v serve` it logs each request."""
    logs.configure(context.verbosity + 1)
    folder = context.settings.output
    wanted = context.settings.server
    # Our own hub works with the daemon alone: nobody would answer there.
    hub = "" if context.settings.push.hub == "own" else context.settings.hub_url
    links = Links(context.settings.site.url, hub)
    status = StatusPage(partial(_status, context.settings), _assets, clock=SystemClock())
    private = privacy(context.settings)
    served = application(
        lambda: folder,
        metrics=partial(_metrics, context.settings),
        links=lambda: links,
        doors=doors(context.settings),
        services=status.services,
        privacy=lambda: private,
    )
    server = Server(served, host or wanted.host, wanted.port if port is None else port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.start()
        if context.verbosity >= 0:
            showing.tell(f"serving {folder} at {server.address}")
        if not folder.exists():
            showing.tell(f"nothing is published in {folder} yet; `feedmill fetch` does that")
        elif not folder.is_dir():
            showing.tell(f"{folder}: no folder; move it away, or change output in the config")
        server.wait()
    finally:
        server.stop()


def _metrics(settings: Settings) -> bytes:
    """The store in numbers, and this process's; without the former where there is no store yet."""
    from feeds import pipeline
    from storage.inventory import inventory

    store = look(settings.database)
    if store is None:
        return _counters().exposition()
    with closing(store):
        names = [source.name for source in pipeline.complete(store, settings).sources]
        with store.read() as db:
            return _counters().exposition(inventory(db, names=names, now=SystemClock().now()))


@cache
def _counters() -> Metrics:
    """Made when somebody asks: prometheus-client takes its time."""
    from feeds.daemon.metrics import Metrics

    return Metrics()


def _status(settings: Settings, asked: Mapping[str, str]) -> bytes | None:
    """The page of all sources, from the store as it stands; None where there is none yet."""
    from feeds import pipeline  # half of the memory that a server takes: it waits until somebody asks
    from feeds.pipeline import overview

    store = look(settings.database)
    if store is None:
        return None
    with closing(store):
        return overview.page(store, pipeline.complete(store, settings), asked, now=SystemClock().now())


def _assets() -> Mapping[str, bytes]:
    from feeds.publishing import status_page

    return status_page.assets()
