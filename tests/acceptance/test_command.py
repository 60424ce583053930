"""The command line, held to the letter of its contract."""

from __future__ import annotations

import gzip
import json
import re
import signal
import socket
import sqlite3
import subprocess
import zlib
from datetime import datetime
from pathlib import Path

import pytest
from command import FEEDMILL, Feedmill, Result
from webserver import Origin

ARTICLE_KEYS = [
    "source", "guid", "url", "title", "summary_html", "content_html", "authors", "tags", "categories", "published",
    "updated", "date_from", "language", "enclosures", "image", "rights", "fingerprint",
]  # fmt: skip


def rss(*titles: str, host: str = "gazette.example") -> str:
    items = "".join(
        f"<item><title>{title}</title><link>https://{host}/{title}</link><guid>https://{host}/{title}</guid>"
        f"<pubDate>Mon, 02 Nov 2026 08:{number:02}:00 GMT</pubDate><description>About {title}.</description></item>"
        for number, title in enumerate(titles)
    )
    return f'<rss version="2.0"><channel><title>Gazette</title><link>https://{host}/</link>{items}</channel></rss>'


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


class TestWhereTheConfigIs:
    def test_it_is_the_one_named_by_config(self, desk: Feedmill, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        result = desk("--config", "../config.yaml", "fetch", cwd=elsewhere, env={"FEEDMILL_CONFIG": "/nowhere"})
        assert result.code == 0
        # What a config names lies beside it, not where the command is run.
        assert (desk.public / "atom.xml").is_file()
        assert desk.database.is_file()
        assert list(elsewhere.iterdir()) == []

    def test_else_the_one_in_the_environment(self, desk: Feedmill) -> None:
        (desk.folder / "config.yaml").rename(desk.folder / "mine.yaml")
        (desk.folder / "config.yaml").write_text("nonsense: true")
        assert desk("check", env={"FEEDMILL_CONFIG": "mine.yaml"}).code == 0
        assert desk("check").code == 2

    def test_else_the_one_in_this_folder_else_the_user_s_own(self, desk: Feedmill, tmp_path: Path) -> None:
        user = tmp_path / "xdg" / "feedmill"
        user.mkdir(parents=True)
        (user / "config.yaml").write_text("sources: []")
        env = {"XDG_CONFIG_HOME": str(tmp_path / "xdg")}
        assert "1 sources" in desk("check", env=env).stdout
        (desk.folder / "config.yaml").unlink()
        assert str(user / "config.yaml") in desk("check", env=env).stdout

    def test_where_there_is_none_it_says_where_it_looked(self, feedmill: Feedmill) -> None:
        result = feedmill("fetch")
        assert result.code == 2
        assert str(feedmill.folder / "config.yaml") in result.stderr
        assert str(feedmill.folder / "home" / ".config" / "feedmill" / "config.yaml") in result.stderr
        assert "--config" in result.stderr


class TestFetch:
    def test_it_shows_a_table_on_standard_output_and_its_progress_in_plain_lines_on_standard_error(
        self, desk: Feedmill
    ) -> None:
        result = desk("fetch")
        head, row = result.stdout.splitlines()
        assert head.split() == ["source", "status", "new", "revised", "time", "problem"]
        assert row.split()[:4] == ["desk", "fetched", "2", "0"]
        assert result.stderr.splitlines()[0] == "[1/1] desk: fetched, 2 new, 0 revised"
        assert "\x1b" not in result.said

    def test_its_json_has_an_object_for_each_source(self, desk: Feedmill) -> None:
        (refresh,) = desk("fetch", "--json").objects
        assert list(refresh) == ["source", "status", "new", "revised", "time", "problem", "next_fetch_at"]
        assert (refresh["source"], refresh["status"], refresh["new"], refresh["problem"]) == ("desk", "fetched", 2, "")

    def test_quiet_leaves_standard_error_empty_and_verbose_tells_more(self, desk: Feedmill) -> None:
        assert desk("-q", "fetch").stderr == ""
        lines = desk("-v", "fetch", "--force").stderr.splitlines()
        (event,) = [json.loads(line) for line in lines if line.startswith("{")]
        assert (event["event"], event["source"], event["status"]) == ("source refreshed", "desk", "unchanged")

    def test_named_sources_are_the_only_ones_fetched(self, feedmill: Feedmill, origin: Origin) -> None:
        a, b = origin.serve("/a", rss("A")), origin.serve("/b", rss("B"))
        feedmill.config(f"sources: [{{name: first, url: '{a}'}}, {{name: second, url: '{b}'}}]")
        assert [each["source"] for each in feedmill("fetch", "second", "--json").objects] == ["second"]
        assert [request.path for request in origin.requests] == ["/b"]

    def test_an_unknown_source_is_refused_with_the_nearest_name(self, desk: Feedmill) -> None:
        result = desk("fetch", "dsek")
        assert (result.code, result.stdout) == (1, "")
        assert "'dsek'" in result.stderr
        assert "did you mean desk?" in result.stderr

    def test_a_failed_source_among_others_is_listed_and_changes_no_exit_code_unless_strict(
        self, desk: Feedmill
    ) -> None:
        desk.config("sources: [{name: desk, path: feed.xml}, {name: lost, path: lost.xml}]")
        result = desk("fetch")
        assert result.code == 0
        assert re.search("^feedmill: lost: .*lost.xml: does not exist", result.stderr, re.MULTILINE)
        assert desk("fetch", "--strict").code == 1
        assert desk("fetch", "lost").code == 1

    def test_where_every_source_failed_it_ends_with_1(self, feedmill: Feedmill) -> None:
        feedmill.config("sources: [{name: a, path: a.xml}, {name: b, path: b.xml}]")
        assert feedmill("fetch").code == 1

    def test_a_config_without_sources_is_done_at_once(self, feedmill: Feedmill) -> None:
        feedmill.config("sources: []")
        assert feedmill("fetch").code == 0
        assert feedmill.feed().entries == []


class TestManners:
    def test_within_the_hour_nothing_is_asked_again(self, web: Feedmill, origin: Origin) -> None:
        web("fetch")
        result = web("fetch")
        assert result.code == 0
        assert "1 not due yet" in result.stderr
        web("fetch", "gazette")
        assert len(origin.requests) == 1
        (health,) = web("sources", "--json").objects
        wait = datetime.fromisoformat(health["next_fetch"]) - datetime.fromisoformat(health["last_success"])
        assert 3600 <= wait.total_seconds() <= 3600 * 1.06

    def test_force_asks_with_both_validators_byte_for_byte_and_understands_304(
        self, web: Feedmill, origin: Origin
    ) -> None:
        web("fetch")
        (refresh,) = web("fetch", "--force", "--json").objects
        assert refresh["status"] == "unchanged"
        first, second = origin.requests
        assert first["If-None-Match"] is None
        assert second["If-None-Match"] == 'W/"a b\u00fc"'
        assert second["If-Modified-Since"] == "Mon, 02 Nov 2026 08:00:00 gmt (about)"
        assert len(web.feed().entries) == 1

    def test_it_tells_who_it_is_and_what_it_takes(self, web: Feedmill, origin: Origin) -> None:
        web("fetch")
        (request,) = origin.requests
        assert str(request["User-Agent"]).startswith("feedmill/")
        assert {"gzip", "br"} <= set(re.split(", *", str(request["Accept-Encoding"])))
        assert request["Cookie"] is None

    def test_redirects_are_followed(self, feedmill: Feedmill, origin: Origin) -> None:
        origin.serve("/new.xml", rss("One"))
        url = origin.serve("/old.xml", status=301, headers={"Location": "/new.xml"})
        feedmill.config(f"sources: [{{name: moved, url: '{url}'}}]")
        assert feedmill("fetch", "--json").objects[0]["new"] == 1

    def test_a_redirect_in_circles_ends(self, feedmill: Feedmill, origin: Origin) -> None:
        url = origin.serve("/round.xml", status=302, headers={"Location": "/round.xml"})
        feedmill.config(f"sources: [{{name: round, url: '{url}'}}]")
        assert "redirects" in feedmill("fetch").stderr
        assert len(origin.requests) <= 11

    @pytest.mark.parametrize("encoding", ["gzip", "br", "deflate"])
    def test_a_compressed_body_is_read(self, feedmill: Feedmill, origin: Origin, encoding: str) -> None:
        text = rss("One").encode()
        body = {"gzip": gzip.compress, "deflate": zlib.compress, "br": _brotli}[encoding](text)
        url = origin.serve("/feed.xml", body, headers={"Content-Encoding": encoding})
        feedmill.config(f"sources: [{{name: packed, url: '{url}'}}]")
        assert feedmill("fetch", "--json").objects[0]["new"] == 1

    def test_a_body_is_measured_after_decompression(self, feedmill: Feedmill, origin: Origin) -> None:
        bomb = gzip.compress(b" " * 5_000_000)
        assert len(bomb) < 10_000
        url = origin.serve("/bomb.xml", bomb, headers={"Content-Encoding": "gzip"})
        feedmill.config(f"sources: [{{name: bomb, url: '{url}', max_size: 100kB}}]")
        result = feedmill("fetch")
        assert result.code == 1
        assert "more than max_size (100,000 bytes)" in result.stderr

    def test_a_dripping_server_meets_one_deadline_for_the_whole(self, feedmill: Feedmill, origin: Origin) -> None:
        url = origin.serve("/slow.xml", rss("One"), drip=0.1)
        feedmill.config(f"sources: [{{name: slow, url: '{url}', timeout: 1s}}]")
        result = feedmill("fetch", "--json")
        assert result.code == 1
        assert "no complete answer within 1 s" in result.objects[0]["problem"]
        assert 0.9 < result.objects[0]["time"] < 3

    def test_a_refused_connection_says_so(self, feedmill: Feedmill) -> None:
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", 0))  # bound and not listening
            feedmill.config(f"sources: [{{name: down, url: 'http://127.0.0.1:{nobody.getsockname()[1]}/'}}]")
            assert "refused the connection" in feedmill("fetch").stderr

    def test_a_private_address_is_refused_unless_allowed(self, feedmill: Feedmill, origin: Origin) -> None:
        url = origin.serve("/feed.xml", rss("One"))
        feedmill.config(f"sources: [{{name: inside, url: '{url}'}}]", private=False)
        result = feedmill("fetch")
        assert result.code == 1
        assert "no public address" in result.stderr
        assert "allow_private_addresses" in result.stderr
        assert origin.requests == []
        feedmill.config(
            f"sources: [{{name: inside, url: '{url}', allow_private_addresses: ['127.0.0.1:{origin.port}']}}]",
            private=False,
        )
        assert feedmill("fetch", "--force").code == 0


class TestListings:
    def test_articles_in_json_have_exactly_the_keys_of_the_contract(self, desk: Feedmill) -> None:
        desk("fetch")
        newest, oldest = desk("articles", "--json").objects
        assert list(newest) == ARTICLE_KEYS
        assert newest | {"fingerprint": ""} == {
            "source": "desk",
            "guid": "https://gazette.example/Two",
            "url": "https://gazette.example/Two",
            "title": "Two",
            "summary_html": "About Two.",
            "content_html": "",
            "authors": [],
            "tags": [],
            "categories": ["Town Life"],
            "published": "2026-11-02T08:01:00Z",
            "updated": "2026-11-02T08:01:00Z",
            "date_from": "published",
            "language": "",
            "enclosures": [],
            "image": "",
            "rights": "",
            "fingerprint": "",
        }
        assert oldest["title"] == "One"

    def test_preview_in_json_shows_the_same_and_stores_nothing(self, desk: Feedmill) -> None:
        seen = desk("preview", "feed.xml", "--json")
        assert seen.code == 0
        assert not desk.database.exists()
        assert not desk.public.exists()
        desk("fetch")
        assert sorted(seen.stdout.splitlines()) == sorted(desk("articles", "--json").stdout.splitlines())

    def test_preview_takes_addresses_files_and_folders_and_ends_with_1_where_all_failed(
        self, feedmill: Feedmill, origin: Origin
    ) -> None:
        feedmill.config("sources: []")
        url = origin.serve("/feed.xml", rss("Web"))
        (feedmill.folder / "articles").mkdir()
        (feedmill.folder / "articles" / "a.md").write_text("---\ntitle: Written\n---\nText.")
        both = feedmill("preview", url, "articles", "--json")
        assert {article["title"] for article in both.objects} == {"Web", "Written"}
        assert both.code == 0
        table = feedmill("preview", url)
        assert table.stdout.splitlines()[1].split()[:3] == ["2026-11-02T08:00:00Z", "published", "Web"]
        nothing = feedmill("preview", "missing.xml")
        assert (nothing.code, nothing.stdout) == (1, "")
        assert "does not exist" in nothing.stderr

    def test_articles_are_narrowed_by_category_source_and_limit(self, desk: Feedmill) -> None:
        (desk.folder / "more.xml").write_text(rss("Three", host="more.example"))
        desk.config("sources: [{name: desk, path: feed.xml, categories: [Town Life]}, {name: more, path: more.xml}]")
        desk("fetch")

        def titles(*arguments: str) -> set[str]:
            return {article["title"] for article in desk("articles", "--json", *arguments).objects}

        assert titles() == {"One", "Two", "Three"}
        assert titles("--source", "more") == {"Three"}
        assert titles("--category", "Town Life") == titles("--category", "town-life") == {"One", "Two"}
        assert titles("--category", "Town Life", "--source", "more") == set()
        assert titles("--limit", "1") == {"Two"}
        assert desk("articles", "--source", "mroe").code == 1
        assert "did you mean Town Life?" in desk("articles", "--category", "Town Lif").stderr
        assert desk("articles", "--limit", "0").code == 2

    def test_categories_and_sources_in_json_keep_their_keys(self, desk: Feedmill) -> None:
        desk("fetch")
        assert desk("categories", "--json").objects == [
            {
                "name": "Town Life",
                "slug": "town-life",
                "title": "Town Life",
                "articles": 2,
                "path": str(desk.public / "town-life" / "atom.xml"),
            }
        ]
        (source,) = desk("sources", "--json").objects
        assert list(source) == [
            "name", "location", "categories", "last_success", "next_fetch", "failures", "problem",
            "standing", "moved_to", "held",
        ]  # fmt: skip
        assert source["location"] == str(desk.folder / "feed.xml")

    def test_sources_tells_the_last_problem_and_how_often_it_came(self, desk: Feedmill) -> None:
        (desk.folder / "feed.xml").unlink()
        desk("fetch")
        desk("fetch")
        (source,) = desk("sources", "--json").objects
        assert source["failures"] == 2
        assert "does not exist" in source["problem"]
        assert "does not exist" in desk("sources").stdout

    def test_every_listing_works_before_the_first_fetch(self, desk: Feedmill) -> None:
        for command in ("articles", "categories", "sources"):
            result = desk(command)
            assert (result.code, result.stderr) == (0, "")

    def test_a_line_is_a_row_however_long_it_gets(self, feedmill: Feedmill) -> None:
        (feedmill.folder / "feed.xml").write_text(rss("Long" * 100))
        feedmill.config("sources: [{name: desk, path: feed.xml}]")
        feedmill("fetch")
        assert len(feedmill("articles").stdout.splitlines()) == 2

    def test_a_reader_that_has_had_enough_causes_no_complaint(self, feedmill: Feedmill) -> None:
        (feedmill.folder / "feed.xml").write_text(rss(*(f"Article{number}" for number in range(2000))))
        feedmill.config("sources: [{name: desk, path: feed.xml}]")
        feedmill("fetch")
        process = feedmill.start("articles", "--json")
        assert process.stdout is not None
        assert process.stdout.readline().startswith('{"source":"desk"')
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 0

    def test_a_full_disk_behind_standard_output_is_told_in_one_line(self, desk: Feedmill) -> None:
        desk("fetch")
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [FEEDMILL, "articles"], cwd=desk.folder, env=desk.environment(), stdout=full,
                stderr=subprocess.PIPE, text=True, timeout=60, check=False,
            )  # fmt: skip
        assert done.returncode == 1
        assert len(done.stderr.splitlines()) == 1
        assert "No space left" in done.stderr


