"""Entries that come back under new ids: which stored articles they are.

A site moves, changes its permalinks, its guids or their scheme, or makes them up at each request: to whoever goes by
guids alone every entry is new. So an entry of an unknown guid is compared with the articles of its source that its
document does not name: by address, by date with text or title, then by text. Each word must be one article's alone, on
both sides: an address that several share, such as that of a changelog, says nothing. What cannot be told for sure is
new.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Container, Hashable, Iterable, Sequence
from datetime import datetime
from functools import cached_property
from typing import Final, NamedTuple, TypeAlias, TypeVar

from msgspec import Struct

from feeds.normalizing import likeness, links
from feeds.normalizing.tellings import Telling, figures, telling_of, tokens_of
from feeds.normalizing.text import text_of
from feeds.records import Alias, Article, Known, are_of_other_dates, replace

MOST_COMPARED: Final = 20  # articles with a text that may be alike, the newest

_T = TypeVar("_T")
_PICTURE = re.compile(r'<(?:img|audio|video|source) [^>]*?\bsrc="([^"?#]*)')


class _Read(Struct, frozen=True, kw_only=True, dict=True):
    """An article, and what it is compared by; each made when it is asked for, as most are told by their address."""

    article: Article

    @cached_property
    def telling(self) -> Telling:
        return replace(telling_of(self.article), link="")

    @cached_property
    def title(self) -> tuple[str, ...]:
        return tokens_of(self.article.title)

    @cached_property
    def words(self) -> tuple[object, ...]:
        """Equal where a reader would see no difference, wherever its pictures and enclosures lie now."""
        html = (self.article.summary_html, self.article.content_html)
        pictures = (_file(address) for each in html for address in _PICTURE.findall(each))
        attached = (_file(enclosure.url) for enclosure in self.article.enclosures)
        return (self.article.title, *map(text_of, html), *pictures, "", *attached)

    @property
    def says_something(self) -> bool:
        return any(self.words[1:])

    @cached_property
    def said(self) -> datetime | None:
        return self.article.said

    @property
    def is_dated(self) -> bool:
        return self.said is not None


Pair: TypeAlias = tuple[_Read, _Read]  # that came, that is stored


def match(
    arrived: Sequence[Article],
    stored: Sequence[Article],
    *,
    present: Container[str],
    is_thorough: bool = False,
    is_news: bool = False,
) -> tuple[Alias, ...]:
    """Those of `arrived`, entries of unknown guids, that are one of `stored`, articles of the same source.

    `present` are the guids of the articles that the document names: none of these is meant. Where so many entries are
    new that it can hardly be news, a `thorough` look is worth its time, and less is proof enough. Where it `is_news` by
    its date, a text that is alike proves nothing.
    """
    mine, theirs = [[_Read(article=article) for article in side] for side in (arrived, stored)]
    found: dict[str, Alias] = {}
    for proof in _THOROUGH if is_thorough else _USUAL:
        left, taken = [each for each in mine if each.article.guid not in found], {alias.of for alias in found.values()}
        for came, old in _pairs(left, theirs, proof):
            if old.article.guid not in taken and old.article.guid not in present and proof.check(came, old):
                found[came.article.guid] = _alias(came, old, proof.reason)
    left = [each for each in mine if each.article.guid not in found and not is_news]
    taken = {alias.of for alias in found.values()}
    absent = [each for each in theirs if each.article.guid not in taken and each.article.guid not in present]
    for came, old in _alike(left, absent, is_thorough=is_thorough):
        found.setdefault(came.article.guid, _alias(came, old, "the same text"))
    return tuple(found.values())


def match_gone(arrived: Sequence[Article], gone: Sequence[Known], *, present: Container[str]) -> tuple[Alias, ...]:
    """Those of `arrived` that are articles which are gone, by address and title, or by a title that tells enough, where
    their dates do not say that it is a column's."""
    absent = [each for each in gone if each.guid not in present]
    found: dict[str, Alias] = {}
    by_page, by_title = _grouped(absent, _gone_page), _grouped(absent, lambda one: one.title)
    arrived_by_title = _grouped(arrived, lambda one: one.title)
    for article in arrived:
        same = by_page.get((links.comparable(article.url), article.title), [])
        if same and links.comparable(article.url):
            found[article.guid] = Alias(guid=article.guid, of=same[0].guid, reason="the same address and title")
            continue
        same = by_title.get(article.title, []) if article.title_key else []
        is_alone = len(same) == 1 and len(arrived_by_title[article.title]) == 1
        if is_alone and not are_of_other_dates(article.said, same[0].said):
            found[article.guid] = Alias(guid=article.guid, of=same[0].guid, reason="the same title")
    return tuple(found.values())


def _gone_page(one: Known) -> Hashable:
    return (links.comparable(one.url), one.title)


class _Proof(NamedTuple):
    """What shows that two are one article."""

    reason: str
    word: Callable[[_Read], Hashable]  # what an article is known by; None where it has no such thing
    check: Callable[[_Read, _Read], bool]
    may_have_copies: bool = True  # that count as one
    sign: Callable[[_Read], Hashable] = lambda _one: None  # what those of one word have in common, and is read for less


