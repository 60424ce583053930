"""The server in which a daemon shows what it publishes, how it is, and where hubs reach it."""

from __future__ import annotations

from feeds.clock import Clock
from feeds.daemon.shown import Shown
from feeds.pipeline import Pushing
from feeds.publishing import status_page
from feeds.serving import Server, application, doors, push
from feeds.serving.status import StatusPage
from feeds.settings import Settings

MAX_PUSHED = 20_000_000  # bytes of what a hub delivers; below that its source's max_size holds


def server(settings: Settings, shown: Shown, pushing: Pushing, *, clock: Clock) -> Server:
    """At the address that the settings name. It is yet to be started."""
    status = StatusPage(shown.status, status_page.assets, clock=clock)
    served = application(
        shown.output,
        health=shown.health,
        metrics=shown.exposition,
        links=shown.links,
        fresh_until=shown.fresh_until,
        privacy=shown.privacy,
        doors=doors(settings),
        clock=clock,
        services=(
            *push.services(pushing, clock=clock, max_size=MAX_PUSHED),
            *status.services,
        ),
    )
    return Server(served, settings.server.host, settings.server.port)
