"""Days among awkward origins: a feedmill that is run for so long, and the record of what it asked.

Time is simulated: the clock stands still during a round, and the origin reads the same clock.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path

from awkward_hosts import Hosts
from awkward_origin import DAY, HOUR, NONE, Asked, Site, Validators
from builders import MONDAY, config
from clocks import WebClock
from feeds import pipeline, settings
from feeds.records import Refresh
from storage import Store, articles, open_store, sources

NEVER = MONDAY + 1000 * DAY
LONGEST = 7 * DAY  # that a source may ask to be left alone


def kind_of(name: str) -> str:
    return name.rpartition("-")[0]


@dataclass
class Mill:
    """A feedmill that is run for days."""

    folder: Path
    hosts: Hosts
    clock: WebClock
    chance: random.Random
    store: Store = field(init=False)
    settings: settings.Settings = field(init=False)
    unfinished: set[tuple[str, datetime]] = field(default_factory=set)  # asked perhaps, when a round was broken off

    def __post_init__(self) -> None:
        lines = [
            f"  - {{name: {name}, url: '{self.hosts.url(site)}#part'}}"
            for site in self.hosts.sites.values()
            for name in ([site.name, f"{site.name}-again"] if kind_of(site.name) == "twice" else [site.name])
        ]
        text = "fetch: {allow_private_addresses: true, per_host: {spacing: 0s}}\nsources:\n" + "\n".join(lines)
        self.settings = settings.load(config(self.folder, text), environ={})
        self.open()

    def open(self) -> None:
        self.store = open_store(f"sqlite:///{self.folder}/feedmill.db")

    def restart(self) -> None:
        self.store.close()
        self.open()

    def round(self, names: Sequence[str] = (), *, stop_after: int | None = None) -> list[Refresh]:
        """One round, of all sources or those named; broken off after so many refreshes."""
        wanted = [source for source in self.settings.sources if not names or source.name in names]
        started = pipeline.start_round(self.store, self.settings, wanted, clock=self.clock)
        done: list[Refresh] = []
        waiting = {refresh.source for refresh in started.waiting}
        with closing(started.refreshes) as refreshes:
            for refresh in refreshes:
                done.append(refresh)
                if len(done) == stop_after:
                    self.unfinished |= {
                        (source.name, self.clock.moment) for source in wanted if source.name not in waiting
                    } - {(each.source, self.clock.moment) for each in done}
                    break
        self.hosts.settle()
        return done

    def live(self, span: timedelta, tick: timedelta) -> None:
        """A tick after the other; restarts, one-off commands and ends of the process in between, at random."""
        end = self.clock.moment + span
        while self.clock.moment < end:
            self.round(stop_after=self.chance.randint(1, 20) if self.chance.random() < 0.1 else None)
            if self.chance.random() < 0.1:
                self.restart()
            if self.chance.random() < 0.3:
                self.clock.moment += tick / 2
                names = [source.name for source in self.settings.sources]
                self.round(self.chance.sample(names, self.chance.randint(1, len(names) // 3)))
                self.clock.moment -= tick / 2
            self.clock.moment += tick


@dataclass(frozen=True)
class Lived:
    """What is left of the days: who was asked what and when, and what is in the store."""

    asked: tuple[Asked, ...]
    sites: tuple[Site, ...]
    unfinished: frozenset[tuple[str, datetime]]
    stored: dict[str, list[str]]  # guids by source
    standing: dict[str, str]
    moved_to: dict[str, str]

    def visits(self, site: Site) -> list[list[Asked]]:
        """A site's requests, those of one moment together."""
        mine = [each for each in self.asked if each.site is site]
        return [list(same) for _moment, same in groupby(mine, key=lambda each: each.at)]

    def each_visit(self) -> Iterator[tuple[Site, list[list[Asked]]]]:
        return ((site, self.visits(site)) for site in self.sites)

    def named(self, kind: str) -> list[Site]:
        return [site for site in self.sites if kind_of(site.name) == kind]

    def was_broken_off(self, visit: Sequence[Asked]) -> bool:
        return (visit[0].site.name, visit[0].at) in self.unfinished


def live(folder: Path, made: Sequence[Site], *, span: timedelta, tick: timedelta) -> Lived:
    clock = WebClock()
    with Hosts(made, now=clock.now) as hosts:
        mill = Mill(folder, hosts, clock, random.Random(17))
        try:
            mill.live(span, tick)
            with mill.store.read() as db:
                guids = defaultdict(list)
                for article in articles.stored(db):
                    guids[article.source].append(article.guid)
                states = sources.states(db)
        finally:
            mill.store.close()
        return Lived(
            asked=tuple(hosts.asked),
            sites=tuple(made),
            unfinished=frozenset(mill.unfinished),
            stored=guids,
            standing={name: state.standing for name, state in states.items()},
            moved_to={name: state.moved_to for name, state in states.items() if state.move_is_proven},
        )


def shown(visit: Sequence[Asked]) -> str:
    first = visit[0]
    return f"{first.site.name} at {first.at - MONDAY}: {[(each.target, each.reply.status) for each in visit]}"


def held_after(held: Validators, asked: Asked) -> Validators:
    """The validators a client has after an answer, having had `held` before."""
    reply = asked.reply
    if not reply.is_readable:
        return held
    if reply.status == 304:
        return reply.validators[0] or held[0], reply.validators[1] or held[1]
    return reply.validators


def sent(asked: Asked) -> Validators:
    return asked.header("if-none-match"), asked.header("if-modified-since")


def unfaithful(lived: Lived, site: Site) -> Iterator[list[Asked]]:
    """Visits that did not send back exactly the latest validators, both of them, at every hop."""
    possible = {NONE}
    for visit in lived.visits(site):
        if any(sent(each) not in possible for each in visit):
            yield visit
        held = sent(visit[-1])
        after = held_after(held, visit[-1])
        possible = {after, held} if lived.was_broken_off(visit) else {after}


def is_known_to_offer_none(visits: Sequence[list[Asked]]) -> bool:
    readable = [each for visit in visits for each in visit if each.reply.is_readable]
    return bool(readable) and held_after(sent(readable[-1]), readable[-1]) == NONE


def free_at(lived: Lived, visits: Sequence[list[Asked]]) -> datetime:
    """The earliest moment for the next visit, after these."""
    last, site = visits[-1][-1], visits[-1][-1].site
    if lived.was_broken_off(visits[-1]):  # perhaps its answer was not waited for
        return last.at + HOUR
    if last.reply.status == 410:
        return NEVER
    floor = DAY if is_known_to_offer_none(visits) else HOUR
    if last.reply.is_readable:
        floor = max(floor, site.ttl)
    return last.at + max(floor, min(last.reply.stay_away, LONGEST))
