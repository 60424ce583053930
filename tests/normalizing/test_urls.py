from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feeds.normalizing import urls
from feeds.normalizing.urls import LONGEST, absolute, canonical, link

PAGE = "https://site.example/news/today.html"


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("https://site.example/a", "https://site.example/a"),
        ("HTTPS://Site.example/A", "https://Site.example/A"),
        ("/a.jpg", "https://site.example/a.jpg"),
        ("a.jpg", "https://site.example/news/a.jpg"),
        ("../a.jpg", "https://site.example/a.jpg"),
        ("/x/../a.jpg", "https://site.example/a.jpg"),
        ("?page=2", "https://site.example/news/today.html?page=2"),
        ("#part", "https://site.example/news/today.html#part"),
        ("//other.example/a", "https://other.example/a"),
        ("\\\\other.example\\a?b\\c", "https://other.example/a?b%5Cc"),
        ("https:\\\\other.example\\a", "https://other.example/a"),
        (" \t\n https://other.example/a \u00a0\u2028\ufeff", "https://other.example/a"),
        ("ht\ntps://other.example/\ta", "https://other.example/a"),
        ("https://other.example:8080/a", "https://other.example:8080/a"),
        ("https://[2001:db8::1]:8080/a", "https://[2001:db8::1]:8080/a"),
    ],
)
def test_an_address_is_resolved_as_a_browser_would(address, meant):
    assert absolute(address, PAGE) == meant


def test_a_protocol_relative_address_takes_the_scheme_of_its_page_or_https():
    assert absolute("//img.example/a", "http://site.example/") == "http://img.example/a"
    assert absolute("//img.example/a") == "https://img.example/a"


@pytest.mark.parametrize("address", ["/a", "a.jpg", "?a", "#a", ""])
def test_a_relative_address_without_a_base_is_none(address):
    assert absolute(address) == link(address) == ""


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)",
        "JaVaScRiPt:alert(1)",
        "java\nscript:alert(1)",
        "java\u200bscript:alert(1)",
        "\u00a0javascript:alert(1)",
        "\u2028javascript:alert(1)",
        "\ufeffjavascript:alert(1)",
        "\x01javascript:alert(1)",
        "\x00javascript:alert(1)",
        "javascript\t:alert(1)",
        "vbscript:msgbox(1)",
        "data:text/html,<script>alert(1)</script>",
        "data:image/svg+xml,<svg onload=alert(1)>",
        "file:///etc/passwd",
        "blob:https://site.example/1",
        "filesystem:https://site.example/1",
        "about:blank",
        "view-source:https://site.example/",
        "intent://site.example/#Intent;end",
        "ms-word:ofe|u|https://site.example/a.docx",
        "jar:https://site.example/!/a",
        "feed:https://site.example/",
        "chrome://settings",
    ],
)
def test_an_address_that_runs_or_reads_something_is_none(address):
    assert absolute(address, PAGE) == link(address, PAGE) == canonical(address) == ""


@pytest.mark.parametrize(
    "address",
    [
        "http://",
        "http:///",
        "http://[bad",
        "http://[::1",
        "http://[zz]/",
        "http://host:99999/",
        "http://host:port/",
        "http://./",
        "http://a b/",
        "http://<b>/",
        "http://user:pass@/",
        "http://%41.example/",
        "http://" + "a" * 300 + ".example/",
        "http://host/" + "a" * LONGEST,
        "\ud800",
    ],
)
def test_a_malformed_address_is_none_and_no_exception(address):
    assert absolute(address) == canonical(address) == ""


def test_a_malformed_base_gives_nothing():
    assert absolute("a", "http://[bad") == absolute("/a", "file:///etc/") == absolute("/a", "nonsense") == ""


def test_user_and_password_are_not_passed_on():
    assert absolute("https://user:pass@site.example/a@b") == "https://site.example/a@b"
    assert absolute("https://bank.example@evil.example/") == "https://evil.example/"


def test_an_address_becomes_a_uri_and_what_is_encoded_stays():
    assert absolute("https://bücher.example/ä b?q=ö&r=%C3%B6&s=%E4#ü") == (
        "https://xn--bcher-kva.example/%C3%A4%20b?q=%C3%B6&r=%C3%B6&s=%E4#%C3%BC"
    )
    assert absolute("https://site.example/a\"b<c>'d?x='") == "https://site.example/a%22b%3Cc%3E%27d?x=%27"


