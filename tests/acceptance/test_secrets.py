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
