"""feedmill held: what the flood guard keeps back, and what waits for its date."""

from __future__ import annotations

import click

from feeds import pipeline
from feeds.cli import Context, showing
from storage import held


@click.command("held")
@click.argument("source", required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per article.")
@click.pass_obj
def command(context: Context, source: str | None, as_json: bool) -> None:
    """List the articles that came as new and are old: so many at once that a feed's readers would be flooded. They are
    published by `feedmill release`, or thrown away by `feedmill drop`. With them those that wait for their date, as
    `future: hold` wants it."""
    store, settings = context.store, context.complete
    pipeline.prepare(store, settings)
    if source is not None:
        source = context.sources((source,))[0].name
    with store.read() as db:
        found = held.held(db, source)
    if as_json:
        showing.show_json(showing.article_json(article) for article in found)
        return
    showing.show_table(
        ("held since", "for", "published", "source", "title", "url"),
        [
            (showing.short(a.held_at), "its date" if a.is_waiting else "you", showing.short(a.published),
             a.source, a.title, a.url)
            for a in found
        ],
    )  # fmt: skip
