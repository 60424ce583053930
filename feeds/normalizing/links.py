"""When two addresses mean one page."""

from __future__ import annotations

import hashlib
import re

from feeds.normalizing import urls

_PARTS = re.compile(r"https?://([^/?#]*)([^?#]*)(?:\?([^#]*))?(?:#(.*))?")
# Copies in Google's caches: the page's own address stands in their path, after `s/` where it is https.
_CACHED = re.compile(r"https?://(?:[a-z0-9-]+\.cdn\.ampproject\.org/[cv]|www\.google\.[a-z.]{2,6}/amp)/(?:s/)?(.+)")
_AMP_PAIRS = frozenset({"amp", "amp=1", "amp=true", "outputtype=amp"})
_AMP_ENDS = ("/amp", "/amp.html")


def comparable(url: str) -> str:
    """What all addresses of a page have in common; "" for none, and for a site's front page, which is no article's.

    For comparing, never for publishing: scheme, `www.`, trackers, fragment, the slash at the end and what marks an AMP
    variant are gone. The order of a query stays, and so do capitals of a path: there are servers that mind both.
    """
    canonical = urls.canonical(url)
    cached = _CACHED.fullmatch(canonical)
    match = _PARTS.fullmatch(urls.canonical(f"https://{cached[1]}") if cached else canonical)
    if match is None:
        return ""
    host, path, query, fragment = match.groups()
    host = host.removesuffix(":80").removesuffix(":443").removesuffix(".").removeprefix("www.").removeprefix("amp.")
    kept = "&".join(pair for pair in (query or "").split("&") if pair and pair.lower() not in _AMP_PAIRS)
    # `#!/page` and `#/page` are how pages made by scripts name themselves; other fragments are places within a page.
    route = f"#{fragment}" if fragment and fragment.startswith(("!", "/")) else ""
    path = _plain(path)
    return f"{host}{path}" + (f"?{kept}" if kept else "") + route if path or kept or route else ""


def key(url: str) -> int:
    """A key of 63 bits by which articles with one address are found; 0 where `comparable` says nothing."""
    return key_of(comparable(url))


def key_of(address: str) -> int:
    """The same of what `comparable` has said."""
    digest = hashlib.blake2b(address.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) >> 1 if address else 0


def _plain(path: str) -> str:
    path = path.rstrip("/")
    for end in _AMP_ENDS:
        path = path.removesuffix(end)
    return path.replace(".amp.html", ".html").rstrip("/")
