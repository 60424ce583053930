"""The first words of an article, as a list shows them."""

from __future__ import annotations

import pytest

from feeds.publishing import markup


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p>One.</p><p>Two.</p>", "One. Two."),
        ("<h2>Tools</h2><p>A b<b>il</b>l.</p><table><tr><td>1</td></tr></table>", "A bill."),
        ("<h2>Tools</h2>", "Tools"),
        ("<script>alert(1)</script>", ""),
        ("a &lt;b&gt; &amp;amp;", "a <b> &amp;"),
        ("", ""),
        ("<img src='x'>", ""),
    ],
)  # fmt: skip
def test_the_first_words_are_running_text_where_there_is_any(html: str, expected: str) -> None:
    assert markup.excerpt(html, 100) == expected


@pytest.mark.parametrize(
    ("text", "columns", "expected"),
    [
        ("short", 5, "short"),
        ("one two three", 9, "one two…"),
        ("水磨转了一百年", 8, "水磨转了…"),
        ("水磨转了", 8, "水磨转了"),
        ("abcde\u0301f", 5, "abcd…"),
        ("ab👩\u200d🌾cd", 4, "ab…"),
        ("x" * 50, 10, "x" * 10 + "…"),
    ],
)
def test_a_text_is_cut_between_words_and_never_inside_a_character(text: str, columns: int, expected: str) -> None:
    assert markup.short(text, columns) == expected


@pytest.mark.parametrize("url", ["https://", "http://[", "https:///x", "//a.example", "ftp://a.example", "data:,x", "https://a b", "https://a\nb", "x"])  # fmt: skip
def test_what_is_no_address_of_the_web_is_none(url: str) -> None:
    assert markup.web_address(url) == ""
