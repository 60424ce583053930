"""What is private is given to those who know its address or its password, and nothing tells of it otherwise."""

from __future__ import annotations

import io
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path

import pycurl
import pytest
import structlog
from served import Served

from builders import config
from feeds import settings
from feeds.clock import Clock
from feeds.publishing import output
from feeds.serving import Links, Privacy, doors, privacy
from feeds.serving.privacy import TIMES

SECRET = "q7zr0w2m9k4x8v1t5n3b"
FEED = b"<feed>the minutes</feed>" * 100
TEXT = f"""
categories:
  - name: Board
    private: {{path: {SECRET}}}
  - name: Räte
    private: {{user: märy, password: "correct:horse"}}
"""


class StillClock(Clock):
    """Time goes on when it is told to."""

    seconds = 0.0

    def monotonic(self) -> float:
        return self.seconds


def basic(user: str, password: str) -> str:
    return "Basic " + b64encode(f"{user}:{password}".encode()).decode()


GOOD = basic("märy", "correct:horse")


@pytest.fixture
def known(tmp_path: Path) -> Privacy:
    loaded = settings.load(config(tmp_path, TEXT), environ={})
    output.put(loaded.output, f"{SECRET}/atom.xml", FEED)
    output.put(loaded.output, "assets/style.css", b"p {}")
    for name in ("atom.xml", "index.html", "subscribe.html"):
        output.put(loaded.private_output, f"räte/{name}", FEED + name.encode())
    return privacy(loaded)


@pytest.fixture
def served(serve: Callable[..., Served], known: Privacy) -> Served:
    return serve(privacy=lambda: known, links=lambda: Links("https://mill.example/", "https://hub.example/"))


RAETE = "/r%C3%A4te/"


WRONG = ["", basic("märy", "wrong"), basic("other", "correct:horse"), basic("", ""), "Basic !!!", "Basic"]
WRONG += ["Bearer " + GOOD[6:], GOOD + "x", "Basic " + "x" * 5_000]


def test_without_the_password_nothing_tells_what_there_is(served: Served) -> None:
    for path in ("", "atom.xml", "nothing", "archive/000001/atom.xml", "../assets/style.css"):
        for written in WRONG:
            answer = served.ask(RAETE + path, **({"Authorization": written} if written else {}))
            assert answer.status == 401
            assert answer.headers["www-authenticate"] == 'Basic realm="r%C3%A4te", charset="UTF-8"'
            assert answer.headers["cache-control"] == "no-store"
            assert answer.text == "this feed is for those who know its password\n"
            assert answer.headers["x-robots-tag"] == "noindex"
            assert not {"etag", "last-modified", "link", "location"} & answer.headers.keys()


def test_a_way_without_a_slash_at_its_end_is_asked_for_it_too(served: Served) -> None:
    for path in ("/r%C3%A4te", "/r%c3%a4te", "/%72%C3%A4te/atom.xml", "/r%C3%A4te?x=1"):
        assert served.ask(path).status == 401


def test_with_the_password_it_is_like_any_feed_and_for_its_reader_alone(served: Served) -> None:
    whole = served.ask(RAETE + "atom.xml", Authorization=GOOD)
    assert (whole.status, whole.body) == (200, FEED + b"atom.xml")
    assert whole.headers["cache-control"] == "private, max-age=300"
    assert (whole.headers["referrer-policy"], whole.headers["x-robots-tag"]) == ("no-referrer", "noindex")
    assert "link" not in whole.headers
    known = {"Authorization": GOOD, "If_None_Match": whole.headers["etag"]}
    again = served.ask(RAETE + "atom.xml", **known)
    assert (again.status, again.headers["cache-control"]) == (304, "private, max-age=300")
    assert served.ask(RAETE + "atom.xml", If_None_Match=whole.headers["etag"]).status == 401
    head = served.ask(RAETE + "atom.xml", "HEAD", Authorization=GOOD)
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(whole.body)))
    part = served.ask(RAETE + "atom.xml", Authorization=GOOD, Range="bytes=0-5")
    assert (part.status, part.body) == (206, b"<feed>")
    assert served.ask(RAETE + "atom.xml", Authorization=GOOD, Accept_Encoding="gzip").headers["content-encoding"]
    assert served.ask(RAETE + "nothing", Authorization=GOOD).status == 404
    assert served.ask(RAETE[:-1], Authorization=GOOD).headers["location"] == "./r%C3%A4te/"
    assert served.ask(RAETE, "POST", Authorization=GOOD).status == 405


