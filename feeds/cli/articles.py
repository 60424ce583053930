"""feedmill articles: what the store holds."""

from __future__ import annotations

import click

from feeds import pipeline
from feeds.cli import Context, by_word, known, showing
from feeds.records import Article
from storage import articles


@click.command("articles")
@click.option("--category", metavar="C", help="Only those of this category, by name, alias, title or slug.")
@click.option("--source", metavar="S", help="Only those of this source.")
@click.option("--limit", metavar="N", type=click.IntRange(1, 2**31 - 1), help="At most N; 20 unless --json.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per article.")
@click.pass_obj
def command(context: Context, category: str | None, source: str | None, limit: int | None, as_json: bool) -> None:
    """List what the store holds, newest first."""
    store, settings = context.store, context.complete
    pipeline.prepare(store, settings)
    name = None
    if category is not None:
        by_name = by_word(pipeline.published(store, settings))
        name = by_name[known((category,), by_name, "category", "categories")[0]].name
    if source is not None:
        source = context.sources((source,))[0].name
    shown = None if as_json else 20
    with store.read() as db:
        found = articles.stored(db, category=name, source=source, limit=limit or shown)
    if as_json:
        showing.show_json(showing.article_json(article) for article in found)
    else:
        showing.show_table(
            ("published", "source", "title", "url"),
            [(showing.short(a.published), a.source, _title(a), a.url) for a in found],
        )


def _title(article: Article) -> str:
    return f"(held) {article.title}" if article.held_at else article.title
