"""What makes an article the same article: its guid, the id it is published under, its fingerprint."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container, Iterable, Mapping, Sequence
from urllib.parse import quote

from msgspec import Struct

from feeds.normalizing import noise, urls
from feeds.normalizing.text import plain_text, text_of
from feeds.records import TAG_YEAR, Enclosure, Entry, Known

# Long enough for every honest id; what is longer would not fit into a database's index.
MAX_ID_BYTES = 1_500
MAX_TITLE = 1_000  # characters

_IRI = re.compile(
    r"(?!(?:(?:feed|jar|view-source):)*(?:javascript|vbscript|livescript|data|blob|file|about):)[a-z][a-z0-9+.-]*:[^\s<>\"{}|\\^`\x00-\x1f]+\Z",
    re.IGNORECASE,
)
_SCRIPT = re.compile(r"\s*(?:javascript|vbscript|livescript|data):", re.IGNORECASE)
_IMAGE = re.compile(r'<img [^>]*?\bsrc="([^"?#]*)')
_PLAYED = re.compile(r'<(?:audio|video|source) [^>]*?\bsrc="([^"?#]*)')
_ORIGIN = re.compile(r"^(?:[a-z][a-z0-9+.-]*:)?//[^/]*", re.IGNORECASE)


class Candidate(Struct, frozen=True, kw_only=True):
    """An entry and the guids it may be known by: its own, and one that tells it from others with the same guid."""

    entry: Entry
    guid: str
    told_apart: str


def candidates(entries: Iterable[Entry]) -> tuple[Candidate, ...]:
    """Each entry with its possible guids: the source's guid, else its link, else a hash of title and content."""
    return tuple(
        Candidate(entry=entry, guid=guid, told_apart=f"{guid}#{_what_tells_apart(entry)}")
        for entry in entries
        for guid in [tame(entry.guid) or link_of(entry) or tame(entry.url) or _hash_of(entry)]
    )


def identify(found: Sequence[Candidate], known: Mapping[str, Known], *, files: Container[str] = ()) -> dict[str, Entry]:
    """Each distinct entry under the guid it is, or will be, stored under; in document order.

    Where different entries share a guid, as in sources that write their home page into every guid, one of them is
    the article of that guid: the one that is stored under it, else, where nothing is yet, the first. The others are
    told apart. Of several versions of one entry the latest counts. An article that stands in another of a folder's
    `files` keeps its guid, though that file was not read again. An entry under an alias is the article that the alias
    was bound to, unless the document has that one under its own guid as well.
    """
    sharing: dict[str, list[Candidate]] = {}
    for candidate in found:
        sharing.setdefault(candidate.guid, []).append(candidate)
    owners = {guid: _owner(same, known.get(guid), files) for guid, same in sharing.items()}

    named = [(_guid_of(candidate, owners, known), candidate.entry) for candidate in found]
    present = {guid for guid, _entry in named}
    identified: dict[str, Entry] = {}
    for own, entry in named:
        guid = known[own].guid if own in known else own
        is_spare = guid != own and guid in present
        if not is_spare and (guid not in identified or _is_later(entry, identified[guid])):
            identified[guid] = entry
    return identified


def base_of(entry: Entry) -> str:
    """What the entry's addresses are relative to."""
    return urls.absolute(entry.base_url, entry.document_url) or entry.document_url


def link_of(entry: Entry) -> str:
    """The entry's own address, absolute and without trackers; "" where it has none that we may publish."""
    return urls.canonical(urls.absolute(entry.url, base_of(entry)))


def tame(guid: str) -> str:
    """A guid as we keep it: in one visible line, fit for a database's index, and nothing that a browser would run."""
    if not guid.isprintable():
        guid = "".join(character for character in guid if character.isprintable())
    guid = guid.strip()
    return _digest(guid) if len(guid.encode()) > MAX_ID_BYTES or _SCRIPT.match(guid) else guid


