"""Small charts as SVG, made for a page: bars by day. Pure; colours come from the page's style sheet, by class.

What they show is told in text, too: `title` and `desc` for who cannot see them, a title for each day under the mouse.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from markupsafe import Markup, escape
from msgspec import Struct

from feeds.records import Tally

_HEIGHT = 100  # of a chart, in its own units; the page stretches it
_STEP, _BAR = 10, 8  # from day to day, and how much of that is a bar
_LEAST = 1.5  # what is there at all is seen, however small
_ROUND = (1, 1.5, 2, 3, 4, 5, 6, 8, 10)

_SPARK_HEIGHT, _SPARK_STEP, _SPARK_BAR = 20, 4, 3
_SPARK_BASE = 15  # above it new articles, below it failures


class Bar(Struct, frozen=True):
    """A day: the parts that stand on each other, the lowest first, each with its class; and what it says in words."""

    day: date
    parts: tuple[tuple[str, float], ...]
    words: str


def bars(days: Sequence[Bar], *, key: str, title: str, told: str) -> Markup:
    """A chart of stacked bars. `key` is unlike that of any other chart of the page."""
    top = ceiling(days)
    drawn = Markup().join(_bar(number, day, top) for number, day in enumerate(days))
    return Markup(
        '<svg class="bars" viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img"'
        ' aria-labelledby="{key}-title {key}-desc">'
        '<title id="{key}-title">{title}</title><desc id="{key}-desc">{told}</desc>{drawn}</svg>'
    ).format(width=_STEP * len(days), height=_HEIGHT, key=key, title=title, told=told, drawn=drawn)


def ceiling(days: Iterable[Bar]) -> float:
    """The height of a chart in what it counts: a round number, as high as its highest bar or a little higher."""
    highest = max((sum(value for _class, value in day.parts) for day in days), default=0)
    if highest <= 0:
        return 1
    power = 10.0 ** math.floor(math.log10(highest))
    return next(each * power for each in _ROUND if each * power >= highest * (1 - 1e-9))


def spark(days: Sequence[Tally]) -> Markup:
    """One source's days: bars of new articles on a line where it answered, marks below it where it failed."""
    most = max((day.new for day in days), default=0)
    drawn = "".join(
        f'<path class="{name}" d="{path}"/>'
        for name, path in (
            ("unchanged", _line(days)),
            ("fetched", "".join(_articles(days, most))),
            ("failed", "".join(_failures(days))),
        )
        if path
    )
    width, told = _SPARK_STEP * len(days), _told(days)
    size = f'viewBox="0 0 {width} {_SPARK_HEIGHT}" width="{width}" height="{_SPARK_HEIGHT}"'
    # One for each source of a page: numbers and words of ours, and an escape of each would take half of its time.
    return Markup(f'<svg class="spark" {size} role="img"><title>{told}</title>{drawn}</svg>')  # noqa: S704


def _bar(number: int, day: Bar, top: float) -> Markup:
    drawn, y = Markup(), float(_HEIGHT)
    for name, value in day.parts:
        if value > 0:
            height = max(value / top * _HEIGHT, _LEAST)
            y = max(y - height, 0)
            size = f'x="{_STEP * number + (_STEP - _BAR) // 2}" y="{y:.4g}" width="{_BAR}" height="{height:.4g}"'
            drawn += Markup(f'<rect class="{escape(name)}" {size}/>')  # noqa: S704 - numbers, and a class of ours
    # Over its whole height, so that the mouse finds days without a bar, too.
    everywhere = Markup('<rect class="day" x="{}" width="{}" height="{}"/>').format(_STEP * number, _STEP, _HEIGHT)
    return Markup("<g><title>{}: {}</title>{}{}</g>").format(day.day.isoformat(), day.words, drawn, everywhere)


def _line(days: Sequence[Tally]) -> str:
    """Where the source answered, days in a row in one piece."""
    pieces: list[list[int]] = []
    for number, day in enumerate(days):
        if day.fetched + day.unchanged == 0:
            continue
        if pieces and pieces[-1][1] == number:
            pieces[-1][1] = number + 1
        else:
            pieces.append([number, number + 1])
    step = _SPARK_STEP
    return "".join(
        f"M{step * start} {_SPARK_BASE}h{step * (end - start)}v1h-{step * (end - start)}z" for start, end in pieces
    )


def _articles(days: Sequence[Tally], most: int) -> Iterator[str]:
    for number, day in enumerate(days):
        if day.new > 0:
            height = max(day.new / most * _SPARK_BASE, _LEAST)
            yield f"M{_SPARK_STEP * number} {_SPARK_BASE}v-{height:.3g}h{_SPARK_BAR}v{height:.3g}z"


def _failures(days: Sequence[Tally]) -> Iterator[str]:
    return (
        f"M{_SPARK_STEP * number} {_SPARK_BASE + 2}h{_SPARK_BAR}v3h-{_SPARK_BAR}z"
        for number, day in enumerate(days)
        if day.failed
    )


def _told(days: Sequence[Tally]) -> str:
    new, failed = sum(day.new for day in days), sum(day.failed > 0 for day in days)
    if not any(day.asked for day in days):
        return f"not asked in {len(days)} days"
    troubles = f", failures on {failed} of them" if failed else ""
    return f"{new:,} new in {len(days)} days{troubles}"
