from __future__ import annotations

import pytest

from builders import MONDAY, TUESDAY, entry, source
from feeds.normalizing import changes, normalize
from feeds.normalizing.categories import Labels
from feeds.normalizing.identity import MAX_ID_BYTES, atom_id, candidates, identify, mint
from feeds.records import Enclosure, Entry, Known

HOME = "https://gazette.example/"


def refresh(store: dict[str, Known], *entries: Entry) -> dict[str, Entry]:
    """What a document of these entries brings, by guid; `store` holds it afterwards."""
    moved = changes(identify(candidates(entries), store), store)
    for guid, one in moved.items():
        article = made(one, guid)
        store[guid] = Known(guid=guid, url=article.url, title=article.title, raw_digest=article.raw_digest)
    return moved


def made(one: Entry, guid: str = "urn:1"):
    return normalize(one, guid, source(), labels=Labels(), authority="gazette.example", now=TUESDAY)


def guid_of(**changes_) -> str:
    (candidate,) = candidates([entry(**changes_)])
    return candidate.guid


def page(name: str, **changes_) -> Entry:
    """An entry with its home page for a guid, told from others by its link alone."""
    return entry(**{"guid": HOME, "url": f"{HOME}{name}", "title": name, "raw_digest": name, **changes_})


def note(name: str, **changes_) -> Entry:
    """An entry with a constant guid and no link."""
    return page(name, **{"url": "", **changes_})


def test_the_sources_guid_comes_before_the_link():
    assert guid_of(guid="42", url="https://gazette.example/a") == "42"


def test_the_link_stands_in_for_a_missing_guid_without_its_trackers():
    assert guid_of(guid=" \n", url="https://gazette.example/a?utm_source=rss") == "https://gazette.example/a"


def test_a_relative_link_stands_in_as_the_address_it_means():
    assert guid_of(guid="", url="/a", document_url="https://gazette.example/feed") == "https://gazette.example/a"


def test_without_guid_and_link_title_and_content_tell():
    first, same, other = (guid_of(guid="", url="", title=title) for title in ("One", "One", "Two"))
    assert first == same != other
    assert guid_of(guid="", url="", content="a") != guid_of(guid="", url="", content="b")


@pytest.mark.parametrize("make", [page, note])
def test_different_entries_with_one_guid_are_all_kept(make):
    assert len(refresh({}, make("a"), make("b"), make("c"))) == 3


@pytest.mark.parametrize("make", [page, note])
def test_entries_with_one_guid_are_the_same_in_any_order(make):
    store: dict[str, Known] = {}
    refresh(store, make("a"), make("b"), make("c"))
    assert refresh(store, make("c"), make("a"), make("b")) == {}


@pytest.mark.parametrize("make", [page, note])
def test_of_entries_with_one_guid_each_may_leave_and_come_back(make):
    store: dict[str, Known] = {}
    refresh(store, make("a"), make("b"), make("c"))
    for left in ("a", "b", "c"):
        assert refresh(store, *(make(name) for name in "abc" if name != left)) == {}
    assert refresh(store, make("a"), make("b"), make("c")) == {}
    assert len(store) == 3


@pytest.mark.parametrize("make", [page, note])
def test_a_newcomer_with_the_same_guid_overwrites_nobody(make):
    store: dict[str, Known] = {}
    refresh(store, make("a"), make("b"))
    before = dict(store)
    (guid,) = refresh(store, make("c"), make("b"))
    assert guid not in before
    assert refresh(store, make("c"), make("b"), make("a")) == {}


def test_a_changelog_with_one_address_for_all_its_entries_keeps_them_apart():
    store: dict[str, Known] = {}
    refresh(store, page("1.0", url=HOME))
    assert len(refresh(store, page("1.1", url=HOME), page("1.0", url=HOME))) == 1
    assert len(refresh(store, page("1.2", url=HOME), page("1.1", url=HOME), page("1.0", url=HOME))) == 1
    assert len(store) == 3


def test_trackers_that_change_make_no_new_article_of_a_repeated_guid():
    store: dict[str, Known] = {}
    refresh(store, page("a?utm_content=1", title="a"), page("b?utm_content=1", title="b"))
    assert not refresh(store, page("b?utm_content=2", title="b", raw_digest="b?utm_content=1"),
                       page("a?utm_content=2", title="a", raw_digest="a?utm_content=1"))  # fmt: skip


