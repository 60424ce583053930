"""The published folder as a whole: every format of every category, the lists, and what a broken one costs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree

from builders import MONDAY, article, config
from feeds import pipeline, settings
from feeds.errors import OutputError
from feeds.normalizing.categories import slugs
from feeds.publishing import WRITERS, rss
from feeds.records import Article, Feed
from feeds.settings import Settings
from storage import Store, open_store, saving

CONFIG = """
site: {title: Evening Mill, url: "https://mill.example/", language: en}
sources:
  - {name: gazette, url: "https://gazette.example/feed.xml", categories: [News]}
  - {name: radio, url: "https://${WHO}@radio.example/?key=${KEY}", categories: [Sound]}
  - {name: desk, path: desk, categories: [News]}
"""


class Mill:
    """A store, and the folder that is published from it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store: Store = open_store(f"sqlite:///{folder}/feedmill.db")
        self.text = CONFIG

    @property
    def settings(self) -> Settings:
        return settings.load(config(self.folder, self.text), environ={"WHO": "me:hunter22", "KEY": "s3cr3tkey"})

    @property
    def output(self) -> Path:
        return self.folder / "public"

    def save(self, *given: Article) -> None:
        pipeline.prepare(self.store, self.settings)
        with self.store.begin() as db:
            saving.save(db, saving.Batch(source="gazette", articles=given, now=MONDAY), slugs=slugs)

    def publish(self) -> dict[str, bool]:
        """The paths that were considered, and whether they moved."""
        return {one.path: one.changed for one in pipeline.publish(self.store, self.settings)}

    def read(self, path: str) -> bytes:
        return (self.output / path).read_bytes()

    def files(self) -> dict[str, tuple[bytes, int]]:
        """Every published file: its bytes, and when it was written. Without the compressed variants beside them."""
        return {
            path.relative_to(self.output).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in self.output.rglob("*.*")
            if path.name[0] != "." and path.suffix not in {".gz", ".br"}
        }


@pytest.fixture
def mill(tmp_path: Path) -> Iterator[Mill]:
    one = Mill(tmp_path)
    one.save(article(categories=("News",)), article(guid="urn:x:2", categories=("Sound",)))
    yield one
    one.store.close()


def outlines(document: bytes) -> list[tuple[str | None, str | None]]:
    return [(one.get("text"), one.get("xmlUrl")) for one in etree.fromstring(document).iter("outline")]


def test_every_format_of_everything_and_of_each_category_is_published_with_the_lists(mill: Mill) -> None:
    assert set(mill.publish().values()) == {True}
    folders = ("", "news/", "sound/")
    names = ("atom.xml", "rss.xml", "feed.json", "index.html", "subscribe.html")
    files = {f"{folder}{name}" for folder in folders for name in names}
    assert mill.files().keys() == files | {
        "subscriptions.opml", "feeds.opml", "sources/gazette/index.html", "assets/style.css", "assets/icon.svg",
    }  # fmt: skip


def test_publishing_that_is_to_stop_begins_no_other_shelf_and_goes_on_next_time(mill: Mill) -> None:
    looks = iter([False, False, False, True])
    first = pipeline.Publisher(mill.store).publish(mill.settings, is_all=True, is_stopping=lambda: next(looks))
    assert {one.path for one in first} > {"atom.xml", "subscriptions.opml"}
    assert "news/atom.xml" not in mill.files()
    rest = mill.publish()
    assert rest["news/atom.xml"] is True
    assert "atom.xml" not in rest


def test_without_pages_only_feeds_are_published(mill: Mill) -> None:
    mill.text = f"{CONFIG}pages: false\n"
    mill.publish()
    assert not any(path.endswith((".html", ".css")) for path in mill.files())


def test_each_article_has_a_page_of_its_own_if_the_config_asks_for_it(mill: Mill) -> None:
    mill.text = f"{CONFIG}pages: {{articles: true}}\n"
    mill.publish()
    pages = {path for path in mill.files() if path.startswith("articles/")}
    assert len(pages) == 2
    pipeline.withdraw(mill.store, mill.settings, "urn:x:2", now=MONDAY)
    (left,) = (path for path in mill.files() if path.startswith("articles/"))
    assert b"urn:x:2" not in mill.read(left)


