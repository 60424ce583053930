"""feedmill why: the whole story of an article."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from feeds import pipeline
from feeds.cli import Context, showing
from feeds.pipeline.explaining import Story


@click.command("why")
@click.argument("word", metavar="URL-or-ID")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per article.")
@click.pass_obj
def command(context: Context, word: str, as_json: bool) -> None:
    """Tell the whole story of the articles of this address or id: their source, when they were seen, how their text was
    decoded, where their date and categories came from, and why each feed shows them, or does not."""
    store, settings = context.store, context.complete
    pipeline.prepare(store, settings)
    stories = pipeline.explain(store, settings, word)
    if as_json:
        showing.show_json(showing.redacted(_json(story), settings.sources) for story in stories)
        return
    for number, story in enumerate(stories):
        if number:
            click.echo()
        for line in _lines(story):
            click.echo(showing.printable(showing.redacted(line, settings.sources)).rstrip())


def _lines(story: Story) -> Iterator[str]:
    yield story.title or story.url or story.guid
    for name, values in _facts(story):
        for place, value in enumerate(value for value in values if value):
            yield f"  {name if place == 0 else '':<12}{value}"
    for name, is_shown in (("shown in", True), ("not in", False)):
        feeds = [each for each in story.feeds if each.is_shown == is_shown]
        for place, each in enumerate(feeds):
            yield f"  {name if place == 0 else '':<12}{each.feed or 'everything'}: {each.reason}"


def _facts(story: Story) -> Iterator[tuple[str, tuple[str, ...]]]:
    yield "address", (story.url,)
    yield (
        "source",
        (f"{story.source}, {story.location}" if story.location else f"{story.source}, no longer in the config",),
    )
    yield "id", (story.atom_id,)
    yield "guid", (f"{story.guid}" if story.guid != story.atom_id else "", story.guid_from)
    yield "gone", ("it is not stored any more",) if story.is_gone else ()
    yield "first seen", (_moment(story.first_seen_at),)
    yield "revised", (_revised(story),)
    yield "dated", (f"{_moment(story.published)}: {story.date_why}" if story.published else "",)
    yield "updated", (_moment(story.updated),)
    yield "decoded", (story.decoded,)
    yield "document", (story.document,)
    yield "raw digest", (story.raw_digest,)
    yield "held", (_held(story),)
    yield "also as", story.aliases
    yield "stands for", story.copies
    yield "tags", (", ".join(story.tags),)
    yield "categories", tuple(f"{each.category}: {each.reason}" for each in story.categories)


def _held(story: Story) -> str:
    if not story.held_at:
        return ""
    return f"since {_moment(story.held_at)}" + (", until its date has come" if story.is_waiting else "")


def _revised(story: Story) -> str:
    if not story.revised_at:
        return ""
    kept = f"; changes that are kept: {story.revisions}, see `feedmill diff`" if story.revisions else ""
    return f"{_moment(story.revised_at)}{kept}"


def _moment(value: Any) -> str:
    return showing.moment(value) or ""


def _json(story: Story) -> dict[str, Any]:
    return {
        "source": story.source,
        "location": story.location,
        "guid": story.guid,
        "guid_from": story.guid_from,
        "id": story.atom_id,
        "url": story.url,
        "title": story.title,
        "gone": story.is_gone,
        "first_seen": showing.moment(story.first_seen_at),
        "revised": showing.moment(story.revised_at),
        "revisions": story.revisions,
        "published": showing.moment(story.published),
        "updated": showing.moment(story.updated),
        "date_from": story.date_from,
        "date_why": story.date_why,
        "decoded": story.decoded,
        "document": story.document,
        "path": story.path,
        "raw_digest": story.raw_digest,
        "fingerprint": story.fingerprint,
        "held": showing.moment(story.held_at),
        "aliases": story.aliases,
        "copies": story.copies,
        "tags": story.tags,
        "categories": [{"name": each.category, "reason": each.reason} for each in story.categories],
        "feeds": [{"feed": each.feed, "shown": each.is_shown, "reason": each.reason} for each in story.feeds],
    }
