"""A newcomer's first minute: the shipped config, offline; and the real articles that the project was asked for."""

from __future__ import annotations

import re
import shutil
from html.parser import HTMLParser
from importlib.metadata import packages_distributions
from importlib.util import find_spec
from pathlib import Path

import pytest
from command import Feedmill

from commanding import run
from feeds import __version__
from feeds.cli import COMMANDS

ROOT = Path(__file__).parent.parent.parent
SAMPLE_CATEGORIES = {"Crafts", "Field Notes", "Landscape", "Mill Notes", "手艺", "旧书", "饮食"}


@pytest.fixture
def newcomer(feedmill: Feedmill) -> Feedmill:
    """In a folder that holds what we ship, and nothing else."""
    shutil.copy(ROOT / "config.yaml", feedmill.folder)
    shutil.copytree(ROOT / "docs" / "samples", feedmill.folder / "docs" / "samples")
    return feedmill


def test_the_first_fetch_needs_no_network_and_tells_where_the_feeds_lie_and_what_to_do_next(newcomer: Feedmill) -> None:
    result = newcomer("fetch")

    assert result.code == 0
    assert str(newcomer.public) in result.said
    assert "Next:" in result.said
    assert "feed reader" in result.said
    assert "Traceback" not in result.said


def test_what_to_do_next_is_told_once(newcomer: Feedmill) -> None:
    assert "Next:" in newcomer("fetch").said
    (newcomer.folder / "docs/samples/articles/late.md").write_text("---\ntitle: Late\n---\nIt came.\n")
    again = newcomer("fetch").said
    assert re.search(r"[1-9][0-9]* published files written", again)
    assert "Next:" not in again


def test_the_samples_have_a_feed_for_each_of_their_categories(newcomer: Feedmill) -> None:
    newcomer("fetch")

    categories = {each["name"]: each for each in newcomer("categories", "--json").objects}
    assert set(categories) == SAMPLE_CATEGORIES
    for category in categories.values():
        feed = newcomer.feed(category["slug"])
        assert Path(category["path"]) == newcomer.public / category["slug"] / "atom.xml"
        assert feed.feed.title == category["title"]
        assert len(feed.entries) == category["articles"] > 1
    everything = newcomer.feed()
    assert len(everything.entries) == 11
    assert {entry.source.title for entry in everything.entries} == {"mill-desk", "The Weir Bulletin"}


def test_a_second_fetch_changes_no_byte_and_no_modification_time(newcomer: Feedmill) -> None:
    newcomer("fetch")
    before = newcomer.published()

    assert newcomer("fetch").code == 0
    assert newcomer("fetch", "--force").code == 0
    assert newcomer("publish").code == 0
    assert newcomer.published() == before
    folders, of_each, others = 1 + len(SAMPLE_CATEGORIES), 5, {"sources", "assets", "status"}
    assert len([path for path in before if path.partition("/")[0] not in others]) == folders * of_each + 2


def test_a_published_file_that_is_missing_is_written_again_as_it_was(newcomer: Feedmill) -> None:
    newcomer("fetch")
    before = newcomer.published()
    (newcomer.public / "crafts" / "atom.xml").unlink()

    newcomer("fetch")

    after = newcomer.published()
    assert {path: content for path, (content, _) in after.items()} == {p: content for p, (content, _) in before.items()}
    assert {path for path in after if after[path] != before[path]} == {"crafts/atom.xml"}


def test_two_first_fetches_at_once_store_everything_once(newcomer: Feedmill) -> None:
    both = [newcomer.start("fetch"), newcomer.start("fetch")]

    assert [newcomer.end_of(process).code for process in both] == [0, 0]
    assert len(newcomer("articles", "--json").objects) == 11
    assert len(newcomer.feed().entries) == 11


def test_the_shipped_config_passes_its_own_check(newcomer: Feedmill) -> None:
    result = newcomer("check")
    assert (result.code, result.stderr) == (0, "")
    assert "good; 2 sources" in result.stdout


def test_our_import_names_belong_to_feedmill_alone() -> None:
    owners = packages_distributions()
    for name in ("feeds", "storage", "scheduler"):
        # An editable install lists no import names: then nobody else may list ours, and ours are found first.
        assert set(owners.get(name, ["feedmill"])) == {"feedmill"}
        found = find_spec(name)
        assert found is not None
        assert ROOT in Path(str(found.origin)).parents or name in owners


