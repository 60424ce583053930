"""What becomes of the keys of config.yaml."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from feeds import records, settings
from feeds.errors import SettingsError
from feeds.fetching.politeness import PerHost

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
        ("path: a, categories: ['', b, '  ']", "categories", ("b",)),  # nothing is seen of the others
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
