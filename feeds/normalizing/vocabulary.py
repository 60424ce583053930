"""Which extensions an article may have: their elements, the attributes of each, and what it says nothing without."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from msgspec import Struct


class Kind(Struct, frozen=True, kw_only=True):
    """An element as we know it."""

    namespace: str
    name: str
    has_text: bool
    needs_text: bool  # without which it says nothing
    attributes: tuple[str, ...]  # in the order we write them
    addresses: frozenset[str]  # those of them that are addresses
    needed: frozenset[str]  # attributes and children without which it says nothing
    one_needed: frozenset[str]  # of which it needs one
    children: frozenset[str]

    def is_whole(self, found: Iterable[str]) -> bool:
        """Whether an element with these attributes and children says anything."""
        found = frozenset(found)
        return self.needed <= found and (not self.one_needed or bool(self.one_needed & found))


# `text` is an element's text, without which it is nothing unless marked `text?`; `@url` an attribute that is an
# address, `+source` a child of the same namespace. A `!` marks what else an element is nothing without, a `|` those of
# which it needs one. What only describes a whole podcast (its owner, its categories) is no matter of an entry's.
_ITUNES = {
    **dict.fromkeys(("duration", "episode", "season", "episodeType", "explicit", "block", "order"), "text"),
    **dict.fromkeys(("author", "title", "subtitle", "summary", "keywords", "isClosedCaptioned"), "text"),
    "image": "@href!",
}
# podcast:value holds the addresses of wallets. They are the author's own: an app that plays the episode out of our feed
# would otherwise pay nobody.
_PODCAST = {
    "transcript": "@url! type language rel",
    "chapters": "@url! type",
    "soundbite": "text? startTime! duration!",
    "person": "text role group @img @href",
    "location": "text rel geo osm country",
    "season": "text name",
    "episode": "text display",
    "license": "text @url",
    "alternateEnclosure": "type! length bitrate height lang title rel codecs default +source! +integrity",
    "source": "@uri! contentType",
    "integrity": "type! value!",
    "socialInteract": "@uri! protocol priority accountId @accountUrl",
    "txt": "text purpose",
    "value": "type! method! suggested +valueRecipient| +valueTimeSplit|",
    "valueRecipient": "name customKey customValue type! address! split! fee",
    "valueTimeSplit": "startTime! duration! remoteStartTime remotePercentage +valueRecipient| +remoteItem|",
    "remoteItem": "feedGuid! @feedUrl itemGuid medium",
}
_OF_MEDIA = (
    "+thumbnail +title +description +keywords +category +credit +rating +copyright +license +hash +text +restriction "
    "+community +subTitle +status +rights +peerLink"
)
_MEDIA = {
    "group": f"+content| +player| {_OF_MEDIA.replace(' +', '| +')}|",
    "content": "@url| fileSize type medium isDefault expression bitrate framerate samplingrate channels duration "
    f"height width lang +player| {_OF_MEDIA}",
    "player": "@url! height width",
    "thumbnail": "@url! height width time",
    "title": "text",
    "description": "text",
    "keywords": "text",
    "category": "text @scheme label",
    "credit": "text role scheme",
    "rating": "text scheme",
    "copyright": "text @url",
    "license": "text type @href",
    "hash": "text algo",
    "text": "text lang start end",
    "restriction": "text? relationship! type",
    "community": "+starRating| +statistics| +tags|",
    "starRating": "average| count| min max",
    "statistics": "views| favorites|",
    "tags": "text",
    "subTitle": "@href! type lang",
    "status": "state! reason",
    "rights": "status!",
    "peerLink": "@href! type",
}


def _kind(namespace: str, name: str, words: str) -> Kind:
    marked = words.split()
    plain = {word.rstrip("!|").lstrip("@+"): word for word in marked}
    return Kind(
        namespace=namespace,
        name=name,
        has_text=bool({"text", "text?"} & set(marked)),
        needs_text="text" in marked,
        attributes=tuple(n for n, word in plain.items() if not word.startswith("+") and n not in ("text", "text?")),
        addresses=frozenset(name for name, word in plain.items() if word.startswith("@")),
        needed=frozenset(name for name, word in plain.items() if word.endswith("!")),
        one_needed=frozenset(name for name, word in plain.items() if word.endswith("|")),
        children=frozenset(name for name, word in plain.items() if word.startswith("+")),
    )


_TABLES = {"itunes": _ITUNES, "podcast": _PODCAST, "media": _MEDIA}
# By namespace and name; the name in small letters, as loose reading gives it and as some feeds spell it.
KINDS: Final[Mapping[tuple[str, str], Kind]] = {
    (namespace, name.lower()): _kind(namespace, name, words)
    for namespace, table in _TABLES.items()
    for name, words in table.items()
}
# What stands within others only.
INNER: Final = frozenset("source integrity valueRecipient valueTimeSplit remoteItem starRating statistics tags".split())
