"""Pages for people: valid, harmless and stable, whatever the articles hold."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from typing import Any
from urllib.parse import urljoin, urlsplit
from xml.etree.ElementTree import Element

import pytest
from browsing import links, read, words

import sample_pages
from builders import MONDAY, TUESDAY, article
from feeds.publishing import archives, markup
from feeds.publishing.pages import SECURITY_POLICY, Directory, Pages, Place, article_path
from feeds.records import Article, Enclosure, Feed, Origin, Person
from sample_pages import DIRECTORY, SITE, feed

RUNNING = re.compile(r"<(?:script|iframe|object|embed|form|base|svg|math)\b|\son\w+\s*=|\sstyle\s*=", re.IGNORECASE)


def shown(html: str, **changes: Any) -> Element:
    """What a page shows of an article's markup."""
    content = read(Pages().article(article(content_html=html, **changes), feed())).find(".//div[@class='content']")
    assert content is not None
    return content


def listed(one: Article, **how: Any) -> Element:
    """What a front shows of an article."""
    found = read(Pages(**how).front(feed(one))).find(".//main/article")
    assert found is not None
    return found


SITE_OF_ALL = sample_pages.tree(Pages(has_articles=True), sample_pages.articles())
PATHS = sorted(path for path in SITE_OF_ALL if path.endswith(".html"))


@pytest.mark.parametrize("path", PATHS)
def test_every_page_is_valid_whatever_the_articles_hold(path: str) -> None:
    page = SITE_OF_ALL[path]
    root = read(page)
    assert page.startswith(b"<!doctype html>")
    assert len(root.findall(".//main")) == len(root.findall("body/header")) == len(root.findall("body/footer")) == 1
    assert len(root.findall(".//h1")) == 1
    levels = [int(each.tag[1]) for each in root.iter() if re.fullmatch("h[1-6]", str(each.tag))]
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    assert not RUNNING.search(re.sub(r"&lt;.*?&gt;", "", page.decode()))
    ids = [each.get("id") for each in root.iter() if each.get("id")]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", PATHS)
def test_no_page_links_to_anything_but_the_web_and_the_site_itself(path: str) -> None:
    for element in read(SITE_OF_ALL[path]).iter():
        for name in ("href", "src", "poster", "cite", "srcset"):
            address = urljoin(SITE + path, element.get(name, SITE))
            assert urlsplit(address).scheme in ("http", "https"), address


@pytest.mark.parametrize("path", PATHS)
def test_the_ways_between_pages_lead_somewhere_and_the_tree_can_be_moved(path: str) -> None:
    later = {"feeds.opml", "subscriptions.opml", "bread/archive/000001/"}
    for element in read(SITE_OF_ALL[path]).iter():
        for name in ("href", "src"):
            written = element.get(name)
            if written is None or re.match("https?:|#", written):
                assert not (written or "").startswith(SITE)
                continue
            found = urljoin(SITE + path, written).removeprefix(SITE)
            is_feed = found.rpartition("/")[2] in ("atom.xml", "rss.xml", "feed.json")
            is_of_directory = re.match("sources/|wind/|%E9|archive/", found)
            assert is_feed or is_of_directory or found in later or _file(found) in SITE_OF_ALL, (path, written)


def _file(path: str) -> str:
    return f"{path}index.html" if path.endswith("/") or not path else path


@pytest.mark.parametrize("path", PATHS)
def test_every_page_names_its_language_its_policy_and_its_feeds(path: str) -> None:
    root = read(SITE_OF_ALL[path])
    assert (root.get("lang"), root.get("dir")) == ("en", "ltr")
    metas = {each.get("http-equiv") or each.get("name"): each.get("content") for each in root.iter("meta")}
    assert metas["Content-Security-Policy"] == SECURITY_POLICY
    assert metas["referrer"] == "no-referrer"
    assert "width=device-width" in str(metas["viewport"])
    found = {each.get("type"): each.get("href", "") for each in root.iter("link") if each.get("rel") == "alternate"}
    assert list(found) == ["application/atom+xml", "application/rss+xml", "application/feed+json"]
    folder = f"{SITE}bread/" if path.startswith("bread/") else SITE
    assert urljoin(SITE + path, found["application/atom+xml"]) == f"{folder}atom.xml"
    assert root.find("body")[0].get("href") == "#content"  # type: ignore[index]
    is_copy = "articles/" in path or "archive" in path or "subscribe" in path
    assert metas.get("robots", "") == ("noindex" if is_copy else "")


def test_the_same_records_give_the_same_bytes() -> None:
    again = sample_pages.tree(Pages(has_articles=True), sample_pages.articles())
    assert again == SITE_OF_ALL


