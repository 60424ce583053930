"""feedmill withdraw: take an article back."""

from __future__ import annotations

import click

from feeds import pipeline
from feeds.cli import Context, showing
from feeds.clock import SystemClock


@click.command("withdraw")
@click.argument("word", metavar="URL-or-ID")
@click.pass_obj
def command(context: Context, word: str) -> None:
    """Take the articles of an address or id out of the store and out of every published file, at once: also out of
    archives that show them as they were, and of folders and pages that are no longer published. They stay away, though
    their sources still list them; feeds tell their readers that they are gone. Every published file is looked through.
    If it is interrupted, withdraw the same once more."""
    if not word.strip():
        raise click.UsageError("no address or id was given; `feedmill articles --json` shows those of articles")
    store, settings = context.store, context.complete
    pipeline.prepare(store, settings)
    done = pipeline.withdraw(store, settings, word, now=SystemClock().now())
    if context.verbosity >= 0:
        click.echo(
            f"{showing.count(done.articles, 'article')} withdrawn, gone from "
            f"{showing.count(done.files, 'published file')}",
            err=True,
        )
