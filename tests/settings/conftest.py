"""What the tests of config.yaml share."""

from __future__ import annotations

import pytest

from feeds import settings
from feeds.errors import SettingsError

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
