"""The page that tells how the sources are: what it may be asked for, what it shows, and the page itself. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlencode

from jinja2 import Template
from markupsafe import Markup
from msgspec import Struct

from feeds.errors import NotFoundError
from feeds.publishing import charts, markup, templates, theming
from feeds.publishing.charts import Bar
from feeds.publishing.cleaning import IN_PAGES
from feeds.publishing.pages import SECURITY_POLICY
from feeds.records import Tally

ROWS = 200  # on a page
# What a source may be, the worst first, with what that means.
STATES = {
    "failing": "failed when it was last asked",
    "parked": "was not there so often that it is not asked any more",
    "gone": "said that it is gone, and is not asked any more",
    "never read": "the store does not know it yet",
    "active": "is asked when it is due",
}
ALL = "all"


class Column(Struct, frozen=True):
    """A column of the table that it can be sorted by; `order` is how it is at first."""

    title: str
    order: str = "ascending"
    is_number: bool = False


COLUMNS = {
    "source": Column("Source"),
    "state": Column("State"),
    "success": Column("Last success", "descending"),
    "next": Column("Next fetch"),
    "failures": Column("Failures", "descending", is_number=True),
    "articles": Column("Articles", "descending", is_number=True),
    "week": Column("A week", "descending", is_number=True),
    "problem": Column("Last problem"),
}
ORDERS = ("ascending", "descending")


class Wish(Struct, frozen=True, kw_only=True):
    """Which sources are to be shown, and in which order."""

    sort: str = "state"  # one of COLUMNS
    order: str = "ascending"
    show: str = ALL  # or one of STATES
    page: int = 1

    def address(self, **changes: Any) -> str:
        """The query of the page that differs in this, as short as it can be; of another order or choice the first."""
        wish: dict[str, Any] = {"sort": self.sort, "order": self.order, "show": self.show, "page": 1} | changes
        if wish["order"] == COLUMNS[wish["sort"]].order:
            del wish["order"]
        usual = {"sort": "state", "show": ALL, "page": 1}
        said = {name: value for name, value in wish.items() if value != usual.get(name)}
        return f"?{urlencode(said)}" if said else "./"

    def sorted_by(self, column: str) -> str:
        """The query for another order: by this column, or the other way round."""
        if column == self.sort:
            return self.address(order=ORDERS[self.order == "ascending"])
        return self.address(sort=column, order=COLUMNS[column].order)


def wish(asked: Mapping[str, str]) -> Wish:
    """What a query asks for; names that it knows nothing of say nothing.

    Raises NotFoundError for a value that there is none of.
    """
    sort = _chosen(asked, "sort", COLUMNS, "state")
    return Wish(
        sort=sort,
        order=_chosen(asked, "order", ORDERS, COLUMNS[sort].order),
        show=_chosen(asked, "show", (ALL, *STATES), ALL),
        page=_page(asked.get("page") or "1"),
    )


class Line(Struct, frozen=True, kw_only=True):
    """A source in the table, in words that people may see: without secrets."""

    name: str
    location: str
    path: str = ""  # of its own page, below the site's folder; "" where it has none
    state: str
    last_success_at: datetime | None = None
    next_fetch: datetime | str = ""
    failures: int = 0
    problem: str = ""
    articles: int = 0
    week: float | None = None  # articles; None where its entries do not tell
    days: tuple[Tally, ...] = ()


class Overview(Struct, frozen=True, kw_only=True):
    """All that the page shows."""

    title: str  # the site's
    has_home: bool  # the site has pages to lead to
    now: datetime
    counts: Mapping[str, int]  # sources by state
    articles: int
    last_fetch_at: datetime | None
    days: tuple[Tally, ...]  # all sources together, the latest last
    wish: Wish
    found: int  # sources that are asked for
    lines: tuple[Line, ...]  # those of them on this page

    @property
    def pages(self) -> int:
        return max(-(-self.found // ROWS), 1)

    @property
    def first(self) -> int:
        """The number of the first line, counted from 1."""
        return (self.wish.page - 1) * ROWS + 1


class Figure(Struct, frozen=True):
    """A chart with what stands around it."""

    title: str
    told: str
    top: str
    chart: Markup
    legend: tuple[tuple[str, str], ...] = ()  # classes, and what they mean


def write(overview: Overview) -> bytes:
    """The page, for `status/`. It has feedmill's own looks and words, whatever the theme."""
    html = _template().render(
        overview=overview,
        figures=_figures(overview.days) if any(day.asked or day.new for day in overview.days) else (),
        COLUMNS=COLUMNS,
        STATES=STATES,
        SECURITY_POLICY=SECURITY_POLICY,
        duration=duration,
        short=markup.short,
        spark=charts.spark,
    )
    return IN_PAGES.out_of(html).encode()


