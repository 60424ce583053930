"""One shelf as it is published: its subscription documents and, behind them, its archive documents."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path

from msgspec import Struct, field

from feeds.errors import OutputError
from feeds.normalizing.revisions import noticed
from feeds.pipeline.making import Making
from feeds.pipeline.preparing import digest_of
from feeds.publishing import ARCHIVE_WRITERS, WRITERS, archives, output
from feeds.records import Article, Copy, Deleted, Feed, Publication, replace
from feeds.settings import Settings
from storage import Connection, Store, announcements, archiving, articles, shelves, stories, tombstones
from storage.shelves import Shelf
from storage.tombstones import Hidden

MOST_DELETED = 50  # withdrawn articles that a feed tells of


def lines(problems: Iterable[str]) -> str:
    """Each once: one template can keep a hundred pages from being made."""
    return "\n".join(dict.fromkeys(line for problem in problems for line in problem.splitlines()))


class StoppedError(Exception):
    """Publishing is to stop amid a shelf."""


class Contents(Struct, frozen=True, kw_only=True):
    """What a shelf holds outside of its archive documents, at one moment."""

    shelf: Shelf
    feed: Feed
    alone: tuple[Article, ...]  # see `Edition.alone`
    is_too_much: bool  # for the feed, which lacks some of it then


class Edition(Struct, frozen=True, kw_only=True):
    """What is published of one shelf: its subscription documents and, behind them, its archive documents."""

    settings: Settings
    shelf: Shelf
    making: Making
    about: Feed  # without articles
    about_everything: Feed
    limit: int
    tree: Path  # that its folder lies in
    mark: str = ""  # of a private one, behind its digest
    hidden: Hidden = tombstones.NOTHING
    has_notices: bool = False
    swept: int = -1  # how often its shelf had been touched when it was looked for what shows private articles

    @property
    def is_private(self) -> bool:
        return self.about.is_private

    @property
    def is_to_be_swept(self) -> bool:
        """Whether files may show in public what is private now, or lie where it was private before."""
        return self.is_private and (self.shelf.has_strays or _place(self.shelf.settings_digest) != _place(self.digest))

    @property
    def digest(self) -> str:
        """Of the settings that its files depend on. What follows the slash moves with its addresses, and with which
        pages there are: archive documents are written again for nothing less."""
        where = (self.settings.site.url, self.shelf.slug, self.making.has_articles, sorted(self.making.archive))
        unseen = tuple(sorted(names) for names in self.hidden) if any(self.hidden) else ()
        more = ("notices",) if self.has_notices else ()
        told = (self.making.digest, self.about.title, self.limit, self.about.hub, *more)
        if self.is_private:
            return f"{digest_of(*told)}/{digest_of(*where, unseen)}{self.mark}"
        return f"{digest_of(*told, *unseen)}/{digest_of(*where)}"

    @property
    def is_current(self) -> bool:
        """Whether its files show what the shelf holds, under the settings of today."""
        is_written = self.shelf.written == self.shelf.touched and self.shelf.settings_digest == self.digest
        if not is_written or not all(output.is_whole(self.tree, self.path(name)) for name in self.making.current):
            return False
        return not self.shelf.latest_archive or self.has_archive(self.shelf.latest_archive)

    def has_archive(self, number: int) -> bool:
        """Whether the files of an archive document are there."""
        return output.are_there(self.tree, (self.path(archives.path(number, kind)) for kind in self.making.archive))

    def finds_archives_lost(self, store: Store, linked: Collection[int]) -> bool:
        """Whether archive documents of these numbers are there no more; those are to be written again."""
        lost = [number for number in linked if not self.has_archive(number)]
        if lost:
            with store.begin() as db:
                archiving.write_these_again(db, ((self.shelf.id, number) for number in lost))
        return bool(lost)

    @property
    def category(self) -> str | None:
        return self.shelf.key if isinstance(self.shelf.key, str) else None

    @property
    def has_feeds(self) -> bool:
        """A source's own shelf is shown on pages alone."""
        return not WRITERS.keys().isdisjoint(self.making.current)

    @property
    def folder(self) -> Path:
        return self.tree / self.shelf.slug

    def path(self, name: str) -> str:
        return f"{self.shelf.slug}/{name}" if self.shelf.slug else name

    def publish(self, store: Store, *, is_forced: bool, is_stopping: Callable[[], bool]) -> list[Publication]:
        """Raises OutputError where a file cannot be written, after all others: a page that fails holds no feed back."""
        done = Put()
        with store.read() as db:
            here = self.contents(db)
        if has_archives := here.shelf.has_archives or here.is_too_much:
            done += self.publish_archives(store, is_forced=is_forced, is_stopping=is_stopping)
            with store.read() as db:
                here = self.contents(db)
        feed = here.feed
        told = self.with_notices(feed)
        done += self.put({name: partial(write, told) for name, write in self.making.current.items()}, feed, here.alone)
        if done.problems:
            raise OutputError(lines(done.problems.values()))
        with store.begin() as db:
            # What came in, or left, while archive documents were written is not what they show: it is due.
            if not here.is_too_much and not (has_archives and archiving.unwritten(db, self.shelf.id)):
                shelves.record_written(db, here.shelf, settings_digest=self.digest, swept=self.swept)
                announcements.note(db, self.topics(done), hub=self.settings.push.hub)
        if has_archives:
            self.remove_emptied(store)
        return done.publications

    def contents(self, db: Connection) -> Contents:
        shelf = shelves.shelf_of(db, self.shelf.id)
        newest = articles.archived(db, shelf.id, None, limit=self.limit + 1)
        shown = self.with_copies(db, self.fit(newest[: self.limit]))
        deleted = self.deleted(db) if self.has_feeds else ()
        return Contents(
            shelf=shelf,
            feed=replace(self.about, articles=shown, previous=shelf.latest_archive, deleted=deleted),
            alone=self.alone(db, shown),
            is_too_much=len(newest) > self.limit,
        )

    def deleted(self, db: Connection) -> tuple[Deleted, ...]:
        return tombstones.withdrawn(db, category=self.category, limit=MOST_DELETED, hidden=self.hidden)

    def fit(self, found: tuple[Article, ...]) -> tuple[Article, ...]:
        """Without what is none of the public's business, should another process have put it on a public shelf."""
        if self.is_private or not any(self.hidden):
            return found
        return tuple(each for each in found if not self.hidden.hides(each.source, each.categories))

    def topics(self, done: Put) -> list[str]:
        """The addresses of its feeds that show something else than before; nobody is told those of private ones."""
        if self.is_private:
            return []
        # What was written by a process that was killed then has not changed now, and nobody has heard of it.
        has_moved = self.shelf.written != self.shelf.touched
        changed = {each.path for each in done.publications if each.changed}
        feeds = (name for name in self.making.current if name in WRITERS)
        return [self.about.folder_url + name for name in feeds if has_moved or self.path(name) in changed]

    def with_copies(self, db: Connection, shown: tuple[Article, ...]) -> tuple[Article, ...]:
        """The articles of its subscription document, with the copies that it does not show. A source's own shelf shows
        all it has, and archive documents, which do not change when copies come, name none."""
        if not self.has_feeds:
            return shown
        copies = stories.copies_of(db, self.shelf.id, (each.atom_id for each in shown))
        return tuple(
            replace(each, copies=named)
            if each.atom_id in copies and (named := self.fit_copies(copies[each.atom_id]))
            else each
            for each in shown
        )

    def fit_copies(self, found: tuple[Copy, ...]) -> tuple[Copy, ...]:
        """As `fit` does."""
        return found if self.is_private else tuple(e for e in found if not self.hidden.hides(e.source, e.categories))

    def alone(self, db: Connection, shown: tuple[Article, ...]) -> tuple[Article, ...]:
        """Those articles of a source's shelf that the feed of everything does not show: nobody else makes pages of
        them, and this shelf's pages lead there."""
        if self.has_feeds or not self.making.has_articles:
            return ()
        wanted = stories.without_place(db, (each.atom_id for each in shown))
        return tuple(each for each in shown if each.atom_id in wanted)

    def with_notices(self, feed: Feed) -> Feed:
        """The feed as its documents show it. Pages of articles, which all shelves share, say the same everywhere."""
        return replace(feed, articles=tuple(map(noticed, feed.articles))) if self.has_notices else feed

    def put(self, documents: Mapping[str, Callable[[], bytes]], feed: Feed, alone: tuple[Article, ...] = ()) -> Put:
        """Documents of the shelf by their names in its folder, and the pages of the articles in them; of a source's
        shelf of those that are `alone`."""
        here = {self.path(name): write for name, write in documents.items()}
        paged = feed if self.has_feeds else replace(self.about_everything, articles=alone)
        return put(self.tree, {**here, **self.making.articles(paged)})

    def publish_archives(self, store: Store, *, is_forced: bool, is_stopping: Callable[[], bool]) -> Put:
        done = Put()
        self.seal(store)
        with store.read() as db:
            due = archiving.unwritten(db, self.shelf.id)
            others = set(archiving.numbers(db, self.shelf.id)).difference(due) if is_forced else ()
        for number in sorted((*due, *others)):
            if is_stopping():
                raise StoppedError
            put = self.publish_archive(store, number, keeps_feed=number in others)
            done += put
            if self.path(archives.path(number)) in put.problems:  # a feed must not lead to what is not there
                raise OutputError(lines(done.problems.values()))
        return done

    def publish_archive(self, store: Store, number: int, *, keeps_feed: bool) -> Put:
        """Its feed is kept, where it is whole, with what was revised since: who read it does not read it again. Its
        page may have another look."""
        with store.read() as db:
            touched = archiving.touched(db, self.shelf.id, number)
            found = self.fit(articles.archived(db, self.shelf.id, number))
            previous = archiving.before(db, self.shelf.id, number)
            alone = self.alone(db, found)
        feed = replace(self.about, articles=found, number=number, previous=previous)
        # Of which all has left: one that others lead to holds the chain; behind the oldest, it is removed.
        kinds = self.making.archive.items() if found or previous else ()
        files = {
            archives.path(number, kind): write for kind, write in kinds if not (keeps_feed and self.holds(number, kind))
        }
        told = self.with_notices(feed)
        put = self.put({path: partial(write, told) for path, write in files.items()}, feed, alone)
        if not put.problems:
            with store.begin() as db:
                archiving.record_written(db, self.shelf.id, number, touched=touched)
        return put

    def holds(self, number: int, kind: str) -> bool:
        """Whether the feed of an archive document is there, as it was written."""
        return kind in ARCHIVE_WRITERS and output.is_whole(self.tree, self.path(archives.path(number, kind)))

    def seal(self, store: Store) -> None:
        """Give what has left the newest to archive documents, and note which of these are to be written."""
        with store.read() as db:
            is_first = not archiving.latest(db, self.shelf.id)
        # A category of another name had this folder before: what stands in an archive document there stays.
        after = max(archives.numbers_in(self.folder), default=0) if is_first else 0
        has_more = True
        while has_more:
            with store.begin() as db:
                has_more = archiving.seal(db, self.shelf.id, limit=self.limit, after=after)
        with store.begin() as db:
            if archiving.emptied(db, self.shelf.id):
                archiving.write_oldest_again(db, self.shelf.id)
            latest = archiving.before(db, self.shelf.id) and archiving.latest_written(db, self.shelf.id)
            if _place(self.shelf.settings_digest) != _place(self.digest):
                archiving.write_again(db, self.shelf.id)
            elif latest and not self.has_archive(latest):
                numbers = archiving.numbers(db, self.shelf.id)
                lost = ((self.shelf.id, number) for number in numbers if not self.has_archive(number))
                archiving.write_these_again(db, lost)

    def remove_emptied(self, store: Store) -> None:
        """Archive documents that nothing leads to any more. Forgotten only when they are gone."""
        with store.read() as db:
            numbers = archiving.emptied(db, self.shelf.id)
        for number in numbers:
            for kind in archives.KINDS:  # also those that are made no more
                output.remove(self.tree, self.path(archives.path(number, kind)))
        if numbers:
            with store.begin() as db:
                archiving.forget(db, self.shelf.id, numbers)


class Put(Struct, kw_only=True):
    """What was written; and for each path where that could not be, why."""

    publications: list[Publication] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)

    def __iadd__(self, other: Put) -> Put:
        self.publications += other.publications
        self.problems |= other.problems
        return self


def put(tree: Path, documents: Mapping[str, Callable[[], bytes]]) -> Put:
    """Each document written and put at its path; one that cannot be stops no other."""
    done = Put()
    if not documents:
        return done
    from feeds.publishing.validating import checked  # whose lxml a round in which nothing moved has no need of

    for path, write in documents.items():
        try:
            done.publications.append(output.put(tree, path, checked(path, write)))
        except OutputError as error:
            done.problems[path] = str(error)
    return done


def _place(digest: str) -> str:
    return digest.partition("/")[2].removesuffix(shelves.STRAYS)
