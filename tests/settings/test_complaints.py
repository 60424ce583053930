"""What is wrong with a config is told, all of it, with its place."""

from __future__ import annotations

import json
import time

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from feeds import settings
from feeds.errors import SettingsError
from feeds.settings.keys import keys_of
from feeds.settings.model import AuthKeys, CategoryKeys, ConfigKeys, FetchKeys, PerHostKeys, SourceKeys


def test_all_complaints_come_at_once_in_the_order_of_the_lines(complaints):
    text = """
fetch:
  interval: 30m
  per_host: {connections: 9}
categories:
  - name: a
  - name: A
    limit: 0
sources:
  - {}
  - url: ftp://h.example
    timezone: Asia/Shanghia
    intervall: 1h
  - url: http://h.example
    path: a
    interval: 2d
    max_interval: 1d
"""
    assert complaints(text) == [
        "config.yaml:3: fetch.interval: less than 1h for every source; write 1h or more, and lower it per source",
        "config.yaml:4: fetch.per_host.connections: not 1 or 2; more at a time is unkind to a host",
        "config.yaml:7: categories[1].name: 'A' is a category already, on line 6; give one of the two another",
        "config.yaml:8: categories[1].limit: not between 1 and 1000; write for instance 100",
        "config.yaml:10: sources[0]: neither url nor path; write the address of the source, or the path of its files",
        "config.yaml:11: sources[1].url: does not begin with http:// or https://; write the whole address",
        "config.yaml:12: sources[1].timezone: 'Asia/Shanghia' is no time zone; did you mean Asia/Shanghai?",
        "config.yaml:13: sources[1].intervall: unknown key; did you mean interval?",
        "config.yaml:15: sources[2].path: both url and path; keep one, and make a second source of the other",
        "config.yaml:17: sources[2].max_interval: '1d' is less than interval; raise it, or lower interval",
    ]


