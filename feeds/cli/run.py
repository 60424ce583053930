"""feedmill run: the daemon."""

from __future__ import annotations

import os

import click

import scheduler
from feeds import settings
from feeds.cli import Context, logs
from feeds.clock import SystemClock
from feeds.daemon.service import ServiceManager


@click.command("run")
@click.option("--no-server", is_flag=True, help="Do not serve the published files; another web server does.")
@click.pass_obj
def command(context: Context, no_server: bool) -> int:
    """Fetch every source when it is due, publish what moved and serve it, until SIGTERM or Ctrl-C. The config is read
    again when its file changes, and on SIGHUP."""
    logs.configure(context.verbosity + 1)  # a daemon's log is all that shows it at work
    return scheduler.run(
        context.store,
        context.settings,
        clock=SystemClock(),
        load=lambda: settings.load(context.file, environ=os.environ),
        manager=ServiceManager(os.environ, pid=os.getpid()),
        serves=not no_server,
    )
