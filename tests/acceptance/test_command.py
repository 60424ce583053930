"""The command line, held to the letter of its contract: where its config is, and how it refuses."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from command import Feedmill


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
        assert "1 source," in desk("check", env=env).stdout
        (desk.folder / "config.yaml").unlink()
        assert str(user / "config.yaml") in desk("check", env=env).stdout

    def test_where_there_is_none_it_says_where_it_looked(self, feedmill: Feedmill) -> None:
        result = feedmill("fetch")
        assert result.code == 2
        assert str(feedmill.folder / "config.yaml") in result.stderr
        assert str(feedmill.folder / "home" / ".config" / "feedmill" / "config.yaml") in result.stderr
        assert "--config" in result.stderr


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

    def test_check_tells_of_a_template_that_cannot_be_read(self, desk: Feedmill) -> None:
        theme = desk.folder / "mine"
        theme.mkdir()
        (theme / "front.html").write_text("Good\n{% if %}\n")
        (theme / "archive.html").write_text('{% extends "feedmill/archive.html" %}\n')
        desk.config("pages: {theme: mine}\nsources: [{path: feed.xml}]")
        checked = desk("check")
        assert (checked.code, "good, but for 1 warning" in checked.stdout) == (0, True)
        assert "config.yaml:2: pages.theme: " in checked.stderr
        assert "mine/front.html:2: " in checked.stderr

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
            ("mongo://x/", "no SQLAlchemy address"),
            ("sqlite:///nowhere/feedmill.db", "its folder does not exist"),
            ("postgresql+pg8000://someone:hunter22@127.0.0.1:1/x", "its driver 'pg8000' is not installed"),
        ],
    )
    def test_check_tells_of_a_database_that_nothing_can_be_opened_at(
        self, desk: Feedmill, database: str, words: str
    ) -> None:
        desk.config(f"sources: [{{name: desk, path: feed.xml}}]\ndatabase: {database}")
        result = desk("check")
        assert (result.code, result.stdout) == (2, "")
        assert "config.yaml:3: database: " in result.stderr
        assert words in result.stderr
        assert "hunter22" not in result.stderr

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
