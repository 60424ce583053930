"""The daemon, as far as it goes: it fetches what is due, publishes, and ends when asked to."""

from __future__ import annotations

import json
import signal
import time

from command import PATIENCE, Feedmill


def test_it_fetches_publishes_and_ends_on_sigterm(feedmill: Feedmill) -> None:
    (feedmill.folder / "desk").mkdir()
    (feedmill.folder / "desk" / "a.md").write_text("---\ntitle: Rye\ncategories: [Bread]\n---\nText")
    feedmill.config("sources: [{name: desk, path: desk/}]\n")
    running = feedmill.start("run", "--no-server")
    published = feedmill.public / "bread" / "atom.xml"
    waited_until = time.monotonic() + PATIENCE
    while not published.exists() and running.poll() is None and time.monotonic() < waited_until:
        time.sleep(0.05)
    running.send_signal(signal.SIGTERM)
    result = feedmill.end_of(running)
    assert result.code == 0
    assert "Rye" in published.read_text(encoding="utf-8")
    events = [json.loads(line) for line in result.stderr.splitlines()]
    assert [event["source"] for event in events if event["event"] == "source refreshed"] == ["desk"]
    assert feedmill("articles", "--json").objects[0]["title"] == "Rye"
