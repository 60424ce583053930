"""Names: those made for sources that were given none, and which names are taken for the same."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterable
from itertools import chain, count
from urllib.parse import unquote, urlsplit


def from_url(url: str, secrets: Iterable[str] = ()) -> str:
    """A name that stays, whatever else is in the config: articles are filed under it. It holds none of the secrets.

    `https://www.gazette.example/blog/feed.xml?tag=x` → `gazette.example/blog/feed?tag=x`
    """
    parts = urlsplit(url)
    path = re.sub(r"\.(xml|rss|atom|json|rdf)$", "", unquote(parts.path).rstrip("/"))
    name = parts.netloc.removeprefix("www.") + path + (f"?{unquote(parts.query)}" if parts.query else "")
    for secret in secrets:
        name = name.replace(secret, "***")
    return _seen(name)


def from_path(path: str) -> str:
    """`./content/posts/*.md` → `content/posts`."""
    plain = re.split(r"/?[^/]*[*?\[]", path)[0].removeprefix("~/")
    return _seen(re.sub(r"^(?:\.?/)+", "", plain).rstrip("/")) or "files"


def unique(name: str, taken: Container[str]) -> str:
    """`name`, or with the first number behind it that makes it unlike all others."""
    numbered = (f"{name}-{number}" for number in count(2))
    return next(each for each in chain([name], numbered) if each not in taken)


def folded(name: str) -> str:
    """Equal for names of categories that articles cannot tell apart, however they are capitalized or spaced."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())


def _seen(text: str) -> str:
    return "".join(character for character in text if character.isprintable())
