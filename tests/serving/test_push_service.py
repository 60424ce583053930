"""The hub and the callbacks, over HTTP: strangers, and what they send."""

from __future__ import annotations

import http.client
from http import HTTPStatus
from urllib.parse import urlencode

import pytest
from served import PATIENCE, Served

from feeds.clock import SystemClock
from feeds.errors import StoreError
from feeds.pipeline.pushing.hub import Verdict
from feeds.pipeline.pushing.receiving import Delivery
from feeds.serving import push

FORM = "application/x-www-form-urlencoded"


class Pushing:
    """Stands for the pipeline's: knows one token, and keeps what it was handed."""

    def __init__(self) -> None:
        self.wishes: list[dict[str, str]] = []
        self.deliveries: list[Delivery] = []

    def wish(self, form: dict[str, str]) -> Verdict:
        self.wishes.append(dict(form))
        return Verdict(HTTPStatus(int(form.get("answer", 202))), "words")

    def knows(self, token: str) -> bool:
        return token == "known"

    def confirm(self, token: str, fields: dict[str, str]) -> str | None:
        return fields.get("hub.challenge") if token == "known" else None

    def receive(self, delivery: Delivery) -> HTTPStatus:
        self.deliveries.append(delivery)
        return HTTPStatus.ACCEPTED


@pytest.fixture
def pushing() -> Pushing:
    return Pushing()


@pytest.fixture
def served(serve, pushing) -> Served:
    return serve(services=push.services(pushing, clock=SystemClock(), max_size=1000))  # type: ignore[arg-type]


def post(served: Served, path: str, body: bytes = b"", **headers: str) -> tuple[int, dict[str, str], bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", served.server.port, timeout=PATIENCE)
    connection.request("POST", path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return found


def test_a_form_reaches_the_hub_and_its_verdict_comes_back(served, pushing):
    form = {"hub.mode": "subscribe", "hub.topic": "http://ä/"}
    status, headers, body = post(served, "/hub", urlencode(form).encode(), Content_Type=f"{FORM}; charset=utf-8")
    assert (status, body) == (202, b"words\n")
    assert headers["content-type"].startswith("text/plain")
    assert pushing.wishes == [form]


def test_a_hub_that_is_full_says_when_to_come_back(served):
    status, headers, _body = post(served, "/hub", b"answer=503", Content_Type=FORM)
    assert (status, int(headers["retry-after"]) > 0) == (503, True)


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 415),
        (b"hub.mode=subscribe", "", 415),
        (b"hub.mode=a&hub.mode=b", FORM, 400),
        (b"hub.mode=%ff%fe", FORM, 400),
        (b"\xff", FORM, 400),
        (b"&".join(b"a%d=" % n for n in range(1000)), FORM, 400),
        (b"x" * 70_000, FORM, 413),
    ],
)
def test_malformed_requests_to_the_hub_never_reach_it(served, pushing, body, kind, status):
    assert post(served, "/hub", body, Content_Type=kind)[0] == status
    assert pushing.wishes == []


def test_only_posts_are_for_the_hub(served):
    answer = served.ask("/hub")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_a_client_that_asks_too_often_is_told_so(served, pushing):
    def ask(client: str) -> int:
        return post(served, "/hub", b"", Content_Type=FORM, X_Forwarded_For=client)[0]

    assert [ask("203.0.113.7") for _number in range(push.TIMES + 1)] == [202] * push.TIMES + [429]
    assert ask("203.0.113.8") == 202


def test_a_challenge_comes_back_byte_for_byte(served):
    answer = served.ask("/websub/known?hub.mode=subscribe&hub.challenge=%3Cb%3E%C3%A4")
    assert (answer.status, answer.body) == (200, "<b>ä".encode())
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_delivery_is_handed_on_as_it_came(served, pushing):
    headers = {"Content_Type": "application/rss+xml", "X_Hub_Signature": "sha1=x", "Content_Encoding": "gzip"}
    assert post(served, "/websub/known", b"\0body", **headers)[0] == 202
    assert pushing.deliveries == [
        Delivery(
            token="known",
            content=b"\0body",
            content_type="application/rss+xml",
            content_encoding="gzip",
            signature="sha1=x",
        )
    ]


@pytest.mark.parametrize(
    "path", ["/websub/", "/websub/guessed", "/websub/known/", "/websub/%6bnown", "/websub/known/.."]
)
def test_unknown_tokens_lead_nowhere(served, pushing, path):
    assert served.ask(f"{path}?hub.challenge=x").status == 404
    assert post(served, path, b"x" * 1000)[0] == 404
    assert pushing.deliveries == []


def test_a_delivery_beyond_all_bounds_is_not_read(served, pushing):
    assert post(served, "/websub/known", b"x" * 1001)[0] == 413
    assert pushing.deliveries == []


@pytest.mark.parametrize("query", ["hub.challenge=a&hub.challenge=b", "hub.challenge=%ff"])
def test_a_query_that_cannot_be_read_is_refused(served, query):
    assert served.ask(f"/websub/known?{query}").status == 400


def test_no_log_holds_a_token(serve, pushing, capsys):
    def fail(_token: str, _fields: dict[str, str]) -> str | None:
        raise StoreError("broken")

    pushing.confirm = fail  # type: ignore[method-assign]
    served = serve(services=push.services(pushing, clock=SystemClock(), max_size=1000))
    assert served.ask("/websub/known").status == 500
    told = capsys.readouterr()
    assert "/websub/***" in told.out + told.err
    assert "/websub/known" not in told.out + told.err
