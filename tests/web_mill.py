"""A mill whose sources are on the web, at an origin of the test's own; and what it knows of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from feeds.fetching.politeness import PerHost
from feeds.records import SourceState, replace
from feeds.settings import Settings
from mill import Mill
from storage import articles, sources


@dataclass
class WebMill(Mill):
    """A mill whose sources are on the web."""

    per_host: PerHost = field(default_factory=lambda: PerHost(spacing=timedelta(0)))

    @property
    def settings(self) -> Settings:
        return replace(super().settings, per_host=self.per_host)


def read(mill: Mill, **urls: str) -> None:
    """From now on these are the sources."""
    lines = "".join(f"  - {{name: {name}, url: '{url}'}}\n" for name, url in urls.items())
    mill.text = (
        "site: {title: Mill, url: 'https://mill.example/'}\n"
        f"fetch: {{allow_private_addresses: true, timeout: 5s}}\nsources:\n{lines}"
    )


def states(mill: Mill) -> dict[str, SourceState]:
    with mill.store.read() as db:
        return sources.states(db)


def titles(mill: Mill, name: str) -> set[str]:
    with mill.store.read() as db:
        return {article.title for article in articles.stored(db) if article.source == name}


def statuses(mill: Mill, *names: str, force: bool = False, revive: bool = False) -> dict[str, str]:
    return {name: done.status for name, done in mill.refresh(*names, force=force, revive=revive).items()}


def pass_time(mill: Mill, *names: str) -> None:
    """To the moment when all of these (or all there are) are due."""
    known = states(mill)
    mill.clock.moment = whole_second(max(known[name].next_fetch_at for name in names or known))


def whole_second(moment: datetime) -> datetime:
    """The first one not before `moment`: rounds begin at whole seconds."""
    return (moment + timedelta(microseconds=999_999)).replace(microsecond=0)
