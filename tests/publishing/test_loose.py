"""Files that stand on no shelf: written again when what they show has moved, or when they are not as they were left."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from builders import MONDAY, config
from feeds import pipeline, settings
from feeds.publishing import WRITERS, opml
from feeds.settings import Settings
from storage import Store

CONFIG = """
site: {title: Evening Mill, url: "https://mill.example/"}
sources:
  - {name: gazette, url: "https://gazette.example/feed.xml"}
  - {name: herald, url: "https://herald.example/feed.xml"}
"""
LOOSE = ("subscriptions.opml", "feeds.opml", "status/atom.xml")
SOURCES = "".join(
    f'  - {{name: "{n}", url: "https://{n}.example/feed.xml"}}\n' for n in range(20)
)  # a list worth packing


def settings_of(folder: Path, text: str = CONFIG) -> Settings:
    return settings.load(config(folder, text), environ={})


def publish(store: Store, settings: Settings) -> None:
    pipeline.prepare(store, settings)
    pipeline.publish(store, settings)
    pipeline.report(store, settings, now=MONDAY)


def seen(folder: Path) -> dict[str, tuple[bytes, int]]:
    files = {path: folder / "public" / path for path in LOOSE}
    return {path: (file.read_bytes(), file.stat().st_mtime_ns) for path, file in files.items()}


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was made, as it is made."""
    made: list[str] = []
    write_list, write_feed = opml.write, WRITERS["atom.xml"]
    monkeypatch.setattr(opml, "write", lambda *given: made.append("list") or write_list(*given))
    monkeypatch.setitem(
        WRITERS,
        "atom.xml",
        lambda feed: (feed.folder_url.endswith("status/") and made.append("report")) or write_feed(feed),
    )
    return made


def test_they_are_made_once_and_again_only_when_what_they_show_has_moved(
    store: Store, tmp_path: Path, written: list[str]
) -> None:
    publish(store, settings_of(tmp_path))
    assert sorted(written) == ["list", "list", "report"]
    before = seen(tmp_path)
    publish(store, settings_of(tmp_path))
    assert (len(written), seen(tmp_path)) == (3, before)
    publish(store, settings_of(tmp_path, CONFIG.replace("herald.example", "herald.test")))
    assert written[3:] == ["list"]  # of the sources alone
    assert b"herald.test" in seen(tmp_path)["subscriptions.opml"][0]
    publish(store, settings_of(tmp_path, CONFIG.replace("Evening", "Morning")))
    assert sorted(written[4:]) == ["list", "list", "report"]
    assert all(b"Morning Mill" in content for content, _modified in seen(tmp_path).values())


@pytest.mark.parametrize("path", LOOSE)
def test_one_that_is_not_as_it_was_left_is_made_again(store: Store, tmp_path: Path, path: str) -> None:
    publish(store, settings_of(tmp_path))
    before = {each: content for each, (content, _modified) in seen(tmp_path).items()}
    file = tmp_path / "public" / path
    file.write_bytes(before[path].replace(b"Mill", b"MILL"))
    publish(store, settings_of(tmp_path))
    assert {each: content for each, (content, _modified) in seen(tmp_path).items()} == before
    file.unlink()
    publish(store, settings_of(tmp_path))
    assert file.read_bytes() == before[path]


def test_forced_they_are_made_whatever_the_files_look_like(store: Store, tmp_path: Path) -> None:
    read = settings_of(tmp_path)
    publish(store, read)
    before = seen(tmp_path)
    for path, (content, modified) in before.items():
        file = tmp_path / "public" / path
        file.write_bytes(content.replace(b"Mill", b"MILL"))  # as a disk's fault does, which leaves the time
        os.utime(file, ns=(modified, modified))
    publish(store, read)
    assert all(b"MILL" in content for content, _modified in seen(tmp_path).values())
    pipeline.publish(store, read, force=True)
    pipeline.report(store, read, now=MONDAY, force=True)
    assert {path: content for path, (content, _modified) in seen(tmp_path).items()} == {
        path: content for path, (content, _modified) in before.items()
    }


def test_a_variant_that_is_lost_is_made_again(store: Store, tmp_path: Path) -> None:
    publish(store, settings_of(tmp_path, CONFIG + SOURCES))
    variant = tmp_path / "public/subscriptions.opml.gz"
    content = variant.read_bytes()
    variant.unlink()
    publish(store, settings_of(tmp_path, CONFIG + SOURCES))
    assert variant.read_bytes() == content


def test_a_variant_that_does_not_belong_there_is_removed(store: Store, tmp_path: Path) -> None:
    publish(store, settings_of(tmp_path))
    stray = tmp_path / "public/subscriptions.opml.gz"  # of a longer list, by a process that died over it
    stray.write_bytes(b"names what is private now")
    publish(store, settings_of(tmp_path))
    assert not stray.exists()


def test_those_of_another_folder_are_made_there(store: Store, tmp_path: Path) -> None:
    publish(store, settings_of(tmp_path))
    publish(store, settings_of(tmp_path, f"{CONFIG}output: elsewhere\n"))
    assert all((tmp_path / "elsewhere" / path).is_file() for path in LOOSE)


def test_a_feedmill_of_another_version_makes_them_again(
    store: Store, tmp_path: Path, written: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(store, settings_of(tmp_path))
    monkeypatch.setattr("feeds.pipeline.loose.__version__", "999")
    publish(store, settings_of(tmp_path))
    assert len(written) == 6
