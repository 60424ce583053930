"""From articles to published files. Writers are pure: the same feed gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module

from feeds.publishing.cleaning import clean
from feeds.records import Feed


def _writer(module: str) -> Callable[[Feed], bytes]:
    """The module's `write`, of a feed without what none may hold. It is imported when there is something to write:
    feedgen and lxml take their time."""

    def write(feed: Feed) -> bytes:
        of_format = import_module(f"{__name__}.{module}")
        try:
            document: bytes = of_format.write(feed)
        except ValueError:  # as it says of a control character, which is seldom, and dear to look for
            document = of_format.write(clean(feed))
        return document

    return write


# By the name of the file they write, in the folder of everything and in that of each category.
WRITERS: dict[str, Callable[[Feed], bytes]] = {
    "atom.xml": _writer("atom"),
    "rss.xml": _writer("rss"),
    "feed.json": _writer("jsonfeed"),
}

# By the kind of document that `archives.path` names.
ARCHIVE_WRITERS: dict[str, Callable[[Feed], bytes]] = {
    "xml": _writer("atom"),
}
