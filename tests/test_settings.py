from __future__ import annotations

import json
import time
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from feeds import records, settings
from feeds.errors import SettingsError
from feeds.fetching.politeness import PerHost
from feeds.settings.model import AuthKeys, CategoryKeys, ConfigKeys, FetchKeys, PerHostKeys, SourceKeys

HOME = {"HOME": "/home/miller"}


@pytest.fixture
def load(tmp_path):
    """Settings from the text of a config.yaml in a folder of its own."""

    def load(text, **environ):
        (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
        return settings.load(tmp_path / "config.yaml", environ=HOME | environ)

    return load


@pytest.fixture
def complaints(load, tmp_path):
    """What is wrong with the text of a config.yaml, one string a line."""

    def complaints(text, **environ):
        with pytest.raises(SettingsError) as refused:
            load(text, **environ)
        return str(refused.value).replace(f"{tmp_path}/", "").splitlines()

    return complaints


@pytest.fixture
def source(load):
    """The one source of a config, from its keys in flow style."""
    return lambda keys, **environ: load(f"sources: [{{{keys}}}]", **environ).sources[0]


CONTRACT = """
site:
  title: Evening Mill
  url: http://localhost:8080
  language: en
database: sqlite:///feedmill.db
output: public
fetch:
  interval: 1h
  max_interval: 24h
  timeout: 30s
  max_size: 10MB
  allow_private_addresses: false
  per_host: {connections: 2, spacing: 1s}
server: {host: 127.0.0.1, port: 8080}
categories:
  - name: 金融
    slug: finance
    title: Finance
    aliases: [财经, Finance]
    limit: 100
sources:
  - name: gazette
    url: https://gazette.example/feed.xml
    categories: [金融]
    timezone: Asia/Shanghai
  - name: desk
    path: articles/
"""


def test_the_config_of_the_contract_is_understood(load, tmp_path):
    found = load(CONTRACT)
    assert found.site == settings.Site(title="Evening Mill", url="http://localhost:8080/", language="en")
    assert found.database == f"sqlite:///{tmp_path}/feedmill.db"
    assert found.output == tmp_path / "public"
    assert found.server == settings.Server(host="127.0.0.1", port=8080)
    assert found.per_host == PerHost(connections=2, spacing=timedelta(seconds=1))
    assert found.categories == (
        records.Category(name="金融", slug="finance", title="Finance", aliases=("财经", "Finance"), limit=100),
    )
    assert found.sources == (
        records.Source(
            name="gazette",
            kind="http",
            url="https://gazette.example/feed.xml",
            categories=("金融",),
            timezone=ZoneInfo("Asia/Shanghai"),
        ),
        records.Source(name="desk", kind="folder", path=str(tmp_path / "articles")),
    )


def test_one_url_is_a_whole_config(load, tmp_path):
    found = load("sources: [{url: https://gazette.example/feed.xml}]")
    assert found.site == settings.Site(title="feedmill", url="http://localhost:8080/", language="")
    assert found.database == f"sqlite:///{tmp_path}/feedmill.db"
    assert found.output == tmp_path / "public"
    assert found.categories is None
    assert found.sources[0].interval == timedelta(hours=1)


@pytest.mark.parametrize("text", ["", "sources:", "sources: []", "site:\nsources:\n", "fetch: {per_host: }"])
def test_an_empty_key_counts_as_left_out(load, text):
    assert load(text).sources == ()


# What one source becomes


@pytest.mark.parametrize(
    ("keys", "field", "value"),
    [
        ("url: HTTPS://h.example/a?b=c#d", "url", "https://h.example/a?b=c"),
        ("url: https://user:secret@h.example:81/a", "url", "https://h.example:81/a"),
        ("url: https://münchen.example/feed", "url", "https://münchen.example/feed"),
        ("url: 'https://[::1]:80/feed'", "url", "https://[::1]:80/feed"),
        ("url: https://h.example/@user/feed", "url", "https://h.example/@user/feed"),
        ("url: https://h.example", "kind", "http"),
        ("path: ~/feeds/*.xml", "path", "/home/miller/feeds/*.xml"),
        ("path: /srv/feeds", "path", "/srv/feeds"),
        ("path: a, kind: folder", "kind", "folder"),
        ("path: a, base_url: https://h.example/", "base_url", "https://h.example/"),
        ("path: a, categories: [b, a, b]", "categories", ("b", "a")),
        ("path: a, categories: b", "categories", ("b",)),
        ("path: a, categories: ['']", "categories", ("",)),
        ("path: a, interval: 5m", "interval", timedelta(minutes=5)),
        ("path: a, interval: 2d", "max_interval", timedelta(days=2)),
        ("path: a, interval: 1h30m", "interval", timedelta(minutes=90)),
        ("path: a, interval: 1h 30m", "interval", timedelta(minutes=90)),
        ("path: a, max_interval: 2y", "max_interval", timedelta(days=730)),
        ("path: a, max_interval: 1w", "max_interval", timedelta(days=7)),
        ("path: a, timeout: 1.5s", "timeout", timedelta(seconds=1.5)),
        ("path: a, max_size: 512kB", "max_size", 512_000),
        ("path: a, max_size: 1GiB", "max_size", 2**30),
        ("path: a, max_size: 1.5 MB", "max_size", 1_500_000),
        ("url: http://h.example, user_agent: me/1", "user_agent", "me/1"),
        ("url: http://h.example, verify_tls: false", "verify_tls", False),
        ("url: http://h.example, proxy: 'socks5h://h:1080'", "proxy", "socks5h://h:1080"),
        ("url: http://h.example, cookies: false", "headers", ()),
        ("url: http://h.example, headers: {Accept-Language: de}", "headers", (("Accept-Language", "de"),)),
        ("url: http://h.example, allow_private_addresses: true", "allow_private_addresses", True),
        (
            "url: http://h, allow_private_addresses: [127.0.0.1, 127.0.0.1:80, 10.0.0.0/8, 10.0.0.0/8:80, 'h:1', '[::1]:80']",
            "allow_private_addresses",
            ("127.0.0.1", "127.0.0.1:80", "10.0.0.0/8", "10.0.0.0/8:80", "h:1", "[::1]:80"),
        ),
        ("url: http://h.example, allow_private_addresses: 10.0.0.1", "allow_private_addresses", ("10.0.0.1",)),
        (
            "url: 'http://Aladdin:open sesame@h.example'".replace(" ses", "%20ses"),
            "auth",
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        ),
        ("url: http://h.example, auth: {basic: 'Aladdin:open sesame'}", "auth", "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="),
        ("url: http://h.example, auth: {bearer: abcdef}", "auth", "Bearer abcdef"),
    ],
)
def test_a_key_of_a_source_becomes_its_value(source, keys, field, value):
    assert getattr(source(keys), field) == value


def test_a_source_has_what_holds_for_every_source_unless_it_says_otherwise(load):
    everyones = (
        "fetch: {interval: 3h, timeout: 5s, proxy: 'http://p:1', headers: {a: x, B: x}, timezone: Europe/Paris}\n"
    )
    found = load(everyones + "sources: [{url: http://h.example, timeout: 9s, headers: {b: w, c: z}, proxy: ''}]")
    source = found.sources[0]
    assert (source.interval, source.timeout, source.proxy) == (timedelta(hours=3), timedelta(seconds=9), "")
    assert source.headers == (("a", "x"), ("b", "w"), ("c", "z"))
    assert source.timezone == ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("written", "dates"),
    [
        ("auto", "auto"),
        ("Believe", "believe"),
        ("first-seen", "first-seen"),
        ("-8h", timedelta(hours=-8)),
        ("+5h30m", timedelta(hours=5.5)),
        ("'-45m'", timedelta(minutes=-45)),
    ],
)
def test_dates_are_taken_as_the_config_says(load, written, dates):
    found = load(f"fetch: {{future: hold}}\nsources: [{{path: a, dates: {written}}}, {{path: b, future: Drop}}]")
    assert [(one.dates, one.future) for one in found.sources] == [(dates, "hold"), ("auto", "drop")]


