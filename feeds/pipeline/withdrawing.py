"""Articles taken back on request: gone from the store and from what is published of it, and not to return."""

from __future__ import annotations

from datetime import datetime

from feeds.errors import NotFoundError
from storage import Store, articles, retention


def withdraw(store: Store, word: str, *, now: datetime) -> int:
    """Withdraw the articles of this address, guid or id, from whatever source they came; how many there were.

    A tombstone stays of each: feeds tell readers of it (RFC 6721), and an entry that a source still lists stays away.
    Raises NotFoundError where the store holds none.
    """
    with store.begin() as db:
        found = articles.named(db, word)
        retention.purge(db, found, now=now.replace(microsecond=0), reason="withdrawn")
    if not found:
        raise NotFoundError(f"no article has the address or id {word!r}; `feedmill articles --json` shows them")
    return len(found)