def test_a_template_that_fails_is_named_and_costs_only_its_own_pages(mill: Mill, tmp_path: Path) -> None:
    mill.publish()
    before = mill.files()
    theme = tmp_path / "theme"
    theme.mkdir()
    (theme / "front.html").write_text("{% block main %}\n{{ feed.nonsense }}\n{% endblock %}")
    mill.text = f"{CONFIG}pages: {{theme: theme}}\n"
    mill.save(article(guid="urn:x:3", categories=("News",)))
    with pytest.raises(OutputError, match=r"theme/front\.html:2: .*nonsense"):
        mill.publish()
    moved = {path for path, seen in mill.files().items() if before.get(path) != seen}
    assert {"news/atom.xml", "atom.xml", "news/subscribe.html"} <= moved
    assert not any(path.endswith("index.html") for path in moved)
    (theme / "front.html").write_text("{% extends 'feedmill/front.html' %}")
    assert mill.publish()["news/index.html"] is True


def test_a_template_of_archives_or_articles_that_fails_holds_no_feed_back(mill: Mill, tmp_path: Path) -> None:
    theme = tmp_path / "theme"
    theme.mkdir()
    (theme / "archive.html").write_text("{{ nope }}")
    (theme / "article.html").write_text("{{ nope }}")
    mill.text = f"{CONFIG}pages: {{theme: theme, articles: true}}\n"
    mill.save(*(article(guid=f"urn:y:{n}", categories=("News",)) for n in range(150)))
    with pytest.raises(OutputError) as caught:
        mill.publish()
    assert len(set(str(caught.value).splitlines())) == len(str(caught.value).splitlines())
    for folder in ("", "news/"):
        assert mill.read(f"{folder}atom.xml").count(b"<entry") == 100
        assert (mill.output / f"{folder}archive/000001/atom.xml").is_file()
    for name in ("archive.html", "article.html"):
        (theme / name).write_text("good")
    assert mill.publish()["news/archive/000001/index.html"] is True


def test_a_lost_archive_is_written_again(mill: Mill) -> None:
    mill.save(*(article(guid=f"urn:y:{n}", categories=("News",)) for n in range(150)))
    mill.publish()
    (mill.output / "news/archive/000001/atom.xml").unlink()
    assert mill.publish()["news/archive/000001/atom.xml"] is True


def test_pages_of_articles_asked_for_later_are_made_for_those_in_archives_too(mill: Mill) -> None:
    mill.save(*(article(guid=f"urn:y:{n}", categories=("News",)) for n in range(150)))
    mill.publish()
    mill.text = f"{CONFIG}pages: {{articles: true}}\n"
    mill.publish()
    assert len([path for path in mill.files() if path.startswith("articles/")]) == 152


def test_pages_follow_their_theme(mill: Mill, tmp_path: Path) -> None:
    theme = tmp_path / "theme"
    theme.mkdir()
    (theme / "front.html").write_text("one")
    mill.text = f"{CONFIG}pages: {{theme: theme}}\n"
    mill.publish()
    (theme / "front.html").write_text("two")
    mill.publish()
    for path in ("news/index.html", "sources/gazette/index.html"):  # a comment behind it names its articles
        assert mill.read(path).partition(b"<!--")[0] == b"two"


def test_publishing_again_touches_no_file(mill: Mill) -> None:
    mill.publish()
    before = mill.files()
    assert mill.publish() == {}
    assert not any(one.changed for one in pipeline.publish(mill.store, mill.settings, force=True))
    assert mill.files() == before


@pytest.mark.parametrize("path", ["rss.xml", "news/feed.json", "subscriptions.opml", "feeds.opml"])
def test_a_file_that_an_older_feedmill_did_not_write_is_written_though_nothing_moved(mill: Mill, path: str) -> None:
    mill.publish()
    before = mill.read(path)
    (mill.output / path).unlink()
    assert mill.publish()[path] is True
    assert mill.read(path) == before