def assets() -> dict[str, bytes]:
    """What the page needs beside it, by name."""
    return {path.rpartition("/")[2]: content for path, content in theming.assets(None).items()}


@cache
def _template() -> Template:
    return templates.environment(None).get_template("status.html")


def _chosen(asked: Mapping[str, str], name: str, known: Sequence[str] | Mapping[str, Any], usual: str) -> str:
    value = asked.get(name) or usual
    if value not in known:
        raise NotFoundError(f"{name} is one of: {', '.join(known)}")
    return value


def _page(value: str) -> int:
    if not (value.isascii() and value.isdecimal() and len(value) <= 6 and int(value)):
        raise NotFoundError("page is a number from 1 on")
    return int(value)


def _figures(days: Sequence[Tally]) -> tuple[Figure, ...]:
    asked, new = sum(day.asked for day in days), sum(day.new for day in days)
    failed, answered = sum(day.failed for day in days), sum(day.fetched + day.unchanged for day in days)
    mean = sum(day.seconds for day in days) / answered if answered else None
    span = f"in the {len(days)} days to {days[-1].day.isoformat()}"
    legend = (("fetched", "something new"), ("unchanged", "unchanged"), ("failed", "failed"))
    return (
        _figure("Fetches a day", "fetches", f"{asked:,} {span}; {failed:,} failed", days, _outcomes, _count, legend),
        _figure("New articles a day", "articles", f"{new:,} {span}", days, _articles, _count),
        _figure(
            "Time to an answer",
            "latency",
            f"{duration(mean)} on average {span}" if mean is not None else f"no answer {span}",
            days,
            _latency,
            duration,
        ),
    )


def _figure(
    title: str,
    key: str,
    told: str,
    days: Sequence[Tally],
    bar: Callable[[Tally], Bar],
    scale: Callable[[float], str],
    legend: tuple[tuple[str, str], ...] = (),
) -> Figure:
    made = [bar(day) for day in days]
    chart = charts.bars(made, key=key, title=title, told=told)
    return Figure(title, told, scale(charts.ceiling(made)), chart, legend)


def _outcomes(day: Tally) -> Bar:
    words = f"{day.fetched:,} with something new, {day.unchanged:,} unchanged, {day.failed:,} failed"
    return Bar(day.day, (("fetched", day.fetched), ("unchanged", day.unchanged), ("failed", day.failed)), words)


def _articles(day: Tally) -> Bar:
    return Bar(day.day, (("fetched", day.new),), f"{day.new:,} new")


def _latency(day: Tally) -> Bar:
    return Bar(day.day, (("fetched", day.latency or 0),), duration(day.latency))


def _count(value: float) -> str:
    return f"{value:,g}" if value < 1_000_000 else f"{value:,.0f}"


def duration(seconds: float | None) -> str:
    """A time as people would say it: `120 ms`, `1.2 s`."""
    if seconds is None:
        return "no answer"
    if seconds < 0.9995:
        return f"{seconds * 1000:.3g} ms"
    return f"{seconds:.2g} s" if seconds < 9.95 else f"{seconds:,.0f} s"
