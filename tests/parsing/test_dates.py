from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.parsing.dates import date_in_address, parse_date

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def parsed(text: str, zone: str = "UTC") -> datetime | None:
    return parse_date(text, zone=ZoneInfo(zone), now=NOW)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "Mon, 06 May 2024 15:04:05 GMT",
        "Mon, 06 May 2024 15:04:05 +0000",
        "Mon, 06 May 2024 15:04:05 -0000",
        "Mon, 06 May 2024 15:04:05 UT",
        "Mon, 06 May 2024 15:04:05 Z",
        "Mon, 06 May 2024 23:04:05 +0800",
        "Mon, 06 May 2024 10:04:05 -05:00",
        "Mon, 06 May 2024 23:04:05 +0800 (CST)",
        "mon, 6 may 2024 15:4:5 gmt",
        "MON, 06 MAY 2024 15:04:05 GMT",
        "Fri, 06 May 2024 15:04:05 GMT",  # it was a Monday
        "lun., 06 May 2024 15:04:05 GMT",
        "Mon,06 May 2024 15:04:05 GMT",
        "Mon 06 May 2024, 15:04:05 GMT",
        "Monday, 6 May 2024 15:04:05",
        "06 May 2024 15:04:05",
        "06 May 24 15:04:05 GMT",
        "Monday, 06-May-24 15:04:05 GMT",  # RFC 850
        "Mon May  6 15:04:05 2024",  # asctime
        "Mon May  6 15:04:05 UTC 2024",  # date(1)
        "Mon May 06 23:04:05 +0800 2024",  # Twitter
        "  Mon, 06\tMay 2024\n15:04:05\u00a0GMT ",
    ],
)
def test_a_date_of_rfc_822_is_read_with_all_its_sloppiness(text):
    assert parsed(text) == utc("2024-05-06 15:04:05")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-06T15:04:05Z", "2024-05-06 15:04:05"),
        ("2024-05-06t15:04:05z", "2024-05-06 15:04:05"),
        ("2024-05-06T15:04Z", "2024-05-06 15:04"),
        ("2024-05-06 15:04:05", "2024-05-06 15:04:05"),
        ("2024-05-06 3:04:05", "2024-05-06 03:04:05"),
        ("2024-05-06T23:04:05+08:00", "2024-05-06 15:04:05"),
        ("2024-05-06T23:04:05+0800", "2024-05-06 15:04:05"),
        ("2024-05-06 23:04:05 +0800", "2024-05-06 15:04:05"),
        ("2024-05-06T23:04:05+8", "2024-05-06 15:04:05"),
        ("20240506T150405Z", "2024-05-06 15:04:05"),
        ("2024-W19-1", "2024-05-06"),
        ("2024-05-06T15:04:05.5Z", "2024-05-06 15:04:05.500000"),
        ("2024-05-06T15:04:05,25Z", "2024-05-06 15:04:05.250000"),
        ("2024-05-06T15:04:05.123456789Z", "2024-05-06 15:04:05.123456"),
        ("2024-05-06 23:04:05.123456789 +0800 CST", "2024-05-06 15:04:05.123456"),  # Go
        ("2024-05-06T23:04:05+08:00[Asia/Shanghai]", "2024-05-06 15:04:05"),  # Java
    ],
)
def test_a_date_of_iso_8601_is_read_in_all_its_forms(text, expected):
    assert parsed(text) == utc(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024年5月6日 07:08", "2024-05-05 23:08"),
        ("2024年5月6日", "2024-05-05 16:00"),
        ("2024年5月6日07:08:09", "2024-05-05 23:08:09"),
        ("2024年5月6日 星期一 15:04", "2024-05-06 07:04"),
        ("2024年5月6日（周一）15:04", "2024-05-06 07:04"),
        ("2024年05月06日（月）15時04分05秒", "2024-05-06 07:04:05"),
        ("2024年5月6日（月・祝）15:04", "2024-05-06 07:04"),
        ("2024年5月5日日曜日 15:04", "2024-05-05 07:04"),
        ("2024年5月6日 下午3点", "2024-05-06 07:00"),
        ("24年5月6日", "2024-05-05 16:00"),
        ("令和6年5月6日", "2024-05-05 16:00"),
        ("令和元年5月6日", "2019-05-05 16:00"),
        ("２０２４年５月６日　１５：０４", "2024-05-06 07:04"),
        ("2024/5/6 15:04", "2024-05-06 07:04"),
        ("2024.05.06 15:04", "2024-05-06 07:04"),
        ("2024. 5. 6.", "2024-05-05 16:00"),
        ("2024. 5. 6. 오후 3:04:05", "2024-05-06 07:04:05"),
        ("2024년 5월 6일 오후 3:04", "2024-05-06 07:04"),
        ("2024년 5월 6일 (월) 15시 4분 5초", "2024-05-06 07:04:05"),
        ("2024년 5월 6일 월요일", "2024-05-05 16:00"),
    ],
)
def test_a_date_of_east_asia_is_read_in_the_zone_of_its_source(text, expected):
    assert parsed(text, "Asia/Shanghai") == utc(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1714950489", "2024-05-05 23:08:09"),
        ("1714950489.25", "2024-05-05 23:08:09"),
        ("1714950489123", "2024-05-05 23:08:09.123000"),
        ("20240506", "2024-05-05 16:00"),
        ("20240506070809", "2024-05-05 23:08:09"),
    ],
)
def test_a_date_all_in_digits_is_unix_time_or_written_without_separators(text, expected):
    assert parsed(text, "Asia/Shanghai") == utc(expected)


