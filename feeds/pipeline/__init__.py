"""The order of the stages, and nothing else.

A refresh takes one source that is due (`claiming`) through fetching, parsing, normalizing and storage (`refreshing`,
`reading`, `storing`), in a round, or in the endless stream of a daemon (`streaming`). Publishing then writes what was
touched (`editions`). Before both, the store is made to follow the config (`preparing`); behind both, what is no longer
to be kept goes (`pruning`).
"""

from feeds.pipeline.discovering import Discovery, discover
from feeds.pipeline.editions import publish, published
from feeds.pipeline.listing import complete
from feeds.pipeline.preparing import prepare
from feeds.pipeline.previewing import Preview, preview
from feeds.pipeline.pruning import prune
from feeds.pipeline.refreshing import Round, start_round, take_in
from feeds.pipeline.reporting import report
from feeds.pipeline.streaming import Stream
from feeds.pipeline.withdrawing import withdraw

__all__ = [
    "Discovery",
    "Preview",
    "Round",
    "Stream",
    "complete",
    "discover",
    "prepare",
    "preview",
    "prune",
    "publish",
    "published",
    "report",
    "start_round",
    "take_in",
    "withdraw",
]
