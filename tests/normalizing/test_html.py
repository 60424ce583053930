"""What an article needs stays as it is."""

from __future__ import annotations

import re

import pytest
from fragments import PADDING, PAGE, clean

from feeds.normalizing.html import sanitize
from feeds.normalizing.text import text_of
from feeds.records import Text


@pytest.mark.parametrize(
    "html",
    [
        '<table align="center"><caption>c</caption><colgroup><col span="2"></colgroup><tbody><tr>'
        '<th scope="row" colspan="2">h</th><td rowspan="2" style="text-align:right">d</td></tr></tbody></table>',
        '<figure><img src="https://i.example/a.jpg" alt="An &quot;a&quot;" title="t" width="6" height="4" '
        'referrerpolicy="no-referrer"><figcaption>f</figcaption></figure>',
        "<details><summary>s</summary>more</details>",
        "<ruby>漢<rp>(</rp><rt>kan</rt><rp>)</rp></ruby>",
        '<time datetime="2024-05-06">May</time> <abbr title="As Soon As Possible">asap</abbr>',
        '<ol start="3" reversed="" type="a"><li value="9">x</li></ol>',
        '<del datetime="2024">a</del><ins>b</ins> H<sub>2</sub>O<sup>2</sup> <mark>m</mark> <kbd>k</kbd>',
        "<pre><code>if a &lt; b &amp;&amp; c:\n    {}</code></pre>",
        '<blockquote cite="https://a.example/">q</blockquote><dl><dt>t</dt><dd>d</dd></dl>',
        '<p lang="ar" dir="rtl">x</p><h1>1</h1><h6>6</h6>',
        '<video controls="" preload="none" src="https://a.example/a.mp4" poster="https://a.example/a.jpg"></video>',
        '<p style="text-align:center">c</p>',
    ],
)
def test_what_an_article_needs_stays_as_it_is(html):
    def parts(markup: str) -> list[str]:  # attributes may change places
        return sorted(re.findall(r' [a-z]+="[^"]*"|</?[a-z0-9]+|[^<>]+', markup))

    assert parts(clean(html)) == parts(html)


def test_relative_addresses_resolve_against_the_texts_own_base():
    text = Text(value='<a href="b">x</a>', base_url="https://own.example/a/")
    assert sanitize(text, base_url=PAGE) == '<a href="https://own.example/a/b">x</a>'


def test_a_footnotes_address_points_at_the_original_page():
    assert clean('<a href="#fn1" id="r1">1</a>') == f'<a href="{PAGE}#fn1">1</a>'


def test_the_newline_a_listing_begins_with_survives_every_reading():
    assert clean(clean('<pre lang="en">\n\na</pre>')) == '<pre lang="en">\n\na</pre>'


def test_an_icon_goes_and_the_article_around_it_stays():
    assert clean('a<svg class="i"/>b<svg><path d="M0"/><title>t</title><text>x</text></svg>c') == "abc"


ODDLY_NAMED = (
    "text view desc line symbol set filter mask switch path metadata list share g use circle animate foreignObject "
    "linearGradient mi mo mn ms mtext mrow msup semantics merror matrix vector card x-card custom-x my.tag ns:tag"
).split()


@pytest.mark.parametrize("name", ODDLY_NAMED)
def test_an_element_that_nobody_knows_goes_and_its_words_stay(name):
    assert clean(f"<p>a <{name} x='y'>KEPT <b>bold</b></{name}> b</p>") == "<p>a KEPT <b>bold</b> b</p>"
    assert clean(PADDING + f"<p>a <{name}>KEPT</{name}> b</p>").endswith("<p>a KEPT b</p>")


def test_a_formula_keeps_its_words_but_not_what_annotates_it():
    formula = (
        "<math><semantics><mrow><mi>m</mi><msup><mi>c</mi><mn>2</mn></msup></mrow>"
        "<annotation encoding='application/x-tex'>mc^2</annotation>"
        "<annotation-xml encoding='text/html'><b>m c 2</b></annotation-xml></semantics></math>"
    )
    assert clean(f"<p>E = {formula} end</p>") == "<p>E = mc2 end</p>"


def test_an_element_that_ends_a_paragraph_still_does():
    assert text_of(clean("<p>one<form><input>two</form><fieldset><legend>three</legend></fieldset>")) == "one\ntwothree"


def test_angle_brackets_in_a_value_are_no_elements():
    html = clean('<img src="/a.jpg" alt="List<String>, </foo>"><foo><code>&lt;x-foo&gt;</code></foo>')
    assert 'alt="List&lt;String&gt;, &lt;/foo&gt;"' in html
    assert html.endswith("<code>&lt;x-foo&gt;</code>")


def test_plain_text_becomes_paragraphs_and_lines():
    text = Text(value="a < b\r\nand <b>\n\n \nAT&amp;T\x00", is_html=False)
    assert sanitize(text, base_url=PAGE) == "<p>a &lt; b<br>and &lt;b&gt;</p><p>AT&amp;amp;T</p>"
    assert sanitize(Text(value=" \n ", is_html=False), base_url="") == ""


def test_a_frame_survives_as_a_link_in_a_paragraph_of_its_own():
    assert clean('<iframe src="//v.example/1?a=1&b=2"></iframe>') == (
        '<p><a href="https://v.example/1?a=1&amp;b=2">https://v.example/1?a=1&amp;b=2</a></p>'
    )
    assert '<a href="https://v.example/1">Our &lt;film&gt;</a>' in clean(
        '<p>a<iframe data-src="https://v.example/1" src="about:blank" title="Our &lt;film&gt;"></iframe>b</p>'
    )


def test_a_long_article_reads_the_same_as_its_parts():
    part = (
        '<p>One <b>bold <i>both</i></b> <a href="/x?a=1&amp;b=2" title="a &gt; b">link</a><br>two<p>three'
        "<ul><li>a<li>b</ul><table><tr><td>1<td>2<tr><th>3</table><!-- <b> --><script>if (a<b) {}</script>"
        "<dl><dt>t<dd>d</dl><blockquote>q</blockquote>5 < 6 &amp; R&D"
    )
    assert clean(part * 40) == clean(part) * 40
