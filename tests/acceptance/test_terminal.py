"""The command at a terminal."""

from __future__ import annotations

import re

from command import Feedmill
from desk import rss


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

    def test_what_an_old_locale_has_no_character_for_is_written_as_a_number(self, feedmill: Feedmill) -> None:
        (feedmill.folder / "feed.xml").write_text(rss("水磨"))
        feedmill.config("sources: [{name: desk, path: feed.xml}]")
        feedmill("fetch")
        result = feedmill("articles", env={"PYTHONIOENCODING": "latin-1"})
        assert (result.code, result.stderr) == (0, "")
        assert r"\u6c34\u78e8" in result.stdout

    def test_what_a_source_wrote_cannot_speak_to_the_terminal(self, feedmill: Feedmill) -> None:
        (feedmill.folder / "feed.xml").write_text(rss("Evil&#27;[2J[red]red[/red]"))
        feedmill.config("sources: [{name: desk, path: feed.xml}]")
        feedmill("fetch")
        seen = feedmill.on_a_terminal("articles", env={"NO_COLOR": "1"}).stdout
        assert "\x1b" not in seen
        assert "[red]red[/red]" in seen
