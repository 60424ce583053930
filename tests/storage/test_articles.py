from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from storing import save, stored, titles, waiting, written

from builders import MONDAY, TUESDAY, WEDNESDAY, article
from feeds.normalizing.categories import slugs
from feeds.records import Article, Enclosure, Extension, Known, Link, Origin, Person, Tag, replace
from statements import statements
from storage import Store, articles, saving


def test_a_revised_article_keeps_the_date_it_was_first_published(store: Store):
    save(store, article(title="One"))
    saved = save(store, article(title="Uno", published=TUESDAY, date_from="first-seen"), now=TUESDAY)
    (one,) = stored(store)
    assert (saved.new, saved.revised) == (0, 1)
    assert (one.title, one.published, one.date_from, one.updated) == ("Uno", MONDAY, "published", TUESDAY)


def test_a_revision_is_dated_by_its_source_where_that_says_when(store: Store):
    save(store, article(title="One"))
    save(store, article(title="Uno", updated=TUESDAY), now=WEDNESDAY)
    assert stored(store)[0].updated == TUESDAY


def test_updated_never_moves_backwards_even_when_the_clock_does(store: Store):
    save(store, article(title="One", updated=TUESDAY), now=TUESDAY)
    save(store, article(title="Uno", updated=MONDAY), now=MONDAY)
    assert stored(store)[0].updated > TUESDAY


def test_every_revision_of_one_second_moves_updated(store: Store):
    moments = []
    for title in ("One", "Uno", "Un"):
        save(store, article(title=title), now=TUESDAY)
        moments.append(stored(store)[0].updated)
    assert moments == sorted(set(moments))


def test_a_revision_keeps_the_id_it_was_published_under(store: Store):
    save(store, article(title="One", atom_id="urn:one"))
    save(store, article(title="Uno", atom_id="urn:other"), now=TUESDAY)
    assert stored(store)[0].atom_id == "urn:one"


def test_an_article_whose_fingerprint_stands_still_is_not_touched(store: Store):
    save(store, article(categories=("Economy",)))
    written(store)
    before = stored(store)
    saved = save(
        store, article(categories=("Economy",), raw_digest="moved", rights="new", updated=TUESDAY), now=TUESDAY
    )
    assert (saved.new, saved.revised, saved.categories) == (0, 0, ())
    assert waiting(store) == set()
    assert [one.updated for one in stored(store)] == [one.updated for one in before]


def test_what_moved_unseen_is_noted_so_that_it_is_not_read_again(store: Store):
    save(store, article())
    save(store, article(raw_digest="moved"), now=TUESDAY)
    with store.read() as db:
        assert articles.known(db, "gazette", ["https://gazette.example/1"]) == {
            "https://gazette.example/1": Known(
                guid="https://gazette.example/1", url="https://gazette.example/1", title="One", raw_digest="moved"
            )
        }


def test_an_extension_that_moves_is_noted_and_no_revision(store: Store):
    def seen(views: str) -> tuple[Extension, ...]:
        statistics = Extension(namespace="media", name="statistics", attributes=(("views", views),))
        return (Extension(namespace="media", name="community", children=(statistics,)),)

    save(store, article(categories=("Economy",), extensions=seen("1")))
    written(store)
    before = stored(store)
    saved = save(
        store, article(categories=("Economy",), extensions=seen("2"), raw_digest="moved", updated=TUESDAY), now=TUESDAY
    )
    assert (saved.revised, waiting(store)) == (0, set())
    assert stored(store) == (replace(before[0], extensions=seen("2"), raw_digest="moved"),)


def test_an_article_that_changes_its_category_alone_changes_shelves_and_is_no_revision(store: Store):
    save(store, article(own_categories=("Economy",), categories=("Economy",)))
    written(store)
    moved = article(own_categories=("Sports",), categories=("Sports",), raw_digest="moved")
    saved = save(store, moved, now=TUESDAY)
    assert (saved.revised, saved.categories) == (0, ("Economy", "Sports"))
    assert (titles(store, "Economy"), titles(store, "Sports")) == ([], ["One"])
    assert waiting(store) == {"Economy", "Sports"}
    assert stored(store)[0].updated == MONDAY


def test_a_revision_that_leaves_a_category_touches_the_one_left_too(store: Store):
    save(store, article(title="One", categories=("Economy",)))
    written(store)
    saved = save(store, article(title="Uno", categories=("Sports",)), now=TUESDAY)
    assert saved.categories == ("Economy", "Sports")
    assert waiting(store) == {None, "Economy", "Sports"}
    assert titles(store, "Economy") == []


