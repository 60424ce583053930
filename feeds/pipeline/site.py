"""What there is to publish, as it was found at one moment: everything, the categories, the sources' own shelves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from urllib.parse import quote

from msgspec import Struct, field

from feeds.errors import OutputError
from feeds.pipeline import privacy
from feeds.pipeline.edition import Edition
from feeds.pipeline.making import Making, Makings, makings
from feeds.pipeline.preparing import configured_categories
from feeds.publishing.pages import Directory, Place
from feeds.records import TAG_YEAR, Category, Feed, replace
from feeds.settings import Settings
from storage import Store, shelves
from storage.shelves import Key, OfSource, Shelf
from storage.tombstones import Hidden

LIMIT = Category(name="").limit  # articles of everything's feed


class Site(Struct, frozen=True, kw_only=True, dict=True):
    """All that is published, and how. `settings` are complete."""

    settings: Settings
    standing: Mapping[Key, Shelf]
    every: tuple[Category | None, ...]  # everything (None), and each category that has a feed
    made: Makings
    swept: Mapping[Key, int] = field(default_factory=dict)  # see `Edition.swept`

    @cached_property
    def hidden(self) -> Hidden:
        """What the public is told nothing of."""
        return privacy.hidden(self.settings)

    @property
    def public(self) -> tuple[Category | None, ...]:
        """Everything, and the categories that are not private."""
        return tuple(each for each in self.every if each is None or not each.private)

    @property
    def in_use(self) -> tuple[Category | None, ...]:
        """Those of the public ones that readers are shown the way to."""
        return _in_use(self.settings, self.public, self.standing)

    @property
    def private(self) -> tuple[Category, ...]:
        return tuple(each for each in self.every if each and each.private)

    def about(self, category: Category | None) -> Feed:
        """What the feed of a category, or of everything, says about itself."""
        return _about(self.settings, category, category.slug if category else "")

    def editions(self, wanted: Sequence[Category | None] | None = None) -> Iterator[Edition]:
        """Of all that is published; with `wanted` only of these categories (None: of everything)."""
        for category in self.every if wanted is None else wanted:
            yield self._edition(category, self.standing[_key(category)])
        for key in self._sources if wanted is None else ():
            yield self._edition_of_source(self.standing[key])

    def edition(self, shelf: Shelf) -> Edition | None:
        """That of a shelf as it is by now; None where it is not published."""
        if shelf.key in self._sources:
            return self._edition_of_source(shelf)
        return self._edition(self._categories[shelf.key], shelf) if shelf.key in self._categories else None

    def may_grow(self, key: Key) -> bool:
        """Whether a shelf that is not published becomes so once something stands there."""
        if isinstance(key, OfSource):
            is_shown = key.name in self.names and key.name not in self.hidden.sources
            return is_shown and bool(self.made.source.current)
        return self.settings.categories is None

    @cached_property
    def names(self) -> frozenset[str]:
        """Of the sources in the config."""
        return frozenset(source.name for source in self.settings.sources)

    @cached_property
    def _categories(self) -> dict[Key, Category | None]:
        return {_key(category): category for category in self.every}

    @cached_property
    def _sources(self) -> dict[Key, None]:
        """The keys of those that have pages, in their order."""
        found = _of_sources(self.settings, self.standing) if self.made.source.current else ()
        return dict.fromkeys(shelf.key for shelf in found)

    def _edition(self, category: Category | None, shelf: Shelf) -> Edition:
        return Edition(
            settings=self.settings,
            shelf=shelf,
            making=self._making(category),
            about=_about(self.settings, category, shelf.slug),
            about_everything=self._about_everything,
            limit=category.limit if category else LIMIT,
            tree=privacy.tree(self.settings, category),
            mark=privacy.mark(category),
            hidden=self.hidden,
            has_notices=category is not None and category.notices,
            swept=self.swept.get(shelf.key, -1),
        )

    def _edition_of_source(self, shelf: Shelf) -> Edition:
        return Edition(
            settings=self.settings,
            shelf=shelf,
            making=self.made.source,
            about=_about_source(self.settings, shelf),
            about_everything=self._about_everything,
            limit=LIMIT,
            tree=self.settings.output,
            hidden=self.hidden,
        )

    @cached_property
    def _about_everything(self) -> Feed:
        return _about(self.settings, None, "")

    def _making(self, category: Category | None) -> Making:
        if category is None:
            return self.made.everything
        return self.made.private if category.private else self.made.category


def find(store: Store, settings: Settings, problems: list[str]) -> Site:
    """As it is now. A theme that cannot be read costs the pages, not the feeds; `problems` tells of it."""
    stands = standing(store)
    every = _every(settings, stands)
    try:
        made = makings(settings, _directory(settings, every, stands))
    except OutputError as error:
        problems.append(str(error))
        made = makings(replace(settings, pages=None), Directory())
    return Site(settings=settings, standing=stands, every=every, made=made)


def published(store: Store, settings: Settings) -> tuple[Category | None, ...]:
    """Everything (None), and each category that has a feed: those listed, else every one found, by name."""
    return _every(settings, standing(store))


def standing(store: Store) -> Mapping[Key, Shelf]:
    """Every shelf that there ever was."""
    with store.read() as db:
        return shelves.standing(db)


def _every(settings: Settings, standing: Mapping[Key, Shelf]) -> tuple[Category | None, ...]:
    if settings.categories is not None:
        return (None, *(replace(c, slug=standing[c.name].slug) for c in settings.categories))
    configured = configured_categories(settings)
    found = [
        Category(name=shelf.key, slug=shelf.slug, title=shelf.key)
        for shelf in standing.values()
        if isinstance(shelf.key, str) and (shelf.touched or shelf.key in configured)
    ]
    return (None, *sorted(found, key=lambda category: category.name))


def _in_use(
    settings: Settings, every: Sequence[Category | None], standing: Mapping[Key, Shelf]
) -> tuple[Category | None, ...]:
    """Without categories that were found once, as a misspelt one, and are found nowhere now. They keep their feeds, for
    somebody may have subscribed."""
    if settings.categories is not None:
        return tuple(every)
    configured = configured_categories(settings)
    return tuple(c for c in every if c is None or c.name in configured or not standing[c.name].is_empty)


def _of_sources(settings: Settings, standing: Mapping[Key, Shelf]) -> list[Shelf]:
    """The shelves of the sources that ever had an article, and are not hidden."""
    hidden = privacy.hidden(settings).sources
    names = (source.name for source in settings.sources if source.name not in hidden)
    found = (standing.get(OfSource(name)) for name in names)
    return [shelf for shelf in found if shelf and shelf.touched]


def _directory(settings: Settings, every: Sequence[Category | None], standing: Mapping[Key, Shelf]) -> Directory:
    in_use = _in_use(settings, every, standing)
    of_categories = (_about(settings, each, each.slug) for each in in_use if each and not each.private)
    of_sources = (_about_source(settings, shelf) for shelf in _of_sources(settings, standing))
    return Directory(
        categories=tuple(Place(title=feed.title, url=feed.folder_url) for feed in of_categories),
        sources=tuple(Place(title=feed.title, url=feed.folder_url) for feed in of_sources),
    )


def _key(category: Category | None) -> Key:
    return category.name if category else None


def _about(settings: Settings, category: Category | None, slug: str) -> Feed:
    if category is None:
        return _feed(settings, "everything", settings.site.title, "")
    feed = _feed(settings, f"category/{quote(category.name, safe='')}", category.title or slug, slug)
    return replace(feed, hub="", is_private=True) if category.private else feed


def _about_source(settings: Settings, shelf: Shelf) -> Feed:
    assert isinstance(shelf.key, OfSource)
    return _feed(settings, f"source/{quote(shelf.key.name, safe='')}", shelf.key.name, shelf.slug)


def _feed(settings: Settings, path: str, title: str, slug: str) -> Feed:
    site = settings.site
    return Feed(
        id=f"tag:{site.authority},{TAG_YEAR}:{path}",
        title=title,
        folder_url=f"{site.url}{quote(slug)}/" if slug else site.url,
        site_title=site.title,
        site_url=site.url,
        language=site.language,
        hub=settings.hub_url,
    )
