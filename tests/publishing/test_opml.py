from __future__ import annotations

from lxml import etree
from whole import feed

from builders import source
from feeds.publishing import opml
from feeds.records import Subscription, replace


def test_only_sources_that_another_program_can_ask_are_listed() -> None:
    open_one = source(name="open", categories=("News",))
    in_address = source(name="keyed", url="https://x.example/feed?key=hunter22", secrets=("hunter22",))
    folder = replace(source(name="desk"), kind="folder", url="", path="/srv/articles")
    a_list = replace(source(name="list"), kind="opml")
    listed, left_out = opml.sources([in_address, open_one, folder, a_list])
    assert listed == (Subscription(url="https://gazette.example/feed.xml", title="open", categories=("News",)),)
    assert [line.partition(":")[0] for line in left_out] == ["keyed", "desk", "list"]
    assert "hunter22" not in "".join(left_out)


def test_a_category_with_a_slash_is_one_category() -> None:
    one = Subscription(url="https://x.example/", categories=("Net", "TCP/IP", "a, b"))
    (outline,) = [each for each in etree.fromstring(opml.write("M", [one])).iter("outline") if each.get("xmlUrl")]
    assert outline.get("category") == "TCP IP,a  b"


def test_published_feeds_are_listed_at_their_atom_address() -> None:
    category = feed(title="金融", folder_url="https://mill.example/%E9%87%91/")
    root = etree.fromstring(opml.write("Evening Mill", opml.feeds([feed(), category])))
    assert [dict(outline.attrib) for outline in root.iter("outline")] == [
        {"type": "rss", "text": "Evening Mill", "title": "Evening Mill", "xmlUrl": "https://mill.example/atom.xml",
         "htmlUrl": "https://mill.example/"},
        {"type": "rss", "text": "金融", "title": "金融", "xmlUrl": "https://mill.example/%E9%87%91/atom.xml",
         "htmlUrl": "https://mill.example/%E9%87%91/"},
    ]  # fmt: skip


def test_a_source_without_a_name_is_called_by_its_address() -> None:
    (outline,) = etree.fromstring(opml.write("M", [Subscription(url="https://x.example/")])).iter("outline")
    assert outline.get("text") == "https://x.example/"