def test_a_revision_touches_only_the_categories_it_stands_in(store: Store):
    save(store, article(categories=("Economy",)), article(guid="urn:2", title="Two", categories=("Sports",)))
    written(store)
    save(store, article(title="Uno", categories=("Economy",)), now=TUESDAY)
    assert waiting(store) == {None, "Economy"}


def test_two_sources_with_one_guid_keep_both_articles_under_ids_of_their_own(store: Store):
    save(store, article(title="Ours", minted_id="tag:ours"), name="gazette")
    save(store, article(title="Theirs", minted_id="tag:theirs"), name="herald")
    found = {one.source: (one.title, one.guid, one.atom_id) for one in stored(store)}
    guid = "https://gazette.example/1"
    assert found == {"gazette": ("Ours", guid, guid), "herald": ("Theirs", guid, "tag:theirs")}


def test_an_id_that_was_minted_stays_when_the_other_article_moves_on(store: Store):
    save(store, article(title="Ours"), name="gazette")
    save(store, article(title="Theirs", minted_id="tag:theirs"), name="herald")
    save(store, article(title="Theirs, revised", minted_id="tag:theirs"), name="herald", now=TUESDAY)
    assert {one.atom_id for one in stored(store)} == {"https://gazette.example/1", "tag:theirs"}


@pytest.mark.parametrize(
    "odd", ["a\0b", "a\ud800b", "👩‍👧 \u202e 金融 \U0010ffff", "'; DROP TABLE articles; --", "%s %(x)s :y"]
)
def test_odd_characters_cost_nothing(store: Store, odd: str):
    save(store, article(title=odd, content_html=odd))
    (one,) = stored(store)
    assert one.title.replace("\\ud800", "\ud800") == odd.replace("\0", "")


def test_a_nul_inside_a_record_is_kept(store: Store):
    save(store, article(authors=(Person(name="a\0b"),)))
    assert stored(store)[0].authors == (Person(name="a\0b"),)


def test_the_newest_come_first_and_equal_dates_in_the_order_they_came(store: Store):
    batch = [article(guid=f"urn:{n}", title=f"{n}", published=MONDAY) for n in range(3)]
    save(store, *batch, article(guid="urn:new", title="new", published=TUESDAY))
    assert titles(store) == ["new", "0", "1", "2"]


def test_articles_are_found_by_category_by_source_and_by_both(store: Store):
    save(store, article(categories=("Economy",)), article(guid="urn:2", title="Two"))
    save(store, article(guid="urn:3", title="Three", categories=("Economy",)), name="herald")
    assert {one.title for one in stored(store, category="Economy")} == {"One", "Three"}
    assert {one.title for one in stored(store, source="gazette")} == {"One", "Two"}
    assert {one.title for one in stored(store, category="Economy", source="herald")} == {"Three"}
    assert len(stored(store, limit=2)) == 2


def test_shelves_are_counted(store: Store):
    save(store, article(categories=("Economy", "Sports")), article(guid="urn:2", categories=("Sports",)))
    with store.read() as db:
        assert articles.count(db) == {None: 2, "Economy": 1, "Sports": 2}


def test_nothing_is_kept_of_a_transaction_that_fails_after_it_saved(store: Store):
    save(store, article(title="One", categories=("Economy",)))
    written(store)
    with suppress(ZeroDivisionError), store.begin() as db:
        batch = [article(title="Uno"), article(guid="urn:2", categories=("Sports",))]
        assert saving.save(db, saving.Batch(source="gazette", articles=batch, now=TUESDAY), slugs=slugs).new == 1
        _ = 1 / 0
    assert [one.title for one in stored(store)] == ["One"]
    assert waiting(store) == set()


def test_statements_grow_at_most_with_batches_of_five_hundred_and_not_with_articles(store: Store):
    def numbered(title: str) -> list[Article]:
        return [article(guid=f"urn:{n}", title=f"{title} {n}", categories=("Economy",)) for n in range(5_000)]

    with statements(store) as first:
        save(store, *numbered("One"))
    assert len(first) < 25
    with statements(store) as asked, store.read() as db:
        assert len(articles.known(db, "gazette", [f"urn:{n}" for n in range(5_000)])) == 5_000
    assert len([statement for statement in asked if "articles" in statement]) == 1
    with statements(store) as second:
        assert save(store, *numbered("Uno"), now=TUESDAY).revised == 5_000
    assert len(second) < 4 * 5_000 / 500 + 25, len(second)  # for revisions and bands, which go in batches
    assert len(stored(store)) == 5_000


