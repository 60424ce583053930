"""feedmill fetch: what it says, what it keeps when it is interrupted, and what it publishes."""

from __future__ import annotations

import json
import re
import signal

import pytest
from command import Feedmill
from desk import rss
from webserver import Origin


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
        assert list(refresh) == ["source", "status", "new", "revised", "time", "problem", "next_fetch_at", "note"]
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

    def test_a_name_is_known_in_each_of_its_unicode_forms(self, desk: Feedmill) -> None:
        desk.config("sources:\n  - {name: caf\u00e9, path: feed.xml, categories: [Cre\u0301me]}\n")
        (fetched,) = desk("fetch", "cafe\u0301", "caf\u00e9", "--json").objects
        assert (fetched["source"], fetched["status"]) == ("caf\u00e9", "fetched")
        assert desk("articles", "--source", "cafe\u0301", "--category", "Cr\u00e9me", "--json").objects
        assert desk("remove", "cafe\u0301").code == 0
        assert desk("sources", "--json").objects == []

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
        # The one that was not finished is due as before, at once; with --json what was finished is told meanwhile.
        origin.serve("/quick.xml", rss("Quick"))
        process = feedmill.start("fetch", "--json", "--force")
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["source"] == "quick"
        feedmill.interrupt(process, number)
        origin.serve("/slow.xml", rss("Slow"))
        assert [each["source"] for each in feedmill("fetch", "--json").objects if each["status"] == "fetched"] == [
            "slow"
        ]
