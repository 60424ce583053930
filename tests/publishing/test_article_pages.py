"""The whole of an article on a page of its own."""

from __future__ import annotations

import re

import pytest
from browsing import read, shown, words

from builders import TUESDAY, article
from feeds.publishing.pages import Pages, article_path
from sample_pages import feed


def test_an_article_page_points_search_engines_to_the_original() -> None:
    root = read(Pages().article(article(), feed()))
    assert [each.get("href") for each in root.iter("link") if each.get("rel") == "canonical"] == [
        "https://gazette.example/1"
    ]
    without = read(Pages().article(article(url="mailto:ada@gazette.example"), feed()))
    assert not [each for each in without.iter("link") if each.get("rel") == "canonical"]


def test_a_revision_is_told() -> None:
    one = article(updated=TUESDAY)
    times = [each.get("datetime") for each in read(Pages().article(one, feed())).iter("time")]
    assert times == ["2026-11-02T08:00:00Z", "2026-11-03T08:00:00Z"]


def test_an_articles_own_headings_go_below_its_title_and_leave_out_no_level() -> None:
    found = shown("<h1>a</h1><h4>b</h4><h6>c</h6><h4>d</h4><h2>e</h2><h1>f</h1>")
    assert [(each.tag, each.text) for each in found] == [
        ("h2", "a"), ("h3", "b"), ("h4", "c"), ("h3", "d"), ("h3", "e"), ("h2", "f"),
    ]  # fmt: skip
    deep = shown("".join(f"<h{level}>x</h{level}>" for level in (1, 2, 3, 4, 5, 6, 6)))
    assert [each.tag for each in deep] == ["h2", "h3", "h4", "h5", "h6", "h6", "h6"]


def test_what_is_wider_than_the_page_can_be_moved_with_the_keyboard() -> None:
    found = shown("<pre>a</pre><table><tr><td><table><tr><td>b</td></tr></table></td></tr></table>")
    assert [each.tag for each in found] == ["pre", "div"]
    assert [each.get("tabindex") for each in found.iter() if each.get("tabindex")] == ["0", "0"]


def test_a_link_that_holds_a_picture_alone_has_a_name() -> None:
    image = shown('<a href="https://a.example/"><img src="https://a.example/1.png" alt=""></a>').find(".//img")
    assert image is not None
    assert image.get("alt") == "Picture"
    assert shown('<a href="https://a.example/"> </a>').find("a") is None
    assert shown('<img src="https://a.example/1.png" alt="A mill">').find("img").get("alt") == "A mill"  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<script>alert(1)</script>", ""),
        ("</div></article></main></body></html><p>x</p>", "x"),
        ("<main><header>a</header><footer>b</footer></main>", "ab"),
        ("<p onclick=alert(1) style='position:fixed' class=skip id=content>x</p>", "x"),
        ("<a href=' java\tscript:alert(1)'>x</a>", "x"),
        ("<a href='data:text/html,<script>'>x</a>", "x"),
        ("<img src='data:text/html,x'><img src='data:image/svg+xml,x'>", ""),
        ("<svg><script>alert(1)</script></svg><math><mtext><img src=x onerror=alert(1)></math>", ""),
        (
            "<style>*{display:none}</style><link rel=stylesheet href=x><meta http-equiv=refresh content=0><base href=x>",
            "",
        ),
        ("<iframe src=https://evil.example/>", ""),
        ("<form action=x><button>x</button></form>", "x"),
        ("<!--", ""),
        ("<![CDATA[x]]>", ""),
        ("]]> &lt;b&gt; {{ 7 * 7 }} {% raw %}", "]]> <b> {{ 7 * 7 }} {% raw %}"),
        ("\x00\x1f\x85\ud800\ufffe\ufdd0x", "x"),
        ("<p lang='\"&gt;x' dir=sideways>x</p>", "x"),
    ],
)
def test_what_came_into_the_store_past_the_sanitizer_does_nothing_on_a_page(html: str, expected: str) -> None:
    page = Pages().article(article(content_html=html, title=html, summary_html=html), feed())
    content = read(page).find(".//div[@class='content']")
    assert words(content).replace(" ", "") == expected.replace(" ", "")
    assert content is not None
    allowed = {"src", "alt", "loading", "decoding", "referrerpolicy", "lang", "dir"}
    assert all(set(each.attrib) <= allowed for each in content.iter() if each is not content)
    assert not any(str(each.get("src", "")) for each in content.iter())
    read(Pages().front(feed(article(content_html=html, title=html, summary_html=html))))


def test_a_body_of_five_megabytes_is_shown_whole() -> None:
    html = "<p>Long &amp; <b>longer</b>.</p>" * 150_000
    page = Pages().article(article(content_html=html), feed())
    assert page.count(b"<b>longer</b>") == 150_000


def test_a_pages_path_is_fit_for_any_file_system() -> None:
    ids = [
        "https://gazette.example/?p=1&x=/../..",
        "HTTPS://gazette.example/?p=1&x=/../..",
        "../../etc/passwd",
        "b\ud800",
        "",
        "a" * 9999,
    ]
    paths = {article_path(article(atom_id=each)) for each in ids}
    assert len({path.lower() for path in paths}) == len(ids)
    assert all(re.fullmatch(r"articles/[0-9a-f]{2}/[0-9a-f]{30}\.html", path) for path in paths)
