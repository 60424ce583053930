"""`push:` in the config."""

from __future__ import annotations

import pytest

from builders import config
from feeds import settings
from feeds.errors import SettingsError


def load(tmp_path, push: str) -> settings.Settings:
    return settings.load(config(tmp_path, f"site: {{url: 'https://mill.example/x'}}\npush: {push}"), environ={})


def test_nothing_is_named_unless_it_is_asked_for(tmp_path):
    assert (load(tmp_path, "").hub_url, load(tmp_path, "").push.subscribe) == ("", True)


@pytest.mark.parametrize(
    ("written", "url"),
    [("own", "https://mill.example/x/hub"), ("https://hub.example/?a=b", "https://hub.example/?a=b"), ("''", "")],
)
def test_a_hub_is_ours_or_an_address(tmp_path, written, url):
    assert load(tmp_path, f"{{hub: {written}}}").hub_url == url


@pytest.mark.parametrize(
    "written",
    ["mine", "ftp://hub.example/", "https://user:word@hub.example/", "'https://hub.example/#x'", "true", "[own]"],
)
def test_what_is_no_hub_is_a_complaint_that_names_its_line(tmp_path, written):
    with pytest.raises(SettingsError) as refused:
        load(tmp_path, f"{{hub: {written}}}")
    assert "config.yaml:2: push.hub:" in str(refused.value)
    assert "word" not in str(refused.value)


def test_no_category_takes_the_address_of_a_callback(tmp_path):
    with pytest.raises(SettingsError):
        load(tmp_path, "{hub: own}\ncategories: [{name: Web, slug: websub}]")
