"""What a config holds that nobody is to see."""

from __future__ import annotations

import pytest

from feeds import settings


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
