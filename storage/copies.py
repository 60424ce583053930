"""Entries that are copies of a withdrawn article: under another guid, with a corrected title, or in another source."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, Table, literal_column, select, union

from feeds.records import Article
from storage.batches import batches
from storage.tables import articles, tombstones


class _Place(NamedTuple):
    """Where an article is found: at its address, whatever the scheme; without one, by its title in its source."""

    source_id: int | None
    word: str


class _Gone(Struct, frozen=True):
    """The withdrawn articles of one place: their titles, and the sources they came from."""

    titles: set[str]
    source_ids: set[int]


def of_withdrawn(db: Connection, batches: Sequence[tuple[int, Sequence[Article]]]) -> list[set[str]]:
    """Of each batch, with the row of its source, the guids of those articles that are copies of a withdrawn one.

    One at the address of a withdrawn article is, whatever its guid and title, and whatever source either came from.
    But where an address is the front page of a site, or that of other articles as well, as in changelogs, it must
    have the title, too. Without an address the title decides, within its source, unless others there have it as well.
    """
    gone = _withdrawn(db) if any(articles for _source_id, articles in batches) else {}
    return [_copies(db, source_id, articles, gone) for source_id, articles in batches]


def _copies(db: Connection, source_id: int, batch: Sequence[Article], gone: Mapping[_Place, _Gone]) -> set[str]:
    found = [(article, place) for article in batch if (place := _place(article.url, article.title, source_id)) in gone]
    others = _others(db, source_id, {place for _article, place in found}, gone) if found else {}
    return {article.guid for article, place in found if _is_copy(article, gone[place], others.get(place, frozenset()))}


def _is_copy(article: Article, gone: _Gone, others: Set[str]) -> bool:
    if not article.url:
        return bool(article.title) and not others
    if article.title in gone.titles:
        return True
    return not _is_front_page(article) and others <= {article.title}


def _withdrawn(db: Connection) -> Mapping[_Place, _Gone]:
    found: dict[_Place, _Gone] = defaultdict(lambda: _Gone(set(), set()))
    for row in db.execute(_WITHDRAWN):
        gone = found[_place(row.url, row.title, row.source_id)]
        gone.titles.add(row.title)
        gone.source_ids.add(row.source_id)
    return dict(found)


def _others(
    db: Connection, source_id: int, places: Set[_Place], gone: Mapping[_Place, _Gone]
) -> Mapping[_Place, Set[str]]:
    """The titles of what the store holds at these places, or held, and nobody withdrew."""
    found: dict[_Place, set[str]] = defaultdict(set)
    sources = {source_id, *(each for place in places for each in gone[place].source_ids)}
    for is_titled in (False, True):
        words = [place.word for place in places if (place.source_id is not None) == is_titled]
        for row in _beside(db, sources, words, is_titled=is_titled):
            place = _place(row.url, row.title, row.source_id)
            if place in places and (is_titled or row.title not in gone[place].titles):
                found[place].add(row.title)
    return found


def _beside(
    db: Connection, source_ids: Set[int], words: Sequence[str], *, is_titled: bool
) -> Iterator[Row[*tuple[Any, ...]]]:
    """What these sources have without an address, by titles; or else at addresses."""

    def at(table: Table, some: Sequence[str]) -> ColumnElement[bool]:
        is_there = (table.c.url == "") & table.c.title.in_(some) if is_titled else table.c.url.in_(_addresses(some))
        return table.c.source_id.in_(source_ids) & is_there

    columns = ("source_id", "url", "title")
    for some in batches(words):
        stored = select(*(articles.c[name] for name in columns)).where(at(articles, some))
        purged = select(*(tombstones.c[name] for name in columns)).where(
            at(tombstones, some), tombstones.c.reason == "purged"
        )
        yield from db.execute(union(stored, purged))


def _addresses(bare: Iterable[str]) -> list[str]:
    return [scheme + each for scheme in ("http:", "https:") for each in bare]


def _place(url: str, title: str, source_id: int) -> _Place:
    return _Place(None, _bare(url)) if url else _Place(source_id, title)


def _bare(url: str) -> str:
    """The address, which is canonical, without its scheme: sources move to https, and their articles with them."""
    return url.partition(":")[2]


def _is_front_page(article: Article) -> bool:
    parts = urlsplit(article.url)
    if parts.path in ("", "/") and not parts.query and not parts.fragment:
        return True
    about = {_bare(article.origin.site_url).rstrip("/"), _bare(article.origin.feed_url).rstrip("/")}
    return _bare(article.url).rstrip("/") in about


_WITHDRAWN = select(tombstones.c.source_id, tombstones.c.url, tombstones.c.title).where(
    tombstones.c.reason == literal_column("'withdrawn'")  # as the index has it
)
