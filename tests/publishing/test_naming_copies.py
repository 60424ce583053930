"""Whom a file names as copies is read from it as it was written, in each of our formats."""

from __future__ import annotations

from pathlib import Path

import pytest
from whole import feed, whole_article

from builders import article
from feeds.publishing import WRITERS, tracing
from feeds.publishing.cleaning import clean
from feeds.publishing.pages import Pages, article_path
from feeds.records import Article, Copy, Feed, Link, Unnamed

PLAIN = ("planet", "https://planet.example/1")
AWKWARD = [
    PLAIN,
    ("Bread & <b>butter</b> \"daily\" 'fresh'", "https://planet.example/?a=1&b=<2>&copy=3"),
    ("磨坊晚报" * 30, "https://planet.example/磨坊"),
    ("How &amp;amp; is written", "https://planet.example/?a=&amp;"),
    ("two\nlines\tand  more \x0b", "https://planet.example/1#top"),
    ("back\\slash </li></p></bdi>", "https://planet.example/\\"),
]


def written(folder: Path, *articles: Article) -> set[str]:
    """All kinds of files that show them."""
    whole: Feed = clean(feed(*articles))
    pages = Pages(has_articles=True)
    files = {name: write(whole) for name, write in WRITERS.items()} | {"index.html": pages.front(whole)}
    files |= {article_path(one): pages.article(one, whole) for one in whole.articles}
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return set(files)


def naming(folder: Path, title: str, address: str, *others: str) -> set[str]:
    unnamed = Unnamed(addresses={address: set(others)}) if address else Unnamed(titles={title})
    found = list(tracing.showing(folder, (), unnamed))
    assert len(found) == len(set(found))
    assert all(tracing.shows(folder, path, (), unnamed) for path in found)
    return set(found)


@pytest.mark.parametrize(("title", "address"), AWKWARD)
def test_a_copy_is_found_wherever_it_is_named(tmp_path: Path, title: str, address: str) -> None:
    before = (Copy(source="wire", title="Wire", url="https://wire.example/1"), Copy(source="s", title="S", url=""))
    one = article(url="https://author.example/1", copies=(*before, Copy(source="planet", title=title, url=address)))
    files = written(tmp_path, one)
    assert naming(tmp_path, title, address, "Another") == files
    assert naming(tmp_path, title, address, title) == set()  # who stays is called the same
    assert naming(tmp_path, title, f"{address}0") == set()
    assert naming(tmp_path, "S", "") == {path for path in files if not path.endswith(".xml")}
    assert naming(tmp_path, "Wir", "") == set()


def test_what_an_article_says_or_links_to_itself_is_no_copy(tmp_path: Path) -> None:
    title, address = PLAIN
    said = f'<link href="{address}" rel="related" title="{title}"/> <li class="copies"><bdi><a href="{address}">'
    one = article(
        url=address,
        title=said,
        content_html=f'<p class="copies"><bdi><a href="{address}">{title}</a></bdi></p><pre>{title}</pre>',
        links=(Link(href=address, rel="related"), Link(href=address, rel="related", media_type="text/html", title="x")),
    )
    written(tmp_path, one, whole_article())
    assert naming(tmp_path, title, address) == set()


def test_it_is_found_in_a_large_file(tmp_path: Path) -> None:
    title, address = PLAIN
    copies = (Copy(source="planet", title=title, url=address),)
    text = "<p>The stones turn all night long.</p>" * 40_000
    files = written(tmp_path, article(content_html=text, copies=copies))
    assert naming(tmp_path, title, address) == files
