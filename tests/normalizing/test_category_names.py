from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.normalizing.categories import MAX_NAME, RESERVED, Labels, assign, by_label, reasons, slugs, tidy
from feeds.records import Category, Tag, replace

ODD = [
    "../x", "x", "..", "...", ".", "", " ", "/", "\\", "C", "c", "C++", "C#", "a" * 300, "a" * 301, "金" * 300,
    "café", "cafe\u0301", "CAFÉ", "👩‍👧", "❤️", "❤", "1️⃣", "con", "CON", "nul", "COM1", "aux.txt", "archive", "Status",
    "sources", "assets", "-", "_", "__", "a/b", "a-b", "a b", "a_b", "~", "$HOME", "`x`", "a\0b", "ﬁ", "fi", "İ", "ı", "ſ", "s",
    "straße", "STRASSE", "ΟΔΟΣ", "οδοσ", "हिन्दी", "ภาษาไทย", "עִבְרִית", "\u202egnp", "\ud800", "\u3164", "\u115f", "\ufe0f",
    "می\u200cخواهم", "می خواهم", "👩\u200d💻 dev", "<script>", "javascript:alert(1)", "%2e%2e%2f", "atom.xml", "feed.json", "𝔘𝔫𝔦", "Ⅷ", "½",
]  # fmt: skip


def folder(slug: str) -> str:
    """How a file system without capitals, or one that composes Unicode anew, sees it."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", slug).casefold())


def is_tame(slug: str) -> bool:
    """One path component: letters, digits and hyphens of any script, at most 255 bytes."""
    tame = all(c == "-" or c.isalnum() or unicodedata.category(c) in {"Mn", "Mc"} for c in slug)
    is_marked_at_the_start = unicodedata.category(slug[0]).startswith("M")
    fits = 0 < len(slug.encode()) <= 255
    return tame and fits and not slug.startswith("-") and not is_marked_at_the_start and slug not in RESERVED


@pytest.mark.parametrize("name", ODD)
def test_every_name_makes_tame_folders(name):
    assert all(is_tame(slug) for slug in slugs(name))


@given(st.text(max_size=400))
def test_any_text_makes_tame_folders(name):
    assert all(is_tame(slug) for slug in slugs(name))


def test_odd_names_get_folders_that_no_file_system_takes_for_one():
    taken: set[str] = set()
    for name in ODD:
        taken.add(folder(next(slug for slug in slugs(name) if folder(slug) not in taken)))
    assert len(taken) == len(ODD)


def test_the_last_slug_of_a_name_is_its_own():
    assert len({folder(slugs(name)[-1]) for name in ODD}) == len(ODD)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("金融", "金融"),
        ("Science & Technology", "science-technology"),
        ("Économie", "économie"),
        ("हिन्दी", "हिन्दी"),
        ("ภาษาไทย", "ภาษาไทย"),
        ("한국어 뉴스", "한국어-뉴스"),
        ("../x", "x"),
        ("ＦＵＬＬ", "full"),
        ("❤️ Love", "love"),
    ],
)
def test_any_script_stays_readable(name, slug):
    assert slugs(name)[0] == slug


@pytest.mark.parametrize("name", ["...", "", "❤️", "\u3164", "con", "COM1", "archive", "Status"])
def test_a_name_without_a_letter_or_with_a_meaning_of_its_own_is_marked(name):
    assert "-" in slugs(name)[0]
    assert len(slugs(name)) == 3


def test_a_name_is_kept_printable_with_single_spaces_and_not_endless():
    assert tidy(" a\0 b\n\tc\ud800 ") == "a b c"
    assert len(tidy("x" * 10_000)) == MAX_NAME
    assert tidy("\u3000\u200b") == ""


@pytest.mark.parametrize("name", ["می\u200cخواهم", "👩\u200d💻 dev", "ක්\u200dෂ"])
def test_the_joiners_that_a_name_is_spelled_with_stay(name):
    assert tidy(name) == name
    assert all(is_tame(slug) for slug in slugs(name))


@pytest.mark.parametrize(
    "stray", ["\u200b", "\xad", "\ufeff", "\u200e", "\u200f", "\u061c", "\u202e", "\u2060", "\u2069"]
)
def test_what_only_hides_in_a_name_vanishes_without_parting_its_words(stray):
    assert tidy(f"{stray}A{stray}B{stray}") == "AB"
    labels = by_label([Category(name="Money", aliases=(f"Fin{stray}ance",))])
    assert assign((f"Mo{stray}ney",), ("Finance",), (), labels) == ("Money",)


@pytest.mark.parametrize(
    "name", ["", " ", "\t\n", "\u3000", "\xa0\u200b", "\ufeff", "\u200c \u200d", "\ufe0f", "\u3164", "\0"]
)
def test_names_of_blanks_alone_are_no_category(name):
    assert tidy(name) == ""
    assert assign((name, "News"), (name,), (), Labels()) == ("News",)
    assert [each for each, _why in reasons((name, "News"), (name,), (), Labels())] == ["News"]


@given(st.text(max_size=400))
def test_a_tidy_name_stays_as_it_is(name):
    assert tidy(tidy(name)) == tidy(name)


def test_a_tag_without_label_and_a_category_without_title_have_nothing_in_common():
    assert assign((), (" ",), (Tag(term="Weather"), Tag(term="")), by_label([Category(name="Money")])) == ()


def test_an_article_stands_in_its_sources_categories_its_own_and_those_its_tags_are_aliases_of():
    labels = by_label([Category(name="金融", title="Finance", aliases=("财经", "Money"))])
    tags = (Tag(term="money"), Tag(term="x", label="财经"), Tag(term="Weather"))
    assert assign(("News",), ("Local",), tags, labels) == ("News", "Local", "金融")


def test_a_source_and_an_article_may_name_a_category_by_its_alias_or_title_or_in_other_capitals():
    labels = by_label([Category(name="金融", title="Finance", aliases=("财经",))])
    assert assign(("财经",), ("FINANCE ", "finance", "金融"), (), labels) == ("金融",)


def test_a_tag_alone_makes_no_category_were_it_called_the_same():
    sport = Category(name="Sport", title="All Sport")
    tags = (Tag(term="Sport"), Tag(term="x", label="All Sport"))
    assert assign((), (), tags, by_label([sport])) == ()
    assert assign((), (), tags, by_label([replace(sport, aliases=("sport",))])) == ("Sport",)


@pytest.mark.parametrize("written", ["Money", "money"])
def test_a_name_means_itself_before_it_is_another_categorys_alias_or_title(written: str):
    for other in (Category(name="Economy", aliases=("Money",)), Category(name="Economy", title="Money")):
        labels = by_label([other, Category(name="Money")])
        assert assign((written,), (written,), (), labels) == ("Money",)
