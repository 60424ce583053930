"""feedmill categories: what is published."""

from __future__ import annotations

import click

from feeds import pipeline
from feeds.cli import Context, showing
from feeds.publishing import WRITERS
from storage import articles


@click.command("categories")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per category.")
@click.pass_obj
def command(context: Context, as_json: bool) -> None:
    """List each published category with the number of its articles and the path of its feed."""
    store, settings = context.store, context.complete
    pipeline.prepare(store, settings)
    published = [category for category in pipeline.published(store, settings) if category]
    with store.read() as db:
        counts = articles.count(db)
    output, feed = settings.output, next(iter(WRITERS))
    rows = [
        {
            "name": category.name,
            "slug": category.slug,
            "title": category.title or category.slug,
            "articles": counts.get(category.name, 0),
            "path": str(output / category.slug / feed),
        }
        for category in published
    ]
    if as_json:
        showing.show_json(rows)
    else:
        showing.show_table(("name", "slug", "title", "articles", "path"), [tuple(row.values()) for row in rows])