@pytest.mark.parametrize(
    "address",
    [
        "https://proxy.example/?http://img.example/a.jpg",
        "https://proxy.example/?url=http%3A%2F%2Fimg.example%2Fa.jpg",
        "https://site.example/?b=1&a=2&b=&&c",
        "https://site.example/A%2fb;c=1/,(x)*!$~",
        "https://site.example?q=1#!/route?x=1",
        "https://site.example/a//b/../c",
    ],
)
def test_a_good_address_stays_as_its_source_wrote_it(address):
    assert absolute(address, PAGE) == link(address, PAGE) == canonical(address) == address


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("mailto:desk@site.example?subject=a b", "mailto:desk@site.example?subject=a%20b"),
        ("TEL:+49-30-1", "tel:+49-30-1"),
        ("magnet:?xt=urn:btih:abc&dn=x", "magnet:?xt=urn:btih:abc&dn=x"),
        ("ftp://ftp.example/a", "ftp://ftp.example/a"),
        ("geo:52.5,13.4", "geo:52.5,13.4"),
        ('mailto:"><script>', "mailto:%22%3E%3Cscript%3E"),
        ("mailto:", ""),
    ],
)
def test_a_link_may_also_write_a_mail_or_call(address, kept):
    assert link(address, PAGE) == kept
    assert absolute(address, PAGE) == ""


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://site.example/a?utm_source=rss&utm_medium=feed", "https://site.example/a"),
        ("https://site.example/a?id=7&utm_source=x&b=%20&&c=", "https://site.example/a?id=7&b=%20&&c="),
        ("https://site.example/a?id=7&amp;utm_source=x", "https://site.example/a?id=7"),
        ("https://site.example/a?UTM_Source=x&fbclid=1&gclid=2&mc_cid=3&_hsenc=4&wt_mc_o=5", "https://site.example/a"),
        ("https://site.example/a?from=rss&id=1", "https://site.example/a?id=1"),
        ("https://site.example/a?ref=feed", "https://site.example/a"),
        ("https://site.example/a?from=2024-05-06&ref=main&source=web", None),
        ("https://site.example/a?utmost=1&id=2", None),
        ("https://site.example/a#xtor=RSS-1", "https://site.example/a"),
        ("https://site.example/a#utm_source=rss", "https://site.example/a"),
        ("https://site.example/a#chapter-2", None),
        ("https://site.example/a?", "https://site.example/a"),
        ("https://Site.Example:443/A", "https://site.example/A"),
        ("http://site.example:80/", "http://site.example/"),
        ("http://site.example:443/", None),
        ("https://site.example:80/", None),
    ],
)
def test_the_articles_address_loses_trackers_and_nothing_else(url, kept):
    assert canonical(url) == (url if kept is None else kept)


ADDRESSES = st.one_of(
    st.text(),
    st.text(alphabet="htps:/\\?#&=@[]%.a1 \u00a0ü\u200b\n", max_size=40),
    st.builds("http{}".format, st.text(alphabet="s:/\\?#&=@[]%.a1\u00fc ", max_size=30)),
    st.builds("https://a.example/{}".format, st.text()),
)


@given(ADDRESSES, ADDRESSES)
def test_whatever_comes_in_an_http_uri_or_nothing_comes_out(address, base):
    found = absolute(address, base)
    assert found == "" or found.startswith(("http://", "https://"))
    assert found.isascii()
    assert not set(found) & set(" \"'<>`\\\x7f{}|^")
    assert absolute(found) == found


@given(ADDRESSES, ADDRESSES)
def test_a_link_is_the_same_read_twice(address, base):
    found = link(address, base)
    assert link(found) == found


@given(ADDRESSES)
def test_the_canonical_address_is_its_own_canonical_address(url):
    assert canonical(canonical(url)) == canonical(url)


PIECES = st.sampled_from(
    "https:// http:// HTTP:// / // ./ ../ a b.jpg .. . ? # ; : a;b @ % %41 \\ ü site.example SITE.example :80 ?q=1 #p".split()
)


@given(st.lists(PIECES, max_size=8).map("".join), st.lists(PIECES, max_size=7).map("".join))
def test_what_is_seen_at_one_look_is_what_all_rules_say(address, rest):
    for base in (f"https://site.example/{rest}", f"https://site.example{rest}", rest):
        assert absolute(address, base) == urls._http(urls._visible(address), base)
