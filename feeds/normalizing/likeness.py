"""Which articles tell one story: bands to find those that may, a comparison of two to be sure.

A MinHash of an article's text has a few dozen slots: of two texts, the share of equal slots is about the share of
shingles that they have in common. Bands of it are keys of an index: texts that are much alike have one in common,
others practically never, so that a new article is compared with a few others, however many the store holds. An excerpt
has few of the shingles of the whole text, so keys of how a text opens stand beside them.

Bands are stored, so what they are made of is for ever: articles with bands made otherwise are not found any more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import timedelta
from hashlib import blake2b
from itertools import accumulate, pairwise
from operator import mul
from typing import Final

from msgspec import Struct

from feeds.normalizing.tellings import Telling, figures, hashes_of, is_figure, is_unspaced, shingles, weight

SLOTS: Final = 64  # of which only so many are used as the bands need: with fewer, stored bands would not be found
ROWS: Final = 4  # slots that make a band
BANDS: Final = 8  # of which texts with a Jaccard of 0.8 share one in 98 of 100 cases, those with 0.7 in 89
OPENING: Final = 64  # tokens a text opens with
PHRASE: Final = 10  # tokens that a key of the opening stands for
PHRASES: Final = 3  # keys of the opening

ALIKE: Final = 0.75  # of the shorter text's shingles stand in the longer one, where the titles agree
ALIKE_BUT_TITLE: Final = 0.8  # where they do not,
WHOLE: Final = 0.6  # and of all shingles of both: a digest holds whole articles, and is none of them
UNLIKE: Final = 0.2  # two texts with less in common are two articles, whatever else they share
SAME_SOURCE: Final = 0.85  # of all shingles of both, for articles of one source
RETITLED: Final = 0.97
LONG: Final = 4  # letters: shorter words stand in any text
SUBSTANTIAL: Final = 150  # words: a source that repeats a text of that size repeats an article, not its form
TITLE_SAYS_ENOUGH: Final = 4  # words that number nothing: fewer may be the title of a series
NAMES_ONE: Final = 3  # words: fewer ("Hello world") are many an article's title

_NONE = 1 << 30  # more than any hash of a shingle
_WEIGHTS = (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93)  # of a band's slots
_63 = (1 << 63) - 1


class Likeness(Struct, frozen=True, kw_only=True):
    """Whether two articles tell one story, and why. True where they do."""

    is_same: bool
    score: float  # 0 to 1: what of the shorter text stands in the other one, else how sure we are
    reason: str  # in words

    def __bool__(self) -> bool:
        return self.is_same


def bands(one: Telling) -> tuple[int, ...]:
    """Keys of 63 bits: articles that tell one story at length have at least one in common. None for a short text."""
    if one.is_short:
        return ()
    rows = _rows(_minima(shingles(one.tokens)))
    return tuple(dict.fromkeys((*_phrases(one.tokens), *rows)))


def title_key(title: tuple[str, ...]) -> int:
    """A key of 63 bits by which articles with one title are found, from its tokens; 0 where it says too little."""
    return _key(" ".join(title).encode()) if _is_telling_title(title) else 0


def is_same_story(one: Telling, other: Telling) -> Likeness:
    """Whether they are one article, told twice. What cannot be told for sure is two."""
    if are_parts(figures(one.title), figures(other.title)):
        return _different("their titles name other numbers or dates")
    if one.link and one.link == other.link:
        return _by_link(one, other)
    if one.is_short or other.is_short:
        return _by_title(one, other)
    return _of_one_source(one, other) if one.source == other.source else _across_sources(one, other)


def are_parts(mine: Set[str], theirs: Set[str]) -> bool:
    """Whether articles whose titles have these figures are two, whatever their texts say: parts of a series, or days of
    one form."""
    return bool(mine - theirs and theirs - mine)


def _by_link(one: Telling, other: Telling) -> Likeness:
    common = _containment(one, other)
    if common < UNLIKE and not (one.is_short or other.is_short):
        return _different("one address, but other texts", common)
    if one.source != other.source or _titles_agree(one.title, other.title):
        return _same("one address", 1.0)
    # A changelog may give one address to all of its entries.
    if one.is_short or other.is_short or common < SAME_SOURCE:
        return _different("one source gives this address to articles with other titles", common)
    return _same("one address and one text", common)


def _of_one_source(one: Telling, other: Telling) -> Likeness:
    """One source seldom tells a thing twice, but often fills one form: all that tells two of them apart counts."""
    common, jaccard = _containment(one, other), _jaccard(one, other)
    if _restated(one, other)[0]:
        return _different("one source's form with other figures", common)
    if _titles_agree(one.title, other.title):
        is_repeated = min(weight(one.tokens), weight(other.tokens)) >= SUBSTANTIAL
        if jaccard >= SAME_SOURCE and (is_repeated or _apart(one, other) <= timedelta(hours=36)):
            return _same("one title and one text", common)
        return _different("one source's articles with one title", common)
    is_dated = one.published is not None and one.published == other.published
    if is_dated and jaccard >= RETITLED and _is_extended(one, other) and not _is_replaced(one, other):
        return _same("one text and one date, and a title that was made longer", common)
    return _different("one source's articles with other titles", common)


def _across_sources(one: Telling, other: Telling) -> Likeness:
    common = _containment(one, other)
    restated, stated = _restated(one, other)
    if (restated > 1 and restated > 0.25 * stated) or restated == stated == 1:
        return _different("the same words with other figures", common)
    if _is_renamed(one, other):
        return _different("the same words about other names", common)
    if _titles_agree(one.title, other.title):
        if _is_notice(one, other) and weight(one.title) < NAMES_ONE:
            return _different("one title, of which the text says nothing", common)
        return _same("one title, and texts alike", common) if common >= ALIKE else _different("other texts", common)
    if common < ALIKE_BUT_TITLE or _jaccard(one, other) < WHOLE:
        return _different("other titles, and texts not alike enough", common)
    if _is_notice(one, other):
        return _different("other titles, of which the text says nothing", common)
    if _title_speaks_of_own(one, other) and _title_speaks_of_own(other, one):
        return _different("each title speaks of what only its own text has", common)
    return _same("one text under two titles", common)


def _by_title(one: Telling, other: Telling) -> Likeness:
    """Where there is too little text, the title and the date must do."""
    if one.title != other.title or not _is_telling_title(one.title):
        return _different("too little text, and no title that says enough")
    if one.published is None or other.published is None or _apart(one, other) > timedelta(hours=48):
        return _different("one title, but no dates that agree")
    if one.tokens and other.tokens and _words_in_common(one, other) < 0.5:
        return _different("one title, but other texts")
    if _restated(one, other)[0]:
        return _different("one title, but other figures")
    return _same("one title and about one date", 0.9)


def _same(reason: str, score: float) -> Likeness:
    return Likeness(is_same=True, score=round(score, 3), reason=reason)


def _different(reason: str, score: float = 0.0) -> Likeness:
    return Likeness(is_same=False, score=round(score, 3), reason=reason)


def _containment(one: Telling, other: Telling) -> float:
    mine, theirs = one.shingles, other.shingles
    return len(mine & theirs) / (min(len(mine), len(theirs)) or 1)


def _jaccard(one: Telling, other: Telling) -> float:
    mine, theirs = one.shingles, other.shingles
    return len(mine & theirs) / (len(mine | theirs) or 1)


def _words_in_common(one: Telling, other: Telling) -> float:
    mine, theirs = set(one.tokens), set(other.tokens)
    return len(mine & theirs) / (min(len(mine), len(theirs)) or 1)


def _apart(one: Telling, other: Telling) -> timedelta:
    """The time between them; none where one of them is undated."""
    if one.published is None or other.published is None:
        return timedelta()
    return abs(one.published - other.published)


def _titles_agree(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """They are one title, or one of them has something before or behind it, as the name of its site."""
    shorter, longer = sorted((one, other), key=len)
    if shorter == longer:
        return bool(shorter)
    is_part = longer[: len(shorter)] == shorter or longer[-len(shorter) :] == shorter
    return is_part and _is_telling_title(shorter) and not any(map(is_figure, _rest(longer, shorter)))


def _is_extended(one: Telling, other: Telling) -> bool:
    """Whether all words of one title stand in the other one."""
    mine, theirs = set(one.title), set(other.title)
    return bool(mine and theirs) and (mine <= theirs or theirs <= mine)


def _rest(longer: tuple[str, ...], shorter: tuple[str, ...]) -> tuple[str, ...]:
    return longer[len(shorter) :] if longer[: len(shorter)] == shorter else longer[: -len(shorter)]


def _is_telling_title(title: tuple[str, ...]) -> bool:
    return weight(tuple(token for token in title if not is_figure(token))) >= TITLE_SAYS_ENOUGH


def _title_speaks_of_own(one: Telling, other: Telling) -> bool:
    only_mine = set(one.title) - set(other.title)
    return bool(only_mine & set(one.tokens) - set(other.tokens))


def _is_renamed(one: Telling, other: Telling) -> bool:
    """Whether each has a name of its own, more than once, and they stand behind the same words: one form, filled in
    twice. A copy that was edited seldom changes one word into another throughout."""
    mine, theirs = _own_names(one, other), _own_names(other, one)
    return bool(_by_context(one.tokens, mine).keys() & _by_context(other.tokens, theirs).keys())


def _own_names(one: Telling, other: Telling) -> set[str]:
    theirs = set(other.tokens)
    return {token for token, count in Counter(one.tokens).items() if count > 1 and token not in theirs}


def _is_replaced(one: Telling, other: Telling) -> bool:
    """Whether each has words that the other has not: one is then no extract of the other."""
    mine, theirs = set(one.tokens), set(other.tokens)
    return bool(mine - theirs and theirs - mine)


def _restated(one: Telling, other: Telling) -> tuple[int, int]:
    """How often the two put different figures behind the same words, and how often they put any figures there."""
    mine, theirs = (_by_context(each.tokens, figures(each.tokens)) for each in (one, other))
    shared = mine.keys() & theirs.keys()
    return sum(1 for context in shared if not mine[context] & theirs[context]), len(shared)


def _is_notice(one: Telling, other: Telling) -> bool:
    """Whether what they have in common is brief and speaks of neither title: a request to subscribe, a show's notes."""
    if min(weight(one.tokens), weight(other.tokens)) >= SUBSTANTIAL:
        return False
    said = _terms(one.tokens) & _terms(other.tokens)
    return not (_terms(one.title) | _terms(other.title)) & said


