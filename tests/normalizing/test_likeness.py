from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import mul
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import MONDAY, article
from feeds.normalizing.likeness import bands, is_same_story, title_key
from feeds.normalizing.links import comparable
from feeds.normalizing.tellings import MAX_TOKENS, Telling, shingles, telling, telling_of, tokens_of

PAIRS = sorted((Path(__file__).parent.parent / "pairs").glob("*.jsonl"))

CRANE = (
    "<p>The harbour board voted on Tuesday night to keep the steam crane on the east pier, ending a dispute that had "
    "lasted for most of the year. Seven members were for keeping it and two against, with one abstention.</p>"
)
KETTLE = (
    "<p>The folding kettle packs down to the size of a book, boils half a litre in four minutes, and feels sturdier than "
    "the pictures suggest. We could not test how it ages, and the makers would not say how many folds it stands.</p>"
)
BRIDGE = (
    "<p>老桥头有一把撑了四十年的大黑伞,伞下坐着修伞的陈师傅。他不挂招牌,也不问价钱,谁的伞骨断了,往他脚边一放,第二天来取就是。"
    "如今一把新伞比修一次还便宜,来的人却没有少。</p>"
)


@dataclass(frozen=True)
class Pair:
    """Two articles, and whether a person would call them one."""

    language: str
    trap: str
    same: bool
    one: Telling
    other: Telling

    @property
    def is_taken_for_one(self) -> bool:
        return bool(keys(self.one) & keys(self.other)) and bool(is_same_story(self.one, self.other))


def keys(one: Telling) -> set[object]:
    """What the store finds an article by: its address, its title, the bands of its text."""
    return {*bands(one), one.link, title_key(one.title)} - {"", 0}


def read(line: str) -> Pair:
    told: dict[str, Any] = json.loads(line)
    sources = ("one", "one" if told["same_source"] else "other")
    one, other = (tell(told[side], source) for side, source in zip(("one", "other"), sources, strict=True))
    return Pair(language=told["language"], trap=told["trap"], same=told["same"], one=one, other=other)


def tell(told: dict[str, str], source: str) -> Telling:
    moment = datetime.fromisoformat(told["published"])
    return telling(source=source, url=told["url"], title=told["title"], html=told["html"], published=moment)


def of(html: str, title: str = "", **changes: Any) -> Telling:
    return telling(**{"source": "gazette", "title": title, "html": html, **changes})


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    return [read(line) for path in PAIRS for line in path.read_text(encoding="utf-8").splitlines()]


def test_the_labelled_set_is_large_and_speaks_two_languages(pairs):
    assert len(pairs) >= 240
    for language in ("en", "zh"):
        for same in (True, False):
            assert sum(pair.language == language and pair.same is same for pair in pairs) >= 60


def test_of_what_is_taken_for_one_story_all_is_and_little_is_missed(pairs, capsys):
    taken = [pair for pair in pairs if pair.is_taken_for_one]
    right = [pair for pair in taken if pair.same]
    precision, recall = len(right) / len(taken), len(right) / sum(pair.same for pair in pairs)
    missed = sorted({pair.trap for pair in pairs if pair.same and pair not in right})
    with capsys.disabled():
        print(f"\nlikeness: {len(pairs)} pairs, precision {precision:.3f}, recall {recall:.3f}; missed: {missed}")
    # 0.99 is promised; none is let pass here, or a rule could go without anybody noticing.
    assert [f"{pair.language}: {pair.trap}" for pair in taken if not pair.same] == []
    assert recall >= 0.93


def test_it_does_not_matter_which_of_two_is_asked_about(pairs):
    for pair in pairs:
        assert is_same_story(pair.one, pair.other) == is_same_story(pair.other, pair.one), pair.trap


def test_articles_that_share_a_band_have_much_in_common_and_there_are_few_of_them(pairs):
    tellings = [one for pair in pairs for one in (pair.one, pair.other)]
    named = by_key(tellings, lambda one: bands(one))
    for number, others in named.items():
        mine = tellings[number].shingles
        assert len(others) <= 30  # of 720; many pairs tell the stories of others again
        for theirs in (tellings[other].shingles for other in others):
            assert len(mine & theirs) >= 0.1 * min(len(mine), len(theirs))


