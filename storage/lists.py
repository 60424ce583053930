"""Sources that are lists of sources: what each of them named when it was last read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from feeds.records import Subscription
from storage.rows import id_of_source
from storage.tables import listed, sources

_CATEGORIES = msgspec.json.Decoder(tuple[str, ...])


def add_to_list(db: Connection, source: str, subscriptions: Sequence[Subscription], *, limit: int) -> int:
    """What a list names beside what it named before, which stays, up to `limit`; how many of it are new."""
    known = {one.url: one for one in lists(db).get(source, ())}
    new = {one.url: one for one in subscriptions if one.url not in known}  # of a broken list also folders may be wrong
    both = [*known.values(), *new.values()]
    added, _dropped = replace_list(db, source, both[: max(limit, len(known))])
    return added


def replace_list(db: Connection, source: str, subscriptions: Sequence[Subscription]) -> tuple[int, int]:
    """What a list names from now on, what it named before under its old name; how many of it are new, and how many are
    no longer there."""
    source_id = id_of_source(db, source)
    before = set(db.scalars(select(listed.c.url).where(listed.c.source_id == source_id)))
    names = {row.url: row.name for row in db.execute(select(listed.c.url, listed.c.name).where(listed.c.name != ""))}
    db.execute(delete(listed).where(listed.c.source_id == source_id))
    rows = [
        {
            "source_id": source_id,
            "url": one.url,
            "name": names.get(one.url, ""),
            "title": one.title,
            "categories": msgspec.json.encode(one.categories).decode(),
        }
        for one in subscriptions
    ]
    if rows:
        db.execute(insert(listed), rows)
    after = {one.url for one in subscriptions}
    return len(after - before), len(before - after)


def keep_names(db: Connection, names: Mapping[str, str]) -> None:
    """What the sources that lists name are called, by address."""
    if not names:
        return
    rows = db.execute(select(listed.c.url, listed.c.name))
    moved = {row.url: names[row.url] for row in rows if names.get(row.url, row.name) != row.name}
    if moved:
        naming = update(listed).where(listed.c.url == bindparam("_url")).values(name=bindparam("_name"))
        db.execute(naming, [{"_url": url, "_name": name} for url, name in moved.items()])


def lists(db: Connection) -> dict[str, tuple[Subscription, ...]]:
    """What every list names, by the list's source; in the order of addresses, which no new entry changes."""
    found: dict[str, list[Subscription]] = {}
    columns = (sources.c.name.label("list"), listed.c.url, listed.c.name, listed.c.title, listed.c.categories)
    query = select(*columns).join(sources, sources.c.id == listed.c.source_id).order_by(sources.c.name, listed.c.url)
    for row in db.execute(query):
        categories = _CATEGORIES.decode(row.categories)
        one = Subscription(url=row.url, name=row.name, title=row.title, categories=categories)
        found.setdefault(row.list, []).append(one)
    return {name: tuple(subscriptions) for name, subscriptions in found.items()}
