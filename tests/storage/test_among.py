"""Many values as one parameter."""

from __future__ import annotations

from sqlalchemy import select
from storing import save

from builders import article
from statements import statements
from storage import Store, tables
from storage.among import among


def asked(store: Store, column, values) -> set[str]:
    with store.read() as db:
        return set(db.scalars(select(tables.articles.c.guid).where(among(column, "values")), {"values": values}))


def test_texts_and_numbers_of_any_number_are_found(store: Store):
    save(store, *(article(guid=f"urn:{n}", atom_id=f"urn:{n}") for n in range(3)))
    assert asked(store, tables.articles.c.guid, ["urn:0", "urn:2", "urn:3"]) == {"urn:0", "urn:2"}
    assert asked(store, tables.articles.c.guid, [f"urn:{n}" for n in range(40_000)]) == {"urn:0", "urn:1", "urn:2"}
    with store.read() as db:
        rows = set(db.scalars(select(tables.articles.c.id)))
    assert asked(store, tables.articles.c.id, rows | {2**62}) == {"urn:0", "urn:1", "urn:2"}
    assert asked(store, tables.articles.c.guid, []) == set()


def test_hostile_texts_are_found_as_they_are_stored(store: Store):
    hostile = ['"]', "'); DROP TABLE articles; --", "{a,b}", "\\", "nul\0", "lone \ud800", "水磨", ""]
    save(store, *(article(guid=f"urn:{n}", title=title) for n, title in enumerate(hostile)))
    assert asked(store, tables.articles.c.title, hostile) == {f"urn:{n}" for n in range(len(hostile))}


def test_the_statement_is_the_same_for_any_number_and_uses_the_index(store: Store):
    with statements(store) as seen:
        asked(store, tables.articles.c.atom_id, ["a"])
        asked(store, tables.articles.c.atom_id, ["a", "b"])
    (one,) = {each for each in seen if "SELECT" in each and "TRANSACTION" not in each}
    with store.begin() as db:
        if db.dialect.name == "postgresql":
            db.exec_driver_sql("SET LOCAL enable_seqscan = off")
            plan = db.exec_driver_sql("EXPLAIN " + one, {"values": ["a"]})
        else:
            plan = db.exec_driver_sql("EXPLAIN QUERY PLAN " + one, ('["a"]',))
        assert "ix_articles_atom_id" in str(plan.all())
