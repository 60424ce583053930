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

LONGEST = 5_000_000  # characters of a list: five thousand sources take a third of that
LONGEST_LINE = 10_000  # characters of newsboat's
MAX_DEPTH = 20  # of nested folders
MAX_CATEGORIES = 100  # of one source

# What may stand in front of a list, a piece at a time; no document type that declares anything.
_PROLOG = re.compile(r"\s*(?:<\?.*?\?>|<!--.*?-->|<!DOCTYPE[^>\[]*>)", re.DOTALL | re.IGNORECASE)
_OPML = re.compile(r"\s*(?=<opml[\s>])", re.IGNORECASE)
_PLANET = re.compile(r"^\[(?:Planet|https?://[^\]\n]+)\][ \t\r]*$", re.MULTILINE | re.IGNORECASE)
_NEWSBOAT = re.compile(r"^(?:https?://|\"?(?:exec|filter|query):)", re.MULTILINE)
_SECTION = re.compile(r"\[([^\]]+)\]\s*\Z")
_NAME = re.compile(r"name\s*[=:](.*)", re.IGNORECASE)
_FILTER = re.compile(r"filters?\s*[=:]\s*\S", re.IGNORECASE)
_FEED = re.compile(r"\Afeed:(?:(?=https?://)|(?P<bare>//))", re.IGNORECASE)


class Subscriptions(Struct, frozen=True, kw_only=True):
    """What a list holds; and what of it cannot be taken over, in words."""

    found: tuple[Subscription, ...]
    problems: tuple[str, ...] = ()
    flaw: str = ""  # why it may hold less than it should, in words


def read(text: str) -> Subscriptions:
    """The subscriptions in a list, each address once; its folders and tags are their categories.

    Raises ParseError where the text is no list of any kind we know.
    """
    if len(text) > LONGEST:
        raise ParseError(f"a list of more than {LONGEST:,} characters; make several of it")
    head = text.lstrip("\ufeff \t\r\n")
    if opml := _OPML.match(head, _behind_prolog(head)):
        listed = _read_opml(head[opml.end() :])
    elif head.startswith("<"):  # a page may have lines that begin with an address
        raise ParseError("no OPML; look for the address of the list itself")
    elif _PLANET.search(head):
        listed = _read_planet(head)
    elif _NEWSBOAT.search(head):
        listed = _read_newsboat(head)
    else:
        raise ParseError("no OPML, no list of addresses as newsboat keeps it, and no config.ini of a Planet")
    same: dict[str, list[Subscription]] = {}
    for one in listed.found:
        same.setdefault(one.url, []).append(one)
    return Subscriptions(found=tuple(map(_merged, same.values())), problems=listed.problems, flaw=listed.flaw)


def _behind_prolog(text: str) -> int:
    end = 0
    while piece := _PROLOG.match(text, end):
        end = piece.end()
    return end


def _merged(same: list[Subscription]) -> Subscription:
    """An address that stands in several folders belongs to all of them."""
    return Subscription(
        url=same[0].url,
        title=next((one.title for one in same if one.title), ""),
        site_url=next((one.site_url for one in same if one.site_url), ""),
        categories=tuple(dict.fromkeys(category for one in same for category in one.categories))[:MAX_CATEGORIES],
    )


def _read_opml(text: str) -> Subscriptions:
    """OPML 2.0 (http://opml.org/spec2.opml): nested outlines are folders, `category` holds slash-delimited names.

    An `&` that nobody escaped, which many programs write into addresses, is mended first: libxml2 would swallow it.
    """
    flaw = "" if "</opml" in text.lower() or re.match(r"<[^<>]*/>", text) else "it breaks off before its end"
    if flaw:
        text = f"{text[: text.rfind('>') + 1]}</opml>"
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False)
    root = etree.fromstring(mend(text).text.encode(), parser)
    if root is None:
        raise ParseError("an OPML document that cannot be read; export it anew")
    if not flaw and any(fault.level > etree.ErrorLevels.WARNING for fault in parser.error_log):
        flaw = "it is no well-formed XML, or nested too deep"
    found: list[Subscription] = []
    problems: list[str] = []
    _collect(root, (), found, problems)
    return Subscriptions(found=tuple(found), problems=tuple(problems), flaw=flaw)


def _collect(parent: Any, folders: tuple[str, ...], found: list[Subscription], problems: list[str]) -> None:
    """Also what stands within a source's own outline, as where its end was forgotten."""
    for outline in parent.iterchildren("{*}body", "{*}outline", "body", "outline"):
        values = {name.lower(): " ".join(value.split()) for name, value in outline.attrib.items()}
        name = values.get("title") or values.get("text") or ""
        if address := _as_http(values.get("xmlurl", "")):
            labels = [part for path in values.get("category", "").split(",") for part in path.split("/")]
            one = Subscription(
                url=address,
                title=name,
                site_url=values.get("htmlurl", ""),
                categories=tuple(dict.fromkeys((*folders, *(label.strip() for label in labels if label.strip())))),
            )
            if re.match(r"https?://", address, re.IGNORECASE):
                found.append(one)
            else:  # which may hold a password all the same
                scheme = re.match(r"[a-z][a-z0-9+.-]{0,20}:", address, re.IGNORECASE)
                problems.append(f"{one.called}: {scheme[0] if scheme else 'that'} is no http address; left out")
        is_folder = outline.tag.rpartition("}")[2] == "outline" and name and not address
        if not is_folder or len(folders) < MAX_DEPTH:
            _collect(outline, (*folders, name) if is_folder else folders, found, problems)
        else:
            problems.append(f"{name}: more than {MAX_DEPTH} folders deep; left out with what is in it")


def _as_http(address: str) -> str:
    """`feed://a.example/` and `feed:https://a.example/` are how browsers were told to subscribe."""
    return _FEED.sub(lambda found: "http://" if found["bare"] else "", address)


def _read_planet(text: str) -> Subscriptions:
    """Planet and Planet Venus: a section for each source, called by its address, with its title as `name`."""
    titles: dict[str, str] = {}
    problems: list[str] = []
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := _SECTION.match(line):
            section = header[1] if re.match(r"https?://", header[1], re.IGNORECASE) else ""
            if section:
                titles.setdefault(section, "")
        elif section and (name := _NAME.match(line)):
            titles[section] = name[1].strip()
        elif _FILTER.match(line):
            problems.append(f"line {number}: a filter, which is not taken over; what it left out will be published")
    found = tuple(Subscription(url=url, title=title) for url, title in titles.items())
    return Subscriptions(found=found, problems=tuple(problems))


def _read_newsboat(text: str) -> Subscriptions:
    """newsboat's urls: an address, then tags in quotes; `~` begins a title, `!` a source that is hidden."""
    found: list[Subscription] = []
    problems: list[str] = []
    strange = 0  # lines that are nothing which newsboat would know
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > LONGEST_LINE:
            problems.append(f"line {number}: {len(line):,} characters; left out")
            continue
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
            strange += what not in {"exec", "filter", "query"}
            problems.append(f"line {number}: {what}: is no http address; left out{never}")
            continue
        title = next((word[1:] for word in words[1:] if word.startswith("~")), "")
        tags = tuple(word for word in words[1:] if not word.startswith(("~", "!")))
        found.append(Subscription(url=words[0], title=title, categories=tags))
    flaw = "it holds more other lines than addresses" if strange >= len(found) else ""
    return Subscriptions(found=tuple(found), problems=tuple(problems), flaw=flaw)
