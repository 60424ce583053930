"""Sources come and go: add, remove, import, export."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from command import Feedmill
from webserver import Origin

ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>The Gazette</title><id>tag:gazette.example,2026:f</id>
<updated>2026-11-01T08:00:00Z</updated><entry><id>tag:gazette.example,2026:{0}</id><title>{0}</title>
<link href="https://gazette.example/{0}"/><updated>2026-11-01T08:00:00Z</updated><content>x</content></entry></feed>"""

CONFIG = """\
# Mine.
site: {title: Evening Mill}   # for now

sources:
  # the first one
  - name: desk
    path: desk/

# and that is all
"""


@pytest.fixture
def mill(feedmill: Feedmill) -> Feedmill:
    (feedmill.folder / "desk").mkdir()
    (feedmill.folder / "desk" / "a.md").write_text("---\ntitle: A\ncategories: [Bread]\n---\nText")
    feedmill.config(CONFIG)
    return feedmill


def config(mill: Feedmill) -> str:
    return (mill.folder / "config.yaml").read_text(encoding="utf-8")


def test_a_feed_is_added_with_one_request_and_is_there_at_once(mill: Feedmill, origin: Origin) -> None:
    url = origin.serve("/feed.xml", ATOM.format("one"), etag='"1"')
    before = config(mill)
    added = mill("add", url, "--category", "Bread", "--category", "饮食", "--name", "gazette")
    assert added.code == 0, added.said
    assert [line for line in config(mill).splitlines() if line not in before.splitlines()] == [
        "  - name: gazette",
        f"    url: {url}",
        "    categories: [Bread, 饮食]",
    ]
    assert [line for line in config(mill).splitlines() if line in before.splitlines()] == before.splitlines()
    assert [article["title"] for article in mill("articles", "--category", "饮食", "--json").objects] == ["one"]
    assert "one" in (mill.public / "bread" / "atom.xml").read_text(encoding="utf-8")
    assert mill("fetch").code == 0  # within its floor nothing more is asked
    assert len(origin.asked_for("/feed.xml")) == 1


def test_the_feed_behind_a_page_is_found_and_the_others_are_named(mill: Feedmill, origin: Origin) -> None:
    page = """<!doctype html><head><link rel=alternate type="application/rss+xml" href="gone.xml" title="Old">
        <link rel=alternate type="application/atom+xml" href="feed.xml" title="News">
        <link rel=alternate type="application/rss+xml" href="/comments.xml" title="Comments"></head>"""
    page_url = origin.serve("/blog/", page, media_type="text/html")
    origin.serve("/blog/feed.xml", ATOM.format("one"))
    added = mill("add", page_url)
    assert added.code == 0, added.said
    assert f"url: {origin.url('/blog/feed.xml')}" in config(mill)
    assert "/comments.xml (Comments)" in added.stderr
    assert [request.path for request in origin.requests] == ["/blog/", "/blog/gone.xml", "/blog/feed.xml"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("<!doctype html><title>Gazette</title>", "advertises no feed"),
        ("<!doctype html><title>Just a moment...</title>", "wants to see a human"),
        ("", "empty document"),
    ],
)
def test_where_no_feed_is_found_the_config_stays(mill: Feedmill, origin: Origin, body: str, words: str) -> None:
    before = config(mill)
    result = mill("add", origin.serve("/page", body, media_type="text/html"))
    assert result.code == 1
    assert words in result.stderr
    assert origin.url("/page") in result.stderr
    assert config(mill) == before


def test_an_added_source_of_a_category_that_has_no_feed_is_told(mill: Feedmill, origin: Origin) -> None:
    mill.config("categories: [Bread]\nsources:\n  - {path: articles/, categories: [Bread]}\n")
    added = mill("add", origin.serve("/feed.xml", ATOM.format("one")), "--category", "Bred")
    assert added.code == 0, added.said
    assert "feedmill: 'Bred' is not under categories; did you mean 'Bread'?" in added.stderr
    (mill.folder / "urls").write_text("https://a.example/f Bread Wood\nhttps://b.example/f Wood\n")
    imported = mill("import", mill.folder / "urls")
    assert imported.stderr.count("is not under categories") == 1
    assert "feedmill: 'Wood' is not under categories; list it, or it has no feed" in imported.stderr
    (mill.folder / "urls").write_text("".join(f"https://{n}.example/f Wood{n}\n" for n in range(9)))
    many = mill("import", mill.folder / "urls").stderr
    assert many.count("is not under categories") == 5
    assert "and 4 more such; `feedmill check` tells them" in many


