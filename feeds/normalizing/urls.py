"""Addresses as we publish them: absolute, http or https, ASCII, and an article's own without trackers.

What comes back is a URI (RFC 3986), not an IRI: RSS, HTTP and most readers know nothing else, and one source's raw
`ü` then equals another's `%C3%BC`. Nothing else is rewritten: no query is sorted, no path lower-cased.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import quote, urldefrag, urljoin

from w3lib.url import safe_url_string

LONGEST: Final = 8192  # what servers accept (RFC 9110, section 4.1 asks for 8000); a longer one is an attack or data

# What else an <a href> may hold; none of them runs in a page.
LINK_SCHEMES: Final = frozenset({"mailto", "tel", "sms", "xmpp", "geo", "magnet", "ftp", "ftps"})

# Browsers drop tab and newline anywhere and controls at the ends (URL Standard, section 4.4); the invisible ones
# beside them have no business in an address and let `java<U+200B>script:` or two equal addresses differ unseen.
# U+200C and U+200D stay: Persian and Indic addresses mean them.
_INVISIBLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\uffff\ud800-\udfff]+"
)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_PARTS = re.compile(r"(https?)://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?", re.IGNORECASE)
_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^\s\[\]:<>\"'`{}|^%\\,;=&]+)(?::([0-9]*))?", re.IGNORECASE)
# Most addresses are fine as they stand, or from the root of their site, and an article has dozens: one look is enough.
_SITE = r"https?://(?=[a-z0-9])[a-z0-9.-]{1,253}"
_FINE = re.compile(rf"{_SITE}(?:[/?#][A-Za-z0-9._~:/?#@!$&()*+,;=%-]*)?")
_FROM_ROOT = re.compile(r"(?:/(?![/.])[A-Za-z0-9._~:?#@!$&()*+,;=%-]*)+")
_OF_SITE = re.compile(rf"({_SITE})(?:[/?#]|\Z)")
# From the folder of its page: `../images/1.jpg`.
_NAMED = r"[A-Za-z0-9_~%-][A-Za-z0-9._~%-]*+"
_FROM_FOLDER = re.compile(rf"((?:\.\./)*+)(?:{_NAMED}/)*+{_NAMED}")
_FOLDER = re.compile(rf"({_SITE}/)((?:{_NAMED}/)*+)[^/?#]*(?:[?#]|\Z)")
_URI = re.compile(r"[A-Za-z0-9._~:/?#@!$&()*+,;=%-]+")

_CLICKS = "fbclid gclid gclsrc gbraid wbraid dclid msclkid yclid twclid ttclid igshid igsh srsltid _openstat xtor"
_MAILINGS = (
    "mc_cid mc_eid mkt_tok _hsenc _hsmi __hstc __hssc __hsfp hsctatracking vero_id oly_enc_id oly_anon_id wickedid"
)
_TRACKERS = frozenset(_CLICKS.split()) | frozenset(_MAILINGS.split())
_TRACKER_PREFIXES = ("utm_", "wt_mc", "pk_campaign", "pk_kwd", "pk_source", "pk_medium", "mtm_", "at_campaign")
# `ref=main` names a branch and `from=2024-05-06` a date: these go only where their value says they mark a feed.
_MARKS = frozenset({"ref", "source", "src", "from", "via", "partner", "emc", "cmp"})
_MARKED = frozenset({"rss", "rss2", "rss2.0", "atom", "feed", "feeds", "rssfeed", "rss_feed", "rss-feed", "feedburner"})
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


def absolute(address: str, base: str = "") -> str:
    """The absolute http(s) address that `address` means at `base`, or "" when it is none we may publish."""
    return _seen(address, base) or _http(_visible(address), base)


def link(address: str, base: str = "") -> str:
    """As `absolute`, and also the harmless other schemes an `<a href>` may hold, such as mailto:."""
    if seen := _seen(address, base):
        return seen
    address = _visible(address)
    scheme, colon, rest = address.partition(":")
    if colon and scheme.lower() in LINK_SCHEMES:
        quoted = quote(rest, safe="%/:=&?~#+!$,;()*@", errors="ignore")
        return _bounded(f"{scheme.lower()}:{quoted}") if quoted.strip("/") else ""
    return _http(address, base)


@lru_cache(maxsize=64)  # an entry's own is asked for several times
def canonical(url: str) -> str:
    """An article's address without trackers, default port and capitals in its host; the rest byte for byte."""
    match = _PARTS.fullmatch(absolute(url))
    if match is None:
        return ""
    scheme, authority, path, query, fragment = match.groups()
    host = authority.lower().removesuffix(_DEFAULT_PORTS[scheme]).removesuffix(":")
    kept = "&".join(pair for pair in (query or "").split("&") if not _is_tracker(pair))
    if fragment and _is_tracker(fragment):
        fragment = ""
    return f"{scheme}://{host}{path}" + (f"?{kept}" if kept else "") + (f"#{fragment}" if fragment else "")


