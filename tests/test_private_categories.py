"""What is private stands where it is meant to, and nowhere else: whatever it was before, whatever it becomes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from builders import MONDAY, TUESDAY, article
from feeds import pipeline, settings
from feeds.clock import SystemClock
from feeds.errors import OutputError
from feeds.normalizing.categories import slugs
from feeds.pipeline import overview, privacy, reporting
from feeds.pipeline.edition import Edition
from feeds.pipeline.pushing.delivering import topics
from feeds.records import Source, SourceState
from private_mill import LOGIN, OTHER_PATH, PATH, Mill, filled
from storage import (
    Store,
    announcements,
    articles,
    open_store,
    reports,
    retention,
    saving,
    shelves,
    sources,
    subscribers,
)
from storage.reports import Report

pytestmark = pytest.mark.usefixtures("short_shelves")


@pytest.fixture
def mill(tmp_path: Path) -> Iterator[Mill]:
    opened = open_store(f"sqlite:///{tmp_path}/feedmill.db")
    yield Mill(tmp_path, opened)
    opened.close()


@pytest.fixture
def either(tmp_path: Path, store: Store) -> Mill:
    """On each database in turn, with all pages."""
    return Mill(tmp_path, store, pages="{articles: true}")


SECRETS = ("minutes", "Board", "sharedword001", "sharedword005", PATH, "ombudsman", "correct-horse")


@pytest.mark.parametrize("board", ['{path: "${BOARD_PATH}"}', LOGIN])
def test_nothing_private_stands_where_everybody_looks(mill: Mill, board: str) -> None:
    mill.board, mill.hub, mill.pages = board, "https://hub.example/", "{articles: true}"
    filled(mill)
    assert mill.showing(*SECRETS, without=PATH) == set()
    place = (mill.apart / "board") if board == LOGIN else (mill.public / PATH)
    assert mill.titles(place, "") == {"minutesword006", "minutesword005", "minutesword004", "sharedword005"}
    assert (place / "archive/000001/atom.xml").is_file()
    assert (place / "subscribe.html").is_file()
    assert "hub" not in (place / "atom.xml").read_text()
    assert 'name="robots" content="noindex"' in (place / "index.html").read_text()
    assert "articles/" not in (place / "index.html").read_text()
    assert mill.titles(mill.public, "news") <= {f"{s}word{n:03}" for s in ("gazette", "shared") for n in range(7)}
    assert mill.showing("sharedword006")
    page = overview.page(mill.store, mill.settings, {}, now=TUESDAY).decode()
    assert "gazette" in page
    assert not [word for word in SECRETS if word in page]


def test_folders_of_passwords_are_their_owners_alone(mill: Mill) -> None:
    mill.board = LOGIN
    filled(mill)
    assert mill.apart.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("board", ['{path: "${BOARD_PATH}"}', LOGIN])
def test_a_category_that_turns_private_leaves_nothing_behind(either: Mill, board: str) -> None:
    filled(either)
    either.save("minutes", 1, title="minutesword001 revised")  # archives show it as it was
    with either.store.begin() as db:  # and this one, which is gone, too
        retention.purge(db, articles.named(db, "https://minutes.example/0"), now=TUESDAY)
    either.publish()
    either.slug = "council"  # its former folder stays
    either.publish()
    assert {"archive/000001/atom.xml", "board/atom.xml", "council/atom.xml"} <= either.showing(
        "minutesword000", "Board"
    )
    assert len(either.showing("minutesword002")) > 8
    either.board, either.slug = board, ""
    either.publish()
    assert either.showing(*SECRETS, "council", without=PATH) == set()
    assert either.showing("gazetteword000") >= {"archive/000001/atom.xml", "archive/000001/index.html"}
    place = (either.apart / "council") if (either.apart / "council").is_dir() else None
    place = place or ((either.apart / "board") if board == LOGIN else (either.public / PATH))
    assert "minutesword006" in either.titles(place, "")
    before = {path: path.stat().st_mtime_ns for path in either.public.rglob("*.xml")}
    either.publish()  # all is done: nothing is looked through or written any more
    assert {path: path.stat().st_mtime_ns for path in either.public.rglob("*.xml")} == before
    for edition_of in (None, "Board", "News"):
        with either.store.read() as db:
            assert not shelves.standing(db)[edition_of].has_strays


def test_an_address_that_changes_takes_its_files_along(mill: Mill) -> None:
    mill.board = '{path: "${BOARD_PATH}"}'
    filled(mill)
    mill.board = f"{{path: {OTHER_PATH}}}"
    mill.publish()
    assert mill.showing(PATH) == set()
    assert mill.showing("minutes", without=OTHER_PATH) == set()
    mill.board = LOGIN
    mill.publish()
    assert mill.showing(OTHER_PATH, "minutes", "Board") == set()
    assert mill.titles(mill.apart, "board")
    mill.board = '{path: "${BOARD_PATH}"}'
    mill.publish()
    assert mill.showing("minutes", below=mill.apart) == set()
    assert not (mill.apart / "board").exists()


@pytest.mark.parametrize("board", ['{path: "${BOARD_PATH}"}', LOGIN])
def test_a_category_that_turns_public_is_like_any_other_and_its_secret_is_told_nobody(mill: Mill, board: str) -> None:
    mill.board = board
    filled(mill)
    mill.board = ""
    mill.publish()
    assert mill.showing(PATH) == set()
    assert mill.showing("minutes", below=mill.apart) == set()
    assert mill.titles(mill.public, "board") == {"minutesword006", "minutesword005", "minutesword004", "sharedword005"}
    assert "minutesword006" in mill.titles(mill.public, "")
    assert [name for name in mill.showing("minutesword000") if name.startswith("archive/")]
    assert "board/archive/000001/atom.xml" in mill.showing("minutesword000")
    assert {"subscriptions.opml", "feeds.opml"} <= mill.showing("minutes", "board/")


def test_a_source_that_is_moved_to_a_private_category_goes_as_a_whole(mill: Mill) -> None:
    mill.board, mill.pages = LOGIN, "true"
    filled(mill)
    assert {"sources/gazette/index.html", "subscriptions.opml"} <= mill.showing("gazette")
    mill.sources["gazette"] = ["Board"]
    mill.publish()
    assert mill.showing("gazette") == set()
    assert "gazetteword006" in mill.titles(mill.apart, "board")


def test_an_article_that_is_moved_to_a_private_category_leaves_its_page(either: Mill) -> None:
    either.board = LOGIN
    filled(either)
    assert either.showing("sharedword003")
    either.save("shared", 3, own=("Board",), title="sharedword003 in confidence")
    either.publish()
    assert either.showing("sharedword003") == set()
    assert either.showing("sharedword003", below=either.apart)


@pytest.mark.parametrize("is_swept", [False, True])
def test_an_article_that_is_moved_there_while_all_is_published_leaves_its_page(
    either: Mill, monkeypatch: pytest.MonkeyPatch, is_swept: bool
) -> None:
    mill = either
    mill.board, mill.pages = LOGIN, "{articles: true}"
    mill.save("gazette", 1, 2, 3)
    mill.save("minutes", 1)
    mill.publish()
    assert mill.showing("gazetteword002")
    mill.save("minutes", 2)
    if is_swept:  # for another, which came before
        mill.save("gazette", 1, own=("Board",))
    publish, moves = Edition.publish, [lambda: mill.save("gazette", 2, own=("Board",))]

    def once_it_is_looked_for(self, store, **how):
        if self.is_private and moves:
            moves.pop()()
        return publish(self, store, **how)

    monkeypatch.setattr(Edition, "publish", once_it_is_looked_for)
    mill.publish()
    assert not moves
    mill.publish()
    assert not mill.showing("gazetteword002")


def test_what_is_withdrawn_is_told_to_its_own_readers_alone(mill: Mill) -> None:
    filled(mill)
    pipeline.withdraw(mill.store, mill.settings, "https://minutes.example/2", now=TUESDAY)
    pipeline.withdraw(mill.store, mill.settings, "https://gazette.example/2", now=TUESDAY)
    assert "minutes.example/2" in (mill.public / "atom.xml").read_text()
    mill.board = LOGIN
    mill.publish()
    pipeline.withdraw(mill.store, mill.settings, "https://minutes.example/3", now=TUESDAY)
    assert mill.showing("minutes") == set()
    assert "gazette.example/2" in (mill.public / "atom.xml").read_text()
    told = (mill.apart / "board/atom.xml").read_text()
    assert told.count("<at:deleted-entry") == 2
    assert mill.showing("minutesword002", "minutesword003", below=mill.apart) == set()


def test_what_was_withdrawn_in_private_is_told_to_nobody_else_when_nothing_is_private_any_more(mill: Mill) -> None:
    filled(mill)
    pipeline.withdraw(mill.store, mill.settings, "https://minutes.example/2", now=TUESDAY)
    mill.board = LOGIN
    mill.publish()
    pipeline.withdraw(mill.store, mill.settings, "https://minutes.example/3", now=TUESDAY)
    mill.board, mill.sources = "", {"gazette": ["News"]}
    mill.publish()
    assert mill.showing("minutes.example") == set()


def test_a_folder_of_a_former_slug_does_not_tell_any_more_of_what_was_withdrawn(mill: Mill) -> None:
    mill.sources["minutes"] = ["News"]
    mill.save("gazette", 1, 2)
    mill.save("minutes", 2)
    mill.publish()
    pipeline.withdraw(mill.store, mill.settings, "https://minutes.example/2", now=TUESDAY)
    mill.news = "news-of-today"
    mill.publish()
    assert "news/atom.xml" in mill.showing("minutes.example/2")
    mill.board, mill.sources["minutes"] = LOGIN, ["News", "Board"]
    mill.publish()
    assert mill.showing("minutes.example/2") == set()


def test_nobody_is_told_of_what_is_withdrawn_after_its_source_left_the_config(mill: Mill) -> None:
    mill.board = LOGIN
    filled(mill)
    mill.sources = {"gazette": ["News"]}
    mill.publish()
    pipeline.withdraw(mill.store, mill.settings, "https://minutes.example/3", now=TUESDAY)
    assert mill.showing("minutes.example") == set()


def test_an_article_whose_source_comes_back_and_is_private_by_its_label_leaves_its_page(mill: Mill) -> None:
    mill.board, mill.pages = LOGIN, "{articles: true}"
    mill.sources["minutes"] = ["Board"]
    filled(mill)
    mill.save("shared", 7, own=("Cabinet",))
    mill.publish()
    assert "index.html" in mill.showing("sharedword007")
    sources = mill.sources
    mill.sources = {name: named for name, named in sources.items() if name != "shared"}
    pipeline.prepare(mill.store, mill.settings)  # and nothing is published while it is away
    assert mill.showing("sharedword007")
    mill.sources, mill.aliases = sources, "[Cabinet]"
    mill.publish()
    assert mill.showing("sharedword007") == set()
    assert mill.showing("sharedword007", below=mill.apart)


@pytest.mark.parametrize("hub", ["own", "https://hub.example/"])
def test_no_hub_hears_of_it(mill: Mill, hub: str) -> None:
    mill.board, mill.hub = '{path: "${BOARD_PATH}"}', hub
    filled(mill)
    assert {topic.partition("example/")[2].rpartition("/")[0] for topic in topics(mill.store, mill.settings)} == {
        "",
        "news",
    }
    with mill.store.read() as db:
        assert not [one for one in announcements.due(db, now=SystemClock().now()) if PATH in one.topic]
        assert subscribers.count(db) == 0


def test_no_report_names_a_hidden_source_not_even_an_older_one(mill: Mill) -> None:
    filled(mill)
    items = "".join(f"<li><strong>{name}</strong>: failed. Look.</li>" for name in ("gazette", "minutes"))
    with mill.store.begin() as db:
        sources.record(db, SourceState(name="minutes", failures=20, problem="no answer"))
        reports.add(db, Report(written_at=MONDAY, title="2 sources need you", content_html=f"<ul>{items}</ul>"))
    reporting.report(mill.store, mill.settings, now=TUESDAY)
    assert mill.showing("minutes") >= {"status/atom.xml"}
    mill.board = LOGIN
    mill.publish()
    assert mill.showing("minutes") == set()
    assert "status/atom.xml" in mill.showing("gazette")
    reporting.report(mill.store, mill.settings, now=MONDAY + timedelta(days=30))
    assert mill.showing("minutes") == set()


def test_a_process_that_knows_of_no_privacy_yet_does_no_harm(mill: Mill) -> None:
    mill.board = LOGIN
    filled(mill)
    with mill.store.begin() as db:
        late = article(
            source="minutes", guid="https://minutes.example/late", title="minuteslate", categories=("Board",)
        )
        saving.save(
            db, saving.Batch(source="minutes", articles=[late], now=TUESDAY), slugs=slugs
        )  # under its old settings
    mill.publish()
    assert mill.showing("minutes") == set()


def test_the_feeds_of_others_stay_whatever_they_name(mill: Mill) -> None:
    """A mill that reads us names our feed within an entry."""
    filled(mill)
    own = mill.public / "elsewhere/atom.xml"
    own.parent.mkdir()
    own.write_text("<feed><id>urn:x</id><entry><source><id>tag:mill.example,2026:category/Board</id></source></entry>")
    (mill.public / "board/mine.txt").write_text("my own")
    mill.board = LOGIN
    mill.publish()
    assert own.is_file()
    assert (mill.public / "board/mine.txt").is_file()
    assert not (mill.public / "board/atom.xml").exists()


def test_very_many_articles_are_found_as_few_are(mill: Mill) -> None:
    mill.save("minutes", *range(25))
    mill.publish()
    assert len(mill.showing("minutesword")) > 30
    mill.board = LOGIN
    mill.publish()
    assert mill.showing("minutes") == set()


def test_an_error_does_not_tell_the_address(mill: Mill) -> None:
    mill.board = '{path: "${BOARD_PATH}"}'
    (mill.public / PATH / "atom.xml").mkdir(parents=True)
    with pytest.raises(OutputError) as failed:
        filled(mill)
    assert "***/atom.xml" in str(failed.value)
    assert PATH not in str(failed.value)


def test_strangers_are_told_no_name_of_it_and_of_no_hidden_source(mill: Mill) -> None:
    mill.board, mill.slug = LOGIN, "round-table"
    telling = f"{mill.apart}/round-table/atom.xml: Board, Boardroom, round-table/, minutes, Cardboard, gazette: no room"
    assert privacy.for_strangers(mill.settings, telling) == "***: ***, ***, ***/, ***, Cardboard, gazette: no room"
    mill.board, mill.slug = '{path: "${BOARD_PATH}"}', ""
    telling = f"{mill.public}/{PATH}/atom.xml: Board"
    assert privacy.for_strangers(mill.settings, telling) == f"{mill.public}/***/atom.xml: ***"
    mill.board = ""
    assert privacy.for_strangers(mill.settings, telling) == telling


def test_settings_do_not_show_them(mill: Mill) -> None:
    mill.board = LOGIN
    assert "correct-horse" not in repr(mill.settings)
    assert "correct-horse" in mill.settings.secrets


def test_a_listed_source_is_hidden_with_its_list(mill: Mill) -> None:
    mill.board = LOGIN
    source = Source(name="inner", kind="http", url="https://inner.example/feed", categories=("board",))
    with_it = mill.settings
    with_it = settings.building.replace(with_it, sources=(*with_it.sources, source))
    assert privacy.hidden(with_it).sources == {"minutes", "inner"}
