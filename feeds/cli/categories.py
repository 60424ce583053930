"""feedmill categories: what is published."""

from __future__ import annotations

import click

from feeds import pipeline
from feeds.cli import Context, showing
from feeds.pipeline import privacy
from feeds.publishing import WRITERS
from feeds.records import Category
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
    feed = next(iter(WRITERS))
    rows = [
        {
            "name": category.name,
            "slug": _slug(category),
            "title": category.title or category.slug,
            "articles": counts.get(category.name, 0),
            "path": str(privacy.tree(settings, category) / _slug(category) / feed),
        }
        for category in published
    ]
    for index, category in enumerate(settings.categories or ()):
        if privacy.is_secret(category):
            where = settings.place("categories", index, "private", "path")
            showing.tell(f"{category.name}: its address is private, and stands at {where}")
    if as_json:
        showing.show_json(rows)
    else:
        showing.show_table(("name", "slug", "title", "articles", "path"), [tuple(row.values()) for row in rows])


def _slug(category: Category) -> str:
    return "***" if privacy.is_secret(category) else category.slug
