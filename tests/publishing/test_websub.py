"""WebSub's forms and signatures."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from feeds.publishing import atom, jsonfeed, rss, websub
from feeds.records import Feed

HUB = "https://hub.example/?a=1&b=2"


def feed(**changes) -> Feed:
    about = {"id": "tag:mill.example,2026:x", "title": "Mill", "folder_url": "https://mill.example/"}
    return Feed(**about, site_title="Mill", site_url="https://mill.example/", **changes)


def test_every_format_names_the_hub_and_none_where_there_is_none():
    escaped = HUB.replace("&", "&amp;")
    assert f'<link href="{escaped}" rel="hub"/>' in atom.write(feed(hub=HUB)).decode()
    assert f'<atom:link href="{escaped}" rel="hub"/>' in rss.write(feed(hub=HUB)).decode()
    assert '"hubs": [\n    {\n      "type": "WebSub",\n      "url": "https://hub.example/?a=1&b=2"' in (
        jsonfeed.write(feed(hub=HUB)).decode()
    )
    for write in (atom.write, rss.write, jsonfeed.write):
        assert b"hub" not in write(feed())


def test_an_archive_document_names_no_hub_for_it_never_changes():
    assert b"hub" not in atom.write(feed(hub=HUB, number=1))


@pytest.mark.parametrize("method", ["sha1", "sha256", "sha384", "sha512"])
def test_a_signature_of_each_method_is_known(method):
    digest = hmac.new(b"secret", b"text", getattr(hashlib, method)).hexdigest()
    assert websub.is_signed(f"{method}={digest}", "secret", b"text")
    assert websub.is_signed(f"{method.upper()}={digest.upper()}", "secret", b"text")
    assert not websub.is_signed(f"{method}={digest}", "secret", b"text.")
    assert not websub.is_signed(f"{method}={digest}", "Secret", b"text")


@pytest.mark.parametrize("header", ["", "=", "sha256=", "sha256", "md5=0", "sha256=é", "sha256=\udcff", "none=none"])
def test_what_is_no_signature_is_none(header):
    assert not websub.is_signed(header, "secret", b"text")


def test_we_sign_as_we_check():
    assert websub.is_signed(websub.signature("geheim ü", b"text"), "geheim ü", b"text")


def test_fields_are_put_behind_the_query_that_an_address_has():
    fields = {"hub.mode": "subscribe", "hub.topic": "http://a/?b&c"}
    assert websub.with_query("http://c.example/x?y=1", fields) == (
        "http://c.example/x?y=1&hub.mode=subscribe&hub.topic=http%3A%2F%2Fa%2F%3Fb%26c"
    )
    assert websub.with_query("http://c.example", fields).startswith("http://c.example?hub.mode=subscribe&")


def test_a_form_comes_back_as_it_was_made():
    assert websub.read_form(websub.form([("hub.mode", "subscribe"), ("hub.topic", "http://ä/?a&b")])) == {
        "hub.mode": "subscribe",
        "hub.topic": "http://ä/?a&b",
    }


@pytest.mark.parametrize(
    "body", [b"\xff\xfe", b"hub.mode=%ff", b"hub.topic=a&hub.topic=b", b"&".join(b"a%d=1" % n for n in range(100))]
)
def test_what_is_no_form_is_refused(body):
    with pytest.raises(ValueError):  # noqa: PT011 - whatever its words are
        websub.read_form(body)