def test_relative_links_tell_repeated_guids_apart_in_any_order():
    store: dict[str, Known] = {}
    a, b = (page(name, url=f"/{name}", document_url=HOME) for name in "ab")
    refresh(store, a, b)
    assert refresh(store, b, a) == {}


def test_a_revised_entry_stays_the_same_article():
    store: dict[str, Known] = {}
    refresh(store, entry(title="One", raw_digest="1"))
    assert list(refresh(store, entry(title="Uno", url="https://moved.example/", raw_digest="2"))) == list(store)


def test_of_an_entrys_versions_the_latest_counts_wherever_it_stands():
    old, new = entry(title="Old", updated=MONDAY), entry(title="New", updated=TUESDAY)
    for versions in ([old, new], [new, old]):
        assert identify(candidates(versions), {}) == {"https://gazette.example/1": new}


def test_an_entry_that_stands_twice_counts_once():
    assert len(identify(candidates([entry(), entry()]), {})) == 1


def test_an_entry_the_store_holds_as_it_is_is_not_looked_at_again():
    store: dict[str, Known] = {}
    refresh(store, entry(raw_digest="1"))
    assert refresh(store, entry(raw_digest="1")) == {}
    assert len(refresh(store, entry(raw_digest="2"))) == 1


def test_document_order_is_kept():
    names = [f"urn:{n}" for n in (3, 1, 2)]
    assert list(identify(candidates(entry(guid=name) for name in names), {})) == names


@pytest.mark.parametrize(
    "iri",
    [
        "https://gazette.example/ü?a=1&b=%20#c",
        "tag:gazette.example,2026:1",
        "urn:uuid:1-2",
        "HTTP://Gazette.Example/A",
        "urn:金融",
        "x-custom:1",
    ],
)
def test_an_iri_is_published_verbatim(iri):
    (candidate,) = candidates([entry(guid=iri)])
    assert atom_id(candidate.guid, "minted") == iri


@pytest.mark.parametrize(
    "guid",
    ["42", "a b", "javascript:alert(1)", "JaVaScRiPt:x", "java\tscript:x", " javascript:x", "data:text/html,x", "vbscript:x",
     "feed:javascript:x", "view-source:data:x", "file:///etc/passwd", "blob:x", "https://a b/", "<b>", "金融", "1:2", ":", "a:"],
)  # fmt: skip
def test_what_is_no_iri_or_would_run_is_published_under_an_id_of_ours(guid):
    (candidate,) = candidates([entry(guid=guid, url="")])
    assert atom_id(candidate.guid, "minted") == "minted"


@pytest.mark.parametrize("guid", ["javascript:alert(1)", "java\nscript:x", "\u2028vbscript:x", "data:text/html,x"])
def test_a_guid_that_would_run_is_kept_as_a_digest(guid):
    kept = guid_of(guid=guid)
    assert len(kept) == 64
    assert kept == guid_of(guid=guid)


def test_a_guid_is_one_visible_line_that_fits_into_an_index():
    assert guid_of(guid=" a\0b\nc\ud800d\u202ee\x7f ") == "abcde"
    assert len(guid_of(guid="x" * 1_000_000)) == 64
    assert guid_of(guid="x" * 1_000_000) != guid_of(guid="x" * 1_000_001)
    assert len(guid_of(guid="金" * MAX_ID_BYTES)) == 64


def test_minted_ids_differ_with_source_and_guid_and_stay_short():
    ids = {
        mint("gazette.example", name, guid)
        for name in ("a", "a/b", "金")
        for guid in ("", "b/c", "c", "x y", "金" * 400)
    }
    assert len(ids) == 15
    assert all(atom_id(one, "") == one and one.isascii() and len(one) < MAX_ID_BYTES + 100 for one in ids)


ATTACHED = (Enclosure(url="https://gazette.example/1.mp3"),)


