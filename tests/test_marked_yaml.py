from __future__ import annotations

import time

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from feeds import marked_yaml
from feeds.marked_yaml import YamlError, load


@pytest.fixture(params=sorted({marked_yaml.PARSER, yaml.SafeLoader}, key=str), ids=lambda parser: parser.__name__)
def parser(request, monkeypatch):
    """Each parser that this machine has: libyaml's and the Python one, which stands in where that is absent."""
    monkeypatch.setattr(marked_yaml, "PARSER", request.param)


def value(text, **how):
    return load(text, **how).value


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("", None),
        ("~", None),
        ("Null", None),
        ("true", True),
        ("FALSE", False),
        ("0", 0),
        ("-12", -12),
        ("0o17", 15),
        ("0x1F", 31),
        ("1.5", 1.5),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("-.inf", float("-inf")),
        ("tRUE", "tRUE"),
        ("1:30", "1:30"),
        ("0777", "0777"),
        ("1_000", "1_000"),
        ("2024-05-06", "2024-05-06"),
        ("2024-05-06 07:08:09", "2024-05-06 07:08:09"),
        ("1" * 5000, "1" * 5000),
        ("'yes'", "yes"),
        ('"1"', "1"),
        ("|-\n  no", "no"),
        ("=", "="),
        ("127.0.0.1:8000", "127.0.0.1:8000"),
        ("金融", "金融"),
    ],
)
def test_a_scalar_is_what_the_yaml_1_2_core_schema_says(written, meant):
    assert value(f"key: {written}\n") == {"key": meant}


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("written", ["true", "no", "1.10", "2021-08-07 02:22:05", "0x1F", "1:30", ".nan"])
def test_a_plain_scalar_stays_its_text_when_asked(written):
    assert value(f"key: {written}", plain=True) == {"key": written}


@pytest.mark.parametrize("written", ["", "~", "null", "Null", "NULL"])
def test_nothing_is_none_even_when_plain(written):
    assert value(f"key: {written}", plain=True) == {"key": None}
    assert value("key: ''", plain=True) == {"key": ""}
    assert value("key: 'null'", plain=True) == {"key": "null"}


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ('"\\ud83c\\udf89 and \\uD83D\\uDE00"', "\U0001f389 and \U0001f600"),
        (r"'\ud83c\udf89'", r"\ud83c\udf89"),
        (r"\ud83c\udf89", r"\ud83c\udf89"),
        (r"\U0001F389", r"\U0001F389"),
    ],
)
def test_a_character_that_json_escapes_as_a_pair_is_one_character_in_double_quotes(written, meant):
    assert value(f"key: {written}") == {"key": meant}
    assert value(f"{written}: key") == {meant: "key"}


@pytest.mark.usefixtures("parser")
def test_half_a_pair_is_refused():
    with pytest.raises(YamlError):
        load('key: "\\ud83c"')


def test_a_plain_key_may_be_a_number_when_scalars_stay_text():
    assert value("2024: a", plain=True) == {"2024": "a"}


@pytest.mark.usefixtures("parser")
def test_every_value_has_its_line():
    marked = load("# a comment\na: 1\nb:\n  - x\n  -\n    c: >\n      long\n      text\n")
    assert marked.lines == {(): 2, ("a",): 2, ("b",): 3, ("b", 0): 4, ("b", 1): 6, ("b", 1, "c"): 6}


@pytest.mark.parametrize("text", ["", "\n", "# only a comment\n"])
def test_an_empty_document_is_none_on_its_first_line(text):
    assert load(text) == marked_yaml.Marked(None, {(): 1})


def test_an_alias_has_its_own_line_and_its_parts_have_those_of_the_original():
    marked = load("a: &shared\n  - x\nb: *shared\n")
    assert marked.value == {"a": ["x"], "b": ["x"]}
    assert marked.lines["b",] == 3
    assert marked.lines["b", 0] == 2


@pytest.mark.parametrize("key", ["on", "no", "y"])
def test_a_word_that_looks_like_a_truth_may_be_a_key(key):
    assert value(f"{key}: 1") == {key: 1}


def test_a_byte_order_mark_is_no_part_of_the_text():
    assert value("\ufeffa: 1") == {"a": 1}


BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 10)
)
REFUSED = [
    ("a: 1\nb: 2\na: 3\n", 3, "'a' stands here twice, first on line 1"),
    ("a: 1\n'a': 2", 2, "stands here twice"),
    ("a: !!python/object/apply:os.system [ls]", 1, "tags such as"),
    ("a: !secret b", 1, "tags such as"),
    ("a: !!str b", 1, "tags such as"),
    ("a: ! b", 1, "tags such as"),
    ("!!str a: b", 1, "tags such as"),
    ("base: &base {a: 1}\nb:\n  <<: *base\n", 3, "merge keys"),
    ("a: 1\n---\nb: 1\n", 2, "a second document"),
    ("~: a", 1, "is not text"),
    ("? [a]\n: b", 1, "this key is not text"),
    ("a: &a b\n*a : c", 2, "this key is not text"),
    ("a: *b", 1, "*b has no &b before it"),
    ("&a [*a]", 1, "*a contains itself"),
    (BOMB, 6, "aliases repeat more than 100,000 values"),
    ("a:\n  b\x07c", 2, "U+0007"),
    ('a: 1\nb: "\\0"', 2, "U+0000"),
    ("a: \ud800", 1, "U+D800"),
    ("[" * 100_000, 1, "more than 50 levels deep"),
    ("{a: " * 100_000, 1, "more than 50 levels deep"),
    ("- " * 100_000, 1, "more than 50 levels deep"),
    ("a: b: c", 1, "a second colon"),
    ("a:\n\t- b", 2, "indent with spaces"),
    ("title: 'it's'", 1, "a quote within single quotes is written twice"),
    ("a: @b", 1, "put the value into quotes"),
    ("a: [${X}]", 1, "quote values that hold any of"),
    ('a: "b', 1, "never closed"),
    ('a: "\\q"', 1, "a backslash"),
    ("- a\nb: 1", 2, "does not go on"),
    ("%YAML 3.0\n---\na", 1, "incompatible"),
]


REFUSED_UNLESS_PLAIN = [
    ("a: 1\nb: yes\n", 2, "write true or false, or quote it"),
    ("a: Off", 1, "write true or false, or quote it"),
    ("1: a", 1, "the key '1' is not text"),
    ("true: a", 1, "the key 'true' is not text"),
]


def _name(part):
    return str(part)[:20].encode("ascii", "replace").decode()


def refusal(text, **how):
    with pytest.raises(YamlError) as refused:
        load(text, **how)
    return refused.value


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize("plain", [True, False])
@pytest.mark.parametrize(("text", "line", "reason"), REFUSED, ids=_name)
def test_what_is_refused_says_its_line_and_why(text, line, reason, plain):
    refused = refusal(text, plain=plain)
    assert (refused.line, reason in refused.reason) == (line, True), refused


@pytest.mark.usefixtures("parser")
@pytest.mark.parametrize(("text", "line", "reason"), REFUSED_UNLESS_PLAIN, ids=_name)
def test_what_could_be_meant_either_way_is_refused_unless_scalars_stay_text(text, line, reason):
    refused = refusal(text)
    assert (refused.line, reason in refused.reason) == (line, True), refused
    assert load(text, plain=True).value


def test_aliases_that_nest_too_deep_are_refused():
    text = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 100))
    with pytest.raises(YamlError, match="50 levels"):
        load(text)


@pytest.mark.usefixtures("parser")
@given(st.text() | st.text(alphabet="ab01:- \n\t[]{},&*!?|>'\"%@`#~<\\uUx.=\r\x85\u2028"), st.booleans())
def test_any_text_gives_a_value_or_a_yaml_error(text, plain):
    found: marked_yaml.Marked | YamlError
    try:
        found = load(text, plain=plain)
    except YamlError as error:
        found = error
    lines = set(found.lines.values()) if isinstance(found, marked_yaml.Marked) else {found.line}
    assert all(1 <= line <= len(text) + 1 for line in lines)


def test_three_thousand_sources_are_read_within_a_second():
    one = "  - name: s{0}\n    url: https://h{0}.example/feed.xml\n    categories: [a]\n    timezone: UTC\n"
    text = "sources:\n" + "".join(one.format(number) for number in range(3000))
    begin = time.process_time()
    assert len(load(text).lines) == 3000 * 6 + 2
    assert time.process_time() - begin < 1.0
