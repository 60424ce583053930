"""The published tree as a client sees it, over real sockets."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest
from served import Served, status

from feeds.publishing import output

MONDAY = datetime(2026, 11, 2, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "media_type"),
    [
        ("bread/atom.xml", "application/atom+xml; charset=utf-8"),
        ("rss.xml", "application/rss+xml; charset=utf-8"),
        ("feed.json", "application/feed+json; charset=utf-8"),
        ("feeds.opml", "text/x-opml; charset=utf-8"),
        ("bread/index.html", "text/html; charset=utf-8"),
        ("other.xml", "application/xml; charset=utf-8"),
        ("style.css", "text/css; charset=utf-8"),
        ("Logo.PNG", "image/png"),
        ("unknown", "application/octet-stream"),
    ],
)
def test_a_file_comes_whole_with_its_media_type(served: Served, path: str, media_type: str) -> None:
    served.put(path, b"text of " + path.encode())
    response = served.ask(f"/{path}")
    assert (response.status, response.body) == (200, b"text of " + path.encode())
    assert response.headers["content-type"] == media_type
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["cache-control"] == "max-age=300"
    assert "server" not in response.headers


def test_a_folder_is_its_index(served: Served) -> None:
    served.put("index.html", b"all")
    served.put("bread/index.html", b"bread")
    assert served.ask("/").body == b"all"
    assert served.ask("/bread/").body == b"bread"
    assert served.ask("/bread/?x=1").body == b"bread"


def test_a_folder_without_its_slash_is_redirected_and_a_feed_never_is(served: Served) -> None:
    served.put("bread/atom.xml")
    served.put("金融/atom.xml")
    response = served.ask("/bread?x=1")
    assert (response.status, response.headers["location"]) == (301, "./bread/?x=1")
    assert served.ask("/%E9%87%91%E8%9E%8D").headers["location"] == "./%E9%87%91%E8%9E%8D/"
    assert served.ask("/bread/atom.xml").status == 200
    assert served.ask("/bread/atom.xml/").status == 404


def test_a_folder_without_an_index_is_not_listed(served: Served) -> None:
    served.put("bread/atom.xml")
    response = served.ask("/bread/")
    assert response.status == 404
    assert "atom.xml" not in response.text


def test_names_in_any_script_are_found(served: Served) -> None:
    served.put("金融/atom.xml", b"money")
    assert served.ask("/%E9%87%91%E8%9E%8D/atom.xml").body == b"money"


def test_head_is_get_without_the_body(served: Served) -> None:
    served.put("atom.xml", b"x" * 200_000)
    got, head = served.ask("/atom.xml"), served.ask("/atom.xml", "HEAD")
    without_date = [{k: v for k, v in each.headers.items() if k != "date"} for each in (got, head)]
    assert without_date[0] == without_date[1]
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", "200000")
    assert served.ask("/none.xml", "HEAD").status == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_refused_in_plain_words(served: Served, method: str) -> None:
    served.put("atom.xml")
    response = served.ask("/atom.xml", method)
    assert (response.status, response.headers["allow"]) == (405, "GET, HEAD")
    assert response.text == "nothing but GET and HEAD is answered here\n"


def test_the_etag_survives_a_rewrite_with_the_same_bytes_and_moves_with_them(served: Served) -> None:
    path = served.put("atom.xml", b"one")
    first = served.ask("/atom.xml").headers["etag"]
    path.unlink()
    publication = output.put(served.folder, "atom.xml", b"one")
    os.utime(path, (1_000_000_000, 1_000_000_000))
    rewritten = served.ask("/atom.xml")
    assert rewritten.headers["etag"] == first == publication.etag
    assert rewritten.headers["last-modified"] == "Sun, 09 Sep 2001 01:46:40 GMT"
    served.put("atom.xml", b"two")
    assert served.ask("/atom.xml").headers["etag"] != first


def test_a_changed_file_is_seen_at_once(served: Served) -> None:
    for content in (b"one", b"two", b"a third"):
        served.put("atom.xml", content)
        assert served.ask("/atom.xml").body == content


@pytest.mark.parametrize("form", ["{}", "W/{}", '"other", {}', '"a,b" , W/{}', "*"])
def test_whoever_knows_the_etag_gets_a_304(served: Served, form: str) -> None:
    served.put("atom.xml")
    etag = served.ask("/atom.xml").headers["etag"]
    response = served.ask(
        "/atom.xml", If_None_Match=form.format(etag), If_Modified_Since="Sun, 09 Sep 2001 01:46:40 GMT"
    )
    assert (response.status, response.body) == (304, b"")
    assert response.headers["etag"] == etag
    assert {"last-modified", "cache-control"} <= response.headers.keys()
    assert "content-type" not in response.headers


@pytest.mark.parametrize("form", ['"other"', "{}x", "", '"', "other"])
def test_whoever_knows_another_etag_gets_the_file(served: Served, form: str) -> None:
    served.put("atom.xml")
    bare = served.ask("/atom.xml").headers["etag"].strip('"')
    assert served.ask("/atom.xml", If_None_Match=form.format(bare)).status == 200


@pytest.mark.parametrize(
    ("since", "expected"),
    [
        ("Mon, 02 Nov 2026 10:00:00 GMT", 304),
        ("Mon, 02 Nov 2026 10:00:01 GMT", 304),
        ("Monday, 02-Nov-26 10:00:00 GMT", 304),
        ("Mon, 02 Nov 2026 09:59:59 GMT", 200),
        ("yesterday", 200),
        ("Mon, 01 Jan 2024 00:00:00 +9999999999999999999", 200),
        ("Mon, 01 Jan 99999999999999999999 00:00:00 GMT", 200),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 200),
        ("Fri, 31 Dec 9999 23:59:59 -2359", 200),
        (", , ,", 200),
        ("1 : : ", 200),
        ("Mon, 99 Nov 2026 10:00:00 GMT", 200),
        ("", 200),
    ],
)
def test_the_date_alone_is_enough_for_a_304(served: Served, since: str, expected: int) -> None:
    path = served.put("atom.xml")
    os.utime(path, ns=(0, int(MONDAY.timestamp()) * 10**9 + 999_999_999))
    assert served.ask("/atom.xml").headers["last-modified"] == format_datetime(MONDAY, usegmt=True)
    assert served.ask("/atom.xml", If_Modified_Since=since).status == expected


def test_another_etag_outweighs_the_date(served: Served) -> None:
    served.put("atom.xml")
    modified = served.ask("/atom.xml").headers["last-modified"]
    assert served.ask("/atom.xml", If_None_Match='"old"', If_Modified_Since=modified).status == 200


@pytest.mark.parametrize(
    ("header", "value", "expected"),
    [
        ("If_Match", "{}", 200),
        ("If_Match", '"other", {}', 200),
        ("If_Match", "*", 200),
        ("If_Match", "W/{}", 412),
        ("If_Match", '"other"', 412),
        ("If_Match", "nonsense", 412),
        ("If_Unmodified_Since", "Mon, 02 Nov 2026 10:00:00 GMT", 200),
        ("If_Unmodified_Since", "Mon, 02 Nov 2026 09:59:59 GMT", 412),
        ("If_Unmodified_Since", "yesterday", 200),
    ],
)
def test_who_has_another_version_in_mind_is_told_so(served: Served, header: str, value: str, expected: int) -> None:
    path = served.put("atom.xml")
    os.utime(path, ns=(0, int(MONDAY.timestamp()) * 10**9))
    etag = served.ask("/atom.xml").headers["etag"]
    assert served.ask("/atom.xml", **{header: value.format(etag)}).status == expected
    both = {header: value.format(etag), "If_None_Match": etag}
    assert served.ask("/atom.xml", **both).status == (304 if expected == 200 else 412)


@pytest.mark.parametrize("target", [b"/bread?\x80", b"/bread?\xa0", b"/\xe9", b"/bread?\x7f"])
def test_an_address_with_bytes_that_no_address_has_is_refused(served: Served, target: bytes) -> None:
    served.put("bread/atom.xml")
    assert served.status_of(target) == 400


def test_etags_in_two_headers_are_one_list(served: Served) -> None:
    served.put("atom.xml")
    etag = served.ask("/atom.xml").headers["etag"].encode()
    answer = served.raw(
        b"GET /atom.xml HTTP/1.1\r\nHost: a\r\nConnection: close\r\n",
        b'If-None-Match: "x"\r\nIf-None-Match: ' + etag + b"\r\n\r\n",
    )
    assert status(answer) == 304


TRICKS = [
    b"/../secret.txt",
    b"/bread/../../secret.txt",
    b"/%2e%2e/secret.txt",
    b"/.%2e/secret.txt",
    b"/bread/%2e%2e/%2e%2e/secret.txt",
    b"/..%2fsecret.txt",
    b"/bread%2fatom.xml",
    b"/%2fetc/passwd",
    b"//etc/passwd",
    b"//atom.xml",
    b"/bread//atom.xml",
    b"/./atom.xml",
    b"/bread/../atom.xml",
    b"/..\\secret.txt",
    b"/%252e%252e/secret.txt",
    b"/%c0%ae%c0%ae/secret.txt",
    b"/atom.xml%00",
    b"/%00",
    b"/atom.xml%00.html",
    b"/%ff",
    b"/%zz",
    b"/" + b"a" * 5000,
    b"http://mill.example/../secret.txt",
    b"/.feedmill.lock",
    b"/bread/.hidden",
    b"/%2efeedmill.lock",
    b"/.git/config",
    b"/out.txt",
    b"/outside/secret.txt",
    b"/outside/",
    b"/outside",
    b"/to-hidden",
    b"/pipe",
    b"/loop",
]


def test_nothing_but_what_is_published_is_found(served: Served, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "index.html").write_text("secret")
    for path in ("atom.xml", "bread/atom.xml", "bread/.hidden", ".feedmill.lock", ".git/config"):
        served.put(path)
    (served.folder / "out.txt").symlink_to(tmp_path / "secret.txt")
    (served.folder / "outside").symlink_to(tmp_path)
    (served.folder / "to-hidden").symlink_to(".feedmill.lock")
    (served.folder / "loop").symlink_to("loop")
    os.mkfifo(served.folder / "pipe")
    given = {target: served.status_of(target) for target in TRICKS}
    assert {target: code for target, code in given.items() if code not in (400, 404)} == {}
    assert served.status_of(b"/bread/atom.xml") == 200


def test_links_that_stay_inside_are_followed_also_where_the_folder_is_one(served: Served, tmp_path: Path) -> None:
    served.put("atom.xml", b"one")
    (served.folder / "feed.xml").symlink_to("atom.xml")
    (tmp_path / "current").symlink_to(served.folder)
    served.folder = tmp_path / "current"
    assert served.ask("/feed.xml").body == b"one"


def test_a_link_that_is_turned_outside_is_followed_no_more(served: Served, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    served.put("atom.xml")
    link = served.folder / "feed.xml"
    link.symlink_to("atom.xml")
    assert served.ask("/feed.xml").status == 200
    link.unlink()
    link.symlink_to(tmp_path / "secret.txt")
    assert served.ask("/feed.xml").status == 404


def test_an_absolute_address_in_the_request_line_is_understood(served: Served) -> None:
    served.put("atom.xml")
    assert served.status_of(b"http://mill.example/atom.xml") == 200


def test_another_folder_is_served_as_soon_as_the_config_says_so(served: Served, tmp_path: Path) -> None:
    served.put("atom.xml", b"old")
    assert served.ask("/atom.xml").body == b"old"
    served.folder = tmp_path / "elsewhere"
    served.put("atom.xml", b"new")
    assert served.ask("/atom.xml").body == b"new"