def test_no_two_stories_of_the_written_pairs_are_taken_for_one():
    rows = [row for path in PAIRS if "written" in path.name for row in path.read_text(encoding="utf-8").splitlines()]
    tellings = [one for row in rows for pair in [read(row)] for one in (pair.one, pair.other)]
    for number, others in by_key(tellings, keys).items():
        for other in others:
            if number // 2 != other // 2:  # of another pair, so of another story
                assert not is_same_story(tellings[number], tellings[other])


def by_key(tellings: list[Telling], keys_of: Callable[[Telling], Iterable[object]]) -> dict[int, set[int]]:
    """For each of the tellings the others that have a key in common with it, by number."""
    found: dict[object, set[int]] = {}
    for number, one in enumerate(tellings):
        for key in keys_of(one):
            found.setdefault(key, set()).add(number)
    return {
        number: set().union(*(found[key] for key in keys_of(one))) - {number} for number, one in enumerate(tellings)
    }


def test_bands_are_for_ever():
    assert bands(of(BRIDGE)) == (
        1322660934505937739,
        5684674992890588690,
        1244532610307460220,
        3661468789654255133,
        5939022168662278908,
        4701779507748458149,
        5971609511660833191,
        3217806719742052131,
        4522607169683606465,
        2522988105822782464,
        6166757613344060276,
    )


@pytest.mark.parametrize(("text", "factors"), [(CRANE, (1, 8, 15)), (BRIDGE, (1, 3, 5, 15))])
def test_a_shingle_adds_the_hashes_of_what_follows_each_other(text, factors):
    tokens = of(text).tokens
    hashes = [crc32(token.encode()) for token in tokens]
    runs = zip(*(hashes[at:] for at in range(len(factors))), strict=False)
    assert shingles(tokens) == [sum(map(mul, run, factors)) % 2**30 for run in runs]
    assert len(shingles(tokens[: len(factors)])) == 1
    assert not any(shingles(tokens[:length]) for length in range(len(factors)))


def test_bands_fit_into_a_signed_column():
    assert len(bands(of(CRANE))) == 11
    assert all(0 <= band < 1 << 63 for band in bands(of(CRANE)))


@pytest.mark.parametrize(
    "told",
    [
        CRANE.replace(" ", "\n  "),
        CRANE.replace("The harbour board", '<a href="https://a.example/"><b>The</b> harbour</a> board'),
        CRANE.replace(". Seven", ".</p><p>Seven"),
        CRANE.upper().replace("P>", "p>"),
        CRANE.replace("harbour", "ｈａｒｂｏｕｒ"),
        CRANE + "<p>The post Crane stays appeared first on The Pier.</p>",
        "<p>Crane stays</p>" + CRANE,
    ],
    ids=["spaces", "links", "paragraphs", "capitals", "width", "footer", "title repeated"],
)
def test_markup_spaces_capitals_and_footers_leave_bands_as_they_are(told):
    assert bands(of(told, "Crane stays")) == bands(of(CRANE, "Crane stays"))


def test_texts_that_are_unlike_share_no_band():
    assert not set(bands(of(CRANE))) & set(bands(of(KETTLE)))


def test_an_excerpt_is_found_by_how_it_opens():
    whole, excerpt = of(CRANE + KETTLE * 3 + BRIDGE), of(CRANE)
    assert set(bands(whole)) & set(bands(excerpt))


def test_a_short_text_has_no_bands():
    assert bands(of("<p>Crane stays, board says.</p>")) == ()
    assert bands(of("")) == ()


def test_a_series_has_no_title_to_be_found_by():
    assert title_key(tokens_of("Weekly links 12")) == 0
    assert title_key(tokens_of("本周推荐")) == 0
    assert title_key(tokens_of("The last typewriter shop closes")) == title_key(
        tokens_of("The LAST typewriter shop closes!")
    )


def test_an_article_tells_the_longer_of_its_texts_and_no_date_that_is_not_its_own():
    told = telling_of(article(summary_html=CRANE, content_html="<p>More</p>", date_from="first-seen"))
    assert len(told.tokens) > 30
    assert told.published is None
    assert telling_of(article(date_from="published")).published == MONDAY


def test_undated_copies_with_too_little_text_stay_apart():
    title = "Ferry to the outer islands stops for good"
    dated = of("", title, source="one", published=MONDAY)
    assert is_same_story(dated, of("", title, source="two", published=MONDAY + timedelta(hours=5)))
    assert not is_same_story(dated, of("", title, source="two"))
    assert not is_same_story(dated, of("", title, source="two", published=MONDAY + timedelta(days=3)))


