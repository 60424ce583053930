"""Private categories: what the public is told nothing of, and nothing of them left where the public looks.

Which articles stand where is the store's (`shelve`); which files follow from that is told by the editions. Here is what
neither of them knows: files that showed an article when it was public, or lie where a category was private before.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path

from msgspec import Struct

from feeds.errors import OutputError
from feeds.normalizing import categories as shelving
from feeds.pipeline.preparing import private_names
from feeds.publishing import archives, leftovers, output
from feeds.records import Category, Unnamed
from feeds.settings import Settings
from storage import Store, articles, naming, shelves, tombstones, withdrawing
from storage.shelves import Key, OfSource, Shelf
from storage.tombstones import Hidden
from storage.withdrawing import Document


def hidden(settings: Settings) -> Hidden:
    """What the public is told nothing of: private categories, and sources that name one. `settings` are complete."""
    names = private_names(settings)
    if not names:
        return tombstones.NOTHING
    labels = shelving.by_label(settings.categories or ())
    return Hidden(
        names,
        frozenset(
            source.name
            for source in settings.sources
            if not names.isdisjoint(shelving.assign(source.categories, (), (), labels))
        ),
    )


def is_secret(category: Category) -> bool:
    """Whether its address is all that keeps it private."""
    return category.private is not None and bool(category.private.path)


def mark(category: Category | None) -> str:
    """What the store notes of a private one behind its digest, to find its files when it is none any more."""
    if category is None or category.private is None:
        return ""
    return shelves.SECRET if is_secret(category) else shelves.PRIVATE


def tree(settings: Settings, category: Category | None) -> Path:
    """The folder that the files of a category lie in."""
    needs_password = category is not None and category.private is not None and not category.private.path
    return settings.private_output if needs_password else settings.output


def trees(settings: Settings) -> tuple[Path, ...]:
    """All folders that files may lie in."""
    return (settings.output, settings.private_output) if settings.private_output.is_dir() else (settings.output,)


@contextmanager
def writing(settings: Settings) -> Iterator[None]:
    """The folder of what needs a password for one process alone, where there is one or has to be.

    Raises OutputError.
    """
    folder = settings.private_output
    is_needed = any(tree(settings, category) == folder for category in settings.categories or ())
    if is_needed and not folder.is_dir():
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            help_ = "change private_output in the config, or who may write there"
            raise OutputError(f"{folder}: {error.strerror}; {help_}") from error
    with output.writing(folder) if folder.is_dir() else nullcontext():
        yield


def masked(settings: Settings, text: str) -> str:
    """`text` without the addresses of private categories: paths of files hold them."""
    for category in settings.categories or ():
        if category.private and category.private.path:
            text = text.replace(category.private.path, "***")
    return text


def for_strangers(settings: Settings, text: str) -> str:
    """`text` without anything that the public is told nothing of: where private files lie, and what they are of."""
    private = [category for category in settings.categories or () if category.private]
    if not private:
        return text
    text = re.sub(re.escape(str(settings.private_output)) + r"[^\s:,;]*", "***", masked(settings, text))
    names = {name for each in private for name in (each.name, each.slug, each.title)} | hidden(settings).sources
    longest_first = "|".join(map(re.escape, sorted(filter(None, names), key=len, reverse=True)))
    return re.sub(rf"(?<![\w-])(?:{longest_first})(?![\w-])", "***", text)


def former(settings: Settings, standing: Mapping[Key, Shelf]) -> list[Shelf]:
    """The shelves that were private and are no more."""
    names = private_names(settings)
    return [shelf for key, shelf in standing.items() if shelf.was_private and key not in names]


class Sweep(Struct, frozen=True, kw_only=True):
    """What shows something private in the published tree, as it was found before publishing."""

    settings: Settings
    ids: frozenset[str]
    unnamed: Unnamed
    shown: tuple[str, ...]

    def finish(self) -> None:
        """Take away what shows it still: that is worse than a file less, which is written as soon as it can be."""
        from feeds.publishing import tracing

        output.remove_all(
            ((self.settings.output, path) for path in self.shown),
            where=lambda tree, path: tracing.shows(tree, path, self.ids, self.unnamed, also_deleted=True),
        )


def sweep(store: Store, settings: Settings, standing: Mapping[Key, Shelf], *, published: Collection[str]) -> Sweep:
    """Take away the feeds that lie where their categories were, and the pages of hidden sources; find what else shows
    private articles or names them as copies, and have it written again. Every published file is looked through. What
    was private and is not `published` any more is forgotten.

    Whoever calls it is `writing`. Raises OutputError.
    """
    from feeds.publishing import tracing  # seldom something is to be looked for

    unseen = hidden(settings)
    mine = [standing[name] for name in unseen.categories if name in standing]
    gone = former(settings, standing)
    _remove_feeds(settings, standing, {str(shelf.key) for shelf in (*mine, *gone)})
    for name in unseen.sources:
        if shelf := standing.get(OfSource(name)):
            leftovers.remove_feed(settings.output, shelf.slug)
    with store.read() as db:
        ids = frozenset(articles.ids_on(db, (shelf.id for shelf in mine)) | tombstones.ids_of(db, unseen))
        unnamed = naming.of_hidden(db, [shelf.id for shelf in mine], unseen)
    private = tuple(f"{slug}/" for where, slug in _places(settings, standing) if where == settings.output)
    found = tracing.showing(settings.output, ids, unnamed, also_deleted=True)
    shown = tuple(path for path in found if not path.startswith(private))
    with store.begin() as db:
        withdrawing.write_again(db, documents(shown))
        tombstones.seclude(db, unseen)
        shelves.forget_privacy(db, (shelf.id for shelf in gone if shelf.key not in published))
    return Sweep(settings=settings, ids=ids, unnamed=unnamed, shown=shown)


def _remove_feeds(settings: Settings, standing: Mapping[Key, Shelf], names: Collection[str]) -> None:
    """The feeds of these categories, wherever they are not meant to lie."""
    places = _places(settings, standing) | {(settings.output, shelf.slug) for shelf in former(settings, standing)}
    for where in trees(settings):
        for folder in list(leftovers.folders_of(where, names)):
            if (where, folder) not in places:
                leftovers.remove_feed(where, folder)


def _places(settings: Settings, standing: Mapping[Key, Shelf]) -> set[tuple[Path, str]]:
    """Where private categories lie, each as a tree and a folder in it."""
    return {
        (tree(settings, category), standing[category.name].slug)
        for category in settings.categories or ()
        if category.private and category.name in standing
    }


def documents(paths: Iterable[str]) -> list[Document]:
    """Published files as the store knows them: files of one folder or number are one document."""
    found = (
        Document(*place) if (place := archives.number_of(path)) else Document(path.rpartition("/")[0], 0)
        for path in paths
    )
    return list(dict.fromkeys(found))
