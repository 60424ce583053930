"""What a feed's answer tells of the feed beside its body: its own address, and the hub that tells of news."""

from __future__ import annotations

from typing import NamedTuple


class Links(NamedTuple):
    """Where the tree stands for the world, and where one subscribes to its feeds (WebSub)."""

    site_url: str = ""  # ends in "/"; "" says nothing of itself
    hub: str = ""  # "" for none


def header(links: Links, address: str) -> str:
    """The Link header (RFC 8288) of the feed at `address` below the site's, percent-encoded; "" for none."""
    if not links.site_url:
        return ""
    told = [f'<{links.site_url}{address}>; rel="self"']
    if links.hub:
        told.append(f'<{links.hub}>; rel="hub"')
    return ", ".join(told)
