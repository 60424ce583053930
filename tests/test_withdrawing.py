"""An article that is withdrawn, whatever happened to it before: no published file shows it any more."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as trying
from hypothesis import strategies as st

import mill as mills
from builders import TUESDAY
from clocks import Clock
from feeds import pipeline
from feeds.errors import NotFoundError, OutputError
from feeds.normalizing.categories import slugs
from feeds.publishing import WRITERS, output, tracing
from feeds.records import replace
from storage import archiving, articles, open_store, saving, shelves, tombstones
from withdrawing_mill import Mill, many, token

pytestmark = pytest.mark.usefixtures("short_shelves")


@pytest.fixture
def mill(tmp_path: Path) -> Iterator[Mill]:
    one = Mill(tmp_path, open_store(f"sqlite:///{tmp_path}/feedmill.db"))
    yield one
    one.store.close()


def test_an_article_is_gone_from_feeds_archives_and_pages_and_feeds_tell_of_it(mill: Mill) -> None:
    for number in (2, 20):  # one in archives, one in the feeds themselves
        assert many(mill).showing(token(number)) >= {f"articles/{name(mill, number)}"}
        done = mill.withdraw(mill.saved[number].atom_id)
        assert (done.articles, mill.showing(token(number))) == (1, set())
        assert done.files >= 6
    feed = (mill.output / "news/atom.xml").read_text()
    assert feed.count("<at:deleted-entry") == 2
    for number in (2, 20):  # its source still lists it
        mill.save(number)
    mill.publish()
    assert not mill.showing(token(2)) | mill.showing(token(20))


def name(mill: Mill, number: int) -> str:
    return tracing.path_of(mill.saved[number].atom_id).removeprefix("articles/")


def test_an_archive_that_shows_it_as_it_was_is_written_without_it(mill: Mill) -> None:
    many(mill).revise(2)
    mill.publish()
    assert {"archive/000001/atom.xml", "news/archive/000001/atom.xml"} <= mill.showing(f"<title>{token(2)}</title>")
    mill.withdraw(mill.saved[2].url)
    assert not mill.showing(token(2))
    assert {guid for guid, _title in mill.walk("news/")} == mill.shelved("News")


def test_what_retention_let_go_of_can_be_withdrawn_and_readers_are_told(mill: Mill) -> None:
    many(mill).purge(6)
    mill.publish()
    assert mill.showing(token(6))  # beside articles that are kept
    assert mill.withdraw(mill.saved[6].guid).articles == 1
    assert not mill.showing(token(6))
    assert 'ref="https://gazette.example/6?' in (mill.output / "news/atom.xml").read_text()


def test_folders_and_pages_that_are_published_no_more_are_looked_through(mill: Mill) -> None:
    many(mill)
    mill.slug = "nieuws"
    mill.publish()
    mill.listed = {"World"}
    mill.pages = "false"
    mill.publish()
    left = {path.partition("/archive/")[0] for path in mill.showing(token(2))}
    assert {"news", "nieuws", "sources/gazette"} <= left
    mill.configured = {"desk"}
    mill.publish()
    left = {path.partition("/archive/")[0] for path in mill.showing(token(2))}
    assert {"news", "nieuws"} <= left  # while the pages of a source leave with it
    assert "sources/gazette" not in left
    mill.withdraw(mill.saved[2].guid)
    assert not mill.showing(token(2))
    assert mill.showing(token(4))  # all others stay


def test_a_shelf_that_is_published_again_has_whole_archives(mill: Mill) -> None:
    many(mill)
    mill.listed = {"World"}
    mill.pages = "false"
    mill.publish()
    mill.withdraw(mill.saved[2].guid)
    mill.listed = {"News", "World"}
    mill.pages = "true"
    mill.publish()
    assert {guid for guid, _title in mill.walk("news/")} == mill.shelved("News")
    with mill.store.read() as db:
        last = archiving.latest(db, shelves.standing(db)["News"].id)
    assert all((mill.output / f"news/archive/{n:06}/index.html").is_file() for n in range(1, last + 1))


def test_pages_of_articles_go_however_many_there_are(mill: Mill) -> None:
    mill.save(0)
    one = replace(mill.saved[0], url="https://gazette.example/same")
    with mill.store.begin() as db:
        more = [replace(one, guid=f"urn:{n}", atom_id=f"urn:{n}", title=f"Same {n}") for n in range(60)]
        saving.save(db, saving.Batch(source="gazette", articles=more, now=TUESDAY), slugs=slugs)
    mill.publish()
    assert len(mill.showing("Same ")) > 60
    assert mill.withdraw(one.url).articles == 60
    assert not mill.showing("Same ")


def test_a_theme_that_does_not_name_its_articles_hides_none(mill: Mill) -> None:
    theme = mill.folder / "theme"
    theme.mkdir()
    for template in ("front.html", "archive.html"):
        (theme / template).write_text("{% for one in feed.articles %}{{ one.title }}{% endfor %}")
    mill.pages = "{theme: theme}"
    many(mill)
    mill.pages = "false"
    mill.publish()
    assert "sources/gazette/index.html" in mill.showing(token(20))
    mill.withdraw(mill.saved[20].guid)
    assert not mill.showing(token(20))


def test_a_page_that_cannot_be_written_without_it_is_removed_and_told(mill: Mill) -> None:
    theme = mill.folder / "theme"
    theme.mkdir()
    mill.pages = "{theme: theme}"
    many(mill)
    (theme / "front.html").write_text("{{ nonsense }}")
    with pytest.raises(OutputError, match=r"front\.html:1"):
        mill.withdraw(mill.saved[21].guid)
    assert not mill.showing(token(21))
    assert (mill.output / "world/atom.xml").is_file()
    (theme / "front.html").unlink()
    mill.publish()
    assert (mill.output / "world/index.html").is_file()


def test_withdrawn_once_more_it_finishes_what_was_killed(mill: Mill, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        pass

    def kill(*_arguments: Any, **_more: Any) -> None:
        raise Killed

    many(mill)
    mill.slug = "nieuws"
    mill.publish()
    with monkeypatch.context() as patch:
        patch.setattr(output, "put", kill)
        patch.setattr(output, "remove", kill)
        with pytest.raises(Killed):
            mill.withdraw(mill.saved[2].guid)
    assert mill.showing(token(2))
    with mill.store.read() as db:
        before = tombstones.withdrawn(db, category=None, limit=9)
    assert mill.withdraw(mill.saved[2].guid).articles == 1
    assert not mill.showing(token(2))
    with mill.store.read() as db:
        assert tombstones.withdrawn(db, category=None, limit=9) == before


def test_an_article_without_an_address_stays_away_though_its_file_is_renamed(tmp_path: Path) -> None:
    with contextlib.closing(open_store(f"sqlite:///{tmp_path}/feedmill.db")) as store:
        mill = mills.Mill(tmp_path, Clock(), store)
        mill.article("Regretted")
        mill.feed("Far")
        mill.round()
        assert mill.titles() == {"Regretted", "Far"}
        pipeline.withdraw(store, mill.settings, "Regretted.md", now=TUESDAY)
        (tmp_path / "desk/Regretted.md").rename(tmp_path / "desk/Renamed.md")
        mill.article("Meant")
        mill.refresh(force=True)
        mill.publish()
        assert mill.titles() == {"Meant", "Far"}


def test_what_was_never_stored_cannot_be_withdrawn(mill: Mill) -> None:
    many(mill)
    with pytest.raises(NotFoundError, match="no article has the address or id"):
        mill.withdraw("https://gazette.example/2")  # nor half an address


@pytest.mark.parametrize("word", ["", "  "])
def test_a_word_that_says_nothing_withdraws_nothing(mill: Mill, word: str) -> None:
    mill.save(0)
    with mill.store.begin() as db:
        nameless = [replace(mill.saved[0], url="", guid=f"urn:{n}", atom_id=f"urn:{n}") for n in range(3)]
        saving.save(db, saving.Batch(source="gazette", articles=nameless, now=TUESDAY), slugs=slugs)
    with pytest.raises(NotFoundError):
        mill.withdraw(word)
    with mill.store.read() as db:
        assert len(articles.stored(db)) == 4


@pytest.mark.parametrize("form", [" {} ", "{}#top", "{}&utm_source=feed", "{}&utm_source=feed#top"])
def test_an_address_is_known_in_other_spellings(mill: Mill, form: str) -> None:
    many(mill)
    mill.withdraw(form.format(mill.saved[2].url.replace("https://gazette", "HTTPS://Gazette")))
    assert not mill.showing(token(2))
    assert mill.showing(token(4))


def test_the_address_that_an_article_had_when_it_was_archived_leads_to_it(mill: Mill) -> None:
    many(mill)
    former = mill.saved[2].url
    moved = replace(mill.saved[2], url="https://gazette.example/moved?a=1&b=2", title="New words", fingerprint="new")
    with mill.store.begin() as db:
        saving.save(db, saving.Batch(source="gazette", articles=[moved], now=TUESDAY), slugs=slugs)
    mill.publish()
    assert mill.showing(token(2))  # in archives
    assert mill.showing("New words")
    assert mill.withdraw(f"{former}#top").articles == 1
    assert not mill.showing(token(2)) | mill.showing("New words")
    assert mill.showing(token(4))


def test_a_file_that_only_speaks_of_it_stays(mill: Mill) -> None:
    many(mill)
    guid = mill.saved[2].guid
    own = mill.output / "about/index.html"
    own.parent.mkdir()
    own.write_text(f'<p id="{guid}">I wrote <a href="{guid}">{guid}</a>.')
    mill.withdraw(guid)
    assert own.is_file()


def test_a_folder_that_leads_back_to_itself_is_looked_through_once(mill: Mill) -> None:
    many(mill)
    (mill.output / "news/around").symlink_to(mill.output)
    other = mill.folder / "other"
    (mill.output / "world").rename(other)
    (mill.output / "world").symlink_to(other)
    mill.withdraw(mill.saved[3].guid)
    assert not mill.showing(token(3))
    assert token(3) not in (other / "archive/000001/atom.xml").read_text()


def test_what_is_looked_for_is_found_wherever_it_stands_in_a_large_file(tmp_path: Path) -> None:
    wanted = "https://gazette.example/a&b"
    trace = b"<id>https://gazette.example/a&amp;b</id>"
    for before in (0, (1 << 20) - len(trace) - 1, (1 << 20) - 20, (1 << 20) - 1, 3 << 20):
        (tmp_path / "atom.xml").write_bytes(b"x" * before + trace + b"x" * 2_000)
        assert list(tracing.showing(tmp_path, [wanted])) == ["atom.xml"]
    (tmp_path / "atom.xml").write_bytes(b"x" * (1 << 20) + trace[1:])
    assert list(tracing.showing(tmp_path, [wanted])) == []


def test_there_is_a_way_to_find_an_article_in_each_format() -> None:
    assert WRITERS.keys() <= tracing.TRACES.keys()


# What may happen to a mill, and how often it is tried beside the others.
ACTS = {
    **dict.fromkeys(("save", "save again", "save more"), lambda mill, n: mill.save(n)),
    "revise": lambda mill, n: mill.revise(n),
    "purge": lambda mill, n: mill.purge(n),
    "label": lambda mill, n: mill.sources.update({("gazette", "desk")[n % 2]: LABELS[n % 3]}),
    "source": lambda mill, n: mill.configured.symmetric_difference_update({("gazette", "desk")[n % 2]}),
    "slug": lambda mill, n: setattr(mill, "slug", ("news", "nieuws", "neues")[n % 3]),
    "list": lambda mill, n: mill.listed.symmetric_difference_update({("News", "World")[n % 2]}),
    "pages": lambda mill, n: setattr(mill, "pages", ("true", "false", "{articles: true}")[n % 3]),
    **dict.fromkeys(("publish", "publish again", "publish more"), lambda mill, _n: mill.publish()),
}
LABELS = (["News"], ["World"], ["News", "World"])


@trying(max_examples=8, deadline=None)
@given(history=st.lists(st.tuples(st.sampled_from(sorted(ACTS)), st.integers(0, 23)), min_size=10, max_size=40))
def test_whatever_happened_before_a_walk_finds_each_article_once_and_a_withdrawn_one_is_nowhere(
    history: list[tuple[str, int]],
) -> None:
    with TemporaryDirectory() as folder:
        mill = Mill(Path(folder), open_store(f"sqlite:///{folder}/feedmill.db"))
        many(mill)
        for act, number in history:
            ACTS[act](mill, number)
            pipeline.prepare(mill.store, mill.settings)
        mill.publish()
        look(mill)
        for number in [number for _act, number in history[:3] if number in mill.saved]:
            mill.withdraw(mill.saved[number].guid)
            assert mill.showing(token(number)) == set()
            mill.purged.add(number)
        look(mill)
        mill.store.close()


def look(mill: Mill) -> None:
    """A reader who walks to the end finds what is on the shelf, the newest version of each first."""
    for category, folder in (("News", f"{mill.slug}/"), ("World", "world/"), (None, "")):
        if category and category not in mill.listed:
            continue
        walked = mill.walk(folder)
        shelved = mill.shelved(category)
        found = Counter(guid for guid, _title in walked)
        assert found.keys() >= shelved
        first = dict(reversed(walked))
        for number, one in mill.saved.items():
            if number in mill.purged:
                continue
            guid = one.atom_id
            assert (guid in found) == (guid in shelved)
            assert guid not in found or first[guid] == one.title
            assert number in mill.revised or found[guid] <= 1