class TestPublish:
    def test_it_writes_the_feeds_again_from_the_store(self, desk: Feedmill) -> None:
        desk("fetch")
        before = desk.published()
        for path in before:
            (desk.public / path).write_text("spoilt")
        assert desk("publish", "Town Life").code == 0
        assert desk("publish", "town-life").code == 0
        assert (desk.public / "atom.xml").read_text() == "spoilt"
        assert desk("publish").code == 0
        assert {path: content for path, (content, _) in desk.published().items()} == {
            path: content for path, (content, _) in before.items()
        }

    def test_an_unknown_category_is_refused_with_the_nearest(self, desk: Feedmill) -> None:
        desk("fetch")
        result = desk("publish", "town-live")
        assert result.code == 1
        assert "did you mean town-life?" in result.stderr

    def test_fetch_publishes_what_an_earlier_run_could_not(self, desk: Feedmill) -> None:
        desk.public.write_text("in the way")
        result = desk("fetch")
        assert result.code == 1
        assert str(desk.public) in result.stderr
        assert "a file stands where a folder should be" in result.stderr
        assert desk.public.read_text() == "in the way"
        desk.public.unlink()
        assert desk("fetch").code == 0
        assert len(desk.feed("town-life").entries) == 2


class TestWhatCannotBeDone:
    @pytest.mark.parametrize(
        ("config", "line", "words"),
        [
            ("sources:\n  - name: a\n    url: ftp://a.example/\n", 3, "http"),
            ("sources:\n  - name: a\n    pth: b\n", 3, "did you mean path?"),
            ("sources: [\n", 2, ""),
            ("site: &a [*a]\n", 1, ""),
            ("sources:\n  - path: a\n    path: b\n", 3, "path"),
            ("site: {title: !!python/object:os.system x}\n", 1, ""),
            ("sources: [{url: 'https://${NOT_SET}/'}]\n", 1, "NOT_SET is not set"),
        ],
    )
    def test_a_bad_config_ends_with_2_and_file_and_line(
        self, feedmill: Feedmill, config: str, line: int, words: str
    ) -> None:
        path = feedmill.config(config, private=False)
        result = feedmill("check")
        assert (result.code, result.stdout) == (2, "")
        assert f"{path}:{line}: " in result.stderr
        assert words in result.stderr
        assert "Traceback" not in result.stderr

    def test_with_a_bad_config_nothing_is_begun(self, desk: Feedmill) -> None:
        desk.config("sources: [{name: desk, path: feed.xml}, {nmae: lost}]")
        for command in ("fetch", "articles", "sources", "publish"):
            result = desk(command)
            assert (result.code, result.stdout) == (2, "")
            assert "did you mean name?" in result.stderr
        assert not desk.database.exists()
        assert not desk.public.exists()

    @pytest.mark.parametrize(
        "arguments", [["frobnicate"], ["fetch", "--frob"], ["preview"], ["articles", "--limit", "x"], []]
    )
    def test_wrong_usage_ends_with_2(self, desk: Feedmill, arguments: list[str]) -> None:
        result = desk(*arguments)
        assert (result.code, result.stdout) == (2, "")
        assert "Usage: feedmill" in result.stderr

    @pytest.mark.parametrize("output", ["/proc/feedmill", "feed.xml"])
    def test_an_output_that_cannot_be_written_ends_with_1(self, desk: Feedmill, output: str) -> None:
        desk.config(f"output: {output}\nsources: [{{name: desk, path: feed.xml}}]")
        result = desk("fetch")
        assert result.code == 1
        assert output in result.stderr
        assert "Traceback" not in result.stderr
        assert len(desk("articles", "--json").objects) == 2

    @pytest.mark.parametrize(
        ("database", "words"),
        [
            ("sqlite:////proc/feedmill.db", "unable to open database file"),
            ("sqlite:///nowhere/feedmill.db", "its folder does not exist"),
            ("sqlite:///feed.xml", "not a database"),
            ("sqlite:///.", "unable to open database file"),
            ("mongo://x/", "no SQLAlchemy address"),
            ("postgresql://someone:hunter22@127.0.0.1:1/x", ""),
            ("postgresql+psycopg://someone:hunter22@127.0.0.1:1/x", ""),
        ],
    )
    def test_a_database_that_cannot_be_used_ends_with_1(self, desk: Feedmill, database: str, words: str) -> None:
        desk.config(f"database: {database}\nsources: [{{name: desk, path: feed.xml}}]")
        before = (desk.folder / "feed.xml").read_bytes()
        result = desk("fetch")
        assert (result.code, result.stdout) == (1, "")
        assert words in result.stderr
        assert "Traceback" not in result.stderr
        assert "hunter22" not in result.stderr
        assert (desk.folder / "feed.xml").read_bytes() == before

    def test_a_database_that_another_process_keeps_locked_ends_with_1_and_is_as_it_was(self, desk: Feedmill) -> None:
        desk("fetch")
        desk.config("database: sqlite:///feedmill.db?timeout=0.5\nsources: [{name: desk, path: feed.xml}]")
        holder = sqlite3.connect(desk.database, isolation_level=None)
        try:
            holder.execute("BEGIN IMMEDIATE")
            result = desk("fetch")
        finally:
            holder.close()
        assert result.code == 1
        assert "database is locked" in result.stderr
        assert "let it finish" in result.stderr
        assert desk("fetch").code == 0


