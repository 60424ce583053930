"""What names no moment for sure is no date: none is better than a wrong one."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from feeds.parsing.dates import parse_date


def parsed(text: str) -> datetime | None:
    return parse_date(text, zone=ZoneInfo("UTC"), now=datetime(2026, 3, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "text",
    [
        "May 6",
        "6 May",
        "12:30",
        "Monday",
        "Mon 12:30",
        "May 2024",
        "2024-05",
        "2024-W19",
        "2024",
        "24",
        "5/6",
        "5月6日",
        "2024年5月",
        "2024年",
        "12:30 PM",
        "T12:30Z",
        "6 at 2024",
        "GMT",
        "+08:00",
    ],
)
def test_what_a_date_leaves_out_is_never_filled_in(text):
    assert parsed(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "0000-00-00",
        "0000-00-00 00:00:00",
        "0001-01-01T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "1899-12-30T00:00:00",
        "1900-01-01",
        "1970-01-01",
        "Thu, 01 Jan 1970 08:00:00 +0800",
        "1970-01-01T23:00:00Z",
        "0000000000",
        "0",
        "Mon, 01 Jan 0001 00:00:00 GMT",  # .NET; 2001 to email.utils
        "Mon, 01 Jan 0001 00:00:00",
        "1/1/0001 12:00:00 AM",
        "01/01/0001 00:00:00",
        "0001/01/01 0:00:00",
        "0001年1月1日",
        "1 January 1",
        "9999-12-31T23:59:59.999999-12:00",
        "9999-12-31 24:00:00",
        "2201-01-01",
        "9999999999",
        "9999999999999",
    ],
)
def test_the_zeros_and_infinities_of_machines_are_no_dates(text):
    assert parsed(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "Invalid Date",
        "null",
        "now",
        "yesterday",
        "2 hours ago",
        "3小时前",
        "昨天 15:04",
        "-",
        "1e400",
        "NaN",
        "31 Apr 2024",
        "2024-02-30",
        "2024/13/05",
        "2024-05-06 25:00",
        "2024-05-06 15:60",
        "2024-05-06 15:04 +99:00",
        "2024-05-06\x00",
        "\x00" * 50,
        "9" * 5000,
        "2" * 10_000_000,
        "2024-05-06 15:04:05 +0800 " + "x" * 100,
        "\ud800",
        "2024-05-06 15:04 16:05",
        "1:2:3:4",
        "6 May 2024 10",
        "2024 May 6 7",
        "Mar 6 May 2024",
        "T5 1 2024",
        "Feb 23 /60)",  # 2000 to email.utils
        "Sept00003.0531 2024",
        "202405061504",
        "2024-05-06-05:00",
        "2024-05-06+05:00",
    ],  # zone or time of day?
)
def test_what_names_no_moment_for_sure_is_none(text):
    assert parsed(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "6 mai 2024",
        "6 MAI 2024",
        "mar. 6 mai 2024 15:04",
        "lun, 06 mai 2024 15:04:05 +0200",
        "6 maggio 2024",
        "6 de mayo de 2024",
        "6 мая 2024",
        "2024. május 6.",
        "6 marraskuuta 2024",
        "6 Kasım 2024",
        "06 5月 2024 07:08:09",
        "6. máj 2024 15:04",
        "06/05/2024 3:04 CH",
        "06/05/2024 3:04 μμ",
        "2024-05-06 晚上12:30",
        "2024-05-06 晚上1:30",
        "2024-05-06 早上12:30",
        "令和113年1月1日",
        "2024-05-06 半夜8:30",
        "2024-05-06 3:04 Asia/Tokyo",
    ],
)
def test_words_we_do_not_know_give_none_rather_than_a_wrong_date(text):
    assert parsed(text) is None
