"""feedmill withdraw: take an article back."""

from __future__ import annotations

import click

from feeds import pipeline
from feeds.cli import Context
from feeds.clock import SystemClock


@click.command("withdraw")
@click.argument("word", metavar="URL-or-ID")
@click.pass_obj
def command(context: Context, word: str) -> None:
    """Take the articles of an address or id out of the store, the feeds and the archive documents that hold them, at
    once. They stay away, though their sources still list them; feeds tell their readers that they are gone. Files in
    folders that are no longer published are not looked at."""
    store, settings = context.store, context.complete
    pipeline.prepare(store, settings)
    count = pipeline.withdraw(store, word, now=SystemClock().now())
    publications = pipeline.publish(store, settings)
    if context.verbosity >= 0:
        changed = sum(publication.changed for publication in publications)
        click.echo(
            f"{count} article{'' if count == 1 else 's'} withdrawn, {changed} published "
            f"file{'' if changed == 1 else 's'} written",
            err=True,
        )
