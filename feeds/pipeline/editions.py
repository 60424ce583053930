"""What was touched, published: the files of everything, of each category, and of each source."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from urllib.parse import quote

from feeds.errors import OutputError
from feeds.pipeline import privacy
from feeds.pipeline.edition import Edition, StoppedError, lines, put
from feeds.pipeline.making import Making, Makings, makings
from feeds.pipeline.preparing import configured_categories
from feeds.publishing import opml, output
from feeds.publishing.pages import Directory, Place
from feeds.records import TAG_YEAR, Category, Feed, Publication
from feeds.settings import Settings
from storage import Store, archiving, folders
from storage.folders import Shelf

LIMIT = Category(name="").limit  # articles of everything's feed


def publish(
    store: Store,
    settings: Settings,
    wanted: Sequence[Category | None] | None = None,
    *,
    force: bool = False,
    is_thorough: bool = False,
    is_stopping: Callable[[], bool] = lambda: False,
) -> tuple[Publication, ...]:
    """Write the files of everything, each category and each source that was touched, or is missing one; with `force`,
    all. With `wanted` only of these categories (None: of everything). If `is_thorough`, all archive documents are
    looked for as well, which takes the longer the more there are; else the newest.

    Once `is_stopping` nothing more is begun; what was not written is due as before.

    Raises OutputError where a file cannot be written; the others are.
    """
    work = _Work(is_stopping)
    try:
        with output.writing(settings.output), privacy.writing(settings):
            _publish(store, settings, wanted, work, force=force, is_thorough=is_thorough)
    except OutputError as error:
        work.problems.append(str(error))
    if work.problems:
        raise OutputError(privacy.masked(settings, lines(work.problems)))
    return tuple(work.publications)


def _publish(
    store: Store,
    settings: Settings,
    wanted: Sequence[Category | None] | None,
    work: _Work,
    *,
    force: bool,
    is_thorough: bool,
) -> None:
    standing = _standing(store)
    every = _published(settings, standing)
    made = _makings(settings, _directory(settings, every, standing), work.problems)
    work.take(partial(_publish_lists, settings, every))
    work.take(partial(_put_assets, settings, made.assets))
    is_swept, sweep = True, None
    secluded = [category for category in every if category and category.private]
    if privacy.former(settings, standing) or any(
        edition.is_to_be_swept for edition in _editions(settings, made, every, standing, secluded)
    ):
        wanted = None  # whatever shows what is private now is written again
        try:
            sweep = privacy.sweep(store, settings, standing, published={each.name for each in every if each})
        except OutputError as error:
            is_swept = False
            work.problems.append(str(error))
        standing = _standing(store)
    editions = _editions(settings, made, every, standing, wanted)
    linked = _linked(store) if is_thorough else {}
    due = [
        edition
        for edition in editions
        # Looked for first: a busy shelf, which is due anyway, has lost documents, too.
        if edition.finds_archives_lost(store, linked.get(edition.shelf.id, ())) or force or not edition.is_current
    ]
    private = [edition for edition in due if edition.is_private or edition.shelf.was_private]
    for edition in due:
        if edition not in private:
            work.take(partial(edition.publish, store, is_forced=force, is_stopping=work.is_stopping))
    if sweep:
        is_swept = work.finish(sweep)
        work.take(partial(_publish_report, store, settings))
    # Last, for once they are called written nothing is looked for any more.
    for edition in private if is_swept else ():
        work.take(partial(edition.publish, store, is_forced=force, is_stopping=work.is_stopping))


@dataclass(slots=True)
class _Work:
    """What was published so far, and what could not be."""

    is_stopping: Callable[[], bool]
    publications: list[Publication] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    is_over: bool = False

    def take(self, step: Callable[[], list[Publication]]) -> None:
        self.is_over = self.is_over or self.is_stopping()
        if self.is_over:
            return
        try:
            self.publications += step()
        except OutputError as error:
            self.problems.append(str(error))
        except StoppedError:
            self.is_over = True

    def finish(self, sweep: privacy.Sweep) -> bool:
        """Also when all is to stop. Whether nothing is left."""
        try:
            sweep.finish()
        except OutputError as error:
            self.problems.append(str(error))
            return False
        return True


def _standing(store: Store) -> Mapping[folders.Key, Shelf]:
    with store.read() as db:
        return folders.standing(db)


def _linked(store: Store) -> Mapping[int, Collection[int]]:
    with store.read() as db:
        return archiving.linked(db)


def _makings(settings: Settings, directory: Directory, problems: list[str]) -> Makings:
    try:
        return makings(settings, directory)
    except OutputError as error:  # a theme that cannot be read costs the pages, not the feeds
        problems.append(str(error))
        return makings(replace(settings, pages=None), Directory())


def published(store: Store, settings: Settings) -> tuple[Category | None, ...]:
    """Everything (None), and each category that has a feed: those listed, else every one found, by name."""
    return _published(settings, _standing(store))


def _published(settings: Settings, standing: Mapping[folders.Key, Shelf]) -> tuple[Category | None, ...]:
    if settings.categories is not None:
        return (None, *(replace(c, slug=standing[c.name].slug) for c in settings.categories))
    configured = configured_categories(settings)
    found = [
        Category(name=shelf.key, slug=shelf.slug, title=shelf.key)
        for shelf in standing.values()
        if isinstance(shelf.key, str) and (shelf.touched or shelf.key in configured)
    ]
    return (None, *sorted(found, key=lambda category: category.name))


def _editions(
    settings: Settings,
    made: Makings,
    every: Sequence[Category | None],
    standing: Mapping[folders.Key, Shelf],
    wanted: Sequence[Category | None] | None,
) -> Iterator[Edition]:
    hidden, everything = privacy.hidden(settings), _about(settings, None, "")
    for category in every if wanted is None else wanted:
        shelf = standing[category.name if category else None]
        yield Edition(
            settings=settings,
            shelf=shelf,
            making=_making(made, category),
            about=_about(settings, category, shelf.slug),
            about_everything=everything,
            limit=category.limit if category else LIMIT,
            tree=privacy.tree(settings, category),
            mark=privacy.mark(category),
            hidden=hidden,
            has_notices=category is not None and category.notices,
        )
    for shelf in _of_sources(settings, standing) if wanted is None and made.source.current else ():
        yield Edition(
            settings=settings,
            shelf=shelf,
            making=made.source,
            about=_about_source(settings, shelf),
            about_everything=everything,
            limit=LIMIT,
            tree=settings.output,
            hidden=hidden,
        )


def _making(made: Makings, category: Category | None) -> Making:
    if category is None:
        return made.everything
    return made.private if category.private else made.category


def _of_sources(settings: Settings, standing: Mapping[folders.Key, Shelf]) -> list[Shelf]:
    """The shelves of the sources that ever had an article, and are not hidden."""
    hidden = privacy.hidden(settings).sources
    names = (source.name for source in settings.sources if source.name not in hidden)
    shelves = (standing.get(folders.OfSource(name)) for name in names)
    return [shelf for shelf in shelves if shelf and shelf.touched]


def _directory(
    settings: Settings, every: Sequence[Category | None], standing: Mapping[folders.Key, Shelf]
) -> Directory:
    of_categories = (_about(settings, each, each.slug) for each in every if each and not each.private)
    of_sources = (_about_source(settings, shelf) for shelf in _of_sources(settings, standing))
    return Directory(
        categories=tuple(Place(title=feed.title, url=feed.folder_url) for feed in of_categories),
        sources=tuple(Place(title=feed.title, url=feed.folder_url) for feed in of_sources),
    )


def _publish_lists(settings: Settings, every: Sequence[Category | None]) -> list[Publication]:
    """The sources and the feeds as OPML; only those that moved are told."""
    hidden = privacy.hidden(settings).sources
    listed, _left_out = opml.sources(source for source in settings.sources if source.name not in hidden)
    public = [category for category in every if category is None or not category.private]
    feeds = opml.feeds(_about(settings, category, category.slug if category else "") for category in public)
    lists = {"subscriptions.opml": listed, "feeds.opml": feeds}
    done = put(
        settings.output, {path: partial(opml.write, settings.site.title, found) for path, found in lists.items()}
    )
    if done.problems:
        raise OutputError(lines(done.problems.values()))
    return [publication for publication in done.publications if publication.changed]


def _publish_report(store: Store, settings: Settings) -> list[Publication]:
    """The weekly report again, where there is one: it may name a source that is hidden now."""
    from feeds.pipeline import reporting  # which needs all that makes feeds

    if (settings.output / reporting.PATH).is_file():
        reporting.write(store, settings)
    return []


def _put_assets(settings: Settings, assets: Mapping[str, bytes]) -> list[Publication]:
    done = [output.put(settings.output, path, content) for path, content in assets.items()]
    return [publication for publication in done if publication.changed]


def _about(settings: Settings, category: Category | None, slug: str) -> Feed:
    if category is None:
        return _feed(settings, "everything", settings.site.title, "")
    feed = _feed(settings, f"category/{quote(category.name, safe='')}", category.title or slug, slug)
    return replace(feed, hub="", is_private=True) if category.private else feed


def _about_source(settings: Settings, shelf: Shelf) -> Feed:
    assert isinstance(shelf.key, folders.OfSource)
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