REFUSED = [
    # shape
    ("- a", "config.yaml:1: a list where a mapping is wanted"),
    ("just words", "config.yaml:1: text where a mapping is wanted"),
    ("a: b: c", "config.yaml:1: a second colon on the line"),
    ("a: 1\na: 2", "config.yaml:2: the key 'a' stands here twice"),
    ("sources: x", "sources: text where a list is wanted"),
    ("sources: [x]", "sources[0]: text where a mapping is wanted"),
    ("sources:\n  -\n", "sources[0]: nothing where a mapping is wanted"),
    ("fetch: 3", "fetch: a number where a mapping is wanted"),
    ("site: [a]", "site: a list where a mapping is wanted"),
    ("site: {title: 2024}", "site.title: a number where text is wanted; put it into quotes"),
    ("site: {title: [a]}", "site.title: a list where text is wanted; write one value"),
    ('site: {title: "a\\nb"}', "site.title: text on one line is wanted"),
    # keys
    ("source: []", "source: unknown key; did you mean sources?"),
    ("zzz: 1", "zzz: unknown key; known are site, database"),
    ("zzz:", "zzz: unknown key"),
    ("fetch: {per_host: {conections: 1}}", "fetch.per_host.conections: unknown key; did you mean connections?"),
    ("sources: [{path: a, auth: {baisc: x}}]", "sources[0].auth.baisc: unknown key; did you mean basic?"),
    ("panels: {}", "panels: unknown key"),
    ("sources: [{path: a, retention: 1y}]", "sources[0].retention: unknown key"),
    # site, server, database, output
    ("site: {url: localhost}", "site.url: does not begin with http"),
    ("site: {url: 'http://h/?a'}", "site.url: a base address has no user, query or fragment"),
    ("site: {language: english language}", "site.language: 'english language' is no language tag"),
    ("server: {port: 65536}", "server.port: not between 0 and 65535"),
    ("server: {port: http}", "server.port: 'http' where a whole number is wanted"),
    ("server: {port: true}", "server.port: true where a whole number is wanted"),
    ("database: feedmill.db", "database: no address of a database; write sqlite:///feedmill.db"),
    ("database: postgres://h/x", "database: SQLAlchemy does not know postgres://"),
    ("output: ''", "output: no path"),
    ("output: ~other/x", "output: only `~/` stands for a home folder"),
    # times and sizes
    ("fetch: {timeout: 30}", "fetch.timeout: 30 has no unit; write for instance 30s"),
    ("fetch: {timeout: '30'}", "fetch.timeout: '30' has no unit"),
    ("fetch: {timeout: 30 seconds}", "fetch.timeout: '30 seconds' is no time"),
    ("fetch: {timeout: 0s}", "fetch.timeout: not between 1s and 1h"),
    ("fetch: {timeout: true}", "fetch.timeout: true is no time"),
    ("fetch: {timeout: [1h]}", "fetch.timeout: a list is no time"),
    ("fetch: {max_interval: -1h}", "fetch.max_interval: '-1h' is no time"),
    ("fetch: {max_interval: 9000y}", "fetch.max_interval: '9000y' is longer than 1000y"),
    ("fetch: {per_host: {spacing: 2h}}", "fetch.per_host.spacing: more than 1h"),
    ("categories: ['']", "categories[0].name: text on one line is wanted"),
    ("fetch: {max_interval: 1m30h}", "fetch.max_interval: '1m30h' is no time"),
    ("fetch: {interval: 59m}", "fetch.interval: less than 1h for every source"),
    ("fetch: {interval: 2h, max_interval: 1h}", "fetch.max_interval: '1h' is less than interval"),
    ("fetch: {interval: 2h}\nsources: [{path: a, max_interval: 1h}]", "sources[0].max_interval: '1h' is less than"),
    ("sources: [{path: a, interval: 59s}]", "sources[0].interval: less than 1m"),
    ("fetch: {max_size: 10}", "fetch.max_size: 10 has no unit"),
    ("fetch: {max_size: 10MX}", "fetch.max_size: '10MX' is no size"),
    ("fetch: {max_size: 0MB}", "fetch.max_size: less than 1kB"),
    ("fetch: {per_host: {spacing: 1}}", "fetch.per_host.spacing: 1 has no unit"),
    # sources
    ("sources: [{url: file:///etc/passwd}]", "sources[0].url: file: addresses are not read; write `path:`"),
    ("sources: [{url: 'https:///x'}]", "sources[0].url: has no host"),
    ("sources: [{url: 'https://a..b/x'}]", "sources[0].url: its host or port cannot be read"),
    ("sources: [{url: 'https://h:x/'}]", "sources[0].url: its host or port cannot be read"),
    ("sources: [{url: 'https://[::1/'}]", "sources[0].url: its host or port cannot be read"),
    ("sources: [{url: 'https://h/a b'}]", "sources[0].url: holds a space"),
    ("sources: [{path: https://h.example}]", "sources[0].path: an address where a path is wanted; write `url:`"),
    ("sources: [{path: a, kind: http}]", "sources[0].kind: 'http' does not go with path"),
    ("sources: [{path: a, kind: foldr}]", "sources[0].kind: 'foldr' is no kind of source; did you mean folder?"),
    ("sources: [{path: a, kind: [x]}]", "sources[0].kind: a list where text is wanted"),
    ("sources: [{path: a, name: x}, {path: b, name: ' x'}]", "sources[1].name: ' x' is the name of another source"),
    ("sources: [{path: a, name: ''}]", "sources[0].name: text on one line is wanted"),
    ("sources: [{path: a, categories: {a: b}}]", "sources[0].categories: a mapping where a list is wanted"),
    ("sources: [{path: a, categories: [a, 7]}]", "sources[0].categories[1]: a number where text is wanted"),
    (
        "sources: [{path: a, timezone: CST6CDTX}]",
        "sources[0].timezone: 'CST6CDTX' is no time zone; did you mean CST6CDT?",
    ),
    (
        "sources: [{path: a, dates: belive}]",
        "sources[0].dates: 'belive' is no way to take dates; did you mean believe?",
    ),
    (
        "sources: [{path: a, dates: 8h}]",
        "'8h' is no way to take dates; write auto, believe, first-seen, or a shift such",
    ),
    ("sources: [{path: a, dates: -8}]", "sources[0].dates: -8 is no way to take dates; write auto"),
    ("sources: [{path: a, dates: -8x}]", "sources[0].dates: '-8x' is no way to take dates; write auto"),
    ("sources: [{path: a, dates: -25h}]", "sources[0].dates: '-25h' is more than a day; no time zone is so far away"),
    ("fetch: {dates: [auto]}", "fetch.dates: a list is no way to take dates; did you mean auto?"),
    ("fetch: {future: clam}", "fetch.future: 'clam' is nothing that dates ahead can lead to; did you mean clamp?"),
    ("fetch: {future: 3}", "fetch.future: a number where text is wanted"),
    ("fetch: {datess: auto}", "fetch.datess: unknown key; did you mean dates?"),
    ("sources: [{path: a, timezone: ../../etc/passwd}]", "is no time zone; write a name such as"),
    ("sources: [{path: a, timezone: Asia}]", "sources[0].timezone: 'Asia' is no time zone"),
    ("sources: [{path: a, headers: {Host: x}}]", "sources[0].headers.Host: this header cannot be set"),
    ("sources: [{path: a, headers: {cookie: x}}]", "headers.cookie: this header cannot be set; feedmill never sends"),
    (
        "sources: [{path: a, headers: {User-Agent: x}}]",
        "headers.User-Agent: this header cannot be set; write `user_agent:`",
    ),
    ("sources: [{path: a, headers: {'a b': x}}]", "headers.a b: no name of a header"),
    ('sources: [{path: a, headers: {"a\\nb": x}}]', "headers.'a\\nb': no name of a header"),
    ('sources: [{path: a, headers: {A: "x\\r\\ny"}}]', "headers.A: holds what a header cannot carry"),
    ("sources: [{path: a, headers: [A]}]", "sources[0].headers: a list where a mapping is wanted"),
    ("fetch: {headers: {Authorization: x}}", "fetch.headers.Authorization: would go to every source"),
    ("sources: [{path: a, auth: {}}]", "sources[0].auth: wants one of basic and bearer"),
    ("sources: [{path: a, auth: {basic: 'a:b', bearer: c}}]", "sources[0].auth: wants one of basic and bearer"),
    ("sources: [{path: a, auth: {basic: a}}]", "sources[0].auth.basic: no user and password"),
    ("sources: [{url: 'http://u:p@h', auth: {bearer: c}}]", "sources[0].auth: credentials stand in auth and url"),
    ("sources: [{path: a, proxy: 'h:3128'}]", "sources[0].proxy: is no address of a proxy"),
    ("sources: [{path: a, cookies: true}]", "sources[0].cookies: feedmill never sends cookies"),
    ("sources: [{path: a, verify_tls: 0}]", "sources[0].verify_tls: 0 is neither true nor false"),
    ("sources: [{path: a, verify_tls: no}]", "config.yaml:1: no can be read as a word or as a truth"),
    (
        "sources: [{path: a, allow_private_addresses: [10.0.0.0/33, h]}]",
        "'10.0.0.0/33', 'h': write true, false, or a list",
    ),
    ("sources: [{path: a, allow_private_addresses: ['h:0']}]", "'h:0': write true, false, or a list"),
    ("sources: [{path: a, allow_private_addresses: ['10.0.0.1:99999']}]", "write true, false, or a list"),
    # categories
    ("categories: {a: b}", "categories: a mapping where a list is wanted"),
    ("categories: [{slug: x}]", "categories[0].name: is missing"),
    ("categories: [3]", "categories[0]: a number where a mapping is wanted"),
    ("categories: [a, a]", "categories[1]: 'a' is a category already, on line 1"),
    ("categories: [{name: a, slug: status}]", "categories[0].slug: 'status' is an address of feedmill's own"),
    ("categories: [{name: a, slug: ../x}]", "categories[0].slug: '../x' is no slug"),
    ("categories: [{name: a, slug: ''}]", "categories[0].slug: '' is no slug"),
    ("categories: [{name: a, slug: Abc}]", "categories[0].slug: 'Abc' is no slug"),
    ("categories: [{name: a, slug: x}, {name: b, slug: x}]", "categories[1].slug: 'x' is another category's slug"),
    (
        "categories: [{name: a, aliases: [x]}, {name: b, aliases: X}]",
        "categories[1].aliases: 'X' is an alias of another",
    ),
    ("categories: [{name: a, aliases: [b]}, b]", "categories[0].aliases: 'b' is a category of its own on line 1"),
    ("categories: [{name: a, limit: 1001}]", "categories[0].limit: not between 1 and 1000"),
]


