"""feedmill preview: look before you add."""

from __future__ import annotations

import re
from pathlib import Path

import click

from feeds import pipeline
from feeds.cli import Context, addressing, showing
from feeds.clock import SystemClock
from feeds.records import Source, replace


@click.command("preview")
@click.argument("locations", metavar="PATH-or-URL...", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per article.")
@click.pass_obj
def command(context: Context, locations: tuple[str, ...], as_json: bool) -> int:
    """Fetch, parse and normalize each file, folder or address, and show its articles. Nothing is stored."""
    wanted = [_source(context, location) for location in locations]
    failures = 0
    for source, preview in pipeline.preview(context.settings_or_defaults, wanted, clock=SystemClock()):
        for problem in preview.problems:
            click.echo(f"feedmill: {source.name}: {problem}", err=True)
        failures += not preview.was_read
        if as_json:
            showing.show_json(showing.article_json(article) for article in preview.articles)
        elif preview.articles:
            showing.show_table(
                ("published", "from", "title", "url"),
                [(showing.moment(a.published), a.date_from, a.title, a.url) for a in preview.articles],
            )
    return 1 if failures == len(wanted) else 0


def _source(context: Context, location: str) -> Source:
    """The configured source of that name or place, else one made for the occasion: for a file in a configured folder
    as that is read."""
    settings, path = context.settings_or_defaults, Path(location).absolute()
    for source in settings.sources:
        if location in (source.name, source.url) or (source.path and source.path == str(path)):
            return source
    if re.match(r"[a-z][a-z0-9+.-]*://", location, re.IGNORECASE):  # also one that is misspelt may hold a password
        return addressing.source_at(location, settings.defaults)
    around = (source for source in settings.sources if source.path and Path(source.path) in path.parents)
    nearest = max(around, key=lambda source: len(source.path), default=settings.defaults)
    return replace(nearest, name=location, kind="folder", path=str(path))