def test_what_is_there_already_is_not_added_again(mill: Feedmill, origin: Origin) -> None:
    url = origin.serve("/feed.xml", ATOM.format("one"))
    assert mill("add", url, "--name", "one").code == 0
    before = config(mill)
    for again in (mill("add", url), mill("add", url, "--name", "two")):
        assert again.code == 1
        assert "there already, as 'one'" in again.stderr
    assert len(origin.asked_for("/feed.xml")) == 1
    other = origin.serve("/other.xml", ATOM.format("two"))
    assert "already" in mill("add", other, "--name", "one").stderr
    assert config(mill) == before


def test_a_password_in_an_address_is_used_and_not_shown(mill: Feedmill, origin: Origin) -> None:
    origin.serve("/feed.xml", ATOM.format("one"))
    added = mill("add", origin.url("/feed.xml", user="me:hunter22"), "--name", "locked")
    assert added.code == 0, added.said
    assert "hunter22" not in added.said
    assert origin.requests[0]["Authorization"] == "Basic bWU6aHVudGVyMjI="
    assert mill("fetch", "--force", "locked").code == 0
    assert origin.requests[1]["Authorization"] == "Basic bWU6aHVudGVyMjI="
    assert "hunter22" not in mill("export").said + mill("sources").said


def test_a_removed_source_is_not_asked_and_leaves_the_feeds(mill: Feedmill, origin: Origin) -> None:
    url = origin.serve("/feed.xml", ATOM.format("one"))
    mill("fetch")
    before = config(mill)
    mill("add", url, "--name", "gazette", "--category", "Bread")
    removed = mill("remove", "gazette")
    assert removed.code == 0, removed.said
    assert config(mill) == before
    assert "one" not in (mill.public / "bread" / "atom.xml").read_text(encoding="utf-8")
    mill("fetch", "--force")
    assert len(origin.requests) == 1
    wrong = mill("remove", "dest")
    assert wrong.code == 1
    assert "taken out" not in wrong.stderr
    assert "did you mean desk?" in wrong.stderr


def test_a_source_that_comes_back_has_the_articles_that_it_had(mill: Feedmill, origin: Origin) -> None:
    url = origin.serve("/feed.xml", ATOM.format("one"))
    first = mill("add", url, "--name", "gazette")
    mill("remove", "gazette")
    again = mill("add", url, "--name", "gazette")
    assert first.stdout == again.stdout == f"gazette: {url}, 1 article\n"


def test_a_source_is_removed_though_its_articles_cannot_be_yet(mill: Feedmill, origin: Origin) -> None:
    before = config(mill)
    mill("add", origin.serve("/feed.xml", ATOM.format("one")), "--name", "gazette")
    mill.public.rename(mill.folder / "elsewhere")
    mill.public.write_text("a file")
    removed = mill("remove", "gazette")
    assert removed.code == 1
    assert "gazette: taken out of" in removed.stderr
    assert "a file stands where a folder should be" in removed.stderr
    assert config(mill) == before


