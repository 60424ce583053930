"""The order of the stages, and nothing else.

A refresh takes one source that is due (`claiming`) through fetching, parsing, normalizing and storage (`refreshing`,
`reading`, `storing`), in a round (`rounds`), or in the endless stream of a daemon (`streaming`). Publishing then
looks at what there is (`site`), and writes what was touched (`editions`), and what else moved (`loose`). Before both,
the store is made to follow the config (`preparing`); behind both, what is no longer to be kept goes (`pruning`). Who
wants to hear of news is told, and tells us (`pushing`).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from feeds.pipeline.comparing import compare
    from feeds.pipeline.discovering import Discovery, discover
    from feeds.pipeline.editions import Publisher, publish
    from feeds.pipeline.explaining import explain
    from feeds.pipeline.listing import complete
    from feeds.pipeline.preparing import prepare
    from feeds.pipeline.previewing import Preview, preview, preview_file
    from feeds.pipeline.pruning import prune
    from feeds.pipeline.pushing.daemon import Pushing
    from feeds.pipeline.pushing.pinging import ping
    from feeds.pipeline.releasing import drop, let_out, release
    from feeds.pipeline.replaying import foresee, replay
    from feeds.pipeline.reporting import report
    from feeds.pipeline.rounds import Round, start_round, take_in
    from feeds.pipeline.site import published
    from feeds.pipeline.streaming import Stream
    from feeds.pipeline.withdrawing import Withdrawn, withdraw

# Which module has it. Each is imported when it is first asked for: a round in which nothing is new reads no document
# and writes no page, and need not wait for the libraries that would.
_STAGES = {
    "compare": "comparing",
    "Discovery": "discovering",
    "discover": "discovering",
    "Publisher": "editions",
    "publish": "editions",
    "explain": "explaining",
    "complete": "listing",
    "prepare": "preparing",
    "Preview": "previewing",
    "preview": "previewing",
    "preview_file": "previewing",
    "prune": "pruning",
    "Pushing": "pushing.daemon",
    "ping": "pushing.pinging",
    "drop": "releasing",
    "let_out": "releasing",
    "release": "releasing",
    "foresee": "replaying",
    "replay": "replaying",
    "report": "reporting",
    "Round": "rounds",
    "start_round": "rounds",
    "take_in": "rounds",
    "published": "site",
    "Stream": "streaming",
    "Withdrawn": "withdrawing",
    "withdraw": "withdrawing",
}

__all__ = [
    "Discovery",
    "Preview",
    "Publisher",
    "Pushing",
    "Round",
    "Stream",
    "Withdrawn",
    "compare",
    "complete",
    "discover",
    "drop",
    "explain",
    "foresee",
    "let_out",
    "ping",
    "prepare",
    "preview",
    "preview_file",
    "prune",
    "publish",
    "published",
    "release",
    "replay",
    "report",
    "start_round",
    "take_in",
    "withdraw",
]


def __getattr__(name: str) -> Any:
    if name not in _STAGES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_STAGES[name]}"), name)