def _terms(tokens: tuple[str, ...]) -> set[str]:
    """What a text may be about: longer words, and pairs of characters of an unspaced script."""
    pairs = (f"{a}{b}" for a, b in pairwise(tokens) if is_unspaced(a) and is_unspaced(b))
    return {token for token in tokens if len(token) >= LONG} | set(pairs)


def _by_context(tokens: tuple[str, ...], wanted: Set[str]) -> dict[tuple[str, str], set[str]]:
    """Those tokens by the two that stand before them."""
    found: dict[tuple[str, str], set[str]] = {}
    for before, last, token in zip(("", "", *tokens), ("", *tokens), tokens, strict=False):
        if token in wanted:
            found.setdefault((before, last), set()).add(token)
    return found


def _phrases(tokens: tuple[str, ...]) -> list[int]:
    """Keys of the phrases that a text opens with: of all, those with the least hashes, so that two openings that do
    not begin at the same word have some of them in common."""
    opening = tokens[:OPENING]
    sums = (0, *accumulate(hashes_of(opening)))
    windows = {end - start & 0xFFFFFFFF: at for at, (start, end) in enumerate(zip(sums, sums[PHRASE:], strict=False))}
    return [_key(" ".join(opening[at : at + PHRASE]).encode()) for _hash, at in sorted(windows.items())[:PHRASES]]


def _minima(hashes: Iterable[int]) -> list[int]:
    """The least hash in each slot of the bands: one hash of a shingle both chooses its slot and stands in it (one
    permutation hashing); a slot that none has chosen borrows from another, which its number alone determines."""
    least = [_NONE] * SLOTS
    for value in hashes:
        if value < least[value % SLOTS]:
            least[value % SLOTS] = value
    needed = enumerate(least[: BANDS * ROWS])
    return [_borrowed(slot, least) if value == _NONE else value for slot, value in needed]


def _borrowed(slot: int, least: Sequence[int]) -> int:
    step = 2 * slot + 1  # which is odd, so that it comes by all slots
    return next(value for at in range(SLOTS) if (value := least[(slot + at * step) % SLOTS]) != _NONE)


def _rows(slots: Sequence[int]) -> Iterator[int]:
    for start in range(0, len(slots), ROWS):
        yield sum(map(mul, slots[start : start + ROWS], _WEIGHTS), start) & _63


def _key(word: bytes) -> int:
    """63 bits, the same on every machine and for ever."""
    return int.from_bytes(blake2b(word, digest_size=8).digest()) & _63
