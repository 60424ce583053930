import time
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from builders import MONDAY, source
from feeds.errors import ParseError
from feeds.parsing import frontmatter, parse
from feeds.records import Body, Entry


def read(meta: str, body: str = "Words.", path: str = "article.md", base_url: str = "") -> Entry:
    text = f"---\n{meta}\n---\n{body}"
    (entry,) = frontmatter.parse(
        text, url="", base_url=base_url, zone=ZoneInfo("Asia/Shanghai"), now=MONDAY, path=path
    ).entries
    return entry


@pytest.mark.parametrize(
    ("line", "title"),
    [
        ("title: 'It's late'", "It's late"),
        ("title: 'It''s late, isn't it'", "It's late, isn't it"),
        ('title: "A "quoted" word"', 'A "quoted" word'),
        ("title: One: two # three", "One: two # three"),
        ("title: @home", "@home"),
        ("title: no", "no"),
        ("title: 0123", "0123"),
        ("title: 2024-05-06", "2024-05-06"),
        ("TITLE: Loud", "Loud"),
        ("title: 'with a \x0b control \x00 character'", "with a  control  character"),
    ],
)
def test_a_title_is_read_as_it_was_meant(line: str, title: str) -> None:
    assert read(f"{line}\ndate: 2024-05-06").title.value == title


@pytest.mark.parametrize(
    ("date", "published"),
    [
        ("Tue, 06 Jul 2021 17:54:45 GMT", datetime(2021, 7, 6, 17, 54, 45, tzinfo=UTC)),
        ("2021-08-07 02:22:05", datetime(2021, 8, 6, 18, 22, 5, tzinfo=UTC)),
        ("2021-08-07T02:22:05Z", datetime(2021, 8, 7, 2, 22, 5, tzinfo=UTC)),
        ("2021-08-07", datetime(2021, 8, 6, 16, tzinfo=UTC)),
        ("Invalid Date", None),
        ("", None),
        ("'{{ date }}'", None),
    ],
)
def test_a_date_is_read_in_the_sources_zone_or_not_at_all(date: str, published: datetime | None) -> None:
    assert read(f"title: x\ndate: {date}").published == published


@pytest.mark.parametrize(
    ("meta", "line", "reason"),
    [
        ("title: x\nwhen: !!timestamp 2024", 3, "tags such as"),
        ("title: x\nold: 1\ntitle: y", 4, "the key 'title' stands here twice"),
        ("a: &a [x]\nb: *c", 3, "*c has no &c before it"),
        ("title: x\n  bad: [", 3, ""),
        ("- a list", 1, "front matter should be lines of `key: value`"),
        ("title: x\n\tindented: by a tab", 3, "a tab"),
    ],
)
@pytest.mark.parametrize("lines_before", [0, 3])
def test_what_cannot_be_read_is_refused_with_its_line_in_the_file(
    meta: str, line: int, reason: str, lines_before: int
) -> None:
    body = Body(content=("\n" * lines_before + f"---\n{meta}\n---\nWords.").encode(), path="article.md")
    with pytest.raises(ParseError) as caught:
        parse(body, source(kind="folder"), now=MONDAY)
    said = str(caught.value)
    assert said.startswith(f"line {line + lines_before}: ")
    assert (not lines_before and reason in said) or "first on line" in reason or reason in said


@pytest.mark.parametrize(
    "body",
    [
        "  <div>\n\n    <p>one</p>\n\n</div>\n   ",
        "<div>\n\n    <p>indented para</p>\n\n</div>\ntrailing text",
        "<p>one *star* and two_under_scores</p>\n\n<p>two</p>",
        "<div>\n\n- no list, and **no** emphasis\n\n   <div># no heading</div>\n\n</div>",
        "<ul>\n  <li>one\n\n  <li>two\n</ul>",
        "<b>One</b> <i>two</i>",
        "<!-- generated -->\n<h2>One</h2>\ntext",
    ],
)
def test_a_body_is_html_where_it_begins_with_a_tag_and_only_elements_follow(body: str) -> None:
    assert read("title: x", body).content.value == body.strip()


@pytest.mark.parametrize(
    ("body", "html"),
    [
        ("# One\n\n*two*", "<h1>One</h1>\n<p><em>two</em></p>\n"),
        ("<b>One</b> and *two*", "<p><b>One</b> and <em>two</em></p>\n"),
        (
            '<img src="/a.jpg">\n\n# Heading\n\n**bold**\n\n<p>end</p>',
            '<img src="/a.jpg">\n<h1>Heading</h1>\n<p><strong>bold</strong></p>\n<p>end</p>',
        ),
        (
            "<div>A note.</div>\n\nFirst words.\n\nSecond words.",
            "<div>A note.</div>\n<p>First words.</p>\n<p>Second words.</p>\n",
        ),
        (
            "<p>One</p>\n\n- two\n\n<p>three</p>",
            "<p>One</p>\n<ul>\n<li>two</li>\n</ul>\n<p>three</p>",
        ),
        ("<https://mill.example>", '<p><a href="https://mill.example">https://mill.example</a></p>\n'),
        ("\n\n    code\n\ntext", "<pre><code>code\n</code></pre>\n<p>text</p>\n"),
        ("\tcode", "<pre><code>code\n</code></pre>\n"),
        ("", ""),
    ],
)
def test_a_body_is_markdown_otherwise(body: str, html: str) -> None:
    assert read("title: x", body).content.value == html


