"""What was touched, published: the files of everything, of each category, and of each source."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

from msgspec import Struct, field

from feeds.errors import OutputError
from feeds.pipeline import privacy
from feeds.pipeline.edition import Edition, StoppedError, lines
from feeds.pipeline.loose import Loose, put_loose
from feeds.pipeline.retiring import retire
from feeds.pipeline.site import Site, find, standing
from feeds.publishing import opml, output
from feeds.records import Category, Publication, replace
from feeds.settings import Settings
from storage import Store, archiving, shelves, sources
from storage.shelves import Shelf


def publish(
    store: Store,
    settings: Settings,
    wanted: Sequence[Category | None] | None = None,
    *,
    force: bool = False,
    is_thorough: bool = False,
) -> tuple[Publication, ...]:
    """Write the files of everything, each category and each source that was touched, or is missing one; with `force`,
    all. With `wanted` only of these categories (None: of everything). If `is_thorough`, all archive documents are
    looked for as well, which takes the longer the more there are; else the newest.

    Raises OutputError where a file cannot be written; the others are.
    """
    with _working(settings) as work:
        _publish(store, find(store, settings, work.problems), wanted, work, force=force, is_thorough=is_thorough)
    return tuple(work.publications)


class Publisher:
    """Publishes again and again, as a daemon does: it remembers what it found when it looked at everything."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: Site | None = None

    def publish(
        self, settings: Settings, *, is_all: bool, is_stopping: Callable[[], bool] = lambda: False
    ) -> tuple[Publication, ...]:
        """What was touched; if `is_all`, also what is missing, and what a theme changed. To be called by one thread.

        Once `is_stopping` nothing more is begun; what was not written is due as before. Raises as `publish` does.
        """
        known, self._known = self._known, None  # after whatever fails, everything is looked at
        with _working(settings, is_stopping) as work:
            is_known = known is not None and known.settings is settings and not is_all
            touched = _touched(self._store, known) if known and is_known else None
            if known is None or touched is None:
                known = find(self._store, settings, work.problems)
                _publish(self._store, known, None, work)
            else:
                work.take_all(self._store, touched)
        self._known = known
        return tuple(work.publications)


class _Work(Struct):
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

    def take_all(self, store: Store, due: Iterable[Edition], *, force: bool = False) -> None:
        for edition in due:
            self.take(partial(edition.publish, store, is_forced=force, is_stopping=self.is_stopping))

    def finish(self, sweep: privacy.Sweep) -> bool:
        """Also when all is to stop. Whether nothing is left."""
        try:
            sweep.finish()
        except OutputError as error:
            self.problems.append(str(error))
            return False
        return True


@contextmanager
def _working(settings: Settings, is_stopping: Callable[[], bool] = lambda: False) -> Iterator[_Work]:
    """The published trees for one process alone. Raises OutputError that tells of all that went wrong."""
    work = _Work(is_stopping)
    try:
        with output.writing(settings.output), privacy.writing(settings):
            yield work
    except OutputError as error:
        work.problems.append(str(error))
    if work.problems:
        raise OutputError(privacy.masked(settings, lines(work.problems)))


def _publish(
    store: Store,
    site: Site,
    wanted: Sequence[Category | None] | None,
    work: _Work,
    *,
    force: bool = False,
    is_thorough: bool = False,
) -> None:
    settings = site.settings
    work.take(partial(_publish_lists, store, site, force=force))
    work.take(partial(_put_assets, settings, site.made.assets))
    is_swept, sweep = True, None
    if privacy.former(settings, site.standing) or any(each.is_to_be_swept for each in site.editions(site.private)):
        wanted = None  # whatever shows what is private now is written again
        try:
            sweep = privacy.sweep(store, settings, site.standing, published={each.name for each in site.every if each})
        except OutputError as error:
            is_swept = False
            work.problems.append(str(error))
        # What comes to them since then is looked for the next time.
        swept = {key: shelf.touched for key, shelf in site.standing.items()}
        site = replace(site, standing=standing(store), swept=swept)
    linked = _linked(store) if is_thorough else {}
    due = [
        edition
        for edition in site.editions(wanted)
        # Looked for first: a busy shelf, which is due anyway, has lost documents, too.
        if edition.finds_archives_lost(store, linked.get(edition.shelf.id, ())) or force or not edition.is_current
    ]
    private = [edition for edition in due if edition.is_private or edition.shelf.was_private]
    work.take_all(store, (edition for edition in due if edition not in private), force=force)
    if wanted is None:
        work.take(partial(_retire, store, site, work.is_stopping))
    if sweep:
        is_swept = work.finish(sweep)
        work.take(partial(_publish_report, store, settings))
    # Last, for once they are called written nothing is looked for any more.
    work.take_all(store, private if is_swept else (), force=force)


def _touched(store: Store, site: Site) -> list[Edition] | None:
    """What was touched since `site` was found; None where only a look at everything tells what that moves."""
    if site.private:
        return None
    with store.read() as db:
        # Where sources have no pages, their shelves stay touched for ever.
        touched = shelves.touched(db, of_sources=bool(site.made.source.current))
    editions = {shelf.key: edition for shelf in touched if (edition := site.edition(shelf))}
    is_new = any(site.may_grow(shelf.key) for shelf in touched if shelf.key not in editions)
    has_moved = any(_shown(shelf) != _shown(site.standing[shelf.key]) for shelf in touched if shelf.key in editions)
    return None if is_new or has_moved else list(editions.values())


def _shown(shelf: Shelf) -> tuple[str, bool]:
    """What other pages show of it."""
    return shelf.slug, shelf.is_empty


def _linked(store: Store) -> Mapping[int, Collection[int]]:
    with store.read() as db:
        return archiving.linked(db)


def _publish_lists(store: Store, site: Site, *, force: bool) -> list[Publication]:
    """The sources and the feeds as OPML; only those that moved are told."""
    settings = site.settings
    with store.read() as db:
        site_urls = sources.site_urls(db)
    public = (source for source in settings.sources if source.name not in site.hidden.sources)
    listed, _left_out = opml.sources(public, site_urls)
    title = settings.site.title
    lists = {"subscriptions.opml": listed, "feeds.opml": opml.feeds(map(site.about, site.in_use))}
    files = {
        path: Loose(shows=(title, found), write=partial(opml.write, title, found)) for path, found in lists.items()
    }
    return put_loose(store, settings, files, force=force)


def _retire(store: Store, site: Site, is_stopping: Callable[[], bool]) -> list[Publication]:
    retire(store, site, is_stopping=is_stopping)
    return []


def _publish_report(store: Store, settings: Settings) -> list[Publication]:
    """The weekly report again, where there is one: it may name a source that is hidden now."""
    from feeds.pipeline import reporting  # which needs all that makes feeds

    if (settings.output / reporting.PATH).is_file():
        reporting.write(store, settings)
    return []


def _put_assets(settings: Settings, assets: Mapping[str, bytes]) -> list[Publication]:
    done = [output.put(settings.output, path, content) for path, content in assets.items()]
    return [publication for publication in done if publication.changed]
