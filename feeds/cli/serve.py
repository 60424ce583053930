"""feedmill serve: only the HTTP server."""

from __future__ import annotations

import signal
import sys

import click

from feeds.cli import Context, logs
from feeds.serving import Server, application


@click.command("serve")
@click.option("--host", metavar="ADDRESS", help="The address to listen on, instead of the config's server.host.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), help="The port, instead of server.port; 0 takes any that is free."
)
@click.pass_obj
def command(context: Context, host: str | None, port: int | None) -> None:
    """Serve the published files until SIGTERM or Ctrl-C. Nothing is fetched; `feedmill run` does both. With -v, each
    request is logged."""
    logs.configure(context.verbosity + 1)
    folder = context.settings.output
    wanted = context.settings.server
    server = Server(application(lambda: folder), host or wanted.host, wanted.port if port is None else port)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        server.start()
        if context.verbosity >= 0:
            click.echo(f"feedmill: serving {folder} at {server.address}", err=True)
        if not folder.is_dir():
            click.echo(f"feedmill: nothing is published in {folder} yet; `feedmill fetch` does that", err=True)
        server.wait()
    finally:
        server.stop()
