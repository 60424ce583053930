"""From articles to published files. Writers are pure: the same feed gives the same bytes."""

from __future__ import annotations

from collections.abc import Callable

from feeds.publishing import atom, jsonfeed, rss
from feeds.records import Feed

# By the name of the file they write, in the folder of everything and in that of each category.
WRITERS: dict[str, Callable[[Feed], bytes]] = {
    "atom.xml": atom.write,
    "rss.xml": rss.write,
    "feed.json": jsonfeed.write,
}

# By the kind of document that `archives.path` names.
ARCHIVE_WRITERS: dict[str, Callable[[Feed], bytes]] = {
    "xml": atom.write,
}