def test_lists_of_other_programs_are_taken_over_and_given_back(mill: Feedmill, tmp_path: Path) -> None:
    opml = tmp_path / "mine.opml"
    opml.write_text(
        '<opml version="2.0"><body><outline text="饮食"><outline text="Crust" xmlUrl="https://crust.example/feed"/>'
        '<outline text="Crumb: all of it" xmlUrl="https://crumb.example/feed?a=1&amp;b=2"/></outline>'
        '<outline text="Odd" xmlUrl="https://[odd/"/></body></opml>'
    )
    urls = tmp_path / "urls"
    urls.write_text('https://crust.example/feed tea\nhttps://leaf.example/ "~Leaf" tea\n"exec:rm -rf /"\n')
    first = mill("import", opml)
    assert first.code == 0, first.said
    assert "2 sources added" in first.stderr
    assert "Odd: " in first.stderr
    second = mill("import", urls)
    assert "1 source added" in second.stderr
    assert "never runs commands" in second.stderr
    assert "# and that is all" in config(mill)
    listed = [(one["name"], one["location"], one["categories"]) for one in mill("sources", "--json").objects]
    assert listed[1:] == [
        ("Crust", "https://crust.example/feed", ["饮食"]),
        ("Crumb: all of it", "https://crumb.example/feed?a=1&b=2", ["饮食"]),
        ("Leaf", "https://leaf.example/", ["tea"]),
    ]
    exported = mill("export")
    assert exported.code == 0
    (tmp_path / "again").mkdir()
    other = Feedmill(tmp_path / "again")
    other.config("sources: []\n")
    (tmp_path / "again" / "out.opml").write_text(exported.stdout, encoding="utf-8")
    assert other("import", "out.opml").code == 0
    again = [(one["name"], one["location"], one["categories"]) for one in other("sources", "--json").objects]
    assert sorted(again) == sorted(listed[1:])


def test_a_list_that_is_none_is_refused_in_one_line(mill: Feedmill, tmp_path: Path) -> None:
    (tmp_path / "x.txt").write_text("hello")
    result = mill("import", tmp_path / "x.txt")
    assert result.code == 1
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith(f"feedmill: {tmp_path / 'x.txt'}: no OPML")
    assert mill("import", tmp_path / "missing").code == 2


def test_a_list_that_breaks_off_is_taken_as_far_as_it_goes_and_told(mill: Feedmill, tmp_path: Path) -> None:
    (tmp_path / "cut.opml").write_text('<opml><body><outline xmlUrl="https://a.example/f"/><outline xmlUrl="https://b')
    result = mill("import", tmp_path / "cut.opml")
    assert result.code == 0
    assert "1 source added" in result.stderr
    assert "cut.opml: it breaks off before its end, and sources may be missing; export it anew" in result.stderr


OPML = '<opml version="2.0"><body><outline text="Bread">{}</outline></body></opml>'


def outline(url: str) -> str:
    return f'<outline text="A listed one" xmlUrl="{url}"/>'


def test_a_list_of_sources_on_the_web_is_kept_in_sync(feedmill: Feedmill, origin: Origin) -> None:
    one, two = origin.serve("/one.xml", ATOM.format("one")), origin.serve("/two.xml", ATOM.format("two"))
    url = origin.serve("/list.opml", OPML.format(outline(one) + outline("file:///etc/passwd")))
    feedmill.config(
        f"sources:\n  - name: friends\n    kind: opml\n    url: {url}\n    categories: [Planet]\n    auth: {{bearer: secret1}}\n"
    )
    first = feedmill("fetch", "--json")
    assert first.code == 0, first.said
    assert [(line["source"], line["status"], line["new"]) for line in first.objects] == [
        ("friends", "fetched", 0),
        (f"127.0.0.1:{origin.port}/one", "fetched", 1),
    ]
    assert "file: is no http address" in first.objects[0]["problem"]
    assert [line["note"] for line in first.objects] == ["names 1 more, 0 fewer", ""]
    (article,) = feedmill("articles", "--json").objects
    assert article["categories"] == ["Bread", "Planet"]
    assert origin.asked_for("/one.xml")[0]["Authorization"] is None  # the list's own is no business of theirs

    origin.serve("/list.opml", OPML.format(outline(two)))
    second = feedmill("fetch", "--force", "--json")
    assert [line["status"] for line in second.objects] == ["fetched", "fetched"]
    assert len(origin.asked_for("/one.xml")) == 1  # taken out of the list: no more requests
    assert [article["title"] for article in feedmill("articles", "--category", "planet", "--json").objects] == ["two"]

    page = "<!doctype html><title>Maintenance</title>\nSee\nhttps://status.example/ for news"
    for broken, status, problem in (
        (page, "failed", "no OPML"),
        (
            f"Sorry!\nBack soon.\n{one} tells when",
            "fetched",
            "more other lines than addresses; what it named before stays",
        ),
        (OPML.format(outline(one))[:-20], "fetched", "it breaks off before its end; what it named before stays"),
        (OPML.format(outline(one)).replace("/>", ">"), "fetched", "no well-formed XML"),
        (OPML.format("</outline>" + outline(two)), "fetched", "no well-formed XML"),  # not in its folder
        (OPML.format("<!-- -->"), "fetched", "it names no source; what it named before stays"),
    ):
        origin.serve("/list.opml", broken)
        (asked,) = feedmill("fetch", "--force", "--json", "friends").objects
        assert asked["status"] == status, broken
        assert problem in asked["problem"]
        listed = [each["location"] for each in feedmill("sources", "--json").objects]
        assert listed == [url, two] if broken is page else [url, one, two]  # it may add, and takes nothing away
        categories = feedmill("sources", "--json").objects[-1]["categories"]
        assert categories == ["Planet", "Bread"]  # nor does it move anything
    origin.serve("/list.opml", OPML.format(outline(two)))
    again = feedmill("fetch", "--force", "friends")
    assert "[1/1] friends: fetched, names 0 more, 1 fewer" in again.stderr
    assert [each["location"] for each in feedmill("sources", "--json").objects] == [url, two]


