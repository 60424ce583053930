"""feedmill diff: what a revision changed."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Any

import click

from feeds import pipeline
from feeds.cli import Context, showing
from feeds.pipeline.comparing import Change, Changes, Piece
from feeds.records import Source


@click.command("diff")
@click.argument("word", metavar="URL-or-ID")
@click.option("--all", "shows_all", is_flag=True, help="Every change that is kept, the latest first.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per article, with every change that is kept.")
@click.pass_obj
def command(context: Context, word: str, shows_all: bool, as_json: bool) -> None:
    """Show what the latest revision of an article changed, word by word: [-taken out-] and {+put in+}, in colours on a
    terminal. The latest five of each article are kept."""
    store, settings = context.store, context.complete
    pipeline.prepare(store, settings)
    found = pipeline.compare(store, word)
    if as_json:
        showing.show_json(showing.redacted(_json(each), settings.sources) for each in found)
        return
    for each in found:
        if not each.changes:
            click.echo(f"{each.source}: {showing.printable(each.title or each.guid)}: no revision is kept", err=True)
        for change in each.changes if shows_all else each.changes[:1]:
            _show(each, change, settings.sources)


def _show(article: Changes, change: Change, sources: Sequence[Source]) -> None:
    head = f"{article.source}  {article.url or article.guid}  revised {showing.moment(change.when)}"
    click.echo(showing.printable(showing.redacted(head, sources)))
    if all(piece.mark in ("same", "gap") for piece in change.pieces):
        click.echo("  no word or picture of it: its authors or what it encloses, or a picture's place")
        return
    text = showing.redacted("".join(_piece(piece) for piece in change.pieces), sources)
    click.echo("\n".join(f"  {line}".rstrip() for line in text.rstrip("\n").split("\n")))


def _piece(piece: Piece) -> str:
    if piece.mark == "gap":
        return "…\n"
    # A change that spans lines is marked on each.
    lines = [showing.printable(line) for line in piece.text.split("\n")]
    return "\n".join(_marked(piece, line) for line in lines)


def _marked(piece: Piece, text: str) -> str:
    if not text or piece.mark == "same":
        return text
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        return click.style(text, fg="red", strikethrough=True) if piece.mark == "out" else click.style(text, fg="green")
    return f"[-{text}-]" if piece.mark == "out" else f"{{+{text}+}}"


def _json(article: Changes) -> dict[str, Any]:
    return {
        "source": article.source,
        "guid": article.guid,
        "id": article.atom_id,
        "url": article.url,
        "title": article.title,
        "revisions": [
            {
                "number": change.number,
                "revised": showing.moment(change.when),
                "before": _said(change.before),
                "after": _said(change.after),
                "changes": [[piece.mark, piece.text] for piece in change.pieces if piece.mark != "gap"],
            }
            for change in article.changes
        ],
    }


def _said(said: Any) -> dict[str, str]:
    return {name: getattr(said, name) for name in ("title", "url", "summary_html", "content_html")}