def test_a_front_of_a_hundred_articles_stays_small() -> None:
    pages = Pages(has_articles=True)
    assert len(pages.front(feed(*sample_pages.many(100)), DIRECTORY)) < 300_000
    worst = replace(
        sample_pages.articles()[0],
        title="长" * 5_000_000,
        content_html=f"<p>{'字' * 1_000_000}</p>",
        summary_html=f"<p>{'&amp;' * 1_000_000}",
        rights="©" * 1_000_000,
        authors=tuple(Person(name="磨" * 1000) for _ in range(1000)),
    )
    assert len(pages.front(feed(*[worst] * 100))) < 400_000


# What a front shows of an article


def test_an_article_is_named_with_its_source_its_authors_its_date_and_its_rights() -> None:
    one = article(
        title="Bread & <b>butter</b>",
        authors=(Person(name="Ada", email="ada@gazette.example", url="https://ada.example/"), Person(name="磨坊")),
        origin=Origin(title="The <i>Gazette</i>", site_url="https://gazette.example/"),
        rights="© Gazette",
    )
    found = listed(one)
    assert words(found.find("h2")) == "Bread & <b>butter</b>"
    assert [words(each) for each in found.iter("li")] == [
        "The <i>Gazette</i>",
        "Ada",
        "磨坊",
        "2026-11-02",
        "© Gazette",
    ]
    assert links(found) == ["https://gazette.example/1", "https://gazette.example/", "https://ada.example/"]
    time = found.find(".//time")
    assert time is not None
    assert time.get("datetime") == "2026-11-02T08:00:00Z"
    assert all(each.find("bdi") is not None for each in found.findall("ul/li")[:3])
    assert b"ada@gazette" not in Pages().front(feed(one))


def test_a_title_leads_to_the_original_or_to_our_page_where_there_is_one() -> None:
    one = article()
    assert links(listed(one))[0] == "https://gazette.example/1"
    assert links(listed(one, has_articles=True)) == [f"./{article_path(one)}", "https://gazette.example/1"]
    assert links(listed(article(url="javascript:alert(1)"))) == []


def test_an_article_without_a_title_is_headed_by_its_date() -> None:
    found = listed(article(title="", content_html="<p>Hello.</p>"))
    assert words(found.find("h2")) == "2026-11-02 08:00 UTC"
    assert words(found.find("p")) == "Hello."


@pytest.mark.parametrize(
    ("language", "lang", "direction"),
    [
        ("ar", "ar", "rtl"),
        ("he-IL", "he-IL", "rtl"),
        ("az-Arab", "az-Arab", "rtl"),
        ("ur-Latn", "ur-Latn", "ltr"),
        ("zh-Hant-TW", "zh-Hant-TW", "ltr"),
        ("en", "en", "ltr"),
        ("", "", "auto"),
        ("und", "", "auto"),
        ('x" onclick="y', "", "auto"),
    ],
)
def test_each_article_says_in_which_language_and_direction_it_is(language: str, lang: str, direction: str) -> None:
    one = article(language=language)
    for found in (listed(one), read(Pages().article(one, feed())).find(".//article")):
        assert found is not None
        assert (found.get("lang"), found.get("dir")) == (lang, direction)


def test_a_page_speaks_the_language_of_its_site_where_it_can() -> None:
    chinese = read(Pages().front(feed(language="zh-Hans")))
    assert (chinese.get("lang"), words(chinese.find(".//main/p"))) == ("zh-Hans", "还没有文章。")
    arabic = read(Pages().front(feed(language="ar")))
    assert (arabic.get("lang"), arabic.get("dir")) == ("ar", "rtl")
    (said,) = arabic.findall(".//main/p/span")
    assert (said.get("lang"), said.get("dir"), said.text) == ("en", "ltr", "There are no articles yet.")
    unknown = read(Pages().front(feed(language="")))
    assert (unknown.get("lang"), unknown.find(".//main/p/span")) == ("en", None)


def test_a_front_names_all_that_is_published_and_where_one_is() -> None:
    bread = feed(folder="bread/", title="Bread")
    root = read(Pages().front(bread, DIRECTORY))
    nav = root.find(".//nav")
    assert nav is not None
    assert [words(each) for each in nav.iter("a")][:5] == ["Everything", "Bread", "金融", "الريح", "Source 1"]
    assert links(nav)[:3] == ["../", "../bread/", "../%E9%87%91%E8%9E%8D/"]
    assert [words(each) for each in nav.iter("a") if each.get("aria-current") == "page"] == ["Bread"]
    assert read(Pages().front(bread)).find(".//nav") is None
    assert read(Pages().front(feed(), Directory())).find(".//nav") is None
    hostile = Directory(categories=(Place(title="<script>", url="javascript:alert(1)"),))
    assert links(read(Pages().front(feed(), hostile)).find(".//nav"))[1:] == [""]  # type: ignore[arg-type]