def test_an_address_that_is_no_source_is_asked_as_fetch_says(load):
    found = load("fetch: {interval: 36h, proxy: 'http://u:hunter2@p:1', headers: {A: b}}")
    assert found.defaults.headers == (("A", "b"),)
    assert found.defaults.max_interval == timedelta(hours=36)
    assert "hunter2" in found.defaults.secrets
    assert "hunter2" in found.secrets


@pytest.mark.parametrize(
    ("place", "name"),
    [
        ("url: https://gazette.example/", "gazette.example"),
        ("url: https://www.gazette.example/feed.xml", "gazette.example/feed"),
        ("url: https://user:secret@gazette.example/a/?tag=x&key=abcdef", "gazette.example/a?tag=x&key=***"),
        ("url: 'https://gazette.example/${TOKEN}/rss'", "gazette.example/***/rss"),
        ("path: articles/", "articles"),
        ("path: ./content/posts/**/*.md", "content/posts"),
        ("path: '*.md'", "files"),
    ],
)
def test_a_source_without_a_name_is_called_after_its_place_without_secrets(source, place, name):
    assert source(place, TOKEN="hunter2hunter2").name == name


def test_names_that_are_made_are_unlike_all_others(load):
    found = load("sources: [{path: a}, {path: ./a}, {path: b, name: a-2}, {path: a/}]")
    assert [source.name for source in found.sources] == ["a", "a-3", "a-2", "a-4"]


