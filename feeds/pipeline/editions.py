"""What was touched, published: the files of each category, and of everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from urllib.parse import quote

from feeds import __version__
from feeds.errors import OutputError
from feeds.normalizing import identity
from feeds.pipeline.preparing import configured_categories, digest_of
from feeds.publishing import WRITERS, opml, output
from feeds.publishing.cleaning import clean
from feeds.publishing.validating import checked
from feeds.records import Article, Category, Feed, Publication
from feeds.settings import Settings
from storage import Store, articles, categories


def publish(
    store: Store, settings: Settings, wanted: Sequence[Category | None] | None = None, *, force: bool = False
) -> tuple[Publication, ...]:
    """Write the files of each category (None: of everything) that was touched, or is missing one; with `force`, all.

    Raises OutputError where a file cannot be written; the others are.
    """
    publications: list[Publication] = []
    problems: list[str] = []
    with output.writing(settings.output):
        every = published(store, settings)
        with store.read() as db:
            standing = categories.standing(db)
        for category in every if wanted is None else wanted:
            if not force and _is_current(settings, category, standing[_name(category)]):
                continue
            try:
                publications += _publish(store, settings, category)
            except OutputError as error:
                problems.append(str(error))
        try:
            publications += _publish_lists(settings, every)
        except OutputError as error:
            problems.append(str(error))
    if problems:
        raise OutputError("\n".join(problems))
    return tuple(publications)


def published(store: Store, settings: Settings) -> tuple[Category | None, ...]:
    """Everything (None), and each category that has a feed: those listed, else every one found, by name."""
    with store.read() as db:
        standing = categories.standing(db)
    if settings.categories is not None:
        return (None, *(replace(c, slug=standing[c.name].slug) for c in settings.categories))
    configured = configured_categories(settings)
    found = [
        Category(name=shelf.name, slug=shelf.slug, title=shelf.name)
        for shelf in standing.values()
        if shelf.name is not None and (shelf.touched or shelf.name in configured)
    ]
    return (None, *sorted(found, key=lambda category: category.name))


def _is_current(settings: Settings, category: Category | None, shelf: categories.Shelf) -> bool:
    """Whether the files of a category show what it holds, under the settings of today."""
    is_written = shelf.written == shelf.touched and shelf.settings_digest == _settings_digest(settings, category)
    return is_written and all((settings.output / path).is_file() for path in _paths(shelf))


def _publish(store: Store, settings: Settings, category: Category | None) -> list[Publication]:
    with store.read() as db:
        shelf = categories.standing(db)[_name(category)]
        limit = category.limit if category else Category(name="").limit
        newest = articles.newest(db, shelf.name, limit=limit)
    feed = clean(_feed(settings, category, newest))
    writing = zip(_paths(shelf), WRITERS.values(), strict=True)
    done = _put(settings, {path: partial(write, feed) for path, write in writing})
    with store.begin() as db:
        categories.record_written(db, shelf, settings_digest=_settings_digest(settings, category))
    return done


def _publish_lists(settings: Settings, every: Sequence[Category | None]) -> list[Publication]:
    """The sources and the feeds as OPML; only those that moved are told."""
    listed, _left_out = opml.sources(settings.sources)
    feeds = opml.feeds(_feed(settings, category, ()) for category in every)
    lists = {"subscriptions.opml": listed, "feeds.opml": feeds}
    done = _put(settings, {path: partial(opml.write, settings.site.title, found) for path, found in lists.items()})
    return [publication for publication in done if publication.changed]


def _put(settings: Settings, documents: Mapping[str, Callable[[], bytes]]) -> list[Publication]:
    """Each document written and put at its path. Raises OutputError for those that cannot be; the others are."""
    done: list[Publication] = []
    problems: list[str] = []
    for path, write in documents.items():
        try:
            done.append(output.put(settings.output, path, checked(path, write)))
        except OutputError as error:
            problems.append(str(error))
    if problems:
        raise OutputError("\n".join(problems))
    return done


def _name(category: Category | None) -> str | None:
    return category.name if category else None


def _paths(shelf: categories.Shelf) -> list[str]:
    return [f"{shelf.slug}/{name}" if shelf.slug else name for name in WRITERS]


def _settings_digest(settings: Settings, category: Category | None) -> str:
    return digest_of(__version__, settings.site, category)


def _feed(settings: Settings, category: Category | None, newest: tuple[Article, ...]) -> Feed:
    site = settings.site
    path, title = (f"category/{quote(category.name, safe='')}", category.title) if category else ("everything", "")
    return Feed(
        id=f"tag:{settings.site.authority},{identity.TAG_YEAR}:{path}",
        title=title or (category.slug if category else site.title),
        folder_url=f"{site.url}{quote(category.slug)}/" if category else site.url,
        site_title=site.title,
        site_url=site.url,
        language=site.language,
        articles=newest,
    )
