from __future__ import annotations

from datetime import timedelta

import pytest

from builders import MONDAY, source
from feeds.parsing import parse, rhythm
from feeds.records import Body, Rhythm

SY = 'xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'


def read(inside: str) -> Rhythm:
    text = f'<rss version="2.0" {SY}><channel><title>Gazette</title>{inside}<item><title>One</title></item></channel></rss>'
    return parse(Body(content=text.encode()), source(), now=MONDAY).rhythm


@pytest.mark.parametrize(
    ("said", "every"),
    [
        ("<ttl>90</ttl>", timedelta(minutes=90)),
        ("<ttl> 60 </ttl>", timedelta(hours=1)),
        ("<ttl>999999999999</ttl>", timedelta(days=365)),
        ("<ttl>0</ttl>", None),
        ("<ttl>soon</ttl>", None),
        ("<ttl>-5</ttl>", None),
        ("<ttl>" + "9" * 5_000 + "</ttl>", None),
        ("<sy:updatePeriod>hourly</sy:updatePeriod>", timedelta(hours=1)),
        ("<sy:updatePeriod> Daily\n</sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", timedelta(hours=6)),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", None),
        ("<sy:updatePeriod>now and then</sy:updatePeriod>", None),
        ("", None),
    ],
)
def test_a_document_says_how_often_it_wants_to_be_asked(said: str, every: timedelta | None) -> None:
    assert read(said).every == every


def test_hours_and_days_to_skip_are_read() -> None:
    hours = "<skipHours><hour>0</hour><hour> 23 </hour><hour>24</hour><hour>99</hour><hour>x</hour></skipHours>"
    days = "<skipDays><day>Saturday</day><day> sun </day><day>Someday</day></skipDays>"
    assert read(hours + days) == Rhythm(skip_hours=(0, 23), skip_days=(5, 6))


def test_what_an_article_writes_of_skipping_hides_no_real_one() -> None:
    told = "<description><![CDATA[<skipHours> is an element]]></description>"
    assert read(f"{told}<skipHours><hour>3</hour></skipHours>").skip_hours == (3,)


@pytest.mark.timeout(20)  # to look for the end of each takes a minute
def test_many_that_never_end_cost_little() -> None:
    assert rhythm.read("<skipHours>" * 3_000_000, {}) == Rhythm()
