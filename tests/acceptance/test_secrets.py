"""Secrets of the config and of addresses, which nobody is shown."""

from __future__ import annotations

import re

import pytest
from command import Feedmill, Result
from desk import rss
from webserver import Origin


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

    @pytest.mark.parametrize("place", ["http://127.0.0.1:${V}/news/f.xml", "http://${V}/news/f.xml", "${V}/news/f.xml"])
    def test_a_host_or_a_word_of_a_path_from_the_environment_leaves_articles_as_they_are(
        self, feedmill: Feedmill, origin: Origin, place: str
    ) -> None:
        item = rss(f"Port {origin.port} and news", host=f"127.0.0.1:{origin.port}/news")
        origin.serve("/news/f.xml", item)
        whole = origin.url("")
        value = whole if place.startswith("$") else whole.partition("//")[2] if "//$" in place else str(origin.port)
        feedmill.config(f"sources: [{{name: s, url: '{place.replace('news', '${W}')}'}}]")
        env = {"V": value, "W": "news"}
        assert feedmill("fetch", env=env).code == 0
        (article,) = feedmill("articles", "--json", env=env).objects
        assert article["title"] == f"Port {origin.port} and news"
        assert article["url"].startswith(f"https://127.0.0.1:{origin.port}/news/Port")
        assert f"{whole}/news/f.xml" in feedmill("sources", env=env).stdout
        assert f"{whole}/news/f.xml" in (feedmill.public / "subscriptions.opml").read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("url", "value"),
        [("${V}f.xml", "{whole}/news/"), ("${V}/f.xml", "{whole}/news"), ("{whole}${V}", "/news/f.xml")],
    )
    def test_the_beginning_of_an_address_from_the_environment_leaves_articles_as_they_are(
        self, feedmill: Feedmill, origin: Origin, url: str, value: str
    ) -> None:
        whole = origin.url("")
        origin.serve("/news/f.xml", rss("One", host=f"127.0.0.1:{origin.port}/news"))
        feedmill.config(f"sources: [{{name: s, url: '{url.replace('{whole}', whole)}'}}]")
        env = {"V": value.replace("{whole}", whole)}
        assert feedmill("fetch", env=env).code == 0
        (article,) = feedmill("articles", "--json", env=env).objects
        assert article["url"] == f"https://127.0.0.1:{origin.port}/news/One"

    def test_a_base_address_from_the_environment_leaves_articles_of_files_as_they_are(self, feedmill: Feedmill) -> None:
        (feedmill.folder / "desk").mkdir()
        (feedmill.folder / "desk" / "a.md").write_text("---\ntitle: A\nurl: https://desk.example/blog/a\n---\nText")
        feedmill.config("sources: [{name: desk, path: desk, base_url: '${SITE}'}]")
        env = {"SITE": "https://desk.example/blog/"}
        assert feedmill("fetch", env=env).code == 0
        assert [each["url"] for each in feedmill("articles", "--json", env=env).objects] == [
            "https://desk.example/blog/a"
        ]

    def test_a_login_for_a_page_is_not_sent_to_another_server_that_the_page_leads_to(
        self, feedmill: Feedmill, origin: Origin
    ) -> None:
        other = Origin()
        try:
            feed = other.serve("/feed.xml", rss("One"))
            link = f'<link rel=alternate type="application/rss+xml" href="{feed}">'
            origin.serve("/", f"<!doctype html><head>{link}</head>", media_type="text/html")
            feedmill.config("sources: []")
            assert feedmill("add", origin.url("/", user="me:hidden-3")).code == 0
            assert origin.asked_for("/")[0]["Authorization"]
            assert other.asked_for("/feed.xml")[0]["Authorization"] is None
        finally:
            other.close()

    def test_names_of_imported_sources_hold_no_tokens(self, feedmill: Feedmill) -> None:
        feedmill.config("sources: []")
        token = "https://lobste.example/rss?token=hidden-4"
        (feedmill.folder / "urls").write_text(f"{token}\nhttps://me:hidden-5@leaf.example/feed\n")
        outlines = f"<outline text='{token}&amp;a=b' xmlUrl='{token}&amp;a=b'/>"
        outlines += "<outline text='ftp://me:hidden-6@bank.example/' xmlUrl='ftp://me:hidden-6@bank.example/'/>"
        (feedmill.folder / "list.opml").write_text(f"<opml version='2.0'><body>{outlines}</body></opml>")
        said = feedmill("import", "urls").said + feedmill("import", "list.opml").said
        listed = feedmill("sources", "--json")
        assert [each["name"] for each in listed.objects] == [
            "lobste.example/rss?token=***", "leaf.example/feed", "lobste.example/rss?token=***&a=b",
        ]  # fmt: skip
        assert "an address: ftp: is no http address" in said
        assert "hidden" not in said + listed.said

    @pytest.mark.parametrize("name", ["feed_token", "private_token", "authToken", "X-Amz-Signature", "jwt", "rsskey",
        "consumer_key", "secret-key"])  # fmt: skip
    def test_a_token_is_known_by_what_its_name_ends_in(self, feedmill: Feedmill, origin: Origin, name: str) -> None:
        address = f"/f.xml?page=plain&{name}=glft-hidden-1"
        url = origin.serve(address, rss("One"))
        feedmill.config(f"sources: [{{name: s, url: '{url}'}}]")
        said = feedmill("-vv", "fetch").said + feedmill("sources").said
        published = "".join(file.read_text(encoding="utf-8") for file in feedmill.public.rglob("*.xml"))
        assert "glft-hidden-1" not in said + published
        assert "page=plain" in said

    def test_tokens_of_what_a_list_names_are_hidden_as_well(self, feedmill: Feedmill, origin: Origin) -> None:
        url = origin.serve("/zz.xml?token=hidden-lt-1", rss("One"))
        login = url.replace("//", "//w:hidden-pw-2@").replace("zz", "yy")
        outlines = "".join(f"<outline text='{each}' xmlUrl='{each}'/>" for each in (url, login))
        origin.serve("/list.opml", f"<opml version='2.0'><body>{outlines}</body></opml>")
        feedmill.config(f"sources: [{{name: friends, kind: opml, url: '{origin.url('/list.opml')}'}}]")
        results = [feedmill(*words) for words in (["-vv", "fetch"], ["sources", "--json"], ["status", "--once"])]
        said = "".join(result.said for result in results)
        published = "".join(file.read_text(encoding="utf-8") for file in feedmill.public.rglob("*.*ml"))
        assert origin.asked_for("/zz.xml?token=hidden-lt-1")
        assert "hidden" not in said + published
        assert "its login was left out" in said

    def test_a_misspelt_address_on_the_command_line_is_not_quoted(self, feedmill: Feedmill) -> None:
        result = feedmill("preview", "htp://me:hidden-1@mill.example/x?token=hidden-2")
        assert result.code == 2
        assert "does not begin with http://" in result.stderr
        assert "hidden" not in result.said
