"""Published files that stand on no shelf: the lists of sources and of feeds, the report.

Each is made again when what it shows has moved, or when the file is not as it was left; else no library that makes
documents is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec import Struct

from feeds import __version__
from feeds.errors import OutputError
from feeds.pipeline.edition import lines, put
from feeds.pipeline.preparing import digest_of
from feeds.publishing import output
from feeds.records import Publication
from feeds.settings import Settings
from storage import Store, loose
from storage.loose import Made


class Loose(Struct, frozen=True, kw_only=True):
    """A file: all that it shows, and what writes it."""

    shows: object
    write: Callable[[], bytes]

    @property
    def digest(self) -> str:
        return digest_of(__version__, self.shows)


def put_loose(
    store: Store, settings: Settings, files: Mapping[str, Loose], *, force: bool = False
) -> list[Publication]:
    """Put files, by path, as far as they are due, or all with `force`; whoever calls it is `writing`. Only those that
    moved are told.

    Raises OutputError where one cannot be written, after the others.
    """
    tree = settings.output
    with store.read() as db:
        before = loose.made(db)
    due = {
        path: file
        for path, file in files.items()
        if force
        or (modified := output.modified(tree, path)) is None
        or before.get(path) != Made(of=file.digest, modified=modified)
    }
    done = put(tree, {path: file.write for path, file in due.items()})
    now = {
        path: Made(of=file.digest, modified=modified)
        for path, file in due.items()
        if path not in done.problems and (modified := output.modified(tree, path)) is not None
    }
    if now:
        with store.begin() as db:
            loose.record_made(db, now)
    if done.problems:
        raise OutputError(lines(done.problems.values()))
    return [publication for publication in done.publications if publication.changed]
