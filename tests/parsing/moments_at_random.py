"""Moments, time zones, and texts that look like dates, at random."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from hypothesis import strategies as st

zones = st.timezones() | st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
moments = st.datetimes(datetime(1970, 1, 3), datetime(2200, 12, 30), timezones=zones)  # noqa: DTZ001 - zones add it
scraps = re.findall(
    r"\d+|[^\W\d]+|.",
    "Mon, 31 Feb 2024 23:59:60.5 GMT+0800 (CST)|6th of Sept at 12 PM -0000|9999-12-31T24:00Z|0001-W19-1|24/05/06|"
    "令和元年5月6日 星期一 下午3時4分|2024. 5. 6. 오후|1714950489|٣²\x00[",
)
scribbles = st.lists(st.sampled_from(scraps), max_size=14).map("".join)
