"""How all sources are, for the page that tells it: sorted, chosen and counted, with the days behind them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from urllib.parse import quote

from feeds.pipeline import privacy, telling
from feeds.publishing import status_page
from feeds.publishing.status_page import ALL, ROWS, STATES, Line, Overview, Wish
from feeds.records import Dating, Source, SourceState, Tally, replace
from feeds.settings import Settings
from storage import Store, held, journal, sources
from storage import overview as stored
from storage.held import Number
from storage.overview import Brief, By

DAYS = 30
WEEK = timedelta(days=7)
_BY: Mapping[str, By] = {
    "source": "name",
    "state": "state",
    "success": "last_success_at",
    "next": "next_fetch_at",
    "failures": "failures",
    "articles": "articles",
    "week": "gap",
    "problem": "problem",
}
_RANKS = {state: rank for rank, state in enumerate(STATES)}


def page(store: Store, settings: Settings, asked: Mapping[str, str], *, now: datetime) -> bytes:
    """The page of all sources, as a query asks for it. Raises NotFoundError where it asks for what there is not."""
    wish, hidden = status_page.wish(asked), privacy.hidden(settings).sources
    return status_page.write(overview(store, settings, wish, now=now, hidden=frozenset(hidden)))


def overview(
    store: Store, settings: Settings, wish: Wish, *, now: datetime, hidden: frozenset[str] = frozenset()
) -> Overview:
    """The sources in `settings`, which are complete, without those called `hidden`, which count nowhere, either.

    A dozen queries, however many sources there are.
    """
    shown = {source.name: source for source in settings.sources if source.name not in hidden}
    days = [now.date() - timedelta(days=ago) for ago in reversed(range(DAYS))]
    # They are looked at every minute, and would be all that a chart shows.
    folders = {source.name for source in settings.sources if source.kind == "folder"}
    with store.read() as db:
        briefs = _known(stored.briefs(db, _BY[wish.sort]), shown)
        found = _sorted([brief for brief in briefs if wish.show in (ALL, brief.state)], wish)
        wish = replace(wish, page=min(wish.page, max(-(-len(found) // ROWS), 1)))
        names = [brief.name for brief in found[(wish.page - 1) * ROWS : wish.page * ROWS]]
        of_each = journal.of_sources(db, names, since=days[0])
        every = journal.totals(db, since=days[0])
        aside = journal.totals(db, since=days[0], names=folders | hidden)
        unseen = journal.totals(db, since=days[0], names=hidden)
        articles = stored.number_of_articles(db) - sum(stored.numbers_of_articles(db, hidden).values())
        last_fetch_at = stored.last_fetch_at(db)
        hosts = sources.held_hosts(db)
        states = {
            name: telling.spared(hosts, shown[name], state, now) for name, state in sources.states(db, names).items()
        }
        numbers = stored.numbers_of_articles(db, names)
        held_back, doubted = held.numbers(db), sources.doubted(db, names)
        slugs = stored.published_slugs(db, names) if settings.pages else {}
    counts = Counter(brief.state for brief in briefs)
    return Overview(
        title=settings.site.title,
        has_home=settings.pages is not None,
        now=now,
        counts={state: counts[state] for state in STATES},
        articles=articles,
        last_fetch_at=last_fetch_at,
        days=tuple(_day(day, every, aside, unseen) for day in days),
        wish=wish,
        found=len(found),
        lines=tuple(
            replace(
                _line(shown[name], states.get(name), now, held_back.get(name), doubted.get(name)),
                path=f"{quote(slugs[name])}/" if name in slugs else "",
                articles=numbers.get(name, 0),
                days=tuple(of_each[name].get(day, Tally(day)) for day in days),
            )
            for name in names
        ),
    )


def _known(briefs: Iterable[Brief], shown: Mapping[str, Source]) -> list[Brief]:
    """Those that are shown; and with them what the config names and the store does not know yet."""
    known = [brief for brief in briefs if brief.name in shown]
    unread = shown.keys() - {brief.name for brief in known}
    return known + [Brief(name, "never read", None) for name in unread]


def _sorted(briefs: Iterable[Brief], wish: Wish) -> list[Brief]:
    """By what is wished, then by name; what there is nothing to sort by is last in either order."""
    by_name = sorted(briefs, key=lambda brief: (brief.name.casefold(), brief.name))
    if wish.sort == "state":
        return sorted(by_name, key=lambda brief: _RANKS[brief.state], reverse=wish.order == "descending")
    if wish.sort == "source":
        return by_name if wish.order == "ascending" else by_name[::-1]
    with_key = [brief for brief in by_name if brief.key is not None and brief.key != ""]
    without = [brief for brief in by_name if brief.key is None or brief.key == ""]
    # The longer the usual gap, the fewer articles a week.
    is_reversed = (wish.order == "descending") != (wish.sort == "week")
    return sorted(with_key, key=lambda brief: brief.key, reverse=is_reversed) + without


def _day(day: date, every: Mapping[date, Tally], aside: Mapping[date, Tally], unseen: Mapping[date, Tally]) -> Tally:
    """A day of all sources together: fetches without `aside`, articles without `unseen`."""
    nothing = Tally(day)
    whole = every.get(day, nothing)
    return replace(whole - aside.get(day, nothing), new=whole.new - unseen.get(day, nothing).new)


def _line(
    source: Source, state: SourceState | None, now: datetime, held_back: Number | None, dating: Dating | None
) -> Line:
    if state is None:
        return Line(name=source.name, location=_location(source), state="never read", next_fetch="as soon as can be")
    return Line(
        name=source.name,
        location=_location(source),
        state="failing" if state.standing == "active" and state.failures else state.standing,
        last_success_at=state.last_success_at,
        next_fetch=_next(source, state, now),
        failures=state.failures,
        problem=_without_path(
            source, telling.everything(source, state, held_back.articles if held_back else 0, dating)
        ),
        week=WEEK / state.rhythm.gap if state.rhythm.gap else None,
    )


def _next(source: Source, state: SourceState, now: datetime) -> datetime | str:
    if state.standing != "active":
        return "never"
    if source.kind == "folder":
        return "any time"
    return "now" if state.next_fetch_at is None or state.next_fetch_at <= now else state.next_fetch_at


def _location(source: Source) -> str:
    """Where it is on the web; of a folder nothing, for our machine's paths are nobody's business."""
    return source.location if source.url else "a folder"


def _without_path(source: Source, text: str) -> str:
    return text.replace(source.path, "its path") if len(source.path) > 1 else text
