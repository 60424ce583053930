"""Which published files show an article: found by its id, as each of our formats spells it; or name it as a copy.

An article can stand where the store no longer knows of it: in an archive document that was written before it was
revised or purged, in the folder of a slug that has moved, on a page from before `pages: false`. The files know.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Set
from pathlib import Path

import msgspec
from lxml import etree

from feeds.errors import OutputError
from feeds.publishing import also_in
from feeds.publishing.cleaning import IN_FEEDS
from feeds.publishing.pages import ARTICLES, anchor_of, path_of
from feeds.records import Unnamed

_CHUNK = 1 << 20  # bytes that are looked through at once
_ATOM = "{http://www.w3.org/2005/Atom}"


def _atom(atom_id: str) -> bytes:
    return _element("id", atom_id)


def _deleted(atom_id: str) -> bytes:
    """In Atom, where it is told that an article was withdrawn."""
    element = etree.Element("at", ref=atom_id)
    spelled: bytes = etree.tostring(element, encoding="UTF-8", xml_declaration=False)
    return b"<at:deleted-entry" + spelled.removeprefix(b"<at").removesuffix(b"/>")


def _rss(atom_id: str) -> bytes:
    return _element("guid", atom_id).removeprefix(b"<guid")  # attributes stand between


def _json(atom_id: str) -> bytes:
    return b'"id": ' + msgspec.json.encode(atom_id)


def _html(atom_id: str) -> bytes:
    return anchor_of(atom_id).encode()


def _element(name: str, text: str) -> bytes:
    element = etree.Element(name)
    element.text = text
    spelled: bytes = etree.tostring(element, encoding="UTF-8", xml_declaration=False)
    return spelled


# By the name of a file that we write. Whoever finds these bytes in one of them has found the article: the text of
# others cannot hold them, for there `<` and `"` are escaped.
TRACES: dict[str, Callable[[str], bytes]] = {
    "atom.xml": _atom,
    "rss.xml": _rss,
    "feed.json": _json,
    "index.html": _html,
    "subscribe.html": _html,
}


# What any such trace looks like, in these files: of very many articles each is looked for at once.
_ANY: dict[str, re.Pattern[bytes]] = {
    "atom.xml": re.compile(rb'<id>[^<]*</id>|<at:deleted-entry ref="[^"]*"'),
    "rss.xml": re.compile(rb">[^<>]*</guid>"),
    "feed.json": re.compile(rb'"id": "(?:[^"\\]|\\.)*"'),
    "index.html": re.compile(rb"a[0-9a-f]{32}"),
    "subscribe.html": re.compile(rb"a[0-9a-f]{32}"),
}
_FEW = 20
_PAGE = re.compile(r"[0-9a-f]+\.html")  # of an article, by its name
_NOBODY = Unnamed()


def showing(
    folder: Path, atom_ids: Collection[str], unnamed: Unnamed = _NOBODY, *, also_deleted: bool = False
) -> Iterator[str]:
    """The paths of the published files below `folder` that show one of these articles, or name one of the `unnamed`;
    if `also_deleted`, those as well that tell it was withdrawn. Every file is looked through.

    Raises OutputError where one cannot be read.
    """
    atom_ids = [IN_FEEDS.out_of(atom_id) for atom_id in atom_ids]
    traces = {name: _traces(name, atom_ids, also_deleted) for name in TRACES}
    for path in _files(folder, traces.__contains__) if atom_ids or unnamed else ():
        if _holds(folder / path, traces[path.name]) or _names(folder / path, unnamed):
            yield path.as_posix()
    own = {path: None for path in map(path_of, atom_ids) if (folder / path).is_file()}
    yield from own  # there may be a million such pages, each of one article
    yield from (path for path in _pages(folder, unnamed) if path not in own)


def ids_at(folder: Path, address: str) -> Iterator[str]:
    """The ids of the articles that published files below `folder` show at this address: in archives also at one that
    an article no longer has. Every feed is looked through, in the format that all of them have.

    Raises OutputError where one cannot be read.
    """
    trace = etree.tostring(etree.Element("link", href=address)).removeprefix(b"<link ").removesuffix(b"/>")
    for path in _files(folder, "atom.xml".__eq__) if address else ():
        if _holds(folder / path, {trace}):
            yield from _ids_at(folder / path, address)


def _ids_at(file: Path, address: str) -> Iterator[str]:
    try:
        entries = etree.parse(file, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    except (etree.XMLSyntaxError, FileNotFoundError):  # none of ours, or taken away meanwhile
        return
    for entry in entries.iterfind(f"{_ATOM}entry"):
        own = next(
            (link for link in entry.iterfind(f"{_ATOM}link") if link.get("rel", "alternate") == "alternate"), None
        )
        if own is not None and own.get("href") == address:
            yield entry.findtext(f"{_ATOM}id", "")


def shows(
    folder: Path, path: str, atom_ids: Collection[str], unnamed: Unnamed = _NOBODY, *, also_deleted: bool = False
) -> bool:
    """Whether `showing` would find a published file, which need not be there. Raises OutputError."""
    atom_ids = [IN_FEEDS.out_of(atom_id) for atom_id in atom_ids]
    target = folder / path
    if not target.is_file():
        return False
    if target.name in TRACES:
        is_shown = _holds(target, _traces(target.name, atom_ids, also_deleted))
    else:
        is_shown = path in map(path_of, atom_ids)
    return is_shown or _names(target, unnamed)


def _traces(name: str, atom_ids: Collection[str], also_deleted: bool) -> frozenset[bytes]:
    found = map(TRACES[name], atom_ids)
    return frozenset((*found, *map(_deleted, atom_ids)) if also_deleted and name == "atom.xml" else found)


def _pages(folder: Path, unnamed: Unnamed) -> Iterator[str]:
    """The pages of other articles that name one of these. Nothing tells which, so each is opened."""
    place = folder / ARTICLES
    for path in _files(place, _PAGE.fullmatch) if unnamed and place.is_dir() else ():
        if _names(place / path, unnamed):
            yield f"{ARTICLES}/{path.as_posix()}"


def _names(file: Path, unnamed: Unnamed) -> bool:
    if not unnamed or not _holds(file, {also_in.mark(file.suffix)}):
        return False
    try:
        return also_in.names(file.read_bytes(), file.suffix, unnamed)
    except FileNotFoundError:
        return False
    except OSError as error:
        _unreadable(error)
    return False


def _files(folder: Path, is_wanted: Callable[[str], object]) -> Iterator[Path]:
    """The files of the names that are wanted, below the folder. Linked folders, too: somebody may keep archives on
    another disk."""
    for place, folders, files in os.walk(folder, followlinks=True, onerror=_unreadable):
        here = Path(place)
        folders[:] = sorted(name for name in folders if not _leads_back(here / name, folder))
        yield from ((here / name).relative_to(folder) for name in sorted(files) if is_wanted(name))


def _leads_back(place: Path, folder: Path) -> bool:
    """Whether it is a link to one of the folders that led to it: the way would have no end."""
    if not place.is_symlink():
        return False
    above = (one for one in place.parents if one.is_relative_to(folder))
    return place.resolve() in {one.resolve() for one in above}


def _holds(file: Path, traces: Set[bytes]) -> bool:
    if not traces:
        return False
    overlap = max(map(len, traces)) - 1
    try:
        with file.open("rb") as opened:
            window = b""
            while chunk := opened.read(_CHUNK):
                window = window[-overlap:] + chunk
                if _has_any(window, traces, file.name):
                    return True
    except FileNotFoundError:  # somebody took it away
        return False
    except OSError as error:
        _unreadable(error)
    return False


def _has_any(text: bytes, traces: Set[bytes], name: str) -> bool:
    if len(traces) <= _FEW:
        return any(trace in text for trace in traces)
    return any(found[0] in traces for found in _ANY[name].finditer(text))


def _unreadable(error: OSError) -> None:
    raise OutputError(
        f"{error.filename}: {error.strerror}; it may show what is to be withdrawn: "
        "give the user that runs feedmill access, and withdraw again"
    ) from error