@pytest.mark.parametrize(
    ("text", "hour"),
    [
        ("5/6/2024 3:04 PM", 15),
        ("5/6/2024 3:04 AM", 3),
        ("5/6/2024 12:04 AM", 0),
        ("5/6/2024 12:04 PM", 12),
        ("5/6/2024 15:04 PM", 15),
        ("2024-05-06 03:04:00 PM", 15),
        ("2024-05-06 PM 3:04", 15),
        ("May 6, 2024 3:04pm", 15),
        ("May 6, 2024 at 3:04 p.m.", 15),
        ("Mon, 06 May 2024 03:04:00 PM EDT", 15),
        ("2024-05-06 下午3:04", 15),
        ("2024-05-06 上午3:04", 3),
        ("2024-05-06 上午12:04", 0),
        ("2024-05-06 下午12:04", 12),
        ("2024-05-06 午後3:04", 15),
        ("2024-05-06 午後0:04", 12),
        ("2024-05-06 午前3:04", 3),
        ("2024-05-06 오후 3:04", 15),
        ("2024-05-06 오전 3:04", 3),
    ],
)
def test_the_half_of_the_day_counts_before_or_after_the_time_and_in_any_script(text, hour):
    assert parsed(text, "US/Eastern") == datetime(2024, 5, 6, hour, 4, tzinfo=ZoneInfo("US/Eastern"))


@pytest.mark.parametrize(
    ("name", "zone", "hours_east"),
    [
        ("CST", "Asia/Shanghai", 8),
        ("cst", "Asia/Shanghai", 8),
        ("CST", "America/Chicago", -6),  # though CDT was meant in May, it says what it says
        ("CST", "UTC", -6),
        ("IST", "Asia/Kolkata", 5.5),
        ("IST", "Europe/Dublin", 1),
        ("IST", "UTC", 5.5),
        ("BST", "Europe/London", 1),
        ("BST", "Asia/Tokyo", 1),
        ("CET", "UTC", 1),
        ("CEST", "UTC", 2),
        ("EET", "UTC", 2),
        ("EEST", "UTC", 3),
        ("MSK", "UTC", 3),
        ("JST", "UTC", 9),
        ("KST", "UTC", 9),
        ("HKT", "UTC", 8),
        ("PST", "UTC", -8),
        ("PDT", "UTC", -7),
        ("EDT", "Asia/Tokyo", -4),
        ("AEST", "UTC", 10),
        ("ACST", "UTC", 9.5),
        ("NZST", "UTC", 12),
        ("GMT", "Asia/Tokyo", 0),
        ("UTC", "Asia/Tokyo", 0),
        ("XYZT", "Asia/Tokyo", 9),  # unknown
        ("", "Asia/Tokyo", 9),
        ("GMT+8", "UTC", 8),
        ("UTC+08:00", "UTC", 8),
        ("UTC -5", "UTC", -5),
        ("GMT+0800 (China Standard Time)", "UTC", 8),
        ("(Tokyo)", "Asia/Tokyo", 9),
    ],
)
def test_a_zone_by_name_is_the_sources_own_before_it_is_the_well_known_one(name, zone, hours_east):
    expected = utc("2024-05-06 07:08:09") - timedelta(hours=hours_east)
    assert parsed(f"Mon, 06 May 2024 07:08:09 {name}", zone) == expected
    assert parsed(f"Mon May 6 2024 07:08:09 {name}", zone) == expected
    assert parsed(f"2024-05-06 07:08:09 {name}", zone) == expected
    assert parsed(f"2024年5月6日 07:08:09 {name}", zone) == expected


