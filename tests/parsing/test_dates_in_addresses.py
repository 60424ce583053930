"""The day that an address names."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moments_at_random import scribbles, zones

from feeds.parsing.dates import date_in_address


@pytest.mark.parametrize(
    "address",
    [
        "https://x.example/2024/05/06/slug",
        "https://x.example/2024/5/6/",
        "https://x.example/news/2024/05/06",
        "https://x.example/2024-05-06-slug",
        "https://x.example/2024-05-06/doc-1.shtml",
        "/20240506/c.html",
        "_posts/2024-05-06-title.md",
        "2024-05-06-title.md",
        "2024-05-06.html",
        "/gn/2024/05-06/1.shtml",
        "/n1/2024/0506/c1001.html",
        "/html/2024-05/06/nw.htm",
        "/202405/t20240506_1.html",
        "/2024_05_06.html",
        "/99999999/20240506/",
        "/2024/05/06?p=20230101",
        "/2024/05/06#20230101",
    ],
)
def test_an_address_may_name_a_day(address):
    assert date_in_address(address, zone=ZoneInfo("Asia/Shanghai")) == datetime(2024, 5, 5, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "https://x.example/",
        "/2024/05/slug",
        "/2024/05/",
        "/2024/05/12-ways-to-sleep",
        "/202405/12.html",
        "/2024/",
        "/?p=20240506",
        "/a#/2024/05/06/",
        "/202405061",
        "/20240506070809.html",
        "/120240506/",
        "/2024/13/01/",
        "/2024-02-30-x",
        "/1989/05/06/",
        "/2101/05/06/",
        "/0000/00/00/",
        "https://2024-05-06.example/",
        "http://[",
        "/20245/6/",
        "/2024111/",
        "/report-2024-05-06-of-something",
    ],
)
def test_most_addresses_name_none(address):
    assert date_in_address(address, zone=UTC) is None


@given(address=st.text() | scribbles, zone=zones)
def test_any_address_gives_a_day_or_none(address, zone):
    day = date_in_address(address, zone=zone)
    assert day is None or day.tzinfo is UTC