def atom_id(guid: str, minted: str) -> str:
    """The id an article is published under: the source's own where that is an IRI (RFC 4287, section 4.2.6)."""
    return guid if _IRI.match(guid) else minted


def mint(authority: str, source: str, guid: str) -> str:
    """A tag: URI (RFC 4151) for an article whose guid is no IRI, or is another's already."""
    quoted = quote(guid, safe="/")
    if len(quoted) > MAX_ID_BYTES:
        quoted = _digest(guid)
    return f"tag:{authority},{TAG_YEAR}:{quote(source, safe='')}/{quoted}"


def fingerprint(title: str, summary_html: str, content_html: str, enclosures: Iterable[Enclosure]) -> str:
    """Moves exactly when a reader would want to see the article again: with its words, pictures or enclosures.

    Dates are left out, since some sources stamp every entry with the time of the request; so are queries of
    addresses, which carry sizes and session numbers, and their hosts, which move with a site and not with what it says;
    and what moves at each visit without being news, see `noise`.
    """
    markup = tuple(noise.without_ads(html) for html in (summary_html, content_html))
    seen = [_place(address) for html in markup for address in pictures(html)]
    attached = [_place(enclosure.url.partition("?")[0]) for enclosure in enclosures]
    said = (title, *(noise.without_counts(text_of(html)) for html in markup))
    return _digest(*map(noise.spelled, said), *seen, "", *attached)


def pictures(html: str) -> list[str]:
    """The addresses of the pictures in HTML that `sanitize` made, and of what it plays, without their queries."""
    played = _PLAYED.findall(html) if "<audio" in html or "<video" in html else []
    return [*_IMAGE.findall(html), *played]


def _place(address: str) -> str:
    return _ORIGIN.sub("", address)


def _what_tells_apart(entry: Entry) -> str:
    # Atom's entries carry `updated`, and two with one id and one link are versions of one entry (RFC 4287,
    # section 4.1.2). Elsewhere a changelog may give one address to all of its entries, and only titles differ.
    if entry.fills_file:
        return _digest(entry.path)[:12]
    return _digest(link_of(entry) or entry.url, "" if entry.updated else entry.title.value)[:12]


def _guid_of(candidate: Candidate, owners: Mapping[str, str], known: Mapping[str, Known]) -> str:
    is_owner = candidate.told_apart == owners[candidate.guid] and candidate.told_apart not in known
    return candidate.guid if is_owner else candidate.told_apart


def _owner(same: Sequence[Candidate], stored: Known | None, files: Container[str]) -> str:
    """Which of the entries that share a guid is the article of that guid, by what tells it apart; "" for none."""
    if stored is not None and stored.path and stored.path in files:
        same = [candidate for candidate in same if _may_be(candidate.entry, stored)]
        if not same:
            return ""
    if stored is None or len({candidate.told_apart for candidate in same}) == 1:
        return same[0].told_apart
    alike = [candidate for candidate in same if link_of(candidate.entry) == stored.url]
    for candidate in alike:  # a changelog gives one link to all of its entries
        if plain_text(candidate.entry.title)[:MAX_TITLE] == stored.title:
            return candidate.told_apart
    # Of several with its link, or none, it has left; what came in its place must not overwrite it.
    return alike[0].told_apart if len(alike) == 1 and stored.url else ""


def _may_be(entry: Entry, stored: Known) -> bool:
    """Whether an entry of a folder may be the article that came from one of its files: it stands there, or another
    feed document repeats it. Two articles with a file of their own each are never one."""
    if entry.path == stored.path or entry.fills_file:
        return entry.path == stored.path
    if stored.url:
        return link_of(entry) == stored.url
    return plain_text(entry.title)[:MAX_TITLE] == stored.title


def _is_later(entry: Entry, rival: Entry) -> bool:
    return bool(entry.updated and rival.updated and entry.updated > rival.updated)


def _hash_of(entry: Entry) -> str:
    return _digest(entry.title.value, entry.content.value or entry.summary.value)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
