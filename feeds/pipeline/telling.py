"""How a source is, in words that people may see: command line and reports say the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from feeds import fetching
from feeds.fetching import timing
from feeds.records import Dating, Source, SourceState, Verdict, replace
from feeds.settings import addresses

HeldHosts: TypeAlias = Mapping[str, tuple[int, datetime]]  # their strikes, and until when
SPARED: Final = "its host said that we ask too often, and is left alone"


def problem(source: Source, state: SourceState) -> str:
    """What is wrong with a source, and what would bring it back or spare it a detour; "" where all is well."""
    words = [source.redact(state.problem)] if state.problem else []
    if state.standing != "active":
        words.append(
            f"{not_asked(state)}: not asked any more; "
            f"`feedmill fetch --force {source.name}` asks once, a new url for good"
        )
    elif state.move_is_proven:
        words.append(f"moved for good, and is asked there; write it into the config: {moved_to(source, state)}")
    return "; ".join(words)


def moved_to(source: Source, state: SourceState) -> str:
    """Where a source is asked now, as people may see it; "" where it has not moved for good."""
    if not state.move_is_proven:
        return ""
    secrets = addresses.worth_hiding(addresses.url_secrets(state.moved_to))  # which its new server gave it
    return replace(source, secrets=addresses.longest_first({*source.secrets, *secrets})).redact(state.moved_to)


def everything(source: Source, state: SourceState, held_articles: int, known: Dating | None) -> str:
    """The same, with what is held of it, and what is wrong with its dates."""
    words = (problem(source, state), held(held_articles) if held_articles else "", dates(source, known))
    return "; ".join(filter(None, words))


def spared(hosts: HeldHosts, source: Source, state: SourceState, now: datetime) -> SourceState:
    """The state of a source as that of its host has it: where one of the host's sources was told that we ask too
    often, none is asked until it may be, and that is its problem, too."""
    if source.kind == "folder" or state.standing != "active":
        return state
    _strikes, until = hosts.get(fetching.host(source, state), (0, now))
    if not timing.is_held(until, now):
        return state
    problem = "; ".join(filter(None, (state.problem, SPARED)))
    return replace(state, problem=problem, next_fetch_at=max(until, state.next_fetch_at or until))


def held(number: int) -> str:
    """That the flood guard holds so many articles of a source, and what to do about it."""
    what = "1 old article came as new and is held" if number == 1 else f"{number} old articles came as new and are held"
    return f"{what}; `feedmill held` lists what is held, `release` publishes it, `drop` throws it away"


def dates(source: Source, known: Dating | None) -> str:
    """What is wrong with a source's dates, what is done about it, and the setting that says so for good; "" where all
    is well, or a person has decided."""
    wrong, setting = doubt(source, known)
    return f"{wrong}; `{setting}` says so for good" if wrong else ""


def doubt(source: Source, known: Dating | None) -> tuple[str, str]:
    """The same in its two halves."""
    if known is None or known.verdict is None or source.dates != "auto":
        return "", ""
    if known.verdict != "ahead":
        return f"{_DATES[known.verdict]}: new articles have their first sight as their date", "dates: first-seen"
    from feeds.normalizing import dating  # which seldom has a word here

    ahead = timedelta(seconds=known.ahead)
    wrong = f"its dates are {dating.in_words(ahead)} ahead (local time stamped as GMT): corrected"
    return wrong, f"dates: {dating.setting(-ahead)}"


_DATES: dict[Verdict, str] = {
    "request": "its entries all carry the time of the request",
    "moving": "its entries have other dates at each visit",
    "same": "its entries all have one date, new ones as well",
}


def not_asked(state: SourceState) -> str:
    """Why a source is not asked any more."""
    return "gone" if state.standing == "gone" else f"not there {state.failures} times in a row"
