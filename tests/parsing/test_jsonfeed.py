from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from builders import MONDAY
from feeds.errors import ParseError
from feeds.parsing import jsonfeed
from feeds.records import Document


def read(text: str) -> Document:
    return jsonfeed.parse(text, url="", base_url="", zone=UTC, now=MONDAY)


def feed(**item: Any) -> str:
    return msgspec.json.encode({"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", **item}]}).decode()


@pytest.mark.parametrize("wrong", [None, True, 5, 1.5, [], {}, [[]], [{}], ["x"], {"a": {}}, "", "\x00"])
@pytest.mark.parametrize(
    "member",
    [
        "url",
        "external_url",
        "title",
        "summary",
        "content_html",
        "date_published",
        "authors",
        "author",
        "tags",
        "image",
        "attachments",
        "language",
    ],
)
def test_a_member_of_any_type_costs_at_most_itself(member: str, wrong: Any) -> None:
    (entry,) = read(feed(**{"content_text": "Words", "date_modified": "2024-05-06T07:00:00Z", member: wrong})).entries
    assert entry.guid == "1"
    assert entry.updated == datetime(2024, 5, 6, 7, tzinfo=UTC)


def test_raw_control_characters_cost_nothing() -> None:
    (entry,) = read('{"items": [{"id": "1", "content_text": "two\nlines\tand \x01 more"}]}').entries
    assert entry.content.value == "two\nlines\tand \x01 more"


def test_a_document_cut_off_anywhere_gives_the_items_before_the_cut() -> None:
    items = ['{"id": "1", "content_text": "] }"}', '{"id": "2", "tags": ["a"]}', '{"id": "3"}']
    text = f'{{"title": "T", "items" : [{" , ".join(items)}], "more": 1}}'
    ends = [text.index(item) + len(item) for item in items]
    for cut in range(ends[0], len(text)):
        document = read(text[:cut])
        assert [entry.guid for entry in document.entries] == ["1", "2", "3"][: sum(end <= cut for end in ends)]
        assert "cut off" in document.problems[0]


@pytest.mark.parametrize(
    "text",
    [
        '{"items": {}}',
        '{"items": 5}',
        '{"items": [',
        '{"items": [{"id": 1',
        "{",
        '{"items":' + "[" * 200_000,
    ],
)
def test_json_without_readable_items_is_refused(text: str) -> None:
    with pytest.raises(ParseError):
        read(text)


def test_a_title_is_text_and_never_markup() -> None:
    (entry,) = read(feed(title="Vec<T> & co", summary="<b>")).entries
    assert (entry.title.value, entry.title.is_html, entry.summary.is_html) == ("Vec<T> & co", False, False)