def _alias(came: _Read, old: _Read, reason: str) -> Alias:
    is_readdressed = came.words == old.words
    return Alias(guid=came.article.guid, of=old.article.guid, reason=reason, is_readdressed=is_readdressed)


def _pairs(arrived: Sequence[_Read], stored: Sequence[_Read], proof: _Proof) -> Iterable[Pair]:
    """Those that have one word, which is theirs alone."""
    signs = {proof.sign(each) for each in arrived} & {proof.sign(each) for each in stored}
    arrived, stored = ([each for each in side if proof.sign(each) in signs] for side in (arrived, stored))
    theirs = _grouped(stored, proof.word)
    for key, mine in _grouped(arrived, proof.word).items():
        same = theirs.get(key, [])
        is_one = len(mine) == len(same) == 1 or (proof.may_have_copies and _are_copies(mine) and _are_copies(same))
        if key is not None and same and is_one:
            yield from ((each, same[0]) for each in mine)


def _are_copies(same: Sequence[_Read]) -> bool:
    """Whether nobody can tell them apart, as where a store was flooded before it had a guard."""
    return len({each.words for each in same}) == 1


def _grouped(values: Iterable[_T], word: Callable[[_T], Hashable]) -> dict[Hashable, list[_T]]:
    groups: dict[Hashable, list[_T]] = defaultdict(list)
    for value in values:
        groups[word(value)].append(value)
    return groups


def _page(one: _Read) -> Hashable:
    return links.comparable(one.article.url) or None


def _text_and_date(one: _Read) -> Hashable:
    """A long text tells an article whatever its title is now."""
    words = one.words if one.telling.is_short else one.words[1:]
    return (one.said, words) if one.is_dated and one.says_something else None


def _title_and_date(one: _Read) -> Hashable:
    return (one.said, one.title) if one.is_dated and one.title else None


def _date(one: _Read) -> Hashable:
    return one.said


def _long_or_undated_text(one: _Read) -> Hashable:
    """A column may say the same in few words each day, and is dated then."""
    if one.telling.is_short and (one.is_dated or not (one.article.title_key or one.says_something)):
        return None
    return one.words


def _is_same_page(came: _Read, old: _Read) -> bool:
    """One address may show another article every day: what it says, or when, must speak for one."""
    if came.words == old.words:
        return True
    if came.is_dated and old.is_dated and came.said != old.said:
        return _tells_the_same(came, old)
    if not came.title and not old.title:
        return came.is_dated and old.is_dated and _is_not_unlike(came, old)
    link = links.comparable(came.article.url)
    return bool(likeness.is_same_story(replace(came.telling, link=link), replace(old.telling, link=link)))


def _is_not_unlike(came: _Read, old: _Read) -> bool:
    mine, theirs = came.telling.shingles, old.telling.shingles
    return not mine or not theirs or len(mine & theirs) >= likeness.UNLIKE * min(len(mine), len(theirs))


def _tells_the_same(came: _Read, old: _Read) -> bool:
    """By its text alone. In few words one source may say the same of two things."""
    is_short = came.telling.is_short or old.telling.is_short
    return not is_short and bool(likeness.is_same_story(came.telling, old.telling))


def _are_no_parts(came: _Read, old: _Read) -> bool:
    return not likeness.are_parts(figures(came.title), figures(old.title))


def _is_certain(_came: _Read, _old: _Read) -> bool:
    return True


_USUAL = (
    _Proof("the same address", _page, _is_same_page),
    _Proof("the same text and date", _text_and_date, _are_no_parts, sign=_date),
    _Proof("the same title and date", _title_and_date, _is_not_unlike, sign=_date),
)
_THOROUGH = (*_USUAL, _Proof("the same title and text", _long_or_undated_text, _is_certain, may_have_copies=False))


def _alike(arrived: Sequence[_Read], absent: Sequence[_Read], *, is_thorough: bool) -> Iterable[Pair]:
    """Those with texts so much alike that they are one article's, as `likeness` finds and proves it; each stored one
    once."""
    by_key: dict[int, list[_Read]] = defaultdict(list)
    for old in absent if arrived else ():
        for key in _keys(old, is_thorough=is_thorough):
            by_key[key].append(old)
    taken: set[str] = set()
    for came in arrived:
        near = {old.article.guid: old for key in _keys(came, is_thorough=is_thorough) for old in by_key[key][::-1]}
        same = [old for old in list(near.values())[:MOST_COMPARED] if _tells_the_same(came, old)]
        if same and _are_copies(same) and same[0].article.guid not in taken:
            taken.add(same[0].article.guid)
            yield came, same[0]


def _keys(one: _Read, *, is_thorough: bool) -> list[int]:
    bands = likeness.bands(one.telling) if is_thorough else ()
    return [key for key in (one.article.title_key, *bands) if key]


def _file(address: str) -> str:
    """An address's last part, which stays where a file moves with its site."""
    return address.partition("?")[0].rstrip("/").rpartition("/")[2]