def _is_tracker(pair: str) -> bool:
    name, _, value = pair.partition("=")
    name = name.lower().removeprefix("amp;")  # `&amp;utm_source=…`: escaped once too often, seen in many RSS feeds
    return name in _TRACKERS or name.startswith(_TRACKER_PREFIXES) or (name in _MARKS and value.lower() in _MARKED)


def _seen(address: str, base: str) -> str:
    """What `address` means, where one look says it; "" where it does not."""
    if len(address) > LONGEST:
        return ""
    if _FINE.fullmatch(address):
        return address
    if found := _FROM_FOLDER.fullmatch(address):
        return _in_folder(base, found[1].count("/"), address[found.end(1) :])
    site = _site(base) if _FROM_ROOT.fullmatch(address) else ""
    return _bounded(site + address) if site else ""


def _in_folder(base: str, levels: int, address: str) -> str:
    """What `address` means so many levels above the page; "" where that page has an odd address."""
    folder = _FOLDER.match(base)
    if folder is None:
        return ""
    above = folder[2].split("/")[: -1 - levels]
    return _bounded(folder[1] + "/".join([*above, address]))


@lru_cache(maxsize=64)  # an article's addresses have one base
def _site(base: str) -> str:
    found = _OF_SITE.match(base)
    return found[1] if found else ""


def _visible(address: str) -> str:
    """`address` as a browser judges it: nothing invisible, no space of any script at its ends."""
    return "" if len(address) > LONGEST else _INVISIBLE.sub("", address).strip()


def _http(address: str, base: str) -> str:
    absolute_address = _resolved(address, base)
    match = _PARTS.fullmatch(absolute_address)
    if match is None:
        return ""
    scheme, authority, *_ = match.groups()
    host = _host(authority)
    if not host:
        return ""
    url = f"{scheme.lower()}://{host}{absolute_address[match.end(2) :]}"
    return _bounded(url if _URI.fullmatch(url) and host == authority else _quoted(url))


def _resolved(address: str, base: str) -> str:
    if not address:
        return ""  # it would mean the page itself, which nobody links to on purpose
    address = _forward(address)
    if address.startswith("//"):
        return f"{'http' if base[:5].lower() == 'http:' else 'https'}:{address}"
    if _SCHEME.match(address):
        return address
    if address.startswith("/") and "/." not in address:  # most images; urljoin takes four times as long
        site = _PARTS.match(base)
        return base[: site.end(2)] + address if site else ""
    try:
        return urljoin(base, address)
    except ValueError:  # a base such as http://[bad
        return ""


def _forward(address: str) -> str:
    """Backslashes of the path turned round, as browsers do: `https:\\\\host\\path` is an address to them."""
    if "\\" not in address:
        return address
    cut = re.search(r"[?#]|\Z", address)
    end = cut.start() if cut else len(address)
    return address[:end].replace("\\", "/") + address[end:]


def _host(authority: str) -> str:
    """Host and port without user and password, which no feed should pass on; "" when they are malformed."""
    authority = authority.rpartition("@")[2]
    match = _AUTHORITY.fullmatch(authority)
    if match is None or not match[1].strip(".") or len(match[1]) > 253 or int(match[2] or 0) > 65535:
        return ""
    if match[1].startswith("["):
        try:
            IPv6Address(match[1][1:-1])
        except ValueError:
            return ""
    return authority


def _quoted(url: str) -> str:
    """Percent-encoded where RFC 3986 wants it (the host: IDNA); what is encoded already stays as it is."""
    try:
        quoted = safe_url_string(url)
    except ValueError:  # a host that IDNA refuses; UnicodeError is one of these
        return ""
    # w3lib leaves a quote alone and maps odd hosts, so that what it made is judged once more.
    quoted = quoted.replace("'", "%27")
    match = _PARTS.fullmatch(quoted)
    return quoted if match and _host(match[2]) == match[2] and quoted.isascii() else ""


def _bounded(url: str) -> str:
    return url if len(url) <= LONGEST else ""


def spellings(word: str) -> tuple[str, ...]:
    """An address as people may give it, or an id, and as an article's may be stored: canonical, with its fragment and
    without, of either scheme."""
    given = word.strip()
    pages = dict.fromkeys(filter(None, (canonical(given), canonical(urldefrag(given).url))))
    others = (_other_scheme(page) for page in pages)
    return tuple(dict.fromkeys(filter(None, (word, given, *pages, *others))))


def _other_scheme(address: str) -> str:
    scheme, _, rest = address.partition("://")
    return f"{'http' if scheme == 'https' else 'https'}://{rest}" if scheme in ("http", "https") else ""
