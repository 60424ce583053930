"""How keys must fit together. Read from the values as written, so that one wrong value hides no other."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from feeds.marked_yaml import Path
from feeds.normalizing.categories import slugs
from feeds.settings import values
from feeds.settings.complaints import Complaint, line_of, nearest
from feeds.settings.headers import is_secret_header
from feeds.settings.model import DEFAULTS
from feeds.settings.names import folded
from feeds.settings.values import shown

Lines = Mapping[Path, int]
KINDS = {"url": ("http", "opml"), "path": ("folder",)}  # the first is what a source is if it does not say


def complaints(tree: dict[str, Any], lines: Lines) -> list[Complaint]:
    """What is wrong between keys, however wrong the values themselves are."""
    return [complaint for rule in RULES for complaint in rule(tree, lines)]


def _place(tree: dict[str, Any], _: Lines) -> Iterator[Complaint]:
    for path, source in _mappings(tree, "sources"):
        given = [key for key in KINDS if source.get(key) is not None]
        if not given:
            yield Complaint(path, "neither url nor path; write the address of the source, or the path of its files")
        elif len(given) == 2:
            yield Complaint((*path, "path"), "both url and path; keep one, and make a second source of the other")
        elif isinstance(kind := source.get("kind"), str) and kind not in KINDS[given[0]]:
            yield Complaint((*path, "kind"), _wrong_kind(kind, given[0]))


def _wrong_kind(kind: str, key: str) -> str:
    known = [name for kinds in KINDS.values() for name in kinds]
    if kind in known:
        return f"{shown(kind)} does not go with {key}; leave the key out"
    close = nearest(kind, known)
    return f"{shown(kind)} is no kind of source; " + (
        f"did you mean {close}?" if close else "http, opml and folder are"
    )


def _login(tree: dict[str, Any], _: Lines) -> Iterator[Complaint]:
    for path, source in _mappings(tree, "sources"):
        auth, headers, url = source.get("auth"), source.get("headers"), source.get("url")
        ways = [
            ("auth", isinstance(auth, dict)),
            ("headers", isinstance(headers, dict) and any(name.lower() == "authorization" for name in headers)),
            ("url", isinstance(url, str) and "@" in url.partition("://")[2].partition("/")[0]),
        ]
        used = [key for key, is_used in ways if is_used]
        if len(used) > 1:
            yield Complaint((*path, used[0]), f"credentials stand in {' and '.join(used)}; keep one")
        if isinstance(auth, dict) and len([value for value in auth.values() if value is not None]) != 1:
            yield Complaint((*path, "auth"), "wants one of basic and bearer; write for instance {bearer: TOKEN}")


def _shared_headers(tree: dict[str, Any], _: Lines) -> Iterator[Complaint]:
    fetch = tree.get("fetch")
    headers = fetch.get("headers") if isinstance(fetch, dict) else None
    for name in headers if isinstance(headers, dict) else ():
        if is_secret_header(name):
            yield Complaint(("fetch", "headers", name), "would go to every source; write it with the source it is for")


def _intervals(tree: dict[str, Any], _: Lines) -> Iterator[Complaint]:
    fetch = tree.get("fetch")
    everyones = _interval(fetch, "interval") or DEFAULTS.interval
    places: list[tuple[Path, Any]] = [(("fetch",), fetch), *_mappings(tree, "sources")]
    for path, keys in places:
        interval = _interval(keys, "interval") or everyones
        longest = _interval(keys, "max_interval")
        if longest and longest < interval:
            help = "raise it, or lower interval"
            yield Complaint((*path, "max_interval"), f"{shown(keys['max_interval'])} is less than interval; {help}")


def _schedules(tree: dict[str, Any], _: Lines) -> Iterator[Complaint]:
    for path, source in _mappings(tree, "sources"):
        if source.get("schedule") and source.get("path") is not None:
            seen = "files are looked at in every round, a schedule is for addresses"
            yield Complaint((*path, "schedule"), f"{seen}; leave the key out")


def _interval(keys: Any, key: str) -> timedelta | None:
    try:
        return values.duration(keys[key])
    except (LookupError, TypeError, ValueError):  # left out, or wrong: `model` tells
        return None


def _source_names(tree: dict[str, Any], lines: Lines) -> Iterator[Complaint]:
    named = [((*path, "name"), source["name"]) for path, source in _mappings(tree, "sources") if "name" in source]
    yield from _twice(named, lines, str.strip, "is the name of another source")


def _category_names(tree: dict[str, Any], lines: Lines) -> Iterator[Complaint]:
    yield from _twice(_names(tree), lines, folded, "is a category already")


def _slugs(tree: dict[str, Any], lines: Lines) -> Iterator[Complaint]:
    slugs = [((*path, "slug"), category.get("slug")) for path, category in _mappings(tree, "categories")]
    yield from _twice(slugs, lines, lambda slug: unicodedata.normalize("NFC", slug), "is another category's slug")


def _privacy(tree: dict[str, Any], _: Lines) -> Iterator[Complaint]:
    for path, category in _mappings(tree, "categories"):
        private = category.get("private")
        if not isinstance(private, dict):
            continue
        given = {key for key, value in private.items() if value is not None}
        login = given & {"user", "password"}
        if "path" in given and login:
            yield Complaint((*path, "private"), "an address and a password at once; keep path, or user and password")
        elif not given & {"path", "user", "password"}:
            yield Complaint((*path, "private"), f"says not how; {_PRIVATE}")
        elif len(login) == 1:
            (missing,) = {"user", "password"} - login
            yield Complaint((*path, "private"), f"lacks the {missing}; {_PRIVATE}")
        if "path" in given and category.get("slug") is not None:
            yield Complaint((*path, "slug"), "its address is private.path; leave the slug out")


_PRIVATE = "write {path: ADDRESS}, or {user: NAME, password: PASSWORD}"


def _private_slugs(tree: dict[str, Any], lines: Lines) -> Iterator[Complaint]:
    """Private categories whose address is another's. What it is, no complaint says."""
    taken = {_slug(category): path for path, category in _mappings(tree, "categories") if not _is_private(category)}
    for path, category in _mappings(tree, "categories"):
        slug = _slug(category) if _is_private(category) else ""
        if slug and taken.setdefault(slug, path) is not path:
            where = line_of(lines, taken[slug])
            yield Complaint((*path, "private"), f"its address is that of the category on line {where}; choose another")