@pytest.mark.parametrize(
    "moved",
    [
        {"title": "Uno"},
        {"content": "<p>Second.</p>"},
        {"summary": "<p>In short.</p>"},
        {"content": '<p>First.</p><img src="https://gazette.example/2.jpg">'},
        {"content": '<p>First.</p><video src="https://gazette.example/2.mp4"></video>'},
        {"enclosures": (Enclosure(url="https://gazette.example/2.mp3"),)},
        {"enclosures": ()},
    ],
)
def test_the_fingerprint_moves_with_words_pictures_and_enclosures(moved):
    assert made(entry(**{"enclosures": ATTACHED} | moved)).fingerprint != made(entry(enclosures=ATTACHED)).fingerprint


@pytest.mark.parametrize(
    "moved",
    [
        {"updated": TUESDAY},
        {"published": TUESDAY},
        {"url": "https://gazette.example/moved"},
        {"content": "<div><p>  First.\n</p></div>"},
        {"content": "<p><b>First.</b></p>"},
        {"raw_digest": "2"},
        {"language": "de"},
        {"enclosures": (Enclosure(url="https://gazette.example/1.mp3?session=2", length=5, media_type="audio/mpeg"),)},
    ],
)
def test_the_fingerprint_stands_still_for_everything_else(moved):
    assert made(entry(**{"enclosures": ATTACHED} | moved)).fingerprint == made(entry(enclosures=ATTACHED)).fingerprint


def test_the_fingerprint_stands_still_when_only_a_pictures_query_moves():
    one, two = (made(entry(content=f'<img src="https://gazette.example/1.jpg?w={n}">')) for n in (1, 2))
    assert one.fingerprint == two.fingerprint


COUNTS = [
    "{} views · 5 comments", "Comments: {}", "<b># Comments: {}</b>", "Points: {}", "阅读({}) 评论(3)", "阅读 {}万+", "{}次浏览",
    "1,{}34 views", "{} Likes | {} shares", "评论：{}", "[{} comments]", "（评论：{}）", "{} reads", "浏览次数：102{}", "阅读数 {}",
    "{} views · No comments", "Leave a comment ({})",
]  # fmt: skip


@pytest.mark.parametrize("line", COUNTS)
def test_the_fingerprint_stands_still_when_a_line_counts_other_readers(line):
    one, two = (made(entry(content=f"<p>The sea.</p><p>{line.format(n, n)}</p>")) for n in (1, 2))
    assert one.fingerprint == two.fingerprint
    assert one.content_html != two.content_html


@pytest.mark.parametrize(
    "html",
    ['<video src="{}"></video>', '<audio src="{}"></audio>', '<video poster="x.png"><source src="{}"></video>'],
    ids=["video", "audio", "source"],
)
def test_the_fingerprint_moves_with_what_is_to_be_heard_and_seen(html):
    of = [made(entry(content=f"<p>The sea.</p>{html.format(f'https://sea.example/{n}')}")) for n in ("1", "2", "2?s=1")]
    assert of[0].fingerprint != of[1].fingerprint == of[2].fingerprint


def test_a_title_in_other_quotes_is_the_same():
    one, two = (made(entry(title=title)) for title in ('The sea\'s "caf\u00e9"', "The sea’s “cafe\u0301”"))
    assert one.fingerprint == two.fingerprint


SENTENCES = [
    "{} views of the sea", "Chapter {}", "{}", "{} votes", "{} points", "The comments: {} of them", "Read {} books", "{} people",
    "Views from the {}th floor", "评论说有{}人", "<i>{} likes</i> and a cat", "{} shares", "{} hits", "分享 {}",
    "No comments from {}", "[{}]", "She reads {}",
]  # fmt: skip


@pytest.mark.parametrize("line", SENTENCES)
def test_the_fingerprint_moves_with_a_number_that_is_part_of_what_is_said(line):
    one, two = (made(entry(content=f"<p>The sea.</p><p>{line.format(n)}</p>")) for n in (4, 5))
    assert one.fingerprint != two.fingerprint


