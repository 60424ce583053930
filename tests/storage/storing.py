"""What the tests of the store share: short ways to put something in and to look at what is there."""

from __future__ import annotations

from typing import Any

from builders import MONDAY, source
from feeds.normalizing.categories import slugs
from feeds.records import Article, Source, SourceState
from storage import Store, articles, saving, shelves, sources


def of(name: str, **changes: Any) -> Source:
    """A source of this name, at an address of its own."""
    return source(name=name, url=f"https://{name}.example/feed.xml", **changes)


def always(_source: Source, _state: SourceState) -> bool:
    """Every source is due."""
    return True


def save(store: Store, *batch: Article, name: str = "gazette", now: Any = MONDAY) -> saving.Saved:
    """Store articles as those of a source, which is enrolled first."""
    with store.begin() as db:
        if name not in sources.states(db):
            sources.enroll(db, [of(known) for known in (*sources.states(db), name)])
        return saving.save(db, saving.Batch(source=name, articles=batch, now=now), slugs=slugs)


def stored(store: Store, **which: Any) -> tuple[Article, ...]:
    with store.read() as db:
        return articles.stored(db, **which)


def standing(store: Store) -> dict[shelves.Key, shelves.Shelf]:
    with store.read() as db:
        return shelves.standing(db)


def written(store: Store) -> None:
    """As if every category's files were written now."""
    with store.begin() as db:
        for shelf in shelves.standing(db).values():
            shelves.record_written(db, shelf, settings_digest="settings")


def waiting(store: Store) -> set[shelves.Key]:
    """The categories whose files are to be written."""
    return {name for name, shelf in standing(store).items() if shelf.touched != shelf.written}


def titles(store: Store, category: str | None = None) -> list[str]:
    """What stands on a shelf."""
    with store.read() as db:
        shelf = shelves.standing(db).get(category)
        return [article.title for article in articles.archived(db, shelf.id, None)] if shelf else []


def address(store: Store) -> str:
    """The database's address, password and all, for another process to open."""
    return store._engine.url.render_as_string(hide_password=False)