# Where things lie


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("sqlite:///feedmill.db", "sqlite:///{folder}/feedmill.db"),
        ("sqlite:///data/feedmill.db?timeout=9", "sqlite:///{folder}/data/feedmill.db?timeout=9"),
        ("sqlite+pysqlite:///feedmill.db", "sqlite+pysqlite:///{folder}/feedmill.db"),
        ("sqlite:///~/feedmill.db", "sqlite:////home/miller/feedmill.db"),
        ("sqlite:////var/lib/feedmill.db", "sqlite:////var/lib/feedmill.db"),
        ("sqlite://", "sqlite://"),
        ("'sqlite:///:memory:'", "sqlite:///:memory:"),
        ("sqlite:///file:x?mode=memory&uri=true", "sqlite:///file:x?mode=memory&uri=true"),
        ("postgresql+psycopg://h/mill", "postgresql+psycopg://h/mill"),
    ],
)
def test_a_database_file_lies_beside_the_config(load, tmp_path, written, address):
    assert load(f"database: {written}").database == address.format(folder=tmp_path)


def test_paths_are_relative_to_the_config_whatever_the_working_folder(load, tmp_path, monkeypatch):
    monkeypatch.chdir("/")
    found = load("output: out\nsources: [{path: articles}]")
    assert found.output == tmp_path / "out"
    assert found.sources[0].path == str(tmp_path / "articles")


def test_brackets_in_the_name_of_the_folder_are_no_glob(tmp_path):
    folder = tmp_path / "[mill]"
    folder.mkdir()
    (folder / "a.md").touch()
    (folder / "config.yaml").write_text("sources: [{path: '*.md'}]")
    assert settings.warnings(settings.load(folder / "config.yaml", environ={})) == ()


def test_a_home_that_nobody_knows_is_told(tmp_path):
    (tmp_path / "config.yaml").write_text("output: ~/public")
    with pytest.raises(SettingsError, match="HOME is not set"):
        settings.load(tmp_path / "config.yaml", environ={})


# ${NAME}


def test_values_are_filled_in_from_the_environment(load):
    found = load("site: {title: '${A}${B} $${A} $C'}\nserver: {port: '${PORT}'}", A="x", B="", PORT="81")
    assert (found.site.title, found.server.port) == ("x ${A} $C", 81)


def test_what_is_unset_is_named_and_hides_no_other_complaint(complaints):
    assert complaints("site: {titel: x}\nsources:\n  - url: ${GONE}\n    timezone: ${ZONE}\n  - url: x${a b}\n") == [
        "config.yaml:1: site.titel: unknown key; did you mean title?",
        "config.yaml:3: sources[0].url: the environment variable GONE is not set; set it, or write the value here",
        "config.yaml:4: sources[0].timezone: the environment variable ZONE is not set; set it, or write the value here",
        "config.yaml:5: sources[1].url: `${` begins no ${NAME}; "
        "write the name of a variable, or `$${` for the characters themselves",
    ]


# Secrets


@pytest.mark.parametrize(
    ("keys", "secrets"),
    [
        ("url: 'https://u:hunter2@h.example'", {"hunter2", "dTpodW50ZXIy"}),
        ("url: 'https://u:hunter%402@h.example'", {"hunter%402", "hunter@2", "dTpodW50ZXJAMg=="}),
        ("url: 'https://hunter2@h.example'", {"hunter2", "aHVudGVyMjo="}),
        (
            "url: 'https://h.example?API_KEY=hunter2&a=bcdef&access_token=secr%C3%A9t'",
            {"hunter2", "secr%C3%A9t", "secrét"},
        ),
        ("url: 'https://h.example/${TOKEN}/x'", {"hunter/2", "hunter%2F2"}),
        ("url: 'https://h.example', proxy: 'http://u:hunter2@p:1'", {"hunter2", "dTpodW50ZXIy"}),
        ("url: 'https://h.example', auth: {basic: 'u:hunter2'}", {"u:hunter2", "hunter2", "dTpodW50ZXIy"}),
        ("url: 'https://h.example', auth: {bearer: hunter2}", {"hunter2"}),
        ("url: 'https://h.example', headers: {X-Api-Key: hunter2}", {"hunter2"}),
        ("url: 'https://h.example', headers: {Authorization: Token hunter2}", {"Token hunter2", "hunter2"}),
        ("url: 'https://h.example', headers: {X-Author: miller}", set()),
        ("url: 'https://h.example', headers: {X: '${TOKEN}'}", {"hunter/2", "hunter%2F2"}),
        ("url: 'https://h.example', timeout: '${TIME}', categories: ['${TOKEN}']", set()),
        ("url: 'https://u:abc@h.example'", {"dTphYmM="}),
    ],
)
def test_a_source_knows_its_secrets(source, keys, secrets):
    found = source(keys, TOKEN="hunter/2", TIME="0030s")
    assert secrets <= set(found.secrets)
    assert bool(found.secrets) == bool(secrets)
    assert not any(secret in found.location for secret in secrets)


