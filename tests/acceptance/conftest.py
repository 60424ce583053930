"""What the acceptance tests share: the real command, and an origin for it to ask. All on loopback, all bounded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from command import Feedmill
from desk import rss
from webserver import Origin


@pytest.fixture
def feedmill(tmp_path: Path) -> Iterator[Feedmill]:
    """The command, at home in an empty folder."""
    command = Feedmill(tmp_path)
    yield command
    command.close()


@pytest.fixture
def origin() -> Iterator[Origin]:
    """A web server of the test's own."""
    server = Origin()
    yield server
    server.close()


@pytest.fixture
def desk(feedmill: Feedmill) -> Feedmill:
    """One file as a source, two articles in one category."""
    (feedmill.folder / "feed.xml").write_text(rss("One", "Two"))
    feedmill.config("sources: [{name: desk, path: feed.xml, categories: [Town Life]}]")
    return feedmill


@pytest.fixture
def web(feedmill: Feedmill, origin: Origin) -> Feedmill:
    """One source over HTTP, which has both validators."""
    url = origin.serve(
        "/feed.xml", rss("One"), etag='W/"a b\u00fc"', last_modified="Mon, 02 Nov 2026 08:00:00 gmt (about)"
    )
    feedmill.config(f"sources: [{{name: gazette, url: '{url}'}}]")
    return feedmill