def test_a_save_of_nothing_touches_nothing(store: Store):
    save(store, article())
    written(store)
    save(store)
    assert waiting(store) == set()


_texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
_moments = st.datetimes(datetime(1970, 1, 2), datetime(9000, 1, 1), timezones=st.just(UTC)).map(  # noqa: DTZ001
    lambda moment: moment.replace(microsecond=0)
)
_lengths = st.none() | st.integers(0, 2**62)
_people = st.builds(Person, name=_texts, email=_texts, url=_texts)
_tags = st.builds(Tag, term=_texts, scheme=_texts, label=_texts)
_links = st.builds(Link, href=_texts, rel=_texts, media_type=_texts, length=_lengths, language=_texts, title=_texts)
_enclosures = st.builds(Enclosure, url=_texts, media_type=_texts, length=_lengths)
_pairs = st.lists(st.tuples(_texts, _texts), max_size=2).map(tuple)
_inner = st.builds(Extension, namespace=_texts, name=_texts, text=_texts, attributes=_pairs)
_extensions = st.builds(
    Extension,
    namespace=_texts,
    name=_texts,
    text=_texts,
    attributes=_pairs,
    children=st.lists(_inner, max_size=2).map(tuple),
)
_origins = st.builds(
    Origin, guid=_texts, title=_texts, site_url=_texts, feed_url=_texts, updated=st.none() | _moments,
    rights=_texts, icon=_texts, language=_texts, authors=st.lists(_people, max_size=2).map(tuple),
)  # fmt: skip
_articles = st.builds(
    Article,
    source=st.just("gazette"), guid=_texts, url=_texts, title=_texts, summary_html=_texts, content_html=_texts,
    authors=st.lists(_people, max_size=2).map(tuple), tags=st.lists(_tags, max_size=2).map(tuple),
    own_categories=st.lists(_texts, max_size=2).map(tuple),
    categories=st.sets(_texts, max_size=2).map(lambda names: tuple(sorted(names))),
    published=_moments, updated=_moments, date_from=st.sampled_from(["published", "updated", "url", "first-seen"]),
    language=_texts, links=st.lists(_links, max_size=2).map(tuple),
    enclosures=st.lists(_enclosures, max_size=2).map(tuple),
    extensions=st.lists(_extensions, max_size=2).map(tuple), image=_texts, rights=_texts, origin=_origins,
    fingerprint=_texts, raw_digest=_texts, atom_id=_texts, minted_id=st.just(""),
)  # fmt: skip


class UndoneError(Exception):
    pass


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(one=_articles, revision=_articles)
def test_records_come_back_as_they_went_in(store: Store, one: Article, revision: Article):
    kept = {"guid": one.guid, "atom_id": one.atom_id, "published": one.published, "date_from": one.date_from}
    later = max(one.updated, revision.updated) + timedelta(days=1)
    revision = replace(revision, **kept, updated=later, fingerprint=f"{one.fingerprint} moved")
    save(store)  # enrolls the source
    with suppress(UndoneError), store.begin() as db:
        for article_ in (one, revision):
            saving.save(db, saving.Batch(source="gazette", articles=[article_], now=MONDAY), slugs=slugs)
            revised_at = None if article_ is one else MONDAY
            assert articles.stored(db) == (replace(article_, revised_at=revised_at),)
        raise UndoneError


def test_our_own_articles_that_come_back_are_not_stored_again(store: Store) -> None:
    ours = "tag:mill.example,2026:desk/a.md"
    first = article(source="desk", guid="a.md", atom_id=ours, minted_id=ours)
    back = article(source="mirror", guid=ours, atom_id=ours, minted_id="tag:mill.example,2026:mirror/x")
    claimed = "tag:mill.example,2026:desk/b.md"  # by somebody who has not read it from us
    hostile = article(source="mirror", guid=claimed, atom_id=claimed, minted_id="tag:mill.example,2026:mirror/y")
    assert save(store, first, name="desk").new == 1
    assert save(store, back, hostile, name="mirror").new == 1
    honest = article(source="desk", guid="b.md", atom_id=claimed, minted_id=claimed)
    assert save(store, honest, name="desk").new == 1
    with store.read() as db:
        ids = {one.guid: one.atom_id for one in articles.stored(db)}
    assert ids == {"a.md": ours, claimed: "tag:mill.example,2026:mirror/y", "b.md": claimed}