@pytest.mark.parametrize(("text", "complaint"), REFUSED, ids=[text[:40] for text, _ in REFUSED])
def test_what_is_wrong_is_told_with_its_place_and_what_would_help(complaints, text, complaint):
    (told,) = complaints(text)
    assert complaint in told
    assert "; " in told or ": write" in told


@pytest.mark.parametrize("name", ["金融", "x" * 5000, "a/b\\c", "null"])
def test_a_category_may_have_any_name(load, name):
    assert load(f"categories: [{json.dumps(name)}]").categories[0].name == name


@pytest.mark.parametrize("slug", ["finance", "金融", "समाचार", "a-b_c", "1"])
def test_a_slug_may_be_of_any_script(load, slug):
    assert load(f"categories: [{{name: a, slug: {slug!r}}}]").categories[0].slug == slug


def test_a_file_that_cannot_be_read_is_told_under_the_name_it_was_given(tmp_path):
    (tmp_path / "config.yaml").write_bytes(b"site:\n  title: \xff\n")
    for path, told in [
        (tmp_path / "gone.yaml", r"gone\.yaml: cannot be read \(No such file or directory\)"),
        (tmp_path, r"cannot be read \(Is a directory\)"),
        (tmp_path / "config.yaml", r"config\.yaml:2: bytes that are not UTF-8"),
    ]:
        with pytest.raises(SettingsError, match=told):
            settings.load(path, environ={})