def test_the_notes_at_the_foot_are_not_taken_for_addresses() -> None:
    body = "foot[^1] and[^b]\n\n[^1]: https://mill.example\n[^b]: a *long*\n   note\n\n```\n[^c]: code\n```\n[d]: /d"
    assert read("title: x", body).content.value == (
        "<p>foot[^1] and[^b]</p>\n<p>[^1]: https://mill.example</p>\n<p>[^b]: a <em>long</em>\nnote</p>\n"
        "<pre><code>[^c]: code\n</code></pre>\n"
    )


def test_a_note_ends_where_another_block_begins() -> None:
    html = read("title: x", "- [^1]: one\n- [^2]: two\n\n[^3]: three\n# Heading\n\nword\n[^4]: four").content.value
    assert html.count("<li>") == 2
    assert "<p>[^3]: three</p>\n<h1>Heading</h1>\n<p>word</p>\n<p>[^4]: four</p>" in html


@pytest.mark.parametrize("body", ["<div " * 200_000, "[^1]: x\n" * 50_000, "<div>\n\n" * 50_000])
def test_a_hostile_body_takes_no_seconds(body: str) -> None:
    started = time.process_time()
    read("title: x", body)
    assert time.process_time() - started < 5


@pytest.mark.parametrize("nothing", ["null", "Null", "~", ""])
def test_null_says_nothing(nothing: str) -> None:
    names = ("author", "categories", "tags", "title", "url", "date", "lang")
    entry = read("\n".join(f"{name}: {nothing}" for name in names))
    assert (entry.title.value, entry.url, entry.language, entry.published) == ("", "", "", None)
    assert entry.authors == entry.categories == entry.tags == ()
    assert read("author: 'null'\ntitle: 'Null'").title.value == "Null"
    assert [person.name for person in read("author: 'null'").authors] == ["null"]


def test_false_says_nothing_but_in_a_title() -> None:
    entry = read("title: false\nauthor: false\ncategories: false\ntags: False\npermalink: false\nlayout: post")
    assert (entry.title.value, entry.url) == ("false", "")
    assert entry.authors == entry.categories == entry.tags == ()
    assert [tag.term for tag in read("tags: [true, false]").tags] == ["true", "false"]


@pytest.mark.parametrize(
    ("meta", "path", "categories", "tags"),
    [
        ("categories: jekyll update\ntags: one two", "a.md", ["jekyll update"], ["one two"]),
        ("categories: jekyll update\ntags: one two\nlayout: post", "a.md", ["jekyll", "update"], ["one", "two"]),
        ("categories: jekyll update\ntags: one two", "x/2024-05-06-a.md", ["jekyll", "update"], ["one", "two"]),
        (
            "categories: [jekyll update]\ntags: one two, three",
            "2024-05-06-a.md",
            ["jekyll update"],
            ["one two", "three"],
        ),
        ("category: jekyll update\ntag: one two", "2024-05-06-a.md", ["jekyll update"], ["one two"]),
    ],
)
def test_words_are_several_labels_for_jekyll_alone(
    meta: str, path: str, categories: list[str], tags: list[str]
) -> None:
    entry = read(meta, path=path)
    assert list(entry.categories) == categories
    assert [tag.term for tag in entry.tags] == tags


@pytest.mark.parametrize(
    ("meta", "url"),
    [
        ("permalink: /:categories/:title/", ""),
        ("permalink: /:categories/:title/\nurl: /mill/", "/mill/"),
        ("permalink: ':year-:month-:day.html'", ""),
        ("permalink: https://mill.example:8080/a:b", "https://mill.example:8080/a:b"),
    ],
)
def test_a_pattern_is_no_address(meta: str, url: str) -> None:
    assert read(meta).url == url


def test_three_dots_end_front_matter_too() -> None:
    body = Body(content=b"---\ntitle: One\n...\nWords.\n\n---\n\nMore.", path="article.md")
    (entry,) = parse(body, source(kind="folder"), now=MONDAY).entries
    assert (entry.title.value, entry.content.value) == ("One", "<p>Words.</p>\n<hr />\n<p>More.</p>\n")