@pytest.mark.parametrize(
    ("text", "zone", "day"),
    [
        ("06/05/2024", "Europe/Paris", "2024-05-06"),
        ("06/05/2024", "America/New_York", "2024-06-05"),
        ("06/05/2024", "Pacific/Honolulu", "2024-06-05"),
        ("05/13/2024", "Europe/Paris", "2024-05-13"),
        ("13/05/2024", "America/New_York", "2024-05-13"),
        ("06.05.2024", "Europe/Berlin", "2024-05-06"),
        ("06-05-2024", "Europe/Amsterdam", "2024-05-06"),
        ("24/05/06", "UTC", "2024-05-06"),
        ("24.05.06", "Asia/Seoul", "2024-05-06"),
        ("06/05/24", "Europe/London", "2024-05-06"),
        ("05/06/24", "America/Chicago", "2024-05-06"),
        ("31/12/99", "UTC", "1999-12-31"),
        ("99/12/31", "UTC", "1999-12-31"),
    ],
)
def test_the_order_of_a_numeric_date_is_that_of_the_sources_country_where_it_is_possible(text, zone, day):
    assert parsed(text, zone) == datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    "text",
    [
        "6 May 2024",
        "6. May 2024",
        "6th of May, 2024",
        "May 6th, 2024",
        "Monday, May 6, 2024",
        "Monday, May 6, 2024 - 00:00",
        "2024-May-06",
        "2024 May 6",
        "00:00, 6 May 2024",
        "00:00 on Mon 6 May 2024",
        "00:00 MAY 6 2024",
        "2024-05-06",
        "2024-05-06 (Mon)",
    ],
)
def test_a_day_without_a_time_is_its_midnight_at_the_source(text):
    assert parsed(text, "Asia/Tokyo") == utc("2024-05-05 15:00")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Mon, 06 May 2024 24:00:00 GMT", "2024-05-07"),
        ("2024-12-31T24:00:00Z", "2025-01-01"),
        ("2016-12-31T23:59:60Z", "2016-12-31 23:59:59"),
        ("Sat, 31 Dec 2016 23:59:60 GMT", "2016-12-31 23:59:59"),
        ("2016-12-31T23:59:60.75Z", "2016-12-31 23:59:59.750000"),
    ],
)
def test_midnight_may_end_a_day_and_a_minute_may_have_61_seconds(text, expected):
    assert parsed(text) == utc(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-03-31 02:30:00", "2024-03-31 01:30"),  # the hour that was skipped
        ("2024-10-27 02:30:00", "2024-10-27 00:30"),  # the hour that came twice
        ("27 Oct 2024 02:30:00 CEST", "2024-10-27 00:30"),
        ("27 Oct 2024 02:30:00 CET", "2024-10-27 01:30"),
    ],
)
def test_a_change_of_the_clocks_still_gives_a_moment(text, expected):
    assert parsed(text, "Europe/Berlin") == utc(expected)


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
        "2024-05-06 晚上8:30",
        "2024-05-06 3:04 Asia/Tokyo",
    ],
)
def test_words_we_do_not_know_give_none_rather_than_a_wrong_date(text):
    assert parsed(text) is None


def test_the_century_of_a_two_digit_year_follows_the_present():
    assert parse_date("27/12/31", zone=UTC, now=NOW) == utc("2027-12-31")
    assert parse_date("31 Dec 27", zone=UTC, now=NOW) == utc("2027-12-31")
    assert parse_date("31 Dec 98", zone=UTC, now=NOW) == utc("1998-12-31")
    assert parse_date("98/12/31", zone=UTC, now=datetime(2097, 6, 1, tzinfo=UTC)) == utc("2098-12-31")


zones = st.timezones() | st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1970, 1, 3), datetime(2200, 12, 30), timezones=zones)  # noqa: DTZ001 - zones add it
scraps = re.findall(
    r"\d+|[^\W\d]+|.",
    "Mon, 31 Feb 2024 23:59:60.5 GMT+0800 (CST)|6th of Sept at 12 PM -0000|9999-12-31T24:00Z|0001-W19-1|24/05/06|"
    "令和元年5月6日 星期一 下午3時4分|2024. 5. 6. 오후|1714950489|٣²\x00[",
)
scribbles = st.lists(st.sampled_from(scraps), max_size=14).map("".join)


@given(text=st.text(max_size=110) | scribbles, zone=zones, now=st.datetimes(timezones=st.just(UTC)))
def test_any_text_gives_a_moment_in_utc_or_none(text, zone, now):
    moment = parse_date(text, zone=zone, now=now)
    assert moment is None or (moment.tzinfo is UTC and 1970 <= moment.year <= 2201)


@given(moment=moments, zone=zones)
def test_every_moment_survives_rfc_2822(moment, zone):
    # It knows whole minutes of offset, and no fractions of a second.
    moment = moment.replace(microsecond=0)
    if moment.utcoffset().total_seconds() % 60:
        moment = moment.replace(tzinfo=UTC)
    assert parse_date(format_datetime(moment), zone=zone, now=NOW) == moment.astimezone(UTC)


@given(moment=moments, zone=zones, separator=st.sampled_from("T t"))
def test_every_moment_survives_iso_8601(moment, zone, separator):
    assert parse_date(moment.isoformat(separator), zone=zone, now=NOW) == moment.astimezone(UTC)


@given(moment=moments)
def test_every_moment_without_a_zone_is_at_its_source(moment):
    naive = moment.replace(tzinfo=None, fold=0).isoformat(" ")
    assert parse_date(naive, zone=moment.tzinfo, now=NOW) == moment.replace(fold=0).astimezone(UTC)


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
    assert date_in_address(address, zone=ZoneInfo("Asia/Shanghai")) == utc("2024-05-05 16:00")


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
