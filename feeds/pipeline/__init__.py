"""The order of the stages, and nothing else.

A refresh takes one source through fetching, parsing, normalizing and storage (`refreshing`, `reading`); publishing
then writes what was touched (`editions`). Before both, the store is made to follow the config (`preparing`).
"""

from feeds.pipeline.discovering import Discovery, discover
from feeds.pipeline.editions import publish, published
from feeds.pipeline.listing import complete
from feeds.pipeline.preparing import prepare
from feeds.pipeline.previewing import Preview, preview
from feeds.pipeline.refreshing import Round, start_round, take_in

__all__ = [
    "Discovery",
    "Preview",
    "Round",
    "complete",
    "discover",
    "prepare",
    "preview",
    "publish",
    "published",
    "start_round",
    "take_in",
]