@pytest.mark.parametrize(
    "written",
    [
        "k&e/y<9>",
        "k%26e%2Fy%3C9%3E",
        "k%26e%2fy%3c9%3e",
        "k%26e/y%3C9%3E",
        "k&amp;e/y&lt;9&gt;",
        "k&amp;amp;e/y&amp;lt;9&amp;gt;",
        "k&e\\/y<9>",
    ],
)
def test_a_secret_is_hidden_however_a_source_writes_it(source, written):
    found = source("url: 'https://h.example/feed', headers: {X-Api-Key: 'k&e/y<9>'}")
    assert found.redact(f"see {written} there") == "see *** there"


def test_the_longest_secret_comes_first_so_that_none_is_left_in_part(source):
    secrets = source("url: https://h.example, auth: {basic: 'miller:hunter2'}").secrets
    assert list(secrets) == sorted(secrets, key=len, reverse=True)


def test_settings_know_the_secrets_of_the_database_and_of_all_sources(load):
    found = load(
        "database: postgresql://u:hunter2@h/x\nsources: [{url: http://h, auth: {bearer: abcdef}}, {path: a}]\n"
        "fetch: {proxy: 'http://u:${PW}@h:1'}",
        PW="swordfish",
    )
    assert {"hunter2", "abcdef", "swordfish"} <= set(found.secrets)
    assert "swordfish" in found.sources[1].secrets
    assert "hunter2" not in repr(found.secrets[:0]) + repr(found.sources)


@pytest.mark.parametrize(
    "text",
    [
        "sources: [{url: 'https://u:hunter2@:1/'}]",
        "sources: [{url: 'u:hunter2@h.example'}]",
        "sources: [{url: 'https://u:hunter2/x@h.example'}]",
        "sources: [{url: 'hunter2://u@h.example'}]",
        "sources: [{url: 'https://h.exa mple?token=hunter2'}]",
        "sources: [{path: 'https://u:hunter2@h.example'}]",
        "sources: [{path: a, proxy: 'u:hunter2@h'}]",
        "sources: [{path: a, base_url: 'u:hunter2@h'}]",
        "sources: [{path: a, auth: {basic: hunter2}}]",
        "sources: [{path: a, auth: {bearer: 'hunter2 x'}}]",
        "sources: [{path: a, auth: hunter2}]",
        "sources: [{path: a, auth: [hunter2]}]",
        'sources: [{path: a, headers: {X-Api-Key: "hunter2\\n"}}, {path: a, headers: {Cookie: hunter2}}]',
        'sources: [{path: a, headers: {X: "hunter2\\x85x"}}]',
        "sources: [{path: a, allow_private_addresses: 'http://u:hunter2@10.0.0.1'}]",
        "sources: [{path: a, kind: 'http://u:hunter2@10.0.0.1'}]",
        'sources: [{path: a, user_agent: "hunter2\\n\\n"}, 1]',
        "sources: [{path: a, timeout: '${TOKEN}', max_size: '${TOKEN}', timezone: '${TOKEN}', verify_tls: '${TOKEN}'}]",
        "sources: [{path: a, name: '${TOKEN}'}, {path: b, name: '${TOKEN}'}]",
        "sources: [{path: a, kind: '${TOKEN}', allow_private_addresses: ['${TOKEN}']}]",
        "categories: ['${TOKEN}', '${TOKEN}', {name: a, slug: '${TOKEN} '}, {name: b, aliases: '${TOKEN}'}]",
        "site: {url: 'https://u:hunter2@h', language: '${TOKEN}_'}\nserver: {port: '${TOKEN}'}",
        "database: 'u:hunter2@h'",
        "database: 'postgres://u:hunter2@h'",
        "sources: [{url: https://u:hunter2@h.example]",
    ],
)
def test_no_complaint_shows_a_secret(complaints, text):
    assert "hunter2" not in "\n".join(complaints(text, TOKEN="hunter2"))


