"""Sources that are lists of sources (`kind: opml`): kept in sync with what they name."""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import TYPE_CHECKING

from feeds.records import Body, Source, Subscription, replace
from feeds.settings import Settings, addresses, names
from storage import Store
from storage import lists as stored

if TYPE_CHECKING:
    from feeds.parsing.subscriptions import Subscriptions

MAX_LISTED = 5_000  # of one list


def complete(store: Store, settings: Settings) -> Settings:
    """The settings with the sources that its lists name, as they were when last read."""
    parents = {source.name: source for source in settings.sources if source.kind == "opml"}
    if not parents:
        return settings
    with store.read() as db:
        lists = stored.lists(db)
    here = {source.url for source in settings.sources}
    # Whichever list gave it first, and though another one names it now.
    kept = {one.url: one.name for named in lists.values() for one in named if one.name}
    found: dict[str, tuple[Subscription, Source]] = {}  # by address, with the list
    for name, parent in parents.items():
        for one in lists.get(name, ()):
            if one.url not in here:
                found.setdefault(one.url, (replace(one, name=kept.get(one.url, "")), parent))
    called = _names([one for one, _parent in found.values()], {source.name for source in settings.sources})
    added = (_source(one, parent, settings.defaults, called[one.url]) for one, parent in found.values())
    return replace(settings, sources=(*settings.sources, *added))


def _names(found: Sequence[Subscription], taken: Set[str]) -> dict[str, str]:
    """What listed sources are called, by address: what they were called before, where nobody else is called so now."""
    kept = {one.name: one.url for one in reversed(found) if one.name and one.name not in taken}
    called = {url: name for name, url in kept.items()}
    every = taken | kept.keys()
    for one in found:
        if one.url not in called:
            called[one.url] = names.unique(names.from_url(one.url, _secrets(one)), every)
            every.add(called[one.url])
    return called


def read_list(body: Body) -> Subscriptions:
    """What a list names, each address as it can be asked. Raises ParseError where the bytes are no list."""
    from feeds.parsing import subscriptions  # parsers take their time, and most mills have no lists
    from feeds.parsing.encoding import decode

    listed = subscriptions.read(decode(body.content, charset=body.charset).text)
    good: dict[str, Subscription] = {}
    problems = list(listed.problems)
    for one in listed.found[:MAX_LISTED]:
        try:
            place = addresses.split(addresses.web_address(one.url))
        except ValueError as error:
            problems.append(f"{one.called}: {error}; left out")
        else:
            good[place.url] = replace(one, url=place.url)
            if place.auth:
                problems.append(f"{one.called}: its login was left out; name it in the config itself")
    if len(listed.found) > MAX_LISTED:
        problems.append(f"{len(listed.found)} sources, of which the first {MAX_LISTED} were taken")
    flaw = listed.flaw or ("" if good else "it names no source")
    return replace(listed, found=tuple(good.values()), problems=tuple(problems), flaw=flaw)


def _secrets(one: Subscription) -> tuple[str, ...]:
    return addresses.worth_hiding(addresses.url_secrets(one.url))


def _source(one: Subscription, parent: Source, defaults: Source, name: str) -> Source:
    """A listed source: it is asked as its list is, and knows nothing of its list's passwords and privileges."""
    return replace(
        defaults,
        name=name,
        kind="http",
        url=one.url,
        listed_by=parent.name,
        secrets=addresses.longest_first({*defaults.secrets, *_secrets(one)}),
        categories=tuple(dict.fromkeys((*parent.categories, *one.categories))),
        timezone=parent.timezone,
        interval=parent.interval,
        schedule=parent.schedule,
        max_interval=parent.max_interval,
        timeout=parent.timeout,
        max_size=parent.max_size,
        keep=parent.keep,
        keep_for=parent.keep_for,
    )
