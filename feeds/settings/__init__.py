"""config.yaml → `Settings`: frozen values, complete, with every default filled in.

`model` says which keys a person may write, `values` what one value may be, `rules` how keys must fit together,
`building` what becomes of them. What is wrong is told all at once, each complaint with its line.
"""

from feeds.settings.advice import warnings
from feeds.settings.building import Server, Settings, Site
from feeds.settings.loading import defaults, find, load, read_text

__all__ = ["Server", "Settings", "Site", "defaults", "find", "load", "read_text", "warnings"]
