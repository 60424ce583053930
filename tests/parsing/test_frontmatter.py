from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from builders import MONDAY, source
from feeds.errors import ParseError
from feeds.parsing import frontmatter, parse
from feeds.records import Body, Entry


def read(meta: str, body: str = "Words.", path: str = "article.md") -> Entry:
    text = f"---\n{meta}\n---\n{body}"
    (entry,) = frontmatter.parse(
        text, url="", base_url="", zone=ZoneInfo("Asia/Shanghai"), now=MONDAY, path=path
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
    ("body", "html"),
    [
        ("# One\n\n*two*", "<h1>One</h1>\n<p><em>two</em></p>\n"),
        ("  <div>\n\n    <p>one</p>\n\n</div>\n   ", "<div>\n\n    <p>one</p>\n\n</div>"),
        ("<b>One</b> and *two*", "<p><b>One</b> and <em>two</em></p>\n"),
        ("", ""),
    ],
)
def test_a_body_is_markdown_unless_it_begins_and_ends_with_a_tag(body: str, html: str) -> None:
    assert read("title: x", body).content.value == html


def test_the_picture_is_the_first_name_that_says_anything() -> None:
    assert read("headimg: ''\nthumbnail: https://images.example/t.jpg").image == "https://images.example/t.jpg"
    assert read("cover:\n  image: /c.jpg\n  alt: c").image == "/c.jpg"
    assert read("images: [/a.jpg, /b.jpg]").image == "/a.jpg"
    assert read("cover: [[]]").image == ""


def test_an_article_without_a_name_of_its_own_is_known_by_its_file() -> None:
    assert read("title: x", path="2024/mill.md").guid == "2024/mill.md"
    assert read("title: x\npermalink: https://mill.example/x").guid == ""
    assert read("guid: 17").guid == "17"
    assert read("date: 2024-05-06", body="", path="2024/mill.md").title.value == "mill"


def test_front_matter_is_no_feed_over_http() -> None:
    with pytest.raises(ParseError, match="such files are read by `path:`"):
        parse(Body(content=b"---\ntitle: x\n---\n", url="https://mill.example/x.md"), source(), now=MONDAY)
