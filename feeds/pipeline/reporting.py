"""The weekly report: which sources need a person, as a feed of its own. Errors never become articles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Set
from datetime import datetime, timedelta
from functools import partial
from html import escape, unescape
from types import MappingProxyType

from msgspec import Struct

from feeds.pipeline import privacy, telling
from feeds.pipeline.loose import Loose, put_loose
from feeds.publishing import WRITERS, output
from feeds.records import TAG_YEAR, Article, Dating, Feed, Source, SourceState, replace
from feeds.settings import Settings
from storage import Store, attention, held, reports, sources
from storage.held import Number
from storage.reports import Report

PATH = "status/atom.xml"
DAY, WEEK = timedelta(days=1), timedelta(days=7)
MOST_TOLD = 100  # sources in one report

FAILURES = 3  # in a row, before a failure is more than an accident
FAILURES_AT_FIRST = 10  # of a source that never answered
SILENT_AFTER = timedelta(days=60)
SILENT_GAPS = 10  # times the usual time between its articles
_ITEM = re.compile(r"<li><strong>(.*?)</strong>.*?</li>", re.DOTALL)  # as `_item` makes it
SILENT_UNDATED = timedelta(days=180)  # of a source whose usual gap is not known


class Need(Struct, frozen=True, kw_only=True):
    """A source that needs a person: what is wrong, since when, and what would help. Plain text, without secrets."""

    source: str
    wrong: str
    since: datetime | None
    help: str


def report(store: Store, settings: Settings, *, now: datetime, force: bool = False) -> bool:
    """Write the report feed; with a new report in it, where the last one is a week old and a source needs a person.

    `settings` are complete. True if there is a new report. The same reports give the same bytes; with `force` they are
    written again even where nothing has moved.
    """
    found = _new_report(store, settings, now.replace(microsecond=0))
    if found:
        with store.begin() as db:
            found = found if _is_time(reports.newest(db), now) else None  # another process may have been first
            if found:
                reports.add(db, found)
    with output.writing(settings.output):
        write(store, settings, force=force)
    return found is not None


def write(store: Store, settings: Settings, *, force: bool = False) -> None:
    """Write the report feed from what is stored; whoever calls it is `writing`. Sources that stand in a private
    category are in none of its reports, also in those from before."""
    with store.read() as db:
        kept = reports.newest(db)
    feed = _feed(settings, _without(kept, privacy.hidden(settings).sources))
    put_loose(store, settings, {PATH: Loose(shows=feed, write=partial(WRITERS["atom.xml"], feed))}, force=force)


def _without(kept: tuple[Report, ...], hidden: Set[str]) -> tuple[Report, ...]:
    names = {_plain(Source(name="", kind=""), name) for name in hidden}
    if not names:
        return kept
    public = (replace(one, content_html=_ITEM.sub(partial(_public, names), one.content_html)) for one in kept)
    return tuple(one for one in public if "<li>" in one.content_html)


def _public(names: Set[str], item: re.Match[str]) -> str:
    return "" if unescape(item[1]) in names else item[0]


def needs(
    settings: Settings,
    failing: tuple[SourceState, ...],
    silent: tuple[SourceState, ...],
    now: datetime,
    numbers: Mapping[str, Number] = MappingProxyType({}),
    doubted: Mapping[str, Dating] = MappingProxyType({}),
) -> list[Need]:
    """What a person should look at, the worst first; each thing only once it has stood for a day or longer."""
    hidden = privacy.hidden(settings).sources
    by_name = {source.name: source for source in settings.sources if source.name not in hidden}
    both = ((by_name[state.name], state) for state in failing if state.name in by_name)
    found = [need for source, state in both if (need := _failing(source, state, now))]
    told = {need.source for need in found}
    quiet = ((by_name[state.name], state) for state in silent if state.name in by_name and state.name not in told)
    found += [need for source, state in quiet if (need := _silent(source, state, now))]
    found += [_held(by_name[name], number) for name, number in sorted(numbers.items()) if name in by_name]
    dated = ((by_name[name], dating) for name, dating in sorted(doubted.items()) if name in by_name)
    return found + [need for source, dating in dated if (need := _doubted(source, dating, now))]


def _new_report(store: Store, settings: Settings, now: datetime) -> Report | None:
    with store.read() as db:
        if not _is_time(reports.newest(db), now):
            return None
        failing, silent = attention.failing(db), attention.silent(db, since=now - SILENT_AFTER)
        numbers, doubted = held.numbers(db), sources.doubted(db)
    found = needs(settings, failing, silent, now, numbers, doubted)
    return Report(written_at=now, title=_title(len(found), now), content_html=_html(found)) if found else None


def _is_time(kept: tuple[Report, ...], now: datetime) -> bool:
    # One that lies ahead was written by a clock that was wrong.
    return not kept or not timedelta(0) <= now - kept[0].written_at < WEEK


def _failing(source: Source, state: SourceState, now: datetime) -> Need | None:
    where = f", or take it out of the config: feedmill remove {source.name}"
    if source.listed_by:
        where = f" in the list {source.listed_by}, or take it out there"
    if state.standing != "active":
        if not _stood(state.last_fetch_at, now, DAY):  # its first hour may be a mistake in the config
            return None
        why = f"{telling.not_asked(state)}{_said(state)}, and not asked any more"
        help_ = f"Give it a new url{where}. feedmill fetch --force {source.name} asks once more."
        return _need(source, why, state.last_fetch_at, help_)
    is_accident = state.failures < (FAILURES if state.last_success_at else FAILURES_AT_FIRST)
    if is_accident or not _stood(state.last_success_at, now, WEEK):
        return None
    why = f"failed {state.failures} times in a row{_said(state)}"
    return _need(source, why, state.last_success_at, f"Look at its address{where}.")


def _said(state: SourceState) -> str:
    return f" ({state.problem})" if state.problem else ""


def _silent(source: Source, state: SourceState, now: datetime) -> Need | None:
    gap = state.rhythm.gap
    usual = max(SILENT_AFTER, SILENT_GAPS * gap) if gap is not None else SILENT_UNDATED
    if source.kind != "http" or not state.last_new_at or not _stood(state.last_new_at, now, usual):
        return None
    help_ = "Look at its site: it may have ended, or have a feed elsewhere. A source that is left alone costs little."
    return _need(source, "answers, and has had nothing new", state.last_new_at, help_)


def _held(source: Source, number: Number) -> Need:
    what = "1 old article" if number.articles == 1 else f"{number.articles} old articles"
    help_ = f"feedmill held {source.name} lists them; feedmill release publishes them, feedmill drop throws them away."
    return _need(source, f"{what} came as new and are held", number.since, help_)


def _doubted(source: Source, dating: Dating, now: datetime) -> Need | None:
    wrong, setting = telling.doubt(source, dating)
    if not wrong or not _stood(dating.since, now, DAY):
        return None
    help_ = f"In its config {setting} says so for good; dates: believe takes them as they are."
    return _need(source, wrong, dating.since, help_)


def _stood(since: datetime | None, now: datetime, long: timedelta) -> bool:
    """Whether it has been so for long; a moment that lies ahead is a wrong clock's."""
    return since is None or not timedelta(0) <= now - since < long


