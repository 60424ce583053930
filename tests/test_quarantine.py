"""What ends a process ends one that was made for it, and is told in words."""

from __future__ import annotations

import multiprocessing
import time

import pytest

import deadly
from feeds.errors import ParseError, SourceError
from feeds.quarantine import run_apart


def test_what_the_function_returns_comes_back():
    assert run_apart(deadly.doubled, 21) == 42


def test_our_own_errors_come_back_as_they_are():
    with pytest.raises(ParseError, match="text/html and no <rss>"):
        run_apart(deadly.raises_ours)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (deadly.exits, "ends the process"),
        (deadly.is_killed, "ends the process"),
        (deadly.answers_what_cannot_be_sent, "please report it"),
        (deadly.eats_memory, "MemoryError"),
        (deadly.raises_theirs, "a bug"),
    ],
)
def test_an_end_of_any_other_kind_is_told_in_words(function, words):
    with pytest.raises(SourceError, match=words):
        run_apart(function, "an argument")


def test_what_never_ends_is_ended():
    began = time.monotonic()
    with pytest.raises(SourceError, match=r"took more than 2\.5 s, and was ended"):
        run_apart(deadly.never_ends, seconds=2.5)
    assert time.monotonic() - began < 5
    assert multiprocessing.active_children() == []


def test_its_log_stays_out_of_standard_output(capfd: pytest.CaptureFixture[str]):
    assert run_apart(deadly.prints) == "done"
    out, err = capfd.readouterr()
    assert out == ""
    assert "read apart" in err
