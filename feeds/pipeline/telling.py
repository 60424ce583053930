"""How a source is, in words that people may see: command line and reports say the same."""

from __future__ import annotations

from feeds.records import Source, SourceState


def problem(source: Source, state: SourceState) -> str:
    """What is wrong with a source, and what would bring it back or spare it a detour; "" where all is well."""
    words = [source.redact(state.problem)] if state.problem else []
    if state.standing != "active":
        words.append(
            f"{not_asked(state)}: not asked any more; "
            f"`feedmill fetch --force {source.name}` asks once, a new url for good"
        )
    elif state.move_is_proven:
        words.append(f"moved for good, and is asked there; write it into the config: {source.redact(state.moved_to)}")
    return "; ".join(words)


def held(number: int) -> str:
    """That the flood guard holds so many articles of a source, and what to do about it."""
    what = "1 old article came as new and is held" if number == 1 else f"{number} old articles came as new and are held"
    return f"{what}; `feedmill held` lists what is held, `release` publishes it, `drop` throws it away"


def not_asked(state: SourceState) -> str:
    """Why a source is not asked any more."""
    return "gone" if state.standing == "gone" else f"not there {state.failures} times in a row"
