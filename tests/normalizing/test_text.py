from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.normalizing.text import plain_text, text_of, xml_safe
from feeds.records import Text


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("Plain", "Plain"),
        ("  two \n\t lines\u00a0here ", "two lines here"),
        ("AT&amp;T", "AT&T"),
        ("&amp;lt;", "&lt;"),
        ("Caf&eacute; &#8211; &#x2014;", "Café – —"),
        ("<b>bold</b> and <a href='https://a.example/?x>y'>link</a>", "bold and link"),
        ("one<br>two<br/>three", "one two three"),
        ("<p>one</p><p>two</p>", "one two"),
        ("a<script>alert('<b>')</script>b<style>p{}</style>c", "abc"),
        ("a<!-- hidden -->b", "ab"),
        ("List<String> in Java", "List<String> in Java"),
        ("Map<A, B> and Vec<T>", "Map<A, B> and Vec<T>"),
        ("if x <y then", "if x <y then"),
        ("a < b > c", "a < b > c"),
        ("1 <2 and I <3 you", "1 <2 and I <3 you"),
        ("an unclosed <b stays", "an unclosed <b stays"),
        ("javascript:alert(1)", "alert(1)"),
        ("JavaScript: the good parts", "JavaScript: the good parts"),
        ("JavaScript:从入门到精通", "JavaScript:从入门到精通"),
        ("Data:12/05/2024", "Data:12/05/2024"),
        ("see java\u2060script:&#106;avascript:x", "see x"),
        ("R&D; Q&A", "R&D; Q&A"),
        ("exe\u202egpj\u2066.\u2069", "exegpj."),
        ("\ufeffa\x00b\x08c\ufffe\ud800d", "abcd"),
        ("a&#x202E;b&#0;", "ab\ufffd"),
        ("family 👩\u200d👧", "family 👩\u200d👧"),
        ("", ""),
    ],
)
def test_a_title_reads_as_a_person_would_read_it(value, read):
    assert plain_text(Text(value=value)) == read


@pytest.mark.parametrize("value", ["<b>bold</b>", "AT&amp;T", "a < b", "<script>alert(1)</script>"])
def test_a_plain_title_is_neither_stripped_nor_decoded(value):
    assert plain_text(Text(value=value, is_html=False)) == value


@pytest.mark.parametrize("piece", ["<b '\"", "<", "<script>", "<script><style>", "<!--", "&", "<a href='"])
def test_a_hostile_title_takes_no_more_than_linear_time(piece):
    begun = time.process_time()
    plain_text(Text(value=piece * 200_000))
    assert time.process_time() - begun < 10


@given(st.text())
def test_a_title_is_one_trimmed_line_that_xml_can_hold(value):
    for is_html in (True, False):
        title = plain_text(Text(value=value, is_html=is_html))
        assert title == " ".join(title.split())
        assert title == xml_safe(title)


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("<p>One <b>bold</b>ness</p>\n<p>Two</p>", "One boldness\nTwo"),
        ("<ul><li>a</li><li>b</li></ul>", "a\nb"),
        ("a<br>b", "a\nb"),
        ('<p>AT&amp;T &lt;b&gt; &amp;lt;</p><img alt="x" src="https://a.example/">', "AT&T <b> &lt;"),
        ("<table><tbody><tr><td>1</td><td>2</td></tr></tbody></table>", "1\n2"),
        ("plain\n  text", "plain text"),
        ("", ""),
    ],
)
def test_the_words_of_an_article_stand_a_line_for_each_block(html, words):
    assert text_of(html) == words
