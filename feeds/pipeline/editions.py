"""What was touched, published: the files of everything, of each category, and of each source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import quote

from feeds.errors import OutputError
from feeds.normalizing import identity
from feeds.pipeline.making import Making, Makings, makings
from feeds.pipeline.preparing import configured_categories, digest_of
from feeds.publishing import archives, opml, output
from feeds.publishing.cleaning import clean
from feeds.publishing.pages import Directory, Place, path_of
from feeds.publishing.validating import checked
from feeds.records import Category, Feed, Publication
from feeds.settings import Settings
from storage import Store, archiving, articles, categories, tombstones
from storage.categories import Shelf

LIMIT = Category(name="").limit  # articles of everything's feed
MOST_DELETED = 50  # withdrawn articles that a feed tells of


def _lines(problems: Iterable[str]) -> str:
    """Each once: one template can keep a hundred pages from being made."""
    return "\n".join(dict.fromkeys(line for problem in problems for line in problem.splitlines()))


class _StoppedError(Exception):
    """Publishing is to stop amid a shelf."""


def publish(
    store: Store,
    settings: Settings,
    wanted: Sequence[Category | None] | None = None,
    *,
    force: bool = False,
    is_stopping: Callable[[], bool] = lambda: False,
) -> tuple[Publication, ...]:
    """Write the files of everything, each category and each source that was touched, or is missing one; with `force`,
    all. With `wanted` only of these categories (None: of everything).

    Once `is_stopping` nothing more is begun; what was not written is due as before.

    Raises OutputError where a file cannot be written; the others are.
    """
    publications: list[Publication] = []
    problems: list[str] = []
    with output.writing(settings.output):
        every = published(store, settings)
        with store.read() as db:
            standing = categories.standing(db)
        steps: list[Callable[[], list[Publication]]] = [partial(_publish_lists, settings, every)]
        try:
            made = makings(settings, _directory(settings, every, standing))
        except OutputError as error:  # a theme that cannot be read costs the pages, not the feeds
            problems.append(str(error))
            made = makings(replace(settings, pages=None), Directory())
        steps.append(partial(_put_assets, settings, made.assets))
        for edition in _editions(settings, made, every, standing, wanted):
            if force or not edition.is_current:
                steps.append(partial(edition.publish, store, is_forced=force, is_stopping=is_stopping))
        for step in steps:
            if is_stopping():
                break
            try:
                publications += step()
            except OutputError as error:
                problems.append(str(error))
            except _StoppedError:
                break
    if problems:
        raise OutputError(_lines(problems))
    return tuple(publications)


def published(store: Store, settings: Settings) -> tuple[Category | None, ...]:
    """Everything (None), and each category that has a feed: those listed, else every one found, by name."""
    with store.read() as db:
        standing = categories.standing(db)
    if settings.categories is not None:
        return (None, *(replace(c, slug=standing[c.name].slug) for c in settings.categories))
    configured = configured_categories(settings)
    found = [
        Category(name=shelf.key, slug=shelf.slug, title=shelf.key)
        for shelf in standing.values()
        if isinstance(shelf.key, str) and (shelf.touched or shelf.key in configured)
    ]
    return (None, *sorted(found, key=lambda category: category.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """What is published of one shelf: its subscription documents and, behind them, its archive documents."""

    settings: Settings
    shelf: Shelf
    making: Making
    about: Feed  # without articles
    limit: int

    @property
    def digest(self) -> str:
        """Of the settings that its files depend on. What follows the slash moves with its addresses, and with which
        pages there are: archive documents are written again for nothing less."""
        place = digest_of(self.settings.site.url, self.shelf.slug, self.making.has_articles)
        return f"{digest_of(self.making.digest, self.about.title, self.limit)}/{place}"

    @property
    def is_current(self) -> bool:
        """Whether its files show what the shelf holds, under the settings of today."""
        is_written = self.shelf.written == self.shelf.touched and self.shelf.settings_digest == self.digest
        return is_written and all((self.settings.output / self.path(name)).is_file() for name in self.names)

    @property
    def names(self) -> list[str]:
        """Of the files that show whether all are there."""
        latest = self.shelf.latest_archive
        return [*self.making.current, *(archives.path(latest, kind) for kind in self.making.archive if latest)]

    @property
    def category(self) -> str | None:
        return self.shelf.key if isinstance(self.shelf.key, str) else None

    def path(self, name: str) -> str:
        return f"{self.shelf.slug}/{name}" if self.shelf.slug else name

    def publish(self, store: Store, *, is_forced: bool, is_stopping: Callable[[], bool]) -> list[Publication]:
        """Raises OutputError where a file cannot be written, after all others: a page that fails holds no feed back."""
        done = self.publish_archives(store, is_forced=is_forced, is_stopping=is_stopping)
        with store.read() as db:
            shelf = categories.shelf_of(db, self.shelf.id)
            newest = articles.archived(db, shelf.id, None, limit=self.limit + 1)
            previous = archiving.before(db, shelf.id)
            deleted = tombstones.withdrawn(db, category=self.category, limit=MOST_DELETED)
        shown = newest[: self.limit]
        feed = clean(replace(self.about, articles=shown, previous=previous, deleted=deleted))
        done += self.put({name: partial(write, feed) for name, write in self.making.current.items()}, feed)
        if done.problems:
            raise OutputError(_lines(done.problems.values()))
        # What came in while archive documents were written, and is too much, is in none of them yet: it is due.
        if len(newest) == len(shown):
            with store.begin() as db:
                categories.record_written(db, shelf, settings_digest=self.digest)
        self.remove_emptied(store)
        for each in deleted if self.shelf.key is None else ():
            output.remove(self.settings.output, path_of(each.atom_id))
        return done.publications

    def put(self, documents: Mapping[str, Callable[[], bytes]], feed: Feed) -> Put:
        """Documents of the shelf by their names in its folder, and the pages of the articles in them."""
        here = {self.path(name): write for name, write in documents.items()}
        return _put(self.settings, {**here, **self.making.articles(feed)})

    def publish_archives(self, store: Store, *, is_forced: bool, is_stopping: Callable[[], bool]) -> Put:
        done = Put()
        with store.read() as db:
            if not archiving.is_needed(db, self.shelf.id, limit=self.limit):
                return done
        self.seal(store, is_forced=is_forced)
        with store.read() as db:
            numbers = archiving.unwritten(db, self.shelf.id)
        for number in numbers:
            if is_stopping():
                raise _StoppedError
            put = self.publish_archive(store, number)
            done += put
            if self.path(archives.path(number)) in put.problems:  # a feed must not lead to what is not there
                raise OutputError(_lines(done.problems.values()))
        return done

    def publish_archive(self, store: Store, number: int) -> Put:
        with store.read() as db:
            held = articles.archived(db, self.shelf.id, number)
            previous = archiving.before(db, self.shelf.id, number)
        feed = clean(replace(self.about, articles=held, number=number, previous=previous))
        kinds = self.making.archive.items() if held else ()  # one of which all has left is led to by none
        put = self.put({archives.path(number, kind): partial(write, feed) for kind, write in kinds}, feed)
        if not put.problems:
            with store.begin() as db:
                archiving.record_written(db, self.shelf.id, number)
        return put

    def seal(self, store: Store, *, is_forced: bool) -> None:
        """Give what has left the newest to archive documents, and note which of these are to be written."""
        has_more = True
        while has_more:
            with store.begin() as db:
                has_more = archiving.seal(db, self.shelf.id, limit=self.limit)
        with store.begin() as db:
            if archiving.emptied(db, self.shelf.id):
                archiving.write_oldest_again(db, self.shelf.id)
            latest = archiving.before(db, self.shelf.id) and archiving.latest_written(db, self.shelf.id)
            newest = [self.settings.output / self.path(archives.path(latest, kind)) for kind in self.making.archive]
            is_lost = bool(latest) and not all(path.is_file() for path in newest)
            if is_forced or is_lost or _place(self.shelf.settings_digest) != _place(self.digest):
                archiving.write_again(db, self.shelf.id)

    def remove_emptied(self, store: Store) -> None:
        """Archive documents that nothing leads to any more. Forgotten only when they are gone."""
        with store.read() as db:
            numbers = archiving.emptied(db, self.shelf.id)
        for number in numbers:
            for kind in self.making.archive:
                output.remove(self.settings.output, self.path(archives.path(number, kind)))
        if numbers:
            with store.begin() as db:
                archiving.forget(db, self.shelf.id, numbers)


def _editions(
    settings: Settings,
    made: Makings,
    every: Sequence[Category | None],
    standing: Mapping[categories.Key, Shelf],
    wanted: Sequence[Category | None] | None,
) -> Iterator[Edition]:
    for category in every if wanted is None else wanted:
        shelf = standing[category.name if category else None]
        yield Edition(
            settings=settings,
            shelf=shelf,
            making=made.category if category else made.everything,
            about=_about(settings, category, shelf.slug),
            limit=category.limit if category else LIMIT,
        )
    for shelf in _of_sources(settings, standing) if wanted is None and made.source.current else ():
        yield Edition(
            settings=settings, shelf=shelf, making=made.source, about=_about_source(settings, shelf), limit=LIMIT
        )


def _of_sources(settings: Settings, standing: Mapping[categories.Key, Shelf]) -> list[Shelf]:
    """The shelves of the sources that ever had an article."""
    shelves = (standing.get(categories.OfSource(source.name)) for source in settings.sources)
    return [shelf for shelf in shelves if shelf and shelf.touched]


def _directory(
    settings: Settings, every: Sequence[Category | None], standing: Mapping[categories.Key, Shelf]
) -> Directory:
    of_categories = (_about(settings, each, each.slug) for each in every if each)
    of_sources = (_about_source(settings, shelf) for shelf in _of_sources(settings, standing))
    return Directory(
        categories=tuple(Place(title=feed.title, url=feed.folder_url) for feed in of_categories),
        sources=tuple(Place(title=feed.title, url=feed.folder_url) for feed in of_sources),
    )


def _place(digest: str) -> str:
    return digest.partition("/")[2]


def _publish_lists(settings: Settings, every: Sequence[Category | None]) -> list[Publication]:
    """The sources and the feeds as OPML; only those that moved are told."""
    listed, _left_out = opml.sources(settings.sources)
    feeds = opml.feeds(_about(settings, category, category.slug if category else "") for category in every)
    lists = {"subscriptions.opml": listed, "feeds.opml": feeds}
    done = _put(settings, {path: partial(opml.write, settings.site.title, found) for path, found in lists.items()})
    if done.problems:
        raise OutputError(_lines(done.problems.values()))
    return [publication for publication in done.publications if publication.changed]


def _put_assets(settings: Settings, assets: Mapping[str, bytes]) -> list[Publication]:
    done = [output.put(settings.output, path, content) for path, content in assets.items()]
    return [publication for publication in done if publication.changed]


@dataclass(slots=True, kw_only=True)
class Put:
    """What was written; and for each path where that could not be, why."""

    publications: list[Publication] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)

    def __iadd__(self, other: Put) -> Put:
        self.publications += other.publications
        self.problems |= other.problems
        return self


def _put(settings: Settings, documents: Mapping[str, Callable[[], bytes]]) -> Put:
    """Each document written and put at its path; one that cannot be stops no other."""
    done = Put()
    for path, write in documents.items():
        try:
            done.publications.append(output.put(settings.output, path, checked(path, write)))
        except OutputError as error:
            done.problems[path] = str(error)
    return done


def _about(settings: Settings, category: Category | None, slug: str) -> Feed:
    if category is None:
        return _feed(settings, "everything", settings.site.title, "")
    return _feed(settings, f"category/{quote(category.name, safe='')}", category.title or slug, slug)


def _about_source(settings: Settings, shelf: Shelf) -> Feed:
    assert isinstance(shelf.key, categories.OfSource)
    return _feed(settings, f"source/{quote(shelf.key.name, safe='')}", shelf.key.name, shelf.slug)


def _feed(settings: Settings, path: str, title: str, slug: str) -> Feed:
    site = settings.site
    return Feed(
        id=f"tag:{site.authority},{identity.TAG_YEAR}:{path}",
        title=title,
        folder_url=f"{site.url}{quote(slug)}/" if slug else site.url,
        site_title=site.title,
        site_url=site.url,
        language=site.language,
    )
