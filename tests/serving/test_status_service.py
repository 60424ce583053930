"""/status/: made when it is asked for, cheap to ask again, and no door to the store for whoever asks nonsense."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

import pytest
from served import PATIENCE, Served

from clocks import Clock
from feeds.errors import NotFoundError, StoreUnavailableError
from feeds.serving import status
from feeds.serving.status import StatusPage


@dataclass
class Mill:
    """What stands behind the page."""

    asked: list[dict[str, str]] = field(default_factory=list)
    tells: Callable[[], bytes | None] = lambda: b"<!doctype html>all is well"
    clock: Clock = field(default_factory=Clock)

    def make(self, asked: Mapping[str, str]) -> bytes | None:
        self.asked.append(dict(asked))
        return self.tells()

    def page(self) -> StatusPage:
        return StatusPage(self.make, lambda: {"style.css": b"p {}", "icon.svg": b"<svg/>"}, clock=self.clock)  # type: ignore[arg-type]


@pytest.fixture
def mill() -> Mill:
    return Mill()


@pytest.fixture
def served(serve: Callable[..., Served], mill: Mill) -> Served:
    return serve(services=mill.page().services)


def test_the_page_is_made_and_its_reader_may_ask_again_for_nothing(served: Served, mill: Mill) -> None:
    first = served.ask("/status/")
    assert (first.status, first.text) == (200, "<!doctype html>all is well")
    assert first.headers["content-type"] == "text/html; charset=utf-8"
    assert first.headers["cache-control"] == "no-cache"
    assert first.headers["x-robots-tag"] == "noindex"
    assert "default-src 'none'" in first.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in first.headers["content-security-policy"]
    again = served.ask("/status/", If_None_Match=f'W/"x", {first.headers["etag"]}')
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
    head = served.ask("/status/", "HEAD")
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(first.body)))
    assert served.ask("/status/", "POST").status == 405


def test_it_is_made_anew_after_ten_seconds(served: Served, mill: Mill) -> None:
    for seconds, times in ((0, 1), (9.9, 1), (0.2, 2), (0, 2)):
        mill.clock.pass_time(seconds)
        assert served.ask("/status/").status == 200
        assert len(mill.asked) == times


def test_what_is_published_below_it_stays_where_it_is(served: Served) -> None:
    served.put("status/atom.xml", b"<feed/>")
    assert served.ask("/status/atom.xml").text == "<feed/>"
    assert served.ask("/status/style.css").text == "p {}"
    assert served.ask("/status/style.css").headers["content-type"] == "text/css; charset=utf-8"
    assert served.ask("/status/icon.svg").headers["content-type"] == "image/svg+xml"
    assert served.ask("/status/nothing").status == 404
    redirected = served.ask("/status?show=failing")
    assert redirected.status == 301
    assert urljoin("/status", redirected.headers["location"]) == "/status/?show=failing"


def test_only_what_it_knows_of_a_query_is_asked_for(served: Served, mill: Mill) -> None:
    assert served.ask("/status/?utm_source=x&sort=next&sort=failures&page=2&__class__=x").status == 200
    assert mill.asked == [{"sort": "failures", "page": "2"}]
    assert served.ask("/status/?page=2&sort=failures").status == 200  # the same in another order
    assert len(mill.asked) == 1


@pytest.mark.parametrize(
    "query", ["a" * 201, "sort=%ff", "&".join(f"a{number}=1" for number in range(25))], ids=["long", "no text", "many"]
)
def test_a_query_that_is_none_is_refused_before_the_store_is_asked(served: Served, mill: Mill, query: str) -> None:
    answer = served.ask(f"/status/?{query}")
    assert (answer.status, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert mill.asked == []


def test_what_there_is_not_is_a_bad_request_in_plain_words(served: Served, mill: Mill) -> None:
    def tells() -> bytes:
        raise NotFoundError("sort is one of: source, state")

    mill.tells = tells
    answer = served.ask("/status/?sort=%3Cscript%3E")
    assert (answer.status, answer.text) == (400, "sort is one of: source, state\n")


def test_a_store_that_cannot_be_read_is_told_without_its_address(
    served: Served, mill: Mill, capfd: pytest.CaptureFixture[str]
) -> None:
    def tells() -> bytes:
        raise StoreUnavailableError("sqlite:////srv/mill/feedmill.db: database is locked")

    mill.tells = tells
    answer = served.ask("/status/")
    assert (answer.status, answer.headers["retry-after"]) == (503, "10")
    assert "/srv/mill" not in answer.text
    assert "database is locked" in "".join(capfd.readouterr())
    mill.tells = Mill.tells
    assert served.ask("/status/").status == 200


def test_before_anything_is_stored_it_says_what_begins(served: Served, mill: Mill) -> None:
    mill.tells = lambda: None
    answer = served.ask("/status/")
    assert (answer.status, "feedmill fetch" in answer.text) == (503, True)
    mill.tells = Mill.tells
    assert served.ask("/status/").status == 200


def test_no_more_pages_are_kept_than_there_is_room_for(served: Served, mill: Mill) -> None:
    for number in range(status.KEPT + 1):
        served.ask(f"/status/?page={number}")
    served.ask(f"/status/?page={status.KEPT}")  # kept
    assert len(mill.asked) == status.KEPT + 1
    served.ask("/status/?page=0")  # gone
    assert len(mill.asked) == status.KEPT + 2


def test_one_page_is_made_at_a_time_and_feeds_wait_for_none(
    served: Served, mill: Mill, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status, "PATIENCE", 0.05)
    begun, released = threading.Event(), threading.Event()

    def tells() -> bytes:
        begun.set()
        assert released.wait(PATIENCE)
        return b"at last"

    mill.tells = tells
    served.put("atom.xml")
    first: list[bytes] = []
    slow = threading.Thread(target=lambda: first.append(served.ask("/status/").body))
    slow.start()
    assert begun.wait(PATIENCE)
    busy = served.ask("/status/?page=2")
    assert (busy.status, busy.headers["retry-after"]) == (503, "10")
    assert served.ask("/atom.xml").status == 200
    released.set()
    slow.join(PATIENCE)
    assert first == [b"at last"]
    assert len(mill.asked) == 1
