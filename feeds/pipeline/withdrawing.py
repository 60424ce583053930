"""Articles taken back on request: gone from the store and from every published file, and not to return."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urldefrag

from msgspec import Struct

from feeds.errors import NotFoundError, OutputError
from feeds.normalizing import urls
from feeds.pipeline import privacy
from feeds.pipeline.editions import publish
from feeds.pipeline.judging import judge
from feeds.publishing import output, tracing
from feeds.records import Unnamed
from feeds.settings import Settings
from storage import Store, naming, withdrawing


class Withdrawn(Struct, frozen=True, kw_only=True):
    """How many articles there were, and how many published files showed them, or named them as copies."""

    articles: int
    files: int


def withdraw(store: Store, settings: Settings, word: str, *, now: datetime) -> Withdrawn:
    """Withdraw the articles of this address, guid or id, from whatever source they came; no published file shows them
    any more, though the store has forgotten of it. An address may be spelled otherwise, with trackers or a fragment,
    and may be the former one of an article that was revised, as long as a published file names it.

    A tombstone stays of each: feeds tell readers of it (RFC 6721), and an entry that a source still lists stays away.
    The store follows the settings already (`prepare`). What was stopped in the middle is finished by withdrawing the
    same once more.

    Raises NotFoundError where the store never held one, and OutputError where a file can be neither written nor
    removed.
    """
    try:
        return _withdraw(store, settings, word, now.replace(microsecond=0))
    except OutputError as error:
        raise OutputError(privacy.masked(settings, str(error))) from None


def _withdraw(store: Store, settings: Settings, word: str, now: datetime) -> Withdrawn:
    with output.writing(settings.output), privacy.writing(settings):  # nobody publishes what we have looked through
        words, ids = _known(store, settings, word)
        if not ids:
            raise NotFoundError(f"no article has the address or id {word!r}; `feedmill articles --json` shows them")
        with store.read() as db:
            unnamed = naming.of_words(db, *words)
        shown = [(tree, path) for tree in privacy.trees(settings) for path in tracing.showing(tree, ids, unnamed)]
        paths = [path for _tree, path in shown]
        with store.read() as db:  # before: nobody else could write for as long as that takes
            kept = withdrawing.naming(db, *words)
        with store.begin() as db:
            count = withdrawing.withdraw(
                db,
                *words,
                showing=privacy.documents(paths),
                naming=kept,
                now=now,
                rank=judge(settings).rank,
            )
    try:
        publish(store, settings)
    finally:
        _remove(store, settings, shown, ids, unnamed)
    return Withdrawn(articles=count, files=len(shown))


def _known(store: Store, settings: Settings, word: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The word as the store knows it, and the ids that articles of it have in feeds; no ids where it does not.

    Who publishes the tree waits meanwhile.
    """
    given = word.strip()
    address = urls.canonical(given)
    page = urls.canonical(urldefrag(given).url)
    with store.read() as db:
        for words in ((word, given, address), (page,)):
            if ids := withdrawing.published_ids(db, *words):
                return words, ids
    trees = privacy.trees(settings)
    former = tuple({id_: None for tree in trees for each in {address, page} for id_ in tracing.ids_at(tree, each)})
    with store.read() as db:
        return former, withdrawing.published_ids(db, *former)


def _remove(
    store: Store, settings: Settings, shown: Sequence[tuple[Path, str]], ids: Sequence[str], unnamed: Unnamed
) -> None:
    """Take away what shows or names one of these articles still: nothing is published there any more, or it could not
    be written. That is worse than a file less, which is written as soon as it can be."""
    with output.writing(settings.output), privacy.writing(settings):
        left = [(tree, path) for tree, path in shown if tracing.shows(tree, path, ids, unnamed)]
        with store.begin() as db:
            withdrawing.write_again(db, privacy.documents(path for _tree, path in left))
        output.remove_all(left)
