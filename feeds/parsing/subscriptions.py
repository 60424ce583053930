"""Lists of sources that other programs keep: OPML, newsboat's urls, Planet's config.ini."""

from __future__ import annotations

import re
import shlex
from typing import Any

from lxml import etree
from msgspec import Struct

from feeds.errors import ParseError
from feeds.parsing.mending import mend
from feeds.records import Subscription

MAX_DEPTH = 20  # of nested outlines

_SECTION = re.compile(r"\[([^\]]+)\]\s*\Z")
_NAME = re.compile(r"name\s*[=:]\s*(.*?)\s*\Z", re.IGNORECASE)


class Subscriptions(Struct, frozen=True, kw_only=True):
    """What a list holds; and what of it cannot be taken over, in words."""

    found: tuple[Subscription, ...]
    problems: tuple[str, ...] = ()
    flaw: str = ""  # why it may hold less than it should, in words


def read(text: str) -> Subscriptions:
    """The subscriptions in a list, each address once; its folders and tags are their categories.

    Raises ParseError where the text is no list of any kind we know.
    """
    head = text.lstrip("\ufeff \t\r\n")
    if re.match(r"(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<opml[\s>]", head, re.DOTALL | re.IGNORECASE):
        listed = _read_opml(head)
    elif re.search(r"^\[(?:Planet|https?://[^\]]+)\]\s*$", head, re.MULTILINE | re.IGNORECASE):
        listed = _read_planet(head)
    elif re.search(r"^(?:https?://|\"?(?:exec|filter|query):)", head, re.MULTILINE):
        listed = _read_newsboat(head)
    else:
        raise ParseError("no OPML, no list of addresses as newsboat keeps it, and no config.ini of a Planet")
    merged: dict[str, Subscription] = {}
    for one in listed.found:
        merged[one.url] = _merged(merged[one.url], one) if one.url in merged else one
    return Subscriptions(found=tuple(merged.values()), problems=listed.problems, flaw=listed.flaw)


def _merged(first: Subscription, second: Subscription) -> Subscription:
    """An address that stands in several folders belongs to all of them."""
    return Subscription(
        url=first.url,
        title=first.title or second.title,
        site_url=first.site_url or second.site_url,
        categories=tuple(dict.fromkeys((*first.categories, *second.categories))),
    )


def _read_opml(text: str) -> Subscriptions:
    """OPML 2.0 (http://opml.org/spec2.opml): nested outlines are folders, `category` holds slash-delimited names.

    An `&` that nobody escaped, which many programs write into addresses, is mended first: libxml2 would swallow it.
    """
    mended = mend(text)
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(mended.text.encode(), parser)
    if root is None:
        raise ParseError("an OPML document that cannot be read; export it anew")
    found: list[Subscription] = []
    problems: list[str] = []
    _collect(root, (), found, problems)
    flaw = "it breaks off before its end" if mended.problems else ""
    if not flaw and not mended.is_well_formed:
        flaw = "it is no well-formed XML"
    return Subscriptions(found=tuple(found), problems=tuple(problems), flaw=flaw)


def _collect(
    parent: Any, folders: tuple[str, ...], found: list[Subscription], problems: list[str], depth: int = 0
) -> None:
    """Also what stands within a source's own outline, as where its end was forgotten."""
    for outline in parent.iterchildren("{*}body", "{*}outline", "body", "outline"):
        values = {name.lower(): " ".join(value.split()) for name, value in outline.attrib.items()}
        name = values.get("title") or values.get("text") or ""
        if address := values.get("xmlurl"):
            if re.match(r"https?://", address, re.IGNORECASE):
                labels = [part for path in values.get("category", "").split(",") for part in path.split("/")]
                found.append(
                    Subscription(
                        url=address,
                        title=name,
                        site_url=values.get("htmlurl", ""),
                        categories=tuple(
                            dict.fromkeys((*folders, *(label.strip() for label in labels if label.strip())))
                        ),
                    )
                )
            else:
                problems.append(f"{name or address}: {address} is no http address; left out")
        is_folder = outline.tag.rpartition("}")[2] == "outline" and name and not address
        if depth < MAX_DEPTH:
            _collect(outline, (*folders, name) if is_folder else folders, found, problems, depth + 1)


def _read_planet(text: str) -> Subscriptions:
    """Planet and Planet Venus: a section for each source, called by its address, with its title as `name`."""
    titles: dict[str, str] = {}
    section = ""
    for line in text.splitlines():
        if header := _SECTION.match(line):
            section = header[1] if re.match(r"https?://", header[1], re.IGNORECASE) else ""
            if section:
                titles.setdefault(section, "")
        elif section and (name := _NAME.match(line)):
            titles[section] = name[1]
    return Subscriptions(found=tuple(Subscription(url=url, title=title) for url, title in titles.items()))


def _read_newsboat(text: str) -> Subscriptions:
    """newsboat's urls: an address, then tags in quotes; `~` begins a title, `!` a source that is hidden."""
    found: list[Subscription] = []
    problems: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            words = shlex.split(line, comments=line.lstrip().startswith("#"))
        except ValueError:
            problems.append(f"line {number}: a quote is opened and never closed; left out")
            continue
        if not words:
            continue
        if not re.match(r"https?://", words[0], re.IGNORECASE):
            what = words[0].partition(":")[0]
            never = "; feedmill never runs commands" if what in {"exec", "filter"} else ""
            problems.append(f"line {number}: {what}: is no http address; left out{never}")
            continue
        title = next((word[1:] for word in words[1:] if word.startswith("~")), "")
        tags = tuple(word for word in words[1:] if not word.startswith(("~", "!")))
        found.append(Subscription(url=words[0], title=title, categories=tags))
    return Subscriptions(found=tuple(found), problems=tuple(problems))
