from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moments_at_random import moments, scribbles, zones

from feeds.parsing.dates import parse_date

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
        ("民國113年5月6日", "2024-05-05 16:00"),
        ("2024年5月6日 凌晨1点", "2024-05-05 17:00"),
        ("2024年5月6日 凌晨12:30", "2024-05-05 16:30"),
        ("2024年5月6日早上8时", "2024-05-06 00:00"),
        ("2024年5月6日 中午12:30", "2024-05-06 04:30"),
        ("2024年5月6日 中午11点半", "2024-05-06 03:30"),
        ("2024年5月6日 中午1点", "2024-05-06 05:00"),
        ("2024年5月6日 傍晚6点", "2024-05-06 10:00"),
        ("2024年5月6日 晚上8點半", "2024-05-06 12:30"),
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


def test_the_century_of_a_two_digit_year_follows_the_present():
    assert parse_date("27/12/31", zone=UTC, now=NOW) == utc("2027-12-31")
    assert parse_date("31 Dec 27", zone=UTC, now=NOW) == utc("2027-12-31")
    assert parse_date("31 Dec 98", zone=UTC, now=NOW) == utc("1998-12-31")
    assert parse_date("98/12/31", zone=UTC, now=datetime(2097, 6, 1, tzinfo=UTC)) == utc("2098-12-31")


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