NOISE = {
    "reordered attributes": ('<a href="https://sea.example/" title="Sea">sea</a>', '<a title="Sea" href="https://sea.example/">sea</a>'),
    "a tracking parameter": ('<a href="https://sea.example/?utm_source=1">sea</a>', '<a href="https://sea.example/?utm_source=2">sea</a>'),
    "a link of an ad's own number": ('<a href="https://ads.example/1">sea</a>', '<a href="https://ads.example/2">sea</a>'),
    "a pixel that counts": ('sea<img src="https://t.example/1.gif" width="1" height="1">', 'sea<img src="https://t.example/2.gif" width="1" height="1">'),
    "an ad in a script": ("sea<script>show(1)</script>", "sea<script>show(2)</script>"),
    "a picture's session": ('<img src="https://sea.example/1.jpg?s=1">', '<img src="https://sea.example/1.jpg?s=2">'),
    "an advertisement": ('sea<a href="https://ad.doubleclick.net/1"><img src="https://a.example/1.png">Buy boats</a>', 'sea<a href="https://ad.doubleclick.net/2"><img src="https://a.example/2.png">Buy oars</a>'),
    "an advertisement's picture": ('sea<img src="https://pagead2.googlesyndication.com/1.png">', 'sea<img src="https://pagead2.googlesyndication.com/2.png">'),
    "a comment": ("sea.</p><p>No comments yet</p><p>Leave a comment</p><p>", "sea.</p><p>[1 comment]</p><p>"),
    "quotes": ('sea: "It\'s calm"', "sea: “It’s calm”"),
    "a composed letter": ("caf\u00e9", "cafe\u0301"),
    "soft hyphens": ("seashore", "sea\u00adshore"),
    "a picture's sizes": ('<img src="https://sea.example/1.jpg" width="10">', '<img width="20" src="https://sea.example/1.jpg">'),
}  # fmt: skip


@pytest.mark.parametrize("noise", NOISE)
def test_the_fingerprint_stands_still_with_noise_around_the_words(noise):
    one, two = (made(entry(content=f"<p>The {html}.</p>")) for html in NOISE[noise])
    assert one.fingerprint == two.fingerprint


NO_ADS = {
    "a link to one's own page": '<a href="https://sea.example/?to=doubleclick.net/">{}</a>',
    "words about a network": "{} at doubleclick.net/",
    "a host that ends alike": '<a href="https://notdoubleclick.net.example/">{}</a>',
    "what follows an advertisement": '<a href="https://ad.doubleclick.net/1">Boats</a> {}',
}


@pytest.mark.parametrize("case", NO_ADS)
def test_the_fingerprint_moves_with_words_around_and_about_advertisements(case):
    one, two = (made(entry(content=f"<p>The sea. {NO_ADS[case].format(word)}</p>")) for word in ("calm", "rough"))
    assert one.fingerprint != two.fingerprint


def known_as(guid: str, path: str, title: str = "One", url: str = "") -> dict[str, Known]:
    return {guid: Known(guid=guid, url=url, title=title, raw_digest="old", path=path)}


def guids(*entries: Entry, known: dict[str, Known], files: set[str]) -> list[str]:
    return list(identify(candidates(entries), known, files=files))


def test_an_article_keeps_its_guid_when_another_file_claims_it() -> None:
    mine = entry(guid="1", url="", title="One", path="a.md", fills_file=True)
    other = entry(guid="1", url="", title="Two", path="b.md", fills_file=True)
    stored = known_as("1", "a.md")
    (claimed,) = guids(other, known=stored, files={"a.md", "b.md"})  # a.md was not read again
    assert claimed != "1"
    edited = entry(guid="1", url="", title="Two, edited", path="b.md", fills_file=True)
    assert guids(edited, known=stored, files={"a.md", "b.md"}) == [claimed]
    assert guids(mine, other, known=stored, files={"a.md", "b.md"}) == ["1", claimed]


def test_a_file_that_was_moved_is_the_same_article() -> None:
    moved = entry(guid="1", url="", title="One", path="old/a.md", fills_file=True)
    assert guids(moved, known=known_as("1", "a.md"), files={"old/a.md"}) == ["1"]


def test_a_feed_document_may_repeat_what_another_one_of_the_folder_lists() -> None:
    stored = known_as("1", "a.xml", url="https://gazette.example/1")
    repeated = entry(guid="1", url="https://gazette.example/1", title="One, revised", path="b.xml")
    other = entry(guid="1", url="https://gazette.example/2", title="Two", path="b.xml")
    assert guids(repeated, known=stored, files={"a.xml", "b.xml"}) == ["1"]
    assert guids(other, known=stored, files={"a.xml", "b.xml"}) != ["1"]
