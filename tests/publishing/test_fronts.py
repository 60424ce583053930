"""What a front shows of an article, and where it leads."""

from __future__ import annotations

import pytest
from browsing import links, listed, read, shown, words

import sample_pages
from builders import article
from feeds.publishing.pages import Directory, Pages, Place, article_path
from feeds.records import Enclosure, Origin, Person
from sample_pages import DIRECTORY, feed


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