KEYS = {
    key for model in (ConfigKeys, FetchKeys, PerHostKeys, SourceKeys, CategoryKeys, AuthKeys) for key in keys_of(model)
}
SCALARS = st.sampled_from(
    [
        None,
        True,
        1,
        -1,
        1.5,
        10**17,
        float("inf"),
        "",
        "1h",
        "2d",
        "10MB",
        "http://u:p@h.example/",
        "a",
        "${A}",
        "${",
        "~",
        "/",
        "Asia",
    ]
) | st.text(max_size=8)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(KEYS)), inner, max_size=6),
    max_leaves=20,
)
CONFIGS = st.fixed_dictionaries(
    {},
    optional={
        "sources": st.lists(st.dictionaries(st.sampled_from(sorted(keys_of(SourceKeys))), TREES) | TREES, max_size=3),
        "categories": st.lists(
            st.dictionaries(st.sampled_from(sorted(keys_of(CategoryKeys))), TREES) | TREES, max_size=3
        ),
        "fetch": st.dictionaries(st.sampled_from(sorted(keys_of(FetchKeys))), TREES) | TREES,
        "site": TREES,
        "database": SCALARS,
        "output": SCALARS,
    },
)


@given(CONFIGS | TREES)
@examples(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_any_config_gives_settings_or_a_settings_error(load, tree):
    text = json.dumps(tree).replace("Infinity", ".inf")  # JSON is YAML
    try:
        found = load(text, A="x")
    except SettingsError as error:
        found = error
    assert isinstance(found, settings.Settings) or str(found)


def test_three_thousand_sources_are_loaded_within_a_second_and_a_half(load):
    one = "  - url: https://h{0}.example/feed.xml\n    categories: [a]\n    timezone: UTC\n    headers: {{A: b}}\n"
    text = "sources:\n" + "".join(one.format(number) for number in range(3000))
    begin = time.process_time()
    assert len(load(text).sources) == 3000
    assert time.process_time() - begin < 1.5


def test_every_key_says_what_it_is_for():
    for model in (ConfigKeys, FetchKeys, PerHostKeys, SourceKeys, CategoryKeys, AuthKeys):
        assert all(key.description for key in keys_of(model).values())
