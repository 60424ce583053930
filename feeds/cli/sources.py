"""feedmill sources: their health."""

from __future__ import annotations

from typing import Any

import click

from feeds import pipeline
from feeds.cli import Context, showing
from feeds.clock import SystemClock
from feeds.pipeline import telling
from feeds.records import Dating, Source, SourceState
from storage import held, sources
from storage.held import Number


@click.command("sources")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per source.")
@click.pass_obj
def command(context: Context, as_json: bool) -> None:
    """List each source with its last success, next fetch, failures in a row, and the last problem in words."""
    store, settings = context.store, context.complete
    pipeline.prepare(store, settings)
    with store.read() as db:
        states, numbers, doubted = sources.states(db), held.numbers(db), sources.doubted(db)
        hosts = sources.held_hosts(db)
    now = SystemClock().now()
    both = [(source, telling.spared(hosts, source, states[source.name], now)) for source in settings.sources]
    if as_json:
        showing.show_json(
            _json(source, state, numbers.get(source.name), doubted.get(source.name)) for source, state in both
        )
        return
    showing.show_table(
        ("source", "last success", "next fetch", "failures", "problem", "location"),
        [
            (source.name, showing.short(state.last_success_at), _next(source, state), state.failures,
             _problem(source, state, numbers.get(source.name), doubted.get(source.name)), _location(source))
            for source, state in both
        ],
    )  # fmt: skip


def _location(source: Source) -> str:
    return f"{source.location}, by {source.listed_by}" if source.listed_by else source.location


def _next(source: Source, state: SourceState) -> str:
    if state.standing != "active":
        return "never"
    return showing.short(state.next_fetch_at) if source.kind != "folder" and state.next_fetch_at else "any time"


def _problem(source: Source, state: SourceState, number: Number | None, dating: Dating | None) -> str:
    return telling.everything(source, state, number.articles if number else 0, dating)


def _json(source: Source, state: SourceState, number: Number | None, dating: Dating | None) -> dict[str, Any]:
    return {
        "name": source.name,
        "location": source.location,
        "categories": source.categories,
        "last_success": showing.moment(state.last_success_at),
        "next_fetch": showing.moment(state.next_fetch_at) if _is_asked_by_the_clock(source, state) else None,
        "failures": state.failures,
        "problem": _problem(source, state, number, dating),
        "standing": state.standing,
        "moved_to": telling.moved_to(source, state),
        "held": number.articles if number else 0,
        "list": source.listed_by,
    }


def _is_asked_by_the_clock(source: Source, state: SourceState) -> bool:
    return source.kind != "folder" and state.standing == "active"
