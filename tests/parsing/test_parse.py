"""What `parse` adds to every entry, whatever its format."""

from builders import MONDAY, source
from feeds.parsing import parse
from feeds.records import Body, Entry, replace

FEED = """<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><id>urn:f</id><title>Gazette</title>
<updated>2024-05-06T07:00:00Z</updated><entry><id>urn:1</id><title>One</title></entry></feed>"""


def only_entry(feed: str = FEED, **changes: object) -> Entry:
    body = Body(content=feed.encode(), url="https://gazette.example/feed.xml?key=secret")
    (entry,) = parse(body, source(**changes), now=MONDAY).entries
    return entry


def test_the_digest_moves_with_anything_in_the_entry_and_nothing_around_it() -> None:
    assert only_entry().raw_digest == only_entry(FEED.replace("2024-05-06T07", "2024-05-07T08")).raw_digest
    assert only_entry().raw_digest == only_entry(FEED.replace("Gazette", "The Gazette")).raw_digest
    assert only_entry().raw_digest != only_entry(FEED.replace("<title>One", "<title>Uno")).raw_digest
    assert only_entry().raw_digest != only_entry(FEED.replace("</entry>", "<rights>Mine</rights></entry>")).raw_digest


def test_the_origin_names_the_configured_address_unless_that_may_hold_a_secret() -> None:
    origin, hidden = only_entry().origin, only_entry(secrets=("secret",)).origin
    assert origin
    assert hidden
    assert origin.feed_url == "https://gazette.example/feed.xml"  # not the signed one that a redirect led to
    assert replace(origin, feed_url="") == hidden


def test_a_source_without_a_title_goes_by_its_name() -> None:
    origin = only_entry(FEED.replace("<title>Gazette</title>", "")).origin
    assert origin
    assert origin.title.value == "gazette"


def test_a_secret_that_a_server_repeats_is_read_nowhere() -> None:
    text = FEED.replace("https://gazette.example", "https://gazette.example/?key=hunter22&amp;x=").replace(
        "<title>One", "<content>see https://me:hunter22@gazette.example/</content><title>One"
    )
    body = Body(content=text.encode(), url="https://gazette.example/?key=hunter22")
    document = parse(body, source(secrets=("hunter22",)), now=MONDAY)
    assert "hunter22" in text
    assert "hunter22" not in repr(document.entries)
    assert "***" in repr(document.entries)
