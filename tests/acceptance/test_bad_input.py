"""One round with many bad sources beside a good one: each is told apart, none costs another anything."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from command import Feedmill, Result
from webserver import Origin

GOOD = """<rss version="2.0"><channel><title>Good</title>
<item><title>Morning</title><guid>https://good.example/1</guid><pubDate>Mon, 02 Nov 2026 08:00:00 GMT</pubDate></item>
</channel></rss>"""

PAGE = """<!doctype html><html><head><title>Home</title>
<link rel="alternate" type="application/rss+xml" href="/real.xml"></head><body>Welcome</body></html>"""

ARTICLE = "---\ntitle: Evening\ndate: 2026-11-02 20:00:00\n---\n\nText.\n"


def _write(path: Path, text: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())


def _loop(path: Path) -> None:
    path.symlink_to(path)  # which not even root can read


def _pipe(path: Path) -> None:
    path.mkdir()
    os.mkfifo(path / "pipe.md")


# The name of the source: how it is made at a path, what must be seen in its line, and what would help.
ON_DISK: dict[str, tuple[Callable[[Path], object], str, str]] = {
    "no-xml": (lambda path: _write(path, "<<<nothing>> at all & broken"), "neither a feed", "no <rss>, <feed>"),
    "missing": (lambda _path: None, "does not exist", "create it or correct the path"),
    "home-page": (lambda path: _write(path, PAGE), "an HTML page", "/real.xml: use that address"),
    "unreadable": (_loop, "symbolic links", "check the path"),
    "empty": (lambda path: _write(path, b""), "empty document", "the source sent nothing"),
    "no-article": (lambda path: _write(path / "a.md", "---\ntitle: [\n---\nText"), "a.md: line", "front matter"),
    "zeros": (lambda path: _write(path, b"\0" * 5000), "holds no text", "correct the path"),
    "no-match-*.xml": (lambda _path: None, "matches no file", "check the path"),
    "bare-folder": (lambda path: path.mkdir(), "matches no file", "check the path"),
    "pipe": (_pipe, "pipe.md: is no regular file", "move it away"),
    "bad-name": (lambda path: _write(path / os.fsdecode(b"caf\xe9.md"), b"\xff\xfe\xfa no"), "caf", "neither a feed"),
}
ON_THE_WEB: dict[str, tuple[dict[str, object], str, str]] = {
    "gone-away": ({"status": 404}, "404", "look for the feed's new one"),
    "web-page": ({"body": PAGE.encode(), "media_type": "text/html"}, "an HTML page", "/real.xml: use that address"),
    "wants-password": ({"status": 401}, "401", "set auth"),
    "troubled": ({"status": 500}, "500", "asked again later"),
    "truncated": ({"body": b"<rss", "headers": {"Content-Encoding": "gzip"}}, "compression is damaged", ""),
}


@pytest.fixture
def mixed(feedmill: Feedmill, origin: Origin) -> Feedmill:
    """A config of a few good sources among many that are bad, each in its own way."""
    bad = feedmill.folder / "bad"
    bad.mkdir()
    lines = ["sources:"]
    for name, (make, _seen, _help) in ON_DISK.items():
        make(bad / name)
        lines.append(f"  - {{name: '{name}', path: 'bad/{name}', categories: [Bad]}}")
    _write(feedmill.folder / "good.xml", GOOD)
    lines.append("  - {name: good, path: good.xml, categories: [Good]}")
    for name, (page, _seen, _help) in ON_THE_WEB.items():
        lines.append(f"  - {{name: {name}, url: '{origin.serve(f'/{name}.xml', **page)}', categories: [Bad]}}")
    _write(feedmill.folder / "half" / "fine.md", ARTICLE)
    _write(feedmill.folder / "half" / "page.html", PAGE)
    lines.append("  - {name: half, path: half, categories: [Good]}")
    lines.append(f"  - {{name: web, url: '{origin.serve('/good.xml', GOOD.replace('good.ex', 'web.ex'))}'}}")
    feedmill.config("\n".join(lines))
    return feedmill


def _line_about(name: str, result: Result) -> str:
    lines = [line for line in result.stderr.splitlines() if line.startswith(f"feedmill: {name}: ")]
    assert len(lines) == 1, (name, result.stderr)
    return lines[0]


def test_each_bad_source_is_reported_in_one_line_that_says_what_was_seen_and_what_would_help(mixed: Feedmill) -> None:
    result = mixed("fetch")

    for name, (_make, seen, help_) in {**ON_DISK, **ON_THE_WEB}.items():
        line = _line_about(name, result)
        assert seen in line, line
        assert help_ in line, line
    assert "Traceback" not in result.said
    statuses = {each["name"]: each["problem"] for each in mixed("sources", "--json").objects}
    assert all(statuses[name] for name in {**ON_DISK, **ON_THE_WEB})
    assert not statuses["good"]


def test_the_good_sources_beside_them_are_published_and_the_round_counts_as_done(mixed: Feedmill) -> None:
    assert mixed("fetch").code == 0
    assert [entry.title for entry in mixed.feed("good").entries] == ["Evening", "Morning"]
    assert len(mixed.feed().entries) == 3


def test_a_file_that_is_bad_among_good_ones_is_told_and_costs_only_itself(mixed: Feedmill) -> None:
    half = next(each for each in mixed("fetch", "--json").objects if each["source"] == "half")
    assert (half["status"], half["new"]) == ("fetched", 1)
    assert "page.html: an HTML page" in half["problem"]


def test_a_source_that_goes_bad_takes_nothing_away(feedmill: Feedmill, origin: Origin) -> None:
    _write(feedmill.folder / "a.xml", GOOD)
    _write(feedmill.folder / "articles" / "evening.md", ARTICLE)
    url = origin.serve("/feed.xml", GOOD.replace("good.ex", "web.ex"))
    feedmill.config(
        "sources:\n"
        "  - {name: a, path: a.xml, categories: [A]}\n"
        "  - {name: folder, path: articles, categories: [B]}\n"
        f"  - {{name: web, url: '{url}', categories: [C]}}\n"
    )
    feedmill("fetch")
    stored, published = feedmill("articles", "--json").stdout, feedmill.published()
    assert len(stored.splitlines()) == 3

    _write(feedmill.folder / "a.xml", "<rss><channel></channel></rss>")  # shrinks to nothing
    for worse in (PAGE, "", "<rss"):
        (feedmill.folder / "articles" / "evening.md").unlink(missing_ok=True)
        origin.serve("/feed.xml", worse)
        feedmill("fetch", "--force")
        _write(feedmill.folder / "a.xml", worse)

    assert feedmill("articles", "--json").stdout == stored
    assert feedmill.published() == published


def test_a_cut_off_document_gives_the_entries_before_the_cut(feedmill: Feedmill, origin: Origin) -> None:
    items = "".join(f"<item><title>{n}</title><guid>g{n}</guid><description>&copy; &nope; a & b \x01</description></item>" for n in range(9))  # fmt: skip
    whole = f"junk before it<rss version='2.0'><channel><title>T</title>{items}</channel></rss>"
    feedmill.config(f"sources: [{{name: cut, url: '{origin.serve('/cut.xml', whole[: whole.index('<item><title>7')])}'}}]")  # fmt: skip

    (refresh,) = feedmill("fetch", "--json").objects

    assert (refresh["status"], refresh["new"]) == ("fetched", 7)


def test_characters_that_no_text_may_hold_cost_no_entry(feedmill: Feedmill) -> None:
    half_an_emoji = """{"version": "https://jsonfeed.org/version/1.1", "title": "J", "items": [
        {"id": "1", "title": "cut \\ud83d", "content_html": "<p>a\\u0000b</p>"}, {"id": "2", "title": "whole"}]}"""
    numbers = "<rss><channel><item><guid>g</guid><title>&#0;&#xD800;numbers &#x110000;</title></item></channel></rss>"
    _write(feedmill.folder / "in" / "a.json", half_an_emoji)
    _write(feedmill.folder / "in" / "b.xml", numbers)
    _write(feedmill.folder / "in" / "c.md", "---\ntitle: zero\n---\nx\0y\x0b")
    feedmill.config("sources: [{name: odd, path: in}]")

    (refresh,) = feedmill("fetch", "--json").objects

    assert (refresh["status"], refresh["new"], refresh["problem"]) == ("fetched", 4, "")
    titles = {article["title"].strip(" ?\ufffd") for article in feedmill("articles", "--json").objects}
    assert titles == {"cut", "whole", "numbers", "zero"}
    assert len(feedmill.feed().entries) == 4