@pytest.mark.parametrize("path", ["atom.xml.gz", "news/index.html.br"])
def test_a_compressed_variant_that_is_lost_is_written_though_nothing_moved(mill: Mill, path: str) -> None:
    mill.publish()
    lost = mill.output / path
    content = lost.read_bytes()
    before = mill.files()
    lost.unlink()
    mill.publish()
    assert lost.read_bytes() == content
    assert mill.files() == before


def test_the_sources_are_listed_without_those_whose_address_holds_a_secret(mill: Mill) -> None:
    mill.publish()
    assert outlines(mill.read("subscriptions.opml")) == [
        ("News", None), ("gazette", "https://gazette.example/feed.xml"),
    ]  # fmt: skip
    assert not any(secret in content for content, _ in mill.files().values() for secret in (b"hunter22", b"s3cr3tkey"))


def test_the_feeds_are_listed_and_the_list_follows_the_config(mill: Mill) -> None:
    mill.publish()
    assert outlines(mill.read("feeds.opml")) == [
        ("Evening Mill", "https://mill.example/atom.xml"),
        ("News", "https://mill.example/news/atom.xml"),
        ("Sound", "https://mill.example/sound/atom.xml"),
    ]
    mill.text += "categories: [{name: News, title: All the News}]\n"
    mill.save()
    mill.publish()
    assert outlines(mill.read("feeds.opml"))[1:] == [("All the News", "https://mill.example/news/atom.xml")]


def test_a_broken_document_leaves_the_last_good_one_and_stops_no_other(
    mill: Mill, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken_in_one_category(feed: Feed) -> bytes:
        return rss.write(feed).replace(b"<rss ", b"<rss bare " if "/news/" in feed.folder_url else b"<rss ")

    mill.publish()
    before = mill.files()
    mill.save(article(guid="urn:x:3", categories=("News", "Sound")))
    with monkeypatch.context() as patch:
        patch.setitem(WRITERS, "rss.xml", broken_in_one_category)
        with pytest.raises(OutputError) as caught:
            mill.publish()
    assert len(str(caught.value).splitlines()) == 1
    assert str(caught.value).startswith("news/rss.xml: not published, for it would be broken (XMLSyntaxError")
    after = mill.files()
    assert {path for path in after if after[path] == before[path]} == {
        "news/rss.xml", "subscriptions.opml", "feeds.opml", "assets/style.css", "assets/icon.svg",
    }  # fmt: skip
    # It is tried again until it is good.
    assert mill.publish()["news/rss.xml"] is True


def test_text_that_is_no_text_in_the_store_harms_no_file(mill: Mill) -> None:
    mill.save(article(guid="urn:x:3", title="a\x01b\ufffec", content_html="\x0c]]>\x1f", categories=("News",)))
    mill.publish()
    for path in ("news/atom.xml", "news/rss.xml", "news/feed.json"):
        assert b"abc" in mill.read(path)


def test_a_category_that_is_found_nowhere_any_more_keeps_its_feed_and_nobody_is_shown_the_way_there(mill: Mill) -> None:
    daemon = pipeline.Publisher(mill.store)
    mill.save(article(guid="urn:x:3", own_categories=("Nesw",), categories=("News", "Nesw")))
    daemon.publish(mill.settings, is_all=True)
    assert [text for text, _url in outlines(mill.read("feeds.opml"))] == ["Evening Mill", "Nesw", "News", "Sound"]
    assert b'nesw/"' in mill.read("index.html")
    mill.save(article(guid="urn:x:3", categories=("News",)))
    daemon.publish(settings := mill.settings, is_all=True)
    listed = ["Evening Mill", "News", "Sound"]  # which a source names, though nothing stands there
    mill.save(article(guid="urn:x:2", categories=("News",)))
    daemon.publish(settings, is_all=False)
    assert [text for text, _url in outlines(mill.read("feeds.opml"))] == listed
    assert b'nesw/"' not in mill.read("index.html")
    assert b'sound/"' in mill.read("index.html")
    assert b"<entry" not in mill.read("nesw/atom.xml")
    mill.save(article(guid="urn:x:4", categories=("News", "Nesw")))
    daemon.publish(settings, is_all=False)
    assert b'nesw/"' in mill.read("index.html")
    assert b"<entry" in mill.read("nesw/atom.xml")
