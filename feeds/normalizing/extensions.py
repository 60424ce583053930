"""The extensions of an entry made an article's: known elements, plain text, absolute addresses, nothing said twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from msgspec import Struct

from feeds.normalizing import urls
from feeds.normalizing.text import plain_text, text_of
from feeds.normalizing.vocabulary import INNER, KINDS, Kind
from feeds.records import Article, Extension, Text, replace

MAX_TEXT = 10_000  # characters of one element
MAX_VALUE = 500  # characters of an attribute that is no address
MAX_LINES = 300  # of one element; a text of more is one line
MAX_SIZE = 60_000  # characters of all of an article's
_MAX_RAW = 200_000  # characters of those that are looked at
_MOST_LAYERS = 5  # of escapes around a text; with more, it is an attack

# What of a file is also said by an enclosure.
_OF_ENCLOSURE = frozenset({"url", "type", "medium", "fileSize"})


def tame(extensions: Sequence[Extension], article: Article, *, base_url: str) -> tuple[Extension, ...]:
    """Those of an entry's extensions that may be published, less what the `article` made of it says already."""
    said = _said(article)
    known = (tamed for one in _bounded(extensions, _MAX_RAW) if (tamed := _tamed(one, base_url)))
    return tuple(_bounded((kept for one in known if one.name not in INNER and (kept := _unsaid(one, said))), MAX_SIZE))


def _tamed(one: Extension, base_url: str) -> Extension | None:
    """The element as the vocabulary knows it; None where that leaves nothing it could say."""
    kind = KINDS.get((one.namespace, one.name.lower()))
    if kind is None:
        return None
    attributes = tuple(_attributes(one, kind, base_url))
    children = tuple(
        tamed
        for child in one.children
        if child.namespace == one.namespace and (tamed := _tamed(child, base_url)) and tamed.name in kind.children
    )
    text = _words(one.text) if kind.has_text else ""
    found = [name for name, _value in attributes] + [child.name for child in children]
    if (kind.needs_text and not text) or not kind.is_whole(found):
        return None
    return Extension(namespace=one.namespace, name=kind.name, text=text, attributes=attributes, children=children)


def _attributes(one: Extension, kind: Kind, base_url: str) -> Iterator[tuple[str, str]]:
    given = {name.lower(): value for name, value in reversed(one.attributes)}
    for name in kind.attributes:
        value = given.get(name.lower(), "")
        if name in kind.addresses:
            value = urls.absolute(value, base_url)
        elif value:
            value = plain_text(Text(value=value, is_html=False))
            value = value if len(value) <= MAX_VALUE else ""
        if value:
            yield name, value


def _words(value: str) -> str:
    """Plain text, lines kept where it came without markup.

    However often its markup was escaped, none is left: readers do not agree on whether such a text is HTML, and what
    we publish and read again must stay as it is.
    """
    for _layer in range(_MOST_LAYERS):
        before, value = value, _unwrapped(value)
        if value == before:
            return value[:MAX_TEXT].rstrip()
    return ""


def _unwrapped(value: str) -> str:
    if "<" in value or not 0 < value.count("\n") < MAX_LINES:
        return plain_text(Text(value=value))
    lines = (plain_text(Text(value=line)) for line in value.splitlines())
    return "\n".join(line for line in lines if line)


class _Said(Struct, frozen=True, kw_only=True):
    """What an article says without extensions."""

    title: str
    texts: frozenset[str]
    authors: frozenset[str]
    terms: frozenset[str]
    files: frozenset[str]
    image: str


def _said(article: Article) -> _Said:
    return _Said(
        title=article.title,
        texts=frozenset(_in_a_line(text_of(html)) for html in (article.summary_html, article.content_html)),
        authors=frozenset(person.name for person in article.authors),
        terms=frozenset(tag.term for tag in article.tags),
        files=frozenset(enclosure.url for enclosure in article.enclosures),
        image=article.image,
    )


def _unsaid(one: Extension, said: _Said) -> Extension | None:
    """What of an element the article does not say in another place."""
    if one.children:
        children = tuple(kept for child in one.children if (kept := _unsaid(child, said)))
        if len(children) < len(one.children):
            one = replace(one, children=children)
    is_empty = not (one.text or one.attributes or one.children)
    return None if is_empty or _is_said(one, said) else one


def _is_said(one: Extension, said: _Said) -> bool:
    match one.namespace, one.name:
        case "itunes" | "media", "title":
            return _in_a_line(one.text) == said.title
        case ("itunes", "summary" | "subtitle") | ("media", "description"):
            return _in_a_line(one.text) in said.texts
        case "itunes", "author":
            return one.text in said.authors
        case ("itunes" | "media", "keywords") | ("media", "category"):
            terms = [one.text] if one.name == "category" else one.text.split(",")
            return {term.strip() for term in terms} - {""} <= said.terms
        case "media", "thumbnail":
            return one.attributes == (("url", said.image),)
        case "media", "content":
            given = dict(one.attributes)
            return given.get("url") in said.files and given.keys() <= _OF_ENCLOSURE and not one.children
    return False


def _in_a_line(text: str) -> str:
    return " ".join(text.split())


def _bounded(extensions: Iterable[Extension], room: int) -> Iterator[Extension]:
    """Each once, and none that is longer than the room that those before it left."""
    seen: set[Extension] = set()
    for one in extensions:
        size = _size(one)
        if size <= room and one not in seen:
            room -= size
            seen.add(one)
            yield one


def _size(one: Extension) -> int:
    attributes = sum(len(name) + len(value) for name, value in one.attributes)
    return len(one.name) + len(one.text) + attributes + sum(_size(child) for child in one.children)