def _is_private(category: dict[str, Any]) -> bool:
    return isinstance(category.get("private"), dict)


def _slug(category: dict[str, Any]) -> str:
    """As `building` makes it; "" where it is left to the store."""
    private, slug, name = category.get("private"), category.get("slug"), category.get("name")
    if not isinstance(private, dict):
        return unicodedata.normalize("NFC", slug) if isinstance(slug, str) else ""
    if isinstance(path := private.get("path"), str):
        return unicodedata.normalize("NFC", path)
    if isinstance(slug, str):  # `_slugs` tells of two
        return ""
    return slugs(name)[0] if isinstance(name, str) else ""


def _aliases(tree: dict[str, Any], lines: Lines) -> Iterator[Complaint]:
    names = {folded(name): path for path, name in _names(tree)}
    aliases = []
    for path, category in _mappings(tree, "categories"):
        for same, alias in _own_aliases(category).items():
            aliases.append(((*path, "aliases"), alias))
            if same in names and names[same] != (*path, "name"):
                seen = f"{shown(alias)} is a category of its own on line {line_of(lines, names[same])}"
                yield Complaint((*path, "aliases"), f"{seen}; keep one")
    yield from _twice(aliases, lines, folded, "is an alias of another category")


def _own_aliases(category: dict[str, Any]) -> dict[str, str]:
    written = category.get("aliases")
    listed = written if isinstance(written, list) else [written]
    return {folded(alias): alias for alias in listed if isinstance(alias, str)}


def _twice(found: list[tuple[Path, Any]], lines: Lines, same: Callable[[str], str], seen: str) -> Iterator[Complaint]:
    first: dict[str, Path] = {}
    for path, value in found:
        if isinstance(value, str) and first.setdefault(same(value), path) is not path:
            where = line_of(lines, first[same(value)])
            yield Complaint(path, f"{shown(value)} {seen}, on line {where}; give one of the two another")


def _names(tree: dict[str, Any]) -> list[tuple[Path, str]]:
    listed = tree.get("categories")
    found: list[tuple[Path, str]] = []
    for index, category in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(category, str):
            found.append((("categories", index), category))
        elif isinstance(category, dict) and isinstance(category.get("name"), str):
            found.append((("categories", index, "name"), category["name"]))
    return found


def _mappings(tree: dict[str, Any], key: str) -> list[tuple[Path, dict[str, Any]]]:
    listed = tree.get(key)
    return [
        ((key, index), each)
        for index, each in enumerate(listed if isinstance(listed, list) else ())
        if isinstance(each, dict)
    ]


RULES: tuple[Callable[[dict[str, Any], Lines], Iterator[Complaint]], ...] = (
    _place,
    _login,
    _shared_headers,
    _intervals,
    _schedules,
    _source_names,
    _category_names,
    _slugs,
    _privacy,
    _private_slugs,
    _aliases,
)
