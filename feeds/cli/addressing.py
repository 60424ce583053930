"""Sources named on the command line by their address."""

from __future__ import annotations

import click

from feeds.records import Source, replace
from feeds.settings import addresses


def source_at(address: str, defaults: Source) -> Source:
    """The source at an http(s) address, called by it; its password is used and not shown."""
    try:
        place = addresses.split(addresses.web_address(address))
    except ValueError as error:
        raise click.UsageError(f"an address that cannot be asked for: {error}") from None
    secrets = {*defaults.secrets, *addresses.worth_hiding(addresses.url_secrets(address))}
    source = replace(
        defaults,
        kind="http",
        url=place.url,
        auth=place.auth or defaults.auth,
        secrets=addresses.longest_first(secrets),
    )
    return replace(source, name=source.location)


def is_same(address: str, source: Source) -> bool:
    """Whether an address, written with its password or not, is the source's."""
    return addresses.split(address).url == source.url
