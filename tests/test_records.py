"""What all records have in common."""

from __future__ import annotations

import pytest
from rich.pretty import pretty_repr

from builders import source
from feeds.records import Private, replace


@pytest.mark.parametrize("show", [repr, pretty_repr])
def test_what_no_output_may_show_is_not_shown_where_a_record_is(show):
    one = source(auth="Bearer sesame-open", headers=(("X-Key", "sesame-open"),), proxy="http://u:sesame-open@p.example")
    shown = show([one, Private(path="sesame-open", user="me", password="sesame-open")])
    assert "gazette" in shown
    assert "sesame" not in shown


def test_a_record_changes_in_a_copy_alone():
    one = source()
    assert replace(one, name="desk").name == "desk"
    assert one.name == "gazette"
    with pytest.raises(AttributeError, match="immutable"):
        one.name = "desk"  # type: ignore[misc]