def test_one_source_is_held_to_more_than_two_are():
    extended = CRANE + KETTLE
    assert is_same_story(of(CRANE, "The crane stays"), of(extended, "The crane stays", source="other"))
    assert not is_same_story(of(CRANE, "The crane stays"), of(extended, "The crane stays"))


def test_articles_of_one_source_with_one_text_and_other_titles_stay_apart():
    engineer = CRANE.replace("crane", "backend and frontend engineer")
    at = {"published": MONDAY}
    assert not is_same_story(of(engineer, "Backend engineer", **at), of(engineer, "Frontend engineer", **at))
    assert is_same_story(of(engineer, "Backend engineer", **at), of(engineer, "Backend engineer wanted", **at))
    assert not is_same_story(of(engineer, "Backend engineer"), of(engineer, "Backend engineer wanted"))


def test_a_page_that_shows_another_part_each_day_is_another_story_each_day():
    page = "https://puzzle.example/today"
    first, second = (of("", f"Puzzle of the day {number}", url=page, source=f"copy {number}") for number in (12, 13))
    assert not is_same_story(first, second)


def test_the_answer_says_why_in_words():
    answer = is_same_story(of(CRANE, "Issue 12"), of(CRANE, "Issue 13", source="other"))
    assert not answer
    assert answer.reason == "their titles name other numbers or dates"


@given(st.text(), st.text(), st.text())
def test_no_text_is_too_odd(title, html, other):
    one, two = of(html * 20, title, url=other), of(other * 20, title, source="other", url=html)
    assert len(bands(one)) <= 11
    assert is_same_story(one, two) == is_same_story(two, one)


# Words, figures and parts of titles, fullwidth marks, characters that name days and parts, letters that may compose.
WORDY = st.text(st.sampled_from("ab1209.,:/-_ \n()第周星期礼拜一三天上，：；！？（）ｈé\u0301\u0338ßก漢𠀀ー"))


@given(WORDY)
def test_what_is_said_fast_of_a_text_is_what_the_plain_rules_say(text):
    folded = unicodedata.normalize("NFKC", text).casefold()
    assert tokens_of(text) == tuple(re.findall(PLAIN_TOKEN, folded))


UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
PLAIN_TOKEN = (
    rf"[^\W\d_{UNSPACED}][^\W_{UNSPACED}]*|[0-9]+(?:[.,:/-][0-9]+)*|第[一二三四五六七八九十百零〇两]+"
    r"|(?:(?<!一)周|星期|礼拜)[一二三四五六日天]|[(\[][上中下一二三四五六七八九十]{1,3}[)\]]|[^\W_]"
)


@pytest.mark.parametrize(
    "html", ["word " * 400_000, "字" * 400_000, "<p>" * 400_000, "<" * 400_000, "1." * 400_000, "&" * 400_000]
)
def test_however_long_a_text_only_so_much_of_it_is_looked_at(html):
    one = of(html, html)
    assert max(len(one.tokens), len(one.title), len(one.shingles)) <= MAX_TOKENS
    assert len(bands(one)) <= 11


@pytest.mark.parametrize(
    "url",
    [
        "https://fen.example/eels",
        "http://www.fen.example/eels/",
        "https://FEN.example:443/eels?utm_source=planet#comments",
        "https://amp.fen.example/eels/amp/",
        "https://fen.example/eels?amp=1",
        "https://fen-example.cdn.ampproject.org/c/s/fen.example/eels",
        "https://www.google.com/amp/s/fen.example/eels/amp",
    ],
)
def test_addresses_of_one_page_compare_equal(url):
    assert comparable(url) == "fen.example/eels"


@pytest.mark.parametrize(
    "url",
    [
        "https://fen.example/Eels",
        "https://fen.example/eels?page=2",
        "https://blog.fen.example/eels",
        "https://fen.example:8080/eels",
        "https://fen.example/eels.html",
        "https://fen.example/#/eels",
        "https://fen.example/champ",
    ],
)
def test_addresses_that_may_be_other_pages_stay_apart(url):
    assert comparable(url) not in ("fen.example/eels", "fen.example/ch", "")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://fen.example/",
        "http://www.fen.example",
        "mailto:a@fen.example",
        "https://[",
        "https://fen.example/?utm_source=x",
    ],
)
def test_a_front_page_and_what_is_no_address_name_no_page(url):
    assert comparable(url) == ""
