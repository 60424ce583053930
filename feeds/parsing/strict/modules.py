"""Namespaces beside the formats' own: Dublin Core, Media RSS, podcasts, and what feedparser passes over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from feeds.parsing.extensions import MAX_ATTRIBUTES, MAX_DEPTH, MAX_ELEMENTS, MAX_TEXT, MAX_VALUE
from feeds.parsing.meanings import number
from feeds.parsing.strict.found import Found, plain_attributes
from feeds.parsing.strict.names import (
    CONTENT,
    DC,
    DCTERMS,
    FEEDBURNER,
    ITUNES,
    LICENSE,
    MEDIA,
    PODCAST,
    UnsureError,
)
from feeds.parsing.strict.texts import attributes, leaf
from feeds.records import Enclosure, Extension

Handler: TypeAlias = Callable[[Found, Any], None]

_ITUNES_SCHEME = "http://www.itunes.com/"
_MEDIA_SCHEME = "http://search.yahoo.com/mrss/category_schema"
_GATHERED = {
    **dict.fromkeys(ITUNES, "itunes"),
    **dict.fromkeys(MEDIA, "media"),
    **dict.fromkeys(PODCAST, "podcast"),
}


def ignore_text(_found: Found, element: Any) -> None:
    """An element that feedparser notes under a name that nobody reads."""
    leaf(element)
    plain_attributes(element)


DUBLIN_CORE: dict[str, Handler] = {
    f"{DC}creator": Found.read_author,
    f"{DC}author": Found.read_author,
    f"{DC}date": Found.read_updated,
    f"{DC}subject": Found.read_tag,
    f"{DC}rights": Found.read_rights,
    f"{DC}title": Found.read_title,
    f"{DC}language": Found.read_language,
    f"{DCTERMS}created": Found.read_created,
    f"{DCTERMS}issued": Found.read_published,
    f"{DCTERMS}modified": Found.read_updated,
    **{
        f"{DC}{name}": ignore_text
        for name in ("publisher", "contributor", "identifier", "source", "type", "format", "coverage", "relation")
    },
}


# Extensions


def gathered(found: Found, element: Any) -> None:
    """An element of podcasts or of media, with what it means to feedparser."""
    found.extensions.append(_extension(found, element, 1))
    understood(found, element)


def _extension(found: Found, element: Any, depth: int) -> Extension:
    found.gathered += 1
    address, _, name = element.tag.rpartition("}")
    namespace = _GATHERED.get(f"{address}}}")
    said = tuple((name, value) for name, value in attributes(element).items() if name[0] != "{")
    pieces = [element.text or "", *(child.tail or "" for child in element)]
    text = "".join(pieces)
    if (
        not namespace
        or found.gathered > MAX_ELEMENTS
        or depth > MAX_DEPTH
        or len(text) >= MAX_TEXT
        or len(said) > MAX_ATTRIBUTES
        or any(len(value) > MAX_VALUE for _, value in said)
    ):
        raise UnsureError(f"{element.tag} beyond bounds")
    children = tuple(_extension(found, child, depth + 1) for child in element)
    return Extension(namespace=namespace, name=name, text=text.strip(), attributes=said, children=children)


def understood(found: Found, element: Any) -> None:
    """What an extension means to feedparser, and all that is in it."""
    namespace, name = _GATHERED[f"{element.tag.rpartition('}')[0]}}}"], element.tag.rpartition("}")[2]
    handlers, unsure = _MEANINGS[namespace]
    if handler := handlers.get(name):
        handler(found, element)
        return
    if not name.isascii() or name.lower() in unsure or name.lower().endswith("detail"):
        raise UnsureError(f"{element.tag} here")
    plain_attributes(element)
    for child in element:
        if _GATHERED.get(f"{child.tag.rpartition('}')[0]}}}") != namespace or namespace == "itunes":
            raise UnsureError(f"{child.tag} in {element.tag}")
        understood(found, child)


def _read_media_content(found: Found, element: Any) -> None:
    said = plain_attributes(element)
    found.media.append(
        Enclosure(
            url=said.get("url", "").strip(),
            media_type=said.get("type", "").lower().strip(),
            length=number(said.get("filesize", "").strip()),
        )
    )
    is_image = said.get("medium", "").strip() == "image" or found.media[-1].media_type.startswith("image/")
    found.picture_of_media = found.picture_of_media or (found.media[-1].url if is_image else "")
    _read_media_group(found, element)


def _read_media_group(found: Found, element: Any) -> None:
    plain_attributes(element)
    for child in element:
        if not child.tag.startswith(MEDIA):
            raise UnsureError(f"{child.tag} in {element.tag}")
        understood(found, child)


def _read_thumbnail(found: Found, element: Any) -> None:
    if leaf(element).strip():
        raise UnsureError("a thumbnail with a text")
    found.thumbnail = found.thumbnail or plain_attributes(element).get("url", "").strip()


def _read_media_tag(found: Found, element: Any) -> None:
    said = plain_attributes(element)
    found.add_tag(said.get("term"), said.get("scheme", _MEDIA_SCHEME), said.get("label"))
    found.say_tag(found.reader.clean(leaf(element)))


def _read_media_keywords(found: Found, element: Any) -> None:
    found.say_keywords(element, None)


def _read_podcast_keywords(found: Found, element: Any) -> None:
    found.say_keywords(element, _ITUNES_SCHEME)


def read_podcast_image(found: Found, element: Any) -> None:
    leaf(element)
    said = plain_attributes(element)
    found.picture = said.get("href", "").strip() or found.picture
    if said.keys() != {"href"} or not found.picture:
        raise UnsureError("a picture without an address")


# By namespace: what feedparser makes of elements, and those of which it makes something that we do not follow. All
# others it notes under names that nobody reads.
_MEANINGS: dict[str, tuple[dict[str, Handler], frozenset[str]]] = {
    "media": (
        {
            "content": _read_media_content,
            "group": _read_media_group,
            "thumbnail": _read_thumbnail,
            "title": Found.read_media_title,
            "description": Found.read_media_description,
            "category": _read_media_tag,
            "keywords": _read_media_keywords,
        },
        frozenset({"content", "group", "thumbnail", "title", "description", "category", "keywords"}),
    ),
    "itunes": (
        {
            "author": Found.read_author,
            "summary": Found.read_podcast_summary,
            "keywords": _read_podcast_keywords,
            "image": read_podcast_image,
        },
        frozenset({"author", "summary", "keywords", "image", "category", "name", "email", "owner", "link"}),
    ),
    "podcast": ({}, frozenset()),
}

# Of entries in any format.
MODULES: dict[str, Handler] = {
    **DUBLIN_CORE,
    f"{DC}description": Found.read_description,
    f"{CONTENT}encoded": Found.read_encoded,
    f"{FEEDBURNER}origLink": Found.read_original,
    f"{LICENSE}license": Found.read_license,
}
GATHERED_NAMESPACES = tuple(_GATHERED)
