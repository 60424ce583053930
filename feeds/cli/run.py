"""feedmill run: the daemon."""

from __future__ import annotations

import click

import scheduler
from feeds.cli import Context, logs
from feeds.clock import SystemClock


@click.command("run")
@click.option("--no-server", is_flag=True, help="Do not serve the published files (the only way yet).")
@click.pass_obj
def command(context: Context, no_server: bool) -> None:
    """Fetch every source when it is due and publish what moved, until SIGTERM or Ctrl-C. The published files are for
    a web server to serve: feedmill has none of its own yet."""
    if not no_server:
        click.echo(f"feedmill: no server of its own yet; let a web server serve {context.settings.output}", err=True)
    logs.configure(context.verbosity + 1)  # a daemon's log is all that shows it at work
    scheduler.run(context.store, context.settings, clock=SystemClock())
