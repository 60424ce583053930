"""What is held, published or thrown away by a person, or published once the date has come that it waits for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from feeds.errors import NotFoundError
from feeds.normalizing import categories as shelving
from feeds.pipeline.editions import publish
from feeds.pipeline.judging import judge
from feeds.pipeline.preparing import assigner, private_names
from feeds.settings import Settings
from storage import Connection, Store, articles, held, stories


def release(store: Store, settings: Settings, words: Sequence[str]) -> int:
    """Publish the articles held of these sources, addresses, guids or ids, with their own dates; how many there were.

    The store follows the settings already (`prepare`). Raises NotFoundError where nothing of a word is held.
    """
    with store.begin() as db:
        found = _named(db, words)
        count = held.release(db, [id_ for ids in found.values() for id_ in ids])
        _shelve(db, settings, found)
    publish(store, settings)
    return count


def let_out(store: Store, settings: Settings, *, now: datetime) -> int:
    """Put articles that waited for their date, which has come, on their shelves; how many there were. The caller is
    the one to publish."""
    with store.read() as db:
        if not held.due(db, now=now):
            return 0
    with store.begin() as db:
        found = held.due(db, now=now)
        ids = [id_ for ids in found.values() for id_ in ids]
        held.let_out(db, ids, now=now.replace(microsecond=0))
        _shelve(db, settings, found)
    return len(ids)


def drop(store: Store, words: Sequence[str], *, now: datetime) -> int:
    """Throw away the articles held of these sources, addresses, guids or ids, for good; how many there were.

    Raises NotFoundError where nothing of a word is held.
    """
    with store.begin() as db:
        ids = {id_ for of in _named(db, words).values() for id_ in of}
        return held.drop(db, ids, now=now.replace(microsecond=0))


def _shelve(db: Connection, settings: Settings, released: Mapping[str, Sequence[int]]) -> None:
    """Put articles, by source, where the config wants them, as if they came now."""
    by_name = {source.name: source for source in settings.sources}
    labels = shelving.by_label(settings.categories or ())
    private = private_names(settings)
    by = judge(settings)
    for name, ids in released.items():
        # Of a source that the config names no more, nothing has a place on shelves.
        assign = assigner(by_name[name], labels) if name in by_name else None
        articles.shelve_released(db, name, ids, assign, slugs=shelving.slugs, private=private)
        stories.settle(db, ids, by)


def _named(db: Connection, words: Sequence[str]) -> dict[str, list[int]]:
    """The rows of what is held of these words, each once, by source."""
    found: dict[str, list[int]] = {}
    for word in words:
        of_word = held.named(db, word)
        if not of_word:
            raise NotFoundError(
                f"nothing is held of {word!r}, be it a source, an address or an id; `feedmill held` lists what is; "
                "what waits for its date is named by its address or id"
            )
        for name, ids in of_word.items():
            found[name] = list(dict.fromkeys([*found.get(name, ()), *ids]))
    return found