class TestInterruption:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_what_was_finished_is_stored_and_published(
        self, feedmill: Feedmill, origin: Origin, number: signal.Signals
    ) -> None:
        quick = origin.serve("/quick.xml", rss("Quick"))
        slow = origin.serve("/slow.xml", stalls=True)
        feedmill.config(
            "sources:\n"
            f"  - {{name: quick, url: '{quick}', categories: [News]}}\n"
            f"  - {{name: slow, url: '{slow}', categories: [News]}}\n"
        )
        process = feedmill.start("fetch")
        assert process.stderr is not None
        assert process.stderr.readline() == "[1/2] quick: fetched, 1 new, 0 revised\n"
        origin.wait_for("/slow.xml")

        result = feedmill.interrupt(process, number)

        assert (result.code, result.stdout) == (130, "")
        assert result.stderr.strip() == "feedmill: interrupted; all that was finished is kept"
        assert [entry.title for entry in feedmill.feed("news").entries] == ["Quick"]
        # The one that was not finished is due as before, at once.
        origin.serve("/slow.xml", rss("Slow"))
        assert [each["source"] for each in feedmill("fetch", "--json").objects if each["status"] == "fetched"] == [
            "slow"
        ]


class TestTerminal:
    def test_it_shows_a_bar_and_then_a_table(self, desk: Feedmill) -> None:
        result = desk.on_a_terminal("fetch")
        assert result.code == 0
        assert "fetching" in result.stdout
        assert "━" in result.stdout
        assert "\x1b[1msource" in result.stdout
        assert "[1/1]" not in result.stdout
        assert "Next: open" in result.stdout

    def test_no_color_leaves_the_bar_and_takes_every_style(self, desk: Feedmill) -> None:
        for command in ("fetch", "articles", "sources"):
            seen = desk.on_a_terminal(command, env={"NO_COLOR": "1"}).stdout
            assert re.findall(r"\x1b\[[0-9;]*m", seen) == []
        assert "\x1b" not in seen

    def test_verbose_shows_the_log_instead_of_the_bar_without_styles_where_no_color_is_wanted(
        self, desk: Feedmill
    ) -> None:
        seen = desk.on_a_terminal("-v", "fetch", env={"NO_COLOR": "1"}).stdout
        assert "source refreshed" in seen
        assert "\x1b" not in seen

    def test_a_dumb_terminal_gets_no_escape_codes_at_all(self, desk: Feedmill) -> None:
        assert "\x1b" not in desk.on_a_terminal("fetch", env={"TERM": "dumb"}).stdout

    def test_what_a_source_wrote_cannot_speak_to_the_terminal(self, feedmill: Feedmill) -> None:
        (feedmill.folder / "feed.xml").write_text(rss("Evil&#27;[2J[red]red[/red]"))
        feedmill.config("sources: [{name: desk, path: feed.xml}]")
        feedmill("fetch")
        seen = feedmill.on_a_terminal("articles", env={"NO_COLOR": "1"}).stdout
        assert "\x1b" not in seen
        assert "[red]red[/red]" in seen


