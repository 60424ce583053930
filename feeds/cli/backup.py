"""feedmill backup: a copy of the store."""

from __future__ import annotations

from pathlib import Path

import click

from feeds.cli import Context
from storage.backup import back_up


@click.command("backup")
@click.argument("file", metavar="FILE")
@click.pass_obj
def command(context: Context, file: str) -> None:
    """Write a copy of the store, as it is at this moment, to FILE; feedmill may go on working meanwhile. FILE is
    replaced when the copy is complete and was found sound, not before.

    To restore it: end feedmill, put the copy in the place of the database, and remove the files beside it whose names
    end in -wal and -shm."""
    size = back_up(context.store, Path(file))
    if context.verbosity >= 0:
        click.echo(f"{file}: the store as it is now, {size / 10**6:.1f} MB", err=True)