@pytest.mark.parametrize(("meta", "count"), [("password: mill", 0), ("password: 123", 0), ("password: ''", 1)])
def test_an_article_behind_a_password_is_not_published(meta: str, count: int) -> None:
    body = Body(content=f"---\ntitle: x\n{meta}\n---\nWords.".encode(), path="article.md")
    assert len(parse(body, source(kind="folder"), now=MONDAY).entries) == count


def test_an_escape_survives_a_broken_line_elsewhere() -> None:
    entry = read("title: 'It's late'\ndescription: \"caf\\u00e9 \\ud83c\\udf89\"")
    assert (entry.title.value, entry.summary.value) == ("It's late", "café \U0001f389")


def test_the_picture_is_the_first_name_that_says_anything() -> None:
    assert read("headimg: ''\nthumbnail: https://images.example/t.jpg").image == "https://images.example/t.jpg"
    assert read("cover:\n  image: /c.jpg\n  alt: c").image == "/c.jpg"
    assert read("images: [/a.jpg, /b.jpg]").image == "/a.jpg"
    assert read("cover: [[]]").image == ""
    assert read("cover: false\ntop_img: false\nimage: true").image == ""
    assert read("cover: false\nimage: /i.jpg").image == "/i.jpg"
    assert read("cover: {image: false}\ntop_img: /t.jpg").image == "/t.jpg"


def test_an_article_without_a_name_of_its_own_is_known_by_its_file() -> None:
    assert read("title: x", path="2024/mill.md").guid == "2024/mill.md"
    assert read("title: x\npermalink: https://mill.example/x").guid == ""
    assert read("guid: 17").guid == "17"
    assert read("date: 2024-05-06", body="", path="2024/mill.md").title.value == "mill"


@pytest.mark.parametrize(
    ("path", "meta", "base"),
    [
        ("posts/the mill/index.md", "title: x", "https://desk.example/blog/posts/the%20mill/"),
        ("posts/mill.md", "title: x", "https://desk.example/blog/posts/"),
        ("mill.md", "title: x", ""),
        ("posts/mill.md", "url: /mill/", ""),  # what lies beside a page is told by its address
    ],
)
def test_what_lies_beside_a_file_is_found_from_its_folder(path: str, meta: str, base: str) -> None:
    assert read(meta, path=path, base_url="https://desk.example/blog/").base_url == base
    assert read(meta, path=path).base_url == ""


def test_front_matter_is_no_feed_over_http() -> None:
    with pytest.raises(ParseError, match="such files are read by `path:`"):
        parse(Body(content=b"---\ntitle: x\n---\n", url="https://mill.example/x.md"), source(), now=MONDAY)


def test_a_date_that_cannot_be_read_is_told_with_one_that_can() -> None:
    now, zone = MONDAY, ZoneInfo("Asia/Shanghai")

    def problems(meta: str) -> tuple[str, ...]:
        return frontmatter.parse(f"---\ntitle: x\n{meta}\n---\n", url="", base_url="", zone=zone, now=now).problems

    assert problems("date: someday") == ("date 'someday' cannot be read; write for instance 2026-11-02 09:00 +0800",)
    for name in ("publishDate", "expiryDate"):
        assert problems(f"date: 2026-11-02\n{name}: '31/31/2030'")[0].startswith("date '31/31/2030' cannot be read")
    for good in (
        "date: 2026-11-02",
        "date: 2026-11-02\npublishDate: 2026-11-02\nexpiryDate: 2030-01-01",
        "date:",
        "published: true",
        "published: yes",
        "date: Invalid Date",
        "date: null",
        "",
    ):
        assert problems(good) == ()


@pytest.mark.parametrize(
    ("meta", "day"),
    [
        ("date: 2024-05-06\npublishDate: 2024-05-09", 9),
        ("publishDate: 2024-05-09\ndate: someday", 9),
        ("date: 2024-05-06\npublishDate: 2024-05-01", 6),
        ("date: 2024-05-06", 6),
    ],
)
def test_nothing_comes_out_before_the_day_that_hugo_would_publish_it(meta: str, day: int) -> None:
    assert read(f"title: x\n{meta}").published == datetime(2024, 5, day, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.mark.parametrize(
    ("line", "is_one"),
    [
        ("headless: true", False),
        ("headless: false", True),
        ("expiryDate: 2024-05-06", False),
        ("expiryDate: 2099-01-01", True),
    ],
)
def test_what_hugo_does_not_show_is_no_article(line: str, is_one: bool) -> None:
    text = f"---\ntitle: x\ndate: 2024-05-05\n{line}\n---\nWords."
    document = frontmatter.parse(text, url="", base_url="", zone=ZoneInfo("Asia/Shanghai"), now=MONDAY)
    assert bool(document.entries) is is_one


def test_a_category_without_a_name_and_one_that_is_a_mapping_are_none() -> None:
    assert read("title: x\ncategories: ['  ', News, {x: y}, '']").categories == ("News",)