class TestSecrets:
    """Passwords, tokens and what comes from the environment: they reach the origin, and nothing else."""

    @pytest.fixture
    def said(self, feedmill: Feedmill, origin: Origin) -> Result:
        """All that was said while sources with secrets were good, moved, failed, and were previewed."""
        self.feedmill = feedmill
        body = rss("One").replace("</item>", "</item><item><title>Bare</title><description>"
            "&lt;a href='#note'&gt;n&lt;/a&gt; &lt;a href='?page=2'&gt;p&lt;/a&gt;</description></item>")  # fmt: skip
        for path in ("/in-url.xml", "/bearer.xml", "/query.xml?token=q-secret-4"):
            origin.serve(path, body)
        origin.serve("/header.xml", body.replace("Gazette", "H"))
        origin.serve("/fails.xml?key=q-secret-6", status=500)
        origin.serve("/moves.xml", status=302, headers={"Location": "/query.xml?token=q-secret-4"})
        feedmill.config(
            "sources:\n"
            f"  - {{name: in-url, url: '{origin.url('/in-url.xml', user='me:p%40ss-secret-1')}', categories: [A]}}\n"
            f"  - {{name: bearer, url: '{origin.url('/bearer.xml')}', auth: {{bearer: 'b-secret-2'}}, categories: [A]}}\n"
            f"  - {{name: header, url: '{origin.url('/header.xml')}', headers: {{X-Api-Key: 'h-secret-3'}}}}\n"
            f"  - {{name: query, url: '{origin.url('/query.xml?token=q-secret-4')}', categories: [A]}}\n"
            f"  - {{name: environment, url: '{origin.url('/${FEED_PATH}.xml')}', categories: [A]}}\n"
            f"  - {{url: '{origin.url('/fails.xml?key=q-secret-6')}'}}\n"
            "  - {name: down, url: 'http://me:p-secret-7@127.0.0.1:1/x'}\n"
            f"  - {{name: moves, url: '{origin.url('/moves.xml', user='x:m-secret-8')}'}}\n"
        )
        origin.serve("/e-secret-5.xml", body)
        env = {"FEED_PATH": "e-secret-5"}
        commands = (
            ["-vv", "fetch"], ["fetch", "--force", "--json"], ["sources"], ["sources", "--json"], ["articles", "--json"],
            ["categories"], ["check"], ["preview", "query", "environment", "down"],
            ["preview", "http://me:p-secret-9@127.0.0.1:1/x"],
            ["preview", origin.url("/in-url.xml", user="me:p-secret-9"), "--json"],
        )  # fmt: skip
        results = [feedmill(*arguments, env=env) for arguments in commands]
        return Result(code=0, stdout="".join(r.stdout for r in results), stderr="".join(r.stderr for r in results))

    def test_each_reaches_its_origin_and_no_output_no_database_and_no_published_file(
        self, said: Result, origin: Origin
    ) -> None:
        def header(path: str, name: str) -> str | None:
            return origin.asked_for(path)[0][name]

        assert header("/in-url.xml", "Authorization") == "Basic bWU6cEBzcy1zZWNyZXQtMQ=="
        assert header("/bearer.xml", "Authorization") == "Bearer b-secret-2"
        assert header("/header.xml", "X-Api-Key") == "h-secret-3"
        assert origin.asked_for("/e-secret-5.xml")

        assert "fetched" in said.stdout
        assert re.findall(r".{0,60}[a-z]-secret-.{0,20}", said.said) == []
        files = [*self.feedmill.public.rglob("*"), *self.feedmill.folder.glob("feedmill.db*")]
        shown = {
            path.name: re.findall(rb".{0,60}[a-z]-secret-.{0,20}", path.read_bytes())
            for path in files
            if path.is_file()
        }
        assert {name: found for name, found in shown.items() if found} == {}

    def test_a_secret_in_a_bad_config_is_not_quoted(self, feedmill: Feedmill) -> None:
        for wrong in ("url: 'htp://me:p-secret-1@a.example/'", "url: 'http://me:p-secret-1@a b/'", "path: '${P}', auth: {basic: '${P}'}"):  # fmt: skip
            feedmill.config(f"sources: [{{name: a, {wrong}}}]")
            result = feedmill("check", env={"P": "p-secret-1"})
            assert result.code == 2
            assert "p-secret" not in result.stderr


def _brotli(content: bytes) -> bytes:
    """One uncompressed meta-block and an empty last one (RFC 7932, section 9.2): reading is what is tested."""
    # From the lowest bit: WBITS 0, ISLAST 0, MNIBBLES 00, MLEN - 1 in sixteen bits, ISUNCOMPRESSED 1.
    header = (len(content) - 1) << 4 | 1 << 20
    return header.to_bytes(3, "little") + content + b"\x03"