def test_help_lists_every_command_and_each_explains_itself(
    feedmill: Feedmill, capsys: pytest.CaptureFixture[str]
) -> None:
    result = feedmill("--help")
    assert (result.code, result.stderr) == (0, "")
    for name, line in COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(line)}$", result.stdout, re.MULTILINE)
        code = run([name, "--help"])  # in this process: a start for each command would prove nothing more
        own = capsys.readouterr()
        assert (code, own.err) == (0, "")
        assert own.out.startswith(f"Usage: feedmill {name} ")


def test_version_is_the_package_s(feedmill: Feedmill) -> None:
    result = feedmill("--version")
    assert (result.code, result.stdout) == (0, f"feedmill, version {__version__}\n")


class TestSeeds:
    """Articles as they are found in the wild: front matter written by a template, and a body of raw HTML."""

    @pytest.fixture
    def desk(self, feedmill: Feedmill, seeds: Path) -> Feedmill:
        feedmill.config(f"sources: [{{name: desk, path: '{seeds}'}}]")
        assert feedmill("fetch").code == 0
        return feedmill

    def test_each_of_their_categories_has_a_feed(self, desk: Feedmill) -> None:
        published = {each["name"]: each["articles"] for each in desk("categories", "--json").objects}
        once = ("金融", "每经网", "分类", "金色财经", "快讯", "ZAKER", "channel")
        assert published == {**dict.fromkeys(once, 1), "新媒体": 2}
        for name, number in published.items():
            assert len(desk.feed(name.lower()).entries) == number

    def test_the_first_article_keeps_its_date_its_lead_image_and_every_paragraph(
        self, desk: Feedmill, seeds: Path
    ) -> None:
        (article,) = desk("articles", "--category", "金融", "--json").objects
        assert (article["published"], article["date_from"]) == ("2021-07-06T17:54:45Z", "published")
        assert article["title"] == "更高起点打造新型智慧城市，深圳如何更高水平落实？"
        assert article["authors"] == ["每经网"]
        assert set(article["categories"]) == {"金融", "每经网", "分类"}
        lead = "http://image.nbd.com.cn/uploads/articles/images/1042046/__2.jpg"
        assert article["image"].endswith(lead)

        (entry,) = desk.feed("金融").entries
        assert entry.published == "2021-07-06T17:54:45Z"
        assert entry.media_thumbnail[0]["url"] == article["image"]
        raw = next(seeds.glob("000_*.txt")).read_text(encoding="utf-8")
        paragraphs = _paragraphs(raw.split("---", 2)[2])
        assert len(paragraphs) > 25
        assert _paragraphs(entry.content[0].value) == _paragraphs(article["content_html"]) == paragraphs

    def test_an_invalid_date_is_the_moment_we_first_saw_the_article(self, desk: Feedmill) -> None:
        (article,) = desk("articles", "--category", "快讯", "--json").objects
        (health,) = desk("sources", "--json").objects
        assert article["date_from"] == "first-seen"
        assert article["published"] == health["last_success"]

    def test_a_lazy_image_shows_its_real_address_through_the_proxy_its_source_chose(self, desk: Feedmill) -> None:
        (article,) = desk("articles", "--category", "ZAKER", "--json").objects
        real = "http://zkres1.myzaker.com/202109/613e1bf8b15ec03cce542222_1024.jpg"
        assert f'src="https://cors.zfour.workers.dev/?{real}"' in article["content_html"]
        assert 'referrerpolicy="no-referrer"' in article["content_html"]
        assert "data-original" not in article["content_html"]

    def test_a_second_fetch_changes_nothing(self, desk: Feedmill) -> None:
        published, stored = desk.published(), desk("articles", "--json").stdout
        assert desk("fetch").code == 0
        assert (desk.published(), desk("articles", "--json").stdout) == (published, stored)


def _paragraphs(html: str) -> list[str]:
    """The text of each paragraph and headline that has any."""
    reader = _Paragraphs()
    reader.feed(html)
    return [text for found in reader.found if (text := " ".join(found.split()))]


class _Paragraphs(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.is_inside = False

    def handle_starttag(self, tag: str, _attributes: list[tuple[str, str | None]]) -> None:
        if tag in {"p", "h2"}:
            self.found.append("")
            self.is_inside = True

    def handle_endtag(self, tag: str) -> None:
        self.is_inside = self.is_inside and tag not in {"p", "h2"}

    def handle_data(self, data: str) -> None:
        if self.is_inside:
            self.found[-1] += data