def test_a_browser_gets_its_pages(served: Served) -> None:
    assert served.ask(RAETE, Authorization=GOOD).body.endswith(b"index.html")
    page = served.ask(RAETE + "atom.xml", Authorization=GOOD, Accept="text/html,*/*;q=0.8")
    assert page.body.endswith(b"subscribe.html")
    assert page.headers["referrer-policy"] == "no-referrer"


def test_a_reader_that_writes_the_password_into_the_address_gets_it(served: Served) -> None:
    for password, status in (("correct%3Ahorse", 200), ("wrong", 401)):
        received, request = io.BytesIO(), pycurl.Curl()
        address = f"http://m%C3%A4ry:{password}@127.0.0.1:{served.server.port}{RAETE}atom.xml"
        request.setopt(pycurl.URL, address)
        request.setopt(pycurl.WRITEDATA, received)
        request.setopt(pycurl.TIMEOUT, 20)
        request.perform()
        assert request.getinfo(pycurl.RESPONSE_CODE) == status
        assert (received.getvalue() == FEED + b"atom.xml") == (status == 200)
        request.close()


def test_who_knows_the_address_needs_no_password(served: Served) -> None:
    answer = served.ask(f"/{SECRET}/atom.xml")
    assert (answer.status, answer.body) == (200, FEED)
    assert answer.headers["cache-control"] == "private, max-age=300"
    assert answer.headers["x-robots-tag"] == "noindex"
    assert "link" not in answer.headers
    assert served.ask(f"/{SECRET}/nothing").headers["x-robots-tag"] == "noindex"
    assert "private" not in served.ask("/assets/style.css").headers["cache-control"]


def test_a_file_among_the_public_ones_is_not_given_away_in_its_place(served: Served) -> None:
    """What was published there before it was private."""
    served.put("räte/atom.xml", b"of old")
    assert served.ask(RAETE + "atom.xml").status == 401
    assert served.ask(RAETE + "atom.xml", Authorization=GOOD).body != b"of old"


def test_who_guesses_has_to_wait_and_keeps_nobody_else_out(serve: Callable[..., Served], known: Privacy) -> None:
    clock = StillClock()
    loopback_is_a_client = doors(settings.defaults()).__class__(trusted_proxies=())
    served = serve(privacy=lambda: known, clock=clock, doors=loopback_is_a_client)
    for _ in range(TIMES + 5):
        assert served.ask(RAETE + "atom.xml").status == 401  # how a browser begins
    for number in range(TIMES):
        assert served.ask(RAETE, Authorization=basic("märy", f"guess {number}")).status == 401
    for written in (basic("märy", "guess"), GOOD):
        answer = served.ask(RAETE, Authorization=written)
        assert answer.status == 429
        assert 0 < int(answer.headers["retry-after"]) <= 600
    assert served.ask(f"/{SECRET}/atom.xml").status == 200
    clock.seconds += 601
    assert served.ask(RAETE, Authorization=GOOD).status == 200


def test_the_log_tells_no_address_and_no_password(serve: Callable[..., Served], known: Privacy) -> None:
    with structlog.testing.capture_logs() as told:
        served = serve(privacy=lambda: known)
        for path in (f"/{SECRET}/atom.xml", f"/{SECRET}", f"/x/{SECRET}/", "/" + SECRET.replace("q", "%71") + "/?q=1"):
            served.ask(path)
        served.ask(RAETE, Authorization=GOOD)
        served.ask("/assets/style.css")
    paths = [each["path"] for each in told if each["event"] == "request"]
    assert paths == ["/***"] * 4 + [RAETE, "/assets/style.css"]
    assert not [word for word in (SECRET, "correct", GOOD) if word in repr(told)]


def test_what_is_to_be_private_next_is_so_at_once_and_what_was_stays_until_it_is_gone(tmp_path: Path) -> None:
    old = settings.load(
        config(tmp_path, "categories: [{name: A, private: {user: a, password: old-one-1}}, B]"), environ={}
    )
    new = settings.load(
        config(tmp_path, "categories: [A, {name: B, private: {user: b, password: new-one-1}}]"), environ={}
    )
    assert privacy(old, new).logins.keys() == {"a", "b"}
    assert privacy(new).logins.keys() == {"b"}
    assert "new-one-1" not in repr(privacy(new))