def _need(source: Source, wrong: str, since: datetime | None, help_: str) -> Need:
    name, wrong, help_ = (_plain(source, text) for text in (source.name, wrong, help_))
    return Need(source=name, wrong=wrong, since=since, help=help_)


def _plain(source: Source, text: str) -> str:
    """On one line, without secrets, of characters that XML has."""
    return "".join(character if character.isprintable() else " " for character in source.redact(text))


def _title(count: int, now: datetime) -> str:
    year, week, _day = now.isocalendar()
    who = "1 source needs you" if count == 1 else f"{count} sources need you"
    return f"{who}: week {week} of {year}"


def _html(found: list[Need]) -> str:
    items = "".join(map(_item, found[:MOST_TOLD]))
    more = len(found) - MOST_TOLD
    rest = f"<p>And {more} more: <code>feedmill sources</code> lists them all.</p>" if more > 0 else ""
    return f"<ul>{items}</ul>{rest}"


def _item(need: Need) -> str:
    since = f" since {need.since:%Y-%m-%d}" if need.since else ""
    return f"<li><strong>{escape(need.source)}</strong>: {escape(need.wrong)}{since}. {escape(need.help)}</li>"


def _feed(settings: Settings, kept: tuple[Report, ...]) -> Feed:
    site = settings.site
    prefix = f"tag:{site.authority},{TAG_YEAR}:report"
    return Feed(
        id=prefix,
        title=f"{site.title}: sources that need you",
        folder_url=f"{site.url}status/",
        site_title=site.title,
        site_url=site.url,
        page_url=site.url,  # a page of its own has it only where our server runs
        language="en",
        articles=tuple(_articles(prefix, kept)),
    )


def _articles(prefix: str, kept: tuple[Report, ...]) -> Iterator[Article]:
    for one in kept:
        told = f"{one.written_at:%Y-%m-%dT%H:%M:%SZ}"
        yield Article(
            source="",
            guid=told,
            title=one.title,
            content_html=one.content_html,
            published=one.written_at,
            updated=one.written_at,
            date_from="published",
            language="en",
            atom_id=f"{prefix}/{told}",
        )