def test_a_source_that_a_list_names_is_told_from_those_of_the_config(feedmill: Feedmill, origin: Origin) -> None:
    one = origin.serve("/one.xml", ATOM.format("one"))
    url = origin.serve("/list.opml", OPML.format(outline(one)))
    feedmill.config(f"sources:\n  - {{name: friends, kind: opml, url: {url}}}\n")
    seen = feedmill.on_a_terminal("fetch", env={"NO_COLOR": "1", "COLUMNS": "200"}).stdout
    assert "friends: fetched, names 1 more, 0 fewer" in seen
    name = f"127.0.0.1:{origin.port}/one"
    assert [(each["name"], each["list"]) for each in feedmill("sources", "--json").objects] == [
        ("friends", ""),
        (name, "friends"),
    ]
    assert f"{one}, by friends" in feedmill("sources").stdout
    before = config(feedmill)
    refused = feedmill("remove", name)
    assert refused.code == 1
    assert f"{name} is not in the config, but in the list friends: take it out there" in refused.stderr
    assert config(feedmill) == before
    removed = feedmill("remove", "friends")
    assert (removed.code, feedmill("sources", "--json").objects) == (0, [])
    assert "published files written, below" in removed.stderr
    assert "one" not in (feedmill.public / "atom.xml").read_text(encoding="utf-8")


def test_the_published_list_says_where_the_sites_are_as_their_feeds_do(feedmill: Feedmill, origin: Origin) -> None:
    def serve(link: str) -> None:
        origin.serve("/feed.xml", f'<rss version="2.0"><channel><title>A</title><link>{link}</link></channel></rss>')

    def site() -> str | None:
        assert feedmill("fetch", "--force", env={"KEY": "open-sesame"}).code == 0
        (one,) = ElementTree.parse(feedmill.public / "subscriptions.opml").iter("outline")
        return one.get("htmlUrl")

    feedmill.config(
        f"sources: [{{name: a, url: '{origin.url('/feed.xml')}', headers: {{X-Key: '${{KEY}}'}}}}]",
    )
    serve("")
    assert site() is None
    serve("/here/")
    assert site() == origin.url("/here/")
    assert site() == origin.url("/here/")  # though nothing has moved
    serve("javascript:alert(1)")
    assert site() == origin.url("/here/")
    serve("https://a.example/?as=open-sesame")
    assert site() == "https://a.example/?as=***"
    serve("https://a.example/new")
    assert site() == "https://a.example/new"
    feedmill.config("sources: [{name: a, url: 'http://127.0.0.1:9/feed.xml'}]")
    assert feedmill("publish").code == 0
    assert b"htmlUrl" not in (feedmill.public / "subscriptions.opml").read_bytes()