def test_what_can_be_played_is_played_when_asked_and_the_rest_is_a_link() -> None:
    one = sample_pages.articles()[6]
    found = read(Pages().article(one, feed()))
    players = [*found.iter("audio"), *found.iter("video")]
    assert [each.get("preload") for each in players] == ["none", "none"]
    assert all(each.get("controls") is not None and each.get("autoplay") is None for each in players)
    assert [words(each) for each in found.findall(".//ul[@class='files']/li")] == [
        "File 7.mp3 48.1 MB",
        "File 7.mp4",
        "File 7.pdf 90.1 kB",
    ]
    few = listed(one)
    assert (len(few.findall(".//audio")), few.find(".//video")) == (1, None)
    assert [each for each in links(few) if "/7." in each] == [
        f"https://gazette.example/7.{end}" for end in ("mp3", "mp4", "pdf")
    ]
    odd = (Enclosure(url="https://["), Enclosure(url="https://a.example", length=-1, media_type='a"b'))
    assert [words(each) for each in read(Pages().article(article(enclosures=odd), feed())).iter("li")][-1] == 'File a"b'


def test_pictures_load_late_and_tell_nobody_who_looks() -> None:
    image = listed(article(image="https://gazette.example/1.jpg")).find("img")
    content = shown('<p><img src="https://gazette.example/1.jpg" width="6000" height="4000"></p>').find("p/img")
    for each in (image, content):
        assert each is not None
        assert (each.get("loading"), each.get("referrerpolicy"), each.get("alt")) == ("lazy", "no-referrer", "")
    assert listed(article(image="data:image/png;base64,AAAA")).find("img") is None
    assert listed(article(image="javascript:alert(1)")).find("img") is None


# The whole of an article


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


# The first words


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


# Archives, and how to subscribe


def test_the_pages_of_a_source_promise_no_feed() -> None:
    one = feed(*sample_pages.articles(), folder="sources/gazette/", title="The Gazette", previous=1)
    for page in (Pages().front(one, has_feeds=False), Pages().archive(replace(one, number=1), has_feeds=False)):
        assert b"atom.xml" not in page
        assert b"subscribe.html" not in page
        read(page)


def test_an_archive_page_leads_to_the_front_and_to_the_one_before_it() -> None:
    one = feed(*sample_pages.articles(), folder="bread/", number=12, previous=11)
    root = read(Pages().archive(one))
    here = archives.own_url(one, "", "html")
    ways = {urljoin(here, each) for each in links(root) if not each.startswith("#")}
    ours = {each for each in ways if each.startswith(SITE)}
    assert ours == {SITE, f"{SITE}bread/", f"{SITE}bread/subscribe.html", archives.previous_url(one, "html")}
    assert words(root.find(".//h1")) == "Evening Mill Archive 12"
    first = read(Pages().archive(replace(one, number=1, previous=0)))
    assert not [each for each in first.iter("a") if each.get("rel") == "prev"]


def test_a_front_leads_to_the_latest_archive() -> None:
    one = feed(folder="bread/", previous=3)
    (way,) = [each.get("href", "") for each in read(Pages().front(one)).iter("a") if each.get("rel") == "prev"]
    assert urljoin(one.folder_url, way) == archives.previous_url(one, "html")


def test_a_person_is_told_how_to_subscribe_and_given_the_address_to_copy() -> None:
    one = feed(*sample_pages.many(30), folder="%E9%87%91/", title="金")
    root = read(Pages().subscribe(one))
    (field,) = root.iter("input")
    assert (field.get("value"), field.get("readonly")) == (f"{SITE}%E9%87%91/atom.xml", "")
    (label,) = root.iter("label")
    assert label.get("for") == field.get("id")
    assert [each.text for each in root.iter("code")] == [
        f"{SITE}%E9%87%91/{name}" for name in ("atom.xml", "rss.xml", "feed.json")
    ]
    assert len(root.findall(".//ul[@class='titles']/li")) == 10
    assert "feed reader" in words(root.find(".//main"))


def test_articles_of_another_day_are_another_page() -> None:
    one, other = article(), article(published=MONDAY - timedelta(days=1))
    assert Pages().article(one, feed()) != Pages().article(other, feed())


def test_a_feed_outside_of_its_site_still_has_a_page() -> None:
    elsewhere: Feed = feed(folder_url="https://other.example/x/")
    assert links(read(Pages().front(elsewhere)), "link")[0] == "./assets/style.css"
