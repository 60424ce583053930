"""What feedmill lists: articles, sources, categories, and what a preview would store."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from command import FEEDMILL, Feedmill
from desk import rss
from webserver import Origin

ARTICLE_KEYS = [
    "source", "guid", "url", "title", "summary_html", "content_html", "authors", "tags", "categories", "published",
    "updated", "date_from", "language", "enclosures", "image", "rights", "fingerprint",
]  # fmt: skip


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

    def test_preview_of_one_file_of_a_folder_reads_it_as_the_folder_is_read(self, feedmill: Feedmill) -> None:
        (feedmill.folder / "desk" / "old").mkdir(parents=True)
        (feedmill.folder / "desk" / "old" / "a.md").write_text("---\ntitle: A\ndate: 2026-11-02 09:00:00\n---\nText")
        feedmill.config(
            "sources:\n  - {name: all, path: desk, timezone: Asia/Shanghai, categories: [Town]}\n"
            "  - {name: old, path: desk/old, timezone: Asia/Tokyo}\n  - {name: other, path: desk/olden}\n"
        )
        (seen,) = feedmill("preview", "desk/old/a.md", "--json").objects
        assert (seen["source"], seen["published"], seen["categories"]) == ("old", "2026-11-02T00:00:00Z", [])
        (feedmill.folder / "desk" / "b.md").write_text("---\ntitle: B\ndate: 2026-11-02 09:00:00\n---\nText")
        (seen,) = feedmill("preview", "desk/b.md", "--json").objects
        assert (seen["published"], seen["categories"]) == ("2026-11-02T01:00:00Z", ["Town"])

    @pytest.mark.parametrize("path", ["desk", "desk/*/*.md", "other/../desk"])
    def test_preview_of_one_file_shows_what_a_fetch_stores_of_it(self, feedmill: Feedmill, path: str) -> None:
        (feedmill.folder / "desk" / "2026-11-02").mkdir(parents=True)
        (feedmill.folder / "other").mkdir()
        article = feedmill.folder / "desk" / "2026-11-02" / "a.md"
        article.write_text("---\ntitle: A\n---\nText")
        (article.parent / "b.md").write_text("---\ntitle: [\n---\nText")
        feedmill.config(f"sources: [{{name: all, path: {path!r}}}]")
        seen = feedmill("preview", "other/../desk/2026-11-02/a.md", "--json")
        assert (seen.code, seen.stderr) == (0, "")
        feedmill("fetch")
        assert seen.stdout == feedmill("articles", "--json").stdout
        assert seen.objects[0]["published"] == "2026-11-02T00:00:00Z"

    def test_preview_dates_and_leaves_out_as_a_fetch_does(self, feedmill: Feedmill, origin: Origin) -> None:
        def document(*dates: timedelta) -> str:
            items = "".join(
                f"<item><title>{n}</title><guid>https://g.example/{n}</guid>"
                f"<pubDate>{format_datetime(datetime.now(UTC) + date)}</pubDate></item>"
                for n, date in enumerate(dates)
            )
            return f"<rss version='2.0'><channel><title>G</title>{items}</channel></rss>"

        stamped = origin.serve("/stamped.xml", document(*[timedelta(0)] * 4))
        ahead = origin.serve("/ahead.xml", document(timedelta(days=-9), timedelta(days=9)))
        feedmill.config(
            f"sources: [{{name: stamped, url: '{stamped}'}}, {{name: ahead, url: '{ahead}', future: drop}}]"
        )
        seen = feedmill("preview", "stamped", "ahead", "--json")
        feedmill("fetch")
        stored = feedmill("articles", "--json")
        kept = ("source", "title", "date_from")
        assert sorted([each[key] for key in kept] for each in seen.objects) == sorted(
            [each[key] for key in kept] for each in stored.objects
        )
        assert {(each["source"], each["date_from"]) for each in stored.objects} == {
            ("stamped", "first-seen"), ("ahead", "published"),
        }  # fmt: skip
        assert len(stored.objects) == 5

    def test_preview_of_a_list_of_sources_shows_what_it_lists(self, feedmill: Feedmill, origin: Origin) -> None:
        outlines = (
            "<outline text='Food'><outline text='Crust' xmlUrl='https://c.example/feed?token=hidden-1'/></outline>"
        )
        url = origin.serve("/list.opml", f"<opml version='2.0'><body>{outlines}</body></opml>")
        feedmill.config(f"sources: [{{name: friends, kind: opml, url: '{url}'}}]")
        seen = feedmill("preview", "friends")
        assert (seen.code, seen.stderr) == (0, "")
        assert seen.stdout.splitlines()[1].split() == ["Crust", "Food", "https://c.example/feed?token=***"]
        assert feedmill("preview", "friends", "--json").stdout == ""

    def test_preview_of_one_file_without_text_says_so(self, feedmill: Feedmill) -> None:
        (feedmill.folder / "desk").mkdir()
        (feedmill.folder / "desk" / "a.png").write_bytes(b"\x89PNG\0\0")
        feedmill.config("sources: [{name: all, path: desk}]")
        seen = feedmill("preview", "desk/a.png")
        assert (seen.code, seen.stderr) == (1, "feedmill: all: desk/a.png holds no text, and so no feed or article\n")

    def test_articles_are_narrowed_by_category_source_and_limit(self, desk: Feedmill) -> None:
        (desk.folder / "more.xml").write_text(rss("Three", host="more.example"))
        desk.config("sources: [{name: desk, path: feed.xml, categories: [Town Life]}, {name: more, path: more.xml}]")
        desk("fetch")

        def titles(*arguments: str) -> set[str]:
            return {article["title"] for article in desk("articles", "--json", *arguments).objects}

        assert titles() == {"One", "Two", "Three"}
        assert titles("--source", "more") == {"Three"}
        assert titles("--category", "Town Life") == titles("--category", "town-life") == {"One", "Two"}
        assert titles("--category", "TOWN  life", "--source", "DESK") == {"One", "Two"}
        assert titles("--category", "Town Life", "--source", "more") == set()
        assert titles("--limit", "1") == {"Two"}
        assert desk("articles", "--source", "mroe").code == 1
        assert "did you mean Town Life?" in desk("articles", "--category", "Town Lif").stderr
        for limit in ("0", "-1", "99999999999999999999"):
            assert desk("articles", "--limit", limit).code == 2
        login = desk("fetch", "http://me:hunter22@desk.example/feed")
        assert (login.code, "hunter22" in login.stderr, "desk.example" in login.stderr) == (1, False, True)

    def test_a_category_is_found_by_its_alias_and_title(self, desk: Feedmill) -> None:
        (desk.folder / "config.yaml").write_text(
            "categories: [{name: 金融, slug: money, title: Finance, aliases: [Bourse]}]\n"
            "sources: [{name: desk, path: feed.xml, categories: [Bourse]}]\n"
        )
        desk("fetch")
        for word in ("金融", "money", "Finance", "bourse"):
            assert len(desk("articles", "--category", word, "--json").objects) == 2
            assert desk("publish", word).code == 0

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
            "standing", "moved_to", "held", "list",
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