# Complaints


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


@pytest.mark.parametrize("name", ["", "金融", "x" * 5000, "a/b\\c", "null"])
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


# Finding the file


def test_the_config_is_looked_for_in_the_order_of_the_contract(tmp_path):
    xdg = tmp_path / "xdg" / "feedmill" / "config.yaml"
    here = tmp_path / "config.yaml"
    environ = {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}
    xdg.parent.mkdir(parents=True)
    xdg.touch()
    assert settings.find(None, environ=environ, cwd=tmp_path) == xdg
    here.touch()
    assert settings.find(None, environ=environ, cwd=tmp_path) == here
    environ["FEEDMILL_CONFIG"] = "other.yaml"
    assert settings.find(None, environ=environ, cwd=tmp_path) == tmp_path / "other.yaml"
    assert settings.find("mine.yaml", environ=environ, cwd=Path()) == Path("mine.yaml")


def test_a_config_that_is_nowhere_says_where_it_was_looked_for(tmp_path):
    with pytest.raises(SettingsError) as nowhere:
        settings.find(None, environ={"HOME": "/nowhere", "XDG_CONFIG_HOME": "relative"}, cwd=tmp_path)
    for told in (f"{tmp_path}/config.yaml", "/nowhere/.config/feedmill/config.yaml", "--config", "$FEEDMILL_CONFIG"):
        assert told in str(nowhere.value)


# Warnings


@pytest.mark.parametrize(
    ("text", "warning"),
    [
        ("site: {}", "config.yaml:1: sources: nothing to read"),
        ("sources:\n  - path: gone", "config.yaml:2: sources[0].path: nothing is at"),
        ("sources: [{path: '*.md'}]", "sources[0].path: nothing is at"),
        ("sources: [{url: http://127.0.0.1}]", "sources[0].url: a host of your own network is not asked"),
        ("sources: [{url: 'http://[fd00::1]/'}]", "sources[0].url: a host of your own network"),
        ("sources: [{url: http://localhost:8000/}]", "sources[0].url: a host of your own network"),
        (
            "categories: [a]\nsources: [{url: http://h.example}, {path: ., categories: a}]",
            "sources[0]: has no categories",
        ),
        ("categories: [Finance]\nsources: [{path: ., categories: [Finance, Finanze]}]", "did you mean 'Finance'?"),
        ("categories: [a, b]\nsources: [{path: ., categories: a}]", "categories[1]: no source names 'b'"),
    ],
)
def test_what_is_allowed_and_probably_not_meant_is_a_warning(load, text, warning):
    (told,) = settings.warnings(load(text))
    assert warning in told


@pytest.mark.parametrize(
    "text",
    [
        "sources: [{path: .}, {path: 'config.*'}]",
        "sources: [{url: http://127.0.0.1, allow_private_addresses: [127.0.0.1]}, {url: http://1.1.1.1}]",
        "categories: [{name: a, aliases: b}]\nsources: [{path: ., categories: B}]",
        "sources: [{url: http://h.example}]",
    ],
)
def test_what_is_in_order_gives_no_warning(load, text):
    assert settings.warnings(load(text)) == ()


# Whatever is written


KEYS = {
    key
    for model in (ConfigKeys, FetchKeys, PerHostKeys, SourceKeys, CategoryKeys, AuthKeys)
    for key in model.model_fields
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
        "sources": st.lists(
            st.dictionaries(st.sampled_from(sorted(SourceKeys.model_fields)), TREES) | TREES, max_size=3
        ),
        "categories": st.lists(
            st.dictionaries(st.sampled_from(sorted(CategoryKeys.model_fields)), TREES) | TREES, max_size=3
        ),
        "fetch": st.dictionaries(st.sampled_from(sorted(FetchKeys.model_fields)), TREES) | TREES,
        "site": TREES,
        "database": SCALARS,
        "output": SCALARS,
    },
)


@given(CONFIGS | TREES)
@examples(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], deadline=None)
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
        assert all(field.description for field in model.model_fields.values())


def test_a_variable_in_a_path_or_a_host_is_no_secret(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text(
        "sources:\n"
        "  - {name: desk, path: '${PLACE}/articles'}\n"
        "  - {name: gazette, url: 'https://${HOST}/feed?key=${KEY}'}\n"
    )
    environ = {"PLACE": "/home/miller", "HOST": "gazette.example", "KEY": "hunter22"}
    desk, gazette = settings.load(path, environ=environ).sources
    assert desk.secrets == ()
    assert gazette.secrets == ("hunter22",)
